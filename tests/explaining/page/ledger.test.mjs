import assert from "node:assert/strict";
import test from "node:test";

import { ledger, projectionLedger } from "../../../src/elman/explaining/page/ledger.mjs";
import { run } from "../../../src/elman/explaining/page/network.mjs";
import { traceOf } from "./trace_of.mjs";

const close = (a, b) => assert.ok(Math.abs(a - b) < 1e-12, `${a} is not ${b}`);

function check(trace, gate, unit, opened) {
  const step = run(trace).lanes[0].steps[1];
  const lines = ledger(trace, step, 0, gate, unit, opened);
  const at = gate * trace.H + unit;
  const adding = new Set(["term", "others", "bias", "whole"]);
  for (const [source, subtotal] of [
    ["x", step.sumsX[at]],
    ["h", step.sumsH[at]],
  ]) {
    const parts = lines.filter((line) => line.source === source && adding.has(line.kind));
    close(
      parts.reduce((sum, { value }) => sum + value, 0),
      subtotal,
    );
    const written = lines.find((line) => line.kind === "subtotal" && line.source === source);
    close(written.value, subtotal);
  }
  for (const line of lines.filter(({ kind }) => kind === "term")) {
    close(line.value, line.factor * line.times);
  }
  for (const line of lines.filter(({ from }) => from !== undefined)) {
    close(line.to - line.from, line.value);
  }
  close(lines.at(-1).value, step.sums[at]);
  assert.equal(lines.at(-1).kind, "sum");
  return lines;
}

test("the lines add up for every cell and gate", () => {
  for (const [kind, gates] of [
    ["RNN", 1],
    ["GRU", 3],
    ["LSTM", 4],
  ]) {
    for (let gate = 0; gate < gates; gate++) {
      for (const bias of [true, false]) {
        const lines = check(traceOf({ kind, bias }), gate, 1);
        assert.equal(lines.filter((line) => line.kind === "term").length, 3 + 2);
        assert.equal(lines.filter((line) => line.kind === "bias").length, bias ? 2 : 0);
      }
    }
  }
});

test("bars join: each line begins where the one before ended", () => {
  const step = run(traceOf()).lanes[0].steps[1];
  const lines = ledger(traceOf(), step, 0, 0, 0).filter(({ from }) => from !== undefined);
  assert.equal(lines[0].from, 0);
  for (let i = 1; i < lines.length; i++) close(lines[i].from, lines[i - 1].to);
  close(lines.at(-1).to, step.sums[0]);
});

test("a GRU's candidate has its own line for r × (W_hh h + b_hh)", () => {
  const trace = traceOf({ kind: "GRU" });
  const step = run(trace).lanes[0].steps[1];
  const lines = check(trace, 2, 1);
  const reset = lines.find(({ kind }) => kind === "reset");
  close(reset.r, step.gates[1]);
  close(reset.value, step.gates[1] * step.sumsH[5]);
  close(reset.from, step.sumsX[5]);
  close(reset.to, step.sums[5]);
  assert.equal(
    check(trace, 0, 1).find(({ kind }) => kind === "reset"),
    undefined,
  );
});

test("a long half keeps its six largest products in index order and one line for the others", () => {
  const trace = traceOf({ I: 3, H: 20 });
  const lines = check(trace, 0, 7);
  const kept = lines.filter(({ kind, source }) => kind === "term" && source === "h");
  const others = lines.find(({ kind }) => kind === "others");
  assert.equal(kept.length, 6);
  assert.deepEqual(
    kept.map(({ index }) => index),
    kept.map(({ index }) => index).toSorted((a, b) => a - b),
  );
  assert.equal(others.count, 14);
  const all = check(trace, 0, 7, { h: true }).filter(
    ({ kind, source }) => kind === "term" && source === "h",
  );
  assert.equal(all.length, 20);
  const smallest = Math.min(...kept.map(({ value }) => Math.abs(value)));
  const left = all.filter(({ index }) => !kept.some((line) => line.index === index));
  for (const { value } of left) assert.ok(Math.abs(value) <= smallest);
});

test("terms name the parameter they come from", () => {
  const trace = traceOf({ D: 2, L: 2 });
  const step = run(trace).lanes[3].steps[0];
  const term = ledger(trace, step, 3, 0, 1).find(
    ({ kind, source }) => kind === "term" && source === "h",
  );
  assert.deepEqual(term.weight, { name: "weight_hh_l1_reverse", index: 2 });
  close(term.factor, trace.parameters.weight_hh_l1_reverse.values[2]);
});

test("NaN is among the terms that are kept", () => {
  const trace = traceOf({ I: 12 });
  trace.x.values[12 + 10] = Number.NaN;
  const step = run(trace).lanes[0].steps[1];
  const lines = ledger(trace, step, 0, 0, 0);
  assert.ok(
    lines.some(({ kind, index, value }) => kind === "term" && index === 10 && Number.isNaN(value)),
  );
});

test("a projection has a ledger of its own, shortened as others are", () => {
  const trace = traceOf({ kind: "LSTM", H: 12, proj_size: 2 });
  const step = run(trace).lanes[0].steps[1];
  const terms = (lines) => lines.filter(({ kind }) => kind === "term");
  const lines = projectionLedger(trace, step, 0, 1);
  assert.equal(terms(lines).length, 6);
  close(lines.at(-2).to, step.hNext[1]);
  close(lines.at(-1).value, step.hNext[1]);
  const [first] = terms(projectionLedger(trace, step, 0, 1, { m: true }));
  assert.deepEqual(first.weight, { name: "weight_hr_l0", index: 12 });
  close(first.times, step.unprojected[0]);
});
