"""Dropout between layers: torch's masks, bit for bit, and only where and when torch draws them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from strategies import LAYERS, Array, Options, layer_options, seeds
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import elman
from elman import nn

# torch warns, where its LSTM has a projection, that it does not call oneDNN.
pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")

probabilities = st.sampled_from([0.1, 0.3, 1 / 3, 0.5, 0.9])


def assert_generators_are_level() -> None:
    """Both have drawn as much: what they draw next is the same."""
    expected = torch.nn.Linear(3, 5).weight.detach().numpy()
    np.testing.assert_array_equal(nn.Linear(3, 5).weight, expected)


TINY = 2.0**-60  # tanh(v) is v where v is as small as this
GATES = {"RNN": "n", "GRU": "rzn", "LSTM": "ifno"}
SATURATED = {"r": 1e4, "z": -1e4, "i": 1e4, "f": -1e4, "o": 1e4}  # where σ is 1 or 0


def mask_showing_weights(layer: Any) -> dict[str, Array]:
    """Return weights of two layers whose output is the mask between them, times TINY.

    The first layer's is TINY always; the second one is the identity, each direction on its own
    part. An LSTM's gate g is called n here, as a GRU's: the one that the gates let through.
    """
    D, gates = 1 + layer.bidirectional, GATES[type(layer).__name__]
    H, P = layer.hidden_size, layer.proj_size or layer.hidden_size
    weights = {name: np.zeros(p.shape) for name, p in layer.named_parameters()}
    for direction, suffix in enumerate(["", "_reverse"][:D]):
        n = gates.index("n") * H
        own = slice(direction * P, (direction + 1) * P)
        weights[f"weight_ih_l1{suffix}"][n : n + P, own] = np.eye(P)
        weights[f"bias_ih_l0{suffix}"][n : n + H] = TINY
        for k in range(2):
            for gate, bias in SATURATED.items():
                if gate in gates:
                    g = gates.index(gate) * H
                    weights[f"bias_hh_l{k}{suffix}"][g : g + H] = bias
            if layer.proj_size:
                weights[f"weight_hr_l{k}{suffix}"][...] = np.eye(P, H)
    return {name: weight.astype(layer.dtype) for name, weight in weights.items()}


def torch_output(twin: Any, x: Array, lengths: Sequence[int] | None) -> Array:
    with torch.no_grad():
        if lengths is None:
            return twin(torch.tensor(x))[0].numpy()
        # torch's order of packing equal lengths is nobody's promise, so rows come in order here.
        packed = pack_padded_sequence(torch.tensor(x), lengths, twin.batch_first)
        output, _ = pad_packed_sequence(twin(packed)[0], twin.batch_first)
        return output.numpy()


@given(
    options=layer_options(num_layers=2, bias=True),
    seed=seeds,
    T=st.integers(1, 9),
    N=st.integers(1, 6),
    lengths=st.none() | st.lists(st.integers(1, 9), min_size=1, max_size=6),
    p=probabilities,
)
def test_masks_are_torchs_bit_for_bit(
    options: Options, seed: int, T: int, N: int, lengths: list[int] | None, p: float
) -> None:
    """Every element and step of a batch draws its own; with lengths, each valid one.

    Seeds go beyond 2**32, and both dtypes draw the same.
    """
    if lengths is not None:
        lengths = sorted(lengths, reverse=True)
        T, N = lengths[0], len(lengths)
    layer, twin = options.elman(dropout=p), options.torch(dropout=p)
    weights = mask_showing_weights(layer)
    layer.load_state_dict(weights)
    twin.load_state_dict({name: torch.tensor(weight) for name, weight in weights.items()})
    x = np.zeros((N, T, 1) if layer.batch_first else (T, N, 1), layer.dtype)
    x = np.broadcast_to(x, (*x.shape[:2], layer.input_size)).copy()

    elman.manual_seed(seed)
    torch.manual_seed(seed)
    output, _ = layer(x, lengths=lengths)
    expected = torch_output(twin, x, lengths)
    if isinstance(layer, nn.RNN):
        np.testing.assert_array_equal(output, expected)
    # What a mask keeps, both multiply by the same number; a gate may round once more.
    np.testing.assert_array_equal(output == 0, expected == 0)
    np.testing.assert_allclose(output, expected, rtol=4 * np.finfo(layer.dtype).eps)
    kept = output[output != 0] / TINY
    np.testing.assert_allclose(kept, 1 / (1 - p), rtol=8 * np.finfo(layer.dtype).eps)
    assert_generators_are_level()


def with_dropout(module: str, p: float, library: Any = nn, **arguments: Any) -> Any:
    return getattr(library, module)(3, 4, num_layers=2, dropout=p, **arguments)


@pytest.mark.parametrize("module", LAYERS)
def test_nothing_is_drawn_or_dropped_in_evaluation_mode(module: str) -> None:
    elman.manual_seed(3)
    torch.manual_seed(3)
    rnn, plain = with_dropout(module, 0.5).eval(), with_dropout(module, 0.0)
    for _ in range(2):
        with_dropout(module, 0.0, torch.nn)
    plain.load_state_dict(rnn.state_dict())
    x = np.ones((5, 2, 3), np.float32)
    np.testing.assert_array_equal(rnn(x)[0], plain(x)[0])
    assert_generators_are_level()
    assert (rnn.train()(x)[0] != plain(x)[0]).any()


@pytest.mark.parametrize("module", LAYERS)
@pytest.mark.parametrize("p", [0.0, 1.0])
def test_certain_dropout_draws_nothing(module: str, p: float) -> None:
    """No random number is taken, as in torch, when all is kept or all is dropped."""
    elman.manual_seed(3)
    torch.manual_seed(3)
    rnn, twin = with_dropout(module, p), with_dropout(module, p, torch.nn)
    x = np.ones((5, 2, 3), np.float32)
    expected = twin(torch.tensor(x))[0].detach().numpy()
    # Values below 1 and sums of 8 terms: as in test_layers.py.
    np.testing.assert_allclose(rnn(x)[0], expected, rtol=0, atol=1e-6)
    assert_generators_are_level()


@pytest.mark.parametrize("module", LAYERS)
def test_each_call_draws_anew_and_the_seed_repeats_it(module: str) -> None:
    rnn, x = with_dropout(module, 0.5), np.ones((20, 2, 3), np.float32)
    elman.manual_seed(7)
    first, second = rnn(x)[0], rnn(x)[0]
    assert (first != second).any()
    elman.manual_seed(7)
    np.testing.assert_array_equal(rnn(x)[0], first)
    np.testing.assert_array_equal(rnn.vjp(x)[0][0], second)


@pytest.mark.parametrize("module", LAYERS)
def test_a_row_does_not_lose_its_mask_to_the_order_of_rows(module: str) -> None:
    """With different lengths each row keeps its mask in any order: the longest draws first."""
    rnn, lengths = with_dropout(module, 0.5), np.array([2, 6, 3, 5])
    x = np.random.default_rng(0).standard_normal((6, 4, 3)).astype(np.float32)
    order = [3, 0, 2, 1]
    elman.manual_seed(7)
    expected, _ = rnn(x, lengths=lengths)
    elman.manual_seed(7)
    output, _ = rnn(x[:, order], lengths=lengths[order])
    # The reference's products may round otherwise in another order of rows; a mask would halve.
    np.testing.assert_allclose(output, expected[:, order], rtol=0, atol=1e-6)


@pytest.mark.parametrize("module", LAYERS)
def test_a_generator_of_its_own_leaves_the_global_one_alone(module: str) -> None:
    """It draws weights and masks as the global one would from the same seed."""
    x = np.ones((5, 2, 3), np.float32)
    elman.manual_seed(11)
    expected_rnn = with_dropout(module, 0.5)
    expected = expected_rnn(x)[0]

    elman.manual_seed(5)
    torch.manual_seed(5)
    rnn = with_dropout(module, 0.5, generator=elman.Generator(11))
    np.testing.assert_array_equal(rnn.weight_hh_l1, expected_rnn.weight_hh_l1)
    np.testing.assert_array_equal(rnn(x)[0], expected)
    assert_generators_are_level()


@pytest.mark.parametrize("module", LAYERS)
def test_dropout_on_one_layer_warns_as_in_torch(module: str) -> None:
    for library in (nn, torch.nn):
        with pytest.warns(UserWarning, match="dropout.*num_layers=1") as warned:
            getattr(library, module)(3, 4, dropout=0.5)
        assert warned[0].filename == __file__ or library is torch.nn


def test_probabilities_are_those_at_the_calls_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another thread may assign them while masks are drawn."""
    layer = nn.GRU(3, 4, num_layers=4, dropout=0.5, recurrent_dropout=0.25)
    x, drawn = np.ones((5, 2, 3), np.float32), layer._drawn
    expected = [draw(layer, x)]

    def then_changed(*arguments: Any) -> Any:
        mask = drawn(*arguments)
        layer.dropout = layer.recurrent_dropout = 0.0
        return mask

    monkeypatch.setattr(layer, "_drawn", then_changed)
    np.testing.assert_array_equal(draw(layer, x), expected[0])


def draw(layer: Any, x: Any) -> Any:
    elman.manual_seed(3)
    return layer(x)[0]
