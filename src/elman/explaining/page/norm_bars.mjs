// The norm of the gradient at each step, as bars on a log axis.

import { drawing, label, shape } from "./dom.mjs";
import { hatching } from "./figures.mjs";
import { tickEvery } from "./heat_map.mjs";
import { inWords, powerOfTen } from "./numbers.mjs";

const BARS_LEFT = 52;
const BARS_TOP = 14;
const TALL = 150;
const WIDEST_BAR = 72;

/** Draw a bar for every step of the chosen lane; a click chooses its step. */
export function normBars(page) {
  const { trace, text, width } = page;
  const across = trace.T ? Math.min(WIDEST_BAR, (width - BARS_LEFT - 4) / trace.T) : 0;
  const picture = drawing(width, TALL + 46, text.backwardPicture, hatching());
  picture.classList.add("clickable");
  const axis = logAxis(page.flow.norms);
  drawRules(picture, axis, trace.T * across);
  drawNorms(picture, page, axis, across);
  if (trace.length < trace.T) {
    const place = { x: BARS_LEFT + trace.length * across, y: BARS_TOP, height: TALL };
    const wide = (trace.T - trace.length) * across;
    picture.append(shape("rect", { ...place, width: wide, class: "padding" }));
  }
  drawSteps(picture, page, across);
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
  const high = Math.ceil(logs.reduce((most, log) => Math.max(most, log), 0));
  const least = Math.floor(logs.reduce((found, log) => Math.min(found, log), 0));
  const low = Math.min(high - 2, least);
  const every = Math.max(1, Math.ceil((high - low) / 5));
  const ticks = [];
  for (let exponent = high; exponent >= low; exponent -= every) ticks.push(exponent);
  return { ticks, low, high, y: (log) => BARS_TOP + ((high - log) / (high - low)) * TALL };
}

function drawRules(picture, { ticks, y }, width) {
  for (const exponent of ticks) {
    const line = { x1: BARS_LEFT, x2: BARS_LEFT + width, y1: y(exponent), y2: y(exponent) };
    const name = { anchor: "end", kind: "pale" };
    picture.append(
      shape("line", { ...line, class: "rule" }),
      label(BARS_LEFT - 8, y(exponent) + 4, powerOfTen(exponent), name),
    );
  }
}

function drawNorms(picture, { view, flow }, axis, across) {
  const bottom = BARS_TOP + TALL;
  const every = Math.max(1, Math.floor(1 / across)); // no more bars than pixels
  flow.norms.forEach((value, t) => {
    if (t % every && t !== view.t) return;
    const left = BARS_LEFT + t * across;
    const shown = value > 0 && Number.isFinite(value);
    const y = shown ? axis.y(Math.log10(value)) : bottom;
    if (shown) {
      const place = { x: left + across * 0.18, y, width: Math.max(0.5, across * 0.64) };
      const kind = t === view.t ? "norm chosen" : "norm";
      picture.append(shape("rect", { ...place, height: bottom - y, rx: 2, class: kind }));
    }
    if (across > 44) {
      picture.append(label(left + across / 2, y - 6, inWords(value), { kind: "number" }));
    }
  });
}

function drawSteps(picture, { trace, view }, across) {
  const every = tickEvery(trace.T, across);
  for (let t = 0; t < trace.T; t += every) {
    const kind = t === view.t ? "number strong-text" : "number pale";
    const name = across > 44 ? `t = ${t}` : t;
    picture.append(label(BARS_LEFT + (t + 0.5) * across, TALL + 32, name, { kind }));
  }
}
