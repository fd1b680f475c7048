"""Cells of a table made into numbers, times and codes; what is wrong is noted by row and column."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from elman._typing import FloatArray, IntArray
from elman.cli._faults import Faults, shown

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "nat"})
"""What stands for a missing value, in small letters."""

_DECIMAL_COMMA = re.compile(r"\s*[-+]?\d+,\d+\s*")
_MONTH = re.compile(r"\d{4}-\d{2}")


def is_missing(cell: Any) -> bool:
    """Whether a cell holds nothing."""
    if isinstance(cell, str):
        return cell.strip().lower() in MISSING
    return cell is None or cell != cell


# ---- numbers -------------------------------------------------------------------------------------


def numbers(
    cells: Any,
    lines: Sequence[int],
    column: str,
    faults: Faults,
    *,
    gaps: bool = False,
    fix: str = "",
) -> FloatArray:
    """Return cells as float64.

    Parameters
    ----------
    cells : sequence of texts or values
    lines : the line of each
    column : str
    faults : Faults
    gaps : bool
        Whether missing values are let through, as NaN.
    fix : str
        What the message about a column of other things than numbers says.
    """
    values = _converted(cells)
    wrong = np.flatnonzero(~np.isfinite(values))
    if gaps:
        wrong = np.array([i for i in wrong if not is_missing(cells[i])], np.int64)
    if len(wrong) == len(values) > 1 and not any(is_missing(cells[i]) for i in wrong):
        faults.add(lines[0], column, "a column of numbers", shown(cells[0]), fix)
        return values
    for i in wrong:
        faults.add(lines[int(i)], column, *_wrong_number(cells[i], values[i]))
    return values


def _converted(cells: Any) -> FloatArray:
    """Return cells as float64, NaN for those that are no numbers."""
    if isinstance(cells, np.ndarray) and cells.dtype.kind in "biuf":
        return cells.astype(np.float64)
    known: FloatArray | None = cells.numbers() if hasattr(cells, "numbers") else None
    if known is not None:
        return known
    try:
        values: FloatArray = np.array(cells, dtype=np.float64)
        if values.ndim == 1 and not _has_underscore(cells):
            return values
    except (TypeError, ValueError, OverflowError):
        pass
    return np.array([_number(cell) for cell in cells], np.float64)


def _has_underscore(cells: Any) -> bool:
    try:
        return "_" in "".join(cells)
    except TypeError:  # they are no texts
        return any(isinstance(cell, str) and "_" in cell for cell in cells)


def _number(cell: Any) -> float:
    if isinstance(cell, str) and "_" in cell:  # Python reads 1_000, and nobody else
        return np.nan
    try:
        return float(cell)
    except (TypeError, ValueError, OverflowError):
        return np.nan


def _wrong_number(cell: Any, value: float) -> tuple[str, str, str]:
    """Return what was expected, what was found and the fix."""
    if np.isinf(value):
        return "a finite number", shown(cell), ""
    if is_missing(cell):
        fix = "fill the value in, or take the row or the column out"
        return "a number", shown(cell), fix
    comma = isinstance(cell, str) and _DECIMAL_COMMA.fullmatch(cell)
    return "a number", shown(cell), "write decimals with a point" if comma else ""


def is_number(cell: Any) -> bool:
    """Whether a cell is a number."""
    return not np.isnan(_number(cell))


# ---- codes ---------------------------------------------------------------------------------------


class Codes:
    """Different values of a column, numbered in the order in which they first come."""

    def __init__(self) -> None:
        self._numbers: dict[Any, int] = {}

    def of(self, cells: Any) -> IntArray:
        """Return the number of each cell."""
        known = self._numbers
        cells = cells.tolist() if isinstance(cells, np.ndarray) else list(cells)
        if any(isinstance(cell, list | dict) for cell in cells):  # which is a fault
            cells = [str(cell) for cell in cells]
        return np.array([known.setdefault(cell, len(known)) for cell in cells], np.int64)

    @property
    def values(self) -> list[Any]:
        """The values, in the order of their numbers."""
        return list(self._numbers)


def note_missing(cells: Any, lines: Sequence[int], column: str, what: str, faults: Faults) -> None:
    """Note a fault where a cell of a column that must be complete holds nothing."""
    if isinstance(cells, np.ndarray) and cells.dtype.kind in "biu":
        return
    for i, cell in enumerate(cells):
        if is_missing(cell) and (not isinstance(cell, str) or not cell.strip()):
            faults.add(lines[i], column, what, shown(cell), "fill it in, or take the row out")
        elif isinstance(cell, list | dict):
            faults.add(lines[i], column, what, shown(cell))


def plain(values: Sequence[Any]) -> list[Any]:
    """Return texts that all are whole numbers, as Python writes them, as such; others as they are.

    >>> plain(["1", "20"]), plain(["01", "20"])
    ([1, 20], ['01', '20'])
    """
    if all(isinstance(v, str) and _is_whole(v) for v in values):
        return [int(value) for value in values]
    return list(values)


def _is_whole(text: str) -> bool:
    digits = text.removeprefix("-")
    right = digits.isdecimal() and digits.isascii() and len(digits) < 19
    return right and str(int(text)) == text


# ---- times ---------------------------------------------------------------------------------------


class Times:
    """The times of a column: numbers, or dates in the order of ISO 8601.

    Parameters
    ----------
    column : str
    faults : Faults

    Attributes
    ----------
    kind : "number", "date" or None
        What the first cell is, and all others must be.
    offsets : dict
        The time zones of dates, and for each the first row that has it, from 0 on; a zone is its
        name, or its offset from UTC as +01:00. It is empty for dates without zones.
    """

    def __init__(self, column: str, faults: Faults) -> None:
        self._column, self._faults = column, faults
        self.kind: str | None = None
        self.offsets: dict[str, int] = {}
        self._rows = 0
        self._zoned: bool | None = None
        self._parts: list[npt.NDArray[Any]] = []

    def add(self, cells: Any, lines: Sequence[int]) -> None:
        """Read a block's cells."""
        if self.kind is None:
            self.kind = self._kind(cells)
        if isinstance(cells, np.ndarray) and cells.dtype.kind in "iufM":
            of_kind = "date" if cells.dtype.kind == "M" else "number"
            if of_kind == self.kind and np.isfinite(cells.astype(np.float64)).all():
                part = cells.astype("datetime64[us]") if of_kind == "date" else cells
                self._parts.append(part)
                return
        if self.kind == "number":
            self._parts.append(numbers(cells, lines, self._column, self._faults))
        else:
            self._parts.append(self._dates(cells, lines))

    def values(self) -> npt.NDArray[Any]:
        """Return the times of all rows, numbers or datetime64; of time zones in UTC."""
        found: npt.NDArray[Any] = np.concatenate(self._parts) if self._parts else np.zeros(0)
        if found.dtype.kind == "f" and (found == np.round(found)).all() and len(found):
            return found.astype(np.int64) if np.abs(found).max() < 2**53 else found
        return found

    def _kind(self, cells: Any) -> str:
        first = next((cell for cell in cells if not is_missing(cell)), "")
        if isinstance(first, np.datetime64 | datetime.date):
            return "date"
        return "date" if np.isnan(_number(first)) else "number"

    def _dates(self, cells: Any, lines: Sequence[int]) -> npt.NDArray[Any]:
        """Return a block's dates, in UTC where they have a zone."""
        return np.array(
            [self._date(cell, line) for cell, line in zip(cells, lines, strict=True)],
            "datetime64[us]",
        )

    def _date(self, cell: Any, line: int) -> Any:
        found = _parsed(cell)
        self._rows += 1
        if found is None:
            expected = "a date such as 2024-01-31 or 2024-01-31T18:30:00"
            fix = "" if is_missing(cell) else "write the year first, then month and day"
            self._faults.add(line, self._column, expected, shown(cell), fix)
            return np.datetime64("NaT")
        zoned = found.tzinfo is not None
        if self._zoned is None:
            self._zoned = zoned
        if zoned != self._zoned:
            which = "with" if self._zoned else "without"
            expected = f"a time {which} a time zone, as in the rows before"
            fix = "write all with one, as in 2024-01-31T18:30:00+00:00"
            self._faults.add(line, self._column, expected, shown(cell), fix)
        if not zoned:
            return found
        self.offsets.setdefault(_zone(found), self._rows - 1)
        return found.astimezone(datetime.UTC).replace(tzinfo=None)


def _zone(time: datetime.datetime) -> str:
    """Return the name of a time's zone, or its offset from UTC."""
    for name in ("key", "zone"):  # as zoneinfo and pytz have it
        if isinstance(found := getattr(time.tzinfo, name, None), str):
            return found
    return time.isoformat()[-6:]


def _parsed(cell: Any) -> datetime.datetime | None:
    if isinstance(cell, datetime.datetime):
        return cell
    if isinstance(cell, datetime.date):
        return datetime.datetime(cell.year, cell.month, cell.day)
    if isinstance(cell, np.datetime64):
        found = cell.astype("datetime64[us]").item()
        return found if isinstance(found, datetime.datetime) else None
    text = str(cell).strip()
    try:
        return datetime.datetime.fromisoformat(text + "-01" if _MONTH.fullmatch(text) else text)
    except ValueError:
        return None
