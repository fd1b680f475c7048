"""nn.RNN's vjp is pure, and empty and ragged batches are batches like any other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import FLOAT32, Array, generators, lengths_N, rnn_arguments

from elman import nn


def standard_normal(*shape: int) -> Array:
    return np.random.default_rng(sum(shape)).standard_normal(shape).astype(np.float32)


def assert_same(actual: nn.Gradients, expected: nn.Gradients) -> None:
    """Equal to the last bit."""
    for a, e in zip(flat(actual), flat(expected), strict=True):
        np.testing.assert_array_equal(a, e)


def flat(gradients: nn.Gradients) -> list[Array]:
    x = gradients.x if isinstance(gradients.x, list) else [gradients.x]
    return [*x, gradients.state, *gradients.parameters.values()]


@given(arguments=rnn_arguments(), ragged=st.booleans(), generator=generators)
def test_backward_may_be_called_again_and_accumulates_nothing(
    arguments: dict[str, Any], ragged: bool, generator: np.random.Generator
) -> None:
    """Nor does another call of the layer, or another layer's backward, come between."""
    rnn = nn.RNN(**arguments)
    x = [generator.standard_normal((T, rnn.input_size)).astype(rnn.dtype) for T in (4, 1, 4)]
    given_x = x if ragged else np.array([x[0], x[2]])
    (output, h_n), backward = rnn.vjp(given_x)
    first = backward(output, h_n)
    kept = [array.copy() for array in flat(first)]
    backward([-o for o in output] if ragged else -output, -h_n)
    rnn.vjp(given_x)[1](output, h_n)
    assert_same(backward(output, h_n), first)
    for array, copy in zip(flat(first), kept, strict=True):
        np.testing.assert_array_equal(array, copy)


@given(arguments=rnn_arguments(), data=st.data(), generator=generators)
def test_none_stands_for_a_gradient_of_zeros(
    arguments: dict[str, Any], data: st.DataObject, generator: np.random.Generator
) -> None:
    rnn = nn.RNN(**arguments)
    shape = (3, 3, rnn.input_size)
    lengths = data.draw(st.none() | lengths_N(3, 3))
    x = generator.standard_normal(shape).astype(rnn.dtype)
    (output, h_n), backward = rnn.vjp(x, lengths=lengths)
    no_output, no_h_n = np.zeros_like(output), np.zeros_like(h_n)
    assert_same(backward(output), backward(output, no_h_n))
    assert_same(backward(d_h_n=h_n), backward(no_output, h_n))
    assert_same(backward(), backward(no_output, no_h_n))
    assert not any(gradient.any() for gradient in flat(backward()))


@pytest.mark.parametrize("batch_first", [False, True])
def test_inputs_are_left_as_they_are(batch_first: bool) -> None:
    rnn = nn.RNN(3, 4, num_layers=2, bidirectional=True, batch_first=batch_first)
    x, h_0 = standard_normal(5, 2, 3), standard_normal(4, 5 if batch_first else 2, 4)
    lengths = np.array([2, 1, 0, 2, 2] if batch_first else [5, 3])
    arrays = [x, h_0, lengths]
    before = [array.copy() for array in arrays]
    for array in arrays:
        array.flags.writeable = False
    (output, h_n), backward = rnn.vjp(x, h_0, lengths=lengths)
    results = [output.copy(), h_n.copy()]
    backward(output, h_n)
    for array, copy in zip([*arrays, output, h_n], [*before, *results], strict=True):
        np.testing.assert_array_equal(array, copy)


def test_an_output_that_backward_reads_again_is_read_only() -> None:
    """Of vjp; a plain call's output is the caller's alone."""
    rnn, x = nn.RNN(3, 4), standard_normal(5, 2, 3)
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


@pytest.mark.parametrize("batch_first", [False, True])
def test_results_are_contiguous(batch_first: bool) -> None:
    """In the order of their axes, which batch_first changes."""
    rnn = nn.RNN(3, 4, num_layers=2, bidirectional=True, batch_first=batch_first)
    output, h_n = rnn(standard_normal(5, 2, 3))
    assert output.flags.c_contiguous
    assert h_n.flags.c_contiguous


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


@pytest.mark.parametrize("how", ["F", "last axis strided", "unaligned", "negative"])
def test_arrays_of_any_layout_are_taken(how: str) -> None:
    """x, h_0 and both gradients; what the kernels cannot read is copied."""
    rnn = nn.RNN(3, 4, num_layers=2, bidirectional=True)
    arguments = standard_normal(5, 2, 3), standard_normal(4, 2, 4)
    (output, h_n), backward = rnn.vjp(*arguments)
    expected = backward(output, h_n)

    (actual, actual_h_n), backward = rnn.vjp(*(strided(a, how) for a in arguments))
    np.testing.assert_array_equal(actual, output)
    np.testing.assert_array_equal(actual_h_n, h_n)
    assert_same(backward(strided(output, how), strided(h_n, how)), expected)


@pytest.mark.parametrize("shape", [(1, 5, 3), (5, 1, 3), (4, 5, 3)])
def test_a_broadcast_x_is_taken(shape: tuple[int, int, int]) -> None:
    """With strides of 0."""
    rnn = nn.RNN(3, 4)
    for axes in ((1, 1, 3), (1, shape[1], 3), (shape[0], 1, 3), (1, 1, 1)):
        x = np.broadcast_to(standard_normal(*axes), shape)
        np.testing.assert_array_equal(rnn(x)[0], rnn(x.copy())[0])


# ---- empty batches, and lists -------------------------------------------------------------------


@given(arguments=rnn_arguments(), as_list=st.booleans())
def test_an_empty_batch_is_a_batch(arguments: dict[str, Any], as_list: bool) -> None:
    """N = 0: results and gradients of x are empty, gradients of parameters are zero."""
    rnn = nn.RNN(**arguments)
    LD, H = rnn.num_layers * (1 + rnn.bidirectional), rnn.hidden_size
    x = np.zeros((0, 4, rnn.input_size) if rnn.batch_first else (4, 0, rnn.input_size), rnn.dtype)
    (output, h_n), backward = rnn.vjp([] if as_list else x)
    if as_list:
        assert output == []
    else:
        assert output.shape == (*x.shape[:2], H * (1 + rnn.bidirectional))
    assert h_n.shape == (LD, 0, H)
    gradients = backward(output, h_n)
    assert gradients.x == [] if as_list else gradients.x.shape == x.shape
    assert gradients.state.shape == (LD, 0, H)
    for name, parameter in rnn.named_parameters():
        np.testing.assert_array_equal(gradients.parameters[name], np.zeros(parameter.shape))


def test_a_list_of_empty_sequences_keeps_the_state() -> None:
    rnn, h_0 = nn.RNN(3, 4, num_layers=2), standard_normal(2, 3, 4)
    empty = [np.zeros((0, 3), np.float32)] * 3
    (output, h_n), backward = rnn.vjp(empty, h_0)
    assert [part.shape for part in output] == [(0, 4)] * 3
    np.testing.assert_array_equal(h_n, h_0)
    gradients = backward(output, 2 * h_0)
    np.testing.assert_array_equal(gradients.state, 2 * h_0)
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
