// The trace's data: what the file holds, read once, and the names by which Python knows it.

import { cellOf } from "./cells.mjs";
import { decode } from "./tensors.mjs";

/** Read the data of a page; the arrays are doubles, which editing changes in place. */
export function readTrace(data) {
  const layer = data.layer;
  const D = layer.bidirectional ? 2 : 1;
  const parameters = Object.entries(data.parameters).map(([name, given]) => [name, decode(given)]);
  const optional = (given) => (given ? decode(given) : null);
  const x = decode(data.x);
  const T = x.shape[0];
  return {
    layer,
    cell: cellOf(layer.kind, layer.nonlinearity),
    row: data.row,
    N: data.batch,
    ragged: data.ragged,
    withoutDropout: data.without_dropout,
    T,
    length: data.lengths === null ? T : data.lengths[0],
    I: layer.input_size,
    H: layer.hidden_size,
    P: layer.proj_size || layer.hidden_size,
    L: layer.num_layers,
    D,
    lanes: layer.num_layers * D,
    parameters: Object.fromEntries(parameters),
    x,
    h_0: decode(data.h_0),
    c_0: optional(data.c_0),
    given: { output: decode(data.output), h_n: decode(data.h_n), c_n: optional(data.c_n) },
    window: data.window && readWindow(data.window),
    norms: data.backward ? decode(data.backward.norms) : null,
  };
}

function readWindow({ start, stop, ...arrays }) {
  const decoded = Object.entries(arrays).map(([name, given]) => [name, given && decode(given)]);
  return { start, stop, ...Object.fromEntries(decoded) };
}

/** What parameters' names of lane k end in: _l0, _l0_reverse, …; nothing for a single cell. */
export function suffix(trace, k) {
  if (trace.layer.cell) return "";
  return `_l${Math.floor(k / trace.D)}${k % trace.D ? "_reverse" : ""}`;
}

/** The parameters of lane k by their names without suffix; null for one that is not there. */
export function weightsOf(trace, k) {
  const names = ["weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr"];
  const end = suffix(trace, k);
  return Object.fromEntries(names.map((name) => [name, trace.parameters[name + end] ?? null]));
}

/** The valid steps of lane k, in the order in which they are computed. */
export function order(trace, k) {
  const steps = Array.from({ length: trace.length }, (_, t) => t);
  return k % trace.D ? steps.reverse() : steps;
}

/** The first and the last step that lane k computes; undefined if no step is valid. */
export function ends(trace, k) {
  if (trace.length === 0) return { first: undefined, last: undefined };
  const last = trace.length - 1;
  return k % trace.D ? { first: last, last: 0 } : { first: 0, last };
}

// ---- names that can be typed in Python ---------------------------------------------------------

/** x[0, 1] or output[0, 1, 3]: an index of an array that has x's form. */
export function indexed(trace, name, t, ...rest) {
  const { row, layer, ragged } = trace;
  if (layer.cell) return withIndices(name, row === null ? rest : [row, ...rest]);
  if (row === null) return withIndices(name, [t, ...rest]);
  if (ragged) return withIndices(`${name}[${row}]`, [t, ...rest]);
  return withIndices(name, [...(layer.batch_first ? [row, t] : [t, row]), ...rest]);
}

/** h_n[1, 0]: an index of a state, whose first axis is layer · D + direction. */
export function indexedState(trace, name, k, ...rest) {
  const { row, layer } = trace;
  if (layer.cell) {
    const whole = trace.c_0 ? `hx[${"hc".indexOf(name[0])}]` : "hx";
    return indexed(trace, whole, 0, ...rest);
  }
  return withIndices(name, [k, ...(row === null ? [] : [row]), ...rest]);
}

function withIndices(name, indices) {
  return indices.length ? `${name}[${indices.join(", ")}]` : name;
}

/** The shape of x or output as the layer takes and gives it. */
export function sequenceShape({ row, N, T, layer, ragged }, size) {
  if (layer.cell) return row === null ? [size] : [N, size];
  if (row === null || ragged) return [T, size];
  return layer.batch_first ? [N, T, size] : [T, N, size];
}

/** The shape of h_0 and h_n, or of c_0 and c_n: never batch-first. */
export function stateShape({ row, N, lanes }, size) {
  return row === null ? [lanes, size] : [lanes, N, size];
}
