"""The network against torch's, and its gradients against torch's and finite differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from elman import nn
from elman.train import ManyToOne, Sequences, _network, cross_entropy, squared_error

OPTIONS = [
    {},
    {"bidirectional": True},
    {"num_layers": 2},
    {"num_layers": 2, "bidirectional": True},
    {"num_layers": 2, "bidirectional": True, "nonlinearity": "relu"},
    {"num_layers": 3, "bidirectional": True, "bias": False},
    {"layer": "GRU", "num_layers": 2, "bidirectional": True},
    {"layer": "LSTM", "num_layers": 2, "bidirectional": True},
    {"layer": "LSTM", "proj_size": 2, "bidirectional": True},
]
NOT_IN_TORCH = [
    {"learn_initial_state": True, "num_layers": 2, "bidirectional": True},
    {"learn_initial_state": True, "layer": "LSTM"},
]
LENGTHS = [4, 1, 6, 3]
TARGETS = np.array([0, 1, 1, 0])

drawn = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize("options", OPTIONS)
def test_outputs_and_gradients_are_torchs(
    make: Any, make_torch: Any, draw: Any, options: dict[str, Any]
) -> None:
    network, theirs, x = make(**options), make_torch(**options), draw(LENGTHS)
    output, backward = network.vjp(x)
    expected = theirs(x)
    np.testing.assert_allclose(output, expected.detach(), rtol=1e-12)
    np.testing.assert_allclose(network(x), output, rtol=0, atol=0)

    loss, d_output = cross_entropy(output, TARGETS)
    expected_loss = torch.nn.functional.cross_entropy(expected, torch.tensor(TARGETS))
    expected_loss.backward()
    assert loss == pytest.approx(expected_loss.item(), rel=1e-12)
    gradients = backward(d_output).parameters
    named = dict(theirs.named_parameters())
    assert list(gradients) == list(named)
    for name, gradient in gradients.items():
        np.testing.assert_allclose(gradient, named[name].grad, rtol=1e-10, atol=1e-14, err_msg=name)


@pytest.mark.parametrize("options", OPTIONS + NOT_IN_TORCH)
@pytest.mark.parametrize("loss", [cross_entropy, squared_error])
def test_every_gradient_is_that_of_finite_differences(
    make: Any, draw: Any, loss: Any, options: dict[str, Any]
) -> None:
    network, x, weights = make(**options), draw(LENGTHS), [1.0, 0.5, 2.0, 1.5]
    targets = TARGETS if loss is cross_entropy else np.arange(8.0).reshape(4, 2)
    output, backward = network.vjp(x)
    gradients = backward(loss(output, targets, weights)[1])
    parameters = network.state_dict()
    for name, parameter in parameters.items():
        differences = np.empty_like(parameter)
        for index in np.ndindex(parameter.shape):
            values = []
            for sign in (1, -1):
                moved = parameter.copy()
                moved[index] += sign * 1e-6
                network.load_state_dict(parameters | {name: moved})
                values.append(loss(network(x), targets, weights)[0])
            differences[index] = (values[0] - values[1]) / 2e-6
        np.testing.assert_allclose(
            gradients.parameters[name], differences, rtol=1e-6, atol=1e-8, err_msg=name
        )


@pytest.mark.parametrize("options", OPTIONS[:4])
def test_gradient_of_x_is_that_of_finite_differences(
    make: Any, draw: Any, options: dict[str, Any]
) -> None:
    network, x = make(**options), draw(LENGTHS)
    output, backward = network.vjp(x)
    gradients = backward(cross_entropy(output, TARGETS)[1])
    for sequence, gradient in zip(x, gradients.x, strict=True):
        differences = np.empty_like(sequence)
        for index in np.ndindex(sequence.shape):
            value = sequence[index]
            losses = []
            for moved in (value + 1e-6, value - 1e-6):
                sequence[index] = moved
                losses.append(cross_entropy(network(x), TARGETS)[0])
            sequence[index] = value
            differences[index] = (losses[0] - losses[1]) / 2e-6
        np.testing.assert_allclose(gradient, differences, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("options", OPTIONS[:4])
@pytest.mark.parametrize("batch_first", [True, False])
def test_forms_of_x_agree(make: Any, draw: Any, batch_first: bool, options: dict[str, Any]) -> None:
    network, x = make(batch_first=batch_first, **options), draw(LENGTHS)
    padded, lengths = Sequences.read(x).pad(np.arange(4), batch_first)
    output, backward = network.vjp(padded, lengths=lengths)
    ragged, ragged_backward = network.vjp(x)
    np.testing.assert_allclose(output, ragged, rtol=1e-14)
    for one, other in zip(
        backward(output).parameters.values(),
        ragged_backward(output).parameters.values(),
        strict=True,
    ):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-15)

    alone, alone_backward = network.vjp(x[0])
    assert alone.shape == (2,)
    np.testing.assert_allclose(alone, ragged[0], rtol=1e-14)
    gradients = alone_backward(alone).parameters
    one_row = network.vjp(x[:1])[1](ragged[:1]).parameters
    for name, gradient in gradients.items():
        np.testing.assert_allclose(gradient, one_row[name], rtol=1e-12, atol=1e-15)


@drawn
@given(
    lengths=st.lists(st.integers(0, 7), min_size=1, max_size=12),
    limit=st.integers(1, 100),
    batch_first=st.booleans(),
    data=st.data(),
)
def test_predict_in_batches_of_any_size_is_a_call_for_each_sequence(
    make: Any, draw: Any, lengths: list[int], limit: int, batch_first: bool, data: Any
) -> None:
    network, x = make(num_layers=2, bidirectional=True, batch_first=batch_first), draw(lengths)
    rows = np.array(data.draw(st.lists(st.integers(0, len(x) - 1), max_size=9)), dtype=int)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_network, "_PREDICT_VALUES", limit)
        outputs, some = network.predict(x), network.predict(x, rows)
    assert outputs.shape == (len(x), 2)
    each = np.concatenate([network([sequence]) for sequence in x])
    np.testing.assert_allclose(outputs, each, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(some, each[rows], rtol=1e-12, atol=1e-14)


def test_predict_bounds_what_a_layer_puts_out(
    make: Any, draw: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, x = make(bidirectional=True), draw([9] * 5 + [1] * 40)
    monkeypatch.setattr(_network, "_PREDICT_VALUES", 200)
    sizes = []

    def pad(self: Sequences, rows: Any, batch_first: bool = True) -> Any:
        padded, lengths = original(self, rows, batch_first)
        sizes.append(padded.shape[0] * padded.shape[1] * 10)
        return padded, lengths

    original = Sequences.pad
    monkeypatch.setattr(Sequences, "pad", pad)
    network.predict(x)
    assert max(sizes) <= 200
    assert len(sizes) < 8


def test_parameters_have_the_names_of_a_torch_module(make: Any, make_torch: Any) -> None:
    options = {"num_layers": 2, "bidirectional": True}
    network, theirs = make(**options), make_torch(**options)
    state, expected = network.state_dict(), theirs.state_dict()
    assert list(state) == list(expected) == [name for name, _ in network.named_parameters()]
    for name, value in state.items():
        np.testing.assert_array_equal(value, expected[name], strict=True)


def test_load_state_dict_takes_all_or_nothing(make: Any) -> None:
    network, other = make(1), make(2)
    before, wanted = network.state_dict(), other.state_dict()
    for change in (
        {"head.bias": np.zeros(7)},
        {"rnn.weight_ih_l0": np.zeros(7)},
        {"tail.bias": np.zeros(2)},
        {"head.other": np.zeros(2)},
    ):
        with pytest.raises(RuntimeError, match=next(iter(change)).rpartition(".")[2]):
            network.load_state_dict(wanted | change)
        for name, value in network.state_dict().items():
            np.testing.assert_array_equal(value, before[name])
    network.load_state_dict(wanted)
    for name, value in network.state_dict().items():
        np.testing.assert_array_equal(value, wanted[name])


def test_dropout_acts_in_training_mode_alone(make: Any, draw: Any) -> None:
    network, x = make(num_layers=2, dropout=0.5), draw(LENGTHS)
    assert network.train() is network
    assert not np.array_equal(network(x), network(x))
    assert network.eval() is network
    np.testing.assert_array_equal(network(x), network(x))
    assert not network.rnn.training
    assert not network.head.training


def test_layers_that_do_not_fit_are_refused() -> None:
    rnn = nn.RNN(3, 5, bidirectional=True)
    with pytest.raises(ValueError, match=r"head: expected in_features = .* = 10, got 5"):
        ManyToOne(rnn, nn.Linear(5, 2))
    lstm = nn.LSTM(3, 5, proj_size=2)
    with pytest.raises(ValueError, match=r"head: .* num_directions \* proj_size = 2, got 5"):
        ManyToOne(lstm, nn.Linear(5, 2))
    with pytest.raises(ValueError, match="head: expected rnn's dtype float32, got float64"):
        ManyToOne(rnn, nn.Linear(10, 2, dtype=np.float64))
    network = ManyToOne(rnn, nn.Linear(10, 2))
    assert repr(network) == f"ManyToOne({rnn!r}, {network.head!r})"
