"""What one or more runs of versus.py found: a page with tables, and a picture.

Of several runs the worst counts: the least ratio to each rival.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from forms import section

FLOORS: dict[str, dict[tuple[str, str], float]] = {
    "10,1,5,8": {
        ("RNN", "forward"): 15, ("RNN", "training"): 30, ("GRU", "forward"): 20,
        ("GRU", "training"): 60, ("LSTM", "forward"): 12, ("LSTM", "training"): 20,
    },
    "50,1,32,64": {
        ("RNN", "forward"): 18, ("RNN", "training"): 50, ("GRU", "forward"): 15,
        ("GRU", "training"): 40, ("LSTM", "forward"): 4, ("LSTM", "training"): 5,
    },
    "1000,1,64,64": {
        ("RNN", "forward"): 25, ("RNN", "training"): 60, ("GRU", "forward"): 18,
        ("GRU", "training"): 40, ("LSTM", "forward"): 3, ("LSTM", "training"): 3,
    },
    "1000,1,64,256": {
        ("RNN", "forward"): 7, ("RNN", "training"): 15, ("GRU", "forward"): 6,
        ("GRU", "training"): 12, ("LSTM", "forward"): 2.3, ("LSTM", "training"): 2,
    },
    "1,1,512,512": {("RNN", "forward"): 4, ("GRU", "forward"): 3, ("LSTM", "forward"): 4},
    "mid": {
        ("RNN", "forward"): 3.5, ("RNN", "training"): 3.3, ("GRU", "forward"): 3.3,
        ("GRU", "training"): 3, ("LSTM", "forward"): 1.15, ("LSTM", "training"): 1.4,
    },
    "large": {
        ("RNN", "forward"): 2.8, ("RNN", "training"): 2.5, ("GRU", "forward"): 2.7,
        ("GRU", "training"): 2.4, ("LSTM", "forward"): 1.12, ("LSTM", "training"): 1.05,
    },
    "ragged": {
        ("RNN", "forward"): 5, ("RNN", "training"): 5, ("GRU", "forward"): 4,
        ("GRU", "training"): 4, ("LSTM", "forward"): 1.5, ("LSTM", "training"): 1.5,
    },
}  # fmt: skip
"""The ratios to torch that elman aims at, by shape or regime; everywhere else it is 1."""

MOST_LIMIT = 20
"""The limits that are shown: where others are further from the peak, it limits nobody."""

RIVALS = ("torch", "onnxruntime", "openvino", "jax")

Point = tuple[str, str, str]
"""Cell, shape, mode."""


def points(run: dict[str, Any]) -> dict[Point, list[dict[str, Any]]]:
    """Return the records of a run by point, in order."""
    found: dict[Point, list[dict[str, Any]]] = {}
    for record in run["points"]:
        found.setdefault((record["cell"], record["shape"], record["mode"]), []).append(record)
    return found


def seconds(
    records: Iterable[dict[str, Any]], library: str, dtype: str = "float32"
) -> dict[int, float]:
    """Return a library's median seconds by its number of threads."""
    return {
        record["threads"]: record["seconds"]["median"]
        for record in records
        if (record["library"], record["dtype"]) == (library, dtype)
    }


def ratios(records: list[dict[str, Any]]) -> dict[str, float]:
    """Return how many times longer each rival takes, on its better number of threads."""
    own = seconds(records, "elman")
    found = {name: seconds(records, name) for name in RIVALS}
    return {name: min(s.values()) / own[max(own)] for name, s in found.items() if s}


