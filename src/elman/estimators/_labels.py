"""What a classifier learns: labels and how much each counts."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import LabelEncoder
from sklearn.utils import assert_all_finite
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, column_or_1d

from elman import _check
from elman._typing import FloatArray, IntArray
from elman.models._tagger import as_objects
from elman.nn import Network
from elman.train import Sequences, cross_entropy


class Labels(NamedTuple):
    """Labels of n sequences: label i is classes[codes[i]].

    weights (n,) or None; rows are the sequences whose weight is not zero.
    """

    classes: np.ndarray[Any, Any]
    codes: IntArray
    weights: FloatArray | None
    rows: IntArray

    @property
    def y(self) -> IntArray:
        """The codes, which are what the network learns."""
        return self.codes

    @property
    def outputs(self) -> int:
        """How many classes there are."""
        return len(self.classes)

    @property
    def loss(self) -> Any:
        """Cross-entropy."""
        return cross_entropy

    def hold_out(self, fraction: float, random: np.random.RandomState) -> tuple[IntArray, IntArray]:
        """Divide the rows that take part into those to train on and a fraction held out.

        Raises
        ------
        ValueError
            If the fraction is too small to hold a sequence of each class, or a class has but one.
        """
        codes = self.codes[self.rows]
        present, counts = np.unique(codes, return_counts=True)
        if counts.min() < 2:
            label = self.classes[present[counts.argmin()]]
            expected = "two sequences of each class or more, as early_stopping holds some out"
            raise _check.fail(ValueError, "y", expected, f"one of class {label!s}")
        n, K = len(codes), len(present)
        held = math.ceil(fraction * n)
        if not K <= held <= n - K:
            expected = f"a part that leaves, and holds out, one sequence of each of {K} classes"
            got = f"{fraction}, which holds out {held} of {n}"
            raise _check.fail(ValueError, "validation_fraction", expected, got)
        rows, held_out = train_test_split(
            self.rows, test_size=fraction, stratify=codes, random_state=random
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


def checked_labels(
    estimator: Any, y: Any, sample_weight: Any, n: int, *, classes: Any = None
) -> Labels:
    """Check the labels of n sequences, and their weights, which class_weight multiplies.

    `classes` are all that there may be; None takes those of y.

    Raises
    ------
    ValueError
        If y has another length, holds a missing value or no classes, or has fewer than two classes
        of a weight above zero.
    """
    name = type(estimator).__name__
    if y is None:
        raise ValueError(f"{name} requires y to be passed, but the target y is None")
    _check.unmasked("y", y)
    _check_one_each(y)
    if isinstance(y, list | tuple):  # which NumPy would make texts of, NaN and all
        _check_complete(as_objects(list(y)))
    y = column_or_1d(y, warn=True)
    if y.dtype.kind in "mM":
        fix = "make texts of them with y.astype(str)"
        raise _check.fail(TypeError, "y", "labels that are texts or numbers", f"{y.dtype}", fix)
    if y.dtype.kind == "O" and not any(isinstance(a, str) or is_missing(a) for a in y):
        y = np.asarray(y.tolist())  # objects that are all numbers, or all flags
    _check_complete(y)
    assert_all_finite(y, input_name="y", estimator_name=name)
    check_classification_targets(y)
    if len(y) != n:
        fix = (
            "y has one label for each sequence; if X is a long table, with a row for each time "
            "step, make sequences of it with elman.data.from_frame(frame, id=..., time=...)"
        )
        raise _check.fail(ValueError, "y", f"{n} labels, one for each of X", f"{len(y)}", fix)
    encoder = LabelEncoder().fit(y if classes is None else classes)
    _check_known(y, encoder.classes_)
    codes = encoder.transform(y)
    rows = np.arange(n)
    if sample_weight is not None:
        check_numbers("sample_weight", sample_weight, n)
        sample_weight = _check_sample_weight(
            sample_weight, codes, dtype=np.float64, ensure_non_negative=True
        )
        rows = np.flatnonzero(sample_weight)
    if estimator.class_weight is not None:
        by_class = class_weights(estimator.class_weight, encoder.classes_, y)
        sample_weight = by_class[codes] * (1 if sample_weight is None else sample_weight)
        rows = np.flatnonzero(sample_weight)
    if classes is not None:
        return Labels(encoder.classes_, codes, sample_weight, rows)
    present = encoder.classes_[np.unique(codes[rows])]
    if len(present) < 2:
        got = f"{len(present)} class" + "".join(f": {label!r}" for label in present.tolist())
        where = "" if sample_weight is None else " among sequences of a weight above zero"
        raise _check.fail(ValueError, "y", f"at least two classes{where}", got)
    return Labels(encoder.classes_, codes, sample_weight, rows)


def _check_known(y: Any, classes: Any) -> None:
    """Hold that all labels are among the classes (ValueError)."""
    unknown = ~np.isin(y, classes)
    if unknown.any():
        row = int(np.flatnonzero(unknown)[0])
        expected = f"labels among the classes {classes}"
        raise _check.fail(ValueError, "y", expected, f"{y[row]!r} at sequence {row}")


def class_weights(class_weight: Any, classes: Any, y: Any) -> FloatArray:
    """Return the weight that class_weight gives each class, in their order.

    Raises
    ------
    TypeError, ValueError
        If it is no dict of numbers by label, nor "balanced".
    """
    if isinstance(class_weight, dict):
        unknown = [label for label in class_weight if label not in classes.tolist()]
        if unknown:
            expected = f"a number for labels among {classes}"
            raise _check.fail(ValueError, "class_weight", expected, f"{unknown[0]!r}")
        for label, weight in class_weight.items():
            name, expected = f"class_weight[{label!r}]", "a finite number of at least zero"
            _check.number(name, weight, expected, lambda value: 0 <= value < math.inf)
    elif class_weight != "balanced":
        expected = 'a dict of numbers by label, "balanced" or None'
        raise _check.fail(ValueError, "class_weight", expected, _check.short(class_weight))
    if isinstance(class_weight, dict):
        return np.array([float(class_weight.get(label, 1.0)) for label in classes.tolist()])
    present = np.unique(y)
    weights = np.ones(len(classes))
    weights[np.isin(classes, present)] = compute_class_weight("balanced", classes=present, y=y)
    return weights


def check_numbers(name: str, value: Any, n: int) -> None:
    """Hold that NumPy makes numbers of a value (TypeError)."""
    _check.unmasked(name, value)
    try:
        np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        got = repr(value) if isinstance(value, str) else f"a {type(value).__name__} of other things"
        fix = "sklearn.utils.class_weight.compute_sample_weight('balanced', y) makes such weights"
        expected = f"one number for each of {n} sequences"
        raise _check.fail(TypeError, name, expected, got, fix) from None


def _check_one_each(y: Any) -> None:
    """Hold that y has one label for each sequence, not for each step (ValueError)."""
    shape: tuple[int, ...] = getattr(y, "shape", ())
    got = ""
    if len(shape) == 2 and shape[1] != 1:
        got = f"shape {tuple(shape)}"
    elif isinstance(y, list | tuple) or (len(shape) == 1 and y.dtype == np.dtype(object)):
        inner = [label for label in y if not isinstance(label, str) and np.ndim(label) > 0]
        if inner and any(np.size(label) != 1 for label in inner):
            got = f"{len(inner)} times a {type(inner[0]).__name__}"
    if got:
        fix = "if these are labels of steps, take one of each, as in [labels[-1] for labels in y]"
        raise _check.fail(ValueError, "y", "one label for each sequence, shape (n,)", got, fix)


def _check_complete(y: Any) -> None:
    """Hold that no label is missing, and that all are texts or all are numbers (ValueError)."""
    if y.dtype.kind == "f":
        missing = np.flatnonzero(np.isnan(y)).tolist()
    elif y.dtype.kind == "O":
        missing = [i for i, label in enumerate(y) if is_missing(label)]
    else:
        return
    if missing:
        got = f"{y[missing[0]]!s} at sequence {missing[0]}"
        got += f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        fix = "leave these sequences out of X and y, or give them a class of their own"
        raise _check.fail(ValueError, "y", "a label for each sequence", got, fix)
    texts = [isinstance(label, str) for label in y]
    if any(texts) and not all(texts):
        got = f"{y[texts.index(True)]!r} and {y[texts.index(False)]!r}"
        fix = "numpy.asarray(y, dtype=str) makes all of them texts"
        raise _check.fail(ValueError, "y", "labels that are all texts or all numbers", got, fix)


def is_missing(label: Any) -> bool:
    """Tell whether a label is None, NaN, NaT or NA."""
    try:
        return label is None or bool(label != label)  # NaN and NaT differ from themselves
    except TypeError:  # pandas.NA is neither
        return True
