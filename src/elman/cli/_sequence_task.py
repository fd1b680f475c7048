"""What the tasks have in common that read a table with a row for each time step."""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from elman.cli._errors import UsageError
from elman.cli._faults import Faults
from elman.cli._layout import Layout
from elman.cli._pieces import pieces
from elman.cli._sequences import SequenceData, read_sequences
from elman.cli._source import Source
from elman.cli._table import Table, open_table
from elman.cli._text_table import Facts
from elman.cli._time_text import time_text


class Sequenced(NamedTuple):
    """Sequences, and the columns that they came from."""

    layout: Layout
    sequences: SequenceData


class SequenceTask:
    """Reads and describes sequences; a class adds targets, predictions and scores."""

    target_kind = "label"

    def parameters(self, options: argparse.Namespace) -> dict[str, Any]:
        """Return what is set: columns of a table have units of their own, so they are scaled."""
        return {"standardize": True}

    def read(
        self, options: argparse.Namespace, path: str, faults: Faults, *, table: Any, target: bool
    ) -> Sequenced:
        """Read a table: see `Task`."""
        opened, layout = opened_layout(options, path, table, target=target)
        found = read_sequences(opened, layout, faults, target=self.target_kind if target else "")
        finish(layout, found, faults)
        if target and not faults.count:
            self.note(found, layout, faults)
        return Sequenced(layout._replace(time_kind=found.time_kind), found)

    def pieces(
        self, options: argparse.Namespace, path: str, faults: Faults, *, table: Any
    ) -> Iterator[Sequenced]:
        """Read a table piece by piece: see `Task`."""
        opened, layout = opened_layout(options, path, table, target=False)
        for piece in pieces(opened, layout.id, faults):
            found = read_sequences(piece, layout, faults)
            finish(layout, found, faults)
            yield Sequenced(layout, found)

    def note(self, data: SequenceData, layout: Layout, faults: Faults) -> None:
        """Note what is wrong in targets that are complete."""

    def table(self, data: Sequenced) -> dict[str, Any]:
        """Return the columns, as the model's file holds them."""
        return dict(data.layout._asdict())

    def facts(self, data: Sequenced) -> dict[str, Any]:
        """Return what a model's summary tells of its data."""
        X = data.sequences.X
        return {"data": data.sequences.file, "rows": sum(map(len, X)), "sequences": len(X)}

    def describe(self, data: Sequenced) -> Facts:
        """Return what ``elman check`` tells."""
        layout, found = data
        lengths = np.array([len(x) for x in found.X])
        frames = np.concatenate(found.X)
        missing = zip(layout.features, np.isnan(frames).sum(axis=0).tolist(), strict=True)
        constant = [n for n, c in zip(layout.features, frames.T, strict=True) if (c == c[0]).all()]
        facts: Facts = {
            "rows": len(frames),
            "sequences": found.n,
            "shortest": int(lengths.min()),
            "median length": float(np.median(lengths)),
            "longest": int(lengths.max()),
            "features": layout.features,
            "columns with missing": {name: count for name, count in missing if count},
        }
        facts |= {"constant features": constant} if constant else {}
        if found.times is not None:
            times = np.concatenate(found.times)
            facts["first time"], facts["last time"] = map(time_text, (times.min(), times.max()))
            facts["out of order"] = found.unsorted
            facts["duplicates"] = found.duplicates
            facts |= {"gaps": found.gaps} if found.gaps else {}
        return facts | self.describe_target(layout, found)

    def describe_target(self, layout: Layout, data: SequenceData) -> Facts:
        """Return what ``elman check`` tells of targets."""
        return {}


def opened_layout(
    options: argparse.Namespace, path: str, table: Any, *, target: bool
) -> tuple[Table, Layout]:
    """Open a table, and return its columns as the model carries them or the options ask for them.

    Parameters
    ----------
    options : of the command
    path : of the data, or -
    table : what the model carries; None without a model
    target : whether targets are read
    """
    source = Source(path, options.format)
    opened = open_table(source, options.separator)
    if table is None:
        return opened, Layout.asked(options, opened.names, source.name)
    carried = table if "id" in table else Layout.of_python(options)
    layout = _overridden(Layout.of_model(carried, options.model), options)
    layout.check(opened.names, source.name, targets=target)
    return opened, layout


def finish(layout: Layout, found: SequenceData, faults: Faults) -> None:
    """Note times of another kind than fit's; warn of gaps, as a network sees rows, not times."""
    if layout.time_kind not in (None, found.time_kind):
        faults.add(None, layout.time, f"{layout.time_kind}s, as in fit", f"{found.time_kind}s")
    if found.gaps:
        warnings.warn(f"{found.file}: {found.gaps}", UserWarning, stacklevel=2)


def _overridden(layout: Layout, options: argparse.Namespace) -> Layout:
    """Return a model's columns with other names where the options give them."""
    changes = {
        name: value
        for name in ("id", "time", "target", "features")
        if (value := getattr(options, name, None)) is not None
    }
    features = changes.get("features", layout.features)
    if len(features) != len(layout.features):
        expected = f"{len(layout.features)} columns, as the model reads"
        raise UsageError(f"--features: expected {expected}, got {len(features)}")
    return layout._replace(**changes)
