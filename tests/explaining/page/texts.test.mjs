import assert from "node:assert/strict";
import test from "node:test";

import { TEXTS } from "../../../src/elman/explaining/page/texts.mjs";
import { traceOf } from "./trace_of.mjs";

/** The path of every text of a dictionary, with the kind of what stands there. */
function paths(value, path = "") {
  if (Array.isArray(value)) return [`${path}: ${value.length} texts`];
  if (typeof value !== "object") return [`${path}: ${typeof value}`];
  return Object.keys(value).flatMap((key) => paths(value[key], `${path}.${key}`));
}

test("both languages say the same things", () => {
  const [english, korean] = [paths(TEXTS.en), paths(TEXTS.ko)];
  assert.deepEqual(korean, english);
  assert.ok(english.length > 60);
});

test("Korean is Korean and English is not", () => {
  const hangul = /[가-힣]/;
  for (const [key, text] of Object.entries(TEXTS.ko)) {
    if (typeof text === "string") assert.match(text, hangul, key);
  }
  for (const [key, text] of Object.entries(TEXTS.en)) {
    if (typeof text === "string") assert.doesNotMatch(text, hangul, key);
  }
});

test("sentences name what is on screen", () => {
  const trace = traceOf({ T: 50, L: 2, D: 2, length: 40 });
  const window = { from: 28, to: 35 };
  for (const text of [TEXTS.en, TEXTS.ko]) {
    const note = text.networkNote(trace, window);
    for (const part of ["28–34", "50", "40", "h_n[3, 0]"]) assert.ok(note.includes(part), note);
  }
  assert.equal(TEXTS.en.others(58), "58 others");
  assert.equal(TEXTS.en.others(1), "1 other");
});

test("a guess is told how far off it was, and in which direction", () => {
  assert.equal(TEXTS.en.guessed(0.12, 0.05), "0.12 too high.");
  assert.equal(TEXTS.en.guessed(-0.12, 0.05), "0.12 too low.");
  assert.equal(TEXTS.ko.guessed(-0.12, 0.05), "0.12만큼 작았습니다.");
  assert.match(TEXTS.en.guessed(0.01, 0.05), /Very close/);
});

test("every verdict has its words", () => {
  for (const text of [TEXTS.en, TEXTS.ko]) {
    const said = ["healthy", "fading", "vanishing", "exploding"].map((kind) =>
      text.verdict({ kind, inAll: 0.0061, perStep: 0.078, steps: 2, t: 0 }),
    );
    assert.equal(new Set(said).size, 4);
    for (const sentence of said) {
      assert.ok(sentence.includes("6.1\u00a0×\u00a010⁻³"), sentence);
      assert.ok(sentence.includes("0.078"), sentence);
    }
    for (const kind of ["short", "broken"]) assert.ok(text.verdict({ kind, steps: 0 }).length > 10);
  }
});
