"""The losses of this package, and the check of targets that each needs before training."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from elman._typing import IntArray
from elman.nn._softmax import log_softmax
from elman.train._cross_entropy import cross_entropy
from elman.train._loss_arguments import checked_classes, checked_counts, checked_values
from elman.train._quantile import QuantileLoss, quantile
from elman.train._regression import absolute_error, poisson, squared_error

__all__ = [
    "absolute_error",
    "check_targets",
    "cross_entropy",
    "log_softmax",
    "poisson",
    "quantile",
    "squared_error",
]


def check_targets(loss: Any, y: Any, rows: IntArray, K: int) -> None:
    """Hold that a loss of this package can take the targets of `fit` (TypeError, ValueError).

    Parameters
    ----------
    loss : function; any other one checks its targets itself
    y : array (n, …), or a list of n arrays (T_i, …)
    rows : integers in [0, n)
        Which sequences take part.
    K : int
        How many outputs the network has.
    """
    check = _check_of(loss)
    if check and isinstance(y, list):
        for row in rows:
            check(y[row], len(y[row]), K, name=f"y[{row}]", of="step")
    elif check:
        check(y[rows], len(rows), K, name="y", of="sequence", numbers=rows)


def _check_of(loss: Any) -> Callable[..., Any] | None:
    """Return the function that checks the targets of a loss, or None for one of another package."""
    if isinstance(loss, QuantileLoss):
        return loss.check
    checks: list[tuple[Any, Callable[..., Any]]] = [
        (cross_entropy, checked_classes),
        (squared_error, checked_values),
        (absolute_error, checked_values),
        (poisson, checked_counts),
    ]
    return next((check for known, check in checks if loss is known), None)
