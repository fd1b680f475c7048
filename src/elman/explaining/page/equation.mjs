// The equation of a step: as matrices and vectors in a line, and as code.

import { ACTIVATIONS } from "./cells.mjs";
import { element } from "./dom.mjs";
import { FEW } from "./figures.mjs";
import { LARGEST, matrixFigure, sign } from "./matrices.mjs";
import { largest } from "./tensors.mjs";
import { suffix, weightsOf } from "./trace.mjs";
import { showsAllUnits } from "./view.mjs";

const vector = (values) => ({ shape: [values.length], values });

/** W_ih @ x + b_ih + W_hh @ h + b_hh → h′, by way of the gates, as figures in a line. */
export function equation(page, step) {
  const { trace, view } = page;
  const { gates } = trace.cell;
  const outlined = showsAllUnits(trace) ? [] : gates.map((_, gate) => gate * trace.H + view.unit);
  const line = element("div", { class: "equation" });
  line.append(...(trace.window ? sums(trace, step, outlined) : products(page, step, outlined)));
  if (gates.length > 1) line.append(sign("→"), gatesFigure(trace, step, outlined));
  else line.append(sign(`→ ${ACTIVATIONS[trace.cell.activations[0]].sign} →`));
  if (gates.length > 1) line.append(sign("→"));
  if (step.cNext) line.append(matrixFigure(vector(step.cNext), "c′"));
  if (trace.layer.proj_size && !trace.window) {
    const weight = weightsOf(trace, view.k).weight_hr;
    const typed = `weight_hr${suffix(trace, view.k)}`;
    line.append(sign("→"), matrixFigure(weight, "W_hr", { typed, deepest: page.deepest }));
    line.append(sign("@"), matrixFigure(vector(step.unprojected), "m"), sign("="));
  }
  const hidden = (unit) => page.hidden(view.k, view.t, unit);
  line.append(matrixFigure(vector(step.hNext), "h′", { hidden }));
  return line;
}

/** W_ih @ x + b_ih + W_hh @ h + b_hh */
function products(page, step, outlined) {
  const { trace, view } = page;
  const weights = weightsOf(trace, view.k);
  const end = suffix(trace, view.k);
  const letters = trace.cell.gates.length > 1 ? trace.cell.gates : null;
  const parameter = (long, short, options = {}) => {
    const typed = `${long}${end}`;
    return matrixFigure(weights[long], short, {
      typed,
      deepest: page.deepest,
      outlined,
      ...options,
    });
  };
  // Beside the picture of a large matrix, a long vector is a strip as well.
  const isLarge = trace.cell.gates.length * trace.H > LARGEST || step.x.length > LARGEST;
  const most = isLarge ? FEW : LARGEST;
  const raw = { plain: true, deepest: largest(trace.x.values) || 1 };
  const parts = [
    parameter("weight_ih", "W_ih", { gates: letters }),
    sign("@"),
    matrixFigure(vector(step.x), "x", { most, ...(view.k < trace.D ? raw : {}) }),
  ];
  if (weights.bias_ih) parts.push(sign("+"), parameter("bias_ih", "b_ih"));
  parts.push(
    sign("+"),
    parameter("weight_hh", "W_hh"),
    sign("@"),
    matrixFigure(vector(step.h), "h", { most }),
  );
  if (weights.bias_hh) parts.push(sign("+"), parameter("bias_hh", "b_hh"));
  return parts;
}

/** A large network brings the two sums alone. */
function sums({ layer }, step, outlined) {
  const deepest = Math.max(largest(step.sumsX), largest(step.sumsH)) || 1;
  return [
    matrixFigure(vector(step.sumsX), `W_ih x${layer.bias ? " + b_ih" : ""}`, { outlined, deepest }),
    sign("+"),
    matrixFigure(vector(step.sumsH), `W_hh h${layer.bias ? " + b_hh" : ""}`, { outlined, deepest }),
  ];
}

function gatesFigure(trace, step, outlined) {
  const { gates, activations } = trace.cell;
  const levels = Array.from(step.gates.keys()).filter(
    (i) => activations[Math.floor(i / trace.H)] === "sigmoid",
  );
  return matrixFigure(vector(step.gates), gates.join(" "), { gates, levels, outlined });
}

/** The same as code, a line for each equation of the cell. */
export function code(trace) {
  const sum = trace.layer.bias ? "W_ih @ x + b_ih + W_hh @ h + b_hh" : "W_ih @ x + W_hh @ h";
  if (trace.layer.kind === "RNN") return [`h′ = ${trace.layer.nonlinearity}(${sum})`];
  if (trace.layer.kind === "GRU") {
    const [input, state] = trace.layer.bias
      ? ["W_in @ x + b_in", "W_hn @ h + b_hn"]
      : ["W_in @ x", "W_hn @ h"];
    return [`r, z = σ(${sum})`, `n = tanh(${input} + r * (${state}))`, "h′ = (1 − z) * n + z * h"];
  }
  const last = trace.layer.proj_size
    ? ["m = o * tanh(c′)", "h′ = W_hr @ m"]
    : ["h′ = o * tanh(c′)"];
  return [`i, f, o = σ(${sum})`, `g = tanh(${sum})`, "c′ = f * c + i * g", ...last];
}
