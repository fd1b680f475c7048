"""Numbers of sequences."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

import numpy as np

from elman._typing import FloatArray
from elman.cli._errors import DataError
from elman.cli._layout import Layout
from elman.cli._sequence_task import Sequenced, SequenceTask
from elman.cli._sequences import SequenceData
from elman.cli._tasks import Results, metric_rows
from elman.cli._text_table import Facts


class Regress(SequenceTask):
    """Targets are one column of numbers or several."""

    target_kind = "number"

    def fit(
        self, estimator: Any, data: Sequenced, held_out: Sequenced | None, checkpoint: str | None
    ) -> None:
        """Fit the estimator."""
        found = data.sequences
        options: dict[str, Any] = {"sample_weight": found.weight, "checkpoint": checkpoint}
        if held_out is not None:
            options |= {"X_val": held_out.sequences.X, "y_val": _flat(held_out.sequences.target)}
        estimator.fit(found.X, _flat(found.target), **options)

    def folds(
        self, estimator: Any, data: Sequenced, count: int, seed: int
    ) -> Iterator[tuple[Any, Any]]:
        """Yield folds of about the same size."""
        from sklearn.model_selection import KFold

        found = data.sequences
        if found.n < count:
            expected = f"{count} sequences or more"
            raise DataError(f"{found.file}: --cv {count}: expected {expected}, got {found.n}")
        for train, test in KFold(count, shuffle=True, random_state=seed).split(found.X):
            yield (
                data._replace(sequences=found.rows(train)),
                data._replace(sequences=found.rows(test)),
            )

    def describe_target(self, layout: Layout, data: SequenceData) -> Facts:
        """Return the range of each target."""
        return {
            f"target {name}": f"{y.min():.6g} to {y.max():.6g}, mean {y.mean():.6g}"
            for name, y in zip(layout.target, data.target.T, strict=True)
        }

    def predict(self, model: Any, data: Sequenced, options: argparse.Namespace) -> Results:
        """Return ids and a column of predictions for each target."""
        found, layout = data.sequences, data.layout
        return {layout.id: found.ids, **_named("prediction", layout, _predicted(model, found))}

    def scores(self, model: Any, data: Sequenced) -> dict[str, float]:
        """Return R², mean absolute and root mean squared error; of several targets each's."""
        from sklearn import metrics

        found, layout = data.sequences, data.layout
        predicted = _predicted(model, found)
        results: dict[str, float] = {}
        for k, name in enumerate(layout.target):
            end = f" {name}" if len(layout.target) > 1 else ""
            y, p = found.target[:, k], predicted[:, k]
            if len(y) > 1:
                results[f"r2{end}"] = float(metrics.r2_score(y, p))
            results[f"mae{end}"] = float(metrics.mean_absolute_error(y, p))
            results[f"rmse{end}"] = float(metrics.root_mean_squared_error(y, p))
        return results

    def evaluated(self, model: Any, data: Sequenced, options: argparse.Namespace) -> Results:
        """Return the scores as rows."""
        return metric_rows(self.scores(model, data))

    def scores_by_id(self, model: Any, data: Sequenced, options: argparse.Namespace) -> Results:
        """Return each sequence's targets, predictions and errors."""
        found, layout = data.sequences, data.layout
        predicted = _predicted(model, found)
        return {
            layout.id: found.ids,
            **dict(zip(layout.target, found.target.T, strict=True)),
            **_named("prediction", layout, predicted),
            **_named("error", layout, predicted - found.target),
        }


def _flat(target: FloatArray) -> FloatArray:
    """Return one target of n sequences as (n,), several as (n, K)."""
    return target[:, 0] if target.shape[1] == 1 else target


def _predicted(model: Any, data: SequenceData) -> FloatArray:
    """Return predictions, shape (n, K)."""
    found: FloatArray = np.asarray(model.predict(data.X)).reshape(data.n, -1)
    return found


def _named(word: str, layout: Layout, values: FloatArray) -> Results:
    if len(layout.target) <= 1:
        return {word: values[:, 0]} if values.shape[1] == 1 else _numbered(word, values)
    return {f"{word}_{n}": v for n, v in zip(layout.target, values.T, strict=True)}


def _numbered(word: str, values: FloatArray) -> Results:
    return {f"{word}_{k}": column for k, column in enumerate(values.T)}


TASK = Regress()
