"""Time elman beside torch, onnxruntime, OpenVINO and JAX, and write what was measured.

    python benchmarks/versus.py [--output FOLDER] [--only TEXT] [--rounds N]
    python benchmarks/versus.py --report FILE... --output FOLDER

All libraries run the same network, in one process and turn by turn, after a pause in which another
library's threads fall asleep. Outputs and gradients are compared before anything is timed. A run
writes versus.json and a report; a report draws the worst of several runs and writes a table, with
another of what forms.py found.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import report
from elman_rival import Elman
from machine import Probe, describe
from problems import Problem, Shape, grid_points
from rival import Rival
from rivals import RIVALS
from timing import Runner, busy_process, interleaved
from torch_rival import Torch

import elman

DTYPE_REGIMES = ("mid", "large")
"""Where elman's float64 is timed beside its float32."""

TOLERANCE = 2e-4
"""Of float32 results, over the largest of them: long chains of steps let rounding grow."""


def check(rivals: list[Rival], mode: str) -> None:
    """Compare what all rivals compute with the first one's; raise AssertionError if it differs."""

    def results(rival: Rival) -> list[Any]:
        return [rival.output()] if mode == "forward" else rival.gradients()

    expected = results(rivals[0])
    for rival in rivals[1:]:
        for i, (found, value) in enumerate(zip(results(rival), expected, strict=True)):
            what = f"{rival.library}, {rival.problem.cell} {rival.problem.shape.name}, {mode} {i}"
            scale = max(1.0, float(np.abs(value).max()))
            np.testing.assert_allclose(found, value, rtol=0, atol=TOLERANCE * scale, err_msg=what)


def measure(cell: str, shape: Shape, mode: str, probe: Probe, options: Any) -> list[dict[str, Any]]:
    """Time all rivals at one point of the grid; return a record for each."""
    problem = Problem(cell, shape)
    rivals: dict[str, Rival] = {}
    for kind in RIVALS:
        if not kind.installed() or (mode == "training" and not kind.trains):
            continue
        for threads in (options.threads,) if kind.library == "jax" else (1, options.threads):
            rivals[f"{kind.library} {threads}"] = kind(problem, threads)
    check(list(rivals.values()), mode)
    if shape.regime in DTYPE_REGIMES:
        in_float64 = Problem(cell, shape, "float64")
        rivals[f"elman {options.threads} float64"] = Elman(in_float64, options.threads)
    runners = {name: rival.runner(mode) for name, rival in rivals.items()}
    peaks: list[float] = []

    def measure_peak(times: int) -> None:
        peaks.append(probe.peak(options.threads))

    spreads = interleaved({**runners, "peak": Runner(lambda: None, measure_peak)}, options.rounds)
    del spreads["peak"]
    point = {"cell": cell, "shape": shape.name, "regime": shape.regime, "mode": mode}
    point |= {"flops": problem.flops, "weight_bytes": problem.weight_bytes}
    point |= {"peak_gflops": float(np.median(peaks)) / 1e9}
    return [
        {**point, "library": name.split()[0], "threads": int(name.split()[1])}
        | {"dtype": "float64" if name.endswith("float64") else "float32"}
        | {"seconds": spreads[name]._asdict()}
        for name in runners
    ]


def measure_busy(cell: str, shape: Shape, mode: str, options: Any) -> list[dict[str, Any]]:
    """Time elman and torch while another process keeps a core busy."""
    problem = Problem(cell, shape)
    rivals = {kind.library: kind(problem, options.threads) for kind in (Elman, Torch)}
    runners = {name: rival.runner(mode) for name, rival in rivals.items()}
    rounds = max(3, options.rounds // 2)
    quiet = interleaved(runners, rounds, fewest=3, budget=2)
    with busy_process():
        busy = interleaved(runners, rounds, fewest=3, budget=2)
    point = {"cell": cell, "shape": shape.name, "regime": shape.regime, "mode": mode}
    return [
        {**point, "library": name, "threads": options.threads}
        | {"quiet": quiet[name]._asdict(), "busy": busy[name]._asdict()}
        for name in rivals
    ]


def run(options: Any) -> dict[str, Any]:
    """Measure the grid."""
    probe = Probe()
    versions = {kind.library: kind.version() for kind in RIVALS if kind.installed()}
    machine = describe(probe, options.threads)
    result: dict[str, Any] = {
        "machine": machine,
        "versions": versions,
        "elman": elman.show_config(),
    }
    result |= {"points": [], "busy": []}
    points = grid_points(options.only)
    begin = time.perf_counter()
    for done, point in enumerate(points, 1):
        records = measure(*point, probe, options)
        result["points"] += records
        if options.busy:
            result["busy"] += measure_busy(*point, options)
        best = report.ratios(records)
        shown = ", ".join(f"{rival} {ratio:.2f}" for rival, ratio in best.items())
        seconds = time.perf_counter() - begin
        cell, shape, mode = point
        print(
            f"[{done}/{len(points)} {seconds:.0f} s] {cell} {shape.name} {mode}: {shown}",
            flush=True,
        )
    return result


def main() -> None:
    """Run the benchmark, or report on runs made before."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--output", type=Path, default=Path("build/bench"), help="folder to write to"
    )
    parser.add_argument("--only", default="", help="measure only points whose name has this in it")
    parser.add_argument("--rounds", type=int, default=7, help="how many times each is measured")
    parser.add_argument("--threads", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--busy", action="store_true", help="also beside another busy process")
    parser.add_argument("--report", type=Path, nargs="+", help="runs to report on, no new one")
    parser.add_argument(
        "--forms", type=Path, default=Path("build/bench/forms.json"), help="what forms.py wrote"
    )
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    forms = json.loads(options.forms.read_text()) if options.forms.exists() else []
    if options.report:
        runs = [json.loads(path.read_text()) for path in options.report]
        report.write(runs, forms, options.output)
        return
    result = run(options)
    path = options.output / "versus.json"
    short = json.loads(json.dumps(result), parse_float=lambda digits: float(f"{float(digits):.4g}"))
    path.write_text(json.dumps(short) + "\n")
    report.write([short], forms, options.output)
    print(path)


if __name__ == "__main__":
    main()
