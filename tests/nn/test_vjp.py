"""A layer's vjp is pure, and empty and ragged batches are batches like any other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import (
    FLOAT32,
    LAYERS,
    Array,
    Options,
    generators,
    layer_options,
    lengths_N,
    parts,
    state_shapes,
    whole,
)

from elman import nn


def standard_normal(*shape: int) -> Array:
    return np.random.default_rng(sum(shape)).standard_normal(shape).astype(np.float32)


def assert_same(actual: nn.Gradients, expected: nn.Gradients) -> None:
    """Equal to the last bit."""
    for a, e in zip(flat(actual), flat(expected), strict=True):
        np.testing.assert_array_equal(a, e)


def flat(gradients: nn.Gradients) -> list[Array]:
    x = gradients.x if isinstance(gradients.x, list) else [gradients.x]
    return [*x, *parts(gradients.state), *gradients.parameters.values()]


def negative(state: Any) -> Any:
    return whole([-part for part in parts(state)])


def small(module: str, **arguments: Any) -> Any:
    """Return a layer, an LSTM with a projection: two layers, two directions."""
    if module == "LSTM":
        arguments["proj_size"] = 2
    return getattr(nn, module)(3, 4, num_layers=2, bidirectional=True, **arguments)


def small_state(layer: Any, N: int) -> list[Array]:
    return [standard_normal(*shape) for shape in state_shapes(layer, N)]


def assert_equal_states(actual: Any, expected: Any) -> None:
    for a, e in zip(parts(actual), parts(expected), strict=True):
        np.testing.assert_array_equal(a, e)


@given(options=layer_options(), ragged=st.booleans(), generator=generators)
def test_backward_may_be_called_again_and_accumulates_nothing(
    options: Options, ragged: bool, generator: np.random.Generator
) -> None:
    """Nor does another call of the layer, or another layer's backward, come between."""
    rnn = options.elman()
    x = [generator.standard_normal((T, rnn.input_size)).astype(rnn.dtype) for T in (4, 1, 4)]
    given_x = x if ragged else np.array([x[0], x[2]])
    (output, h_n), backward = rnn.vjp(given_x)
    first = backward(output, h_n)
    kept = [array.copy() for array in flat(first)]
    backward([-o for o in output] if ragged else -output, negative(h_n))
    rnn.vjp(given_x)[1](output, h_n)
    assert_same(backward(output, h_n), first)
    for array, copy in zip(flat(first), kept, strict=True):
        np.testing.assert_array_equal(array, copy)


@given(options=layer_options(), data=st.data(), generator=generators)
def test_none_stands_for_a_gradient_of_zeros(
    options: Options, data: st.DataObject, generator: np.random.Generator
) -> None:
    """The whole one of a state, or a part."""
    rnn = options.elman()
    shape = (3, 3, rnn.input_size)
    lengths = data.draw(st.none() | lengths_N(3, 3))
    x = generator.standard_normal(shape).astype(rnn.dtype)
    (output, h_n), backward = rnn.vjp(x, lengths=lengths)
    no_output, no_h_n = np.zeros_like(output), whole([np.zeros_like(p) for p in parts(h_n)])
    assert_same(backward(output), backward(output, no_h_n))
    assert_same(backward(d_state_n=h_n), backward(no_output, h_n))
    assert_same(backward(), backward(no_output, no_h_n))
    assert not any(gradient.any() for gradient in flat(backward()))
    if isinstance(rnn, nn.LSTM):
        (h, c), (no_h, no_c) = h_n, no_h_n
        assert_same(backward(d_state_n=(h, None)), backward(no_output, (h, no_c)))
        assert_same(backward(d_state_n=(None, c)), backward(no_output, (no_h, c)))


@pytest.mark.parametrize("module", LAYERS)
@pytest.mark.parametrize("batch_first", [False, True])
def test_inputs_are_left_as_they_are(module: str, batch_first: bool) -> None:
    rnn = small(module, batch_first=batch_first)
    x, state = standard_normal(5, 2, 3), small_state(rnn, 5 if batch_first else 2)
    lengths = np.array([2, 1, 0, 2, 2] if batch_first else [5, 3])
    arrays = [x, *state, lengths]
    before = [array.copy() for array in arrays]
    for array in arrays:
        array.flags.writeable = False
    (output, state_n), backward = rnn.vjp(x, whole(state), lengths=lengths)
    arrays += [output, *parts(state_n)]
    before += [array.copy() for array in arrays[len(before) :]]
    backward(output, state_n)
    for array, copy in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, copy)


@pytest.mark.parametrize("module", LAYERS)
def test_an_output_that_backward_reads_again_is_read_only(module: str) -> None:
    """Of vjp; a plain call's output is the caller's alone."""
    rnn, x = small(module), standard_normal(5, 2, 3)
    (output, _), _ = rnn.vjp(x)
    with pytest.raises(ValueError, match="read-only"):
        output[...] = 0
    (outputs, _), _ = rnn.vjp([x[:, 0], x[:2, 1]])
    for part in outputs:
        with pytest.raises(ValueError, match="read-only"):
            part[...] = 0
    called, _ = rnn(x)
    called[...] = 0
    np.testing.assert_array_equal(rnn(x)[0], output)


@pytest.mark.parametrize("module", LAYERS)
@pytest.mark.parametrize("batch_first", [False, True])
def test_results_are_contiguous(module: str, batch_first: bool) -> None:
    """In the order of their axes, which batch_first changes."""
    output, state_n = small(module, batch_first=batch_first)(standard_normal(5, 2, 3))
    assert all(array.flags.c_contiguous for array in (output, *parts(state_n)))


