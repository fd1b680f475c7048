import assert from "node:assert/strict";
import test from "node:test";

import { numpySource } from "../../../src/elman/explaining/page/copying.mjs";
import { Edits } from "../../../src/elman/explaining/page/edits.mjs";
import { run } from "../../../src/elman/explaining/page/network.mjs";
import {
  indexed,
  indexedState,
  sequenceShape,
  stateShape,
} from "../../../src/elman/explaining/page/trace.mjs";
import { layOut, standingAt } from "../../../src/elman/explaining/page/unrolled_layout.mjs";
import { dependents, reveal, veilOf } from "../../../src/elman/explaining/page/veil.mjs";
import { addressOf, readView } from "../../../src/elman/explaining/page/view.mjs";
import { traceOf } from "./trace_of.mjs";

test("an address and its view say the same", () => {
  const trace = traceOf({ T: 5, L: 2, D: 2, H: 9 });
  const address =
    "#t=3&layer=1&direction=reverse&unit=8&view=backward&guess=first&lang=ko&theme=dark";
  const view = readView(trace, address, "en");
  assert.equal(view.t, 3);
  assert.equal(view.k, 3);
  assert.equal(view.unit, 8);
  assert.equal(addressOf(trace, view), address);
});

test("nonsense in an address is as nothing", () => {
  const trace = traceOf();
  const plain = readView(trace, "", "ko-KR");
  assert.deepEqual([plain.t, plain.k, plain.unit, plain.language], [0, 0, 0, "ko"]);
  const asked = "#t=99&layer=-1&direction=reverse&unit=1.5&lang=<img>&theme=blue";
  const { t, k, unit, language, theme } = readView(trace, asked, "en-GB");
  assert.deepEqual([t, k, unit, language, theme], [0, 0, 0, "en", null]);
});

test("undo restores the bits of every array", () => {
  const trace = traceOf({ kind: "LSTM" });
  const edits = new Edits(trace);
  const arrays = ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0", "x", "h_0", "c_0"];
  const before = arrays.map((name) => edits.value(name, 1));
  const output = run(trace).output.map((values) => Array.from(values));
  for (const name of arrays) edits.set(name, 1, 0.1 + edits.value(name, 1));
  edits.set("x", 1, 7);
  assert.equal(edits.count, arrays.length);
  assert.ok(edits.has("x", 1));
  assert.ok(!edits.has("x", 0));
  assert.notDeepEqual(
    run(trace).output.map((values) => Array.from(values)),
    output,
  );
  edits.undo();
  assert.equal(edits.count, 0);
  for (const [i, name] of arrays.entries()) {
    assert.ok(Object.is(edits.value(name, 1), before[i]), name);
  }
  assert.deepEqual(
    run(trace).output.map((values) => Array.from(values)),
    output,
  );
});

test("a value changed back is no edit", () => {
  const edits = new Edits(traceOf());
  const before = edits.value("h_0", 0);
  edits.set("h_0", 0, 1);
  edits.set("h_0", 0, before);
  assert.equal(edits.count, 0);
});

const text = (hidden) => hidden.map((steps) => steps.map((step) => (step ? "?" : ".")).join(""));

test("guessing hides h′ and what is calculated from it, and no more", () => {
  const simple = traceOf({ T: 4 });
  assert.deepEqual(text(dependents(simple, { k: 0, t: 1 })), [".???"]);
  const deep = traceOf({ T: 4, L: 2 });
  assert.deepEqual(text(dependents(deep, { k: 1, t: 2 })), ["....", "..??"]);
  const both = traceOf({ T: 4, L: 2, D: 2 });
  assert.deepEqual(text(dependents(both, { k: 1, t: 1 })), ["....", "??..", "????", "??.."]);
  assert.deepEqual(text(dependents(both, { k: 2, t: 1 })), ["....", "....", ".???", "...."]);
  const short = traceOf({ T: 4, length: 2, D: 2 });
  assert.deepEqual(text(dependents(short, { k: 1, t: 1 })), ["....", "??.."]);
});

