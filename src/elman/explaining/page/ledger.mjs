// A ledger: every multiplication that makes one sum, a term a line, so that the lines add up.

import { suffix, weightsOf } from "./trace.mjs";

const LONG = 8; // a half with more terms than this is shortened
const KEPT = 6; // to the largest ones, in index order, and one line for the others

/**
 * The lines of the sum of `unit` of gate number `gate`, at step t of lane k.
 *
 * Each line has a kind (term, others, bias, subtotal, reset, sum) and what it adds, `value`. Lines
 * with a bar have the running sum before and after, `from` and `to`; a subtotal says where it is
 * with `at`. `opened` says for each half, x and h, whether the others are shown too.
 */
export function ledger(trace, step, k, gate, unit, opened = {}) {
  const at = gate * trace.H + unit;
  const afterReset = trace.cell.gates[gate] === "n";
  const lines = half(trace, k, at, "x", step.x, step.sumsX[at], 0, opened.x);
  const begin = afterReset ? 0 : step.sumsX[at];
  lines.push(...half(trace, k, at, "h", step.h, step.sumsH[at], begin, opened.h));
  if (afterReset) {
    const r = step.gates[unit];
    const value = r * step.sumsH[at];
    const from = step.sumsX[at];
    lines.push({ kind: "reset", unit, r, before: step.sumsH[at], value, from, to: from + value });
  }
  lines.push({ kind: "sum", value: step.sums[at], at: step.sums[at] });
  return lines;
}

/** The lines of h′[unit] = W_hr m, where m = o tanh(c′); its half is called m. */
export function projectionLedger(trace, step, k, unit, opened = {}) {
  const weight = weightsOf(trace, k).weight_hr;
  const name = `weight_hr${suffix(trace, k)}`;
  const terms = termsOf(weight, name, unit, step.unprojected);
  const lines = running(shortened(terms, opened.m), "m", 0);
  lines.push({ kind: "sum", value: step.hNext[unit], at: step.hNext[unit] });
  return lines;
}

/** W v + b of one row: its terms, its bias and its subtotal. */
function half(trace, k, at, source, vector, subtotal, begin, opened) {
  const gate = source === "x" ? "ih" : "hh";
  const weights = weightsOf(trace, k);
  const weight = weights[`weight_${gate}`];
  const bias = weights[`bias_${gate}`];
  if (!weight) {
    // A large network brings the sum alone.
    return running([{ kind: "whole", bias: trace.layer.bias, value: subtotal }], source, begin);
  }
  const end = suffix(trace, k);
  const parts = shortened(termsOf(weight, `weight_${gate}${end}`, at, vector), opened);
  if (bias) {
    const from = { name: `bias_${gate}${end}`, index: at };
    parts.push({ kind: "bias", bias: from, value: bias.values[at] });
  }
  const lines = running(parts, source, begin);
  const sum = lines.at(-1).to;
  lines.push({ kind: "subtotal", source, bias: Boolean(bias), value: subtotal, at: sum });
  return lines;
}

/** A term for each product of row `at` of a matrix with a vector. */
function termsOf(matrix, name, at, vector) {
  return Array.from(vector, (times, index) => {
    const place = at * vector.length + index;
    const factor = matrix.values[place];
    return {
      kind: "term",
      index,
      factor,
      times,
      weight: { name, index: place },
      value: factor * times,
    };
  });
}

/** The same lines with the running sum before and after each. */
function running(lines, source, begin) {
  let sum = begin;
  return lines.map((line) => {
    const from = sum;
    sum += line.value;
    return { ...line, source, from, to: sum };
  });
}

function shortened(terms, opened) {
  if (terms.length <= LONG) return terms;
  const size = ({ value }) => (Number.isNaN(value) ? Number.POSITIVE_INFINITY : Math.abs(value));
  const largest = [...terms].sort((a, b) => size(b) - size(a)).slice(0, KEPT);
  const others = terms.filter((term) => !largest.includes(term));
  const value = others.reduce((sum, term) => sum + term.value, 0);
  const line = { kind: "others", count: others.length, value, open: Boolean(opened) };
  if (opened) return [...terms, { ...line, value: 0 }];
  return [...terms.filter((term) => largest.includes(term)), line];
}
