"""Labels of steps: of the words of sentences, or of the rows of a table."""

from __future__ import annotations

import argparse
import itertools
import warnings
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from elman._typing import IntArray
from elman.cli._errors import DataError, UsageError
from elman.cli._faults import Faults, shown
from elman.cli._layout import Layout
from elman.cli._pieces import pieces
from elman.cli._sentences import FIELDS, Sentence, read_columns, read_conllu
from elman.cli._sequence_task import finish, opened_layout
from elman.cli._sequences import SequenceData, joined, read_sequences
from elman.cli._source import Source
from elman.cli._tasks import Results, metric_rows
from elman.cli._text_table import Facts
from elman.models._spans import span_f1


class Tagged(NamedTuple):
    """Sequences and their labels. Letters: n sequences, T steps.

    file : as messages name it
    carried : what a model carries of the columns, without the file's facts
    X : n lists of words, or arrays (T_i, I)
    y : n lists of labels, or None
    ids : n ids
    lines : n lists of lines
    steps : names and values of columns that tell a step from others, for results
    sentences : what they came from, if it was no table
    """

    file: str
    carried: dict[str, Any]
    X: list[Any]
    y: list[Any] | None
    ids: list[Any]
    lines: list[Any]
    steps: dict[str, list[Any]]
    sentences: list[Sentence] | None = None

    def rows(self, chosen: IntArray) -> Tagged:
        """Return some of the sequences."""
        at = [int(i) for i in chosen]
        return self._replace(
            X=[self.X[i] for i in at],
            y=None if self.y is None else [self.y[i] for i in at],
            ids=[self.ids[i] for i in at],
            lines=[self.lines[i] for i in at],
            steps={name: [column[i] for i in at] for name, column in self.steps.items()},
        )


class Tag:
    """CoNLL-U, two columns, or with --id a table with a row for each step."""

    def parameters(self, options: argparse.Namespace) -> dict[str, Any]:
        """Return none beside those of Python."""
        return {}

    def read(
        self, options: argparse.Namespace, path: str, faults: Faults, *, table: Any, target: bool
    ) -> Tagged:
        """Read sentences or a table: see `Task`."""
        carried = table or {}
        if getattr(options, "id", None) is not None or "id" in carried:
            return _of_table(options, path, faults, table, target)
        default = "text" if carried.get("form") == "text" else "conllu"
        source = Source(path, options.format, default=default)
        if source.format == "conllu":
            field = (getattr(options, "target", None) or carried.get("target") or ["upos"])[0]
            if field not in FIELDS:
                expected = f"a column of CoNLL-U, one of {', '.join(FIELDS)}"
                raise UsageError(f"--target: expected {expected}, got {field!r}")
            sentences = read_conllu(source, field, faults, target=target)
            own = {"form": "conllu", "target": [field]}
        elif source.format == "text":
            sentences = read_columns(source, faults, target=target)
            own = {"form": "text"}
        else:
            raise UsageError("--id: expected the column of ids, for a table, got none")
        if not sentences:
            if not faults.count:
                faults.add(None, None, "sentences", "none")
            faults.check()
        return _of_sentences(source.name, own, sentences)

    def pieces(
        self, options: argparse.Namespace, path: str, faults: Faults, *, table: Any
    ) -> Iterator[Tagged]:
        """Read a table piece by piece: see `Task`."""
        if options.id is None and "id" not in table:
            raise UsageError("--sorted: expected a table, got sentences")
        opened, layout = opened_layout(options, path, table, target=False)
        for piece in pieces(opened, layout.id, faults):
            yield _tagged(layout, read_sequences(piece, layout, faults, words=True), faults)

    def table(self, data: Tagged) -> dict[str, Any]:
        """Return the columns, as the model's file holds them."""
        return data.carried

    def facts(self, data: Tagged) -> dict[str, Any]:
        """Return what a model's summary tells of its data."""
        return {"data": data.file, "rows": sum(map(len, data.X)), "sequences": len(data.X)}

    def fit(
        self, estimator: Any, data: Tagged, held_out: Tagged | None, checkpoint: str | None
    ) -> None:
        """Fit the estimator."""
        options: dict[str, Any] = {"checkpoint": checkpoint}
        if held_out is not None:
            _note_unknown(held_out, {label for labels in data.y or [] for label in labels}, True)
            options |= {"X_val": held_out.X, "y_val": held_out.y}
        estimator.fit(data.X, data.y, **options)

    def folds(
        self, estimator: Any, data: Tagged, count: int, seed: int
    ) -> Iterator[tuple[Tagged, Tagged]]:
        """Yield folds of about the same number of sequences."""
        from sklearn.model_selection import KFold

        if len(data.X) < count:
            expected = f"{count} sequences or more"
            raise DataError(f"{data.file}: --cv {count}: expected {expected}, got {len(data.X)}")
        for train, test in KFold(count, shuffle=True, random_state=seed).split(data.ids):
            yield data.rows(train), data.rows(test)

    def describe(self, data: Tagged) -> Facts:
        """Return how many sequences, steps, words and labels there are."""
        lengths = [len(x) for x in data.X]
        counts = Counter(label for labels in data.y or [] for label in labels)
        facts: Facts = {
            "steps": sum(lengths),
            "sequences": len(lengths),
            "shortest": min(lengths),
            "median length": float(np.median(lengths)),
            "longest": max(lengths),
        }
        if isinstance(data.X[0], list):
            facts["different words"] = len({word for words in data.X for word in words})
        ordered = sorted(counts.items(), key=lambda item: -item[1])
        return facts | {"labels": {str(label): count for label, count in ordered}}

    def predict(self, model: Any, data: Tagged, options: argparse.Namespace) -> Results:
        """Return a row for each step: its sequence, what tells it, and the label."""
        p = np.concatenate(list(model.predict_proba(data.X)))
        results = {**_step_columns(data), "prediction": model.classes_[p.argmax(axis=1)]}
        if options.proba:
            results |= {f"p_{label}": c for label, c in zip(model.classes_, p.T, strict=True)}
        return results

    def scores(self, model: Any, data: Tagged) -> dict[str, float]:
        """Return the accuracy over all steps, and of labels such as B-PER the F1 of spans."""
        y, predicted = self._both(model, data)
        right = [
            a == b for pair in zip(y, predicted, strict=True) for a, b in zip(*pair, strict=True)
        ]
        scores = {"accuracy": float(np.mean(right))}
        if _marks_spans(itertools.chain(y, predicted)):
            scores["span_f1"] = span_f1(y, predicted)
        return scores

    def annotated(self, model: Any, data: Tagged) -> Iterator[str]:
        """Yield sentences with the model's labels, in the form in which they came."""
        if data.sentences is None:
            raise UsageError("--annotate: expected sentences, got a table")
        field = data.carried["target"][0] if data.carried["form"] == "conllu" else None
        for sentence, labels in zip(data.sentences, model.predict(data.X), strict=True):
            yield sentence.annotated(labels, field)

    def evaluated(self, model: Any, data: Tagged, options: argparse.Namespace) -> Results:
        """Return the scores as rows."""
        return metric_rows(self.scores(model, data))

    def scores_by_id(self, model: Any, data: Tagged, options: argparse.Namespace) -> Results:
        """Return each sequence's steps and accuracy."""
        y, predicted = self._both(model, data)
        pairs = zip(y, predicted, strict=True)
        right = [[a == b for a, b in zip(*pair, strict=True)] for pair in pairs]
        return {
            _id_name(data): data.ids,
            "steps": [len(part) for part in right],
            "accuracy": [float(np.mean(part)) for part in right],
        }

    def _both(self, model: Any, data: Tagged) -> tuple[list[list[str]], list[list[str]]]:
        """Return labels and predictions as texts; one that the model does not know is missed."""
        assert data.y is not None
        _note_unknown(data, set(model.classes_.tolist()), False)
        y = [[str(label) for label in labels] for labels in data.y]
        return y, [[str(label) for label in labels] for labels in model.predict(data.X)]