def summary(runs: list[dict[str, Any]]) -> dict[Point, dict[str, float]]:
    """Return, of each point, the least of each figure over the runs."""
    found: dict[Point, dict[str, float]] = {}
    for run in runs:
        for point, records in points(run).items():
            own, in_float64 = seconds(records, "elman"), seconds(records, "elman", "float64")
            figures = ratios(records)
            figures["of one thread"] = own[min(own)] / own[max(own)]
            rate = records[0]["flops"] / own[max(own)] / 1e9
            times = 1 if point[2] == "forward" else 3
            figures["share of peak"] = times * rate / records[0]["peak_gflops"]
            if "torch" in figures:
                figures["limit"] = figures["torch"] / figures["share of peak"]
            bandwidth = run["machine"]["limits"][str(max(own))].get("L3_gb_per_s")
            if records[0]["regime"] == "step" and bandwidth:
                figures["share of L3"] = (
                    records[0]["weight_bytes"] / own[max(own)] / 1e9 / bandwidth
                )
            if in_float64:
                figures["float32 to float64"] = own[max(own)] / max(in_float64.values())
            least = found.setdefault(point, figures)
            for name, value in figures.items():
                least[name] = min(least[name], value)
    return found


def floor(point: Point, regime: str) -> float:
    """Return the ratio to torch that is aimed at."""
    cell, shape, mode = point
    for key in (shape, regime):
        if (cell, mode) in FLOORS.get(key, {}):
            return FLOORS[key][cell, mode]
    return 1.0


def table(runs: list[dict[str, Any]]) -> list[str]:
    """Return the lines of the page's table."""
    regimes = {point: records[0]["regime"] for point, records in points(runs[0]).items()}
    head = ["cell", "T, N, I, H", "mode", "torch", "aim", "limit", *RIVALS[1:], "1 thread"]
    head += ["share of peak"]
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for point, figures in summary(runs).items():
        aim = floor(point, regimes[point])
        cells = [*point, f"{figures['torch']:.2f}", f"{aim:g}"]
        cells[3] = f"**{cells[3]}**" if figures["torch"] < aim else cells[3]
        limit = figures["limit"]
        cells.append(f"{limit:.1f}" if limit < MOST_LIMIT else "")
        cells += [f"{figures[name]:.2f}" if name in figures else "" for name in RIVALS[1:]]
        cells += [f"{figures['of one thread']:.2f}", f"{100 * figures['share of peak']:.0f} %"]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def notes(runs: list[dict[str, Any]]) -> list[str]:
    """Return what is said of the machine, of float64, of steps and of a busy machine."""
    lines = []
    for i, run in enumerate(runs, 1):
        limits = run["machine"]["limits"]
        most = limits[max(limits)]
        shown = ", ".join(f"{name.replace('_', ' ')} {value:.0f}" for name, value in most.items())
        lines.append(f"- Run {i}, {max(limits)} threads: {shown}.")
        peaks = [records[0]["peak_gflops"] for records in points(run).values()]
        lines.append(
            f"  Beside the networks, peak float32 was {np.median(peaks):.0f} GF/s in the median, "
            f"from {min(peaks):.0f} to {max(peaks):.0f}."
        )
    found = summary(runs)
    in_float64 = [1 / f["float32 to float64"] for f in found.values() if "float32 to float64" in f]
    if in_float64:
        lines.append(f"- float64 takes at most {max(in_float64):.2f} times as long as float32.")
    steps = [
        f"{p[0]} {p[1]}: {100 * f['share of L3']:.0f} %"
        for p, f in found.items()
        if "share of L3" in f
    ]
    if steps:
        lines.append(f"- Steps read weights at these shares of L3's bandwidth: {'; '.join(steps)}.")
    losses = busy_losses(runs)
    if losses:
        middle = float(np.median(list(losses.values())))
        most = sorted(losses.items(), key=lambda item: -item[1])[:3]
        shown = "; ".join(f"{loss:.1f} ({' '.join(point)})" for point, loss in most)
        lines.append(
            f"- Beside another busy process elman loses {middle:.1f} times what torch loses in the "
            f"median of {len(losses)} points; the most: {shown}."
        )
    return lines


def busy_losses(runs: list[dict[str, Any]]) -> dict[Point, float]:
    """Return elman's slowdown beside a busy process over torch's, the worst of the runs."""
    losses: dict[Point, float] = {}
    for run in runs:
        slower: dict[Point, dict[str, float]] = {}
        for record in run["busy"]:
            point = (record["cell"], record["shape"], record["mode"])
            times = record["busy"]["median"] / record["quiet"]["median"]
            slower.setdefault(point, {})[record["library"]] = times
        for point, of in slower.items():
            losses[point] = max(losses.get(point, 0), of["elman"] / of["torch"])
    return losses


