"""Sequences laid end to end, and the batches padded from them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.train import Sequences


@given(
    lengths=st.lists(st.integers(0, 6), min_size=1, max_size=8),
    data=st.data(),
    batch_first=st.booleans(),
)
def test_a_batch_has_each_sequences_frames(
    lengths: list[int], data: st.DataObject, batch_first: bool
) -> None:
    random = np.random.default_rng(0)
    arrays = [random.normal(size=(T, 3)) for T in lengths]
    n = len(arrays)
    rows = np.array(data.draw(st.lists(st.integers(0, n - 1), min_size=1, max_size=10)))
    x, given_lengths = Sequences.checked(arrays).pad(rows, batch_first)
    x = x if batch_first else x.transpose(1, 0, 2)
    T = max(1, *(lengths[row] for row in rows))
    assert x.shape == (len(rows), T, 3)
    wanted = [lengths[row] for row in rows]
    if given_lengths is None:
        assert set(wanted) == {T}
    else:
        assert given_lengths.tolist() == wanted
        assert set(wanted) != {T}
    for padded, row in zip(x, rows, strict=True):
        np.testing.assert_array_equal(padded[: lengths[row]], arrays[row])


def test_an_array_is_neither_copied_nor_given_lengths() -> None:
    x = np.arange(24.0, dtype=np.float32).reshape(4, 3, 2)
    sequences = Sequences.checked(x)
    assert np.shares_memory(sequences.frames, x)
    assert len(sequences) == 4
    batch, lengths = sequences.pad(np.array([3, 1]))
    assert lengths is None
    np.testing.assert_array_equal(batch, x[[3, 1]], strict=True)
    assert Sequences.checked(sequences) is sequences


def test_astype_copies_only_what_is_of_another_dtype() -> None:
    sequences = Sequences.checked([np.ones((2, 1), np.float32), np.ones((1, 1), np.float32)])
    assert sequences.astype(np.dtype(np.float32)) is sequences
    double = sequences.astype(np.dtype(np.float64))
    assert double.frames.dtype == np.float64
    assert double.lengths.tolist() == [2, 1]


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros((3, 2)), r"x: expected \(n, T, I\), 3-D, got 2-D"),
        ([], "x: expected at least one sequence, got an empty list"),
        ([np.zeros((2, 3)), np.zeros(3)], r"x\[1\]: expected \(T_i, I\), 2-D, got 1-D"),
        ([np.zeros((2, 3)), np.zeros((2, 4))], r"x\[1\]: expected 3 columns of float64.* got 4"),
        (
            [np.zeros((2, 3)), np.zeros((2, 3), np.float32)],
            r"x\[1\]: expected 3 columns of float64, as in x\[0\], got 3 columns of float32",
        ),
    ],
)
def test_what_is_no_sequences_is_refused(x: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Sequences.checked(x)
