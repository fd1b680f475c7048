// The gradient that goes back from the last state alone, through one lane.

import { norm, product, row } from "./tensors.mjs";
import { order, weightsOf } from "./trace.mjs";

// The verdict's thresholds: of the whole way back, and of one step.
const FADING = 0.1;
const VANISHING = 1e-3;
const VANISHING_PER_STEP = 0.5;
const EXPLODING = 1e3;

/**
 * Take L as the sum of the last state, h and c together for an LSTM, and go back.
 *
 * Returns {norms, gradients}: by step t, ‖∂L/∂(state after t)‖ and the gradient itself. A large
 * network brings its norms with it.
 */
export function gradientFlow(trace, lane, k) {
  if (trace.norms) {
    return { norms: Array.from(row(trace.norms, k)), gradients: [] };
  }
  const weights = weightsOf(trace, k);
  const norms = [];
  const gradients = [];
  let gradient = { dH: new Float64Array(trace.P).fill(1) };
  if (trace.c_0) gradient.dC = new Float64Array(trace.H).fill(1);
  for (const t of order(trace, k).reverse()) {
    norms[t] = norm(gradient.dH, gradient.dC ?? []);
    gradients[t] = gradient;
    gradient = trace.cell.backward(weights, lane.steps[t], gradient);
  }
  return { norms, gradients };
}

/** ∂(state after t)/∂(state before): a row for each value of the state after, h first, then c. */
function stepJacobian(trace, lane, k, t) {
  const weights = weightsOf(trace, k);
  const size = trace.P + (trace.c_0 ? trace.H : 0);
  const values = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    const one = new Float64Array(size);
    one[i] = 1;
    const gradient = { dH: one.subarray(0, trace.P), dC: one.subarray(trace.P) };
    const { dH, dC } = trace.cell.backward(weights, lane.steps[t], gradient);
    values.set(dH, i * size);
    if (dC) values.set(dC, i * size + trace.P);
  }
  return { shape: [size, size], values };
}

/** The Jacobians of steps in the order of going back, and their product. */
export function jacobians(trace, lane, k, steps) {
  const each = steps.map((t) => stepJacobian(trace, lane, k, t));
  return { each, whole: each.length ? each.reduce(product) : null };
}

/** {kind, inAll, perStep, steps}: kind is healthy, fading, vanishing, exploding, broken or short. */
export function verdict(trace, k, norms) {
  const back = order(trace, k).reverse();
  const steps = back.length - 1;
  if (steps < 1) return { kind: "short", steps };
  const inAll = norms[back[steps]] / norms[back[0]];
  const perStep = inAll ** (1 / steps);
  const found = { inAll, perStep, steps, t: back[steps] };
  if (!norms.every(Number.isFinite)) return { ...found, kind: "broken" };
  if (inAll > EXPLODING) return { ...found, kind: "exploding" };
  if (inAll < VANISHING || perStep < VANISHING_PER_STEP) return { ...found, kind: "vanishing" };
  return { ...found, kind: inAll < FADING ? "fading" : "healthy" };
}
