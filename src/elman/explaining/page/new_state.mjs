// How gates make the new state: the last card of a GRU or LSTM.

import { cardHead, chip } from "./cards.mjs";
import { drawing, element, label, shape } from "./dom.mjs";
import { guessControls } from "./guess.mjs";
import { projectionLedger } from "./ledger.mjs";
import { ledgerTable, stateBefore } from "./ledger_table.mjs";
import { cellNumber, ledgerNumber } from "./numbers.mjs";

const formula = (...parts) => element("div", { class: "formula" }, ...parts);

/** The cards of the new state of one unit; with a projection there is one more, of h′ itself. */
export function newStateCards(page, step, unit) {
  const { trace } = page;
  if (trace.layer.kind === "GRU") return [gruCard(page, step, unit)];
  const projected = trace.layer.proj_size > 0;
  const cards = [lstmCard(page, step, unit, projected)];
  if (projected) cards.push(projectionCard(page, step, Math.min(unit, trace.P - 1)));
  return cards;
}

function gruCard(page, step, unit) {
  const { trace, view, text } = page;
  const H = trace.H;
  const [z, n] = [step.gates[H + unit], step.gates[2 * H + unit]];
  const h = step.h[unit];
  const hidden = page.hidden(view.k, view.t, unit);
  const before = stateBefore(page, "h", unit, h, "state");
  const card = element(
    "section",
    { class: "card" },
    cardHead(`h′[${unit}]`, `${text.newState} · ${text.unit} ${unit}`),
    formula("h′ = (1 − z) × n + z × h"),
    formula(`= ${ledgerNumber(1 - z)} × ${ledgerNumber(n)} + ${ledgerNumber(z)} × `, before),
    hidden ? null : formula(`= ${ledgerNumber((1 - z) * n)} + ${ledgerNumber(z * h)}`),
    formula("= ", chip(step.hNext[unit], { hidden })),
  );
  if (!hidden) card.append(blend(n, h, step.hNext[unit], z));
  card.append(element("p", { class: "soft" }, text.keeps(unit, z)));
  const guess = guessControls(page, unit, step.hNext[unit]);
  if (guess) card.append(guess);
  return card;
}

/** n and h on a line, h′ between them at z. */
function blend(n, h, hNext, z) {
  const reach = Math.max(1, Math.abs(n) || 0, Math.abs(h) || 0);
  const end = reach === 1 ? "1" : cellNumber(reach);
  const x = (value) => 160 + (value / reach) * 132;
  const sentence = `n = ${cellNumber(n)}, h = ${cellNumber(h)}, h′ = ${cellNumber(hNext)}`;
  const picture = drawing(320, 80, sentence);
  picture.classList.add("blend");
  if (![n, h, hNext].every(Number.isFinite)) return picture;
  picture.append(
    shape("path", { d: "M28,44H292M28,40v8M160,40v8M292,40v8", class: "axis" }),
    shape("path", { d: `M${x(n)},44H${x(h)}`, class: "between" }),
    shape("circle", { cx: x(n), cy: 44, r: 4, class: "end" }),
    shape("circle", { cx: x(h), cy: 44, r: 4, class: "end" }),
    shape("circle", { cx: x(hNext), cy: 44, r: 6.5, class: "point" }),
    label(Math.max(72, Math.min(248, x(hNext))), 70, `h′ · z = ${cellNumber(z)}`, {
      kind: "number",
    }),
    label(22, 48, `−${end}`, { kind: "number pale", anchor: "end" }),
    label(298, 48, `+${end}`, { kind: "number pale", anchor: "start" }),
  );
  const apart = Math.abs(x(n) - x(h));
  const lift = apart < 16 ? 8 : 0; // names that would lie over each other
  picture.append(label(x(n) - lift, 30, "n", { kind: "number" }));
  picture.append(label(x(h) + lift, 30, "h", { kind: "number" }));
  return picture;
}

function lstmCard(page, step, unit, projected) {
  const { trace, view, text } = page;
  const H = trace.H;
  const [i, f, g, o] = [0, 1, 2, 3].map((gate) => step.gates[gate * H + unit]);
  const cNext = step.cNext[unit];
  const out = o * Math.tanh(cNext);
  const hidden = !projected && page.hidden(view.k, view.t, unit);
  const name = projected ? "m" : "h′";
  const before = stateBefore(page, "c", unit, step.c[unit], "state");
  return element(
    "section",
    { class: "card" },
    cardHead(
      projected ? `c′[${unit}], m[${unit}]` : `c′[${unit}], h′[${unit}]`,
      `${text.newState} · ${text.unit} ${unit}`,
    ),
    formula("c′ = f × c + i × g"),
    formula(`= ${ledgerNumber(f)} × `, before, ` + ${ledgerNumber(i)} × ${ledgerNumber(g)}`),
    formula(`= ${ledgerNumber(f * step.c[unit])} + ${ledgerNumber(i * g)} = `, chip(cNext)),
    formula(`${name} = o × tanh(c′)`),
    formula(`= ${ledgerNumber(o)} × ${ledgerNumber(Math.tanh(cNext))}`),
    formula("= ", chip(out, { hidden })),
    element("p", { class: "soft" }, text.cellKeeps(unit, f)),
    projected ? null : guessControls(page, unit, step.hNext[unit]),
  );
}

/** h′ = W_hr m, where m = o × tanh(c′). */
function projectionCard(page, step, unit) {
  const { view, text } = page;
  const hidden = page.hidden(view.k, view.t, unit);
  const result = formula("h′ = W_hr m = ", chip(step.hNext[unit], { hidden }));
  const card = element("section", { class: "card" });
  card.append(cardHead(`h′[${unit}]`, `${text.projection} · ${text.unit} ${unit}`));
  if (step.unprojected) {
    const lines = projectionLedger(page.trace, step, view.k, unit, view.opened);
    card.append(ledgerTable(page, hidden ? lines.slice(0, -1) : lines, "projection"));
  }
  card.append(result);
  const guess = guessControls(page, page.view.unit, step.hNext[unit]);
  if (guess) card.append(guess);
  return card;
}
