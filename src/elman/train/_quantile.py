"""The loss of quantiles. Letters: N sequences, K targets of each, Q quantiles."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from elman import _check
from elman._typing import FloatArray
from elman.train._loss_arguments import checked_rows, checked_values


def quantile(q: float | Iterable[float]) -> QuantileLoss:
    """Return the loss by which outputs become quantiles of their targets.

    Koenker & Bassett 1978 ("Regression quantiles"), also called pinball loss:

        ℓ_q(y, p) = max(q (y - p), (q - 1) (y - p))

    averaged over quantiles, targets and sequences, as scikit-learn's mean_pinball_loss.

    Parameters
    ----------
    q : float in (0, 1), or several
        0.9 asks for what a target is below nine times out of ten. Nothing keeps the outputs of
        several quantiles in order.

    Returns
    -------
    QuantileLoss
        To be called as `squared_error` is. It can be pickled, and equals another of the same q.

    Raises
    ------
    TypeError, ValueError
        If q is no number in (0, 1), or holds none.

    Examples
    --------
    >>> import numpy as np
    >>> from elman.train import quantile
    >>> loss = quantile([0.25, 0.75])
    >>> loss(np.array([[1.0, 5.0]]), [[4.0]])  # ℓ = 0.25 · 3 and 0.25 · 1
    (0.5, array([[-0.125,  0.125]]))
    """
    if isinstance(q, Iterable) and not isinstance(q, str):
        named = {f"q[{i}]": value for i, value in enumerate(q)}
    else:
        named = {"q": q}
    if not named:
        raise _check.fail(ValueError, "q", "at least one number in (0, 1)", "none")
    for name, value in named.items():
        _check.number(name, value, "a number in (0, 1)", lambda number: 0 < number < 1)
    return QuantileLoss(tuple(float(value) for value in named.values()))


@dataclass(frozen=True)
class QuantileLoss:
    """The loss that `quantile` makes.

    Attributes
    ----------
    quantiles : tuple of Q floats in (0, 1)
    """

    quantiles: tuple[float, ...]

    def __call__(
        self,
        predictions: FloatArray,
        targets: npt.ArrayLike,
        weights: npt.ArrayLike | None = None,
    ) -> tuple[float, FloatArray]:
        """Return the mean loss and its gradient.

            loss = Σ_i w_i Σ_kq ℓ_q(y_ik, p_ikq) / (K Q Σ_i w_i)
            d_predictions[i, k, q] = w_i (1 - q if p_ikq > y_ik, -q if p_ikq < y_ik, else 0)
                                     / (K Q Σ_i w_i)

        Parameters
        ----------
        predictions : array, shape (N, K·Q)
            p, one row for each sequence: the Q quantiles of target 0, then those of target 1 …
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
        N, outputs = predictions.shape
        K, Q = self.targets_of(outputs, "predictions"), len(self.quantiles)
        wanted = checked_values(targets, N, K, dtype=predictions.dtype)
        q = np.array(self.quantiles, predictions.dtype)
        excess = predictions.reshape(N, K, Q) - wanted[:, :, None]
        slope = np.where(excess > 0, 1 - q, -q) * (excess != 0)
        each = np.ascontiguousarray((slope * excess).reshape(N, outputs))
        loss = float((shares * each.mean(axis=1)).sum())
        return loss, slope.reshape(N, outputs) * (shares / outputs)[:, None]

    def targets_of(self, outputs: int, name: str) -> int:
        """Return how many targets K so many outputs K·Q are for (ValueError)."""
        Q = len(self.quantiles)
        if outputs % Q:
            expected = f"(N, K·Q), a multiple of Q = {Q} quantiles in each row"
            raise _check.fail(ValueError, name, expected, str(outputs))
        return outputs // Q

    def check(self, targets: Any, N: int, outputs: int, **words: Any) -> FloatArray:
        """Return targets for so many outputs, checked as `checked_values` does."""
        return checked_values(targets, N, self.targets_of(outputs, "outputs"), **words)
