// Fields of numbers that can be changed, and numbers that lead to where they were calculated.

import { element } from "./dom.mjs";
import { ledgerNumber, nineDigits, readNumber } from "./numbers.mjs";

const STEP = 0.1;

/**
 * A field of value `index` of the array `name`; `typed` is its name in Python.
 *
 * Enter commits and the focus stays; ↑ and ↓ change it by 0.1; nonsense restores the value before.
 */
export function numberField(page, name, index, typed, place = "") {
  const value = page.edits.value(name, index);
  const field = element("input", {
    type: "text",
    class: page.edits.has(name, index) ? "edit edited" : "edit",
    inputmode: "decimal",
    autocomplete: "off",
    spellcheck: "false",
    "aria-label": typed,
    title: `${typed} = ${nineDigits(value)}`,
    "data-focus": `${place} ${name} ${index}`,
    "data-array": name,
    "data-index": index,
  });
  field.value = ledgerNumber(value);
  field.addEventListener("focus", () => {
    field.value = nineDigits(value);
    field.select();
  });
  field.addEventListener("blur", () => {
    field.value = ledgerNumber(page.edits.value(name, index));
  });
  const commit = () => {
    const read = readNumber(field.value);
    if (read === null) field.value = nineDigits(value);
    else if (field.value !== nineDigits(value)) page.edit(name, index, read);
  };
  field.addEventListener("change", commit);
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") commit();
    if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
    event.preventDefault();
    const read = readNumber(field.value) ?? value;
    page.edit(name, index, withoutNoise(read + (event.key === "ArrowUp" ? STEP : -STEP)));
  });
  return field;
}

/** 0.30000000000000004 is 0.3. */
const withoutNoise = (value) => Number(value.toPrecision(12));

/** A number that leads to the step, lane or unit where it was calculated. */
export function numberLink(page, value, where, hint, place) {
  const title = `${hint} = ${nineDigits(value)}`;
  const attributes = { type: "button", class: "link", title, "data-focus": place };
  const open = () => page.go(where);
  return element("button", { ...attributes, onclick: open }, ledgerNumber(value));
}
