"""Losses of numbers. Letters: N sequences, K outputs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from elman._typing import FloatArray
from elman.train._loss_arguments import checked_counts, checked_rows, checked_values


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
    predictions, shares = checked_rows(predictions, weights, "predictions")
    N, K = predictions.shape
    wanted = checked_values(targets, N, K, dtype=predictions.dtype)
    difference = np.ascontiguousarray(predictions - wanted)
    # Not a dot product: BLAS adds up in an order that depends on its threads.
    loss = float((shares * (difference * difference).mean(axis=1)).sum())
    difference *= (2 / K) * shares[:, None]
    return loss, difference


def absolute_error(
    predictions: FloatArray, targets: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> tuple[float, FloatArray]:
    """Absolute error, averaged over outputs and sequences, as torch.nn.L1Loss.

        loss = Σ_i w_i Σ_k |p_ik - y_ik| / (K Σ_i w_i)
        d_predictions[i] = w_i sign(p_i - y_i) / (K Σ_i w_i), sign(0) = 0

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
    predictions, shares = checked_rows(predictions, weights, "predictions")
    N, K = predictions.shape
    wanted = checked_values(targets, N, K, dtype=predictions.dtype)
    difference = np.ascontiguousarray(predictions - wanted)
    loss = float((shares * np.abs(difference).mean(axis=1)).sum())
    return loss, np.sign(difference) * (shares / K)[:, None]


def poisson(
    logs: FloatArray, targets: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> tuple[float, FloatArray]:
    """Half the Poisson deviance of counts, averaged over outputs and sequences.

    The outputs are logarithms of the expected counts μ = exp(z), so that these are above zero.

        loss = Σ_i w_i Σ_k (y_ik log(y_ik / μ_ik) - y_ik + μ_ik) / (K Σ_i w_i)
        d_logs[i] = w_i (μ_i - y_i) / (K Σ_i w_i)

    The loss is zero where μ = y. scikit-learn's mean_poisson_deviance is twice as much;
    torch.nn.PoissonNLLLoss leaves out what does not depend on z, so that its gradient is this one.

    Parameters
    ----------
    logs : array, shape (N, K)
        z, one row for each sequence.
    targets : finite numbers of at least zero, shape (N, K)
        y; they need not be integers.
    weights : numbers of at least zero, shape (N,), optional
        w; None is one for each sequence.

    Returns
    -------
    loss : float
    d_logs : array like logs

    Raises
    ------
    ValueError
        If a shape does not fit, a target is negative, NaN or infinite, a weight is negative or all
        are zero.
    """
    logs, shares = checked_rows(logs, weights, "logs")
    N, K = logs.shape
    wanted = checked_counts(targets, N, K, dtype=logs.dtype)
    means = np.exp(logs)
    # With d = z - log y the deviance is y (exp(d) - 1 - d), which keeps its digits near d = 0.
    each = means.copy(order="C")
    some = wanted > 0
    d = logs[some] - np.log(wanted[some])
    each[some] = wanted[some] * (np.expm1(d) - d)
    loss = float((shares * each.mean(axis=1)).sum())
    return loss, (means - wanted) * (shares / K)[:, None]
