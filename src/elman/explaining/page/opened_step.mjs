// The opened step: its equation as matrices, its code, and a card for every sum.

import { cardHead, chip, gateCard } from "./cards.mjs";
import { ACTIVATIONS } from "./cells.mjs";
import { byId, element } from "./dom.mjs";
import { FEW } from "./figures.mjs";
import { guessControls } from "./guess.mjs";
import { LARGEST, matrixFigure, sign } from "./matrices.mjs";
import { newStateCards } from "./new_state.mjs";
import { inWords, ledgerNumber } from "./numbers.mjs";
import { largest, row } from "./tensors.mjs";
import { ends, suffix, weightsOf } from "./trace.mjs";
import { showsAllUnits } from "./view.mjs";

/** Draw the chosen step of the chosen lane. */
export function drawOpenedStep(page) {
  const { trace, view, text } = page;
  const step = page.result.lanes[view.k].steps[view.t];
  const first = ends(trace, view.k).first === view.t;
  byId("step-title").textContent = text.stepTitle(trace, view);
  byId("step-note").textContent = stepNote(page, step, first);
  byId("unit-choice").hidden = showsAllUnits(trace) || !step;
  const open = step?.sums !== undefined;
  byId("equation").replaceChildren(...(open ? [equation(page, step)] : []));
  byId("code").textContent = open ? code(trace).join("\n") : "";
  byId("cards").replaceChildren(...(open ? cards(page, step) : []));
  byId("agreement").textContent = step ? agreementOfStep(page, step) : "";
}

function stepNote(page, step, first) {
  const { trace, view, text } = page;
  if (!step) return trace.T ? text.padded(trace.length) : text.noSteps;
  const broken = firstBroken(step);
  const sentences = [text.stepNote(trace, view, first)];
  if (broken) sentences.push(text.broken(broken));
  if (trace.window && !step.sums) sentences.push(text.outsideWindow(trace.window));
  return sentences.join(" ");
}

/** {name, index, value}: the first value of a step that is no finite number, in order of use. */
function firstBroken(step) {
  const names = { x: "x", h: "h", c: "c", sumsX: "W_ih x", sumsH: "W_hh h", hNext: "h′" };
  for (const [key, name] of Object.entries(names)) {
    const index = step[key] ? step[key].findIndex((value) => !Number.isFinite(value)) : -1;
    if (index >= 0) return { name: `${name}[${index}]`, value: step[key][index] };
  }
  return null;
}

// ---- the equation ------------------------------------------------------------------------------

const vector = (values) => ({ shape: [values.length], values });

function equation(page, step) {
  const { trace, view } = page;
  const { gates } = trace.cell;
  const outlined = showsAllUnits(trace) ? [] : gates.map((_, gate) => gate * trace.H + view.unit);
  const line = element("div", { class: "equation" });
  line.append(...(trace.window ? sums(step, outlined) : products(page, step, outlined)));
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
function sums(step, outlined) {
  const deepest = Math.max(largest(step.sumsX), largest(step.sumsH)) || 1;
  return [
    matrixFigure(vector(step.sumsX), "W_ih x + b_ih", { outlined, deepest }),
    sign("+"),
    matrixFigure(vector(step.sumsH), "W_hh h + b_hh", { outlined, deepest }),
  ];
}

function gatesFigure(trace, step, outlined) {
  const { gates, activations } = trace.cell;
  const levels = Array.from(step.gates.keys()).filter(
    (i) => activations[Math.floor(i / trace.H)] === "sigmoid",
  );
  return matrixFigure(vector(step.gates), gates.join(" "), { gates, levels, outlined });
}

function code(trace) {
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

// ---- the cards ---------------------------------------------------------------------------------

function cards(page, step) {
  const { trace, view } = page;
  if (showsAllUnits(trace)) {
    return Array.from({ length: trace.H }, (_, unit) => gateCard(page, step, 0, unit));
  }
  const found = trace.cell.gates.map((_, gate) => gateCard(page, step, gate, view.unit));
  if (trace.cell.gates.length === 1) return found;
  if (trace.window) return [...found, stateOnly(page, step)];
  return [...found, ...newStateCards(page, step, view.unit)];
}

/** The new state of a large network, whose parameters are not in the file. */
function stateOnly(page, step) {
  const { trace, view, text } = page;
  const unit = Math.min(view.unit, trace.P - 1);
  const hidden = page.hidden(view.k, view.t, unit);
  return element(
    "section",
    { class: "card" },
    cardHead(`h′[${unit}]`, `${text.newState} · ${text.unit} ${unit}`),
    element("div", { class: "formula" }, "h′ = ", chip(step.hNext[unit], { hidden })),
    guessControls(page, view.unit, step.hNext[unit]),
  );
}

/** What the layer's kernels gave for this state, if they gave it. */
function agreementOfStep(page, step) {
  const { trace, view, text } = page;
  if (page.edits.count) return text.edited;
  if (page.hidden(view.k, view.t, view.unit)) return "";
  const { output, h_n } = trace.given;
  const direction = view.k % trace.D;
  let given = null;
  if (Math.floor(view.k / trace.D) === trace.L - 1) {
    given = row(output, view.t).subarray(direction * trace.P, (direction + 1) * trace.P);
  } else if (view.t === ends(trace, view.k).last) given = row(h_n, view.k);
  if (!given) return text.rounded;
  const apart = given.reduce(
    (most, value, i) => Math.max(most, Math.abs(value - step.hNext[i])),
    0,
  );
  const shown = Array.from(given.subarray(0, 6), (value) => ledgerNumber(value, 6));
  if (given.length > 6) shown.push("…");
  return `${text.agreement(shown.join(", "), inWords(apart))} ${text.rounded}`;
}
