"""What users pass as X, read into one form, and back."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

from elman import _check
from elman._typing import FloatArray, IntArray
from elman.train import Sequences

_OPTIONS = {"dtype": [np.float64, np.float32], "ensure_all_finite": False}


class Given(NamedTuple):
    """X, checked: its sequences, and the form in which it came.

    kind is "array" or "list"; shape is that of the array, or of an object array that stands for a
    list, or None; univariate says of each sequence of a list whether it was (T_i,).
    """

    sequences: Sequences
    kind: str
    shape: tuple[int, ...] | None
    univariate: list[bool]

    def restore(self, frames: FloatArray) -> Any:
        """Give frames (F, I) the form in which X came."""
        if self.kind == "array":
            return frames.reshape(self.shape)
        parts = np.split(frames, np.cumsum(self.sequences.lengths)[:-1])
        parts = [p[:, 0] if flat else p for p, flat in zip(parts, self.univariate, strict=True)]
        if self.shape is None:
            return parts
        array = np.empty(self.shape, dtype=object)
        for i, part in enumerate(parts):
            array[i] = part
        return array


def read(estimator: Any, X: Any, *, reset: bool, copy: bool = False) -> Given:
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
        If X cannot be read so, does not fit what was fitted, or holds NaN or infinity.
    """
    if _is_list(X):
        shape = X.shape if hasattr(X, "shape") else None
        frames, lengths, univariate = _join(X)
        frames = _check_frames(estimator, frames, reset, copy=False)
        given = Given(Sequences(frames, lengths), "list", shape, univariate)
    elif _ndim(X) <= 2:
        X = _check_2d(estimator, X, reset, copy)
        given = _from_array(X.reshape(-1, 1), X.shape)
    else:
        X = np.asarray(X)
        if X.ndim != 3:
            expected = "an array (n, T, I) or (n, T), or a list of arrays (T_i, I) or (T_i,)"
            raise _check.fail(ValueError, "X", expected, f"{X.ndim}-D, shape {X.shape}")
        n, T, columns = X.shape
        if n == 0:
            raise _check.fail(ValueError, "X", "at least one sequence", "0 sample(s)")
        frames = _check_frames(estimator, X.reshape(n * T, columns), reset, copy)
        given = _from_array(frames, X.shape)
    fix = f"{type(estimator).__name__} has no rule for missing values: fill or remove them"
    given.sequences.check_finite("X", fix)
    return given


def _from_array(frames: FloatArray, shape: tuple[int, ...]) -> Given:
    return Given(Sequences(frames, np.full(shape[0], shape[1])), "array", shape, [])


def _is_list(X: Any) -> bool:
    """Tell whether X holds sequences one by one."""
    # An array of objects may also be a pandas series.
    is_objects = getattr(X, "dtype", None) == np.dtype(object) and _ndim(X) == 1
    if not isinstance(X, list | tuple) and not is_objects:
        return False
    if all(isinstance(sequence, list | tuple) for sequence in X):
        # Lists of numbers, all equally long, are an array (n, T) to scikit-learn.
        return len({len(sequence) for sequence in X}) != 1 or _ndim(X[0]) == 2
    return all(_ndim(sequence) in (1, 2) for sequence in X)


def _ndim(value: Any) -> int:
    return int(value.ndim) if hasattr(value, "ndim") else np.asarray(value).ndim


def _join(X: Any) -> tuple[np.ndarray[Any, Any], IntArray, list[bool]]:
    """Lay the sequences of a list end to end."""
    arrays = [np.asarray(sequence) for sequence in X]
    if not arrays:
        raise _check.fail(ValueError, "X", "at least one sequence", "Found array with 0 sample(s)")
    univariate = [array.ndim == 1 for array in arrays]
    arrays = [array[:, None] if array.ndim == 1 else array for array in arrays]
    for i, array in enumerate(arrays):
        if array.ndim != 2 or array.shape[1] != arrays[0].shape[1]:
            expected = f"(T_i, I) = (T_i, {arrays[0].shape[-1]}), as X[0]"
            raise _check.fail(ValueError, f"X[{i}]", expected, f"shape {array.shape}")
    frames = np.concatenate(arrays)
    if any(array.dtype != arrays[0].dtype for array in arrays) and frames.dtype.kind == "f":
        frames = frames.astype(np.float64)
    return frames, np.array([len(array) for array in arrays]), univariate


def _check_frames(estimator: Any, frames: Any, reset: bool, copy: bool) -> Any:
    """Check frames (F, I) from an array (n, T, I) or a list."""
    options = _OPTIONS | {"copy": copy, "ensure_min_samples": 0}
    if not reset and estimator._fitted_on_2d:
        frames = check_array(frames, input_name="X", estimator=estimator, **options)
        _check_columns(estimator, frames.shape[1], 1)
    else:
        frames = validate_data(estimator, frames, reset=reset, **options)
    if reset:
        if not len(frames):
            raise _check.fail(ValueError, "X", "at least one frame", "sequences of length 0 alone")
        estimator._fitted_on_2d = False
    return frames


def _check_2d(estimator: Any, X: Any, reset: bool, copy: bool) -> Any:
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
        _check_columns(estimator, 1, estimator.n_features_in_, fix)
    if reset:
        estimator._fitted_on_2d = True
    return X


def _check_columns(estimator: Any, got: int, expected: int, fix: str = "") -> None:
    if got != expected:
        raise ValueError(
            f"X has {got} features, but {type(estimator).__name__} is expecting {expected} "
            f"features as input{fix}"
        )
