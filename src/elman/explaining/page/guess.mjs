// "Guess first": a sign, then a size, then the answer and how far off the guess was. No score.

import { element } from "./dom.mjs";
import { cellNumber } from "./numbers.mjs";
import { isRevealed, reveal } from "./veil.mjs";

const CLOSE = 0.05;

/** The controls of one unit's guess, or what was said of it; null if nothing is guessed. */
export function guessControls(page, unit, answer) {
  const { view, text } = page;
  if (!view.guess) return null;
  const key = `${view.k} ${view.t} ${unit}`;
  if (isRevealed(view, unit)) {
    return element("p", { class: "remark" }, view.remarks.get(key) ?? "");
  }
  const reach = guessReach(page, unit);
  const slider = element("input", { type: "range", min: -reach, max: reach, step: 0.01 });
  slider.value = 0;
  slider.setAttribute("aria-label", text.guessQuestion);
  const shown = element("output", { class: "number" }, text.guessSign);
  const button = element("button", { type: "button", disabled: true }, text.reveal);
  const set = (value) => {
    slider.value = value;
    shown.textContent = cellNumber(Number(slider.value));
    button.disabled = false;
  };
  slider.addEventListener("input", () => set(Number(slider.value)));
  button.addEventListener("click", () => {
    const remark = text.guessed(Number(slider.value) - answer, CLOSE);
    view.remarks.set(key, remark);
    reveal(view, unit);
    page.draw();
    page.announce(remark);
  });
  const signButton = (sign, name, value) => {
    const attributes = { type: "button", "aria-label": name, title: name };
    return element("button", { ...attributes, onclick: () => set(value) }, sign);
  };
  const signs = element("span", { class: "group", role: "group" });
  signs.append(
    signButton("−", text.negative, -reach / 2),
    signButton("+", text.positive, reach / 2),
  );
  const question = element("span", { class: "question" }, text.guessQuestion);
  return element("div", { class: "guess" }, question, signs, slider, shown, button);
}

/** How far h′ can be from 0: 1, or more for relu, whose sum is known, and for a projection. */
function guessReach({ trace, result, view }, unit) {
  if (trace.layer.nonlinearity === "relu") {
    const sum = result.lanes[view.k].steps[view.t].sums[unit];
    return Math.max(1, Math.ceil(Math.abs(sum) || 1));
  }
  return trace.layer.proj_size ? 2 : 1;
}
