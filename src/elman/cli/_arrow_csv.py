"""Large plain files of CSV and TSV, which pyarrow reads ten times as fast as the csv module.

Whatever pyarrow stumbles on is read again by `CsvTable`, which names row and column.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, overload

import numpy as np

from elman._typing import FloatArray
from elman.cli._csv import CsvTable
from elman.cli._faults import Faults
from elman.cli._source import Source
from elman.cli._table import Block

LARGE = 2**22
"""From so many bytes on, importing pyarrow pays."""

_BLOCK = 2**22


def is_fast(source: Source) -> bool:
    """Whether a file is large, and so plain that pyarrow reads it as `CsvTable` does.

    Lines that are empty, or hidden within double quotes, would not be counted as `CsvTable` does.
    """
    if source.is_pipe or not os.path.isfile(source.path) or os.path.getsize(source.path) < LARGE:
        return False
    if importlib.util.find_spec("pyarrow") is None:
        return False
    with open(source.path, "rb") as file:
        if file.read(2) == b"\x1f\x8b":
            return False
        file.seek(0)
        while lines := file.readlines(_BLOCK):
            block = b"".join([b"\n", *lines]).replace(b"\r\n", b"\n")
            if b"\n\n" in block or b"\r" in block or b'"' in block:
                return False
    return True


class ArrowCells(Sequence[str]):
    """The cells of a column, texts that pyarrow holds."""

    def __init__(self, array: Any) -> None:
        self._array = array

    def __len__(self) -> int:
        return len(self._array)

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> ArrowCells: ...
    def __getitem__(self, at: int | slice) -> str | ArrowCells:
        if isinstance(at, slice):
            return ArrowCells(self._array[at])
        text: str = self._array[int(at)].as_py()
        return text

    def __iter__(self) -> Iterator[str]:
        return iter(self._array.to_pylist())

    def numbers(self) -> FloatArray | None:
        """Return the cells as float64; None if one is no number as pyarrow reads them."""
        import pyarrow

        try:
            found: FloatArray = self._array.cast(pyarrow.float64()).to_numpy(zero_copy_only=False)
        except pyarrow.ArrowInvalid:
            return None
        return found if np.isfinite(found).all() else None


class ArrowCsvTable:
    """The rows of a file for which `is_fast` holds.

    Parameters
    ----------
    source : Source
    separator : str, optional
        As of `CsvTable`.
    """

    def __init__(self, source: Source, separator: str | None = None) -> None:
        self._source, self._separator = source, separator
        head = CsvTable(source, separator)
        self.name, self.names, self._first = head.name, head.names, head.line + 1

    def blocks(self, faults: Faults) -> Iterator[Block]:
        """Yield the rows."""
        import pyarrow

        start, rows = self._first, 0
        try:
            for batch in self._batches():
                lines = range(start + rows, start + rows + batch.num_rows)
                rows += batch.num_rows
                cells = {n: ArrowCells(batch.column(i)) for i, n in enumerate(self.names)}
                yield Block(lines, cells)
        except pyarrow.ArrowInvalid:
            yield from _after(rows, CsvTable(self._source, self._separator).blocks(faults))

    def _batches(self) -> Iterator[Any]:
        import pyarrow
        from pyarrow import csv

        separator = self._separator or ("\t" if self._source.format == "tsv" else ",")
        text = pyarrow.string()
        yield from csv.open_csv(
            self._source.path,
            csv.ReadOptions(
                use_threads=False,
                block_size=_BLOCK,
                skip_rows=self._first - 1,
                column_names=self.names,
            ),
            csv.ParseOptions(delimiter=separator, ignore_empty_lines=False),
            csv.ConvertOptions(column_types=dict.fromkeys(self.names, text), null_values=[]),
        )


def _after(rows: int, blocks: Iterator[Block]) -> Iterator[Block]:
    """Yield blocks without their first rows."""
    for block in blocks:
        skipped = min(rows, len(block.lines))
        rows -= skipped
        if skipped < len(block.lines):
            cells = {name: column[skipped:] for name, column in block.cells.items()}
            yield Block(list(islice(block.lines, skipped, None)), cells)
