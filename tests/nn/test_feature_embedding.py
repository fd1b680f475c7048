"""nn.FeatureEmbedding is several nn.Embeddings whose vectors are joined."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import dtypes, generators, seeds

import elman
from elman import nn

tables = st.lists(st.tuples(st.integers(1, 9), st.integers(1, 5)), min_size=1, max_size=12)


def drawn(sizes: list[tuple[int, int]], shape: list[int], generator: np.random.Generator) -> Any:
    """Return integers (…, F) in the range of each feature."""
    return np.stack([generator.integers(n, size=shape) for n, _ in sizes], axis=-1)


@given(tables=tables, dtype=dtypes, seed=seeds)
def test_the_tables_are_drawn_one_after_another(tables: Any, dtype: Any, seed: int) -> None:
    elman.manual_seed(seed)
    embedding = nn.FeatureEmbedding(*zip(*tables, strict=True), dtype=dtype)
    elman.manual_seed(seed)
    for f, (n, E) in enumerate(tables):
        table = nn.Embedding(n, E, dtype=dtype).weight
        np.testing.assert_array_equal(getattr(embedding, f"weight_{f}"), table, strict=True)
    assert list(embedding.state_dict()) == [f"weight_{f}" for f in range(len(tables))]
    assert embedding.embedding_dim == sum(E for _, E in tables)


@given(
    tables=tables,
    shape=st.lists(st.integers(0, 4), max_size=3),
    generator=generators,
)
def test_vectors_and_gradients_are_those_of_embeddings(
    tables: Any, shape: list[int], generator: np.random.Generator
) -> None:
    embedding = nn.FeatureEmbedding(*zip(*tables, strict=True), dtype=np.float64)
    x = drawn(tables, shape, generator)
    y, backward = embedding.vjp(x)
    d_y = generator.standard_normal(y.shape)
    found = backward(d_y).parameters
    start = 0
    for f, (n, E) in enumerate(tables):
        one = nn.Embedding(n, E, dtype=np.float64)
        one.weight = getattr(embedding, f"weight_{f}")
        part = slice(start, start + E)
        y_one, backward_one = one.vjp(x[..., f])
        np.testing.assert_array_equal(y[..., part], y_one, strict=True)
        wanted = backward_one(d_y[..., part]).parameters["weight"]
        np.testing.assert_array_equal(found[f"weight_{f}"], wanted, strict=True)
        start += E
    assert start == y.shape[-1]
    np.testing.assert_array_equal(embedding(x), y)


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("reads", ["last", "every"])
def test_a_network_reads_features(batch_first: bool, reads: Any, tmp_path: Path) -> None:
    """As it reads the vectors themselves; after a row's length nothing is read."""
    tables = [(7, 3), (4, 2)]
    random = np.random.default_rng(0)
    rnn = nn.GRU(5, 4, batch_first=batch_first, bidirectional=True, dtype=np.float64)
    head = nn.Linear(8, 2, dtype=np.float64)
    embedding = nn.FeatureEmbedding([7, 4], [3, 2], dtype=np.float64)
    network = nn.Network(rnn, head, embedding, reads=reads)
    without = nn.Network(rnn, head, reads=reads)
    lengths = [3, 6, 1]
    x = drawn(tables, [3, 6], random)
    x[0, 3:] = -1
    vectors = embedding(np.maximum(x, 0))
    if not batch_first:
        x, vectors = x.swapaxes(0, 1), vectors.swapaxes(0, 1)
    wanted = without(vectors, lengths=lengths)
    np.testing.assert_array_equal(network(x, lengths=lengths), wanted)
    y, backward = network.vjp(x, lengths=lengths)
    d_y = random.standard_normal(y.shape)
    gradients = backward(d_y)
    assert gradients.x is None
    assert gradients.parameters.keys() == network.state_dict().keys()
    start = network.state_dict()
    for name, value in start.items():
        direction = random.standard_normal(value.shape)
        sides = []
        for side in (1e-6, -1e-6):
            network.load_state_dict(start | {name: value + side * direction})
            sides.append((network(x, lengths=lengths) * d_y).sum())
        slope = (sides[0] - sides[1]) / 2e-6
        wanted = (gradients.parameters[name] * direction).sum()
        assert slope == pytest.approx(wanted, rel=1e-6, abs=1e-8), name
    network.load_state_dict(start)
    arrays = [drawn(tables, [T], random) for T in (4, 1, 0, 2)]
    found = network.predict(arrays)
    for array, one, row in zip(arrays, found, network(arrays), strict=True):
        np.testing.assert_allclose(one, row, rtol=0, atol=1e-15)
        assert len(array) == len(one) or reads == "last"
    elman.save(network, tmp_path / "network")
    same = elman.load(tmp_path / "network")
    assert repr(same) == repr(network)
    np.testing.assert_array_equal(same(arrays)[0], network(arrays)[0])


