// The bars at the right of a ledger: each goes from the running sum before a line to that after.

import { colour } from "./colours.mjs";
import { shape } from "./dom.mjs";

const HEIGHT = 20;
const STRENGTH = 0.8;

/** A function that draws the bar of a line; hairlines join the bars of neighbouring lines. */
export function barsOf(lines) {
  const sums = lines.flatMap(({ from, to }) => [from, to]).filter(Number.isFinite);
  const low = Math.min(0, ...sums);
  const high = Math.max(0, ...sums);
  const at = (value) => 2 + ((value - low) / (high - low || 1)) * 96;
  return (line) => {
    const size = { viewBox: `0 0 100 ${HEIGHT}` };
    const picture = shape("svg", { ...size, preserveAspectRatio: "none", "aria-hidden": "true" });
    picture.append(shape("path", { d: `M${at(0)},0V${HEIGHT}`, class: "hairline zero" }));
    if (Number.isFinite(line.from) && Number.isFinite(line.to)) picture.append(...bar(line, at));
    else if (Number.isFinite(line.at)) {
      picture.append(shape("path", { d: `M${at(line.at)},0V${HEIGHT}`, class: "hairline dotted" }));
    }
    return picture;
  };
}

function bar({ from, to, value }, at) {
  const [start, end] = [at(from), at(to)];
  const width = Math.max(0.8, Math.abs(end - start));
  const rect = shape("rect", { x: Math.min(start, end), y: 5, width, height: 10 });
  rect.style.fill = value === 0 ? "var(--edge)" : colour(value < 0 ? -STRENGTH : STRENGTH).fill;
  return [rect, shape("path", { d: `M${start},0V5M${end},15V${HEIGHT}`, class: "hairline" })];
}
