import assert from "node:assert/strict";
import test from "node:test";
import { gradientFlow, jacobians, verdict } from "../../../src/elman/explaining/page/flow.mjs";
import { tickEvery } from "../../../src/elman/explaining/page/heat_map.mjs";
import { run } from "../../../src/elman/explaining/page/network.mjs";
import { logAxis } from "../../../src/elman/explaining/page/norm_bars.mjs";
import { order } from "../../../src/elman/explaining/page/trace.mjs";
import { traceOf } from "./trace_of.mjs";

const KINDS = ["RNN", "GRU", "LSTM"];

test("the product of step Jacobians takes the last gradient to the first", () => {
  for (const kind of KINDS) {
    for (const k of [0, 1]) {
      const trace = traceOf({ kind, D: 2, T: 4, length: 3 });
      const lane = run(trace).lanes[k];
      const { gradients, norms } = gradientFlow(trace, lane, k);
      const steps = order(trace, k);
      const { whole } = jacobians(trace, lane, k, steps.slice(1).reverse());
      const { dH, dC } = gradients[steps[0]];
      const expected = [...dH, ...(dC ?? [])];
      const size = expected.length;
      expected.forEach((value, j) => {
        let sum = 0;
        for (let i = 0; i < size; i++) sum += whole.values[i * size + j];
        assert.ok(Math.abs(sum - value) < 1e-12);
      });
      assert.ok(Math.abs(norms[steps[0]] - Math.hypot(...expected)) < 1e-12);
      assert.equal(norms.length, 3);
    }
  }
});

test("gradients are the slope of the last state's sum", () => {
  for (const kind of KINDS) {
    const trace = traceOf({ kind, T: 3 });
    const total = () => {
      const { h, c } = run(trace).lanes[0];
      return [...h, ...(c ?? [])].reduce((sum, value) => sum + value, 0);
    };
    const first = run(trace).lanes[0];
    const { gradients } = gradientFlow(trace, first, 0);
    const before = trace.cell.backward({ ...weights(trace) }, first.steps[0], gradients[0]);
    const epsilon = 1e-6;
    for (const [array, gradient] of [
      [trace.h_0, before.dH],
      [trace.c_0, before.dC],
    ]) {
      if (!array) continue;
      array.values.forEach((value, i) => {
        array.values[i] = value + epsilon;
        const above = total();
        array.values[i] = value - epsilon;
        const below = total();
        array.values[i] = value;
        assert.ok(Math.abs((above - below) / (2 * epsilon) - gradient[i]) < 1e-8);
      });
    }
  }
});

function weights({ parameters }) {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, p]) => [name.replace("_l0", ""), p]),
  );
}

test("verdicts have thresholds", () => {
  const long = traceOf({ T: 11 });
  const kind = (inAll) => {
    const norms = Array.from({ length: 11 }, (_, t) => inAll ** ((10 - t) / 10));
    return verdict(long, 0, norms).kind;
  };
  assert.equal(kind(1), "healthy");
  assert.equal(kind(0.11), "healthy");
  assert.equal(kind(0.09), "fading");
  assert.equal(kind(0.0011), "fading");
  assert.equal(kind(0.0009), "vanishing");
  assert.equal(kind(999), "healthy");
  assert.equal(kind(1001), "exploding");
  assert.equal(kind(0), "vanishing");
  const short = traceOf({ T: 2 });
  assert.equal(verdict(short, 0, [0.49, 1]).kind, "vanishing");
  assert.equal(verdict(short, 0, [0.51, 1]).kind, "healthy");
  assert.equal(verdict(traceOf({ T: 1 }), 0, [1]).kind, "short");
  assert.equal(verdict(traceOf({ length: 0 }), 0, []).kind, "short");
  assert.equal(verdict(short, 0, [Number.NaN, 1]).kind, "broken");
});

test("a log axis holds every norm between whole powers of ten", () => {
  for (const norms of [[1.41, 0.1, 0.0086], [1e-30, 1], [0, 1], [1], [Number.NaN, 2], [5e5, 1]]) {
    const { low, high, ticks, y } = logAxis(norms);
    assert.ok(ticks.length >= 2 && ticks.length <= 6);
    assert.ok(Math.max(...ticks) === high && Math.min(...ticks) >= low);
    for (const value of norms.filter((norm) => norm > 0 && Number.isFinite(norm))) {
      assert.ok(Math.log10(value) >= low && Math.log10(value) <= high);
      assert.ok(y(Math.log10(value)) >= 14);
    }
  }
});

test("ticks are round numbers and leave each other room", () => {
  for (const [steps, across] of [
    [3, 64],
    [50, 20],
    [500, 2],
    [10000, 0.1],
  ]) {
    const every = tickEvery(steps, across);
    assert.ok(every * across >= 26 || every >= steps);
    assert.match(String(every), /^[125]0*$/);
  }
});
