// Where the page begins.

import { connectControls } from "./controls.mjs";
import { byId } from "./dom.mjs";
import { Page } from "./page.mjs";
import { readTrace } from "./trace.mjs";
import { readView } from "./view.mjs";

const trace = readTrace(JSON.parse(byId("trace").textContent));
const view = readView(trace, location.hash, navigator.language ?? "en");
const page = new Page(trace, view);
connectControls(page);
page.draw();

// What the drawings depend on beside the reader's choice: the width, the system's theme, the address.
let width = document.documentElement.clientWidth;
addEventListener("resize", () => {
  if (document.documentElement.clientWidth === width) return;
  width = document.documentElement.clientWidth;
  page.draw();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => page.draw());
addEventListener("hashchange", () => {
  const { opened, revealed, remarks, ...asked } = readView(trace, location.hash, view.language);
  page.go(asked);
});
