"""Results as CSV, TSV, JSON lines, Parquet or, on a terminal, an aligned table.

Floats are written with as many digits as it takes to read the same bits back.
"""

from __future__ import annotations

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
    on_terminal = options.output in (None, "-") and sys.stdout.isatty()
    if table and on_terminal and output_format(options) == "csv":
        print(aligned(results))
    else:
        write_parts(iter([results]), options)


def write_parts(parts: Iterator[Results], options: Any) -> None:
    """Write results that come part by part; all parts have the same columns."""
    form = output_format(options)
    if form == "parquet":
        _write_file(_parquet(parts), options.output)
    else:
        write_text(_lines(parts, form), options)


def write_text(texts: Iterator[str], options: Any) -> None:
    """Write texts, one after another."""
    if options.output in (None, "-"):
        for text in texts:
            sys.stdout.write(text)
        return
    _write_file((text.encode() for text in texts), options.output)


def _write_file(data: Iterator[bytes], path: str) -> None:
    if os.path.exists(path) and not os.path.isfile(path):
        with open(path, "wb") as file:
            file.writelines(data)
    else:
        _paths.replace(path, data)


def _lines(parts: Iterator[Results], form: str) -> Iterator[str]:
    """Yield the text of results, some thousand rows at a time."""
    for number, results in enumerate(parts):
        rows = zip(*(_plain(column) for column in results.values()), strict=True)
        names = list(results)
        if form != "jsonl" and not number:
            yield _csv([names], form)
        while some := list(islice(rows, _ROWS)):
            if form == "jsonl":
                yield "".join(f"{_json(names, row)}\n" for row in some)
            else:
                yield _csv(some, form)


def _csv(rows: Sequence[Sequence[Any]], form: str) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter="\t" if form == "tsv" else ",", lineterminator="\n")
    writer.writerows(rows)
    return buffer.getvalue()


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


def _parquet(parts: Iterator[Results]) -> Iterator[bytes]:
    """Yield a Parquet file, in which numbers keep their dtype."""
    parquet = pyarrow_parquet()
    import pyarrow

    buffer, writer = io.BytesIO(), None
    for results in parts:
        arrays = [pyarrow.array(column) for column in results.values()]
        table = pyarrow.table(arrays, names=list(results))
        if writer is None:
            writer = parquet.ParquetWriter(buffer, table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()
    yield buffer.getvalue()
