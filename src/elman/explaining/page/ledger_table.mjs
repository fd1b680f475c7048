// A ledger as a table: every number is a field, or leads to its own multiplications.

import { barsOf } from "./bars.mjs";
import { element } from "./dom.mjs";
import { numberField, numberLink } from "./fields.mjs";
import { ledgerNumber, nineDigits } from "./numbers.mjs";
import { ends, indexed, indexedState } from "./trace.mjs";

/** The table of a ledger's lines; `place` tells its fields from those of other cards. */
export function ledgerTable(page, lines, place) {
  const bar = barsOf(lines);
  const rows = lines.map((line) => {
    const cells = [...lineCells(page, line, place), element("td", { class: "bars" }, bar(line))];
    return element("tr", { class: line.kind }, ...cells);
  });
  return element("table", { class: "ledger" }, element("tbody", {}, ...rows));
}

const head = (content, span = 1) => element("th", { scope: "row", colspan: span }, content);
const figure = (content) => element("td", {}, content);
const mark = (content) => element("td", { class: "mark" }, content);
const amount = (value) => {
  const kind = Number.isFinite(value) ? null : "broken";
  const written = element("span", { class: kind }, ledgerNumber(value));
  return element("td", { title: nineDigits(value) }, written);
};

function productCells(name, factor, times, value) {
  return [head(name), figure(factor), mark("×"), figure(times), mark("="), amount(value)];
}

function lineCells(page, line, place) {
  const { text } = page;
  const { kind, source, value } = line;
  if (kind === "term") {
    const { weight, factor, index } = line;
    const field = parameterField(page, weight, factor, place);
    return productCells(`${source}[${index}]`, field, origin(page, line, place), value);
  }
  if (kind === "reset") {
    return productCells("r × (…)", ledgerNumber(line.r), ledgerNumber(line.before), value);
  }
  if (kind === "bias") {
    const name = source === "x" ? "b_ih" : "b_hh";
    return [head(name, 5), figure(parameterField(page, line.bias, value, place))];
  }
  if (kind === "others") return othersCells(page, line, place);
  if (kind === "whole" || kind === "subtotal") return [head(sumName(line), 5), amount(value)];
  return [head(text.sum, 5), amount(value)];
}

function sumName({ source, bias }) {
  if (source === "x") return bias ? "W_ih x + b_ih" : "W_ih x";
  return bias ? "W_hh h + b_hh" : "W_hh h";
}

function othersCells(page, { source, count, open, value }, place) {
  const { text, view } = page;
  const toggle = () => page.go({ opened: { ...view.opened, [source]: !open } });
  const focus = `${place} others ${source}`;
  const attributes = { type: "button", class: "link", "aria-expanded": String(open) };
  const name = open ? text.fewer : text.others(count);
  const button = element("button", { ...attributes, onclick: toggle, "data-focus": focus }, name);
  return [head(button, 5), open ? element("td") : amount(value)];
}

/** The field of a parameter's value, by its typed name weight_ih_l0[0, 3]. */
function parameterField(page, { name, index }, value, place) {
  if (page.trace.window) return ledgerNumber(value);
  const { shape } = page.trace.parameters[name];
  const indices =
    shape.length === 1 ? index : `${Math.floor(index / shape[1])}, ${index % shape[1]}`;
  return numberField(page, name, index, `${name}[${indices}]`, place);
}

/** What a weight is multiplied with: a field, or a number that leads to its own multiplications. */
function origin(page, { source, index, times }, place) {
  const { trace, view, text } = page;
  if (source === "m") return ledgerNumber(times);
  if (source === "h") return stateBefore(page, "h", index, times, place);
  if (view.k < trace.D) {
    const typed = indexed(trace, "x", view.t, index);
    return numberField(page, "x", view.t * trace.I + index, typed, place);
  }
  const below = Math.floor(view.k / trace.D - 1) * trace.D + Math.floor(index / trace.P);
  const where = { k: below, unit: index % trace.P };
  return numberLink(page, times, where, text.lane(trace, below), `${place} x ${index}`);
}

/** h or c before the step: a field of the initial state, or a link to the step before. */
export function stateBefore(page, part, index, value, place) {
  const { trace, view } = page;
  const size = part === "h" ? trace.P : trace.H;
  const { first } = ends(trace, view.k);
  if (view.t === first && !trace.window) {
    const typed = indexedState(trace, `${part}_0`, view.k, index);
    return numberField(page, `${part}_0`, view.k * size + index, typed, place);
  }
  if (view.t === first) return ledgerNumber(value);
  const before = view.k % trace.D ? view.t + 1 : view.t - 1;
  const hint = `t = ${before}: ${part}[${index}]`;
  const where = { t: before, unit: index };
  return numberLink(page, value, where, hint, `${place} ${part} ${index}`);
}
