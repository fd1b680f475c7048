"""The tasks: for each the estimator, the model's class, and the module that reads and scores."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

from elman.cli._errors import UsageError
from elman.cli._faults import Faults
from elman.cli._source import Source
from elman.cli._text_table import Facts

Results = dict[str, Any]
"""Columns of results by name, all of one length."""


class Task(Protocol):
    """What the commands do with the data of a task. `Data` is each task's own."""

    def parameters(self, options: argparse.Namespace) -> dict[str, Any]:
        """Return parameters of the estimator that are other ones here than in Python."""

    def read(
        self, options: argparse.Namespace, path: str, faults: Faults, *, table: Any, target: bool
    ) -> Any:
        """Read data, and note what is wrong in them.

        Parameters
        ----------
        options : of the command
        path : of the data, or -
        faults : Faults
        table : the columns that a model carries; None takes those of the options
        target : whether what is to be predicted is read
        """

    def pieces(
        self, options: argparse.Namespace, path: str, faults: Faults, *, table: Any
    ) -> Iterator[Any]:
        """Read data of --sorted piece by piece, without what is to be predicted.

        Raises
        ------
        UsageError
            If there are no such data.
        """

    def table(self, data: Any) -> dict[str, Any]:
        """Return what a model carries of the data: its columns."""

    def facts(self, data: Any) -> dict[str, Any]:
        """Return what a model's summary tells of the data: their file and sizes."""

    def fit(self, estimator: Any, data: Any, held_out: Any, checkpoint: str | None) -> None:
        """Fit an estimator; `held_out` are data to stop by, or None."""

    def folds(self, estimator: Any, data: Any, count: int, seed: int) -> Iterator[tuple[Any, Any]]:
        """Yield data to fit on and data to score, for each fold."""

    def describe(self, data: Any) -> Facts:
        """Return what ``elman check`` tells of data."""

    def predict(self, model: Any, data: Any, options: argparse.Namespace) -> Results:
        """Return the model's predictions."""

    def scores(self, model: Any, data: Any) -> dict[str, float]:
        """Return metrics by name."""

    def evaluated(self, model: Any, data: Any, options: argparse.Namespace) -> Results:
        """Return rows of metrics and values."""

    def scores_by_id(self, model: Any, data: Any, options: argparse.Namespace) -> Results:
        """Return metrics of each sequence."""


def metric_rows(scores: dict[str, float]) -> Results:
    """Return metrics by name as rows."""
    return {"metric": list(scores), "value": list(scores.values())}


class Entry(NamedTuple):
    """Where a task's parts are.

    estimator : the name of its class in `elman.estimators`
    model : the name of its fitted models' class in `elman.models`
    module : the module whose `TASK` is the task
    """

    estimator: str
    model: str
    module: str


TASKS = {
    "classify": Entry("RNNClassifier", "ClassifierModel", "elman.cli._classify"),
    "regress": Entry("RNNRegressor", "RegressorModel", "elman.cli._regress"),
    "forecast": Entry("RNNForecaster", "ForecasterModel", "elman.cli._forecast"),
    "tag": Entry("RNNTagger", "TaggerModel", "elman.cli._tag"),
    "language": Entry("RNNLanguageModel", "LanguageModel", "elman.cli._language"),
}


def task(name: str) -> Task:
    """Return a task by its name."""
    found: Task = importlib.import_module(TASKS[name].module).TASK
    return found


def estimator_class(name: str) -> Any:
    """Return the class that fits a task's models (ImportError without scikit-learn)."""
    estimators = importlib.import_module("elman.estimators")
    return getattr(estimators, TASKS[name].estimator)


def read_checked(
    found: Task, options: argparse.Namespace, path: str, *, table: Any = None, target: bool = True
) -> Any:
    """Read data that have no faults.

    Raises
    ------
    DataError
        If there are any.
    """
    faults = Faults(Source(path, options.format).name)
    data = found.read(options, path, faults, table=table, target=target)
    faults.check()
    return data


def task_of(model: Any, path: str) -> str:
    """Return the name of the task that a loaded model does.

    Raises
    ------
    UsageError
        If it is none of a fitted estimator.
    """
    for name, entry in TASKS.items():
        if entry.model == type(model).__name__:
            return name
    raise UsageError(
        f"{path}: expected the model of a fitted estimator, got {type(model).__name__}; elman "
        "summary shows it, and elman explain runs it"
    )
