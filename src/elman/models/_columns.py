"""What a fitted model reads as X, without scikit-learn."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from elman import _check
from elman._typing import FloatArray
from elman.data._hints import SEQUENCES, check_kind
from elman.data._lists import is_list, joined, n_axes
from elman.nn._sequences import Sequences


class Columns(NamedTuple):
    """The columns of X at fit.

    size : I; for X of shape (n, T), in which each sequence has one column, T
    names : of the columns, where X was a data frame or a list of them, else None
    flat : whether X had the shape (n, T)
    """

    size: int
    names: list[str] | None
    flat: bool

    @property
    def inputs(self) -> int:
        """I, how many values a step has."""
        return 1 if self.flat else self.size


def check_columns(name: str, value: Any) -> None:
    """Hold that what a file says are columns (ValueError)."""
    right = isinstance(value, list) and len(value) == 3
    if right:
        size, names, flat = value
        right = type(size) is int and size >= 1 and type(flat) is bool
        right &= names is None or (
            isinstance(names, list) and len(names) == size and all(type(n) is str for n in names)
        )
    if not right:
        raise _check.fail(ValueError, name, "[size, names, flat]", _check.short(value))


def read_sequences(X: Any, columns: Columns, dtype: np.dtype[Any]) -> Sequences:
    """Return the sequences of X.

    Parameters
    ----------
    X : array (n, T, I), (n, T), list of n arrays (T_i, I) or (T_i,), data frame, or Sequences
    columns : Columns
    dtype : float32 or float64

    Raises
    ------
    TypeError, ValueError
        If X is none of these, has other columns, or holds NaN or infinity.
    """
    if isinstance(X, Sequences):
        return X.astype(dtype)
    check_kind(X)
    names = None
    if is_list(X):
        found = joined(X)
        frames, lengths = found.frames, found.lengths
        if found.table is not None:
            names = [str(name) for name in found.table.columns]
    else:
        if hasattr(X, "columns") and columns.flat:
            names = [str(name) for name in X.columns]
        frames, lengths = _from_array(X)
    if columns.names is not None and names is not None and names != columns.names:
        raise _check.fail(ValueError, "X", f"the columns {columns.names}", str(names))
    if frames.shape[1] != columns.inputs:
        expected = f"{columns.inputs} values at each step, as in fit"
        raise _check.fail(ValueError, "X", expected, str(frames.shape[1]))
    sequences = Sequences(frames.astype(dtype, copy=False), lengths)
    sequences.check_finite("X", "fill or remove missing values; a list of arrays needs no padding")
    return sequences


def _from_array(X: Any) -> tuple[FloatArray, Any]:
    array = _check.array("X", X, SEQUENCES)
    if array.ndim not in (2, 3):
        raise _check.fail(ValueError, "X", SEQUENCES, f"{array.ndim}-D, shape {array.shape}")
    n, T = array.shape[:2]
    if n == 0:
        raise _check.fail(ValueError, "X", "at least one sequence", "none")
    I = array.shape[2] if n_axes(X) == 3 else 1
    return array.reshape(n * T, I), np.full(n, T)
