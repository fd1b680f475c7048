// A card: the ledger of one sum, what its activation makes of it, and the guess.

import { ACTIVATIONS } from "./cells.mjs";
import { colour } from "./colours.mjs";
import { curve } from "./curve.mjs";
import { element } from "./dom.mjs";
import { guessControls } from "./guess.mjs";
import { ledger } from "./ledger.mjs";
import { ledgerTable } from "./ledger_table.mjs";
import { ledgerNumber, nineDigits } from "./numbers.mjs";

/** The card of gate number `gate` (or of h′ of an Elman cell) of one unit. */
export function gateCard(page, step, gate, unit) {
  const { trace, view, text } = page;
  const letter = trace.cell.gates[gate];
  const at = gate * trace.H + unit;
  const lines = ledger(trace, step, view.k, gate, unit, view.opened);
  const hidden = !letter && page.hidden(view.k, view.t, unit);
  const about = letter
    ? `${text.gate(trace, letter)} · ${text.unit} ${unit}`
    : `${text.unit} ${unit}`;
  return element(
    "section",
    { class: "card" },
    cardHead(`${letter || "h′"}[${unit}]`, about),
    ledgerTable(page, lines, `${letter}${unit}`),
    activationLine(page, trace.cell.activations[gate], step.sums[at], step.gates[at], hidden),
    letter ? null : guessControls(page, unit, step.hNext[unit]),
  );
}

export function cardHead(name, about) {
  return element("h3", {}, `${name} `, element("span", {}, about));
}

/** A result on its colour; a gate has no hue. */
export function chip(value, { hidden = false, plain = false } = {}) {
  if (hidden) return element("b", { class: "chip" }, "?");
  const made = element("b", { class: "chip", title: nineDigits(value) }, ledgerNumber(value));
  if (!Number.isFinite(value)) made.classList.add("broken");
  if (plain) return made;
  const { fill, ink } = colour(value);
  made.style.background = fill;
  made.style.color = ink;
  return made;
}

function activationLine(page, activation, sum, result, hidden) {
  const { sign, slope } = ACTIVATIONS[activation];
  const plain = activation === "sigmoid";
  const value = chip(result, { hidden, plain });
  const tangent = `${page.text.slope} ${ledgerNumber(slope(result))}`;
  const words = element("div", {}, `${sign}(${ledgerNumber(sum)}) = `, value);
  if (!hidden) words.append(element("div", { class: "soft" }, tangent));
  return element("div", { class: "activation" }, curve(activation, sum, hidden), words);
}
