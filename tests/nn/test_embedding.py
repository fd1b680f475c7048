"""nn.Embedding is torch.nn.Embedding."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from strategies import dtypes, generators, seeds

import elman
from elman import nn
from elman.nn._embedding import sums_by_index

sizes = st.one_of(st.integers(1, 12), st.sampled_from([16, 17, 40]))


@given(n=sizes, E=sizes, padding=st.none() | st.integers(-1, 0), dtype=dtypes, seed=seeds)
def test_the_same_seed_gives_torchs_vectors(
    n: int, E: int, padding: int | None, dtype: Any, seed: int
) -> None:
    """Within rounding, as normal numbers are; a layer made after it has torch's to the bit."""
    elman.manual_seed(seed)
    torch.manual_seed(seed)
    embedding = nn.Embedding(n, E, padding, dtype=dtype)
    expected = torch.nn.Embedding(n, E, padding, dtype=getattr(torch, dtype.name))
    assert repr(embedding) == repr(expected)
    assert list(embedding.state_dict()) == list(expected.state_dict()) == ["weight"]
    theirs = expected.weight.detach().numpy()
    assert embedding.weight.dtype == theirs.dtype
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(embedding.weight, theirs, rtol=64 * eps, atol=64 * eps)
    if padding is not None:
        np.testing.assert_array_equal(embedding.weight[padding], np.zeros(E))
    after = torch.nn.Linear(2, 3, dtype=getattr(torch, dtype.name)).weight.detach().numpy()
    np.testing.assert_array_equal(nn.Linear(2, 3, dtype=dtype).weight, after)


@given(
    n=st.integers(1, 9),
    E=st.integers(1, 5),
    padding=st.booleans(),
    shape=st.lists(st.integers(0, 6), max_size=3),
    integers=st.sampled_from([np.int64, np.int32, np.uint8]),
    generator=generators,
)
def test_vectors_and_gradients_are_torchs(
    n: int, E: int, padding: bool, shape: list[int], integers: Any, generator: np.random.Generator
) -> None:
    """For integers of any shape and dtype, most of them there many times."""
    padding_idx = int(generator.integers(n)) if padding else None
    embedding = nn.Embedding(n, E, padding_idx, dtype=np.float64)
    twin = torch.nn.Embedding(n, E, padding_idx, dtype=torch.float64)
    twin.load_state_dict({"weight": torch.tensor(embedding.weight)})
    x = generator.integers(n, size=shape).astype(integers)
    d_y = generator.standard_normal((*shape, E))

    y, backward = embedding.vjp(x)
    expected = twin(torch.tensor(x.astype(np.int64)))
    expected.backward(torch.tensor(d_y))
    np.testing.assert_array_equal(y, expected.detach(), strict=True)
    np.testing.assert_array_equal(embedding(x), y)
    np.testing.assert_array_equal(embedding(x.tolist()), y) if x.size else None
    found = backward(d_y).parameters
    assert list(found) == ["weight"]
    np.testing.assert_allclose(found["weight"], twin.weight.grad, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(backward(d_y).parameters["weight"], found["weight"])


def test_a_symbols_gradient_does_not_depend_on_the_others() -> None:
    """To the bit, however many rows and other symbols there are."""
    random = np.random.default_rng(0)
    embedding = nn.Embedding(50, 7)
    x = random.integers(50, size=5000)
    d_y = random.standard_normal((5000, 7)).astype(np.float32)
    gradient = embedding.vjp(x)[1](d_y).parameters["weight"]
    exact = np.zeros((50, 7))
    np.add.at(exact, x, d_y.astype(np.float64))
    np.testing.assert_allclose(gradient, exact, atol=1e-4)
    for symbol in range(50):
        alone = embedding.vjp(x[x == symbol])[1](d_y[x == symbol]).parameters["weight"]
        np.testing.assert_array_equal(alone[symbol], gradient[symbol])
        assert not np.delete(alone, symbol, axis=0).any()


def test_parameters_change_by_assignment_alone() -> None:
    embedding = nn.Embedding(4, 2)
    _, backward = embedding.vjp([1])
    for twin in (embedding, copy.deepcopy(embedding), pickle.loads(pickle.dumps(embedding))):
        with pytest.raises(ValueError, match="read-only"):
            twin.weight[...] = 0
    embedding.weight = np.arange(8, dtype=np.float32).reshape(4, 2)
    np.testing.assert_array_equal(embedding([[3, 0]]), [[[6, 7], [0, 1]]])
    found = backward(np.ones((1, 2), np.float32)).parameters["weight"]
    np.testing.assert_array_equal(found, [[0, 0], [1, 1], [0, 0], [0, 0]])
    with pytest.raises(
        AttributeError, match=r"padding_idx: .* nn.Embedding\(4, 2, padding_idx=1\)"
    ):
        embedding.padding_idx = 1


def test_a_config_makes_an_embedding_of_zeros() -> None:
    embedding = nn.Embedding(4, 2, padding_idx=-1, dtype=np.float64)
    config = json.loads(json.dumps(embedding.config()))
    assert config == {
        "num_embeddings": 4, "embedding_dim": 2, "padding_idx": 3, "dtype": "float64",
    }  # fmt: skip
    twin = nn.Embedding.from_config(config)
    assert twin.config() == config
    np.testing.assert_array_equal(twin.weight, np.zeros((4, 2)), strict=True)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ((0, 2), ValueError, "^num_embeddings: expected an int greater than zero, got 0$"),
        ((4, 2.0), TypeError, "^embedding_dim: expected an int greater than zero, got 2.0"),
        ((4, 2, 4), ValueError, r"^padding_idx: expected None or an int in \[-4, 4\), got 4$"),
        ((4, 2, -5), ValueError, "^padding_idx: .* got -5$"),
        ((4, 2, 1.5), TypeError, "^padding_idx: .* got 1.5$"),
        ((4, 2, True), TypeError, "^padding_idx: .* got True$"),
    ],
)
def test_wrong_arguments_are_refused(arguments: Any, error: Any, words: str) -> None:
    with pytest.raises(error, match=words):
        nn.Embedding(*arguments)


