// The names and shapes at the left of the unrolled network.

import { label } from "./dom.mjs";
import { shapeText } from "./numbers.mjs";
import { sequenceShape, stateShape } from "./trace.mjs";

/** Name output, each layer and x, if there is room beside them. */
export function drawRowNames(picture, trace, layout, text) {
  if (!layout.gutter) return;
  const put = (middle, name, ...lines) => {
    const top = middle + 4 - 8.5 * lines.length;
    picture.append(label(0, top, name, { anchor: "start", kind: "strong-text" }));
    lines.forEach((line, i) => {
      picture.append(label(0, top + 17 * (i + 1), line, { anchor: "start", kind: "number pale" }));
    });
  };
  const middle = ({ top, height }) => top + height / 2;
  if (layout.output) {
    const size = trace.D * trace.P;
    put(middle(layout.output), "output", shapeText(sequenceShape(trace, size)));
  }
  layout.layers.forEach((layer, l) => {
    const at = layer.boxed ? (layer.top + layer.bottom) / 2 : middle(layer.lanes[0].h);
    if (trace.lanes === 1) put(at, trace.c_0 ? "h, c" : "h", ...finalShapes(trace));
    else put(at, text.layerNumber(l), ...finalNames(trace, l));
  });
  put(middle(layout.input), "x", shapeText(sequenceShape(trace, trace.I)));
}

function finalShapes(trace) {
  if (trace.layer.cell) return [shapeText(sequenceShape(trace, trace.H))];
  const shapes = [`h_n ${shapeText(stateShape(trace, trace.P))}`];
  if (trace.c_0) shapes.push(`c_n ${shapeText(stateShape(trace, trace.H))}`);
  return shapes;
}

function finalNames(trace, layer) {
  const range = trace.D === 2 ? `${2 * layer}:${2 * layer + 2}` : layer;
  return trace.c_0 ? [`h_n[${range}]`, `c_n[${range}]`] : [`h_n[${range}]`];
}
