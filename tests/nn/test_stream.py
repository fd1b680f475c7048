"""Streams: a layer's outputs to the bit, one time step at a time, and a state that is kept."""

from __future__ import annotations

import copy
import pickle
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import (
    LAYERS,
    Array,
    Options,
    generators,
    layer_options,
    parts,
    state_shapes,
    whole,
)

import elman
from elman import nn
from elman._random import default_generator


def assert_same_state(stream: Any, expected: Any) -> None:
    """Equal to the last bit."""
    for part, value in zip(parts(stream.state), parts(expected), strict=True):
        np.testing.assert_array_equal(part, value, strict=True)


def small(module: str, **arguments: Any) -> Any:
    """Return a layer of two layers, an LSTM with a projection."""
    if module == "LSTM":
        arguments = {"proj_size": 2, **arguments}
    return getattr(nn, module)(3, 4, num_layers=2, **arguments)


def x_TNI(T: int, N: int) -> Array:
    return np.random.default_rng(T * N).standard_normal((T, N, 3)).astype(np.float32)


def ones_state(layer: Any, N: int) -> Any:
    return whole([np.full(s, k + 1, layer.dtype) for k, s in enumerate(state_shapes(layer, N))])


@given(
    options=layer_options(bidirectional=False),
    learn=st.booleans(),
    recurrent_dropout=st.sampled_from([0.0, 0.5]),
    T=st.integers(1, 9),
    N=st.one_of(st.integers(1, 7), st.sampled_from([1, 16, 33])),
    has_out=st.booleans(),
    has_state=st.booleans(),
    generator=generators,
)
def test_steps_are_the_layers_on_whole_sequences_to_the_bit(
    options: Options,
    learn: bool,
    recurrent_dropout: float,
    T: int,
    N: int,
    has_out: bool,
    has_state: bool,
    generator: np.random.Generator,
) -> None:
    """In evaluation mode: a layer's training mode and its dropout play no part, none is drawn."""
    layer = options.elman(learn_initial_state=learn, recurrent_dropout=recurrent_dropout)

    def draw(*shape: int) -> Array:
        return generator.standard_normal(shape).astype(layer.dtype)

    if learn:
        for name, shape in zip(["h_0", "c_0"], state_shapes(layer), strict=False):
            setattr(layer, name, draw(*shape))
    x = draw(T, N, layer.input_size)
    state = whole([draw(*s) for s in state_shapes(layer, N)]) if has_state else None

    elman.manual_seed(3)
    stream = layer.stream(N)
    if has_state:
        stream.state = state
    out = np.full(state_shapes(layer, N)[0][1:], np.nan, layer.dtype) if has_out else None
    steps = []
    for x_t in x:
        y_t = stream.step(x_t, out=out)
        assert y_t is out or not has_out
        steps.append(y_t.copy())
    expected_number = elman.Generator(3).uniform((1,), 1.0, np.dtype(np.float64))
    assert default_generator.uniform((1,), 1.0, np.dtype(np.float64)) == expected_number

    output, state_n = layer.eval()(x.swapaxes(0, 1) if layer.batch_first else x, state)
    expected = output.swapaxes(0, 1) if layer.batch_first else output
    np.testing.assert_array_equal(np.stack(steps), expected, strict=True)
    assert_same_state(stream, state_n)


@pytest.mark.parametrize("module", LAYERS)
def test_outputs_of_steps_are_the_callers(module: str) -> None:
    """A step without `out` gives a new array, which later steps leave alone."""
    stream, x = small(module).stream(2), x_TNI(3, 2)
    first = stream.step(x[0])
    copy = first.copy()
    second = stream.step(x[1])
    np.testing.assert_array_equal(first, copy)
    state = stream.state
    second[...] = 7
    assert_same_state(stream, state)


