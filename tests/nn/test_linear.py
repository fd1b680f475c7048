"""nn.Linear is torch.nn.Linear."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from strategies import dtypes, generators, seeds

import elman
from elman import nn

sizes = st.integers(1, 12)


@given(K=sizes, n=sizes, bias=st.booleans(), dtype=dtypes, seed=seeds)
def test_the_same_seed_gives_torchs_weights_bit_for_bit(
    K: int, n: int, bias: bool, dtype: Any, seed: int
) -> None:
    elman.manual_seed(seed)
    torch.manual_seed(seed)
    for _ in range(2):
        layer = nn.Linear(K, n, bias, dtype=dtype)
        expected = torch.nn.Linear(K, n, bias, dtype=getattr(torch, dtype.name))
        assert repr(layer) == repr(expected)
        parameters, theirs = list(layer.named_parameters()), list(expected.named_parameters())
        for (name, parameter), (their_name, value) in zip(parameters, theirs, strict=True):
            assert name == their_name
            np.testing.assert_array_equal(parameter, value.detach().numpy(), strict=True)


@given(
    K=sizes,
    n=sizes,
    bias=st.booleans(),
    dtype=dtypes,
    axes=st.lists(st.integers(0, 4), max_size=3),
    generator=generators,
)
def test_results_and_gradients_are_torchs(
    K: int, n: int, bias: bool, dtype: Any, axes: list[int], generator: np.random.Generator
) -> None:
    """For x with any axes before the last."""
    layer = nn.Linear(K, n, bias, dtype=dtype)
    twin = torch.nn.Linear(K, n, bias, dtype=torch.float64)
    twin.load_state_dict({name: torch.tensor(p) for name, p in layer.named_parameters()})
    x = generator.standard_normal((*axes, K)).astype(dtype)
    d_y = generator.standard_normal((*axes, n)).astype(dtype)

    y, backward = layer.vjp(x)
    found = {"y": y, "x": backward(d_y).x, **backward(d_y).parameters}
    x_64 = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    y_64 = twin(x_64)
    y_64.backward(torch.tensor(d_y, dtype=torch.float64))
    expected = {"y": y_64.detach(), "x": x_64.grad}
    expected |= {name: parameter.grad for name, parameter in twin.named_parameters()}

    assert list(found) == list(expected)
    np.testing.assert_array_equal(layer(x), y)
    for name, value in expected.items():
        # Sums of at most 64 terms of order one: 8 √64 eps / 2, of the largest value.
        atol = 32 * np.finfo(dtype).eps * max(1, np.abs(value.numpy()).max(initial=0))
        np.testing.assert_allclose(found[name], value.numpy(), rtol=0, atol=atol, err_msg=name)
        assert found[name].dtype == dtype


def test_parameters_change_by_assignment_alone() -> None:
    layer, x = nn.Linear(3, 2), np.ones((4, 3), np.float32)
    layer(x)
    for twin in (layer, copy.deepcopy(layer)):
        with pytest.raises(ValueError, match="read-only"):
            twin.weight[...] = 0
    layer.weight, layer.bias = np.ones((2, 3), np.float32), np.array([0.5, -1], np.float32)
    np.testing.assert_array_equal(layer(x), np.tile(np.float32([3.5, 2]), (4, 1)))
    assert layer.load_state_dict({"weight": np.zeros((2, 3)), "bias": [2.0, 3.0]}) == ([], [])
    np.testing.assert_array_equal(layer(x), np.tile(np.float32([2, 3]), (4, 1)))


def test_a_generator_of_its_own_leaves_the_global_one_alone() -> None:
    elman.manual_seed(3)
    expected = nn.Linear(3, 2)
    elman.manual_seed(5)
    layer = nn.Linear(3, 2, generator=elman.Generator(3))
    np.testing.assert_array_equal(layer.weight, expected.weight)
    np.testing.assert_array_equal(layer.bias, expected.bias)
    elman.manual_seed(3)
    np.testing.assert_array_equal(nn.Linear(3, 2).weight, expected.weight)
