"""Whether training still gets anywhere."""

from __future__ import annotations

import math


class Watch:
    """A series of values, greater being better, and for how long it has stood still."""

    def __init__(self, tol: float) -> None:
        self.tol = tol
        self.values: list[float] = []
        self.best = -math.inf
        self.epochs_without = 0

    def start_from(self, value: float) -> None:
        """Hold the values to come against one from before the first epoch."""
        self.best = value

    def add(self, value: float) -> bool:
        """Add an epoch's value; return whether it is the best so far."""
        self.values.append(value)
        self.epochs_without = 0 if value >= self.best + self.tol else self.epochs_without + 1
        is_best = value > self.best
        self.best = max(self.best, value)
        return is_best

    def replay(self, values: list[float]) -> None:
        """Add the values of epochs that were finished in an earlier run."""
        for value in values:
            self.add(value)
