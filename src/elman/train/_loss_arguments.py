"""Checks of what losses are given: outputs, targets and weights. Letters: N rows, K outputs."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from elman import _check
from elman._typing import FloatArray, IntArray


def checked_rows(values: Any, weights: Any, name: str) -> tuple[FloatArray, FloatArray]:
    """Return the values (N, K) and each row's share w_i / Σ w of the mean (N,)."""
    values = _check.real_array(name, values, 2, "(N, K)")
    if values.dtype not in _check.FLOATS or values.size == 0:
        expected = "float32 or float64, at least one row and one column"
        raise _check.fail(ValueError, name, expected, f"{values.dtype}, shape {values.shape}")
    N = len(values)
    if weights is None:
        return values, np.full(N, 1 / N, values.dtype)
    shares = np.asarray(weights, dtype=np.float64)
    if shares.shape != (N,):
        expected = f"one for each sequence, shape (N,) = ({N},)"
        raise _check.fail(ValueError, "weights", expected, str(shares.shape))
    total = shares.sum()
    if shares.min() < 0 or not 0 < total < np.inf:
        expected = "finite numbers of at least zero, not all zero"
        got = f"a minimum of {shares.min()}, a sum of {total}"
        raise _check.fail(ValueError, "weights", expected, got)
    return values, (shares / total).astype(values.dtype)


def checked_classes(
    targets: Any,
    N: int,
    K: int,
    *,
    name: str = "targets",
    of: str = "row",
    numbers: IntArray | None = None,
) -> npt.NDArray[np.integer[Any]]:
    """Return targets as classes (N,); in errors each is `of` a row, which `numbers` counts."""
    classes = np.asarray(targets)
    if classes.dtype.kind not in "iu":
        fix = "numpy.unique(labels, return_inverse=True) numbers labels"
        raise _check.fail(TypeError, name, "integers", f"dtype {classes.dtype}", fix)
    if classes.shape != (N,):
        expected = f"one for each {of}, shape (N,) = ({N},)"
        raise _check.fail(ValueError, name, expected, str(classes.shape))
    outside = np.flatnonzero((classes < 0) | (classes >= K))
    if len(outside):
        at = outside[0]
        got = f"{classes[at]} at {of} {at if numbers is None else numbers[at]}"
        raise _check.fail(ValueError, name, f"each in [0, K) = [0, {K})", got)
    return classes


def checked_values(
    targets: Any,
    N: int,
    K: int,
    *,
    name: str = "targets",
    of: str = "row",
    numbers: IntArray | None = None,
    dtype: Any = None,
) -> FloatArray:
    """Return targets as numbers (N, K); in errors as `checked_classes`."""
    values: FloatArray = np.asarray(targets)
    if values.dtype.kind not in "biuf":
        fix = f"convert them with {name}.astype(float)"
        raise _check.fail(TypeError, name, "numbers", f"dtype {values.dtype}", fix)
    if values.shape != (N, K):
        fix = f"add the axis of outputs with {name}[:, None]" if values.shape == (N,) else ""
        expected = f"K numbers for each {of}, shape (N, K) = {(N, K)}"
        raise _check.fail(ValueError, name, expected, str(values.shape), fix)
    return values if dtype is None else values.astype(dtype, copy=False)


def checked_counts(
    targets: Any,
    N: int,
    K: int,
    *,
    name: str = "targets",
    of: str = "row",
    numbers: IntArray | None = None,
    dtype: Any = None,
) -> FloatArray:
    """Return targets as finite numbers (N, K) of at least zero; in errors as `checked_classes`."""
    values = checked_values(targets, N, K, name=name, of=of, numbers=numbers, dtype=dtype)
    bad = np.argwhere(~((values >= 0) & (values < np.inf)))
    if len(bad):
        row, column = bad[0]
        got = f"{values[row, column]} at {of} {row if numbers is None else numbers[row]}"
        fix = "take another loss, such as squared_error, for numbers that are no counts"
        raise _check.fail(ValueError, name, "finite numbers of at least zero", got, fix)
    return values
