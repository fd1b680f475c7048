"""Small tables, and commands run in this process."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from elman.cli import main


class Ran(NamedTuple):
    """What a command gave: its exit status and what it printed."""

    status: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return the function that runs a command, with what stands on its standard input."""

    def run_command(*arguments: Any, stdin: bytes = b"") -> Ran:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        try:
            status = main([str(argument) for argument in arguments])
        except SystemExit as exit_:
            status = int(str(exit_.code))
        captured = capsys.readouterr()
        return Ran(status, captured.out, captured.err)

    return run_command


def table(n: int = 24, seed: int = 0) -> str:
    """Return a table of n sequences of 3 to 6 steps, that rise or fall, each with its slope."""
    random = np.random.default_rng(seed)
    lines = ["name,day,a,b,slope,way"]
    for i in range(n):
        T, slope = int(random.integers(3, 7)), float((-1) ** i * random.uniform(0.5, 1.5))
        for t in range(T):
            a, b = slope * t + random.normal(0, 0.1), random.normal()
            way = "rise" if slope > 0 else "fall"
            lines.append(f"s{i},{t},{float(a)!r},{float(b)!r},{slope!r},{way}")
    return "\n".join(lines) + "\n"


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    """Return the path of such a table."""
    path = tmp_path / "train.csv"
    path.write_text(table())
    return path


COLUMNS = ("--id", "name", "--time", "day", "--target", "way", "--features", "a,b")
QUICK = ("--hidden-size", 4, "--max-iter", 8, "--set", "n_iter_no_change=inf")


@pytest.fixture
def model(run: Run, csv: Path, tmp_path: Path) -> Path:
    """Return the path of a classifier of that table."""
    path = tmp_path / "ways.safetensors"
    assert run("fit", "classify", csv, *COLUMNS, *QUICK, "-o", path).status == 0
    return path
