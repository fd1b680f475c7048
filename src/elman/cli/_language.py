"""What comes next in a text."""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from elman.cli._cells import is_missing
from elman.cli._errors import DataError, UsageError
from elman.cli._faults import Faults, shown
from elman.cli._layout import missing_column
from elman.cli._source import BOM, Source
from elman.cli._table import open_table
from elman.cli._tasks import Results, metric_rows
from elman.cli._text_table import Facts
from elman.models._text import words

_TABLES = ("csv", "tsv", "jsonl", "parquet")


class Text(NamedTuple):
    """A text in a file, or documents.

    file : as messages name it
    path : a file in UTF-8 that holds the text alone, or None
    documents : texts; where there is a path, none
    target : the column that they came from, or None
    keep : what must live as long as the path
    """

    file: str
    path: Path | None
    documents: list[str]
    target: str | None = None
    keep: Any = None

    def texts(self) -> list[Any]:
        """Return all in memory; bytes that are no UTF-8 as bytes."""
        if self.path is None:
            return list(self.documents)
        data = self.path.read_bytes()
        try:
            return [data.decode()]
        except UnicodeDecodeError:
            return [data]


class Language:
    """A text is one document; a column of a table holds a document in each row."""

    def parameters(self, options: argparse.Namespace) -> dict[str, Any]:
        """Return none beside those of Python."""
        return {}

    def read(
        self, options: argparse.Namespace, path: str, faults: Faults, *, table: Any, target: bool
    ) -> Text:
        """Read or find a text: see `Task`."""
        carried = (table or {}).get("target")
        source = Source(path, options.format, default="text")
        if source.format in _TABLES:
            column = getattr(options, "target", None) or carried
            return _documents(source, options.separator, column, faults)
        if source.format == "conllu":
            raise UsageError("DATA: expected a text or a table, got sentences of CoNLL-U")
        found = _text(source)
        if options.module == "check" and options.unit != "byte":
            _check_utf8(found)
        return found

    def pieces(
        self, options: argparse.Namespace, path: str, faults: Faults, *, table: Any
    ) -> Iterator[Text]:
        """Refuse: all is read at once."""
        raise UsageError("--sorted: expected a table of sequences to classify, regress or tag")

    def table(self, data: Text) -> dict[str, Any]:
        """Return the column of texts, if they came from a table."""
        return {"target": None if data.target is None else [data.target]}

    def facts(self, data: Text) -> dict[str, Any]:
        """Return what a model's summary tells of its data."""
        return {"data": data.file, **({"documents": len(data.documents)} if data.documents else {})}

    def fit(
        self, estimator: Any, data: Text, held_out: Text | None, checkpoint: str | None
    ) -> None:
        """Fit the estimator."""
        for part in (data, held_out):
            if part is not None and estimator.unit != "byte":
                _check_utf8(part)
        options = {} if held_out is None else {"X_val": _learned(held_out)}
        estimator.fit(_learned(data), checkpoint=checkpoint, **options)

    def folds(
        self, estimator: Any, data: Text, count: int, seed: int
    ) -> Iterator[tuple[Text, Text]]:
        """Yield folds of documents; of one text equal parts, in order."""
        texts = data.texts()
        if len(texts) == 1:
            text, size = texts[0], -(-len(texts[0]) // count)
            texts = [text[i : i + size] for i in range(0, len(text), size)]
            parts = [[i] for i in range(len(texts))]
        else:
            order = np.random.RandomState(seed).permutation(len(texts))
            parts = [sorted(part.tolist()) for part in np.array_split(order, count)]
        if len(parts) < count or not all(parts):
            got = f"{len(texts)}"
            raise DataError(f"{data.file}: --cv {count}: expected {count} documents, got {got}")
        for part in parts:
            rest = [text for i, text in enumerate(texts) if i not in part]
            chosen = [texts[i] for i in part]
            yield (
                data._replace(path=None, documents=rest),
                data._replace(path=None, documents=chosen),
            )

    def describe(self, data: Text) -> Facts:
        """Return how long the text is, and of how many symbols."""
        characters = lines = count = 0
        symbols: set[str] = set()
        different: set[str] = set()
        for text in _pieces(data):
            characters += len(text)
            lines += text.count("\n")
            symbols.update(text)
            found = words(text)
            count += len(found)
            different.update(found)
        facts: Facts = {"documents": len(data.documents)} if data.documents else {}
        return facts | {
            "lines": lines,
            "characters": characters,
            "different characters": len(symbols),
            "words and signs": count,
            "different words and signs": len(different),
        }

    def predict(self, model: Any, data: Text, options: argparse.Namespace) -> Results:
        """Refuse: a language model generates."""
        raise UsageError("MODEL: expected one that predicts, got a language model; elman generate "
                         "writes on, and elman evaluate scores a text")  # fmt: skip

    def scores(self, model: Any, data: Text) -> dict[str, float]:
        """Return perplexity and bits per character."""
        texts = _known(model, data)
        return {
            "perplexity": model.perplexity(texts),
            "bits_per_character": model.bits_per_character(texts),
        }

    def evaluated(self, model: Any, data: Text, options: argparse.Namespace) -> Results:
        """Return the scores as rows."""
        return metric_rows(self.scores(model, data))

    def scores_by_id(self, model: Any, data: Text, options: argparse.Namespace) -> Results:
        """Return each document's length, perplexity and bits per character; from 1."""
        texts = _known(model, data)
        return {
            "document": list(range(1, len(texts) + 1)),
            "characters": [len(text) for text in texts],
            "perplexity": [model.perplexity([text]) for text in texts],
            "bits_per_character": [model.bits_per_character([text]) for text in texts],
        }


def _check_utf8(text: Text) -> None:
    """Hold that a file is in UTF-8 (DataError, with the place)."""
    if text.path is not None:
        source = Source(str(text.path), "text")
        source.name = text.file
        for _ in source.lines():
            pass


def _text(source: Source) -> Text:
    """Return a text's file; of a pipe, gzip or a byte order mark a plain copy that goes with it."""
    with source.open() as file:
        plain = not source.is_pipe and file.peek(3)[:3] != BOM and not source.is_compressed
        if plain:
            return Text(source.name, Path(source.path), [])
        copy = tempfile.NamedTemporaryFile()  # noqa: SIM115 - it lives as long as the Text
        if file.peek(3)[:3] == BOM:
            file.read(3)
        shutil.copyfileobj(file, copy)
    copy.flush()
    return Text(source.name, Path(copy.name), [], keep=copy)


def _documents(source: Source, separator: Any, column: Any, faults: Faults) -> Text:
    table = open_table(source, separator)
    if not column:
        names = ", ".join(table.names)
        raise UsageError(f"--target: expected the column of texts, one of {names}, got none")
    name = column[0]
    if name not in table.names:
        raise DataError(f"{source.name}: --target: {missing_column(name, table.names)}")
    found: list[str] = []
    for block in table.blocks(faults):
        for line, cell in zip(block.lines, block.cells[name], strict=True):
            if not isinstance(cell, str) or is_missing(cell):
                faults.add(line, name, "a text", shown(cell), "take the row out")
            else:
                found.append(cell)
    if not found:
        faults.add(None, name, "texts", "none")
    return Text(source.name, None, found, name)


def _learned(data: Text) -> Any:
    return data.path if data.path is not None else data.documents


def _pieces(data: Text) -> Iterator[str]:
    if data.path is None:
        yield from data.documents
        return
    with open(data.path, encoding="utf-8", errors="replace", newline="") as file:
        yield from file


def _known(model: Any, data: Text) -> list[Any]:
    """Return the texts, if the model knows all of their symbols (DataError, with the place)."""
    if model.unit == "byte":
        return data.texts()
    _check_utf8(data)
    texts, known = data.texts(), set(model.symbols)
    if model.unknown != "error":
        return texts
    for i, text in enumerate(texts):
        symbols = text if model.unit == "char" else words(text)
        if known.issuperset(symbols):
            continue
        start = 0
        for symbol in symbols:
            if symbol not in known:
                break
            start += len(symbol)
        line = text.count("\n", 0, start) + 1
        column = start - text.rfind("\n", 0, start)
        place = data.file if len(texts) == 1 else f"{data.file}: document {i + 1}"
        raise DataError(
            f"{place}:{line}:{column}: expected {model.unit}s that fit saw, got {shown(symbol)}; "
            "fit with --set unknown=replace, or take it out"
        )
    return texts


TASK = Language()
