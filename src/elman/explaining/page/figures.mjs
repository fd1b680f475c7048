// The parts of drawings: column vectors, hatched padding, arrows.

import { colour } from "./colours.mjs";
import { label, shape } from "./dom.mjs";
import { cellNumber, nineDigits } from "./numbers.mjs";
import { pixelGrid } from "./pixels.mjs";

const CELL_WIDTH = 48;
export const CELL_HEIGHT = 23;
export const FEW = 8; // a longer vector is a strip without numbers
const STRIP_WIDTH = 26;
const STRIP_HEIGHT = 110;

/** {width, height} of a column of `count` values. */
export function columnSize(count, cell = CELL_HEIGHT) {
  if (count <= FEW) return { width: CELL_WIDTH, height: count * cell };
  return { width: STRIP_WIDTH, height: Math.min(3 * count, STRIP_HEIGHT) };
}

/**
 * Draw a column vector centred on `cx`; a long one is a strip, a canvas over the drawing.
 *
 * Options: deepest (where the colour is deepest), plain (numbers without colour), ring and dashed
 * (outlines), hidden (i => whether value i is blank), named (i => its name in Python).
 */
export function drawColumn(target, values, cx, top, options = {}) {
  const { width, height } = columnSize(values.length, options.cell);
  const left = cx - width / 2;
  const outline = { x: left, y: top, width, height, rx: 3, class: outlineClass(options) };
  if (values.length > FEW) {
    target.append(shape("rect", { ...outline, class: "blank" }), shape("rect", outline));
    target.parentNode.append(strip(values, left, top, width, height, options));
    return;
  }
  const size = height / values.length;
  values.forEach((value, i) => {
    const place = { x: left, y: top + i * size, width, height: size };
    target.append(...cell(value, i, place, options));
  });
  target.append(shape("rect", outline));
}

function outlineClass({ ring, dashed }) {
  if (ring) return "ring";
  return dashed ? "dashed" : "outline";
}

function strip(values, left, top, width, height, { deepest, hidden }) {
  const valueAt = (i) => (hidden?.(i) ? null : values[i]);
  const canvas = pixelGrid(values.length, 1, width - 2, height - 2, valueAt, deepest);
  canvas.style.left = `${left + 1}px`;
  canvas.style.top = `${top + 1}px`;
  return canvas;
}

function cell(value, i, place, { deepest = 1, plain, hidden, named }) {
  const blank = hidden?.(i) ?? false;
  const { fill, ink } = colour(value, deepest);
  const rect = shape("rect", { ...place, class: "cell" });
  if (blank) rect.classList.add("blank");
  else if (plain) rect.classList.add("plain");
  else rect.style.fill = fill;
  const middle = place.x + place.width / 2;
  const text = label(middle, place.y + place.height / 2 + 4, blank ? "?" : cellNumber(value), {
    kind: "number",
    ink: blank || plain ? null : ink,
  });
  if (named && !blank) {
    const title = () => shape("title", {}, `${named(i)} = ${nineDigits(value)}`);
    rect.append(title());
    text.append(title());
  }
  if (Number.isFinite(value) || blank) return [rect, text];
  return [rect, text, ring(place)];
}

/** The ring around a value that is no finite number. */
export function ring({ x, y, width, height }) {
  const inner = {
    x: x + 2,
    y: y + 2,
    width: Math.max(1, width - 4),
    height: Math.max(1, height - 4),
  };
  return shape("rect", { ...inner, rx: Math.min(8, inner.height / 2), class: "ring" });
}

/** The hatching of padding, to be put into a drawing once; refer to it as url(#hatch). */
export function hatching() {
  const size = { width: 6, height: 6, patternUnits: "userSpaceOnUse" };
  const lines = shape("path", { d: "M-1,1l2,-2M0,6l6,-6M5,7l2,-2", class: "hatch-line" });
  const ground = shape("rect", { width: 6, height: 6, class: "hatch-ground" });
  return shape("defs", {}, shape("pattern", { id: "hatch", ...size }, ground, lines));
}

/** A column of padding: hatched, no numbers. */
export function drawPadding(target, count, cx, top, cell) {
  const { width, height } = columnSize(count, cell);
  const place = { x: cx - width / 2, y: top, width, height, rx: 3 };
  target.append(shape("rect", { ...place, class: "padding" }));
}

/** An arrow along x or y, with a label beside it if there is room. */
export function drawArrow(target, [x1, y1], [x2, y2], { strong = false, text = "" } = {}) {
  const upright = x1 === x2;
  const kind = strong ? "arrow strong" : "arrow";
  const angle = Math.atan2(y2 - y1, x2 - x1);
  const [ex, ey] = [x2 - 6 * Math.cos(angle), y2 - 6 * Math.sin(angle)];
  const turn = `translate(${x2},${y2}) rotate(${(angle * 180) / Math.PI})`;
  target.append(
    shape("line", { x1, y1, x2: ex, y2: ey, class: kind }),
    shape("path", { d: "M-7,-3.6L0,0L-7,3.6Z", transform: turn, class: `${kind} head` }),
  );
  const room = Math.hypot(x2 - x1, y2 - y1);
  if (!text || room < (upright ? 20 : 34)) return;
  const ink = strong ? "" : "pale";
  const [mx, my] = [(x1 + x2) / 2, (y1 + y2) / 2];
  if (upright)
    target.append(label(mx + 7, my + 4, text, { kind: `small ${ink}`, anchor: "start" }));
  else target.append(label(mx - 2 * Math.sign(x2 - x1), my - 6, text, { kind: `small ${ink}` }));
}
