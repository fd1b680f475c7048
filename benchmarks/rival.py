"""What a library that is measured must do.

A rival makes several calls at a time, so that what a library wants entered once (such as torch's
inference mode) is, and gives its results as NumPy arrays for comparison.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
from typing import Any, ClassVar

from problems import Array, Problem
from timing import Runner


class Rival:
    """A network in some library, for forward runs or for training."""

    library: ClassVar[str]
    trains: ClassVar[bool] = True
    pause: ClassVar[float] = 0.01
    """Seconds after a run in which its threads stop spinning."""

    def __init__(self, problem: Problem, threads: int) -> None:
        self.problem, self.threads = problem, threads

    @classmethod
    def version(cls) -> str:
        """Return the library's version."""
        return importlib.metadata.version(cls.library)

    @classmethod
    def installed(cls) -> bool:
        """Tell whether the library can be imported."""
        return importlib.util.find_spec(cls.library) is not None

    def use_threads(self) -> None:
        """Let the library use as many threads as this rival has."""

    def forward(self, times: int) -> Any:
        """Run the network so many times."""
        raise NotImplementedError

    def train(self, times: int) -> Any:
        """Run it, and take the gradients of input, initial state and parameters."""
        raise NotImplementedError

    def runner(self, mode: str) -> Runner:
        """Return what times it in a mode, "forward" or "training"."""
        run = self.forward if mode == "forward" else self.train
        return Runner(self.use_threads, run, self.pause)

    def output(self) -> Array:
        """Return the output of a forward run, shape (T, N, D·H)."""
        raise NotImplementedError

    def gradients(self) -> list[Array]:
        """Return the gradients: of the input, the initial state, and the parameters in order."""
        raise NotImplementedError