@pytest.mark.parametrize(
    ("x", "error", "words"),
    [
        (np.zeros(3, np.float32), RuntimeError, "x: expected integers, got dtype float32; give"),
        ([True], RuntimeError, "x: expected integers, got dtype bool"),
        (["a"], RuntimeError, "x: expected integers, got dtype <U1"),
        (
            [[0, 1], [4, 9]],
            IndexError,
            r"each in \[0, num_embeddings\) = \[0, 4\), got 4 at x\[1, 0\]",
        ),
        ([0, -1], IndexError, r"got -1 at x\[1\]"),
        (7, IndexError, "got 7$"),
    ],
)
def test_symbols_that_do_not_fit_are_refused(x: Any, error: Any, words: str) -> None:
    """With the classes of torch's exceptions, where torch has them."""
    with pytest.raises(error, match=words):
        nn.Embedding(4, 2)(x)
    if not isinstance(x, list) or isinstance(x[0], int | list):
        with pytest.raises(error):
            torch.nn.Embedding(4, 2)(torch.tensor(x))


def test_gradients_that_do_not_fit_are_refused() -> None:
    _, backward = nn.Embedding(4, 2).vjp([1, 2, 3])
    with pytest.raises(
        RuntimeError, match=r"d_y: expected the shape of y = \(3, 2\), got \(2, 3\)"
    ):
        backward(np.zeros((2, 3), np.float32))
    with pytest.raises(ValueError, match="d_y: expected the layer's dtype float32, got float64"):
        backward(np.zeros((3, 2)))


@pytest.mark.parametrize("dtype", [np.int64, np.uint8, np.uint64])
def test_sums_of_few_and_of_many_rows(dtype: Any) -> None:
    """Those of an index are the same bits whatever the other indices are."""
    random = np.random.default_rng(0)
    indices = np.repeat([0, 1, 2, 4, 7], [1, 15, 16, 300, 40]).astype(dtype)
    random.shuffle(indices)
    rows = random.standard_normal((len(indices), 5)).astype(np.float32)
    found = sums_by_index(indices, rows, 9)
    expected = np.zeros((9, 5))
    np.add.at(expected, indices, rows)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    for index in range(9):
        own = indices == index
        alone = sums_by_index(indices[own], rows[own], 9)
        np.testing.assert_array_equal(alone[index], found[index])
