// What is said of the whole layer: its repr, its sizes, how closely the page agrees with it.

import { scale } from "./colours.mjs";
import { byId, element } from "./dom.mjs";
import { FEW } from "./figures.mjs";
import { difference } from "./network.mjs";
import { cellNumber, inWords } from "./numbers.mjs";
import { largest } from "./tensors.mjs";

const AGREES = 1e-5;

export function drawHeader(page) {
  const { trace, text } = page;
  document.title = `${trace.layer.repr} · elman`;
  byId("repr").textContent = trace.layer.repr;
  byId("summary").textContent = `${text.summary(trace)} · ${agreementOfLayer(page)}`;
  if (trace.withoutDropout) byId("summary").append(` · ${text.withoutDropout}`);
  byId("large").hidden = !trace.window;
  if (trace.window) byId("large").textContent = text.large(trace.window);
  byId("backward-note").textContent = text.backwardNote(trace);
}

function agreementOfLayer({ trace, result, edits, text }) {
  if (edits.count) return text.edited;
  const apart = difference(trace, result);
  if (apart === 0) return text.agreesExactly;
  return apart <= AGREES ? text.agrees(inWords(apart)) : text.differs(inWords(apart));
}

/** The legend states every scale in use. */
export function drawLegend({ trace, view, text, theme, deepest }) {
  const ramp = element("span", { class: "ramp" });
  ramp.style.background = `linear-gradient(90deg, ${scale(theme)
    .map(({ fill }) => fill)
    .join(", ")})`;
  const scales = [text.legendStates];
  if (!trace.window) scales.push(text.legendWeights(cellNumber(deepest)));
  if (trace.I > FEW) scales.push(text.legendInputs(cellNumber(largest(trace.x.values))));
  if (view.backward && trace.H <= 4) scales.push(text.legendJacobians);
  if (trace.cell.gates.length > 1) scales.push(text.legendGates);
  const bar = element("span", { class: "scale" }, "−1", ramp, "+1");
  const words = scales.flatMap((name, i) => (i ? [" · ", name] : [name]));
  byId("legend").replaceChildren(bar, element("span", {}, ...words));
}
