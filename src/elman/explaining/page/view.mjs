// What the reader looks at, and its form in the address: #t=1&layer=0&unit=3&view=backward.

/** The view that an address asks for; what it leaves out or gets wrong is as at the beginning. */
export function readView(trace, address, language) {
  const asked = new URLSearchParams(address.replace(/^#/, ""));
  const integer = (name, count) => {
    const value = Number(asked.get(name) ?? 0);
    return Number.isInteger(value) && value >= 0 && value < count ? value : 0;
  };
  const one = (name, choices) => (choices.includes(asked.get(name)) ? asked.get(name) : null);
  const reverse = trace.D === 2 && asked.get("direction") === "reverse";
  return {
    t: integer("t", trace.T),
    k: integer("layer", trace.L) * trace.D + Number(reverse),
    unit: integer("unit", trace.H),
    backward: asked.get("view") === "backward",
    guess: asked.get("guess") === "first",
    language: one("lang", ["en", "ko"]) ?? (language.startsWith("ko") ? "ko" : "en"),
    theme: one("theme", ["light", "dark"]),
    opened: { x: false, h: false, m: false },
    revealed: new Set(),
    remarks: new Map(),
  };
}

/** Undo `readView`: the address of a view, with what is not as at the beginning. */
export function addressOf(trace, view) {
  const parts = { t: view.t };
  if (trace.L > 1) parts.layer = Math.floor(view.k / trace.D);
  if (view.k % trace.D) parts.direction = "reverse";
  if (view.unit) parts.unit = view.unit;
  if (view.backward) parts.view = "backward";
  if (view.guess) parts.guess = "first";
  parts.lang = view.language;
  if (view.theme) parts.theme = view.theme;
  return `#${new URLSearchParams(parts)}`;
}

/** Whether the cards show all units of a step at once, or the gates of the chosen unit. */
export function showsAllUnits(trace) {
  return trace.cell.gates.length === 1 && trace.H <= 4 && !trace.window;
}