def draw(runs: list[dict[str, Any]], path: Path) -> None:
    """Draw the ratios to every rival, and the share of the machine's peak."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    found = summary(runs)
    shapes = list(dict.fromkeys(shape for _, shape, _ in found))
    cells = list(dict.fromkeys(cell for cell, _, _ in found))
    modes = [m for m in ("forward", "training") if any(point[2] == m for point in found)]
    width = (4 * len(cells) + 2, 0.3 * len(shapes) + 1.6)
    colors = dict(zip(RIVALS, ("tab:red", "tab:blue", "tab:purple", "tab:green"), strict=True))
    figure, axes = plt.subplots(
        len(modes), len(cells), figsize=(width[0], width[1] * len(modes)),
        sharex=True, sharey=True, squeeze=False, layout="constrained",
    )  # fmt: skip
    for row, mode in zip(axes, modes, strict=True):
        for axis, cell in zip(row, cells, strict=True):
            for y, shape in enumerate(shapes):
                figures = found.get((cell, shape, mode), {})
                for name in RIVALS:
                    if name in figures:
                        label = name if y == 0 and axis is axes[0, 0] else None
                        axis.plot(figures[name], y, "o", color=colors[name], label=label)
                if "share of peak" in figures:
                    share = f"{100 * figures['share of peak']:.0f} %"
                    axis.annotate(
                        share,
                        (1.01, y),
                        xycoords=("axes fraction", "data"),
                        va="center",
                        fontsize=7,
                    )
            axis.axvline(1, color="black", linewidth=1)
            axis.set_xscale("log")
            axis.set_yticks(range(len(shapes)), shapes, fontsize=8)
            axis.set_ylim(len(shapes) - 0.5, -0.5)
            axis.grid(axis="x", alpha=0.3)
            axis.set_title(f"{cell}, {mode}", fontsize=10)
    figure.supxlabel(
        "times longer than elman; at the right, elman's share of the peak", fontsize=10
    )
    figure.legend(loc="outside upper right", ncols=3, frameon=False)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def write(runs: list[dict[str, Any]], forms: list[dict[str, Any]], folder: Path) -> None:
    """Write speed.md and versus.png; `forms` is what forms.py found, or empty."""
    versions = ", ".join(f"{name} {version}" for name, version in runs[0]["versions"].items())
    isa, threads = runs[0]["elman"]["isa"], max(runs[0]["machine"]["limits"])
    lines = [
        "# Speed",
        "",
        "How many times longer others take than elman, from Python, in float32: medians of",
        f"interleaved rounds, each rival on its better number of threads, elman on {threads}; the",
        f"worst of {len(runs)} run{'s' * (len(runs) > 1)} of `make bench`. Bold: less than what is",
        "aimed at. Training is forward and backward, with the gradients of input, initial state",
        "and parameters. A step goes through a stream. Ragged sequences are compared with torch's",
        "packed ones, packed beforehand. Limit: the ratio to torch at which elman would reach the",
        "peak that a probe measured between the networks. The last columns: elman on one thread",
        "over elman on all, and its share of that peak.",
        "[Where and why figures are missed](misses.md).",
        "",
        "`make bench` writes a run and its report to build/bench. `python benchmarks/versus.py",
        "--report RUN... --output docs/speed` makes this page of several runs, each kept with",
        "`--output` in a folder of its own.",
        "",
        f"{runs[0]['machine']['processor']}, {threads} cores, {isa} kernels; {versions}.",
        "",
        "![Ratios to all rivals](versus.png)",
        "",
        *table(runs),
        "",
        *notes(runs),
    ]
    if forms:
        lines += ["", "## Ways to call a layer", "", *section(forms)]
    (folder / "speed.md").write_text("\n".join(lines) + "\n")
    draw(runs, folder / "versus.png")