@pytest.mark.parametrize("rows", [slice(None), slice(None, None, 2), slice(None, None, -1)])
@pytest.mark.parametrize("columns", [slice(3), slice(None, None, 2)])
@pytest.mark.parametrize("module", LAYERS)
def test_x_t_and_out_may_be_of_any_layout_and_the_same_array(
    module: str, rows: slice, columns: slice
) -> None:
    layer, x = getattr(nn, module)(3, 3), x_TNI(3, 2)
    stream, other = layer.stream(2), layer.stream(2)
    for x_t in x:
        expected = stream.step(x_t)
        wide = np.full((4, 6), np.nan, np.float32)[rows, columns][:2]
        wide[...] = x_t
        assert other.step(wide, out=wide) is wide
        np.testing.assert_array_equal(wide, expected)
        assert_same_state(other, stream.state)
    np.testing.assert_array_equal(stream.step(x[0]), other.step(x[0].copy("F")))


@pytest.mark.parametrize("module", LAYERS)
def test_out_may_lie_among_the_rows_of_x_t(module: str) -> None:
    layer, (x_t,) = getattr(nn, module)(3, 3), x_TNI(1, 2)
    expected = layer.stream(2).step(x_t)
    memory = np.zeros((3, 3), np.float32)
    memory[:2] = x_t
    np.testing.assert_array_equal(layer.stream(2).step(memory[:2], out=memory[1:]), expected)


@pytest.mark.skipif(elman.show_config()["backend"] != "native", reason="NumPy allocates")
@pytest.mark.parametrize("module", LAYERS)
def test_a_step_with_out_allocates_no_array(module: str) -> None:
    """Of x's or h's size, 64 kB and more; NumPy tells tracemalloc of its buffers."""
    layer = getattr(nn, module)(128, 256, num_layers=2)
    stream, x_t = layer.stream(128), np.ones((128, 128), np.float32)
    out = stream.step(x_t)
    stream.step(x_t, out=out)

    def growth(**arguments: Any) -> int:
        tracemalloc.start()
        try:
            stream.step(x_t, **arguments)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert growth() >= out.nbytes
    assert growth(out=out) < 8_000


# ---- states -------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", LAYERS)
def test_the_state_is_read_and_set_as_a_copy(module: str) -> None:
    layer, x = small(module), x_TNI(3, 2)
    stream = layer.stream(2)
    assert stream.batch_size == 2
    assert repr(stream) == f"Stream({layer!r}, batch_size=2)"
    assert_same_state(stream, whole([np.zeros(s, np.float32) for s in state_shapes(layer, 2)]))
    assert isinstance(stream.state, tuple) == (module == "LSTM")
    stream.step(x[0])
    before = stream.state
    for part in parts(stream.state):
        part[...] = 7
    assert_same_state(stream, before)

    given_state = ones_state(layer, 2)
    stream.state = given_state
    for part in parts(given_state):
        part[...] = 7
    assert_same_state(stream, ones_state(layer, 2))
    expected, _ = layer(x[:1], ones_state(layer, 2))
    np.testing.assert_array_equal(stream.step(x[0]), expected[0])
    stream.state = list(before) if module == "LSTM" else before
    assert_same_state(stream, before)


def changed(state: Any, part: int, change: Any) -> Any:
    arrays = list(parts(state))
    arrays[part] = change(arrays[part])
    return whole(arrays)


WRONG_STATES = {
    "float64": (lambda a: a.astype(np.float64), ValueError, "the layer's dtype float32"),
    "one row": (lambda a: a[:, :1], RuntimeError, r"batch_size"),
    "a layer": (lambda a: a[0], RuntimeError, r"num_layers"),
    "too wide": (lambda a: np.concatenate([a, a], axis=2), RuntimeError, "num_layers"),
    "None": (lambda _: None, TypeError, "an array"),
}


@pytest.mark.parametrize("name", WRONG_STATES)
@pytest.mark.parametrize(("module", "part"), [("RNN", 0), ("GRU", 0), ("LSTM", 0), ("LSTM", 1)])
def test_a_wrong_state_is_refused_and_sets_nothing(module: str, part: int, name: str) -> None:
    """Not the other part either."""
    change, error, told = WRONG_STATES[name]
    layer = small(module)
    stream = layer.stream(2)
    stream.step(x_TNI(1, 2)[0])
    before = stream.state
    with pytest.raises(error, match=f"^{'hc'[part]}: expected .*{told}.* got "):
        stream.state = changed(ones_state(layer, 2), part, change)
    assert_same_state(stream, before)


