"""Dropout masks: the numbers of torch, on both sides, and as many words taken."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from strategies import FLOAT32, dtypes, seeds

import elman

shapes = st.lists(st.integers(0, 7), max_size=4).map(tuple)
probabilities = st.floats(0, 1) | st.sampled_from([0.0, 5e-324, 1e-17, 0.2, 0.5, 1 - 2**-53, 1.0])


def torchs_mask(shape: tuple[int, ...], p: float, dtype: Any) -> torch.Tensor:
    return torch.nn.functional.dropout(torch.ones(shape, dtype=getattr(torch, dtype.name)), p)


@given(
    seed=seeds,
    draws=st.lists(st.tuples(shapes, probabilities, dtypes), min_size=1, max_size=4),
)
def test_masks_are_torchs_bit_for_bit(side: ModuleType, seed: int, draws: list[Any]) -> None:
    ours = elman.Generator(seed)
    torch.manual_seed(seed)
    for shape, p, dtype in draws:
        mask = side.dropout_mask(ours.bits, shape, p, dtype)
        np.testing.assert_array_equal(mask, torchs_mask(shape, p, dtype).numpy(), strict=True)
    np.testing.assert_array_equal(ours.uniform((3,), 0.5, FLOAT32) + 0.5, torch.rand(3).numpy())


def test_no_generator_is_refused(native: ModuleType) -> None:
    with pytest.raises(AttributeError, match="lock"):
        native.dropout_mask(np.random.default_rng, (3,), 0.5, FLOAT32)
    with pytest.raises(ValueError, match="Capsule"):
        native._native.dropout_mask_float32(native._native, (3,), 0.5)


@pytest.mark.parametrize("p", [float("nan"), -0.1, 1.1, float("inf")])
def test_no_probability_is_refused(native: ModuleType, p: float) -> None:
    with pytest.raises(ValueError, match="p: expected a number in"):
        native.dropout_mask(elman.Generator(0).bits, (3,), p, FLOAT32)


def test_what_is_too_long_for_memory_is_said_to_be(native: ModuleType) -> None:
    long = np.broadcast_to(np.zeros((1, 1), np.float32), (2**60, 1))
    with pytest.raises(MemoryError):
        elman.nn.GRU(1, 1)([long])
