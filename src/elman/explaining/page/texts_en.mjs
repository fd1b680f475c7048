// The page in English.

import { inWords, stepText } from "./numbers.mjs";
import { indexedState } from "./trace.mjs";

const plural = (count, one, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;

export const english = {
  title: "A recurrent network, down to each multiplication",
  summary: ({ L, D, T, layer }) =>
    layer.cell
      ? "a single cell · 1 step"
      : [plural(L, "layer"), plural(D, "direction"), plural(T, "step")].join(" · "),
  agrees: (difference) => `agrees with the layer to ${difference}`,
  agreesExactly: "agrees with the layer exactly",
  differs: (difference) => `differs from the layer by ${difference}`,
  withoutDropout: "dropout is left out",
  edited: "You changed a value; what you see is this page’s own calculation.",
  large: ({ start, stop }) =>
    `This network is too large to open whole: the file holds its states, and the gates of steps ${start}–${stop - 1}, but not its weights. Values cannot be changed.`,

  // controls
  language: "Language",
  controls: "Time, layer and view",
  previous: "Previous step",
  next: "Next step",
  play: "Play",
  pause: "Pause",
  time: "Time step",
  layer: "layer",
  direction: "direction",
  directions: ["forward", "reverse"],
  unit: "unit",
  view: "View",
  forwardView: "Forward",
  backwardView: "Backward",
  guessFirst: "Guess first",
  theme: "Light or dark",
  undo: "Undo my edits",
  copy: "Copy as NumPy",
  copied: "Copied.",
  notCopied: "This browser does not allow copying.",

  // unrolled network
  networkTitle: "The network, unrolled in time",
  networkNote: (trace, { from, to }) => {
    const { T, D, length, layer, lanes, c_0 } = trace;
    if (layer.cell) return "A cell makes one step.";
    const sentences = ["Every step uses the same W_ih and the same W_hh."];
    if (lanes > 1) sentences[0] = "Each lane has its own W_ih and W_hh, the same at every step.";
    if (c_0) sentences.push("A lane carries c above h; only h goes out.");
    if (D === 2) {
      const last = indexedState(trace, "h_n", lanes - 1);
      sentences.push(
        `The reverse direction ends at ${stepText(0)}, where ${last} leaves; at the last step its half of output has read one step.`,
      );
    }
    if (length < T) {
      sentences.push(`Hatched steps are padding: the row has ${plural(length, "valid step")}.`);
    }
    if (to - from < T) sentences.push(`Showing steps ${from}–${to - 1} of ${T}.`);
    return sentences.join(" ");
  },
  networkPicture: ({ L, D, T }) =>
    `The network unrolled over ${plural(T, "step")}: ${plural(L, "layer")}, ${plural(D, "direction")}, input below and output above.`,
  layerNumber: (layer) => `layer ${layer}`,
  lane: ({ D }, k) =>
    `layer ${Math.floor(k / D)}${D === 2 ? `, ${english.directions[k % D]}` : ""}`,
  legendStates: "states",
  legendWeights: (deepest) => `weights are deepest at ±${deepest}`,
  legendInputs: (deepest) => `inputs at ±${deepest}`,
  legendJacobians: "Jacobians at ±1",
  legendGates: "a gate is filled as far as it is open",

  // states over time
  statesTitle: "States over time",
  statesNote: "Steps run across, units run down. Choose a cell to open that step and unit.",
  statesPicture: ({ T, P }) =>
    `Heat map of the state: ${plural(T, "step")} across, ${plural(P, "unit")} down.`,

  // backward
  backwardTitle: "How the gradient flows back",
  backwardNote: ({ c_0 }) =>
    `Take L as the sum of the last state${c_0 ? ", h and c together" : ""}; each bar is ‖∂L/∂${c_0 ? "(h, c)" : "h"}‖ at one step, on a log scale.`,
  backwardPicture: "Bars of the norm of the gradient at each step, on a log scale.",
  verdict: ({ kind, inAll, perStep, steps, t }) => {
    if (kind === "short")
      return "There is one step at most, so the gradient has no way to go back.";
    if (kind === "broken") return "Not every gradient is a finite number, so there is no verdict.";
    const measured = `The gradient that reaches ${stepText(t)} is ${inWords(inAll)} of the one at the last state: ${plural(steps, "step")} back, ×${inWords(perStep)} a step on average.`;
    return `${measured} ${english.verdicts[kind]}`;
  },
  verdicts: {
    healthy: "Healthy: distant steps are heard.",
    fading: "Fading: distant steps are heard faintly.",
    vanishing:
      "Vanishing: the number is exact, and as the weights stand the last state hardly depends on distant steps, so training can hardly learn that it should. People use a GRU or LSTM, shorter spans, or an orthogonal W_hh.",
    exploding: "Exploding: people clip the gradient and lower the learning rate.",
  },

  // opened step
  stepTitle: (trace, { t, k }) => {
    const where = trace.lanes > 1 ? ` · ${english.lane(trace, k)}` : "";
    return trace.layer.cell ? "The step, opened" : `Step t = ${t}, opened${where}`;
  },
  stepNote: ({ D, P, cell, c_0 }, { k }, first) => {
    const below = Math.floor(k / D) - 1;
    const halves = D === 2 ? ` (forward 0–${P - 1}, reverse ${P}–${2 * P - 1})` : "";
    const x = below < 0 ? "x is this step’s input" : `x is the output of layer ${below}${halves}`;
    const before = first ? "the initial state" : "the state before";
    const c = c_0 ? ", c and c′ the cell state before and after" : "";
    const rows =
      cell.gates.length > 1 ? "Each row makes one gate of one unit." : "Each row makes one unit.";
    return `${x}, h is ${before}, h′ the new state${c}. ${rows}`;
  },
  padded: (length) =>
    `This step is padding: it is not read. The row ends after ${plural(length, "valid step")}.`,
  noSteps: "The sequence has no steps: the final state is the initial one.",
  broken: ({ name, value }) =>
    `${name} is ${Number.isNaN(value) ? "not a number (NaN)" : "infinite"}, and so is what is calculated from it.`,
  outsideWindow: ({ start, stop }) =>
    `The file holds the gates of steps ${start}–${stop - 1} alone.`,
  gate: ({ layer }, letter) =>
    ({
      r: "reset gate",
      z: "update gate",
      n: "candidate",
      i: "input gate",
      f: "forget gate",
      g: "cell candidate",
      o: "output gate",
    })[letter] ?? layer.kind,
  newState: "new state",
  projection: "projection",
  slope: "slope",
  sum: "sum",
  others: (count) => plural(count, "other"),
  fewer: "show fewer",
  keeps: (unit, z) =>
    `Unit ${unit} keeps ${Math.round(100 * z)} % of h and takes ${Math.round(100 * (1 - z))} % of n.`,
  cellKeeps: (unit, f) => `Unit ${unit} keeps ${Math.round(100 * f)} % of c.`,
  agreement: (values, difference) => `The layer gave [${values}], difference ${difference}.`,
  rounded: "Shown to four places, calculated in full.",

  // guess first
  guessQuestion: "What will h′ be?",
  guessSign: "first its sign",
  negative: "negative",
  positive: "positive",
  reveal: "Reveal",
  guessed: (off, close) => {
    if (Math.abs(off) < close) return `Very close: ${Math.abs(off).toFixed(2)} off.`;
    return `${Math.abs(off).toFixed(2)} too ${off > 0 ? "high" : "low"}.`;
  },

  // said aloud
  said: (t, values) => `t = ${t}: h′ = ${values}`,
  saidHidden: (t) => `t = ${t}: guess h′.`,
  saidPadding: (t) => `t = ${t}: padding.`,
  undone: "Your edits are undone.",
  foot: "← → move through time · numbers with a dotted line can be changed · this file works without the internet.",
};
