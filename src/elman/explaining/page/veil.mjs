// "Guess first": what may not be seen before the guess. It is h′ of the chosen step, and every
// value that is calculated from it.

import { order } from "./trace.mjs";
import { showsAllUnits } from "./view.mjs";

/** hidden[k][t]: whether the state after step t of lane k is calculated from that of the chosen. */
export function dependents(trace, chosen) {
  const hidden = Array.from({ length: trace.lanes }, () => Array(trace.T).fill(false));
  let inputs = Array(trace.T).fill(false);
  for (let layer = 0; layer < trace.L; layer++) {
    const outputs = Array(trace.T).fill(false);
    for (let direction = 0; direction < trace.D; direction++) {
      const k = layer * trace.D + direction;
      let before = false;
      for (const t of order(trace, k)) {
        before ||= inputs[t] || (k === chosen.k && t === chosen.t);
        hidden[k][t] = before;
        outputs[t] ||= before;
      }
    }
    inputs = outputs;
  }
  return hidden;
}

const key = (view, unit) => `${view.k} ${view.t} ${unit}`;

/** The units whose h′ is guessed in the cards that are shown. */
function guessedUnits(trace, view) {
  return showsAllUnits(trace) ? Array.from({ length: trace.H }, (_, unit) => unit) : [view.unit];
}

export function isRevealed(view, unit) {
  return view.revealed.has(key(view, unit));
}

/** Show the units that go with `unit`: itself beside other cards, else the whole step. */
export function reveal(view, unit) {
  view.revealed.add(key(view, unit));
}

/** A function (k, t, unit) that tells whether a value of a state is blank. */
export function veilOf(trace, view) {
  const guessed = guessedUnits(trace, view);
  if (!view.guess || guessed.every((unit) => isRevealed(view, unit))) return () => false;
  const hidden = dependents(trace, view);
  return (k, t, unit) => {
    const chosen = k === view.k && t === view.t;
    return hidden[k][t] && !(chosen && isRevealed(view, unit));
  };
}
