// The backward view: how much of the gradient of the last state reaches each step.

import { byId, drawing, element, label, shape } from "./dom.mjs";
import { hatching } from "./figures.mjs";
import { jacobians, verdict } from "./flow.mjs";
import { tickEvery } from "./heat_map.mjs";
import { matrixFigure, sign } from "./matrices.mjs";
import { inWords, powerOfTen } from "./numbers.mjs";
import { order } from "./trace.mjs";

const BARS_LEFT = 52;
const TALL = 150;
const FEW_UNITS = 4;

/** Draw the bars, the step Jacobians of a small cell, and the verdict. */
export function drawBackward(page, { from, to }) {
  const { trace, view, text } = page;
  byId("backward-section").hidden = !view.backward;
  if (!view.backward) return;
  const host = byId("backward");
  const parts = [bars(page, page.width)];
  if (trace.P <= FEW_UNITS && trace.H <= FEW_UNITS && !trace.window) {
    const steps = order(trace, view.k).filter((t) => t >= from && t < to);
    if (steps.length > 1) parts.push(jacobianEquation(page, steps.slice(1).reverse(), steps[0]));
  }
  host.replaceChildren(...parts);
  byId("verdict").textContent = text.verdict(verdict(trace, view.k, page.flow.norms));
}

// ---- bars on a log axis -----------------------------------------------------------------------------

function bars(page, width) {
  const { trace, view, text } = page;
  const { norms } = page.flow;
  const across = trace.T ? Math.min(72, (width - BARS_LEFT - 4) / trace.T) : 0;
  const axis = logAxis(norms);
  const picture = drawing(width, TALL + 46, text.backwardPicture, hatching());
  picture.classList.add("clickable");
  for (const exponent of axis.ticks) {
    const y = axis.y(exponent);
    const line = { x1: BARS_LEFT, x2: BARS_LEFT + trace.T * across, y1: y, y2: y, class: "rule" };
    picture.append(shape("line", line));
    picture.append(
      label(BARS_LEFT - 8, y + 4, powerOfTen(exponent), { anchor: "end", kind: "pale" }),
    );
  }
  norms.forEach((value, t) => {
    const left = BARS_LEFT + t * across;
    if (value > 0 && Number.isFinite(value)) {
      const y = axis.y(Math.log10(value));
      const place = { x: left + across * 0.18, y, width: across * 0.64 };
      const kind = t === view.t ? "norm chosen" : "norm";
      picture.append(shape("rect", { ...place, height: 14 + TALL - y, rx: 2, class: kind }));
      if (across > 44)
        picture.append(label(left + across / 2, y - 6, inWords(value), { kind: "number" }));
    } else if (across > 20) {
      picture.append(label(left + across / 2, 10 + TALL, inWords(value), { kind: "number" }));
    }
  });
  if (trace.length < trace.T) {
    const place = { x: BARS_LEFT + trace.length * across, y: 14, height: TALL };
    const wide = (trace.T - trace.length) * across;
    picture.append(shape("rect", { ...place, width: wide, class: "padding" }));
  }
  const every = tickEvery(trace.T, across);
  for (let t = 0; t < trace.T; t += every) {
    const kind = t === view.t ? "number strong-text" : "number pale";
    const name = across > 44 ? `t = ${t}` : t;
    picture.append(label(BARS_LEFT + (t + 0.5) * across, TALL + 32, name, { kind }));
  }
  picture.addEventListener("click", (event) => {
    const x = event.clientX - picture.getBoundingClientRect().left - BARS_LEFT;
    const t = Math.floor(x / across);
    if (t >= 0 && t < trace.T) page.go({ t });
  });
  return picture;
}

/** Whole powers of ten around all norms, at least two apart, at most six with a label. */
export function logAxis(norms) {
  const logs = norms.filter((value) => value > 0 && Number.isFinite(value)).map(Math.log10);
  const high = Math.ceil(Math.max(0, ...logs));
  const low = Math.min(high - 2, Math.floor(Math.min(0, ...logs)));
  const every = Math.max(1, Math.ceil((high - low) / 5));
  const ticks = [];
  for (let exponent = high; exponent >= low; exponent -= every) ticks.push(exponent);
  return { ticks, low, high, y: (log) => 14 + ((high - log) / (high - low)) * TALL };
}

// ---- step Jacobians -----------------------------------------------------------------------------------

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
