"""Losses, each with its gradient. Letters: N sequences, K outputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from elman import _check
from elman._typing import FloatArray, IntArray


def log_softmax(logits: FloatArray) -> FloatArray:
    """Return z_k - log Σ_j exp z_j over the last axis, of any size of z without overflow.

    Parameters
    ----------
    logits : array, shape (N, K)

    Returns
    -------
    array, shape (N, K), of the same dtype
        A row's values depend on no other row, to the last bit.
    """
    # NumPy adds up a row in another order where rows are not contiguous.
    logits = np.ascontiguousarray(logits)
    shifted: FloatArray = logits - logits.max(axis=-1, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return shifted


def cross_entropy(
    logits: FloatArray, targets: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> tuple[float, FloatArray]:
    """Softmax cross-entropy, averaged over the sequences.

        loss = Σ_i w_i (-log softmax(z_i)[y_i]) / Σ_i w_i
        d_logits[i] = w_i (softmax(z_i) - one_hot(y_i)) / Σ_i w_i

    Parameters
    ----------
    logits : array, shape (N, K)
        z, one row for each sequence.
    targets : integers in [0, K), shape (N,)
        y, the classes.
    weights : numbers of at least zero, shape (N,), optional
        w; None is one for each sequence.

    Returns
    -------
    loss : float
    d_logits : array like logits

    Raises
    ------
    TypeError
        If the targets are not integers.
    ValueError
        If a shape does not fit, a target is outside [0, K), a weight is negative or all are zero.
    """
    logits, shares = _checked_rows(logits, weights, "logits")
    N, K = logits.shape
    rows, classes = np.arange(N), _checked_classes(targets, N, K)
    log_p = log_softmax(logits)
    # Not a dot product: BLAS adds up in an order that depends on its threads.
    loss = -float((shares * log_p[rows, classes]).sum())
    d_logits = np.exp(log_p)
    d_logits[rows, classes] -= 1
    d_logits *= shares[:, None]
    return loss, d_logits


def squared_error(
    predictions: FloatArray, targets: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> tuple[float, FloatArray]:
    """Squared error, averaged over outputs and sequences, as torch.nn.MSELoss.

        loss = Σ_i w_i Σ_k (p_ik - y_ik)² / (K Σ_i w_i)
        d_predictions[i] = 2 w_i (p_i - y_i) / (K Σ_i w_i)

    Parameters
    ----------
    predictions : array, shape (N, K)
        p, one row for each sequence.
    targets : numbers, shape (N, K)
        y.
    weights : numbers of at least zero, shape (N,), optional
        w; None is one for each sequence.

    Returns
    -------
    loss : float
    d_predictions : array like predictions

    Raises
    ------
    ValueError
        If a shape does not fit, a weight is negative or all are zero.
    """
    predictions, shares = _checked_rows(predictions, weights, "predictions")
    N, K = predictions.shape
    wanted = _checked_values(targets, N, K, dtype=predictions.dtype)
    difference = np.ascontiguousarray(predictions - wanted)
    # Not a dot product: BLAS adds up in an order that depends on its threads.
    loss = float((shares * (difference * difference).mean(axis=1)).sum())
    difference *= (2 / K) * shares[:, None]
    return loss, difference


def _checked_rows(values: Any, weights: Any, name: str) -> tuple[FloatArray, FloatArray]:
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


def check_targets(loss: Any, y: Any, rows: IntArray, K: int) -> None:
    """Hold that a loss of this module can take the targets of `fit` (TypeError, ValueError).

    Parameters
    ----------
    loss : function; any other one checks its targets itself
    y : array (n, …), or a list of n arrays (T_i, …)
    rows : integers in [0, n)
        Which sequences take part.
    K : int
        How many outputs the network has.
    """
    checks: dict[Any, Callable[..., Any]] = {
        cross_entropy: _checked_classes,
        squared_error: _checked_values,
    }
    check = checks.get(loss)
    if check and isinstance(y, list):
        for row in rows:
            check(y[row], len(y[row]), K, name=f"y[{row}]", of="step")
    elif check:
        check(y[rows], len(rows), K, name="y", of="sequence", numbers=rows)


def _checked_classes(
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


def _checked_values(
    targets: Any,
    N: int,
    K: int,
    *,
    name: str = "targets",
    of: str = "row",
    numbers: IntArray | None = None,
    dtype: Any = None,
) -> FloatArray:
    """Return targets as numbers (N, K)."""
    values: FloatArray = np.asarray(targets, dtype=dtype)
    if values.shape != (N, K):
        fix = f"add the axis of outputs with {name}[:, None]" if values.shape == (N,) else ""
        expected = f"K numbers for each {of}, shape (N, K) = {(N, K)}"
        raise _check.fail(ValueError, name, expected, str(values.shape), fix)
    return values
