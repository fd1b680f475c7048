"""What a regressor learns: numbers, brought to one scale, and how much each sequence counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from sklearn.utils.validation import _check_sample_weight, check_array

from elman import _check
from elman._typing import FloatArray, IntArray
from elman.estimators._held_out import hold_out
from elman.estimators._labels import check_numbers
from elman.models._moments import moments
from elman.nn import Network
from elman.train import Sequences


class Values(NamedTuple):
    """Numbers of n sequences, as the network learns them.

    y : shape (n, K), scaled
    loss : as `train.fit` takes it
    scaling : mean and scale of each output, float64 (K,)
    flat : whether y had the shape (n,)
    weights : shape (n,), or None
    rows : the sequences whose weight is not zero
    """

    y: FloatArray
    loss: Any
    scaling: tuple[FloatArray, FloatArray]
    flat: bool
    weights: FloatArray | None
    rows: IntArray

    @property
    def outputs(self) -> int:
        """K."""
        return int(self.y.shape[1])

    def hold_out(self, fraction: float, random: np.random.RandomState) -> tuple[IntArray, IntArray]:
        """Divide the rows that take part into those to train on and a fraction held out.

        Raises
        ------
        ValueError
            If nothing would be left to train on.
        """
        return hold_out(self.rows, fraction, random)

    def scorer(self, sequences: Sequences, rows: IntArray) -> Callable[[Network], float]:
        """Return the function that gives minus a network's loss on some rows."""
        weights = None if self.weights is None else self.weights[rows] / self.weights[rows].max()

        def score(network: Network) -> float:
            outputs = np.asarray(network.predict(sequences, rows))
            return -float(self.loss(outputs, self.y[rows], weights)[0])

        return score


def checked_values(
    estimator: Any,
    y: Any,
    sample_weight: Any,
    n: int,
    *,
    loss: Any,
    dtype: Any,
    scaling: Any = None,
    like: Values | None = None,
) -> Values:
    """Check the numbers of n sequences, and their weights.

    Parameters
    ----------
    estimator : RNNRegressor
    y, sample_weight
        As its fit has them.
    n : int
    loss : function, as `train.fit` takes it
    scaling : mean and scale of each output, to be learned from y where None
    like : values whose form and scale these must have, instead of a scaling
    dtype : of the network

    Raises
    ------
    ValueError
        If y has another length, or a number that is missing, infinite or, for Poisson, negative.
    """
    name = type(estimator).__name__
    if y is None:
        raise ValueError(f"{name} requires y to be passed, but the target y is None")
    _check.unmasked("y", y)
    values = check_array(
        y, ensure_2d=False, dtype=np.float64, input_name="y", estimator=estimator, copy=False
    )
    flat = values.ndim == 1
    if values.ndim > 2:
        expected = "one number or several for each sequence, shape (n,) or (n, K)"
        raise _check.fail(ValueError, "y", expected, f"shape {values.shape}")
    if len(values) != n:
        fix = "y has a row for each sequence; RNNTagger and RNNForecaster learn one for each step"
        raise _check.fail(ValueError, "y", f"{n} rows, one for each of X", str(len(values)), fix)
    values = values[:, None] if flat else values
    if like is not None:
        if (values.shape[1], flat) != (like.outputs, like.flat):
            expected = f"{like.outputs} numbers for each sequence, in the form of y"
            raise _check.fail(ValueError, "y_val", expected, f"{values.shape[1]}, or another form")
        scaling = like.scaling
    if estimator.loss == "poisson":
        _check_counts(values)
    rows = np.arange(n)
    if sample_weight is not None:
        check_numbers("sample_weight", sample_weight, n)
        sample_weight = _check_sample_weight(
            sample_weight, values, dtype=np.float64, ensure_non_negative=True
        )
        rows = np.flatnonzero(sample_weight)
    if scaling is None:
        scaling = _scaling(values, sample_weight, log=estimator.loss == "poisson")
    mean, scale = scaling
    return Values(((values - mean) / scale).astype(dtype), loss, scaling, flat, sample_weight, rows)


def _check_counts(values: FloatArray) -> None:
    if (values < 0).any():
        row = int(np.argwhere(values < 0)[0, 0])
        got = f"{values[row].min()} at sequence {row}"
        raise _check.fail(ValueError, "y", 'numbers of at least zero for loss="poisson"', got)
    if not values.sum(axis=0).all():
        raise _check.fail(ValueError, "y", "a number above zero in each column", "zeros alone")


def _scaling(values: FloatArray, weights: Any, *, log: bool) -> tuple[FloatArray, FloatArray]:
    """Return the weighted mean and standard deviation; with `log` zero and the mean."""
    if weights is not None and not weights.any():
        weights = None  # refused later, with a message of its own
    mean, deviation = moments(values, weights)
    return (np.zeros_like(mean), np.where(mean > 0, mean, 1.0)) if log else (mean, deviation)
