"""The adding problem: remember two marked numbers among hundreds, and print their sum.

    python examples/adding_problem.py

Hochreiter & Schmidhuber 1997 ("Long short-term memory"), in the form of Le, Jaitly & Hinton 2015:
each step has a number drawn from [0, 1) and a mark; two steps are marked, one in each half. Who
answers 1 always is wrong by 1/6 = .167 on average, squared.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np

from elman.estimators import RNNRegressor


def draw(n: int, T: int, random: np.random.Generator) -> tuple[Any, Any]:
    """Draw n sequences (n, T, 2) and their sums (n,)."""
    numbers, marks = random.random((n, T)), np.zeros((n, T))
    first = random.integers(0, T // 2, n)
    second = random.integers(T // 2, T, n)
    rows = np.arange(n)
    marks[rows, first] = marks[rows, second] = 1
    y = numbers[rows, first] + numbers[rows, second]
    return np.stack([numbers, marks], axis=2).astype(np.float32), y


def main() -> None:
    """Train a GRU for each length, test it on sequences that it has not seen, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lengths", type=int, nargs="+", default=[200, 400])
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print("   T   mean squared error   a constant   seconds")
    for T in options.lengths:
        random = np.random.default_rng(options.seed)
        X, y = draw(10_000, T, random)
        X_test, y_test = draw(2_000, T, random)
        regressor = RNNRegressor(
            cell="gru",
            hidden_size=64,
            batch_size=20,
            learning_rate="one_cycle",
            learning_rate_init=5e-3,
            max_iter=15,
            n_iter_no_change=np.inf,
            random_state=options.seed,
        )
        start = time.perf_counter()
        regressor.fit(X, y)
        seconds = time.perf_counter() - start
        error = np.mean((regressor.predict(X_test) - y_test) ** 2)
        constant = np.mean((1 - y_test) ** 2)
        print(f"{T:4}   {error:18.5f}   {constant:10.3f}   {seconds:7.0f}", flush=True)


if __name__ == "__main__":
    main()
