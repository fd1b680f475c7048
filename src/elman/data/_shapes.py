"""Arrays with other axes, or with all sequences in one."""

from __future__ import annotations

from typing import Any

import numpy as np

from elman import _check
from elman._typing import FloatArray, Lengths


def from_channels_first(X: Any) -> Any:
    """Turn sequences whose channels come before time, as sktime and aeon have them.

    Parameters
    ----------
    X : array, shape (n, C, T), or list of n arrays, shape (C, T_i)
        n sequences of C channels.

    Returns
    -------
    array, shape (n, T, C), or list of n arrays, shape (T_i, C)
        C-contiguous copies, of the same dtype.

    Raises
    ------
    ValueError
        If an array has another number of axes, or those of a list differ in C.

    Examples
    --------
    >>> import numpy as np
    >>> from elman.data import from_channels_first
    >>> from_channels_first(np.zeros((10, 3, 100))).shape
    (10, 100, 3)
    >>> [x.shape for x in from_channels_first([np.zeros((3, 100)), np.zeros((3, 50))])]
    [(100, 3), (50, 3)]
    """
    one_by_one = getattr(X, "dtype", None) == np.dtype(object) and getattr(X, "ndim", 0) == 1
    if not (isinstance(X, list | tuple) or one_by_one):
        array = _check.real_array("X", X, 3, "(n, C, T)")
        return np.array(array.transpose(0, 2, 1), order="C")
    arrays = [_check.real_array(f"X[{i}]", x, 2, "(C, T_i)") for i, x in enumerate(X)]
    for i, array in enumerate(arrays):
        if len(array) != len(arrays[0]):
            expected = f"(C, T_i) = ({len(arrays[0])}, T_i), as X[0]"
            fix = "time is the last axis here: arrays (T_i, C) need no turning"
            raise _check.fail(ValueError, f"X[{i}]", expected, f"shape {array.shape}", fix)
    return [np.array(array.T, order="C") for array in arrays]


def split(X: Any, lengths: Lengths) -> list[FloatArray]:
    """Split sequences that lie end to end, as hmmlearn has them.

    Parameters
    ----------
    X : array, shape (F, I) or (F,), or data frame of F rows
        All frames of all sequences, one sequence after the other.
    lengths : integers of at least zero, shape (n,)
        How many frames each sequence has; they add up to F.

    Returns
    -------
    list of n arrays, shape (T_i, I) or (T_i,), or of n data frames
        Arrays are views of X.

    Raises
    ------
    TypeError
        If the lengths are not integers.
    ValueError
        If one is negative, or they do not add up to F.

    Examples
    --------
    >>> import numpy as np
    >>> from elman.data import split
    >>> split(np.arange(10.0).reshape(5, 2), [3, 2])
    [array([[0., 1.],
           [2., 3.],
           [4., 5.]]), array([[6., 7.],
           [8., 9.]])]
    """
    _check.unmasked("X", X)
    rows = X.iloc if hasattr(X, "iloc") else np.asarray(X)
    F = len(X) if hasattr(X, "__len__") else 0
    if not hasattr(X, "iloc") and rows.ndim not in (1, 2):
        got = f"{rows.ndim}-D, shape {rows.shape}"
        raise _check.fail(ValueError, "X", "(F, I) or (F,), 2-D or 1-D", got)
    counts = np.asarray(lengths)
    if counts.size == 0:
        counts = counts.astype(np.int64)
    if counts.dtype.kind not in "iu":
        raise _check.fail(TypeError, "lengths", "integers", f"dtype {counts.dtype}")
    if counts.ndim != 1 or (counts < 0).any():
        got = f"shape {counts.shape}, from {counts.min(initial=0)}"
        raise _check.fail(ValueError, "lengths", "integers of at least zero, shape (n,)", got)
    if counts.sum() != F:
        expected = f"lengths that add up to F = {F}, the rows of X"
        raise _check.fail(ValueError, "lengths", expected, f"a sum of {counts.sum()}")
    ends = np.cumsum(counts).tolist()
    return [rows[start:end] for start, end in zip([0, *ends], ends, strict=False)]
