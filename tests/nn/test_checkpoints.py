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
from elman.kernels import backend
from elman.nn import _checkpoints


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


def test_states_alone_are_kept_and_parts_run_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between forward and backward: a state for each part, and nothing of any step in it."""
    layer, T, every = nn.LSTM(4, 16), 2048, 256
    x, calls = np.zeros((T, 1, 4), np.float32), []
    inner = _checkpoints.Run._run

    def run(self: Any, times: slice, state: Any, keep: bool) -> Any:
        calls.append((times.start, times.stop, keep))
        return inner(self, times, state, keep)

    monkeypatch.setattr(_checkpoints.Run, "_run", run)
    (output, _), backward = layer.vjp(x, checkpoint_every=every)
    parts = [(start, start + every) for start in range(0, T, every)]
    assert calls == [(*part, False) for part in parts]

    (kept,) = [part for part in backward.args if isinstance(part, _checkpoints.Run)]
    assert [[a.shape for a in state] for state in kept._states] == [[(1, 1, 16)] * 2] * len(parts)
    others = [value for name, value in vars(kept).items() if name not in ("_states", "results")]
    assert not any(isinstance(value, np.ndarray) for value in others)
    assert kept._form.x is x

    calls.clear()
    backward(np.ones_like(output))
    assert calls == [(*part, True) for part in reversed(parts)]


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
