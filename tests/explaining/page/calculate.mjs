// What the page calculates, for a test in Python: reads data of pages from standard input, and
// writes for each the states, and the gradient of the last state of every lane.

import { readFileSync } from "node:fs";

import { Edits } from "../../../src/elman/explaining/page/edits.mjs";
import { gradientFlow } from "../../../src/elman/explaining/page/flow.mjs";
import { difference, run } from "../../../src/elman/explaining/page/network.mjs";
import { readTrace } from "../../../src/elman/explaining/page/trace.mjs";

const lists = (vectors) => vectors.map((vector) => (vector ? Array.from(vector) : null));

function calculated({ data, edits }) {
  const trace = readTrace(data);
  const changed = new Edits(trace);
  for (const { name, index, value } of edits) changed.set(name, index, value);
  const result = run(trace);
  const flows = result.lanes.map((lane, k) => gradientFlow(trace, lane, k));
  return {
    h: result.lanes.map(({ steps }) => lists(steps.map((step) => step?.hNext))),
    c: trace.c_0 && result.lanes.map(({ steps }) => lists(steps.map((step) => step?.cNext))),
    output: lists(result.output),
    h_n: lists(result.lanes.map(({ h }) => h)),
    d_h: flows.map(({ gradients }) => lists(gradients.map(({ dH }) => dH))),
    norms: flows.map(({ norms }) => norms),
    difference: difference(trace, result),
  };
}

const cases = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(cases.map(calculated)));
