"""network.generate: each output is the next input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import elman
from elman import nn
from elman.nn._generate import Choice

V, E, H, Z = 6, 3, 5, 4


def symbols(layer: str = "GRU", reads: str = "every", bridge: bool = False, **options: Any) -> Any:
    """Return a network of V symbols that goes on from different ones in different ways."""
    elman.manual_seed(2)
    rnn = getattr(nn, layer)(E, H, **{"batch_first": True} | options)
    size = H * rnn.num_layers * (2 if layer == "LSTM" else 1)
    network = nn.Network(
        rnn, nn.Linear(H, V), nn.Embedding(V, E), nn.Linear(Z, size) if bridge else None, reads
    )
    state = network.state_dict()
    network.load_state_dict(
        {name: value * (4 * ("bias" not in name)) for name, value in state.items()}
    )
    return network


def numbers(bridge: bool = False, **options: Any) -> Any:
    """Return a network whose outputs have the size of its inputs."""
    elman.manual_seed(1)
    f64 = {"dtype": np.float64}
    rnn = nn.LSTM(E, H, **{"batch_first": True} | options | f64)
    start = nn.Linear(Z, 2 * H, **f64) if bridge else None
    return nn.Network(rnn, nn.Linear(H, E, **f64), None, start, "every")


def assert_close(actual: Any, expected: Any) -> None:
    np.testing.assert_allclose(actual, expected, rtol=1e-12)


X = np.array([[1, 2, 3], [4, 5, 0]])


@pytest.mark.parametrize("layer", ["RNN", "GRU", "LSTM"])
@pytest.mark.parametrize("options", [{}, {"num_layers": 2, "dropout": 0.5}, {"batch_first": False}])
@pytest.mark.parametrize("reads", ["every", "last"])
def test_the_likeliest_symbols_are_those_of_calls_on_all_before(
    layer: str, options: dict[str, Any], reads: str
) -> None:
    """Also in training mode, whose dropout does nothing here, and which stays on."""
    network = symbols(layer, reads, **options)
    x = X if network.rnn.batch_first else X.T
    found = network.generate(5, x, temperature=0)
    assert network.training
    assert network.rnn.training
    by_sequence = found if network.rnn.batch_first else found.T
    assert by_sequence.shape == (2, 5)
    network.eval()
    for start, made in zip(X, by_sequence, strict=True):
        sequence = list(start)
        for symbol in made:
            logits = network(np.array(sequence))
            last = logits[-1] if reads == "every" else logits
            assert symbol == np.argmax(last)
            sequence.append(symbol)
        np.testing.assert_array_equal(network.generate(5, start, temperature=0), made)
    assert len(np.unique(by_sequence)) > 1


@pytest.mark.parametrize("batch_first", [True, False])
def test_numbers_are_those_of_calls_on_all_before(batch_first: bool) -> None:
    network = numbers(batch_first=batch_first)
    x = np.random.default_rng(0).normal(size=(2, 3, E))
    found = network.generate(4, x if batch_first else x.swapaxes(0, 1))
    by_sequence = found if batch_first else found.swapaxes(0, 1)
    assert by_sequence.shape == (2, 4, E)
    for start, made in zip(x, by_sequence, strict=True):
        sequence = start
        for value in made:
            assert_close(value, network(sequence)[-1])
            sequence = np.concatenate([sequence, value[None]])
        assert_close(network.generate(4, start), made)


def test_a_bridge_begins_each_sequence_from_its_vector() -> None:
    """With x, or without it from one step of zeros."""
    z = np.random.default_rng(0).normal(size=(2, Z))
    network = numbers(bridge=True)
    for x in (None, np.random.default_rng(1).normal(size=(2, 2, E))):
        found = network.generate(4, x, z)
        assert found.shape == (2, 4, E)
        assert not np.array_equal(found[0], found[1])
        for i, made in enumerate(found):
            sequence = np.zeros((1, E)) if x is None else x[i]
            for value in made:
                assert_close(value, network(sequence, z[i])[-1])
                sequence = np.concatenate([sequence, value[None]])
            assert_close(network.generate(4, None if x is None else x[i], z[i]), made)
    network, z = symbols("LSTM", bridge=True, num_layers=2).eval(), z.astype(np.float32)
    made = network.generate(3, X, z, temperature=0)
    sequence = X
    for t in range(3):
        np.testing.assert_array_equal(network(sequence, z)[:, -1].argmax(-1), made[:, t])
        sequence = np.concatenate([sequence, made[:, t : t + 1]], axis=1)


def test_symbols_may_come_in_lists() -> None:
    network = symbols()
    for given in (X, X[0]):
        np.testing.assert_array_equal(
            network.generate(3, given.tolist(), temperature=0),
            network.generate(3, given, temperature=0),
        )


def test_one_step_without_a_start_is_of_zeros() -> None:
    for batch_first in (True, False):
        network = numbers(batch_first=batch_first)
        found = network.generate(3)
        assert found.shape == (3, E)
        np.testing.assert_array_equal(found, network.generate(3, np.zeros((1, E))))


def test_the_same_seed_draws_the_same_symbols() -> None:
    network = symbols()
    first, other = (network.generate(50, X, generator=elman.Generator(3)) for _ in range(2))
    np.testing.assert_array_equal(first, other)
    assert not np.array_equal(first, network.generate(50, X, generator=elman.Generator(4)))
    elman.manual_seed(3)
    np.testing.assert_array_equal(network.generate(50, X), first)


@pytest.mark.parametrize(
    ("temperature", "top_k", "expected"),
    [
        (None, None, [0.1, 0.4, 0.2, 0.3]),
        (1, 9, [0.1, 0.4, 0.2, 0.3]),
        (2.0, None, np.sqrt([0.1, 0.4, 0.2, 0.3])),
        (0.5, None, np.square([0.1, 0.4, 0.2, 0.3])),
        (1.0, 2, [0, 0.4, 0, 0.3]),
        (0.5, 3, [0, 0.16, 0.04, 0.09]),
        (1.0, 1, [0, 1, 0, 0]),
        (0, None, [0, 1, 0, 0]),
        (1e-310, None, [0, 1, 0, 0]),
    ],
)
def test_symbols_are_drawn_by_their_probabilities(
    temperature: Any, top_k: Any, expected: Any
) -> None:
    """Of 20 000 draws each share is within 5 standard deviations."""
    n, logits = 20_000, np.log([0.1, 0.4, 0.2, 0.3]) + 3
    choice = Choice.checked(symbols(), temperature, top_k, elman.Generator(0))
    shares = np.bincount(choice.of(np.tile(logits, (n, 1))), minlength=4) / n
    expected = np.array(expected) / np.sum(expected)
    deviation = np.sqrt(expected * (1 - expected) / n)
    assert (np.abs(shares - expected) <= 5 * deviation).all()


def test_of_equal_symbols_the_first_is_the_likeliest() -> None:
    choice = Choice.checked(symbols(), 0, None, None)
    np.testing.assert_array_equal(choice.of(np.array([[0.0, 2, 2], [1, 1, 1]])), [1, 0])
    choice = Choice.checked(symbols(), 1, 1, None)
    np.testing.assert_array_equal(choice.of(np.array([[0.0, 2, 2], [1, 1, 1]])), [1, 0])


def nan() -> Any:
    network = symbols()
    network.head.bias = np.full(V, np.nan, np.float32)
    return network


@pytest.mark.parametrize(
    ("make", "arguments", "error", "words"),
    [
        (symbols, {"steps": 0, "x": X}, ValueError, "steps: expected an int greater than zero"),
        (symbols, {"x": None}, ValueError, "x: expected at least one integer for each sequence"),
        (symbols, {"x": [[1, 2], [1]]}, TypeError, "x: expected an array, got list; generate from"),
        (symbols, {"x": X + 1}, IndexError, r"x: expected each in .* got 6 at x\[1, 1\]"),
        (symbols, {"x": X * 1.0}, RuntimeError, "x: expected integers, got dtype float64"),
        (symbols, {"x": X[:, :0]}, RuntimeError, "x: expected at least one time step, got T = 0"),
        (symbols, {"x": X, "temperature": -1}, ValueError, "temperature: expected a finite number"),
        (symbols, {"x": X, "temperature": np.nan}, ValueError, "temperature: .* got nan"),
        (symbols, {"x": X, "temperature": "hot"}, TypeError, "temperature: .* got 'hot'"),
        (symbols, {"x": X, "top_k": 0}, ValueError, "top_k: expected an int greater than zero"),
        (symbols, {"x": X, "generator": 3}, TypeError, r"generator: .* elman.Generator\(seed\)"),
        (symbols, {"x": X, "z": np.zeros((2, 4))}, ValueError, "z: expected None, as the network"),
        (lambda: symbols(bridge=True), {"x": X}, ValueError, r"z: expected \(N, Z\) = \(2, 4\)"),
        (
            nan,
            {"x": X},
            ValueError,
            "outputs: expected finite values, got NaN or infinity at step 0",
        ),
        (numbers, {"temperature": 1.0}, ValueError, "temperature: expected None, as a network"),
        (numbers, {"top_k": 3}, ValueError, "top_k: expected None, as a network without an emb"),
        (numbers, {"x": np.zeros(3)}, ValueError, r"x: expected \(N, T, input_size\), or \(T, inp"),
        (numbers, {"x": np.zeros((0, 3))}, RuntimeError, "x: expected at least one time step"),
        (lambda: numbers(bridge=True), {}, ValueError, r"z: expected \(Z,\) = \(4,\)"),
        (
            lambda: nn.Network(nn.RNN(3, 4), nn.Linear(4, 2)),
            {},
            ValueError,
            "head: expected out_features = rnn.input_size = 3, as each output is the next input",
        ),
        (
            lambda: nn.Network(nn.RNN(3, 4), nn.Linear(4, 9), nn.Embedding(8, 3)),
            {"x": X},
            ValueError,
            "head: expected out_features of at most num_embeddings = 8, got 9",
        ),
        (
            lambda: nn.Network(nn.RNN(3, 4, bidirectional=True), nn.Linear(8, 3)),
            {},
            ValueError,
            "unidirectional",
        ),
    ],
)
def test_what_does_not_fit_is_refused(make: Any, arguments: Any, error: Any, words: str) -> None:
    network = make()
    with pytest.raises(error, match=words):
        network.generate(**{"steps": 2, **arguments})
