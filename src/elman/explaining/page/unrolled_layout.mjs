// Where everything of the unrolled network stands: time to the right, input at the bottom.

import { CELL_HEIGHT, columnSize } from "./figures.mjs";

export const INPUT_CELL = 21;
const WIDEST_STEP = 200;

/**
 * Lay out the steps around t that fit into `width`.
 *
 * Returns {width, height, from, to, step, left, right, x(t), output, layers, input, foot}; steps
 * from … to − 1 are shown; each row has top and height; layers[l] has top, bottom and lanes, each
 * {h, c} with c null but for an LSTM.
 */
export function layOut(trace, width, t) {
  const phone = width < 560;
  const gutter = width >= 720 ? 104 : 0;
  const side = phone ? 68 : 84;
  const room = width - gutter - 2 * side;
  const fitting = Math.floor(room / (phone ? 92 : 112));
  const count = Math.min(trace.T, Math.max(2, fitting));
  const from = Math.max(0, Math.min(trace.T - count, t - Math.floor(count / 2)));
  const step = count ? Math.min(WIDEST_STEP, room / count) : 0;
  const rows = layOutRows(trace);
  return {
    ...rows,
    width,
    from,
    to: from + count,
    step,
    side,
    gutter,
    left: gutter,
    right: gutter + 2 * side + count * step,
    x: (time) => gutter + side + (time - from + 0.5) * step,
  };
}

function layOutRows(trace) {
  const boxed = trace.D === 2 || trace.c_0 !== null;
  const state = columnSize(trace.P).height;
  const cell = columnSize(trace.H).height;
  let y = boxed ? 10 : 6;
  let output = null;
  if (!trace.layer.cell) {
    output = { top: 24, height: trace.D * state + (trace.D - 1) * 4 };
    y = output.top + output.height + 40;
  }
  const layers = [];
  for (let layer = trace.L - 1; layer >= 0; layer--) {
    const top = y - (boxed ? 8 : 0);
    y += boxed || !output ? 20 : 0;
    const lanes = [];
    for (let direction = trace.D - 1; direction >= 0; direction--) {
      const c = trace.c_0 && { top: y, height: cell };
      if (c) y += cell + 26;
      lanes[direction] = { c, h: { top: y, height: state } };
      y += state + (direction ? 34 : 0);
    }
    y += boxed ? 16 : 0;
    layers[layer] = { top, bottom: y, lanes, boxed };
    y += 44;
  }
  const input = { top: y, height: columnSize(trace.I, INPUT_CELL).height };
  const foot = input.top + input.height + 24;
  return { output, layers, input, foot, height: foot + 12 };
}

/** What stands at a point: {t, k, unit, part}, with only those that are there; part is h or c. */
export function standingAt(trace, layout, x, y) {
  const found = {};
  const t = Math.floor((x - layout.gutter - layout.side) / layout.step) + layout.from;
  if (t >= layout.from && t < layout.to) found.t = t;
  const reach = CELL_HEIGHT / 2;
  const inside = (row) => y >= row.top - reach && y < row.top + row.height + reach;
  const unit = (row, count) => {
    const at = Math.floor(((y - row.top) / row.height) * count);
    return Math.max(0, Math.min(count - 1, at));
  };
  layout.layers.forEach(({ lanes }, layer) => {
    lanes.forEach(({ h, c }, direction) => {
      const k = layer * trace.D + direction;
      if (inside(h)) Object.assign(found, { k, part: "h", unit: unit(h, trace.P) });
      else if (c && inside(c)) Object.assign(found, { k, part: "c", unit: unit(c, trace.H) });
    });
  });
  if (layout.output && inside(layout.output)) {
    const both = unit(layout.output, trace.D * trace.P);
    const k = (trace.L - 1) * trace.D + Math.floor(both / trace.P);
    Object.assign(found, { k, part: "h", unit: both % trace.P });
  }
  return found;
}
