"""A table of series made into a frame of Nixtla's form: unique_id, ds, y and covariates."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from elman._typing import IntArray
from elman.cli._cells import Codes, Times, is_missing, is_number, note_missing, numbers, plain
from elman.cli._errors import DataError, UsageError
from elman.cli._faults import Faults, shown
from elman.cli._layout import missing_column
from elman.cli._table import Table
from elman.cli._time_text import time_text

ID, TIME, TARGET = "unique_id", "ds", "y"
"""Nixtla's names, which columns have if nothing else is said."""

ONE = "series"
"""The id of a series that has no column of ids."""


class SeriesColumns(NamedTuple):
    """The columns of a table of series.

    id : None for one series alone
    time, target : names
    features, future : covariates that are known up to now, and h steps ahead
    """

    id: str | None
    time: str
    target: str
    features: list[str]
    future: list[str]

    @classmethod
    def asked(cls, options: Any, names: Sequence[str], file: str) -> SeriesColumns:
        """Return the columns that the options of fit ask for.

        Raises
        ------
        UsageError
            If one is asked for twice.
        DataError
            If one is not in the table.
        """
        id_ = options.id or (ID if ID in names else None)
        target = options.target[0] if options.target else TARGET
        found = cls(id_, options.time or TIME, target, options.features or [], options.future or [])
        found.check(names, file, target=True)
        used = found.names(target=True)
        twice = [name for name in used if used.count(name) > 1]
        if twice:
            raise UsageError(f"columns: expected each for one purpose, got {twice[0]!r} for two")
        return found

    @classmethod
    def of_model(cls, table: Any, file: str) -> SeriesColumns:
        """Return the columns that a model carries; of one fitted in Python Nixtla's names.

        Raises
        ------
        DataError
            If what the model's file says of them makes no sense.
        """
        found = {name: table.get(name) for name in cls._fields}
        texts = [found["time"], found["target"], *([found["id"]] if found["id"] else [])]
        lists = [found["features"], found["future"]]
        right = all(isinstance(text, str) for text in texts)
        if not right or not all(isinstance(names, list) for names in lists):
            raise DataError(f"{file}: expected a model that carries its columns, got {table!r:.80}")
        return cls(**found)

    def names(self, *, target: bool, ahead: bool = False) -> list[str]:
        """Return the names of the columns that are read; `ahead`, of what is known ahead."""
        own = [self.id] if self.id else []
        if ahead:
            return [*own, self.time, *self.future]
        return [*own, self.time, *([self.target] if target else []), *self.features, *self.future]

    def check(self, names: Sequence[str], file: str, *, target: bool, ahead: bool = False) -> None:
        """Hold that a table has these columns (DataError)."""
        for name in self.names(target=target, ahead=ahead):
            if name not in names:
                raise DataError(f"{file}: {missing_column(name, names)}")


class SeriesData(NamedTuple):
    """Series as a frame.

    file : as messages name it
    columns : SeriesColumns
    frame : pandas.DataFrame with unique_id, ds, y, and covariates by their names
    static : pandas.DataFrame with unique_id, or None
    unsorted : how many rows came before one of an earlier time
    duplicates : how many rows have the id and the time of one before
    others : columns that were not read
    steps : what is known of the steps, for `elman check`
    """

    file: str
    columns: SeriesColumns
    frame: Any
    static: Any
    unsorted: int
    duplicates: int
    others: list[str]
    steps: dict[str, Any]


