"""Results as CSV, TSV, JSON lines, Parquet or, on a terminal, an aligned table.

Floats are written with as many digits as it takes to read the same bits back.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import math
import os
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np

from elman.cli._errors import UsageError
from elman.cli._parquet import pyarrow_parquet
from elman.cli._tasks import Results
from elman.cli._text_table import aligned
from elman.cli._time_text import date_texts
from elman.io import _paths

_FORMATS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
}
_ROWS = 2**12


def output_format(options: Any) -> str:
    """Return the format of the results, before anything is computed.

    Raises
    ------
    UsageError
        If the name of the output ends in something else.
    """
    if options.output in (None, "-"):
        return "jsonl" if options.json else "csv"
    suffix = os.path.splitext(options.output)[1].lower()
    if suffix in _FORMATS:
        return _FORMATS[suffix]
    if os.path.exists(options.output) and not os.path.isfile(options.output):
        return "jsonl" if options.json else "csv"  # a device or a named pipe
    raise UsageError(f"-o: expected a name that ends in one of {', '.join(_FORMATS)}, got "
                     f"{options.output!r}")  # fmt: skip


def write(results: Results, options: Any, *, table: bool = False) -> None:
    """Write results to the output that the options name.

    A file is there as a whole or, after an error, as it was.

    Parameters
    ----------
    results : columns by name
    options : of the command
    table : whether a terminal shows an aligned table
    """
    form = output_format(options)
    if options.output in (None, "-"):
        if table and form == "csv" and sys.stdout.isatty():
            print(aligned(results))
            return
        sys.stdout.writelines(_lines(results, form))
        return
    parts = [_parquet(results)] if form == "parquet" else _encoded(_lines(results, form))
    if os.path.exists(options.output) and not os.path.isfile(options.output):
        with contextlib.ExitStack() as stack:
            file = stack.enter_context(open(options.output, "wb"))
            file.writelines(parts)
        return
    _paths.replace(options.output, parts)


def _encoded(lines: Iterator[str]) -> Iterator[bytes]:
    for line in lines:
        yield line.encode()


def _lines(results: Results, form: str) -> Iterator[str]:
    """Yield the text of the results, some thousand rows at a time."""
    rows = zip(*(_plain(column) for column in results.values()), strict=True)
    if form == "jsonl":
        names = list(results)
        while part := list(islice(rows, _ROWS)):
            yield "".join(f"{_json(names, row)}\n" for row in part)
        return
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter="\t" if form == "tsv" else ",", lineterminator="\n")
    writer.writerow(results)
    while part := list(islice(rows, _ROWS)):
        writer.writerows(part)
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def _plain(column: Any) -> Sequence[Any]:
    """Return a column as Python's values, whose repr reads back to the same bits."""
    array = np.asarray(column) if not isinstance(column, list) else column
    if isinstance(array, list):
        return array
    if array.dtype.kind == "M":
        return date_texts(array)
    if array.dtype == np.float32:  # the shortest decimals of float32, not of the same float64
        return [float(text) for text in array.astype("U32").tolist()]
    found: list[Any] = array.tolist()
    return found


def _json(names: Sequence[str], row: Sequence[Any]) -> str:
    values = [None if isinstance(v, float) and not math.isfinite(v) else v for v in row]
    return json.dumps(dict(zip(names, values, strict=True)), ensure_ascii=False)


def _parquet(results: Results) -> bytes:
    """Return a Parquet file, in which numbers keep their dtype."""
    parquet = pyarrow_parquet()
    import pyarrow

    arrays = [pyarrow.array(column) for column in results.values()]
    buffer = io.BytesIO()
    parquet.write_table(pyarrow.table(arrays, names=list(results)), buffer)
    return buffer.getvalue()