def test_the_state_of_an_lstm_is_a_pair() -> None:
    stream = small("LSTM").stream(2)
    h, c = stream.state
    for wrong in (h, (h,), (h, c, c), None, np.stack([h, h])):
        with pytest.raises(TypeError, match=r"^state: expected a pair \(h, c\), got "):
            stream.state = wrong
    with pytest.raises(RuntimeError, match=r"^h: expected .*\(2, 2, 2\), got \(2, 2, 4\)"):
        stream.state = c, h


@pytest.mark.parametrize("learn", [False, True])
@pytest.mark.parametrize("module", LAYERS)
@pytest.mark.parametrize(
    "rows",
    [None, 1, np.int64(2), -1, [0, 2], [], np.array([1, 2]), [True, False, True], np.ones(3, bool)],
    ids=str,
)
def test_reset_puts_chosen_rows_back_to_the_initial_state(
    module: str, rows: Any, learn: bool
) -> None:
    """Which is zero or the learned one."""
    layer = small(module, learn_initial_state=learn)
    if learn:
        for name, shape in zip(["h_0", "c_0"], state_shapes(layer), strict=False):
            setattr(layer, name, np.random.default_rng(1).random(shape).astype(np.float32))
    stream, x = layer.stream(3), x_TNI(3, 3)
    initial = stream.state
    stream.step(x[0])
    moved = stream.state
    stream.reset(rows)
    chosen = np.zeros(3, bool)
    chosen[slice(None) if rows is None else rows] = True
    expected = whole(
        [
            np.where(chosen[:, None], i, m)
            for i, m in zip(*map(parts, (initial, moved)), strict=True)
        ]
    )
    assert_same_state(stream, expected)
    np.testing.assert_array_equal(stream.step(x[1]), layer(x[1:2], expected)[0][0])


WRONG_ROWS = {
    "5": (5, IndexError, r"got 5; the stream has 3 rows: stream\(batch_size=3\)"),
    "-4": (-4, IndexError, r"got -4; the stream has 3 rows"),
    "one of two": ([0, 7], IndexError, r"got 7; the stream has 3 rows"),
    "two bools": ([True, False], IndexError, r"got bools of shape \(2,\); give one bool for each"),
    "a float": (1.5, TypeError, r"got 1\.5$"),
    "floats": (np.array([0.0, 1.0]), TypeError, r"got array\(\[0\., 1\.\]\)$"),
    "text": ("all", TypeError, r"got 'all'$"),
}


@pytest.mark.parametrize("name", WRONG_ROWS)
def test_reset_of_rows_that_are_not_there_resets_none(name: str) -> None:
    rows, error, told = WRONG_ROWS[name]
    stream = small("LSTM").stream(3)
    stream.step(x_TNI(1, 3)[0])
    before = stream.state
    with pytest.raises(error, match=f"^rows: expected an int, integers in .* {told}"):
        stream.reset(rows)
    assert_same_state(stream, before)


@pytest.mark.parametrize("module", LAYERS)
def test_a_clone_goes_on_alone(module: str) -> None:
    stream, x = small(module).stream(2), x_TNI(3, 2)
    stream.step(x[0])
    twin = stream.clone()
    assert repr(twin) == repr(stream)
    assert_same_state(twin, stream.state)
    before = stream.state
    expected = twin.step(x[1])
    assert_same_state(stream, before)
    np.testing.assert_array_equal(stream.step(x[1]), expected)
    twin.reset()
    assert (parts(stream.state)[0] != parts(twin.state)[0]).any()


@pytest.mark.parametrize("module", LAYERS)
def test_streams_of_a_layer_do_not_meet(module: str) -> None:
    layer, x = small(module), x_TNI(2, 2)
    one, other = layer.stream(2), layer.stream(2)
    expected = one.step(x[0])
    one.step(x[1])
    np.testing.assert_array_equal(other.step(x[0]), expected)


@pytest.mark.parametrize("module", LAYERS)
@pytest.mark.parametrize("learn", [False, True])
def test_a_stream_holds_the_weights_it_was_made_with(module: str, learn: bool) -> None:
    """Assigning parameters changes the layer and later streams; clones and resets keep the old."""
    layer, x = small(module, learn_initial_state=learn), x_TNI(4, 2)
    stream = layer.stream(2)
    expected, _ = layer(x)
    initial = stream.state
    stream.step(x[0])
    for name, parameter in list(layer.named_parameters()):
        setattr(layer, name, parameter + np.float32(0.25))
    np.testing.assert_array_equal(stream.step(x[1]), expected[1])
    np.testing.assert_array_equal(stream.clone().step(x[2]), expected[2])
    stream.reset()
    assert_same_state(stream, initial)
    new, _ = layer(x)
    assert (new != expected).any()
    np.testing.assert_array_equal(layer.stream(2).step(x[0]), new[0])


