"""Classes of sequences."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

from elman._typing import FloatArray, IntArray
from elman.cli._errors import DataError
from elman.cli._faults import Faults, shown
from elman.cli._layout import Layout
from elman.cli._sequence_task import Sequenced, SequenceTask
from elman.cli._sequences import SequenceData, joined
from elman.cli._tasks import Results, metric_rows
from elman.cli._text_table import Facts


class Classify(SequenceTask):
    """Labels are texts, or integers where all are written as such."""

    target_kind = "label"

    def note(self, data: SequenceData, layout: Layout, faults: Faults) -> None:
        """Note that there is one class alone, or none."""
        classes = sorted({str(label) for label in data.target})
        if len(classes) < 2:
            faults.add(None, layout.target[0], "two classes or more", f"{shown(classes[0])} alone")

    def fit(
        self, estimator: Any, data: Sequenced, held_out: Sequenced | None, checkpoint: str | None
    ) -> None:
        """Fit the estimator."""
        found = data.sequences
        options: dict[str, Any] = {"sample_weight": found.weight, "checkpoint": checkpoint}
        if held_out is not None:
            y = _in_classes(held_out, _labels(found.target))
            options |= {"X_val": held_out.sequences.X, "y_val": y}
        estimator.fit(found.X, _labels(found.target), **options)

    def folds(
        self, estimator: Any, data: Sequenced, count: int, seed: int
    ) -> Iterator[tuple[Any, Any]]:
        """Yield folds with about the same share of each class."""
        from sklearn.model_selection import StratifiedKFold

        found = data.sequences
        label, least = min(Counter(found.target).items(), key=lambda item: item[1])
        if least < count:
            raise DataError(
                f"{found.file}: --cv {count}: expected {count} sequences of each class or more, "
                f"got {least} of {shown(label)}"
            )
        folds = StratifiedKFold(count, shuffle=True, random_state=seed)
        for train, test in folds.split(np.zeros(found.n), _labels(found.target)):
            yield (
                data._replace(sequences=found.rows(train)),
                data._replace(sequences=found.rows(test)),
            )

    def describe_target(self, layout: Layout, data: SequenceData) -> Facts:
        """Return how many sequences each class has, the most frequent first."""
        counts = sorted(Counter(data.target).items(), key=lambda item: -item[1])
        return {"classes": {str(label): count for label, count in counts}}

    def predict(self, model: Any, data: Sequenced, options: argparse.Namespace) -> Results:
        """Return ids and labels; the probability of each label, or rows for each step if asked."""
        found, name = data.sequences, data.layout.id
        if options.steps:
            return self._steps(model, data, options.proba)
        p = model.predict_proba(found.X)
        results: Results = {name: found.ids, "prediction": model.classes_[p.argmax(axis=1)]}
        return results | (_columns(model, p) if options.proba else {})

    def _steps(self, model: Any, data: Sequenced, proba: bool) -> Results:
        found, layout = data.sequences, data.layout
        p = np.concatenate(model.predict_steps(found.X))
        lengths = [len(x) for x in found.X]
        ids = [value for value, T in zip(found.ids, lengths, strict=True) for _ in range(T)]
        results: Results = {layout.id: ids}
        if found.times is None:
            results["step"] = np.concatenate([np.arange(1, T + 1) for T in lengths])
        else:
            results[layout.time or "time"] = joined(found.time_columns())
        results["prediction"] = model.classes_[p.argmax(axis=1)]
        return results | (_columns(model, p) if proba else {})

    def scores(self, model: Any, data: Sequenced) -> dict[str, float]:
        """Return accuracy, balanced accuracy, the mean of the classes' F1, and log loss."""
        from sklearn import metrics

        codes, p = self._codes(model, data)
        predicted = p.argmax(axis=1)
        recall = metrics.recall_score(codes, predicted, labels=np.unique(codes), average="macro")
        return {
            "accuracy": float(metrics.accuracy_score(codes, predicted)),
            "balanced_accuracy": float(recall),
            "f1_macro": float(metrics.f1_score(codes, predicted, average="macro", zero_division=0)),
            "log_loss": float(-_log_p(codes, model.predict_log_proba(data.sequences.X)).mean()),
        }

    def evaluated(self, model: Any, data: Sequenced, options: argparse.Namespace) -> Results:
        """Return the scores as rows."""
        return metric_rows(self.scores(model, data))

    def scores_by_id(self, model: Any, data: Sequenced, options: argparse.Namespace) -> Results:
        """Return each sequence's label, prediction, whether it is right, and log loss."""
        codes, p = self._codes(model, data)
        predicted = p.argmax(axis=1)
        return {
            data.layout.id: data.sequences.ids,
            data.layout.target[0]: model.classes_[codes],
            "prediction": model.classes_[predicted],
            "correct": (codes == predicted).astype(int),
            "log_loss": -_log_p(codes, model.predict_log_proba(data.sequences.X)),
        }

    def _codes(self, model: Any, data: Sequenced) -> tuple[IntArray, FloatArray]:
        labels = _in_classes(data, model.classes_)
        codes = np.searchsorted(model.classes_, labels)
        return codes, model.predict_proba(data.sequences.X)


def _labels(target: list[Any]) -> Any:
    """Return labels as an array of one kind."""
    kinds = {type(label) for label in target}
    return np.array(target if len(kinds) == 1 else [str(label) for label in target])


def _in_classes(data: Sequenced, classes: Any) -> Any:
    """Return labels as those of the classes that are written alike.

    Raises
    ------
    DataError
        If a label is none of them.
    """
    known = {str(label): label for label in np.unique(classes)}
    found, faults = data.sequences, Faults(data.sequences.file)
    for label, line in zip(found.target, found.lines, strict=True):
        if str(label) not in known:
            names = ", ".join(list(known)[:12]) + (" …" if len(known) > 12 else "")
            faults.add(line, data.layout.target[0], f"a class of the model, {names}", shown(label))
    faults.check()
    return np.array([known[str(label)] for label in found.target], np.asarray(classes).dtype)


def _columns(model: Any, p: FloatArray) -> Results:
    return {f"p_{label}": column for label, column in zip(model.classes_, p.T, strict=True)}


def _log_p(codes: IntArray, log_p: FloatArray) -> FloatArray:
    chosen: FloatArray = log_p[np.arange(len(codes)), codes].astype(np.float64)
    return chosen


TASK = Classify()
