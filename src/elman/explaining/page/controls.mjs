// The bar that stays in sight: time, lane, unit, view, and the keys that do the same.

import { numpySource } from "./copying.mjs";
import { byId, element } from "./dom.mjs";
import { showsAllUnits } from "./view.mjs";

const PACE = 1200; // milliseconds a step when playing

let playing = null;

/** Connect the controls to the page, once. */
export function connectControls(page) {
  const { trace, view } = page;
  const on = (id, event, act) => byId(id).addEventListener(event, act);
  const move = (t) => page.go({ t: Math.max(0, Math.min(trace.T - 1, t)) });
  on("previous", "click", () => move(view.t - 1));
  on("next", "click", () => move(view.t + 1));
  on("play", "click", () => (playing ? stop(page) : play(page, move)));
  on("time", "input", ({ target }) => move(Number(target.value)));
  on("layer", "change", ({ target }) => {
    page.go({ k: Number(target.value) * trace.D + (view.k % trace.D) });
  });
  on("direction", "change", ({ target }) => {
    page.go({ k: view.k - (view.k % trace.D) + Number(target.value) });
  });
  for (const id of ["unit", "unit-again"]) {
    on(id, "change", ({ target }) => {
      const unit = Number(target.value);
      const known = target.value !== "" && Number.isInteger(unit) && unit >= 0 && unit < trace.H;
      page.go({ unit: known ? unit : view.unit });
    });
  }
  on("forward-view", "click", () => page.go({ backward: false }));
  on("backward-view", "click", () => page.go({ backward: true }));
  on("guess-first", "click", () => page.go({ guess: !view.guess }));
  on("theme", "click", () => page.go({ theme: page.theme === "dark" ? "light" : "dark" }));
  on("undo", "click", () => page.undo());
  on("korean", "click", () => page.go({ language: "ko" }));
  on("english", "click", () => page.go({ language: "en" }));
  on("copy", "click", () => copy(page));
  document.addEventListener("keydown", (event) => moveByKey(event, trace, view, move));
}

function moveByKey(event, trace, view, move) {
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (event.target.matches?.("input, select, textarea")) return;
  const to = { ArrowLeft: view.t - 1, ArrowRight: view.t + 1, Home: 0, End: trace.T - 1 }[
    event.key
  ];
  if (to === undefined) return;
  event.preventDefault();
  move(to);
}

function play(page, move) {
  const { trace, view } = page;
  if (view.t === trace.T - 1) move(0);
  playing = setInterval(() => {
    move(view.t + 1);
    if (view.t >= trace.T - 1) stop(page);
  }, PACE);
  drawControls(page);
}

function stop(page) {
  clearInterval(playing);
  playing = null;
  drawControls(page);
}

async function copy(page) {
  const { trace, view, text } = page;
  const source = numpySource(trace, page.result, page.flow, view.k);
  let said = text.copied;
  try {
    await navigator.clipboard.writeText(source);
  } catch {
    said = text.notCopied;
  }
  byId("copy-state").textContent = said;
  page.announce(said);
}

/** Show in the controls what the reader looks at. */
export function drawControls(page) {
  const { trace, view, text, edits } = page;
  const last = Math.max(0, trace.T - 1);
  const press = (id, on) => byId(id).setAttribute("aria-pressed", String(on));
  press("forward-view", !view.backward);
  press("backward-view", view.backward);
  press("guess-first", view.guess);
  press("korean", view.language === "ko");
  press("english", view.language === "en");
  byId("undo").hidden = edits.count === 0;
  byId("previous").disabled = view.t === 0;
  byId("next").disabled = view.t >= last;
  byId("play").disabled = last === 0;
  byId("play").textContent = playing ? "❚❚" : "▶";
  byId("play").setAttribute("aria-label", playing ? text.pause : text.play);
  Object.assign(byId("time"), { max: last, value: view.t, disabled: last === 0 });
  byId("time").setAttribute("aria-valuetext", `t = ${view.t} (${view.t + 1}/${trace.T})`);
  const now = element("b", {}, `t = ${view.t}`);
  const count = element("span", { class: "soft" }, `${Math.min(view.t + 1, trace.T)}/${trace.T}`);
  byId("where").replaceChildren(now, count);
  choose("layer", trace.L, Math.floor(view.k / trace.D), (layer) => `${text.layer} ${layer}`);
  choose("direction", trace.D, view.k % trace.D, (direction) => text.directions[direction]);
  byId("unit-label").hidden = showsAllUnits(trace);
  for (const id of ["unit", "unit-again"]) {
    Object.assign(byId(id), { max: trace.H - 1, value: view.unit });
  }
  byId("copy-state").textContent = "";
}

function choose(id, count, value, name) {
  const select = byId(id);
  select.hidden = count === 1;
  const options = Array.from({ length: count }, (_, i) => element("option", { value: i }, name(i)));
  select.replaceChildren(...options);
  select.value = String(value);
}
