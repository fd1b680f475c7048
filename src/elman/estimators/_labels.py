"""What a classifier learns: labels and how much each counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import LabelEncoder
from sklearn.utils import assert_all_finite, check_consistent_length
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, column_or_1d

from elman import _check
from elman._typing import FloatArray, IntArray
from elman.nn import Network
from elman.train import Sequences


class Labels(NamedTuple):
    """Labels of n sequences: label i is classes[codes[i]].

    weights (n,) or None; rows are the sequences whose weight is not zero.
    """

    classes: np.ndarray[Any, Any]
    codes: IntArray
    weights: FloatArray | None
    rows: IntArray

    def hold_out(self, fraction: float, random: np.random.RandomState) -> tuple[IntArray, IntArray]:
        """Divide the rows that take part into those to train on and a fraction held out."""
        rows, held_out = train_test_split(
            self.rows, test_size=fraction, stratify=self.codes[self.rows], random_state=random
        )
        return rows, held_out

    def scorer(self, sequences: Sequences, rows: IntArray) -> Callable[[Network], float]:
        """Return the function that tells a network's accuracy on some rows."""
        weights = None
        if self.weights is not None:
            # The sum of very large weights would be infinite.
            weights = self.weights[rows] / self.weights[rows].max()

        def score(network: Network) -> float:
            codes = np.asarray(network.predict(sequences, rows)).argmax(axis=1)
            return float(accuracy_score(self.codes[rows], codes, sample_weight=weights))

        return score


def read_labels(estimator: Any, y: Any, sample_weight: Any, n: int) -> Labels:
    """Check the labels of n sequences, and their weights.

    Raises
    ------
    ValueError
        If y has another length, is no classes, or has fewer than two of a weight above zero.
    """
    name = type(estimator).__name__
    if y is None:
        raise ValueError(f"{name} requires y to be passed, but the target y is None")
    y = column_or_1d(y, warn=True)
    assert_all_finite(y, input_name="y", estimator_name=name)
    check_classification_targets(y)
    check_consistent_length(np.arange(n), y)
    encoder = LabelEncoder()
    codes = encoder.fit_transform(y)
    rows = np.arange(n)
    if sample_weight is not None:
        sample_weight = _check_sample_weight(
            sample_weight, codes, dtype=np.float64, ensure_non_negative=True
        )
        rows = np.flatnonzero(sample_weight)
    present = encoder.classes_[np.unique(codes[rows])]
    if len(present) < 2:
        got = f"{len(present)} class" + "".join(f": {label!r}" for label in present.tolist())
        where = "" if sample_weight is None else " among sequences of a weight above zero"
        raise _check.fail(ValueError, "y", f"at least two classes{where}", got)
    return Labels(encoder.classes_, codes, sample_weight, rows)
