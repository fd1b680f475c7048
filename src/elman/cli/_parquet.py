"""Tables of Parquet, which pyarrow reads."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from elman.cli._csv import BLOCK, check_names
from elman.cli._errors import DataError
from elman.cli._faults import Faults
from elman.cli._source import Source
from elman.cli._table import Block


def pyarrow_parquet() -> Any:
    """Return the module pyarrow.parquet (ImportError with the way to install it)."""
    try:
        import pyarrow.parquet
    except ImportError:
        message = "Parquet needs pyarrow: pip install 'elman[cli]' brings it"
        raise ImportError(message, name="pyarrow") from None
    return pyarrow.parquet


class ParquetTable:
    """The rows of a Parquet file; its rows are counted from 1.

    Parameters
    ----------
    source : Source

    Attributes
    ----------
    names : list of str

    Raises
    ------
    DataError
        If it is no such file.
    """

    def __init__(self, source: Source) -> None:
        parquet = pyarrow_parquet()
        self.name = source.name
        with source.open() as file:
            data = io.BytesIO(file.read())
        try:
            self._file = parquet.ParquetFile(data)
        except (OSError, ValueError) as error:
            got = " ".join(str(error).split())[:100]
            raise DataError(f"{self.name}: expected a Parquet file, got: {got}") from None
        self.names: list[str] = list(self._file.schema_arrow.names)
        check_names(self.name, 1, self.names)

    def blocks(self, faults: Faults) -> Iterator[Block]:
        """Yield the rows."""
        start = 1
        for batch in self._file.iter_batches(BLOCK):
            cells = {n: _cells(batch.column(i)) for i, n in enumerate(self.names)}
            yield Block(range(start, start + batch.num_rows), cells)
            start += batch.num_rows


def _cells(column: Any) -> Any:
    """Return numbers and times without missing values as an array, all else as a list."""
    if getattr(column.type, "tz", None) is not None:
        return column.to_pylist()  # an array would have no time zones
    array = column.to_numpy(zero_copy_only=False)
    if array.dtype.kind in "biufM" and not (column.null_count and array.dtype.kind != "f"):
        return array
    return column.to_pylist()
