"""Write a table of the memory that elman and torch need to train on the large shapes.

    python benchmarks/memory.py [--output FOLDER]

Each runs forward and backward once in a process of its own; its figure is how much the process's
largest resident size grew over the size it had with the network and its input made.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from problems import CELLS, GRID, Problem, Shape
from rival import Rival
from rivals import RIVALS

SHAPES = [shape for shape in GRID if shape.regime == "large"]
LONG = Shape("long", 100_000, 1, 64, 64)
LIBRARIES = ("elman", "torch")

PROGRAM = """
import sys
sys.path.insert(0, {folder!r})
import memory
print(memory.grown({library!r}, {cell!r}, {name!r}, {every}))
"""


def resident(field: str) -> int:
    """Return VmRSS, or VmHWM, its largest so far, in bytes, as Linux tells them."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))


def grown(library: str, cell: str, name: str, every: int | None) -> int:
    """Train once, in this process; return by how many bytes it grew."""
    shape = next(shape for shape in [*SHAPES, LONG] if shape.name == name)
    problem = Problem(cell, shape)
    kind = next(kind for kind in RIVALS if kind.library == library)
    rival: Rival = kind(problem, 2)
    warm = kind(Problem(cell, Shape("tiny", 2, 1, 3, 4)), 2)  # what a library loads when first used
    warm.train(1)
    before = resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the largest so far is forgotten
    if every is None:
        rival.train(1)
    else:
        _, backward = problem.layer.vjp(problem.x, problem.state, checkpoint_every=every)
        backward(problem.d_output)
    return resident("VmHWM") - before


def measure(library: str, cell: str, shape: Shape, every: int | None = None) -> float:
    """Train once in a new process; return by how many MB it grew."""
    folder = str(Path(__file__).parent)
    program = PROGRAM.format(
        folder=folder, library=library, cell=cell, name=shape.name, every=every
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return int(done.stdout) / 1e6


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("build/bench"))
    folder = parser.parse_args().output
    folder.mkdir(parents=True, exist_ok=True)
    lines = [
        "# Memory",
        "",
        "MB by which a process grows when it runs forward and backward once, gradients included,",
        "beside the network and its input. `python benchmarks/memory.py` makes this page.",
        "",
        "| cell | T, N, I, H | elman | torch |",
        "|---|---|---|---|",
    ]
    for shape in SHAPES:
        for cell in CELLS:
            own, other = (measure(library, cell, shape) for library in LIBRARIES)
            lines.append(f"| {cell} | {shape.name} | {own:.0f} | {other:.0f} |")
            print(lines[-1], flush=True)
    lines += [
        "",
        "A long sequence, with `vjp(..., checkpoint_every=k)`; output and d_x alone are "
        f"{2 * LONG.T * 4 * LONG.H / 1e6:.0f} MB:",
        "",
        "| cell | T, N, I, H | every | elman |",
        "|---|---|---|---|",
    ]
    for cell in CELLS:
        for every in (None, 316):
            grew = measure("elman", cell, LONG, every)
            lines.append(f"| {cell} | {LONG.name} | {every or 'none'} | {grew:.0f} |")
            print(lines[-1], flush=True)
    (folder / "memory.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
