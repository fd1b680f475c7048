// A lane: the states of one layer in one direction, from its initial to its final one.

import { label } from "./dom.mjs";
import { columnSize, drawArrow, drawColumn, drawPadding } from "./figures.mjs";
import { ends, indexedState, order } from "./trace.mjs";

/** Draw lane k: a row for h, and above it one for c of an LSTM. */
export function drawLane(picture, page, layout, k) {
  const { trace } = page;
  const lane = layout.layers[Math.floor(k / trace.D)].lanes[k % trace.D];
  for (const part of trace.c_0 ? ["c", "h"] : ["h"]) {
    const row = rowOf(page, layout, k, part, lane[part]);
    drawPath(picture, page, layout, row);
    for (let t = layout.from; t < layout.to; t++) drawState(picture, page, layout, row, t);
  }
}

/** What drawing a row needs: `along` is 1 for forward and −1 for reverse, `half` half a cell. */
function rowOf({ trace, view }, layout, k, part, { top, height }) {
  const reverse = k % trace.D === 1;
  const size = part === "h" ? trace.P : trace.H;
  const inset = layout.side > 80 ? 46 : 32;
  return {
    k,
    part,
    size,
    top,
    middle: top + height / 2,
    along: reverse ? -1 : 1,
    half: columnSize(size).width / 2 + 3,
    reach: layout.side > 80 ? 27 : 14, // of the arrow to the final state
    begin: reverse ? layout.right - inset : layout.left + inset,
    finish: reverse ? layout.x(layout.from) : layout.x(layout.to - 1),
    back: view.backward && k === view.k,
  };
}

function drawState(picture, page, layout, { k, part, size, top }, t) {
  const { view } = page;
  const step = page.result.lanes[k].steps[t];
  if (!step) {
    drawPadding(picture, size, layout.x(t), top);
    return;
  }
  const chosen = t === view.t && k === view.k;
  drawColumn(picture, part === "h" ? step.hNext : step.cNext, layout.x(t), top, {
    ring: chosen,
    hidden: (i) => page.hidden(k, t, i) && !(part === "c" && chosen),
    named: (i) => `trace.${part}[${k}, ${t}, ${i}]`,
  });
}

/** The arrows from state to state; they turn round when the gradient goes back through them. */
function drawPath(picture, page, layout, row) {
  const { trace, view } = page;
  const { k, along, half, begin } = row;
  const { first, last } = ends(trace, k);
  const shown = order(trace, k).filter((t) => t >= layout.from && t < layout.to);
  const isShown = (t) => t === undefined || shown.includes(t);
  let from = null; // where the next arrow starts
  if (isShown(first)) {
    drawInitial(picture, page, row);
    from = begin + along * half;
  } else if (shown.length) {
    from = layout.x(shown[0]) - along * (half + 22);
    drawDots(picture, row, from - along * 12);
  }
  for (const t of shown) {
    const to = layout.x(t) - along * half;
    const strong = k === view.k && t === view.t;
    const text = Math.abs(to - from) < layout.step ? nameOfArrow(page, row, t, t === first) : "";
    connect(picture, row, from, to, { strong, text });
    from = layout.x(t) + along * half;
  }
  if (from === null) return;
  if (isShown(last)) drawFinal(picture, page, row, from, last);
  else {
    connect(picture, row, from, from + along * 22, {});
    drawDots(picture, row, from + along * 34);
  }
}

function connect(picture, { middle, back }, from, to, options) {
  const [tail, head] = back ? [to, from] : [from, to];
  drawArrow(picture, [tail, middle], [head, middle], options);
}

function drawDots(picture, { middle }, x) {
  picture.append(label(x, middle + 4, "···", { kind: "pale" }));
}

function drawInitial(picture, { trace }, { k, part, size, top, begin }) {
  const name = `${part}_0`;
  const values = trace[name].values.subarray(k * size, (k + 1) * size);
  const shown = trace.layer.cell ? part : indexedState(trace, name, k);
  const named = (i) => `${indexedState(trace, name, k, i)}`;
  drawColumn(picture, values, begin, top, { dashed: true, named });
  picture.append(label(begin, top - 7, shown, { kind: "number pale" }));
}

function drawFinal(picture, { trace, view }, row, from, last) {
  const { k, part, along, half, reach, middle, begin, finish } = row;
  const tip = (trace.T ? finish : begin) + along * (half + reach);
  connect(picture, row, from, tip, { strong: k === view.k && last === view.t });
  const name = trace.layer.cell ? `${part}′` : indexedState(trace, `${part}_n`, k);
  const options = { anchor: along < 0 ? "end" : "start", kind: "number strong-text" };
  picture.append(label(tip + along * 4, middle + 4, name, options));
}

/** W_hh, or ×0.07: by how much the norm of the gradient changes on its way back from step t. */
function nameOfArrow({ view, flow }, { k, part, along, back }, t, isFirst) {
  if (k !== view.k || part === "c") return "";
  if (!back) return "W_hh";
  const value = isFirst ? Number.NaN : flow.norms[t - along] / flow.norms[t];
  if (!Number.isFinite(value)) return "";
  if (value !== 0 && (value < 0.005 || value >= 1000)) {
    return `×${value.toExponential(0).replace("e+", "e").replace("-", "\u2212")}`;
  }
  return `×${value.toFixed(2)}`;
}
