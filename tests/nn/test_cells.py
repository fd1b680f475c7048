"""nn.RNNCell, nn.GRUCell and nn.LSTMCell are torch.nn's, and single steps of elman's own layers.

torch computes in float64 from the cell's own weights: see test_layers.py, of which one step is one
term. HYPOTHESIS_PROFILE=thorough draws 600 cases of results and gradients.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from strategies import (
    CELLS,
    FLOAT64,
    Array,
    Options,
    cell_options,
    generators,
    parts,
    state_shapes,
    whole,
)

from elman import nn

batches = st.one_of(st.integers(2, 7), st.integers(0, 12), st.none())


def tensor(array: Array) -> torch.Tensor:
    return torch.tensor(array.copy(), dtype=torch.float64, requires_grad=True)


def assert_all_close(
    cell: Any, actual: Sequence[Array], expected: Sequence[torch.Tensor], terms: int = 1
) -> None:
    for array, value in zip(actual, expected, strict=True):
        value = value.detach().numpy()
        largest = max(1, np.abs(value).max(initial=0)) * np.sqrt(max(1, terms))
        atol = 40 * np.finfo(cell.dtype).eps * largest
        np.testing.assert_allclose(array, value, rtol=0, atol=atol)
        assert array.dtype == cell.dtype


@given(options=cell_options(), N=batches, has_state=st.booleans(), generator=generators)
def test_results_and_gradients_are_torchs(
    options: Options, N: int | None, has_state: bool, generator: np.random.Generator
) -> None:
    """For a batch or, where N is None, one row; from a given state or from zeros."""

    def draw(*shape: int) -> Array:
        return generator.standard_normal(shape).astype(cell.dtype)

    cell = options.elman()
    twin = options.twin(cell)
    batch = () if N is None else (N,)
    x, shapes = draw(*batch, cell.input_size), state_shapes(cell, *batch)
    state = [draw(*s) if has_state else np.zeros(s, cell.dtype) for s in shapes]

    state_n, backward = cell.vjp(x, whole(state) if has_state else None)
    x_64, state_64 = tensor(x), [tensor(part) for part in state]
    expected = parts(twin(x_64, whole(state_64)))
    assert isinstance(state_n, tuple) == isinstance(cell, nn.LSTMCell)
    assert_all_close(cell, parts(state_n), expected)
    for called, part in zip(parts(cell(x, whole(state))), parts(state_n), strict=True):
        np.testing.assert_array_equal(called, part, strict=True)

    if getattr(cell, "nonlinearity", "tanh") == "tanh" or cell.dtype == FLOAT64:
        d_state_n = [draw(*shape) for shape in shapes]
        inputs = [x_64, *state_64, *twin.parameters()]
        weights = [torch.tensor(d, dtype=torch.float64) for d in d_state_n]
        d_x, *others = torch.autograd.grad(expected, inputs, weights)
        found = backward(whole(d_state_n))
        assert_all_close(cell, [found.x], [d_x])
        assert_all_close(cell, parts(found.state), others[: len(shapes)])
        assert list(found.parameters) == [name for name, _ in cell.named_parameters()]
        terms = 1 if N is None else N
        assert_all_close(cell, list(found.parameters.values()), others[len(shapes) :], terms)


@given(options=cell_options(), T=st.integers(1, 5), N=batches, generator=generators)
def test_steps_of_a_cell_are_those_of_the_layer_to_the_bit(
    options: Options, T: int, N: int | None, generator: np.random.Generator
) -> None:
    """And the gradients of one step are those of a sequence of one step."""
    cell = options.elman()
    layer = getattr(nn, options.module.removesuffix("Cell"))(**options.arguments)
    layer.load_state_dict({f"{name}_l0": p for name, p in cell.named_parameters()})
    batch = () if N is None else (N,)
    x = generator.standard_normal((T, *batch, cell.input_size)).astype(cell.dtype)
    state = None
    for t in range(T):
        (output, expected), layer_backward = layer.vjp(
            x[t : t + 1], whole([part[None] for part in parts(state)]) if t else None
        )
        state, backward = cell.vjp(x[t], state)
        for part, value in zip(parts(state), parts(expected), strict=True):
            np.testing.assert_array_equal(part, value[0], strict=True)
        np.testing.assert_array_equal(output[0], parts(state)[0], strict=True)

        found = backward(state)
        layers = layer_backward(d_state_n=expected)
        np.testing.assert_array_equal(found.x, layers.x[0], strict=True)
        for part, value in zip(parts(found.state), parts(layers.state), strict=True):
            np.testing.assert_array_equal(part, value[0], strict=True)
        for name, gradient in found.parameters.items():
            np.testing.assert_array_equal(gradient, layers.parameters[f"{name}_l0"], strict=True)


@pytest.mark.parametrize("module", CELLS)
def test_backward_may_be_called_again_and_accumulates_nothing(module: str) -> None:
    cell, x = getattr(nn, module)(3, 4), np.ones((2, 3), np.float32)
    state, backward = cell.vjp(x)
    first = backward(state)
    kept = [a.copy() for a in (first.x, *parts(first.state), *first.parameters.values())]
    backward(whole([-part for part in parts(state)]))
    again = backward(state)
    for found in (first, again):
        arrays = found.x, *parts(found.state), *found.parameters.values()
        for array, copy in zip(arrays, kept, strict=True):
            np.testing.assert_array_equal(array, copy)


@pytest.mark.parametrize("module", CELLS)
def test_inputs_are_left_as_they_are_in_any_layout(module: str) -> None:
    cell, generator = getattr(nn, module)(3, 4), np.random.default_rng(0)
    x = generator.standard_normal((2, 3)).astype(np.float32)
    state = [generator.standard_normal(s).astype(np.float32) for s in state_shapes(cell, 2)]
    expected, backward = cell.vjp(x, whole(state))
    gradients = backward(expected)
    strided = [np.asfortranarray(array) for array in (x, *state, *parts(expected))]
    before = [array.copy() for array in strided]
    for array in strided:
        array.flags.writeable = False
    x_strided, *others = strided
    actual, backward = cell.vjp(x_strided, whole(others[: len(state)]))
    found = backward(whole(others[len(state) :]))
    for array, copy in zip(strided, before, strict=True):
        np.testing.assert_array_equal(array, copy)
    for part, value in zip(parts(actual), parts(expected), strict=True):
        np.testing.assert_array_equal(part, value)
    np.testing.assert_array_equal(found.x, gradients.x)
    for name, gradient in gradients.parameters.items():
        np.testing.assert_array_equal(found.parameters[name], gradient)


def test_none_stands_for_a_part_of_the_state() -> None:
    cell, x = nn.LSTMCell(3, 4), np.ones((2, 3), np.float32)
    h, zeros = np.full((2, 4), 0.5, np.float32), np.zeros((2, 4), np.float32)
    for state, same in (((h, None), (h, zeros)), ((None, h), (zeros, h)), (None, (zeros, zeros))):
        np.testing.assert_array_equal(cell(x, state), cell(x, same))


def test_a_list_is_a_pair() -> None:
    """As of torch's layers; state may come from a file or from JSON."""
    cell, x = nn.LSTMCell(3, 4), np.ones((2, 3), np.float32)
    state = cell(x)
    np.testing.assert_array_equal(cell(x, list(state)), cell(x, state))


@pytest.mark.parametrize("module", CELLS)
def test_the_state_that_vjp_returned_is_the_callers(module: str) -> None:
    """It may be written to before backward is called."""
    cell = getattr(nn, module)(3, 4)
    x = np.random.default_rng(0).standard_normal((2, 3)).astype(np.float32)
    state_n, backward = cell.vjp(x)
    d_state_n = whole([np.ones_like(part) for part in parts(state_n)])
    expected = backward(d_state_n)
    for part in parts(state_n):
        part[...] = 0
    found = backward(d_state_n)
    np.testing.assert_array_equal(found.x, expected.x)
    for name, value in expected.parameters.items():
        np.testing.assert_array_equal(found.parameters[name], value, err_msg=name)
