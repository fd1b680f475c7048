// The opened step: its equation, its code, and a card for every sum.

import { gateCard } from "./cards.mjs";
import { byId } from "./dom.mjs";
import { code, equation } from "./equation.mjs";
import { newStateCards } from "./new_state.mjs";
import { inWords, ledgerNumber } from "./numbers.mjs";
import { row } from "./tensors.mjs";
import { ends } from "./trace.mjs";
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

function cards(page, step) {
  const { trace, view } = page;
  if (showsAllUnits(trace)) {
    return Array.from({ length: trace.H }, (_, unit) => gateCard(page, step, 0, unit));
  }
  const found = trace.cell.gates.map((_, gate) => gateCard(page, step, gate, view.unit));
  if (trace.cell.gates.length === 1) return found;
  return [...found, ...newStateCards(page, step, view.unit)];
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