def read_series(
    table: Table, columns: SeriesColumns, faults: Faults, *, ahead: bool = False
) -> SeriesData:
    """Read the rows of series, and note what is wrong.

    Parameters
    ----------
    table : Table
    columns : SeriesColumns
    faults : Faults
    ahead : bool
        Whether they are the covariates that are known ahead, which have no target.

    Raises
    ------
    DataError
        If a column is not there, or there are no rows.
    """
    import pandas as pd

    columns.check(table.names, table.name, target=True, ahead=ahead)
    names = columns.names(target=True, ahead=ahead)
    covariates = [name for name in names if name not in (columns.id, columns.time)]
    ids, times = Codes(), Times(columns.time, faults)
    lines: list[Any] = []
    codes: list[IntArray] = []
    values: dict[str, list[Any]] = {name: [] for name in covariates}
    for block in table.blocks(faults):
        lines.append(np.asarray(block.lines))
        if columns.id:
            own = block.cells[columns.id]
            note_missing(own, block.lines, columns.id, "an id in every row", faults)
        else:
            own = [ONE] * len(block.lines)
        codes.append(ids.of(own))
        times.add(block.cells[columns.time], block.lines)
        for name in covariates:
            gaps = name not in columns.future
            found = numbers(block.cells[name], block.lines, name, faults, gaps=gaps)
            values[name].append(found)
    if not lines:
        faults.add(None, None, "a row for each time step", "no rows")
        faults.check()
    all_codes, all_lines = np.concatenate(codes), np.concatenate(lines)
    when = times.values()
    unsorted, duplicates = _check_rows(
        columns, plain(ids.values), all_codes, when, all_lines, faults
    )
    _check_offsets(times, columns, all_lines, faults)
    frame = pd.DataFrame(
        {
            ID: np.array(plain(ids.values), object)[all_codes],
            TIME: _dated(when, times),
            **{name: np.concatenate(parts) for name, parts in values.items()},
        }
    )
    frame = frame.rename(columns={columns.target: TARGET})
    frame[ID] = frame[ID].infer_objects()
    others = [name for name in table.names if name not in names]
    return SeriesData(table.name, columns, frame, None, unsorted, duplicates, others, {})


def read_static(table: Table, columns: SeriesColumns, faults: Faults) -> Any:
    """Read a table with a row for each series: numbers, and texts as categories."""
    import pandas as pd

    if columns.id is None:
        raise UsageError("--static: expected --id as well, which tells the series")
    if columns.id not in table.names:
        raise DataError(f"{table.name}: {missing_column(columns.id, table.names)}")
    cells: dict[str, list[Any]] = {name: [] for name in table.names}
    lines: list[int] = []
    for block in table.blocks(faults):
        lines += list(block.lines)
        for name, part in block.cells.items():
            cells[name] += list(part)
    found: dict[str, Any] = {ID: plain(cells.pop(columns.id))}
    note_missing(found[ID], lines, columns.id, "an id in every row", faults)
    for name, part in cells.items():
        note_missing(part, lines, name, "a value in every row", faults)
        whole = all(is_number(cell) for cell in part)
        found[name] = numbers(part, lines, name, faults) if whole else [str(c) for c in part]
    first: dict[Any, int] = {}
    for id_, line in zip(found[ID], lines, strict=True):
        if first.setdefault(id_, line) != line and not is_missing(id_):
            expected = f"one row of {columns.id} {shown(id_)}"
            faults.add(line, columns.id, expected, f"another one, after line {first[id_]}")
    return pd.DataFrame(found)


def _check_rows(
    columns: SeriesColumns, ids: list[Any], codes: IntArray, times: Any, lines: Any, faults: Faults
) -> tuple[int, int]:
    """Note rows of one id and time; return how many rows are out of order, and how many such."""
    order: IntArray = np.argsort(codes, kind="stable")
    follows = np.diff(codes[order]) == 0
    unsorted = int(np.count_nonzero(follows & (times[order][1:] < times[order][:-1])))
    order = np.lexsort((times, codes))
    codes, times, lines = codes[order], times[order], lines[order]
    same = np.flatnonzero((np.diff(codes) == 0) & (times[1:] == times[:-1]))
    for i in same:
        of = f" of {columns.id} {shown(ids[codes[i]])}" if columns.id else ""
        expected, got = (
            f"one row{of} at {time_text(times[i])}",
            f"another one, after line {lines[i]}",
        )
        faults.add(lines[i + 1], columns.time, expected, got, "take one out, or take their mean")
    return unsorted, len(same)


def _check_offsets(times: Times, columns: SeriesColumns, lines: Any, faults: Faults) -> None:
    """Note that times have different offsets from UTC, as then the wall's days are not known."""
    if len(times.offsets) > 1:
        (first, _), (other, row) = list(times.offsets.items())[:2]
        expected = f"the time zone {first}, as in line {lines[0]}"
        fix = "write all times in UTC, as 2024-01-31T18:30:00+00:00, or as the wall's, without one"
        faults.add(lines[row], columns.time, expected, other, fix)


def _dated(when: Any, times: Times) -> Any:
    """Return times as pandas has them, in their time zone if they have one."""
    import pandas as pd

    series = pd.Series(when)
    zone = next(iter(times.offsets), None)
    if times.kind != "date" or zone is None:
        return series
    known: Any = zone
    if zone.startswith(("+", "-")):
        known = datetime.datetime.fromisoformat(f"2000-01-01T00:00:00{zone}").tzinfo
    return series.dt.tz_localize("UTC").dt.tz_convert(known)