test("the veil lifts unit by unit, and at last altogether", () => {
  const trace = traceOf({ T: 3 });
  const view = { ...readView(trace, "#t=1&guess=first", "en") };
  assert.ok(veilOf(trace, view)(0, 1, 0));
  reveal(view, 0);
  assert.ok(!veilOf(trace, view)(0, 1, 0));
  assert.ok(veilOf(trace, view)(0, 1, 1));
  assert.ok(veilOf(trace, view)(0, 2, 0));
  reveal(view, 1);
  assert.ok(!veilOf(trace, view)(0, 2, 0));
  assert.ok(!veilOf(trace, { ...view, guess: false })(0, 1, 0));
});

test("names can be typed in Python", () => {
  const trace = traceOf({ row: 3 });
  assert.equal(indexed(trace, "output", 1), "output[3, 1]");
  assert.equal(indexed(trace, "x", 1, 2), "x[3, 1, 2]");
  assert.equal(indexedState(trace, "h_n", 1), "h_n[1, 3]");
  assert.deepEqual(sequenceShape(trace, 5), [4, 3, 5]);
  assert.deepEqual(stateShape(trace, 2), [1, 4, 2]);
  const timeFirst = traceOf({ row: 3, batch_first: false });
  assert.equal(indexed(timeFirst, "output", 1), "output[1, 3]");
  assert.deepEqual(sequenceShape(timeFirst, 5), [3, 4, 5]);
  const alone = traceOf({ row: null });
  assert.equal(indexed(alone, "output", 1, 0), "output[1, 0]");
  assert.equal(indexedState(alone, "h_n", 1), "h_n[1]");
  assert.deepEqual(sequenceShape(alone, 5), [3, 5]);
  const cell = traceOf({ kind: "LSTM", T: 1, row: null, cell: true });
  assert.equal(indexed(cell, "x", 0), "x");
  assert.equal(indexedState(cell, "c_0", 0, 1), "hx[1][1]");
});

test("the window holds the chosen step and stays inside", () => {
  for (const [width, T] of [
    [1072, 50],
    [362, 50],
    [292, 50],
    [1072, 3],
    [292, 1],
  ]) {
    const trace = traceOf({ T });
    for (const t of [0, Math.floor(T / 2), T - 1]) {
      const { from, to, x, left, right } = layOut(trace, width, t);
      assert.ok(from >= 0 && to <= T && from <= t && t < to);
      assert.ok(x(t) > left && x(t) < right && right <= Math.max(width, 292));
      assert.ok(to - from === T || to - from >= 1);
    }
  }
  const { from, to } = layOut(traceOf({ T: 50 }), 1072, 31);
  assert.deepEqual([from, to], [28, 35]);
});

test("a click finds the step, lane and unit under it", () => {
  const trace = traceOf({ T: 4, L: 2, D: 2 });
  const layout = layOut(trace, 1072, 0);
  layout.layers.forEach(({ lanes }, layer) => {
    lanes.forEach(({ h }, direction) => {
      const found = standingAt(trace, layout, layout.x(2), h.top + h.height - 3);
      assert.deepEqual(found, { t: 2, k: 2 * layer + direction, part: "h", unit: 1 });
    });
  });
  const below = standingAt(trace, layout, layout.x(3), layout.input.top + 30);
  assert.deepEqual(below, { t: 3 });
  assert.deepEqual(standingAt(trace, layout, 1, layout.input.top + 30), {});
});

test("copied arrays are NumPy source with every digit", () => {
  const trace = traceOf({ kind: "GRU", T: 3, length: 2 });
  const result = run(trace);
  const source = numpySource(trace, result, { norms: [0.1, Number.NaN] }, 0);
  const names = source.match(/^\w+(?= = np\.array\()/gm);
  assert.deepEqual(names, ["h", "r", "z", "n", "gradient_norm"]);
  const h = JSON.parse(source.match(/^h = np\.array\((.*)\)$/m)[1]);
  assert.deepEqual(
    h,
    [0, 1].map((t) => Array.from(result.lanes[0].steps[t].hNext)),
  );
  assert.match(source, /^# layer 0, forward: a row for each step\n/);
  assert.match(source, /gradient_norm = np\.array\(\[0\.1, np\.nan\]\)/);
});
