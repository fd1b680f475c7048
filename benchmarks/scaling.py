"""Draw how elman's time grows with T, N, H, layers and threads.

    python benchmarks/scaling.py [--output FOLDER]

One of them varies at a time, the others stay; each line's exponent is its slope on the log-log
plot over the last three sizes. Writes scaling.json and scaling.png.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from elman_rival import Elman
from problems import CELLS, MODES, Problem, Shape
from timing import interleaved

BASE = Shape("mid", 64, 16, 64, 128)

SIZES: dict[str, list[int]] = {
    "T": [16, 32, 64, 128, 256, 512],
    "N": [1, 4, 16, 64, 256],
    "H": [32, 64, 128, 256, 512],
    "layers": [1, 2, 4, 8],
    "threads": sorted({1, *(2**k for k in range(1, 8) if 2**k <= (os.cpu_count() or 1))}),
}


def measure(axis: str, cell: str) -> dict[str, list[float]]:
    """Time one cell along one axis; return seconds by mode."""
    most = os.cpu_count() or 1
    found: dict[str, list[float]] = {}
    for mode in MODES:
        runners = {}
        for size in SIZES[axis]:
            shape = BASE if axis == "threads" else BASE._replace(**{axis: size})
            rival = Elman(Problem(cell, shape), size if axis == "threads" else most)
            runners[size] = rival.runner(mode)
        spreads = interleaved(runners, rounds=7, budget=6)
        found[mode] = [spreads[size].median for size in SIZES[axis]]
    return found


def exponent(sizes: list[int], seconds: list[float]) -> float:
    """Return the slope of the line through the last three points on the log-log plot."""
    slope, _ = np.polyfit(np.log(sizes[-3:]), np.log(seconds[-3:]), 1)
    return float(slope)


def draw(results: dict[str, Any], path: Path) -> None:
    """Draw a panel for each axis, one line for each cell and mode."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    colors = dict(zip(CELLS, ("tab:blue", "tab:orange", "tab:green"), strict=True))
    figure, axes = plt.subplots(1, len(SIZES), figsize=(17, 4.4), layout="constrained")
    for panel, (axis, sizes) in zip(axes, SIZES.items(), strict=True):
        for cell, of_modes in results[axis].items():
            for mode, seconds in of_modes.items():
                label = f"{cell} {mode}"
                if len(sizes) > 1:
                    label += f" {exponent(sizes, seconds):.2f}"
                style = "o-" if mode == "forward" else "s--"
                panel.plot(sizes, 1e3 * np.array(seconds), style, color=colors[cell], label=label)
        panel.set(xscale="log", yscale="log", xlabel=axis, title=f"time against {axis}")
        panel.set_xticks(sizes, [str(size) for size in sizes])
        panel.minorticks_off()
        panel.grid(alpha=0.3)
        panel.legend(fontsize=7, title="exponent at the end", title_fontsize=7)
    axes[0].set_ylabel("milliseconds")
    name = BASE.name.replace(",", ", ")
    figure.suptitle(f"elman, float32; T, N, I, H = {name}, one layer, but for what varies")
    figure.savefig(path, dpi=100)
    plt.close(figure)


def main() -> None:
    """Measure, print the exponents, and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("build/bench"))
    folder = parser.parse_args().output
    folder.mkdir(parents=True, exist_ok=True)
    results: dict[str, Any] = {}
    for axis, sizes in SIZES.items():
        results[axis] = {cell: measure(axis, cell) for cell in CELLS}
        for cell, of_modes in results[axis].items():
            for mode, seconds in of_modes.items():
                shown = ", ".join(f"{1e3 * s:.3f}" for s in seconds)
                slope = f", exponent {exponent(sizes, seconds):.2f}" if len(sizes) > 1 else ""
                print(f"{axis} {cell} {mode}: {shown} ms{slope}", flush=True)
    path = folder / "scaling.json"
    path.write_text(json.dumps({"sizes": SIZES, "seconds": results}, indent=1) + "\n")
    draw(results, folder / "scaling.png")
    print(path)


if __name__ == "__main__":
    main()
