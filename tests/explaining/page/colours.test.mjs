import assert from "node:assert/strict";
import test from "node:test";

import {
  colour,
  contrast,
  LEVELS,
  scale,
  useTheme,
} from "../../../src/elman/explaining/page/colours.mjs";

test("digits are read on each of the 129 colours of both themes", () => {
  for (const theme of ["light", "dark"]) {
    const found = scale(theme);
    assert.equal(found.length, 129);
    for (const { fill, ink } of found) {
      const other = ink === "#000000" ? "#ffffff" : "#000000";
      assert.ok(contrast(fill, ink) >= 4.5, `${ink} on ${fill}`);
      assert.ok(contrast(fill, ink) >= contrast(fill, other), `${ink} on ${fill}`);
    }
  }
});

test("the ends and the middle are the colours that were chosen", () => {
  assert.deepEqual(
    [0, 64, 128].map((i) => scale("light")[i].fill),
    ["#1d5fa6", "#fbf9f4", "#b3500b"],
  );
  assert.deepEqual(
    [0, 64, 128].map((i) => scale("dark")[i].fill),
    ["#69b3f2", "#23272c", "#f0994a"],
  );
});

test("black on white has the largest contrast there is", () => {
  assert.ok(Math.abs(contrast("#000000", "#ffffff") - 21) < 1e-12);
});

test("the scale is symmetric about nought and stops at its ends", () => {
  useTheme("light");
  const at = (value, deepest) => scale("light").indexOf(colour(value, deepest));
  assert.equal(at(0), (LEVELS - 1) / 2);
  for (const value of [0.1, 0.35, 0.8]) assert.equal(at(value) + at(-value), LEVELS - 1);
  assert.equal(at(-5), 0);
  assert.equal(at(5), LEVELS - 1);
  assert.equal(at(0.5, 0.5), LEVELS - 1);
  assert.equal(at(Number.NaN), (LEVELS - 1) / 2);
  assert.equal(at(0, 0), (LEVELS - 1) / 2);
});
