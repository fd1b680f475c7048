"""A task that a small network learns in a second."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

from elman.estimators import RNNClassifier


class Task(NamedTuple):
    """X is a list of arrays (T_i, 2) or an array (n, T, 2); y says which way column 0 runs."""

    X: Any
    y: np.ndarray[Any, Any]
    X_test: Any
    y_test: np.ndarray[Any, Any]


@pytest.fixture
def draw() -> Callable[..., Task]:
    """Return the function that draws the task, ragged or with T = 8."""

    def one(up: bool, T: int, random: np.random.Generator) -> Any:
        ramp = np.linspace(-1, 1, T) if up else np.linspace(1, -1, T)
        return np.stack([ramp, np.zeros(T)], axis=1) + random.normal(scale=0.2, size=(T, 2))

    def part(n: int, ragged: bool, dtype: Any, random: np.random.Generator) -> tuple[Any, Any]:
        up = random.integers(0, 2, n).astype(bool)
        lengths = random.integers(4, 13, n) if ragged else np.full(n, 8)
        X = [one(u, T, random).astype(dtype) for u, T in zip(up, lengths, strict=True)]
        return (X if ragged else np.stack(X)), np.where(up, "up", "down")

    def draw(ragged: bool = True, n: int = 60, dtype: Any = np.float64, seed: int = 0) -> Task:
        random = np.random.default_rng(seed)
        return Task(*part(n, ragged, dtype, random), *part(n, ragged, dtype, random))

    return draw


@pytest.fixture
def fast() -> Callable[..., RNNClassifier]:
    """Return the function that makes a classifier that learns the task, without warnings."""

    def fast(**options: Any) -> RNNClassifier:
        defaults: dict[str, Any] = {
            "hidden_size": 8,
            "learning_rate_init": 0.02,
            "max_iter": 15,
            "n_iter_no_change": np.inf,
            "random_state": 0,
            "dtype": "float64",
        }
        return RNNClassifier(**defaults | options)

    return fast
