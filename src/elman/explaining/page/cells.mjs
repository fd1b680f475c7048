// One time step of each cell, forward beside backward: the equations, with torch's gates in
// torch's order. x is (I,), h (H,), or (P,) with a projection, c (H,); sums are (G·H,).

import { times, timesTransposed } from "./tensors.mjs";

export const ACTIVATIONS = {
  tanh: { sign: "tanh", of: Math.tanh, slope: (y) => 1 - y * y },
  relu: { sign: "relu", of: (a) => (a <= 0 ? 0 : a), slope: (y) => (y <= 0 ? 0 : 1) },
  sigmoid: { sign: "σ", of: (a) => 1 / (1 + Math.exp(-a)), slope: (y) => y * (1 - y) },
};

/** What the page knows of a cell: its gates' letters, what makes them, and its two passes. */
export function cellOf(kind, nonlinearity) {
  if (kind === "RNN") return { gates: [""], activations: [nonlinearity], ...elman(nonlinearity) };
  if (kind === "GRU") return { gates: ["r", "z", "n"], activations: GRU_ACTIVATIONS, ...gru };
  return { gates: ["i", "f", "g", "o"], activations: LSTM_ACTIVATIONS, ...lstm };
}

const GRU_ACTIVATIONS = ["sigmoid", "sigmoid", "tanh"];
const LSTM_ACTIVATIONS = ["sigmoid", "sigmoid", "tanh", "sigmoid"];

/** {sumsX, sumsH}: W_ih x + b_ih and W_hh h + b_hh. */
export function sumsOf(weights, x, h) {
  const sumsX = times(weights.weight_ih, x);
  const sumsH = times(weights.weight_hh, h);
  if (weights.bias_ih) {
    for (let k = 0; k < sumsX.length; k++) {
      sumsX[k] += weights.bias_ih.values[k];
      sumsH[k] += weights.bias_hh.values[k];
    }
  }
  return { sumsX, sumsH };
}

// ---- Elman -------------------------------------------------------------------------------------

function elman(nonlinearity) {
  const { of, slope } = ACTIVATIONS[nonlinearity];
  return {
    /** h′ = φ(W_ih x + b_ih + W_hh h + b_hh) */
    forward({ sumsX, sumsH }) {
      const sums = sumsX.map((sum, k) => sum + sumsH[k]);
      const hNext = sums.map(of);
      return { sums, gates: hNext, hNext };
    },
    backward(weights, { hNext }, { dH }) {
      const dSums = dH.map((d, k) => d * slope(hNext[k]));
      return { dH: timesTransposed(weights.weight_hh, dSums) };
    },
  };
}

// ---- GRU: the reset acts after the product, as in torch ----------------------------------------

const gru = {
  /** h′ = (1 − z) n + z h, where n = tanh(W_in x + b_in + r (W_hn h + b_hn)) */
  forward({ sumsX, sumsH, h }) {
    const H = h.length;
    const sums = new Float64Array(3 * H);
    const gates = new Float64Array(3 * H);
    const hNext = new Float64Array(H);
    const sigmoid = ACTIVATIONS.sigmoid.of;
    for (let k = 0; k < 2 * H; k++) {
      sums[k] = sumsX[k] + sumsH[k];
      gates[k] = sigmoid(sums[k]);
    }
    for (let k = 0; k < H; k++) {
      const [r, z, n] = [k, H + k, 2 * H + k];
      sums[n] = sumsX[n] + gates[r] * sumsH[n];
      gates[n] = Math.tanh(sums[n]);
      hNext[k] = (1 - gates[z]) * gates[n] + gates[z] * h[k];
    }
    return { sums, gates, hNext };
  },
  backward(weights, { h, gates, sumsH }, { dH }) {
    const H = h.length;
    const dSumsH = new Float64Array(3 * H);
    for (let k = 0; k < H; k++) {
      const [r, z, n] = [gates[k], gates[H + k], gates[2 * H + k]];
      const dN = dH[k] * (1 - z) * (1 - n * n);
      dSumsH[k] = dN * sumsH[2 * H + k] * r * (1 - r);
      dSumsH[H + k] = dH[k] * (h[k] - n) * z * (1 - z);
      dSumsH[2 * H + k] = dN * r;
    }
    const dBefore = timesTransposed(weights.weight_hh, dSumsH);
    return { dH: dBefore.map((d, k) => d + dH[k] * gates[H + k]) };
  },
};

// ---- LSTM --------------------------------------------------------------------------------------

const lstm = {
  /** c′ = f c + i g; h′ = o tanh(c′), or W_hr (o tanh(c′)) with a projection */
  forward({ sumsX, sumsH, c }, weights) {
    const H = c.length;
    const sums = sumsX.map((sum, k) => sum + sumsH[k]);
    const gates = sums.map((sum, k) => {
      return ACTIVATIONS[LSTM_ACTIVATIONS[Math.floor(k / H)]].of(sum);
    });
    const cNext = c.map((value, k) => gates[H + k] * value + gates[k] * gates[2 * H + k]);
    const unprojected = cNext.map((value, k) => gates[3 * H + k] * Math.tanh(value));
    const hNext = weights.weight_hr ? times(weights.weight_hr, unprojected) : unprojected;
    return { sums, gates, cNext, unprojected, hNext };
  },
  backward(weights, { c, cNext, gates }, { dH, dC }) {
    const H = c.length;
    const dOut = weights.weight_hr ? timesTransposed(weights.weight_hr, dH) : dH;
    const dSums = new Float64Array(4 * H);
    const dBefore = new Float64Array(H);
    for (let k = 0; k < H; k++) {
      const [i, f, g, o] = [gates[k], gates[H + k], gates[2 * H + k], gates[3 * H + k]];
      const tanhC = Math.tanh(cNext[k]);
      const dCell = dC[k] + dOut[k] * o * (1 - tanhC * tanhC);
      dSums[k] = dCell * g * i * (1 - i);
      dSums[H + k] = dCell * c[k] * f * (1 - f);
      dSums[2 * H + k] = dCell * i * (1 - g * g);
      dSums[3 * H + k] = dOut[k] * tanhC * o * (1 - o);
      dBefore[k] = dCell * f;
    }
    return { dH: timesTransposed(weights.weight_hh, dSums), dC: dBefore };
  },
};
