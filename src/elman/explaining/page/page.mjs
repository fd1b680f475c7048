// The page: a trace, what the reader looks at and changed, and everything drawn from them.

import { drawBackward } from "./backward.mjs";
import { useTheme } from "./colours.mjs";
import { drawControls } from "./controls.mjs";
import { byId } from "./dom.mjs";
import { Edits } from "./edits.mjs";
import { gradientFlow } from "./flow.mjs";
import { drawHeader, drawLegend } from "./header.mjs";
import { drawHeatMap } from "./heat_map.mjs";
import { run } from "./network.mjs";
import { cellNumber } from "./numbers.mjs";
import { drawOpenedStep } from "./opened_step.mjs";
import { largest } from "./tensors.mjs";
import { TEXTS } from "./texts.mjs";
import { drawUnrolled } from "./unrolled.mjs";
import { veilOf } from "./veil.mjs";
import { addressOf } from "./view.mjs";

const NARROWEST = 280; // pixels of a drawing
const SAID = 8; // values of a state that are said aloud

/** What the drawings and the controls share; `hidden(k, t, unit)` is what a guess keeps blank. */
export class Page {
  #stale = true; // whether the network has to be run again
  #waiting = false; // whether a drawing is due
  #pressed = false; // whether a mouse button or finger is down

  constructor(trace, view) {
    this.trace = trace;
    this.view = view;
    this.edits = new Edits(trace);
    document.addEventListener("pointerdown", () => this.#press(true), true);
    document.addEventListener("pointerup", () => this.#press(false), true);
    document.addEventListener("pointercancel", () => this.#press(false), true);
  }

  get text() {
    return TEXTS[this.view.language];
  }

  /** Look at something else: another step, lane, unit or view. */
  go(changes) {
    const moved = ["t", "k", "unit", "guess"].some((name) => name in changes);
    Object.assign(this.view, changes);
    this.draw();
    if (moved) this.announce(this.#sentence());
  }

  /** Change a value; what depends on it is drawn again once the focus has moved. */
  edit(name, index, value) {
    this.edits.set(name, index, value);
    this.#stale = true;
    this.#drawSoon();
  }

  undo() {
    this.edits.undo();
    this.#stale = true;
    this.draw();
    this.announce(this.text.undone);
  }

  /** Say something to those who listen to the page. */
  announce(sentence) {
    byId("live").textContent = sentence;
  }

  draw() {
    this.#waiting = false;
    // Measured before anything is drawn, as each later measure would lay the page out again.
    this.width = Math.max(NARROWEST, byId("network").clientWidth);
    if (this.#stale) {
      this.result = run(this.trace);
      const arrays = Object.values(this.trace.parameters);
      this.deepest = Math.max(0, ...arrays.map(({ values }) => largest(values))) || 1;
      this.#stale = false;
    }
    const { trace, view } = this;
    const lane = this.result.lanes[view.k];
    this.flow = view.backward ? gradientFlow(trace, lane, view.k) : null;
    this.hidden = veilOf(trace, view);
    this.#dress();
    const focused = focusedPlace();
    drawHeader(this);
    drawControls(this);
    const window = drawUnrolled(this);
    byId("network-note").textContent = this.text.networkNote(trace, window);
    drawLegend(this);
    drawHeatMap(this, window);
    drawBackward(this, window);
    drawOpenedStep(this);
    restoreFocus(focused);
    remember(addressOf(trace, view));
  }

  /** Language and theme of the whole document. */
  #dress() {
    const root = document.documentElement;
    root.lang = this.view.language;
    root.dataset.theme = this.theme;
    useTheme(this.theme);
    for (const place of document.querySelectorAll("[data-text]")) {
      place.textContent = this.text[place.dataset.text];
    }
    for (const place of document.querySelectorAll("[data-label]")) {
      const name = this.text[place.dataset.label];
      place.setAttribute("aria-label", name);
      if (place.matches("button")) place.title = name;
    }
  }

  get theme() {
    const preferred = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    return this.view.theme ?? preferred;
  }

  #sentence() {
    const { view, text } = this;
    const step = this.result.lanes[view.k].steps[view.t];
    if (!step) return text.saidPadding(view.t);
    if (this.hidden(view.k, view.t, view.unit)) return text.saidHidden(view.t);
    const values = Array.from(step.hNext.subarray(0, SAID), (value) => cellNumber(value));
    if (step.hNext.length > SAID) values.push("…");
    return text.said(view.t, values.join(", "));
  }

  /** A click must find its button where it was pressed, so drawing waits for its end. */
  #press(down) {
    this.#pressed = down;
    if (!down && this.#waiting) setTimeout(() => this.#drawEdit());
  }

  #drawSoon() {
    if (this.#waiting) return;
    this.#waiting = true;
    requestAnimationFrame(() => {
      if (!this.#pressed) this.#drawEdit();
    });
  }

  #drawEdit() {
    if (!this.#waiting) return;
    this.draw();
    this.announce(this.#sentence());
  }
}

function focusedPlace() {
  const focused = document.activeElement;
  return {
    name: focused?.dataset?.focus ?? null,
    inCards: Boolean(focused?.closest?.("#opened-section")),
  };
}

/** The focus stays where it was; where that is gone, it goes to the opened step's title. */
function restoreFocus({ name, inCards }) {
  if (!inCards || document.activeElement !== document.body) return;
  const found = name && document.querySelector(`[data-focus="${CSS.escape(name)}"]`);
  (found || byId("step-title")).focus({ preventScroll: true });
}

function remember(address) {
  if (location.hash === address) return;
  try {
    history.replaceState(null, "", address);
  } catch {
    // A page inside another one, as in a notebook, may have no address of its own.
  }
}