# ---- refusals -----------------------------------------------------------------------------------

X_2, OUT = np.ones((2, 3), np.float32), np.ones((2, 4), np.float32)
READ_ONLY = OUT.copy()
READ_ONLY.flags.writeable = False

WRONG_STEPS = {
    "x_t of one row": ((X_2[:1],), RuntimeError, r"x_t: .*\(2, 3\), got \(1, 3\)"),
    "x_t without N": ((X_2[0],), RuntimeError, r"x_t: .*\(2, 3\), got \(3,\)"),
    "x_t with T": ((X_2[None],), RuntimeError, r"x_t: .*got \(1, 2, 3\)"),
    "x_t too wide": ((np.ones((2, 4), np.float32),), RuntimeError, r"x_t: .*got \(2, 4\)"),
    "x_t float64": ((X_2.astype(np.float64),), ValueError, r"x_t: .*float32, got float64"),
    "x_t of integers": ((X_2.astype(int),), ValueError, r"x_t: .*float32, got int64"),
    "out of one row": ((X_2, OUT[:1]), RuntimeError, r"out: .*\(2, 4\), got \(1, 4\)"),
    "out too wide": ((X_2, np.ones((2, 5), np.float32)), RuntimeError, r"out: .*got \(2, 5\)"),
    "out with T": ((X_2, OUT[None]), RuntimeError, r"out: .*got \(1, 2, 4\)"),
    "out float64": ((X_2, OUT.astype(np.float64)), ValueError, r"out: .*float32, got float64"),
    "out read-only": ((X_2, READ_ONLY), ValueError, "read-only"),
}


@pytest.mark.parametrize("name", WRONG_STEPS)
@pytest.mark.parametrize("module", LAYERS)
def test_a_wrong_step_is_refused_and_the_state_is_as_it_was(module: str, name: str) -> None:
    arguments, error, told = WRONG_STEPS[name]
    stream = getattr(nn, module)(3, 4, num_layers=2).stream(2)
    stream.step(X_2)
    before = stream.state
    with pytest.raises(error, match=told):
        stream.step(*arguments)
    assert_same_state(stream, before)


@pytest.mark.parametrize("module", LAYERS)
def test_a_bidirectional_layer_has_no_stream(module: str) -> None:
    with pytest.raises(ValueError, match=r"^stream: expected a unidirectional layer, got"):
        small(module, bidirectional=True).stream()


@pytest.mark.parametrize(
    ("batch_size", "error"),
    [(0, ValueError), (-1, ValueError), (1.0, TypeError), (True, TypeError)],
)
def test_a_batch_size_is_an_int_greater_than_zero(batch_size: Any, error: Any) -> None:
    with pytest.raises(error, match=r"^batch_size: expected an int greater than zero, got"):
        small("GRU").stream(batch_size)


def test_one_row_is_the_batch_size_that_is_not_given() -> None:
    assert small("GRU").stream().batch_size == 1


@pytest.mark.parametrize("how", [copy.copy, copy.deepcopy, lambda s: pickle.loads(pickle.dumps(s))])
@pytest.mark.parametrize("make", [nn.RNN, nn.GRU, nn.LSTM])
def test_copies_go_on_by_themselves(make: Any, how: Any) -> None:
    """From the same state, on the same weights, without touching one another."""
    layer, x = make(3, 4, 2), np.random.default_rng(0).standard_normal((6, 2, 3), np.float32)
    expected, _ = layer(x)
    stream = layer.stream(2)
    for x_t in x[:3]:
        stream.step(x_t)
    twin = how(stream)
    layer.weight_hh_l0 = np.zeros_like(layer.weight_hh_l0)
    for one in (twin, stream):
        np.testing.assert_array_equal([one.step(x_t) for x_t in x[3:]], expected[3:])
