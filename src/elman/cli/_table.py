"""A table of whatever format, as blocks of rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol

from elman.cli._faults import Faults
from elman.cli._source import Source


class Block(NamedTuple):
    """Rows of a table.

    lines : the line of each row in its file, as messages name it
    cells : for each column its cells: texts of CSV, values of JSON, arrays of Parquet
    """

    lines: Sequence[int]
    cells: dict[str, Any]


class Table(Protocol):
    """A table in a file: the names of its columns, and its rows, which can be read once."""

    name: str
    names: list[str]

    def blocks(self, faults: Faults) -> Iterator[Block]:
        """Yield the rows; those that are no rows of the table are noted as faults."""


def open_table(source: Source, separator: str | None = None) -> Table:
    """Open a table.

    Raises
    ------
    DataError
        If it does not begin as a table does.
    OSError
        If it cannot be read.
    """
    if source.format == "jsonl":
        from elman.cli._jsonl import JsonTable

        return JsonTable(source)
    if source.format == "parquet":
        from elman.cli._parquet import ParquetTable

        return ParquetTable(source)
    from elman.cli._arrow_csv import ArrowCsvTable, is_fast
    from elman.cli._csv import CsvTable

    if is_fast(source):
        return ArrowCsvTable(source, separator)
    return CsvTable(source, separator)
