// The backward view: how much of the gradient of the last state reaches each step.

import { byId, element } from "./dom.mjs";
import { jacobians, verdict } from "./flow.mjs";
import { matrixFigure, sign } from "./matrices.mjs";
import { normBars } from "./norm_bars.mjs";
import { order } from "./trace.mjs";

const FEW_UNITS = 4;

/** Draw the bars, the step Jacobians of a small cell, and the verdict. */
export function drawBackward(page, { from, to }) {
  const { trace, view, text } = page;
  byId("backward-section").hidden = !view.backward;
  if (!view.backward) return;
  const host = byId("backward");
  const parts = [normBars(page)];
  if (trace.P <= FEW_UNITS && trace.H <= FEW_UNITS && !trace.window) {
    const steps = order(trace, view.k).filter((t) => t >= from && t < to);
    if (steps.length > 1) parts.push(jacobianEquation(page, steps.slice(1).reverse(), steps[0]));
  }
  host.replaceChildren(...parts);
  byId("verdict").textContent = text.verdict(verdict(trace, view.k, page.flow.norms));
}

/** ∂h[2]/∂h[1] @ ∂h[1]/∂h[0] = ∂h[2]/∂h[0], of the steps that the drawing shows. */
function jacobianEquation(page, steps, earliest) {
  const { trace, view } = page;
  const lane = page.result.lanes[view.k];
  const { each, whole } = jacobians(trace, lane, view.k, steps);
  const letter = trace.c_0 ? "(h, c)" : "h";
  const name = (after, before) => `∂${letter}[${after}]/∂${letter}[${before}]`;
  const line = element("div", { class: "equation" });
  steps.forEach((t, i) => {
    const before = steps[i + 1] ?? earliest;
    if (i) line.append(sign("@"));
    line.append(matrixFigure(each[i], name(t, before), { places: 3 }));
  });
  if (steps.length > 1) {
    line.append(sign("="), matrixFigure(whole, name(steps[0], earliest), { places: 3 }));
  }
  return line;
}