def strided(array: Array, how: str) -> Array:
    """Return an equal array of another layout in memory."""
    if how == "F":
        return np.asfortranarray(array)
    if how == "last axis strided":
        wide = np.full((*array.shape[:-1], 2 * array.shape[-1]), np.nan, array.dtype)
        wide[..., ::2] = array
        return wide[..., ::2]
    if how == "unaligned":
        raw = np.empty(array.nbytes + 1, np.uint8)[1:].view(array.dtype).reshape(array.shape)
        raw[...] = array
        return raw
    return array[::-1].copy()[::-1]


@pytest.mark.parametrize("module", LAYERS)
@pytest.mark.parametrize("how", ["F", "last axis strided", "unaligned", "negative"])
def test_arrays_of_any_layout_are_taken(module: str, how: str) -> None:
    """x, states and gradients; what the kernels cannot read is copied."""
    rnn = small(module)
    x, state = standard_normal(5, 2, 3), small_state(rnn, 2)
    (output, state_n), backward = rnn.vjp(x, whole(state))
    expected = backward(output, state_n)

    (actual, actual_n), backward = rnn.vjp(
        strided(x, how), whole([strided(part, how) for part in state])
    )
    np.testing.assert_array_equal(actual, output)
    assert_equal_states(actual_n, state_n)
    d_state_n = whole([strided(part, how) for part in parts(state_n)])
    assert_same(backward(strided(output, how), d_state_n), expected)


@pytest.mark.parametrize("module", LAYERS)
@pytest.mark.parametrize("shape", [(1, 5, 3), (5, 1, 3), (4, 5, 3)])
def test_a_broadcast_x_is_taken(module: str, shape: tuple[int, int, int]) -> None:
    """With strides of 0."""
    rnn = small(module)
    for axes in ((1, 1, 3), (1, shape[1], 3), (shape[0], 1, 3), (1, 1, 1)):
        x = np.broadcast_to(standard_normal(*axes), shape)
        np.testing.assert_array_equal(rnn(x)[0], rnn(x.copy())[0])


# ---- empty batches, and lists -------------------------------------------------------------------


@given(options=layer_options(), as_list=st.booleans())
def test_an_empty_batch_is_a_batch(options: Options, as_list: bool) -> None:
    """N = 0: results and gradients of x are empty, gradients of parameters are zero."""
    rnn = options.elman()
    shapes = state_shapes(rnn, 0)
    D, P = 1 + rnn.bidirectional, shapes[0][-1]
    x = np.zeros((0, 4, rnn.input_size) if rnn.batch_first else (4, 0, rnn.input_size), rnn.dtype)
    (output, state_n), backward = rnn.vjp([] if as_list else x)
    if as_list:
        assert output == []
    else:
        assert output.shape == (*x.shape[:2], D * P)
    assert [part.shape for part in parts(state_n)] == shapes
    gradients = backward(output, state_n)
    assert gradients.x == [] if as_list else gradients.x.shape == x.shape
    assert [part.shape for part in parts(gradients.state)] == shapes
    for name, parameter in rnn.named_parameters():
        np.testing.assert_array_equal(gradients.parameters[name], np.zeros(parameter.shape))


@pytest.mark.parametrize("module", LAYERS)
def test_a_list_of_empty_sequences_keeps_the_state(module: str) -> None:
    rnn = small(module)
    state = whole(small_state(rnn, 3))
    empty = [np.zeros((0, 3), np.float32)] * 3
    (output, state_n), backward = rnn.vjp(empty, state)
    width = 2 * parts(state)[0].shape[-1]
    assert [part.shape for part in output] == [(0, width)] * 3
    assert_equal_states(state_n, state)
    doubled = whole([2 * part for part in parts(state)])
    gradients = backward(output, doubled)
    assert_equal_states(gradients.state, doubled)
    assert not any(gradient.any() for gradient in gradients.parameters.values())


def test_a_tuple_of_sequences_is_a_list() -> None:
    rnn, x = nn.RNN(3, 4), [standard_normal(T, 3) for T in (4, 2)]
    for part, expected in zip(rnn(tuple(x))[0], rnn(x)[0], strict=True):
        np.testing.assert_array_equal(part, expected)


@given(N=st.integers(1, 5), T=st.integers(1, 5), data=st.data())
def test_lengths_may_be_any_integers(N: int, T: int, data: st.DataObject) -> None:
    lengths = data.draw(lengths_N(N, T))
    rnn, x = nn.RNN(2, 3, dtype=FLOAT32), standard_normal(T, N, 2)
    expected, _ = rnn(x, lengths=lengths)
    for same in (
        lengths.tolist(),
        tuple(lengths),
        lengths.astype(np.uint8),
        lengths[::-1].copy()[::-1],
    ):
        np.testing.assert_array_equal(rnn(x, lengths=same)[0], expected)


@pytest.mark.parametrize("make", [nn.RNN, nn.GRU, nn.LSTM, nn.RNNCell, nn.GRUCell, nn.LSTMCell])
def test_gradients_are_those_of_the_run_whatever_was_assigned_since(make: Any) -> None:
    """A parameter assigned between the run and its backward belongs to later runs."""
    layer, shape = make(3, 4), (2, 3) if "Cell" in make.__name__ else (5, 2, 3)
    x = np.random.default_rng(0).standard_normal(shape, np.float32)
    results, backward = layer.vjp(x)
    d_results = (
        results if isinstance(results, tuple) and "Cell" not in make.__name__ else (results,)
    )
    before = backward(*d_results)
    _, later = layer.vjp(x)
    for name, parameter in list(layer.named_parameters()):
        setattr(layer, name, 2 * parameter)
    after = later(*d_results)
    np.testing.assert_array_equal(after.x, before.x)
    for name, gradient in before.parameters.items():
        np.testing.assert_array_equal(after.parameters[name], gradient)
    assert (layer.vjp(x)[1](*d_results).x != before.x).any()
