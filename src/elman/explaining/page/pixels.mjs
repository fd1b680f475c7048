// Many numbers as a picture: one pixel of a canvas for each, scaled without smoothing.

import { colour } from "./colours.mjs";
import { element } from "./dom.mjs";

const INK = { light: [34, 38, 43], dark: [233, 231, 226] };

/**
 * A canvas of rows × columns cells, shown at width × height.
 *
 * `valueAt(i, j)` is the number of a cell, or null for a blank; one that is not finite is ink.
 */
export function pixelGrid(rows, columns, width, height, valueAt, deepest = 1) {
  const canvas = element("canvas", { width: columns, height: rows, "aria-hidden": "true" });
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const brush = canvas.getContext("2d");
  const image = brush.createImageData(Math.max(1, columns), Math.max(1, rows));
  const ink = INK[document.documentElement.dataset.theme];
  for (let i = 0, at = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++, at += 4) {
      const value = valueAt(i, j);
      if (value === null) continue;
      const [red, green, blue] = Number.isFinite(value) ? colour(value, deepest).bytes : ink;
      image.data[at] = red;
      image.data[at + 1] = green;
      image.data[at + 2] = blue;
      image.data[at + 3] = 255;
    }
  }
  brush.putImageData(image, 0, 0);
  return canvas;
}