def test_config_copies_and_text() -> None:
    embedding = nn.FeatureEmbedding([7, 4], [3, 2], dtype=np.float64)
    config = json.loads(json.dumps(embedding.config()))
    assert config == {"num_embeddings": [7, 4], "embedding_dims": [3, 2], "dtype": "float64"}
    twin = nn.FeatureEmbedding.from_config(config)
    assert not any(parameter.any() for parameter in twin.parameters())
    assert repr(twin) == "FeatureEmbedding((7, 4), (3, 2))"
    same = pickle.loads(pickle.dumps(embedding))
    np.testing.assert_array_equal(same([6, 3]), embedding([6, 3]))
    with pytest.raises(AttributeError, match=r"num_embeddings: .* nn.FeatureEmbedding\(\(8, 4\)"):
        embedding.num_embeddings = (8, 4)


@pytest.mark.parametrize(
    ("arguments", "error", "told"),
    [
        (([], []), TypeError, "num_embeddings: expected an int for each feature, got"),
        ((5, 2), TypeError, "num_embeddings: expected an int for each feature, got 5"),
        (([5, 0], [2, 2]), ValueError, r"num_embeddings\[1\]: expected an int greater than zero"),
        (([5], [2.0]), TypeError, r"embedding_dims\[0\]: expected an int greater than zero"),
        (([5, 4], [2]), ValueError, "embedding_dims: expected 2 ints, as num_embeddings, got 1"),
    ],
)
def test_sizes_that_do_not_fit_are_told(arguments: Any, error: Any, told: str) -> None:
    with pytest.raises(error, match=f"^{told}"):
        nn.FeatureEmbedding(*arguments)


@pytest.mark.parametrize(
    ("x", "error", "told"),
    [
        ([[6, 4]], IndexError, r"each in \[0, num_embeddings\[1\]\) = \[0, 4\), got 4 at x\[0, 1"),
        ([-1, 0], IndexError, r"each in \[0, num_embeddings\[0\]\) = \[0, 7\), got -1 at x\[0\]"),
        ([0.0, 1.0], RuntimeError, "integers, got dtype float64; give the positions"),
        ([1, 2, 3], RuntimeError, r"F = 2 features on the last axis, got shape \(3,\)"),
        (3, RuntimeError, r"F = 2 features on the last axis, got shape \(\)"),
    ],
)
def test_integers_that_do_not_fit_are_told(x: Any, error: Any, told: str) -> None:
    embedding = nn.FeatureEmbedding([7, 4], [3, 2])
    with pytest.raises(error, match=f"^x: expected {told}"):
        embedding(x)
    with pytest.raises(error, match=f"^x: expected {told}"):
        embedding.vjp(x)


def test_gradients_of_another_shape_or_dtype_are_refused() -> None:
    _, backward = nn.FeatureEmbedding([7, 4], [3, 2]).vjp([[6, 3]])
    with pytest.raises(RuntimeError, match=r"d_y: expected the shape of y = \(1, 5\), got"):
        backward(np.zeros((5,), np.float32))
    with pytest.raises(ValueError, match="d_y: expected the layer's dtype float32, got float64"):
        backward(np.zeros((1, 5)))


def test_networks_that_cannot_read_features_say_so() -> None:
    embedding = nn.FeatureEmbedding([7, 4], [3, 2])
    network = nn.Network(nn.GRU(5, 4), nn.Linear(4, 5), embedding, reads="every")
    with pytest.raises(TypeError, match=r"embedding: expected nn.Embedding, as each output is"):
        network.generate(3, [[0, 0]])
    with pytest.raises(ValueError, match=r"x: expected integers \(T, N, F\), or \(T, F\) without"):
        network(np.array([0, 1]))
    with pytest.raises(ValueError, match=r"x\[1\]: expected integers \(T_i, F\), got 1-D"):
        network([[[0, 1]], [0, 1]])
    with pytest.raises(ValueError, match=r"embedding: expected embedding_dim = .* = 3, got 5"):
        nn.Network(nn.GRU(3, 4), nn.Linear(4, 4), embedding)
