// The unrolled network: layers, lanes and directions over the steps that fit.

import { byId, drawing, element, label, shape } from "./dom.mjs";
import { columnSize, drawArrow, drawColumn, drawPadding, FEW, hatching } from "./figures.mjs";
import { drawLane } from "./lanes.mjs";
import { nineDigits } from "./numbers.mjs";
import { drawRowNames } from "./row_names.mjs";
import { largest } from "./tensors.mjs";
import { indexed } from "./trace.mjs";
import { INPUT_CELL, layOut, standingAt } from "./unrolled_layout.mjs";

/** Draw the network into #network; returns the layout, whose window the heat map marks. */
export function drawUnrolled(page) {
  const { trace, view, text } = page;
  const host = byId("network");
  const layout = layOut(trace, page.width, view.t);
  const width = Math.max(layout.width, layout.right);
  const picture = drawing(width, layout.height, text.networkPicture(trace), hatching());
  const layers = element("div", { class: "layers" }, picture);
  picture.classList.add("clickable");
  if (trace.T) drawBand(picture, layout, view.t);
  drawRowNames(picture, trace, layout, text);
  drawBoxes(picture, layout);
  for (let k = 0; k < trace.lanes; k++) drawLane(picture, page, layout, k);
  for (let t = layout.from; t < layout.to; t++) drawStepColumn(picture, page, layout, t);
  const standing = (event) => {
    const corner = picture.getBoundingClientRect();
    return standingAt(trace, layout, event.clientX - corner.left, event.clientY - corner.top);
  };
  picture.addEventListener("click", (event) => {
    const { part, ...where } = standing(event);
    page.go(where);
  });
  picture.addEventListener("mousemove", (event) => {
    layers.title = valueOfStrip(page, standing(event));
  });
  host.replaceChildren(layers);
  return layout;
}

/** The name and the nine digits of a value that is drawn without its number. */
function valueOfStrip({ trace, result, hidden }, { t, k, part, unit }) {
  const step = t === undefined || k === undefined ? null : result.lanes[k].steps[t];
  const size = part === "h" ? trace.P : trace.H;
  if (!step || size <= FEW || hidden(k, t, unit)) return "";
  const value = (part === "h" ? step.hNext : step.cNext)[unit];
  return `trace.${part}[${k}, ${t}, ${unit}] = ${nineDigits(value)}`;
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
  if (layout.step > 90 || t === view.t) {
    picture.append(label(x, layout.output.top - 7, name, { kind }));
  }
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
    if (trace.D === 1 || t >= trace.length) continue;
    const at = [x + width / 2 + 10, top + height / 2 + 4];
    picture.append(label(...at, direction ? "←" : "→", { kind: t === view.t ? "" : "pale" }));
  }
}
