// The states of a lane over time: steps across, units down.

import { colour } from "./colours.mjs";
import { byId, drawing, element, label, shape } from "./dom.mjs";
import { hatching, ring } from "./figures.mjs";
import { cellNumber, nineDigits } from "./numbers.mjs";
import { pixelGrid } from "./pixels.mjs";

const GRID_LEFT = 40;
const MOST_COLUMNS = 8192; // as a canvas has no more pixels than a browser allows
const MOST_SHAPES = 2000; // more cells than this are painted on a canvas

/** Draw the states into #states, with a bracket under the window of the unrolled network. */
export function drawHeatMap(page, { from, to }) {
  const { trace, view, text } = page;
  const host = byId("states");
  const width = page.width;
  const size = gridSize(trace, width);
  const bracketed = to - from < trace.T;
  const height = size.rows * size.down + (bracketed ? 36 : 24);
  const picture = drawing(width, height, text.statesPicture(trace), hatching());
  picture.classList.add("clickable");
  const many = trace.T * trace.P > MOST_SHAPES;
  const grid = many ? paintGrid(page, size) : null;
  if (!many) drawGrid(picture, page, size);
  drawPaddingOfGrid(picture, trace, size);
  drawMarks(picture, page, size);
  if (bracketed) drawBracket(picture, size, from, to);
  picture.addEventListener("click", (event) => page.go(cellAt(picture, size, event)));
  picture.addEventListener("mousemove", (event) => {
    const { t, unit } = cellAt(picture, size, event);
    const step = page.result.lanes[view.k].steps[t];
    const shown = step && !page.hidden(view.k, t, unit);
    host.title = shown ? `trace.h[${view.k}, ${t}, ${unit}] = ${nineDigits(step.hNext[unit])}` : "";
  });
  host.replaceChildren(
    ...(grid ? [element("div", { class: "layers" }, grid, picture)] : [picture]),
  );
}

function gridSize({ T, P }, width) {
  const across = T ? Math.min(64, (width - GRID_LEFT - 4) / T) : 0;
  const down = P > 64 ? Math.max(1, 256 / P) : P > 16 ? 4 : 24;
  return { across, down, steps: T, rows: P };
}

function cellAt(picture, { across, down, steps, rows }, event) {
  const corner = picture.getBoundingClientRect();
  const within = (value, count) => Math.max(0, Math.min(count - 1, Math.floor(value)));
  return {
    t: within((event.clientX - corner.left - GRID_LEFT) / across, steps),
    unit: within((event.clientY - corner.top) / down, rows),
  };
}

function drawGrid(picture, page, { across, down, steps, rows }) {
  const { trace, view } = page;
  const numbered = down > 20 && across >= 44;
  for (let t = 0; t < Math.min(steps, trace.length); t++) {
    const { hNext } = page.result.lanes[view.k].steps[t];
    for (let unit = 0; unit < rows; unit++) {
      const blank = page.hidden(view.k, t, unit);
      const { fill, ink } = colour(hNext[unit]);
      const place = { x: GRID_LEFT + t * across, y: unit * down };
      const extent = { width: across + 0.4, height: down + 0.4 };
      const rect = shape("rect", { ...place, ...extent, class: blank ? "blank" : null });
      if (!blank) rect.style.fill = fill;
      picture.append(rect);
      if (!Number.isFinite(hNext[unit]) && !blank) {
        picture.append(ring({ ...place, width: across, height: down }));
      }
      if (!numbered) continue;
      const at = [place.x + across / 2, place.y + down / 2 + 4];
      const style = { kind: "number", ink: blank ? null : ink };
      picture.append(label(...at, blank ? "?" : cellNumber(hNext[unit]), style));
    }
  }
}

function paintGrid(page, { across, down, steps, rows }) {
  const { trace, view } = page;
  const lane = page.result.lanes[view.k].steps;
  const every = Math.ceil(steps / MOST_COLUMNS);
  const columns = Math.ceil(steps / every);
  const valueAt = (unit, column) => {
    const t = column * every;
    return t >= trace.length || page.hidden(view.k, t, unit) ? null : lane[t].hNext[unit];
  };
  const canvas = pixelGrid(rows, columns, columns * every * across, rows * down, valueAt);
  canvas.style.left = `${GRID_LEFT}px`;
  return canvas;
}

function drawPaddingOfGrid(picture, trace, { across, down, rows }) {
  if (trace.length === trace.T) return;
  const place = {
    x: GRID_LEFT + trace.length * across,
    y: 0,
    width: (trace.T - trace.length) * across,
  };
  picture.append(shape("rect", { ...place, height: rows * down, class: "padding" }));
}

/** The chosen step and unit, and the numbers of steps and units. */
function drawMarks(picture, page, { across, down, steps, rows }) {
  const { trace, view } = page;
  if (steps) {
    const place = {
      x: GRID_LEFT + view.t * across,
      y: 0,
      width: Math.max(2, across),
      height: rows * down,
    };
    picture.append(shape("rect", { ...place, class: "ring" }));
  }
  if (rows > 4 && view.unit < trace.P) {
    const y = (view.unit + 0.5) * down;
    picture.append(shape("path", { d: `M${GRID_LEFT - 9},${y - 4}l7,4l-7,4z`, class: "pointer" }));
  }
  for (let unit = 0; rows <= 16 && unit < rows; unit++) {
    const at = [GRID_LEFT - 14, unit * down + down / 2 + 4];
    picture.append(label(...at, unit, { kind: "number pale" }));
  }
  const every = tickEvery(steps, across);
  for (let t = 0; t < steps; t += every) {
    const kind = t === view.t ? "number strong-text" : "number pale";
    picture.append(label(GRID_LEFT + (t + 0.5) * across, rows * down + 16, t, { kind }));
  }
}

/** A round number of steps between two labels, so that these do not touch. */
export function tickEvery(steps, across) {
  const room = 26;
  for (let size = 1; ; size *= 10) {
    for (const factor of [1, 2, 5]) {
      if (factor * size * across >= room || factor * size >= steps) return factor * size;
    }
  }
}

function drawBracket(picture, { across, down, rows }, from, to) {
  const y = rows * down + 23;
  const d = `M${GRID_LEFT + from * across},${y}v6H${GRID_LEFT + to * across}v-6`;
  picture.append(shape("path", { d, class: "bracket" }));
}
