"""vjp(..., checkpoint_every=k): a sequence in parts, run again for backward."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import Array

import elman
from elman import nn
from elman.kernels import PAIRS_PER_BLOCK, backend
from elman.nn import _checkpoints


def flat(value: Any) -> list[Array]:
    if isinstance(value, np.ndarray):
        return [value]
    parts = value.values() if isinstance(value, dict) else value
    return [array for part in parts for array in flat(part)]


def assert_same(found: Array, expected: Array) -> None:
    """To the bit; on the reference but for rounding."""
    if backend == "native":
        np.testing.assert_array_equal(found, expected, strict=True)
    else:
        largest = max(1, np.abs(expected).max(initial=0))
        tolerance = 2**12 * np.finfo(expected.dtype).eps * largest
        np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance, strict=True)


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
            fewer = backward(*d, of_x=False)
            assert fewer.x is None
            for a, b in zip(flat(fewer[1:]), flat(gradients[1:]), strict=True):
                assert_same(a, b)
    for without, with_parts in zip(found[:3], found[3:], strict=True):
        for a, b in zip(without, with_parts, strict=True):
            assert_same(b, a)


class Recorder:
    """A network that notes how many steps each run has, and whether it is kept for backward."""

    def __init__(self, network: Any) -> None:
        self.network, self.runs = network, []

    def run(self, x: Array, state: Any, lengths: Any, masks: Any, keep: bool) -> Any:
        self.runs.append((len(x), keep))
        return self.network.run(x, state, lengths, masks, keep)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.network, name)


def arrays_within(value: Any) -> list[Array]:
    """Return all arrays that lists, tuples and dicts hold."""
    if isinstance(value, np.ndarray):
        return [value]
    if isinstance(value, dict):
        value = value.values()
    if isinstance(value, list | tuple) or type(value) is type({}.values()):
        return [array for part in value for array in arrays_within(part)]
    return []


WHOLE = PAIRS_PER_BLOCK  # steps of one row that are summed at a time


@pytest.mark.parametrize(
    ("T", "N", "every", "sizes"),
    [
        (1100, 1, 512, [512, 512, 76]),
        (3 * WHOLE, 1, 1, [WHOLE] * 3),  # rounded up
        (7, 2 * WHOLE, 3, [3, 3, 1]),
        (5, 2 * WHOLE, 9, [5]),
    ],
)
def test_states_alone_are_kept_and_backward_runs_each_part_again(
    T: int, N: int, every: int, sizes: list[int]
) -> None:
    """One state for each part's beginning, from which it is run again for backward."""
    layer = nn.LSTM(2, 5, proj_size=3)
    network = Recorder(layer._network)
    x = np.ones((T, N, 2), np.float32)
    description = layer._description
    run = _checkpoints.Run(network, description, x, None, None, None, every)
    assert network.runs == [(steps, False) for steps in sizes]

    held = arrays_within({n: v for n, v in vars(run).items() if n != "results"})
    owned = [array for array in held if not np.may_share_memory(array, x)]
    shapes = [(1, N, 3), (1, N, 5)] * len(sizes)
    assert [array.shape for array in owned] == shapes

    network.runs.clear()
    run.backward(run.results[0])
    assert network.runs == [(steps, True) for steps in sizes[::-1]]


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
