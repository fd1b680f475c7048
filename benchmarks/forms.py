"""Time the other ways to call a layer beside the plain call of the same arithmetic.

    python benchmarks/forms.py [--only TEXT] [--output FOLDER]
    python benchmarks/forms.py --before OLD/src [--after NEW/src]

A form may take `limit` times as long as the plain call, beside what drawing its masks or padding
its list costs by itself. Results are compared with the plain call's before anything is timed. A
cell's call is timed beside a stream's step. With --before two builds are timed by turns. Writes
forms.json and forms.md.
"""

from __future__ import annotations

import argparse
import itertools
import json
from pathlib import Path
from typing import Any

from call_forms import CELL_LIMIT, forms, own_cost
from problems import CELLS, MODES
from timing import interleaved
from workers import add_arguments, builds

SIZES = [(10, 1, 5, 8), (50, 1, 32, 64)]
"""T, N, I, H."""


def judged(plain: float, this: float, own: float, limit: float) -> dict[str, Any]:
    """Return the figures of a form, from seconds, and whether it is within its limit."""
    ratio = (this - own) / plain
    return {"plain": plain, "this": this, "own": own, "ratio": ratio, "ok": ratio <= limit}


def time_by_turns(
    workers: dict[str, Any], options: Any, function: str, *arguments: Any
) -> dict[str, dict[str, float]]:
    """Time the runners that a function of call_forms.py makes; return medians by build and name."""
    timed = {
        (build, name): runner
        for build, worker in workers.items()
        for name, runner in worker.make("call_forms", function, *arguments).items()
    }
    spreads = interleaved(timed, options.rounds, budget=options.budget)
    found: dict[str, dict[str, float]] = {build: {} for build in workers}
    for (build, name), spread in spreads.items():
        found[build][name] = spread.median
    return found


def measure(workers: dict[str, Any], options: Any) -> list[dict[str, Any]]:
    """Time all forms; return a record for each, with the figures of each build."""
    records = []
    for size, cell, mode in itertools.product(SIZES, CELLS, (*MODES, "step")):
        shape = ",".join(map(str, size))
        if options.only not in f"{cell} {shape} {mode}":
            continue
        if mode == "step":
            seconds = time_by_turns(workers, options, "cell_runners", cell, size)
            limits = {"cell": ("plain", CELL_LIMIT)}
        else:
            seconds = time_by_turns(workers, options, "runners", cell, size, mode)
            limits = {
                name: (form.plain, form.limit)
                for name, form in forms(cell, size, mode).items()
                if form.plain != name
            }
        for name, (plain, limit) in limits.items():
            record = {"cell": cell, "shape": shape, "mode": mode, "form": name, "limit": limit}
            record["builds"] = {
                build: judged(of[plain], of[name], of.get(own_cost(name), 0.0), limit)
                for build, of in seconds.items()
            }
            records.append(record)
            print(row(record), flush=True)
    return records


def row(record: dict[str, Any]) -> str:
    """Return a form's line of the table."""
    cells = [record["cell"], record["shape"], record["mode"], record["form"]]
    for of in record["builds"].values():
        cells += [f"{1e6 * of[name]:.1f}" for name in ("plain", "this", "own")]
        cells += [f"{of['ratio']:.2f}"]
    last = list(record["builds"].values())[-1]
    return f"| {' | '.join(cells)} | {record['limit']:g} | {'yes' if last['ok'] else '**no**'} |"


def table(records: list[dict[str, Any]]) -> list[str]:
    """Return the lines of the table."""
    head = ["cell", "T, N, I, H", "mode", "form"]
    for build in records[0]["builds"]:
        before = "" if build == "here" else f"{build}: "
        head += [f"{before}plain, µs", "this, µs", "own cost, µs", "ratio"]
    head += ["limit", "ok"]
    return [f"| {' | '.join(head)} |", "|" + "---|" * len(head), *map(row, records)]


def section(records: list[dict[str, Any]]) -> list[str]:
    """Return the lines of the page below its title."""
    return [
        "Medians, from Python, float32. The ratio is that of the time, less what drawing masks or",
        "padding a list costs by itself, to the plain call's: time-first, the same layers, no",
        "dropout. A cell's call is beside a stream's step. `make forms` makes this page.",
        "",
        *table(records),
    ]


def main() -> None:
    """Measure, print as it goes, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_arguments(parser)
    parser.add_argument("--output", type=Path, default=Path("build/bench"))
    parser.add_argument("--only", default="", help="measure only points whose name has this in it")
    parser.add_argument("--rounds", type=int, default=101, help="how many measurements at most")
    parser.add_argument("--budget", type=float, default=6, help="seconds for a point, about")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    with builds(options) as workers:
        records = measure(workers, options)
    missed = sum(not list(record["builds"].values())[-1]["ok"] for record in records)
    print(f"{missed} of {len(records)} forms are above their limit")
    (options.output / "forms.json").write_text(json.dumps(records) + "\n")
    page = ["# Ways to call a layer", "", *section(records)]
    (options.output / "forms.md").write_text("\n".join(page) + "\n")


if __name__ == "__main__":
    main()
