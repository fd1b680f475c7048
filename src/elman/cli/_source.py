"""Where data come from: a file or standard input, as it is or compressed by gzip."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import sys
import zlib
from collections.abc import Iterator
from typing import Any, cast

from elman.cli._errors import DataError, UsageError

_SUFFIXES = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".conllu": "conllu",
    ".conll": "text",
    ".txt": "text",
    ".text": "text",
}

_BEGINNINGS = {
    b"PAR1": "a Parquet file: pass --format parquet, or name it .parquet",
    b"PK\x03\x04": "a zip archive: unpack it first",
    b"\xff\xfe": "text in UTF-16: convert it, as in iconv -f utf-16 -t utf-8",
    b"\xfe\xff": "text in UTF-16: convert it, as in iconv -f utf-16 -t utf-8",
    b"SQLi": "a database of SQLite: export a table first",
}
"""How files begin that are not what their name says."""

_BLOCK = 2**20
"""How many bytes of lines are read at once."""

BOM = b"\xef\xbb\xbf"


def known_format(path: str) -> str | None:
    """Return the format that a name tells; None if it tells none."""
    base, suffix = os.path.splitext(path.lower())
    return _SUFFIXES.get(os.path.splitext(base)[1] if suffix == ".gz" else suffix)


class Source:
    """A file of data.

    Parameters
    ----------
    path : str
        Or - for standard input.
    format : str, optional
        One of `FORMATS`; None goes by the name.
    default : str
        The format of standard input, and of names that end in something else, if it is text.

    Attributes
    ----------
    name : str
        As messages name it.
    format : str
    is_compressed : bool
        Whether gzip compressed it, once it is open.

    Raises
    ------
    UsageError
        If the format is unknown.
    """

    def __init__(self, path: str, format: str | None = None, default: str = "csv") -> None:  # noqa: A002
        self.path = path
        self.is_pipe = path == "-"
        self.name = "<stdin>" if self.is_pipe else path
        self.format = format or self._by_name(default)
        self.is_compressed = False

    def _by_name(self, default: str) -> str:
        known = known_format(self.path)
        if known is not None:
            return known
        if self.is_pipe or default == "text" or not os.path.isfile(self.path):
            return default
        expected = ", ".join(_SUFFIXES)
        raise UsageError(
            f"DATA: expected a name that ends in one of {expected}, got {self.path!r}; pass "
            "--format csv, say"
        )

    @contextlib.contextmanager
    def open(self) -> Iterator[io.BufferedReader]:
        """Open the file; what gzip compressed is uncompressed on the way.

        Raises
        ------
        DataError
            If the file is empty, cut off, or plainly of another format.
        OSError
            If it cannot be opened.
        """
        with contextlib.ExitStack() as stack:
            raw: Any = sys.stdin.buffer if self.is_pipe else open(self.path, "rb")  # noqa: SIM115
            file = stack.enter_context(raw if hasattr(raw, "peek") else io.BufferedReader(raw))
            try:
                if file.peek(2)[:2] == b"\x1f\x8b":
                    self.is_compressed = True
                    unpacked = stack.enter_context(gzip.GzipFile(fileobj=file))
                    file = stack.enter_context(io.BufferedReader(cast(io.RawIOBase, unpacked)))
                self._check_beginning(file.peek(4)[:4])
                yield file
            except EOFError:
                raise self._damaged("one that was cut off") from None
            except (zlib.error, gzip.BadGzipFile) as error:
                raise self._damaged(f"a damaged one ({error})") from None

    def _check_beginning(self, beginning: bytes) -> None:
        if not beginning:
            raise DataError(f"{self.name}: expected {self._kind()}, got an empty file")
        for start, got in _BEGINNINGS.items():
            if beginning.startswith(start) and self.format != "parquet":
                raise DataError(f"{self.name}: expected {self._kind()}, got {got}")

    def _damaged(self, got: str) -> DataError:
        fix = "copy it again"
        return DataError(f"{self.name}: expected a whole file of gzip, got {got}; {fix}")

    def lines(self) -> Iterator[str]:
        """Yield the lines, with their ends; without a byte order mark.

        Raises
        ------
        DataError
            If a line is not in UTF-8, or the file was cut off.
        """
        with self.open() as file:
            if file.peek(3)[:3] == BOM:
                file.read(3)
            number = 0
            while lines := file.readlines(_BLOCK):
                try:
                    yield from io.StringIO(b"".join(lines).decode(), newline="\n")
                except UnicodeDecodeError:
                    raise self._not_utf8(number, lines) from None
                number += len(lines)

    def _not_utf8(self, number: int, lines: list[bytes]) -> DataError:
        """Make the error for lines, after `number` others, of which one is not in UTF-8."""
        for line in lines:
            number += 1
            try:
                line.decode()
            except UnicodeDecodeError as error:
                column, byte = len(line[: error.start].decode()) + 1, line[error.start]
                break
        return DataError(
            f"{self.name}:{number}:{column}: expected text in UTF-8, got byte 0x{byte:02x}; "
            "convert it, as in iconv -f latin1 -t utf-8"
        )

    def _kind(self) -> str:
        return {"text": "a text", "conllu": "sentences"}.get(self.format, "a table")
