// Matrices and vectors of an equation, with name and shape underneath.

import { colour } from "./colours.mjs";
import { element, label, shape } from "./dom.mjs";
import { ring } from "./figures.mjs";
import { cellNumber, nineDigits, shapeText } from "./numbers.mjs";

export const LARGEST = 12; // more rows or columns than this become a picture without numbers
const CELL = { width: 44, height: 22 };
const PICTURE = 190;
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

// ---- with numbers ---------------------------------------------------------------------------------

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

// ---- as a picture -----------------------------------------------------------------------------------

function pixels(values, rows, columns, options) {
  const cell = Math.min(14, PICTURE / Math.max(rows, columns));
  const width = columns === 1 ? 14 : columns * cell;
  const height = rows * cell;
  const canvas = sharpCanvas(width, height);
  const brush = canvas.getContext("2d");
  const across = width / columns;
  const hidden = options.hidden ?? (() => false);
  for (let i = 0; i < rows; i++) {
    if (hidden(i)) continue;
    for (let j = 0; j < columns; j++) {
      const value = values[i * columns + j];
      const isLevel = options.levels?.includes(i) ?? false;
      brush.fillStyle = isLevel ? styled("--edge") : colour(value, options.deepest ?? 1).fill;
      paint(brush, canvas, j * across, i * cell, isLevel ? across * value : across, cell);
    }
  }
  outlineRows(brush, canvas, options.outlined ?? [], cell);
  canvas.addEventListener("mousemove", ({ offsetX, offsetY }) => {
    const i = Math.min(rows - 1, Math.max(0, Math.floor(offsetY / cell)));
    const j = Math.min(columns - 1, Math.max(0, Math.floor(offsetX / across)));
    const index = columns === 1 ? i : `${i}, ${j}`;
    const name = options.typed ?? "";
    canvas.title = hidden(i) ? "?" : `${name}[${index}] = ${nineDigits(values[i * columns + j])}`;
  });
  return canvas;
}

/** A canvas of the screen's own pixels. */
export function sharpCanvas(width, height) {
  const density = globalThis.devicePixelRatio || 1;
  const canvas = element("canvas", {
    width: Math.max(1, Math.round(width * density)),
    height: Math.max(1, Math.round(height * density)),
  });
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  return canvas;
}

/** Fill a rectangle given in the page's pixels, without seams beside its neighbours. */
export function paint(brush, canvas, x, y, width, height) {
  const density = globalThis.devicePixelRatio || 1;
  const [left, top] = [Math.round(x * density), Math.round(y * density)];
  const right = Math.min(canvas.width, Math.round((x + width) * density));
  const bottom = Math.min(canvas.height, Math.round((y + height) * density));
  brush.fillRect(left, top, Math.max(1, right - left), Math.max(1, bottom - top));
}

/** A colour of the style sheet. */
export function styled(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name);
}

function outlineRows(brush, canvas, rows, cell) {
  const density = globalThis.devicePixelRatio || 1;
  brush.strokeStyle = styled("--ink");
  brush.lineWidth = 1.5 * density;
  for (const i of rows) {
    const top = Math.max(0.75, i * cell - 0.75) * density;
    const height = Math.max(cell + 1.5, 4) * density;
    brush.strokeRect(0.75 * density, top, canvas.width - 1.5 * density, height);
  }
}
