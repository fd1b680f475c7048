"""Faults of a file, gathered, so that one run names many of them."""

from __future__ import annotations

from typing import Any

from elman.cli._errors import DataError

_SHOWN = 10


class Faults:
    """What is wrong in a file.

    Parameters
    ----------
    name : str
        The file's, as messages name it.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.count = 0
        self._lines: list[tuple[int, str]] = []

    def add(self, row: Any, column: str | None, expected: str, got: str, fix: str = "") -> None:
        """Note a fault.

        Parameters
        ----------
        row : int or None
            The line of a text file, the first being 1; of a Parquet file the row.
        column : str or None
            Its name.
        expected, got, fix : str
        """
        self.count += 1
        if len(self._lines) < _SHOWN:
            place = ":".join(
                [self.name, *(str(part) for part in (row, column) if part is not None)]
            )
            message = f"{place}: expected {expected}, got {got}" + (fix and f"; {fix}")
            self._lines.append((int(row or 0), message))

    def note(self, message: str) -> None:
        """Note a fault in words of its own."""
        self.count += 1
        self._lines.append((0, message))

    def first(self) -> str:
        """Return the message of the first fault in the file that was noted."""
        return min(self._lines)[1]

    def check(self) -> None:
        """Raise what was noted, the first ten of it.

        Raises
        ------
        DataError
            If anything was.
        """
        if self.count:
            more = self.count - len(self._lines)
            rest = [f"{self.name}: and {more} more like these"] if more else []
            lines = [message for _, message in sorted(self._lines, key=lambda line: line[0])]
            raise DataError("\n".join([*lines, *rest]))


def shown(value: Any) -> str:
    """Return a cell as messages show it."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return "an empty cell"
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."
