"""Time two builds of elman by turns, on the whole grid, quiet and beside a busy process.

    python benchmarks/before_after.py --before OLD/src [--after NEW/src] [--only TEXT]

Forward runs and training. The results of both are compared before anything is timed. Writes
before_after.json and before_after.md.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from elman_rival import Elman
from problems import Problem, Shape, grid_points
from timing import Runner, Spread, busy_process, interleaved
from workers import add_arguments, builds

TOLERANCE = 1e-4
"""Of results, over the largest of them, where the builds sum in another order."""

FEWEST = 5
"""Rounds, however long they take."""

BRIEF = ("tiny", "small")
"""Where calls take microseconds, on one thread."""


def runners(cell: str, shape: Shape, mode: str, threads: int) -> dict[str, Runner]:
    """Return what a worker times at one point of the grid."""
    runner = Elman(Problem(cell, shape), threads).runner(mode)
    return {"elman": runner.briefly() if shape.regime in BRIEF else runner}


def same_bits(remotes: dict[str, Any]) -> bool:
    """Compare the builds' results; AssertionError if they differ by more than rounding."""
    old, new = (remotes[name].results() for name in ("before", "after"))
    for one, other in zip(old, new, strict=True):
        scale = max(1.0, float(np.abs(one).max()))
        np.testing.assert_allclose(other, one, rtol=0, atol=TOLERANCE * scale)
    return all(np.array_equal(one, other) for one, other in zip(old, new, strict=True))


def compared(spreads: dict[str, Spread]) -> dict[str, Any]:
    """Return how many times as fast the later build is: by the medians, and by the least."""
    old, new = spreads["before"], spreads["after"]
    return {
        "before": old._asdict(),
        "after": new._asdict(),
        "ratio": old.median / new.median,
        "ratio of the least": old.least / new.least,
        "noise": max((spread.upper - spread.lower) / spread.median for spread in (old, new)),
    }


def measure(workers: dict[str, Any], point: tuple[str, Shape, str], options: Any) -> dict[str, Any]:
    """Time both builds at one point, quiet and busy."""
    cell, shape, mode = point
    remotes = {
        name: worker.make("before_after", "runners", cell, shape, mode, options.threads)["elman"]
        for name, worker in workers.items()
    }
    record: dict[str, Any] = {"cell": cell, "shape": shape.name, "mode": mode}
    record["same_bits"] = same_bits(remotes)

    def timed() -> dict[str, Any]:
        return compared(interleaved(remotes, options.rounds, FEWEST, options.budget))

    record["quiet"] = timed()
    if options.busy:
        with busy_process():
            record["busy"] = timed()
    return record


def summary(records: list[dict[str, Any]]) -> list[str]:
    """Say how the ratios are spread over the points."""
    lines = []
    for mood in ("quiet", "busy"):
        found = [record[mood] for record in records if mood in record]
        for name in ("ratio", "ratio of the least") if found else ():
            ratios = [of[name] for of in found]
            lines.append(
                f"- {mood}, {name}: {np.median(ratios):.3f} in the median of {len(ratios)} points, "
                f"from {min(ratios):.2f} to {max(ratios):.2f}; {sum(r < 0.95 for r in ratios)} "
                f"below 0.95, {sum(r > 1.05 for r in ratios)} above 1.05."
            )
        if found:
            noise = 100 * np.median([of["noise"] for of in found])
            lines.append(f"- {mood}: quartiles are {noise:.0f} % of the median apart.")
    same = sum(record["same_bits"] for record in records)
    return [*lines, f"- {same} of {len(records)} points have the same bits before and after."]


def row(record: dict[str, Any]) -> str:
    """Return a point's line of the table."""
    cells = [record["cell"], record["shape"], record["mode"]]
    for mood in ("quiet", "busy"):
        if mood in record:
            found = record[mood]
            cells += [f"{1e6 * found[name]['median']:.1f}" for name in ("before", "after")]
            cells.append(f"{found['ratio']:.2f} ({found['ratio of the least']:.2f})")
        else:
            cells += [""] * 3
    return f"| {' | '.join(cells)} |"


def page(records: list[dict[str, Any]]) -> list[str]:
    """Return the lines of the page."""
    head = ["cell", "T, N, I, H", "mode"]
    head += ["before, µs", "after, µs", "before / after"]
    head += ["busy: before, µs", "after, µs", "before / after"]
    return [
        "# Before and after",
        "",
        "Medians of rounds by turns, and their ratio; in brackets that of the least.",
        "",
        f"| {' | '.join(head)} |",
        "|" + "---|" * len(head),
        *map(row, records),
        "",
        *summary(records),
    ]


def main() -> None:
    """Measure, print as it goes, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_arguments(parser, required=True)
    parser.add_argument("--output", type=Path, default=Path("build/bench"))
    parser.add_argument("--only", default="", help="measure only points whose name has this in it")
    parser.add_argument("--rounds", type=int, default=201, help="how many measurements at most")
    parser.add_argument("--budget", type=float, default=3, help="seconds for a point, about")
    parser.add_argument("--threads", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--quiet", dest="busy", action="store_false", help="no busy process")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    records: list[dict[str, Any]] = []
    with builds(options) as workers:
        for point in grid_points(options.only):
            records.append(measure(workers, point, options))
            print(row(records[-1]), flush=True)
            # Written after each point, so that a run that is ended early leaves what it measured.
            (options.output / "before_after.md").write_text("\n".join(page(records)) + "\n")
            (options.output / "before_after.json").write_text(json.dumps(records) + "\n")
    print("\n".join(summary(records)))


if __name__ == "__main__":
    main()
