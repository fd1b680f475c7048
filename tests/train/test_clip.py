"""Clipping against torch.nn.utils.clip_grad_norm_."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from elman.train import clip_by_global_norm


@pytest.mark.parametrize(("dtype", "rtol"), [(np.float32, 1e-6), (np.float64, 1e-14)])
@given(
    seed=st.integers(0, 2**32),
    scale=st.floats(1e-6, 1e6),
    max_norm=st.sampled_from([1e-3, 1.0, 30.0, float("inf")]),
)
def test_gradients_and_norm_are_torchs(
    dtype: Any, rtol: float, seed: int, scale: float, max_norm: float
) -> None:
    random = np.random.default_rng(seed)
    shapes = {"a": (3, 2), "b": (5,), "c": (1, 1)}
    gradients = {n: (scale * random.normal(size=s)).astype(dtype) for n, s in shapes.items()}
    theirs = [torch.zeros(s, dtype=torch.tensor(gradients[n]).dtype) for n, s in shapes.items()]
    for tensor, gradient in zip(theirs, gradients.values(), strict=True):
        tensor.grad = torch.tensor(gradient)
    expected_norm = torch.nn.utils.clip_grad_norm_(theirs, max_norm)

    clipped, norm = clip_by_global_norm(gradients, max_norm)
    np.testing.assert_allclose(norm, expected_norm, rtol=rtol)
    for (name, gradient), tensor in zip(clipped.items(), theirs, strict=True):
        assert gradient.dtype == dtype, name
        np.testing.assert_allclose(gradient, tensor.grad, rtol=3 * rtol)


def test_the_direction_stays_and_the_arguments_too() -> None:
    gradients = {"a": np.array([3.0, 0.0]), "b": np.array([[4.0]])}
    clipped, norm = clip_by_global_norm(gradients, 1.0)
    assert norm == 5.0
    np.testing.assert_allclose(clipped["a"], [0.6, 0], rtol=1e-6)
    np.testing.assert_allclose(clipped["b"], [[0.8]], rtol=1e-6)
    assert gradients["a"][0] == 3.0


def test_gradients_within_the_norm_keep_their_very_bits() -> None:
    gradients = {"a": np.array([0.3, 0.4])}
    clipped, norm = clip_by_global_norm(gradients, 1.0)
    assert norm == 0.5
    np.testing.assert_array_equal(clipped["a"], gradients["a"])


def test_squares_beyond_float32_do_not_matter() -> None:
    clipped, norm = clip_by_global_norm({"a": np.array([3e30, 4e30], np.float32)}, 1.0)
    np.testing.assert_allclose(norm, 5e30, rtol=1e-6)
    np.testing.assert_allclose(clipped["a"], [0.6, 0.8], rtol=1e-6)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_gradients_that_are_not_finite_are_named(value: float) -> None:
    gradients = {"good": np.ones(2), "bad": np.array([1.0, value])}
    with pytest.raises(ValueError, match="finite values, got NaN or infinity in bad; scale"):
        clip_by_global_norm(gradients, 1.0)


@pytest.mark.parametrize("max_norm", [0, -1.0, np.nan])
def test_a_norm_that_would_turn_or_erase_the_gradient_is_refused(max_norm: float) -> None:
    with pytest.raises(ValueError, match="max_norm: expected a number above zero"):
        clip_by_global_norm({"a": np.ones(2)}, max_norm)
