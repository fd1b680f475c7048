"""What a tagger learns: a label for every step, and how much each counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight

from elman import _check
from elman._typing import FloatArray, IntArray
from elman.estimators._held_out import hold_out
from elman.estimators._labels import check_numbers, class_weights, is_missing
from elman.nn import Network
from elman.train import Sequences, cross_entropy


@dataclass(frozen=True)
class ClassWeightedLoss:
    """Cross-entropy in which a step counts as much as its class, beside its sequence's weight.

    weights : one for each class
    """

    weights: tuple[float, ...]

    def __call__(
        self, logits: FloatArray, targets: Any, weights: Any = None
    ) -> tuple[float, FloatArray]:
        """Return the loss and its gradient, as `cross_entropy` does."""
        of_class = np.array(self.weights)[targets]
        weights = np.ones(len(of_class)) if weights is None else weights
        both = of_class * weights
        if not both.any():
            return 0.0, np.zeros_like(logits)
        value, d_logits = cross_entropy(logits, targets, both)
        share = float(both.sum() / weights.sum())
        return value * share, d_logits * d_logits.dtype.type(share)


class StepLabels(NamedTuple):
    """Labels of every step of n sequences: that of step t of sequence i is classes[y[i][t]].

    weights (n,) or None; rows are the sequences whose weight is not zero; by_class are the weights
    of classes, of mean 1 over all steps of the rows, or None.
    """

    classes: npt.NDArray[Any]
    y: list[IntArray]
    weights: FloatArray | None
    rows: IntArray
    by_class: FloatArray | None

    @property
    def outputs(self) -> int:
        """How many classes there are."""
        return len(self.classes)

    @property
    def loss(self) -> Any:
        """Cross-entropy, weighted by class if there are such weights."""
        if self.by_class is None:
            return cross_entropy
        return ClassWeightedLoss(tuple(self.by_class.tolist()))

    def hold_out(self, fraction: float, random: np.random.RandomState) -> tuple[IntArray, IntArray]:
        """Divide the rows that take part into those to train on and a fraction held out."""
        return hold_out(self.rows, fraction, random)

    def scorer(self, sequences: Sequences, rows: IntArray) -> Callable[[Network], float]:
        """Return the function that tells a network's accuracy on the steps of some rows."""
        wanted = np.concatenate([self.y[row] for row in rows])
        lengths = sequences.lengths[rows]
        weights = None if self.weights is None else self.weights[rows]

        def score(network: Network) -> float:
            codes = np.concatenate(network.predict(sequences, rows)).argmax(axis=1)
            return accuracy(codes == wanted, lengths, weights)

        return score


def accuracy(right: npt.NDArray[Any], lengths: IntArray, weights: Any) -> float:
    """Return which part of the steps is right, each of the weight of its sequence."""
    if weights is None:
        return float(right.mean())
    # The sum of very large weights would be infinite.
    of_steps = np.repeat(weights / weights.max(), lengths)
    return float((right * of_steps).sum() / of_steps.sum())


def checked_step_labels(
    estimator: Any, y: Any, sample_weight: Any, lengths: IntArray, classes: Any = None
) -> StepLabels:
    """Check the labels of the steps of n sequences, and the weights of these.

    `classes` are all that there may be; None takes those of y.

    Raises
    ------
    TypeError, ValueError
        If y or the weights do not fit, or there are fewer than two classes.
    """
    labels = flat_labels(estimator, y, lengths)
    starts = np.cumsum(lengths) - lengths
    known = np.unique(labels) if classes is None else classes
    codes = codes_of(labels, known)
    if (codes < 0).any():
        at = int(np.flatnonzero(codes < 0)[0])
        got = f"{labels[at].item()!r} at {place(at, starts)}"
        raise _check.fail(ValueError, "y", f"labels among the classes {known}", got)
    weights = checked_weights(sample_weight, len(lengths))
    rows = np.arange(len(lengths)) if weights is None else np.flatnonzero(weights)
    parts = np.split(codes, starts[1:])
    if classes is None:
        present = known[np.unique(np.concatenate([parts[row] for row in rows] or [codes[:0]]))]
        if len(present) < 2:
            got = f"{len(present)} class" + "".join(f": {label!r}" for label in present.tolist())
            where = "" if weights is None else " among sequences of a weight above zero"
            raise _check.fail(ValueError, "y", f"at least two classes{where}", got)
    by_class = None
    if estimator.class_weight is not None:
        by_class = class_weights(estimator.class_weight, known, labels)
        of_steps = np.ones(len(lengths)) if weights is None else weights / weights.max()
        each = np.repeat(of_steps, lengths)
        mean = float((by_class[codes] * each).sum() / each.sum())
        if not mean:
            expected = "a class of y with a weight above zero"
            raise _check.fail(ValueError, "class_weight", expected, "zeros alone")
        by_class = by_class / mean
    return StepLabels(known, parts, weights, rows, by_class)


