// Traces for tests, made as the page's data says.

import { readTrace } from "../../../src/elman/explaining/page/trace.mjs";

/** Base64 of float32 numbers. */
export function f32(values) {
  return Buffer.from(Float32Array.from(values).buffer).toString("base64");
}

const GATES = { RNN: 1, GRU: 3, LSTM: 4 };

/** A trace of a network whose numbers are all different and of both signs. */
export function traceOf({
  kind = "RNN",
  T = 3,
  I = 3,
  H = 2,
  L = 1,
  D = 1,
  length = T,
  bias = true,
  row = 0,
  ...rest
} = {}) {
  let count = 0;
  const tensor = (...shape) => {
    const size = shape.reduce((a, b) => a * b, 1);
    const values = Array.from({ length: size }, () => Math.sin(++count) / 2);
    return { shape, f32: f32(values) };
  };
  const P = rest.proj_size || H;
  const n = GATES[kind] * H;
  const parameters = {};
  for (let k = 0; k < L * D; k++) {
    const suffix = `_l${Math.floor(k / D)}${k % D ? "_reverse" : ""}`;
    parameters[`weight_ih${suffix}`] = tensor(n, k < D ? I : D * P);
    parameters[`weight_hh${suffix}`] = tensor(n, P);
    if (bias) {
      parameters[`bias_ih${suffix}`] = tensor(n);
      parameters[`bias_hh${suffix}`] = tensor(n);
    }
    if (rest.proj_size) parameters[`weight_hr${suffix}`] = tensor(P, H);
  }
  return readTrace({
    layer: {
      kind,
      cell: false,
      input_size: I,
      hidden_size: H,
      num_layers: L,
      bidirectional: D === 2,
      bias,
      nonlinearity: "tanh",
      proj_size: 0,
      batch_first: true,
      repr: `${kind}(${I}, ${H})`,
      ...rest,
    },
    row,
    batch: row === null ? null : 4,
    ragged: false,
    without_dropout: false,
    lengths: length === T ? null : [length],
    parameters,
    x: tensor(T, I),
    h_0: tensor(L * D, P),
    c_0: kind === "LSTM" ? tensor(L * D, H) : null,
    output: tensor(T, D * P),
    h_n: tensor(L * D, P),
    c_n: kind === "LSTM" ? tensor(L * D, H) : null,
    window: null,
  });
}
