"""The adding problem: remember two marked numbers among hundreds, and print their sum.

    python examples/adding_problem.py

Hochreiter & Schmidhuber 1997 ("Long short-term memory"), in the form of Le, Jaitly & Hinton 2015:
each step has a number drawn from [0, 1) and a mark; two steps are marked, one in each half. Who
answers 1 always is wrong by 1/6 = .167 on average, squared.

A unit of a GRU remembers while its update gate is near 1. So the gates' biases are drawn such that
units begin with memories of 1 to T steps (Tallec & Ollivier 2018, "Can recurrent neural networks
warp time?"); with biases near 0, T = 400 takes luck.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np

import elman
from elman import nn, train
from elman.train import schedules


def draw(n: int, T: int, random: np.random.Generator) -> tuple[Any, Any]:
    """Draw n sequences (n, T, 2) and their sums (n,)."""
    numbers, marks = random.random((n, T)), np.zeros((n, T))
    first = random.integers(0, T // 2, n)
    second = random.integers(T // 2, T, n)
    rows = np.arange(n)
    marks[rows, first] = marks[rows, second] = 1
    y = numbers[rows, first] + numbers[rows, second]
    return np.stack([numbers, marks], axis=2).astype(np.float32), y


def network(T: int, seed: int, hidden_size: int = 64) -> nn.Network:
    """Make a GRU that remembers for up to T steps, and a head that tells one number."""
    generator = elman.Generator(seed)
    gru = nn.GRU(2, hidden_size, batch_first=True, generator=generator)
    bias = np.array(gru.bias_ih_l0)  # of the gates r, z, n
    memory = np.random.default_rng(seed).uniform(1, T - 1, hidden_size)
    bias[hidden_size : 2 * hidden_size] = np.log(memory)
    gru.bias_ih_l0 = bias
    return nn.Network(gru, nn.Linear(hidden_size, 1, generator=generator))


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
        gru = network(T, options.seed)
        start = time.perf_counter()
        train.fit(
            gru,
            X,
            (y - 1)[:, None].astype(np.float32),
            train.squared_error,
            train.Adam(lr=5e-3),
            random=random,
            batch_size=50,
            max_iter=10,
            n_iter_no_change=np.inf,
            clip_norm=1.0,
            schedule=schedules.cosine(),
        )
        seconds = time.perf_counter() - start
        error = np.mean((1 + gru.predict(X_test)[:, 0] - y_test) ** 2)
        constant = np.mean((1 - y_test) ** 2)
        print(f"{T:4}   {error:18.5f}   {constant:10.3f}   {seconds:7.0f}", flush=True)


if __name__ == "__main__":
    main()
