// The unrolled network: layers, lanes and directions over the steps that fit.

import { byId, drawing, label, shape } from "./dom.mjs";
import { columnSize, drawArrow, drawColumn, drawPadding, hatching } from "./figures.mjs";
import { drawRowNames } from "./row_names.mjs";
import { largest } from "./tensors.mjs";
import { ends, indexed, indexedState, order } from "./trace.mjs";
import { INPUT_CELL, layOut, standingAt } from "./unrolled_layout.mjs";

/** Draw the network into #network; returns the layout, whose window the heat map marks. */
export function drawUnrolled(page) {
  const { trace, view, text } = page;
  const host = byId("network");
  const layout = layOut(trace, Math.max(280, host.clientWidth), view.t);
  const width = Math.max(layout.width, layout.right);
  const picture = drawing(width, layout.height, text.networkPicture(trace), hatching());
  picture.classList.add("clickable");
  if (trace.T) drawBand(picture, layout, view.t);
  drawRowNames(picture, trace, layout, text);
  drawBoxes(picture, layout);
  for (let k = 0; k < trace.lanes; k++) drawLane(picture, page, layout, k);
  for (let t = layout.from; t < layout.to; t++) drawStepColumn(picture, page, layout, t);
  picture.addEventListener("click", (event) => {
    const corner = picture.getBoundingClientRect();
    const at = [event.clientX - corner.left, event.clientY - corner.top];
    page.go(standingAt(trace, layout, ...at));
  });
  host.replaceChildren(picture);
  return layout;
}

function drawBand(picture, layout, t) {
  const place = { x: layout.x(t) - layout.step / 2 + 4, y: 2, width: layout.step - 8 };
  picture.append(shape("rect", { ...place, height: layout.foot + 6, rx: 12, class: "band" }));
}

function drawBoxes(picture, layout) {
  for (const { top, bottom, boxed } of layout.layers) {
    if (!boxed) continue;
    const place = { x: layout.left + 1, y: top, width: layout.right - layout.left - 2 };
    picture.append(shape("rect", { ...place, height: bottom - top, rx: 14, class: "box" }));
  }
}

/** Everything of one step that is not in a lane: input, output, arrows upwards, its number. */
function drawStepColumn(picture, page, layout, t) {
  const { trace, view } = page;
  const x = layout.x(t);
  const chosen = t === view.t;
  const valid = t < trace.length;
  const chosenLayer = Math.floor(view.k / trace.D);
  const kind = chosen ? "strong-text" : "pale";
  if (!trace.layer.cell) picture.append(label(x, layout.foot, `t = ${t}`, { kind }));
  drawInput(picture, page, layout, t);
  layout.layers.forEach((layer, l) => {
    if (!valid) return;
    const below = l ? layout.layers[l - 1] : null;
    const start = below ? topEdge(below) : layout.input.top - 3;
    const end = layer.boxed ? layer.bottom : layer.bottom + 4;
    const strong = chosen && l === chosenLayer;
    drawArrow(picture, [x, start], [x, end], { strong, text: strong ? "W_ih" : "" });
  });
  if (!layout.output) return;
  if (valid) {
    const end = layout.output.top + layout.output.height + 4;
    const strong = chosen && chosenLayer === trace.L - 1;
    drawArrow(picture, [x, topEdge(layout.layers[trace.L - 1])], [x, end], { strong });
  }
  drawOutput(picture, page, layout, t);
}

const topEdge = (layer) => layer.top - (layer.boxed ? 0 : 3);

function drawInput(picture, page, layout, t) {
  const { trace } = page;
  if (t >= trace.length) {
    drawPadding(picture, trace.I, layout.x(t), layout.input.top, INPUT_CELL);
    return;
  }
  const values = trace.x.values.subarray(t * trace.I, (t + 1) * trace.I);
  drawColumn(picture, values, layout.x(t), layout.input.top, {
    cell: INPUT_CELL,
    plain: true,
    deepest: largest(trace.x.values) || 1,
    named: (i) => indexed(trace, "x", t, i),
  });
}

/** output repeats the states of the last layer, forward half first. */
function drawOutput(picture, page, layout, t) {
  const { trace, view } = page;
  const x = layout.x(t);
  const { width, height } = columnSize(trace.P);
  const name = indexed(trace, "output", t);
  const kind = `number ${t === view.t ? "" : "pale"}`;
  picture.append(label(x, layout.output.top - 7, name, { kind }));
  for (let direction = 0; direction < trace.D; direction++) {
    const k = (trace.L - 1) * trace.D + direction;
    const top = layout.output.top + direction * (height + 4);
    if (t >= trace.length) drawPadding(picture, trace.P, x, top);
    else {
      drawColumn(picture, page.result.lanes[k].steps[t].hNext, x, top, {
        ring: t === view.t && k === view.k,
        hidden: (i) => page.hidden(k, t, i),
        named: (i) => indexed(trace, "output", t, direction * trace.P + i),
      });
    }
    if (trace.D === 1) continue;
    const at = [x + width / 2 + 10, top + height / 2 + 4];
    picture.append(label(...at, direction ? "←" : "→", { kind: t === view.t ? "" : "pale" }));
  }
}

