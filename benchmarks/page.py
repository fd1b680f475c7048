"""Time how long the page takes, in Chromium, to be drawn again after an edit.

A page of T = 50 and H = 64 is opened for each kind of layer. A weight, an input and the initial
state are changed, forward and backward view, and the time from the edit to the end of layout is
taken: the network runs again and everything is drawn again. Needs Chromium and playwright.

    python benchmarks/page.py
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright

import elman
from elman import nn
from elman.explaining._page import page_html

FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]

TIME = """
async ([name, rounds]) => {
  const frame = window.requestAnimationFrame;
  const field = () => document.querySelector(`input[data-array="${name}"]`);
  const times = [];
  for (let i = 0; i < rounds; i++) {
    let draw;
    window.requestAnimationFrame = then => { draw = then; return 0; };
    const begin = performance.now();
    field().value = String(0.1 + i / 100);
    field().dispatchEvent(new Event('change'));
    draw(begin);
    document.body.getBoundingClientRect();
    times.push(performance.now() - begin);
    window.requestAnimationFrame = frame;
    await new Promise(done => requestAnimationFrame(() => setTimeout(done)));
  }
  return times;
}
"""


def main() -> None:
    """Print the size of each page and the milliseconds of a redraw."""
    parser = argparse.ArgumentParser(description="Time the page's redraw after an edit.")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--browser", default=shutil.which("chromium"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=options.browser, args=FLAGS)
        print("T = 50, I = 12, H = 64, redraw in milliseconds, median and worst of", options.rounds)
        for kind in (nn.RNN, nn.GRU, nn.LSTM):
            elman.manual_seed(0)
            layer = kind(12, 64, batch_first=True)
            x = np.random.default_rng(0).normal(size=(1, 50, 12)).astype(np.float32)
            html = page_html(elman.explain(layer, x))
            path = Path(folder, f"{kind.__name__}.html")
            path.write_text(html, encoding="utf-8")
            print(f"{kind.__name__}: {len(html.encode()) / 1000:.0f} kB")
            for view in ("forward", "backward"):
                page = browser.new_page(viewport={"width": 1200, "height": 900})
                page.goto(f"{path.as_uri()}#view={view}")
                for name in ("weight_ih_l0", "x", "h_0"):
                    times = page.evaluate(TIME, [name, options.rounds])
                    median = statistics.median(times)
                    print(f"  {view:8}  {name:12}  {median:5.1f}  {max(times):5.1f}")
                page.close()
        browser.close()


if __name__ == "__main__":
    main()
