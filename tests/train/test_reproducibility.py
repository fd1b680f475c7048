"""The same bits with any number of BLAS threads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

import elman
from elman import nn
from elman.train import Adam, clip_by_global_norm, cross_entropy, fit, squared_error

N = 50_000  # BLAS takes threads for dot products of 10,000 and more


def norm(random: np.random.Generator, dtype: Any) -> Any:
    return clip_by_global_norm({"a": random.normal(size=2_000_000).astype(dtype)}, 1.0)[1]


def loss_of_classes(random: np.random.Generator, dtype: Any) -> Any:
    logits = random.normal(size=(N, 3)).astype(dtype)
    return cross_entropy(logits, random.integers(0, 3, N), random.uniform(size=N))[0]


def loss_of_numbers(random: np.random.Generator, dtype: Any) -> Any:
    predictions, targets = random.normal(size=(2, N, 3)).astype(dtype)
    return squared_error(predictions, targets)[0]


def training(random: np.random.Generator, dtype: Any) -> Any:
    """Matrices of more than 10,000 values, whose norm is in the loss, and a clipped step."""
    generator = elman.Generator(0)
    rnn = nn.RNN(3, 160, batch_first=True, dtype=dtype, generator=generator)
    network = nn.Network(rnn, nn.Linear(160, 2, dtype=dtype, generator=generator))
    x = random.normal(size=(8, 4, 3)).astype(dtype)
    result = fit(network, x, [0, 1] * 4, cross_entropy, Adam(), random=random, batch_size=4,
                 alpha=0.5, clip_norm=1e-3, max_iter=2)  # fmt: skip
    return result.loss_curve, {n: p.tolist() for n, p in network.named_parameters()}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("compute", [norm, loss_of_classes, loss_of_numbers, training])
def test_threads_change_no_bit(compute: Callable[..., Any], dtype: Any) -> None:
    results = []
    for threads in (1, 2, 3):
        with threadpool_limits(threads, user_api="blas"):
            results.append(compute(np.random.default_rng(0), dtype))
    assert results[0] == results[1] == results[2]