def _of_sentences(file: str, carried: dict[str, Any], sentences: list[Sentence]) -> Tagged:
    labels = [sentence.labels for sentence in sentences]
    return Tagged(
        file=file,
        carried=carried,
        X=[sentence.tokens for sentence in sentences],
        y=None if None in labels else labels,
        ids=[sentence.id for sentence in sentences],
        lines=[sentence.lines for sentence in sentences],
        steps={
            "step": [list(range(1, len(s.tokens) + 1)) for s in sentences],
            "word": [sentence.tokens for sentence in sentences],
        },
        sentences=sentences,
    )


def _of_table(options: Any, path: str, faults: Faults, table: Any, target: bool) -> Tagged:
    """Read a table whose target is a label of each row; one column of texts holds words."""
    opened, layout = opened_layout(options, path, table, target=target)
    found = read_sequences(opened, layout, faults, target="step" if target else "", words=True)
    return _tagged(layout, found, faults)


def _tagged(layout: Layout, found: SequenceData, faults: Faults) -> Tagged:
    finish(layout, found, faults)
    words = isinstance(found.X[0], list)
    steps: dict[str, list[Any]] = {}
    if found.times is None:
        steps["step"] = [list(range(1, len(x) + 1)) for x in found.X]
    else:
        steps[layout.time or "time"] = found.time_columns()
    return Tagged(
        file=found.file,
        carried=layout._replace(time_kind=found.time_kind, words=words)._asdict(),
        X=found.X,
        y=found.target,
        ids=found.ids,
        lines=found.step_lines or [],
        steps=steps,
    )


def _step_columns(data: Tagged) -> Results:
    repeated = [value for value, x in zip(data.ids, data.X, strict=True) for _ in x]
    columns = {name: joined(column) for name, column in data.steps.items()}
    return {_id_name(data): repeated, **columns}


def _id_name(data: Tagged) -> str:
    return str(data.carried.get("id", "sentence"))


def _note_unknown(data: Tagged, known: set[Any], is_fault: bool) -> None:
    """Raise, or warn, where a label is none of those that are known."""
    faults, names = Faults(data.file), {str(label) for label in known}
    column = (data.carried.get("target") or [None])[0]
    expected = f"a label of fit, {', '.join(sorted(names)[:12])}"
    for labels, lines in zip(data.y or [], data.lines, strict=True):
        for label, line in zip(labels, lines, strict=True):
            if str(label) not in names:
                faults.add(line, column, expected, shown(label))
    if is_fault or not faults.count:
        faults.check()
        return
    first = faults.first()
    more = f" and {faults.count - 1} more" if faults.count > 1 else ""
    warnings.warn(f"{first}{more}; they count as missed", UserWarning, stacklevel=2)


def _marks_spans(sequences: Any) -> bool:
    """Whether all labels are O or mark spans as B-PER does, and some do."""
    labels = {label for labels in sequences for label in labels}
    spans = {label for label in labels if label[:2] in ("B-", "I-", "E-", "S-")}
    return bool(spans) and labels <= spans | {"O"}


TASK = Tag()