/** A lane: the states of one layer in one direction, from its initial to its final one. */
function drawLane(picture, page, layout, k) {
  const { trace } = page;
  const lane = layout.layers[Math.floor(k / trace.D)].lanes[k % trace.D];
  for (const part of trace.c_0 ? ["c", "h"] : ["h"]) {
    drawPath(picture, page, layout, k, part, lane[part]);
    for (let t = layout.from; t < layout.to; t++) drawState(picture, page, layout, k, part, t);
  }
}

function drawState(picture, page, layout, k, part, t) {
  const { trace, view } = page;
  const { top } = layout.layers[Math.floor(k / trace.D)].lanes[k % trace.D][part];
  const step = page.result.lanes[k].steps[t];
  const size = part === "h" ? trace.P : trace.H;
  if (!step) {
    drawPadding(picture, size, layout.x(t), top);
    return;
  }
  drawColumn(picture, part === "h" ? step.hNext : step.cNext, layout.x(t), top, {
    ring: t === view.t && k === view.k,
    hidden: (i) => page.hidden(k, t, i) && !(part === "c" && t === view.t && k === view.k),
    named: (i) => `${part}[${i}], t = ${t}`,
  });
}

/** The arrows of h, or of c, through a lane; they turn round when gradients go back through it. */
function drawPath(picture, page, layout, k, part, { top, height }) {
  const { trace, view } = page;
  const reverse = k % trace.D === 1;
  const along = reverse ? -1 : 1;
  const half = columnSize(part === "h" ? trace.P : trace.H).width / 2 + 3;
  const y = top + height / 2;
  const { first, last } = ends(trace, k);
  const shown = order(trace, k).filter((t) => t >= layout.from && t < layout.to);
  const visible = (t) => t === undefined || shown.includes(t);
  const back = view.backward && k === view.k;
  const inset = layout.side > 80 ? 48 : 30;
  const begin = reverse ? layout.right - inset : layout.left + inset;
  const finish = reverse ? layout.x(layout.from) : layout.x(layout.to - 1);
  const connect = (from, to, options) => {
    const [tail, head] = [from, to];
    drawArrow(picture, back ? [head, y] : [tail, y], back ? [tail, y] : [head, y], options);
  };
  let before = null;
  if (visible(first)) {
    drawInitial(picture, page, k, part, begin, top);
    before = begin;
  } else if (shown.length) {
    before = layout.x(shown[0]) - along * layout.step;
    picture.append(label(before + along * layout.step * 0.28, y + 4, "···", { kind: "pale" }));
    before += along * layout.step * 0.3;
  }
  shown.forEach((t, i) => {
    const strong = k === view.k && t === view.t;
    const start = i || visible(first) ? before + along * half : before + along * 12;
    const name = back
      ? factor(page, t, before === begin)
      : k === view.k && part === "h"
        ? "W_hh"
        : "";
    const textShown = part === "h" ? name : "";
    connect(start, layout.x(t) - along * half, { strong, text: textShown });
    before = layout.x(t);
  });
  if (before === null) return;
  if (visible(last)) {
    const tip = (trace.T ? finish : begin) + along * (half + 27);
    connect(before + along * half, tip, { strong: k === view.k && last === view.t });
    const name = trace.layer.cell ? `${part}′` : indexedState(trace, `${part}_n`, k);
    const options = { anchor: reverse ? "end" : "start", kind: "number strong-text" };
    picture.append(label(tip + along * 5, y + 4, name, options));
  } else {
    picture.append(label(before + along * layout.step * 0.5, y + 4, "···", { kind: "pale" }));
  }
}

function drawInitial(picture, page, k, part, x, top) {
  const { trace } = page;
  const name = `${part}_0`;
  const size = part === "h" ? trace.P : trace.H;
  const values = trace[name].values.subarray(k * size, (k + 1) * size);
  const shownName = trace.layer.cell ? part : indexedState(trace, name, k);
  drawColumn(picture, values, x, top, { dashed: true, named: (i) => `${shownName}[${i}]` });
  picture.append(label(x, top - 7, shownName, { kind: "number pale" }));
}

/** ×0.07: by how much the norm of the gradient changes on its way from step t to the one before. */
function factor(page, t, isFirst) {
  if (isFirst) return "";
  const before = page.view.k % page.trace.D ? t + 1 : t - 1;
  const { norms } = page.flow;
  const value = norms[before] / norms[t];
  if (!Number.isFinite(value)) return "";
  if (value !== 0 && (value < 0.005 || value >= 1000)) {
    return `×${value.toExponential(0).replace("e+", "e").replace("-", "−")}`;
  }
  return `×${value.toFixed(2)}`;
}