def held_out_labels(
    estimator: Any, y: Any, lengths: IntArray, classes: npt.NDArray[Any]
) -> StepLabels:
    """Check the labels of sequences that are scored alone; others than `classes` are missed."""
    codes = codes_of(flat_labels(estimator, y, lengths), classes)
    parts = np.split(codes, np.cumsum(lengths)[:-1])
    return StepLabels(classes, parts, None, np.arange(len(lengths)), None)


def flat_labels(estimator: Any, y: Any, lengths: IntArray) -> npt.NDArray[Any]:
    """Return the labels of all steps one after another, as an array of texts or of numbers.

    Raises
    ------
    TypeError, ValueError
        If y has not one label for each step, or some are missing or of several types.
    """
    if y is None:
        name = type(estimator).__name__
        raise ValueError(f"{name} requires y to be passed, but the target y is None")
    expected = "a list of labels for each sequence, one for each of its steps"
    if isinstance(y, str | bytes | dict) or not hasattr(y, "__len__"):
        raise _check.fail(TypeError, "y", expected, _check.short(y))
    _check.unmasked("y", y)
    y = np.asarray(y) if hasattr(y, "columns") else y
    if getattr(y, "ndim", 1) not in (1, 2):
        raise _check.fail(ValueError, "y", f"{expected}, (n, T)", f"shape {y.shape}")
    if len(y) != len(lengths):
        got = f"{len(y)} for {len(lengths)} sequences"
        raise _check.fail(ValueError, "y", expected, got)
    parts = [_labels_of(i, part) for i, part in enumerate(y)]
    for i, (part, length) in enumerate(zip(parts, lengths.tolist(), strict=True)):
        if len(part) != length:
            expected = f"{length} labels, one for each step of X[{i}]"
            raise _check.fail(ValueError, f"y[{i}]", expected, str(len(part)))
    return _one_type(list(chain(*parts)), np.cumsum(lengths) - lengths)


def _labels_of(i: int, part: Any) -> list[Any]:
    """Return the labels of sequence i as a list."""
    _check.unmasked(f"y[{i}]", part)
    if hasattr(part, "tolist"):
        part = np.asarray(part).tolist()
    if isinstance(part, list | tuple):
        return list(part)
    fix = "RNNClassifier learns one label for each sequence"
    got = f"{_check.short(part)} ({type(part).__name__})"
    raise _check.fail(TypeError, f"y[{i}]", "a list of labels, one for each step", got, fix)


def _one_type(labels: list[Any], starts: IntArray) -> npt.NDArray[Any]:
    """Return labels, all of them texts or all of them numbers, as an array."""
    if {type(label) for label in labels} == {str}:
        return np.array(labels)
    for at, label in enumerate(labels):
        text, first = isinstance(label, str), isinstance(labels[0], str)
        if not text and is_missing(label):
            fix = "leave these sequences out of X and y, or give the steps a class of their own"
            got = f"{label} at {place(at, starts)}"
            raise _check.fail(ValueError, "y", "a label for each step", got, fix)
        if not isinstance(label, str | int | float | np.generic):
            got = f"{_check.short(label)} ({type(label).__name__}) at {place(at, starts)}"
            raise _check.fail(TypeError, "y", "texts or numbers as labels", got)
        if text != first:
            got = f"{labels[0]!r} and, at {place(at, starts)}, {label!r}"
            expected = "labels that are all texts or all numbers"
            raise _check.fail(ValueError, "y", expected, got, "make all of them texts")
    array = np.array(labels, dtype=None if labels else np.int64)
    if array.dtype.kind not in "Uiufb":
        raise _check.fail(TypeError, "y", "texts or numbers as labels", f"dtype {array.dtype}")
    check_classification_targets(array)
    return array


def codes_of(labels: npt.NDArray[Any], classes: npt.NDArray[Any]) -> IntArray:
    """Return the place of each label among sorted classes, -1 for others.

    Raises
    ------
    TypeError
        If one are texts and the others numbers.
    """
    if (labels.dtype.kind == "U") != (classes.dtype.kind == "U"):
        names = ["numbers", "texts"]
        got = names[labels.dtype.kind == "U"]
        raise _check.fail(TypeError, "y", f"labels among the classes {classes}", got)
    codes = np.minimum(np.searchsorted(classes, labels), len(classes) - 1)
    return np.where(classes[codes] == labels, codes, -1)


def checked_weights(sample_weight: Any, n: int) -> FloatArray | None:
    """Return weights (n,) of at least zero, or None (TypeError, ValueError)."""
    if sample_weight is None:
        return None
    check_numbers("sample_weight", sample_weight, n)
    weights: FloatArray = _check_sample_weight(
        sample_weight, np.zeros(n), dtype=np.float64, ensure_non_negative=True
    )
    return weights


def place(at: int, starts: Iterable[int]) -> str:
    """Say at which step of which sequence a step of all of them stands."""
    begins = np.asarray(list(starts))
    i = int(np.searchsorted(begins, at, side="right")) - 1
    return f"sequence {i}, step {at - int(begins[i])}"
