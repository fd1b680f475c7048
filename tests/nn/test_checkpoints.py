"""vjp(..., checkpoint_every=k): a sequence in parts, run again for backward."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import Array

import elman
from elman import nn
from elman.kernels import backend


def flat(value: Any) -> list[Array]:
    if isinstance(value, np.ndarray):
        return [value]
    parts = value.values() if isinstance(value, dict) else value
    return [array for part in parts for array in flat(part)]


@given(
    module=st.sampled_from([nn.RNN, nn.GRU, nn.LSTM]),
    T=st.integers(1, 700),
    N=st.sampled_from([1, 2, 3, 40, 257]),
    layers=st.integers(1, 2),
    option=st.sampled_from(["", "batch_first", "recurrent_dropout", "learn_initial_state"]),
    ragged=st.booleans(),
    every=st.integers(1, 300),
    dtype=st.sampled_from([np.float32, np.float64]),
    seed=st.integers(0, 2**32),
)
def test_results_and_gradients_are_those_without(
    module: Any,
    T: int,
    N: int,
    layers: int,
    option: str,
    ragged: bool,
    every: int,
    dtype: Any,
    seed: int,
) -> None:
    """To the bit on the native kernels."""
    T = min(T, 1 + 2000 // N)
    options = {option: 0.5 if option == "recurrent_dropout" else True} if option else {}
    options["proj_size"] = 3 if module is nn.LSTM and seed % 2 else 0
    if module is not nn.LSTM:
        del options["proj_size"]
    layer = module(4, 6, num_layers=layers, dtype=dtype, **options)
    generator = np.random.default_rng(seed)
    shape = (N, T, 4) if option == "batch_first" else (T, N, 4)
    x = generator.standard_normal(shape).astype(dtype)
    lengths = generator.integers(0, T, N, endpoint=True) if ragged else None
    found = []
    for checkpoint_every in (None, every):
        elman.manual_seed(seed)
        results, backward = layer.vjp(x, lengths=lengths, checkpoint_every=checkpoint_every)
        again = np.random.default_rng(seed)
        d_output = again.standard_normal(results[0].shape).astype(dtype)
        d_state = results[1]
        for d in ((d_output, d_state), (None, d_state), (d_output, None)):
            gradients = backward(*d)
            found.append([*flat(results), *flat(gradients)])
            if checkpoint_every is None:
                names = list(gradients.parameters)
            assert list(gradients.parameters) == names
    for without, with_parts in zip(found[:3], found[3:], strict=True):
        for a, b in zip(without, with_parts, strict=True):
            if backend == "native":
                np.testing.assert_array_equal(a, b, strict=True)
            else:
                tolerance = 2**12 * np.finfo(dtype).eps * max(1, np.abs(a).max(initial=0))
                np.testing.assert_allclose(a, b, rtol=0, atol=tolerance, strict=True)


def peak_bytes(layer: Any, x: Array, d_output: Array, every: int | None) -> int:
    """Return how much a run and its gradients allocate, beside what there was."""
    tracemalloc.start()
    _, backward = layer.vjp(x, checkpoint_every=every)
    backward(d_output)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_memory_grows_with_the_square_root_of_time() -> None:
    """Beside output and d_x; counted in NumPy's arrays, of which the kernels' own are few."""
    layer, of_values = nn.LSTM(4, 16), {}
    for T in (10_000, 160_000):
        x, d_output = np.zeros((T, 1, 4), np.float32), np.ones((T, 1, 16), np.float32)
        own = d_output.nbytes + x.nbytes
        of_values[T] = peak_bytes(layer, x, d_output, int(np.sqrt(T))) - own
        assert of_values[T] < (peak_bytes_layer_by_layer(layer, x, d_output) - own) / 4
    assert of_values[160_000] < 5 * of_values[10_000]


def peak_bytes_layer_by_layer(layer: Any, x: Array, d_output: Array) -> int:
    tracemalloc.start()
    _, backward = layer.vjp(x, lengths=[len(x)])
    backward(d_output)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_gradients_are_of_the_run_whatever_was_assigned_since() -> None:
    layer, x = nn.GRU(3, 5), np.ones((600, 1, 3), np.float32)
    _, backward = layer.vjp(x, checkpoint_every=256)
    before = backward(np.ones((600, 1, 5), np.float32))
    layer.weight_hh_l0 = layer.weight_hh_l0 + 1
    after = backward(np.ones((600, 1, 5), np.float32))
    for a, b in zip(flat(before), flat(after), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("layer", "every", "words"),
    [
        (nn.GRU(3, 5), 0, "checkpoint_every: expected an int greater than zero, got 0"),
        (nn.GRU(3, 5, bidirectional=True), 5, "checkpoint_every: expected a unidirectional layer"),
        (nn.GRU(3, 5, 2, dropout=0.5), 5, "checkpoint_every: expected no dropout"),
    ],
)
def test_what_cannot_be_run_in_parts_is_refused(layer: Any, every: int, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        layer.vjp(np.ones((4, 1, 3), np.float32), checkpoint_every=every)
