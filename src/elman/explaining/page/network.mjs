// One pass over layers, directions and steps: every value of the forward pass.

import { sumsOf } from "./cells.mjs";
import { row } from "./tensors.mjs";
import { order, weightsOf } from "./trace.mjs";

/**
 * Run the network, or read the states that a large one brings.
 *
 * Returns {lanes, output}: lanes[k].steps[t] has x, h, c, sumsX, sumsH, sums, gates, hNext, cNext
 * (null after the row's length); output[t] is (D·P,).
 */
export function run(trace) {
  let inputs = Array.from({ length: trace.T }, (_, t) => row(trace.x, t));
  const lanes = [];
  for (let layer = 0; layer < trace.L; layer++) {
    const outputs = Array.from({ length: trace.T }, () => new Float64Array(trace.D * trace.P));
    for (let direction = 0; direction < trace.D; direction++) {
      const k = layer * trace.D + direction;
      const lane = trace.window ? givenLane(trace, k, inputs) : runLane(trace, k, inputs);
      for (const t of order(trace, k)) {
        outputs[t].set(lane.steps[t].hNext, direction * trace.P);
      }
      lanes.push(lane);
    }
    inputs = outputs;
  }
  return { lanes, output: inputs };
}

function runLane(trace, k, inputs) {
  const weights = weightsOf(trace, k);
  const steps = Array(trace.T).fill(null);
  let h = row(trace.h_0, k);
  let c = trace.c_0 && row(trace.c_0, k);
  for (const t of order(trace, k)) {
    const before = { x: inputs[t], h, c };
    const sums = sumsOf(weights, before.x, h);
    const step = { ...before, ...sums };
    steps[t] = { ...step, ...trace.cell.forward(step, weights) };
    ({ hNext: h, cNext: c } = steps[t]);
  }
  return { steps, h, c };
}

/** The states of a lane as the file has them, and its sums within the file's window. */
function givenLane(trace, k, inputs) {
  const { start, stop, h: states, c: cells, sums_x, sums_h } = trace.window;
  const steps = Array(trace.T).fill(null);
  const at = ({ shape, values }, step) => {
    const begin = (k * shape[1] + step) * shape[2];
    return values.subarray(begin, begin + shape[2]);
  };
  let h = row(trace.h_0, k);
  let c = trace.c_0 && row(trace.c_0, k);
  for (const t of order(trace, k)) {
    const step = { x: inputs[t], h, c, hNext: at(states, t), cNext: cells && at(cells, t) };
    if (t >= start && t < stop) {
      Object.assign(step, { sumsX: at(sums_x, t - start), sumsH: at(sums_h, t - start) });
      const { sums, gates } = trace.cell.forward(step, { weight_hr: null });
      Object.assign(step, { sums, gates });
    }
    steps[t] = step;
    ({ hNext: h, cNext: c } = step);
  }
  return { steps, h, c };
}

/** The largest |page's − layer's| over output and h_n. */
export function difference(trace, { lanes, output }) {
  let found = 0;
  const compare = (values, given) => {
    for (let i = 0; i < values.length; i++) {
      const apart = Math.abs(values[i] - given[i]);
      if (apart > found) found = apart;
    }
  };
  for (const [t, values] of output.entries()) compare(values, row(trace.given.output, t));
  for (const [k, { h }] of lanes.entries()) compare(h, row(trace.given.h_n, k));
  return found;
}
