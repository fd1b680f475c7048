"""Two builds of elman by turns: a worker process for each, of which one runs at a time.

`builds` starts a `Worker` for each build. A benchmark asks each for its runners, and times these
together by `timing.interleaved`. Only the worker's own clock counts. Requests and replies are
pickles on the worker's standard input and output: (name of a method of `Served`, arguments), and
("done", value) or ("failed", traceback).
"""

from __future__ import annotations

import argparse
import importlib
import os
import pickle
import subprocess
import sys
import sysconfig
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import numpy as np
from timing import Runner


class Served:
    """What a worker does for its parent."""

    def __init__(self) -> None:
        self._runners: dict[str, Runner] = {}

    def where(self) -> str:
        """Return the folder of the package that runs here."""
        import elman

        return str(Path(elman.__file__).parent)

    def make(self, module: str, function: str, arguments: tuple[Any, ...]) -> list[str]:
        """Call a function of a benchmark, which returns runners by name; return the names."""
        self._runners = getattr(importlib.import_module(module), function)(*arguments)
        return list(self._runners)

    def results(self, name: str) -> list[np.ndarray[Any, Any]]:
        """Run once; return all arrays of the result."""
        self._runners[name].prepare()
        return list(arrays_of(self._runners[name].run(1)))

    def calibrate(self, name: str) -> int:
        return self._runners[name].calibrate()

    def sample(self, name: str, times: int) -> float:
        return self._runners[name].sample(times)


def arrays_of(result: Any) -> list[np.ndarray[Any, Any]]:
    """Return the arrays of a result that nests tuples, lists and dictionaries; keys in order."""
    if isinstance(result, Mapping):
        return [array for key in sorted(result) for array in arrays_of(result[key])]
    if isinstance(result, tuple | list):
        return [array for part in result for array in arrays_of(part)]
    return [] if result is None else [np.asarray(result)]


class Remote:
    """A runner in a worker, which times it there."""

    def __init__(self, worker: Worker, name: str) -> None:
        self._worker, self._name = worker, name

    def calibrate(self) -> int:
        return int(self._worker.ask("calibrate", self._name))

    def sample(self, times: int) -> float:
        return float(self._worker.ask("sample", self._name, times))

    def results(self) -> list[np.ndarray[Any, Any]]:
        """Run once; return all arrays of the result."""
        found: list[np.ndarray[Any, Any]] = self._worker.ask("results", self._name)
        return found


class Worker:
    """A process that runs one build of elman.

    Parameters
    ----------
    build : folder or Python interpreter
        A source tree's `src`, with the native module in it, for this interpreter; or another
        interpreter that has an elman installed, beside what the benchmark imports.
    """

    def __init__(self, build: Path) -> None:
        # An elman without native kernels is an error here: it would be measured in their place.
        environment, command = {"ELMAN_BACKEND": "native", **os.environ}, [str(build)]
        if build.is_dir():
            if not (build / "elman" / "__init__.py").exists():
                raise SystemExit(f"{build}: expected a folder with elman/__init__.py in it")
            # -S leaves out site's hooks, through which an editable install would come first.
            command = [sys.executable, "-S"]
            packages = [sysconfig.get_path(name) for name in ("purelib", "platlib")]
            environment["PYTHONPATH"] = os.pathsep.join([str(build.resolve()), *packages])
        elif not os.access(build, os.X_OK):
            raise SystemExit(f"{build}: expected a source folder or a Python interpreter")
        elif build != Path(sys.executable):
            environment.pop("PYTHONPATH", None)  # it leads to this interpreter's elman
        self._process = subprocess.Popen(
            [*command, __file__], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        where = Path(self.ask("where"))
        if build.is_dir() and where != (build / "elman").resolve():
            self.__exit__()
            raise SystemExit(f"{build}: the worker imported elman from {where} instead")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()  # closes its input, at which it ends

    def ask(self, method: str, *arguments: Any) -> Any:
        """Have the worker call a method of `Served`; return what it returned."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        pickle.dump((method, arguments), self._process.stdin)
        self._process.stdin.flush()
        try:
            outcome, value = pickle.load(self._process.stdout)
        except EOFError:
            raise RuntimeError(f"a worker ended with status {self._process.wait()}") from None
        if outcome == "failed":
            raise RuntimeError(f"a worker failed:\n{value}")
        return value

    def make(self, module: str, function: str, *arguments: Any) -> dict[str, Remote]:
        """Have the worker make the runners of a benchmark; those made before are forgotten."""
        return {name: Remote(self, name) for name in self.ask("make", module, function, arguments)}


class Here:
    """The process itself and its elman, in a worker's place where nothing is compared."""

    def make(self, module: str, function: str, *arguments: Any) -> dict[str, Runner]:
        """Make the runners of a benchmark."""
        made: dict[str, Runner] = getattr(importlib.import_module(module), function)(*arguments)
        return made


def add_arguments(parser: argparse.ArgumentParser, required: bool = False) -> None:
    """Let a benchmark's user name the builds to compare."""
    said = "a source tree's src, or a Python interpreter, "
    parser.add_argument(
        "--before", type=Path, required=required, help=said + "to compare with, by turns"
    )
    parser.add_argument(
        "--after", type=Path, default=Path(sys.executable), help=said + "in place of this one"
    )


@contextmanager
def builds(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Start the workers that the arguments ask for: "before" and "after", or "here" alone."""
    if options.before is None:
        yield {"here": Here()}
        return
    with Worker(options.before) as before, Worker(options.after) as after:
        for name, worker in (("before", before), ("after", after)):
            print(f"{name}: {worker.ask('where')}", flush=True)
        yield {"before": before, "after": after}


def serve() -> None:
    """Answer a parent's requests until it closes the input."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not come between the replies
    served = Served()
    while True:
        try:
            method, arguments = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        try:
            reply = ("done", getattr(served, method)(*arguments))
        except Exception:
            reply = ("failed", traceback.format_exc())
        pickle.dump(reply, replies)
        replies.flush()


if __name__ == "__main__":
    serve()
