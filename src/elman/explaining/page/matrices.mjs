// Matrices and vectors of an equation, with name and shape underneath.

import { colour } from "./colours.mjs";
import { element, label, shape } from "./dom.mjs";
import { ring } from "./figures.mjs";
import { cellNumber, nineDigits, shapeText } from "./numbers.mjs";
import { pixelGrid } from "./pixels.mjs";

export const LARGEST = 12; // more rows or columns than this become a picture without numbers
const CELL = { width: 44, height: 22 };
const PICTURE = 190; // pixels of its longer side
const THICK = 14; // pixels of a vector's width
const GATE_ROOM = 20;

/**
 * A matrix, or a vector as a column, as an element.
 *
 * Options: deepest, plain, places (of decimals, in a wider cell), outlined (rows), gates (letters
 * of its row blocks), levels (rows drawn as a fill level), hidden (i => whether row i is blank),
 * most (rows that are still written as numbers),
 * typed (its name in Python).
 */
export function matrixFigure({ shape: size, values }, name, options = {}) {
  const [rows, columns] = size.length === 1 ? [size[0], 1] : size;
  const large = rows > (options.most ?? LARGEST) || columns > LARGEST;
  const draw = large ? pixels : numbers;
  const picture = draw(values, rows, columns, options);
  const title = options.typed ?? null;
  return element(
    "figure",
    { class: "matrix", title },
    picture,
    element("figcaption", {}, element("div", {}, name), element("div", {}, shapeText(size))),
  );
}

/** A sign of an equation between its figures. */
export const sign = (text) => element("span", { class: "sign" }, text);

// ---- with numbers ------------------------------------------------------------------------------

function numbers(values, rows, columns, options) {
  const width = options.places ? 54 : CELL.width;
  const room = options.gates ? GATE_ROOM : 0;
  const size = { width: columns * width + room, height: rows * CELL.height };
  const box = `${-room} 0 ${size.width} ${size.height}`;
  const picture = shape("svg", { ...size, viewBox: box, "aria-hidden": "true" });
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const place = { x: j * width, y: i * CELL.height, width, height: CELL.height };
      const index = columns === 1 ? [i] : [i, j];
      picture.append(...numbered(values[i * columns + j], place, i, index, options));
    }
  }
  for (const i of options.outlined ?? []) {
    const place = { x: 1, y: i * CELL.height + 1, width: columns * width - 2 };
    picture.append(shape("rect", { ...place, height: CELL.height - 2, rx: 2, class: "ring" }));
  }
  if (options.gates) picture.append(...gateNames(options.gates, rows, columns * width));
  return picture;
}

function numbered(value, place, i, index, options) {
  const blank = options.hidden?.(i) ?? false;
  const plain = options.plain || options.levels?.includes(i);
  const { fill, ink } = colour(value, options.deepest ?? 1);
  const rect = shape("rect", {
    ...place,
    class: blank ? "cell blank" : plain ? "cell plain" : "cell",
  });
  if (!blank && !plain) rect.style.fill = fill;
  const parts = [rect];
  if (options.levels?.includes(i)) parts.push(level(value, place));
  const at = [place.x + place.width / 2, place.y + place.height / 2 + 4];
  const written = cellNumber(value, options.places);
  const colours = { kind: "number", ink: blank || plain ? null : ink };
  const text = label(...at, blank ? "?" : written, colours);
  if (options.typed && !blank) {
    const name = `${options.typed}[${index.join(", ")}] = ${nineDigits(value)}`;
    text.append(shape("title", {}, name));
  }
  parts.push(text);
  if (!Number.isFinite(value) && !blank) parts.push(ring(place));
  return parts;
}

/** A gate between 0 and 1 has no hue: the cell is filled as far as the gate is open. */
function level(value, { x, y, width, height }) {
  const share = Math.max(0, Math.min(1, value || 0));
  const inner = { x: x + 1, y: y + 1, width: (width - 2) * share, height: height - 2 };
  return shape("rect", { ...inner, class: "level" });
}

function gateNames(gates, rows, width) {
  const height = (rows / gates.length) * CELL.height;
  return gates.flatMap((gate, i) => {
    const name = label(-11, (i + 0.5) * height + 4, gate, { kind: "number" });
    if (i === 0) return [name];
    const line = { x1: -GATE_ROOM, x2: width, y1: i * height, y2: i * height, class: "divider" };
    return [name, shape("line", line)];
  });
}

// ---- as a picture ------------------------------------------------------------------------------

function pixels(values, rows, columns, options) {
  const cell = Math.min(THICK, PICTURE / Math.max(rows, columns));
  const width = columns === 1 ? THICK : columns * cell;
  const height = rows * cell;
  const hidden = options.hidden ?? (() => false);
  const valueAt = (i, j) => (hidden(i) ? null : values[i * columns + j]);
  const canvas = pixelGrid(rows, columns, width, height, valueAt, options.deepest);
  const marks = shape("svg", { width, height, "aria-hidden": "true" });
  for (const i of options.levels ?? []) {
    const place = { x: 0, y: i * cell, height: cell + 0.3 };
    marks.append(shape("rect", { ...place, width, class: "cell-ground" }));
    marks.append(shape("rect", { ...place, width: width * (values[i] || 0), class: "level" }));
  }
  for (const i of options.outlined ?? []) {
    const tall = Math.max(cell + 1, 4);
    const y = Math.max(0.75, Math.min(height - tall - 0.75, (i + 0.5) * cell - tall / 2));
    const place = { x: 0.75, y, width: width - 1.5, height: tall };
    marks.append(shape("rect", { ...place, class: "ring thin" }));
  }
  const picture = element("div", { class: "layers" }, canvas, marks);
  picture.style.width = `${width}px`;
  marks.addEventListener("mousemove", ({ offsetX, offsetY }) => {
    const i = Math.min(rows - 1, Math.max(0, Math.floor(offsetY / cell)));
    const j = Math.min(columns - 1, Math.max(0, Math.floor((offsetX / width) * columns)));
    const index = columns === 1 ? i : `${i}, ${j}`;
    const name = options.typed ?? "";
    picture.title = hidden(i) ? "?" : `${name}[${index}] = ${nineDigits(values[i * columns + j])}`;
  });
  return picture;
}
