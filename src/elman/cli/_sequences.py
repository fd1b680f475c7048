"""A table with a row for each time step, made into sequences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from elman._typing import FloatArray, IntArray
from elman.cli._cells import Codes, Times, is_missing, is_number, note_missing, numbers, plain
from elman.cli._faults import Faults, shown
from elman.cli._layout import Layout
from elman.cli._table import Table
from elman.cli._time_text import date_texts, time_text
from elman.data._times import check_times


class SequenceData(NamedTuple):
    """Sequences of a table, in the order in which their ids first appear. Letters: n sequences.

    file : the table's name
    X : n arrays (T_i, I), or n lists of T_i words
    ids : n ids
    lines : the line of the first row of each
    times : n arrays (T_i,), or None
    time_kind : "number", "date" or None
    in_utc : whether times had time zones, and are in UTC
    target : n labels; or float64 (n, K); or n lists of T_i labels; or None
    weight : float64 (n,), or None
    unsorted : how many rows came before one of an earlier time
    duplicates : how many rows have the id and the time of one before
    gaps : a message, or ""
    step_lines : n arrays (T_i,), the line of each row
    """

    file: str
    X: list[Any]
    ids: list[Any]
    lines: IntArray
    times: list[npt.NDArray[Any]] | None = None
    time_kind: str | None = None
    in_utc: bool = False
    target: Any = None
    weight: FloatArray | None = None
    unsorted: int = 0
    duplicates: int = 0
    gaps: str = ""
    step_lines: list[IntArray] | None = None

    @property
    def n(self) -> int:
        """How many sequences there are."""
        return len(self.X)

    def time_columns(self) -> list[Any]:
        """Return the times of each sequence as results have them; n columns."""
        times = self.times or []
        return (
            [[f"{text}+00:00" for text in date_texts(t)] for t in times] if self.in_utc else times
        )

    def rows(self, chosen: IntArray) -> SequenceData:
        """Return some of the sequences."""
        picked = [int(i) for i in chosen]
        target = self.target
        if isinstance(target, list):
            target = [target[i] for i in picked]
        elif target is not None:
            target = target[chosen]
        return self._replace(
            X=[self.X[i] for i in picked],
            ids=[self.ids[i] for i in picked],
            lines=self.lines[chosen],
            times=None if self.times is None else [self.times[i] for i in picked],
            target=target,
            weight=None if self.weight is None else self.weight[chosen],
            step_lines=None if self.step_lines is None else [self.step_lines[i] for i in picked],
        )


def read_sequences(
    table: Table, layout: Layout, faults: Faults, *, target: str = "", words: bool = False
) -> SequenceData:
    """Read the sequences of a table, and note what is wrong.

    Parameters
    ----------
    table : Table
    layout : Layout
    faults : Faults
        What is noted there is not raised.
    target : "", "label", "number" or "step"
        What the targets are, if they are read: a label or numbers of a sequence, or a label of each
        step.
    words : bool
        Whether one feature alone may be a word of each step.

    Raises
    ------
    DataError
        If rows are so wrong that they make no sequences.
    """
    rows = _Rows(layout, faults, target, words=words)
    for block in table.blocks(faults):
        rows.add(block.cells, block.lines)
    if not rows.lines:
        faults.add(None, None, "a row for each time step", "no rows")
        faults.check()
    return rows.sequences(table.name)


class _Rows:
    """The columns of all rows, converted block by block."""

    def __init__(self, layout: Layout, faults: Faults, target: str, *, words: bool) -> None:
        self._layout, self._faults = layout, faults
        self.lines: list[Sequence[int]] = []
        self._ids, self._codes = Codes(), list[IntArray]()
        self._times = Times(layout.time, faults) if layout.time else None
        self._frames: list[Any] = []
        self._words = layout.words if words and len(layout.features) == 1 else False
        columns = layout.target if target else []
        self._labels = {name: Codes() for name in columns if target in ("label", "step")}
        self._of_steps = target == "step"
        self._numbers = [*(columns if target == "number" else [])]
        self._numbers += [layout.weight] if target and layout.weight else []
        self._by_row: dict[str, list[Any]] = {name: [] for name in [*self._labels, *self._numbers]}

    def add(self, cells: dict[str, Any], lines: Sequence[int]) -> None:
        layout, faults = self._layout, self._faults
        self.lines.append(lines)
        note_missing(cells[layout.id], lines, layout.id, "an id in every row", faults)
        self._codes.append(self._ids.of(cells[layout.id]))
        if self._times is not None and layout.time is not None:
            self._times.add(cells[layout.time], lines)
        self._frames.append(self._features(cells, lines))
        for name, codes in self._labels.items():
            note_missing(cells[name], lines, name, "a label in every row", faults)
            self._by_row[name].append(codes.of(cells[name]))
        for name in self._numbers:
            self._by_row[name].append(numbers(cells[name], lines, name, faults))

    def _features(self, cells: dict[str, Any], lines: Sequence[int]) -> Any:
        """Return the features of a block, (rows, I), or its words."""
        names = self._layout.features
        if self._words is None:
            self._words = any(isinstance(c, str) and not is_number(c) for c in cells[names[0]])
        if self._words:
            note_missing(cells[names[0]], lines, names[0], "a word in every row", self._faults)
            return np.array([str(cell) for cell in cells[names[0]]], object)
        fix = "leave the column out: name the others with --features"
        columns = [numbers(cells[n], lines, n, self._faults, fix=fix) for n in names]
        return np.stack(columns, axis=1)

    def sequences(self, file: str) -> SequenceData:
        """Return the sequences; what differs among the rows of one is noted."""
        lines = np.concatenate([np.asarray(part) for part in self.lines])
        codes = np.concatenate(self._codes)
        ids = plain(self._ids.values)
        by_row = {name: np.concatenate(parts) for name, parts in self._by_row.items()}
        first = np.unique(codes, return_index=True)[1]
        for name, values in () if self._of_steps else by_row.items():
            self._check_same(name, values, codes, first, lines, ids)
        order, times, unsorted = np.argsort(codes, kind="stable"), None, 0
        duplicates, gaps = 0, ""
        cuts = np.cumsum(np.bincount(codes, minlength=len(ids)))[:-1]
        if self._times is not None:
            times = self._times.values()
            by_id = times[order]
            follows = codes[order][1:] == codes[order][:-1]
            unsorted = int(np.count_nonzero(follows & (by_id[1:] < by_id[:-1])))
            order = np.lexsort((times, codes))
            duplicates, gaps = self._check_times(times[order], codes[order], lines[order], ids)
        X: list[Any] = np.split(np.concatenate(self._frames)[order], cuts)
        data = SequenceData(
            file=file,
            X=[x.tolist() for x in X] if self._words else X,
            ids=ids,
            lines=lines[first],
            times=None if times is None else np.split(times[order], cuts),
            time_kind=None if self._times is None else self._times.kind,
            in_utc=self._times is not None and bool(self._times.offsets),
            unsorted=unsorted,
            duplicates=duplicates,
            gaps=gaps,
            step_lines=np.split(lines[order], cuts),
        )
        if self._of_steps:
            name, codes = next(iter(by_row.items()))
            labels = np.array(plain(self._labels[name].values), object)[codes[order]]
            return data._replace(target=[part.tolist() for part in np.split(labels, cuts)])
        return data._replace(**self._targets(by_row, first))

    def _targets(self, by_row: dict[str, Any], first: IntArray) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, codes in self._labels.items():
            values = plain(codes.values)
            found["target"] = [values[code] for code in by_row[name][first]]
        targets = [n for n in self._layout.target if n in self._numbers]
        if targets:
            found["target"] = np.stack([by_row[name][first] for name in targets], axis=1)
        weight = self._layout.weight
        if weight in self._numbers:
            found["weight"] = by_row[weight][first]
        return found

    def _check_same(
        self, name: str, values: Any, codes: IntArray, first: IntArray, lines: Any, ids: list[Any]
    ) -> None:
        """Note rows whose target or weight is not that of their sequence."""
        wanted = values[first][codes]
        differs = values != wanted
        if values.dtype.kind == "f":
            differs &= np.isfinite(values) & np.isfinite(wanted)
            if name == self._layout.weight:
                for row in np.flatnonzero(values < 0):
                    self._faults.add(lines[row], name, "a weight of 0 or more", f"{values[row]}")
        texts = self._labels[name].values if name in self._labels else None
        if texts:  # an empty cell is a fault already
            empty = np.array([is_missing(text) for text in texts])
            differs &= ~empty[values] & ~empty[wanted]
        for row in np.flatnonzero(differs):
            one, other = (texts[v] if texts else v for v in (wanted[row], values[row]))
            expected = f"{shown(one)}, as in line {lines[first[codes[row]]]}, where "
            expected += f"{self._layout.id} {shown(ids[codes[row]])} begins"
            self._faults.add(lines[row], name, expected, shown(other))

    def _check_times(
        self, times: Any, codes: IntArray, lines: Any, ids: list[Any]
    ) -> tuple[int, str]:
        """Note rows of one id and time; return how many, and what there is to say of gaps."""
        same = np.flatnonzero((codes[1:] == codes[:-1]) & (times[1:] == times[:-1]))
        for i in same:
            name, value = self._layout.id, shown(ids[codes[i]])
            expected = f"one row of {name} {value} at {time_text(times[i])}"
            got = f"another one, after line {lines[i]}"
            fix = "take one out, or take their mean"
            self._faults.add(lines[i + 1], self._layout.time, expected, got, fix)
        if len(same) or self._faults.count:
            return len(same), ""
        named = np.array([str(value) for value in ids], object)[codes]
        gaps = check_times(named, times, step="infer")
        return 0, gaps.replace("or pass step=None if", "unless")


def joined(column: list[Any]) -> Any:
    """Return the columns of sequences one after another."""
    if isinstance(column[0], np.ndarray):
        return np.concatenate(column)
    return [value for part in column for value in part]
