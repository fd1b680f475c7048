// Elements. Texts become text nodes, never markup.

const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes, listeners (onclick, …) and children; null and false leave out. */
export function element(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** The same in a drawing. */
export function shape(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export const byId = (id) => document.getElementById(id);

/** Text of a drawing; `ink` is its colour, set as style because the style sheet has one too. */
export function label(x, y, text, { ink, anchor = "middle", kind = "" } = {}) {
  const made = shape("text", { x, y, "text-anchor": anchor, class: kind || null }, String(text));
  if (ink) made.style.fill = ink;
  return made;
}

/** A drawing of one sentence for those who do not see it. */
export function drawing(width, height, sentence, ...children) {
  const attributes = { width, height, viewBox: `0 0 ${width} ${height}`, role: "img" };
  return shape("svg", { ...attributes, "aria-label": sentence }, ...children);
}
