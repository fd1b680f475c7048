"""What users pass as X, brought into one form, and back."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

from elman import _check
from elman._typing import FloatArray
from elman.data._hints import (
    SEQUENCES,
    TURN,
    check_kind,
    check_numbers,
    warn_of_ids,
    warn_of_long_table,
)
from elman.data._lists import is_list, joined, n_axes
from elman.train import Sequences

_OPTIONS = {"dtype": [np.float64, np.float32], "ensure_all_finite": False}


class Given(NamedTuple):
    """X, checked: its sequences, and the form in which it came.

    kind is "array" or "list"; shape is that of the array, or of an object array that stands for a
    list, or None; univariate says of each sequence of a list whether it was (T_i,); tables are the
    sequences of a list if they are pandas' data frames.
    """

    sequences: Sequences
    kind: str
    shape: tuple[int, ...] | None
    univariate: list[bool]
    tables: list[Any] | None = None

    def restore(self, frames: FloatArray) -> Any:
        """Give frames (F, I) the form in which X came."""
        if self.kind == "array":
            return frames.reshape(self.shape)
        parts = np.split(frames, np.cumsum(self.sequences.lengths)[:-1])
        parts = [p[:, 0] if flat else p for p, flat in zip(parts, self.univariate, strict=True)]
        if self.tables is not None:
            parts = [
                type(table)(part, index=table.index, columns=table.columns)
                for part, table in zip(parts, self.tables, strict=True)
            ]
        if self.shape is None:
            return parts
        array = np.empty(self.shape, dtype=object)
        for i, part in enumerate(parts):
            array[i] = part
        return array


def checked_sequences(estimator: Any, X: Any, *, reset: bool, copy: bool = False) -> Given:
    """Check X for `estimator`; float32 and float64 stay, all else becomes float64.

    With `reset`, as in fit, this sets n_features_in_, the size of the last axis of an array or of
    the arrays of a list (1 for arrays (T_i,)), and feature_names_in_ as scikit-learn does.

    Parameters
    ----------
    estimator : BaseEstimator
    X : array (n, T, I) or (n, T), data frame, or list or object array of arrays (T_i, I) or (T_i,)
    reset : bool
        Whether to set these or to hold X to them.
    copy : bool
        Whether the sequences must not share memory with X.

    Raises
    ------
    TypeError, ValueError
        If X is none of these, does not fit what was fitted, or holds NaN, infinity or masked
        values.

    Warns
    -----
    UserWarning
        In fit, if X of shape (n, T) looks like a long table, or a list of data frames has ids.
    """
    check_kind(X)
    if is_list(X):
        given = _from_list(estimator, X, reset=reset)
    elif n_axes(X) <= 2:
        if hasattr(X, "columns"):
            check_numbers("X", X)
        names = getattr(X, "columns", None)
        X = _check_2d(estimator, X, reset=reset, copy=copy)
        given = _from_array(X.reshape(-1, 1), X.shape)
        if reset:
            warn_of_long_table(X, names)
    else:
        X = np.asarray(X)
        if X.ndim != 3:
            raise _check.fail(ValueError, "X", SEQUENCES, f"{X.ndim}-D, shape {X.shape}")
        n, T, columns = X.shape
        if n == 0:
            raise _check.fail(ValueError, "X", "at least one sequence", "none: 0 sample(s)")
        wanted = None if reset else estimator.n_features_in_
        if T == wanted != columns and not estimator._fitted_on_2d:
            _check_columns(estimator, got=columns, expected=T, fix=f"; {TURN}")
        frames = X.reshape(n * T, columns)
        frames = _check_frames(estimator, frames, table=None, reset=reset, copy=copy)
        given = _from_array(frames, X.shape)
    fix = (
        f"{type(estimator).__name__} has no rule for missing values: fill or remove them, or, if "
        "they pad sequences to one length, pass a list of arrays without them"
    )
    given.sequences.check_finite("X", fix)
    return given


def _from_list(estimator: Any, X: Any, *, reset: bool) -> Given:
    joined_up = joined(X)
    table, lengths = joined_up.table, joined_up.lengths
    frames = _check_frames(estimator, joined_up.frames, table=table, reset=reset, copy=False)
    if table is not None and reset:
        warn_of_ids(list(table.columns), frames, (np.cumsum(lengths) - lengths)[lengths > 0])
    shape = X.shape if hasattr(X, "shape") else None
    tables = list(X) if hasattr(table, "iloc") else None
    return Given(Sequences(frames, lengths), "list", shape, joined_up.univariate, tables)


def _from_array(frames: FloatArray, shape: tuple[int, ...]) -> Given:
    return Given(Sequences(frames, np.full(shape[0], shape[1])), "array", shape, [])


def _check_frames(estimator: Any, frames: Any, *, table: Any, reset: bool, copy: bool) -> Any:
    """Check frames (F, I) from an array (n, T, I) or a list; `table` is a data frame or None.

    The names of the table's columns are kept, or held to those of fit.
    """
    options = _OPTIONS | {"copy": copy, "ensure_min_samples": 0}
    if not reset and estimator._fitted_on_2d:
        frames = check_array(frames, input_name="X", estimator=estimator, **options)
        _check_columns(estimator, got=frames.shape[1], expected=1)
    elif table is not None:
        validate_data(estimator, table, reset=reset, skip_check_array=True)
        frames = check_array(frames, input_name="X", estimator=estimator, **options)
    else:
        frames = validate_data(estimator, frames, reset=reset, **options)
    if reset:
        if not len(frames):
            raise _check.fail(ValueError, "X", "at least one frame", "sequences of length 0 alone")
        estimator._fitted_on_2d = False
    return frames


def _check_2d(estimator: Any, X: Any, *, reset: bool, copy: bool) -> Any:
    """Check an array (n, T) of sequences of one column."""
    options = _OPTIONS | {"copy": copy}
    if reset or estimator._fitted_on_2d:
        X = validate_data(estimator, X, reset=reset, **options)
    else:
        X = check_array(X, input_name="X", estimator=estimator, **options)
        fix = (
            "; an array (n, T) is read as n sequences of one column, "
            "so pass a single sequence (T, I) as X[np.newaxis]"
        )
        _check_columns(estimator, got=1, expected=estimator.n_features_in_, fix=fix)
    if reset:
        estimator._fitted_on_2d = True
    return X


def _check_columns(estimator: Any, *, got: int, expected: int, fix: str = "") -> None:
    if got != expected:
        raise ValueError(
            f"X has {got} features, but {type(estimator).__name__} is expecting {expected} "
            f"features as input{fix}"
        )
