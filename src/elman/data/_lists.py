"""X as a list of sequences, laid end to end."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from elman import _check
from elman._typing import IntArray
from elman.data._hints import TURN, check_numbers


class Joined(NamedTuple):
    """The sequences of a list. Letters: n sequences, F frames in all of them.

    frames : array, shape (F, I), of any dtype
    lengths : integers, shape (n,)
    univariate : whether each sequence was (T_i,)
    table : the first sequence, if all are data frames, else None
    """

    frames: np.ndarray[Any, Any]
    lengths: IntArray
    univariate: list[bool]
    table: Any


def is_list(X: Any) -> bool:
    """Tell whether X holds sequences one by one."""
    # An array of objects may also be a pandas series.
    is_objects = getattr(X, "dtype", None) == np.dtype(object) and n_axes(X) == 1
    if not isinstance(X, list | tuple) and not is_objects:
        return False
    for i, sequence in enumerate(X):
        if sequence is None:
            raise _check.fail(ValueError, f"X[{i}]", "an array (T_i, I) or (T_i,)", "None")
    if all(isinstance(sequence, list | tuple) for sequence in X):
        # Lists of numbers, all equally long, are an array (n, T) to scikit-learn.
        return len({len(sequence) for sequence in X}) != 1 or _as_array(0, X[0]).ndim == 2
    if all(map(_is_plain, X)):
        return {sequence.ndim for sequence in X} <= {1, 2}
    return all(_as_array(i, sequence).ndim in (1, 2) for i, sequence in enumerate(X))


def _is_plain(sequence: Any) -> bool:
    """Tell whether it is an array of NumPy's own class, of which there may be many."""
    return type(sequence) is np.ndarray


def n_axes(value: Any) -> int:
    """Return how many axes a value has as an array."""
    return int(value.ndim) if hasattr(value, "ndim") else np.asarray(value).ndim


def _as_array(i: int, sequence: Any) -> np.ndarray[Any, Any]:
    """Return sequence i as an array (ValueError)."""
    try:
        return np.asarray(sequence)
    except ValueError:
        expected = "an array (T_i, I) or (T_i,)"
        got = f"a {type(sequence).__name__} of {len(sequence)} that differ in length"
        raise _check.fail(ValueError, f"X[{i}]", expected, got) from None


def joined(X: Any) -> Joined:
    """Lay the sequences of a list end to end.

    Raises
    ------
    ValueError
        If there are none, an array has masked values, or their columns differ.
    """
    sequences = list(X)
    if not sequences:
        raise _check.fail(ValueError, "X", "at least one sequence", "none: 0 sample(s)")
    table, arrays = None, sequences
    if not all(map(_is_plain, sequences)):
        table = _checked_table(sequences)
        for i, sequence in enumerate(sequences):
            _check.unmasked(f"X[{i}]", sequence)
        arrays = [_as_array(i, sequence) for i, sequence in enumerate(sequences)]
    univariate = [array.ndim == 1 for array in arrays]
    arrays = [array[:, None] if array.ndim == 1 else array for array in arrays]
    for i, array in enumerate(arrays):
        if array.ndim != 2 or array.shape[1] != arrays[0].shape[1]:
            expected = f"(T_i, I) = (T_i, {arrays[0].shape[-1]}), as X[0]"
            same_rows = len({len(a) for a in arrays}) == 1 and array.ndim == 2
            fix = TURN if same_rows else ""
            raise _check.fail(ValueError, f"X[{i}]", expected, f"shape {array.shape}", fix)
    # Arrays of data frames go by columns, and so would these. Sums would have other bits.
    frames = np.ascontiguousarray(np.concatenate(arrays))
    if any(array.dtype != arrays[0].dtype for array in arrays) and frames.dtype.kind == "f":
        frames = frames.astype(np.float64)
    lengths = np.array([len(array) for array in arrays])
    return Joined(frames=frames, lengths=lengths, univariate=univariate, table=table)


def _checked_table(sequences: list[Any]) -> Any:
    """Return the first sequence if all are data frames with the same columns, else None."""
    tables = [hasattr(s, "columns") and n_axes(s) == 2 for s in sequences]
    if not any(tables):
        return None
    if not all(tables):
        i, first = tables.index(not tables[0]), tables.index(True)
        kinds = [type(sequences[k]).__name__ for k in (0, i)]
        fix = f"make all data frames with the columns {list(sequences[first].columns)}, or none"
        raise _check.fail(ValueError, f"X[{i}]", f"{kinds[0]}, as X[0]", kinds[1], fix)
    names = list(sequences[0].columns)
    for i, sequence in enumerate(sequences):
        if list(sequence.columns) != names:
            fix = "bring its columns into this order, as in frame[names]"
            if set(sequence.columns) != set(names):
                fix = ""
            expected = f"the columns {names}, as X[0]"
            raise _check.fail(ValueError, f"X[{i}]", expected, f"{list(sequence.columns)}", fix)
        check_numbers(f"X[{i}]", sequence)
    return sequences[0]
