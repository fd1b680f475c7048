"""Dropout between layers: torch's masks, bit for bit, and only where and when torch draws them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from strategies import Array, dtypes, generators, rnn_arguments, seeds
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import elman
from elman import nn

Twin = Callable[[nn.RNN, dict[str, Any]], torch.nn.RNN]

probabilities = st.sampled_from([0.1, 0.3, 1 / 3, 0.5, 0.9])


def assert_generators_are_level() -> None:
    """Both have drawn as much: what they draw next is the same."""
    expected = torch.nn.Linear(3, 5).weight.detach().numpy()
    np.testing.assert_array_equal(nn.Linear(3, 5).weight, expected)


def mask_showing_weights(H: int, D: int, dtype: Any) -> dict[str, Array]:
    """Return weights of two relu layers whose output is the mask between them.

    The first layer is 1 always; the second one is the identity, each direction on its own half.
    """
    weights = {}
    for direction, suffix in enumerate(["", "_reverse"][:D]):
        own_half = np.zeros((H, D * H))
        own_half[:, direction * H : (direction + 1) * H] = np.eye(H)
        weights |= {f"weight_ih_l0{suffix}": np.zeros((H, 1)), f"weight_ih_l1{suffix}": own_half}
        for layer in range(2):
            weights[f"weight_hh_l{layer}{suffix}"] = np.zeros((H, H))
            weights[f"bias_ih_l{layer}{suffix}"] = np.full(H, 1.0 - layer)
            weights[f"bias_hh_l{layer}{suffix}"] = np.zeros(H)
    return {name: weight.astype(dtype) for name, weight in weights.items()}


def torch_mask(twin: torch.nn.RNN, x: Array, lengths: Sequence[int] | None) -> Array:
    with torch.no_grad():
        if lengths is None:
            return twin(torch.tensor(x))[0].numpy()
        # torch's order of packing equal lengths is nobody's promise, so rows come in order here.
        packed = pack_padded_sequence(torch.tensor(x), lengths, twin.batch_first)
        output, _ = pad_packed_sequence(twin(packed)[0], twin.batch_first)
        return output.numpy()


@given(
    seed=seeds,
    H=st.integers(1, 9),
    D=st.sampled_from([1, 2]),
    T=st.integers(1, 9),
    N=st.integers(1, 6),
    lengths=st.none() | st.lists(st.integers(1, 9), min_size=1, max_size=6),
    p=probabilities,
    dtype=dtypes,
    batch_first=st.booleans(),
)
def test_masks_are_torchs_bit_for_bit(
    seed: int,
    H: int,
    D: int,
    T: int,
    N: int,
    lengths: list[int] | None,
    p: float,
    dtype: Any,
    batch_first: bool,
) -> None:
    """Every element and step of a batch draws its own; with lengths, each valid one."""
    if lengths is not None:
        lengths = sorted(lengths, reverse=True)
        T, N = lengths[0], len(lengths)
    arguments = {
        "input_size": 1,
        "hidden_size": H,
        "num_layers": 2,
        "nonlinearity": "relu",
        "bidirectional": D == 2,
        "dropout": p,
        "batch_first": batch_first,
    }
    rnn = nn.RNN(**arguments, dtype=dtype)
    twin = torch.nn.RNN(**arguments, dtype=getattr(torch, dtype.name))
    weights = mask_showing_weights(H, D, dtype)
    rnn.load_state_dict(weights)
    twin.load_state_dict({name: torch.tensor(weight) for name, weight in weights.items()})
    x = np.zeros((N, T, 1) if batch_first else (T, N, 1), dtype)

    elman.manual_seed(seed)
    torch.manual_seed(seed)
    mask, _ = rnn(x, lengths=lengths)
    np.testing.assert_array_equal(mask, torch_mask(twin, x, lengths))
    assert set(np.unique(mask)) <= {0, dtype.type(1) / dtype.type(1 - p)}
    assert_generators_are_level()


@given(arguments=rnn_arguments(), seed=seeds, p=probabilities, generator=generators)
def test_training_with_dropout_is_torchs(
    torch_twin: Twin, arguments: dict[str, Any], seed: int, p: float, generator: np.random.Generator
) -> None:
    """Results, gradients and how much is drawn: forward draws the masks, backward none."""
    arguments |= {"dropout": p, "num_layers": max(2, arguments["num_layers"])}
    rnn = nn.RNN(**arguments)
    twin = torch_twin(rnn, arguments)
    x = generator.standard_normal((5, 3, rnn.input_size)).astype(rnn.dtype)
    x_64 = torch.tensor(x, dtype=torch.float64, requires_grad=True)

    elman.manual_seed(seed)
    torch.manual_seed(seed)
    (output, h_n), backward = rnn.vjp(x)
    expected, expected_h_n = twin(x_64)
    # As in test_rnn.py, T · N = 15; what a mask does not drop it multiplies, and errors with it.
    each_layer = 40 * np.sqrt(15) * np.finfo(rnn.dtype).eps / (1 - p)

    def assert_close(actual: Array, value: torch.Tensor) -> None:
        value = value.detach().numpy()
        atol = rnn.num_layers * each_layer * max(1, np.abs(value).max())
        np.testing.assert_allclose(actual, value, rtol=0, atol=atol)

    assert_close(output, expected)
    assert_close(h_n, expected_h_n)
    if rnn.nonlinearity == "tanh":
        torch.autograd.backward(
            (expected, expected_h_n), (expected.detach(), expected_h_n.detach())
        )
        gradients = backward(output, h_n)
        assert_close(gradients.x, x_64.grad)
        for name, parameter in twin.named_parameters():
            assert_close(gradients.parameters[name], parameter.grad)
        np.testing.assert_array_equal(backward(output, h_n).x, gradients.x)
    assert_generators_are_level()


def rnn_with_dropout(p: float, **arguments: Any) -> nn.RNN:
    return nn.RNN(3, 4, num_layers=2, dropout=p, **arguments)


def test_nothing_is_drawn_or_dropped_in_evaluation_mode() -> None:
    elman.manual_seed(3)
    torch.manual_seed(3)
    rnn, plain = rnn_with_dropout(0.5).eval(), nn.RNN(3, 4, num_layers=2)
    torch.nn.RNN(3, 4, num_layers=2)
    torch.nn.RNN(3, 4, num_layers=2)
    plain.load_state_dict(rnn.state_dict())
    x = np.ones((5, 2, 3), np.float32)
    np.testing.assert_array_equal(rnn(x)[0], plain(x)[0])
    assert_generators_are_level()
    assert (rnn.train()(x)[0] != plain(x)[0]).any()


@pytest.mark.parametrize("p", [0.0, 1.0])
def test_certain_dropout_draws_nothing(p: float) -> None:
    """No random number is taken, as in torch, when all is kept or all is dropped."""
    elman.manual_seed(3)
    torch.manual_seed(3)
    rnn, twin = rnn_with_dropout(p), torch.nn.RNN(3, 4, num_layers=2, dropout=p)
    x = np.ones((5, 2, 3), np.float32)
    expected = twin(torch.tensor(x))[0].detach().numpy()
    # Values below 1 and sums of 8 terms: as in test_rnn.py.
    np.testing.assert_allclose(rnn(x)[0], expected, rtol=0, atol=1e-6)
    assert_generators_are_level()


def test_each_call_draws_anew_and_the_seed_repeats_it() -> None:
    rnn, x = rnn_with_dropout(0.5), np.ones((20, 2, 3), np.float32)
    elman.manual_seed(7)
    first, second = rnn(x)[0], rnn(x)[0]
    assert (first != second).any()
    elman.manual_seed(7)
    np.testing.assert_array_equal(rnn(x)[0], first)
    np.testing.assert_array_equal(rnn.vjp(x)[0][0], second)


def test_a_row_does_not_lose_its_mask_to_the_order_of_rows() -> None:
    """With different lengths each row keeps its mask in any order: the longest draws first."""
    rnn, lengths = rnn_with_dropout(0.5), np.array([2, 6, 3, 5])
    x = np.random.default_rng(0).standard_normal((6, 4, 3)).astype(np.float32)
    order = [3, 0, 2, 1]
    elman.manual_seed(7)
    expected, _ = rnn(x, lengths=lengths)
    elman.manual_seed(7)
    output, _ = rnn(x[:, order], lengths=lengths[order])
    # The reference's products may round otherwise in another order of rows; a mask would halve.
    np.testing.assert_allclose(output, expected[:, order], rtol=0, atol=1e-6)


def test_a_generator_of_its_own_leaves_the_global_one_alone() -> None:
    """It draws weights and masks as the global one would from the same seed."""
    x = np.ones((5, 2, 3), np.float32)
    elman.manual_seed(11)
    expected_rnn = rnn_with_dropout(0.5)
    expected = expected_rnn(x)[0]

    elman.manual_seed(5)
    torch.manual_seed(5)
    rnn = rnn_with_dropout(0.5, generator=elman.Generator(11))
    np.testing.assert_array_equal(rnn.weight_hh_l1, expected_rnn.weight_hh_l1)
    np.testing.assert_array_equal(rnn(x)[0], expected)
    assert_generators_are_level()


def test_dropout_on_one_layer_warns_as_in_torch() -> None:
    for RNN in (nn.RNN, torch.nn.RNN):
        with pytest.warns(UserWarning, match="dropout.*num_layers=1"):
            RNN(3, 4, dropout=0.5)
