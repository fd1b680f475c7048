// The curve of tanh, σ or relu with its point.

import { ACTIVATIONS } from "./cells.mjs";
import { shape } from "./dom.mjs";

const REACH = 4;

/** Draw the curve, and the point at `sum` unless it is to be guessed. */
export function curve(activation, sum, hidden) {
  const { of } = ACTIVATIONS[activation];
  const low = activation === "tanh" ? -1 : 0;
  const high = activation === "relu" ? REACH : 1;
  const x = (value) => 4 + ((value + REACH) / (2 * REACH)) * 112;
  const y = (value) => 50 - ((value - low) / (high - low)) * 44;
  const size = { width: 120, height: 56, viewBox: "0 0 120 56", "aria-hidden": "true" };
  const picture = shape("svg", { ...size, class: "curve" });
  const points = Array.from({ length: 81 }, (_, i) => -REACH + i / 10);
  const line = points.map((value) => `${x(value).toFixed(1)},${y(of(value)).toFixed(1)}`);
  picture.append(shape("path", { d: `M4,${y(0)}H116M60,4V52`, class: "axis" }));
  picture.append(shape("path", { d: `M${line.join("L")}`, class: "graph" }));
  if (hidden || !Number.isFinite(sum)) return picture;
  const shown = Math.max(-REACH, Math.min(REACH, sum));
  const [cx, cy] = [x(shown), y(of(shown))];
  picture.append(shape("path", { d: `M${cx},${y(0)}V${cy}`, class: "stem" }));
  picture.append(shape("circle", { cx, cy, r: 3.5, class: "point" }));
  return picture;
}
