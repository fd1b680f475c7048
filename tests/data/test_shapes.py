"""Other axes, and sequences in one array."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from elman.data import from_channels_first, split


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int16])
def test_channels_go_last(dtype: Any) -> None:
    X = np.arange(24).reshape(2, 3, 4).astype(dtype)
    turned = from_channels_first(X)
    assert turned.shape == (2, 4, 3)
    assert turned.dtype == dtype
    assert turned.flags.c_contiguous
    assert not np.shares_memory(turned, X)
    assert all(turned[i, t, c] == X[i, c, t] for i in range(2) for t in range(4) for c in range(3))
    one_by_one = np.empty(2, dtype=object)
    one_by_one[:] = list(X)
    for form in (list(X), tuple(X), one_by_one):
        for x, wanted in zip(from_channels_first(form), turned, strict=True):
            np.testing.assert_array_equal(x, wanted, strict=True)
    ragged = from_channels_first([X[0], X[1, :, :2]])
    assert [x.tolist() for x in ragged] == [X[0].T.tolist(), X[1, :, :2].T.tolist()]


@pytest.mark.parametrize(
    ("X", "told"),
    [
        (np.zeros((3, 4)), r"X: expected \(n, C, T\), 3-D, got 2-D"),
        ([np.zeros((3, 4)), np.zeros(4)], r"X\[1\]: expected \(C, T_i\), 2-D, got 1-D"),
        (
            [np.zeros((4, 3)), np.zeros((5, 3))],
            r"X\[1\]: .*\(4, T_i\), as X\[0\], got shape \(5, 3",
        ),
        (np.ma.masked_less(np.zeros((2, 3, 4)), 1), "X: expected an array without masked values"),
    ],
)
def test_other_axes_are_refused(X: Any, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        from_channels_first(X)


@pytest.mark.parametrize("lengths", [[3, 0, 2, 1], np.array([3, 0, 2, 1], np.int8)])
def test_sequences_end_to_end_are_split(lengths: Any) -> None:
    X = np.arange(12.0).reshape(6, 2)
    parts = split(X, lengths)
    assert [part.tolist() for part in parts] == [
        X[:3].tolist(), [], X[3:5].tolist(), X[5:].tolist()
    ]  # fmt: skip
    assert parts[1].shape == (0, 2)
    assert np.shares_memory(parts[0], X)
    assert [part.tolist() for part in split(X[:, 0], lengths)] == [[0, 2, 4], [], [6, 8], [10]]
    frame = pd.DataFrame(X, columns=["a", "b"], index=list("zyxwvu"))
    for part, wanted in zip(split(frame, lengths), parts, strict=True):
        assert list(part.columns) == ["a", "b"]
        np.testing.assert_array_equal(part, wanted)


@pytest.mark.parametrize(
    ("X", "lengths", "kind", "told"),
    [
        (np.zeros((6, 2)), [3, 2], ValueError, "lengths that add up to F = 6, the rows of X, got"),
        (np.zeros((6, 2)), [], ValueError, "got a sum of 0"),
        (np.zeros((6, 2)), [7, -1], ValueError, "lengths: expected integers of at least zero"),
        (np.zeros((6, 2)), 6, ValueError, r"lengths: expected integers .* shape \(n,\), got shape"),
        (np.zeros((6, 2)), [3.0, 3.0], TypeError, "lengths: expected integers, got dtype float64"),
        (
            np.zeros((6, 2, 1)),
            [6],
            ValueError,
            r"X: expected \(F, I\) or \(F,\), 2-D or 1-D, got 3",
        ),
        (None, [0], ValueError, "X: expected"),
        (np.ma.masked_less(np.zeros((6, 2)), 1), [6], ValueError, "without masked values"),
    ],
)
def test_lengths_that_do_not_fit_are_refused(
    X: Any, lengths: Any, kind: type[Exception], told: str
) -> None:
    with pytest.raises(kind, match=told):
        split(X, lengths)


def test_public_names_are_these_documented_and_need_numpy_alone(
    run_python: Callable[..., str],
) -> None:
    from elman import data

    assert data.__all__ == ["FrameSequences", "from_channels_first", "from_frame", "split"]
    assert all(inspect.getdoc(getattr(data, name)) for name in data.__all__)
    program = "import sys, elman.data; print('pandas' in sys.modules, 'sklearn' in sys.modules)"
    assert run_python(program).split() == ["False", "False"]
