"""Tables of CSV and TSV, read block by block, with each row's line."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from elman.cli._errors import DataError
from elman.cli._faults import Faults, shown
from elman.cli._source import Source
from elman.cli._table import Block

BLOCK = 2**15
"""How many rows are read at once."""

_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_FLAGS = {"\t": "tab"}


class CsvTable:
    """The rows of a file whose first line names the columns.

    Parameters
    ----------
    source : Source
    separator : str, optional
        None is a comma, or for tsv a tab.

    Attributes
    ----------
    names : list of str
    line : int
        The line where they stand.

    Raises
    ------
    DataError
        If the first line does not name columns.
    """

    def __init__(self, source: Source, separator: str | None = None) -> None:
        self.name = source.name
        self._separator = separator or ("\t" if source.format == "tsv" else ",")
        self._reader = csv.reader(source.lines(), delimiter=self._separator, strict=True)
        self.names = self._header()

    def blocks(self, faults: Faults) -> Iterator[Block]:
        """Yield the rows, without empty lines; those of another width are noted as faults."""
        rows = self._numbered()
        while numbered := list(islice(rows, BLOCK)):
            right = [(line, row) for line, row in numbered if self._has_width(line, row, faults)]
            if right:
                columns = zip(*(row for _, row in right), strict=True)
                lines = [line for line, _ in right]
                yield Block(lines, dict(zip(self.names, columns, strict=True)))

    def _has_width(self, line: int, row: list[str], faults: Faults) -> bool:
        width = len(self.names)
        if len(row) != width:
            expected = f"{width} values, as the first line has names"
            fix = "a value that holds the separator stands in double quotes"
            faults.add(line, None, expected, str(len(row)), fix if len(row) > width else "")
        return len(row) == width

    def _numbered(self) -> Iterator[tuple[int, list[str]]]:
        """Yield each row that is not empty, and the line where it begins."""
        while True:
            line = self._reader.line_num + 1
            try:
                row = next(self._reader, None)
            except csv.Error as error:
                raise DataError(f"{self.name}:{line}: {_worded(str(error))}") from None
            if row is None:
                return
            if row:
                yield line, row

    def _header(self) -> list[str]:
        first = next(self._numbered(), None)
        if first is None:
            raise DataError(f"{self.name}: expected a line of names of columns, got empty lines")
        line, names = first
        self.line = line
        names = [name.strip() for name in names]
        self._check_separator(line, names)
        expected = "the names of the columns in the first line"
        if all(_is_number(name) for name in names):
            got = f"numbers such as {names[0]!r}"
            raise DataError(f"{self.name}:{line}: expected {expected}, got {got}; put them there")
        check_names(self.name, line, names)
        return names

    def _check_separator(self, line: int, names: Sequence[str]) -> None:
        """Hold that a file that has one column does not look as if it had several."""
        if len(names) > 1:
            return
        for other, word in _SEPARATORS.items():
            if other != self._separator and other in names[0]:
                raise DataError(
                    f"{self.name}:{line}: the file has one column {shown(names[0])}; it seems to "
                    f"be separated by {word}: pass --separator '{_FLAGS.get(other, other)}'"
                )


def check_names(name: str, line: Any, names: Sequence[str]) -> None:
    """Hold that names of columns differ and are not empty (DataError)."""
    for i, column in enumerate(names):
        if not column:
            fix = "" if i else "; if it is the index of pandas, write the file with index=False"
            raise DataError(f"{name}:{line}: expected a name for column {i + 1}, got none{fix}")
        if column in names[:i]:
            raise DataError(
                f"{name}:{line}: expected different names of columns, got {column!r} twice"
            )


def _worded(message: str) -> str:
    """Return csv's message with what may be done."""
    if "unexpected end of data" in message:
        return "expected a double quote that ends the value, got the end of the file"
    if "new-line character" in message:
        return "expected lines that end in LF or CR LF, got CR alone; convert the file"
    if "expected after" in message:
        return "expected a separator after a closing double quote, got another character; write a "\
               "double quote within a value twice"  # fmt: skip
    if "field larger" in message:
        return "expected a value of fewer characters; a double quote may be missing that ends it"
    return message


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
