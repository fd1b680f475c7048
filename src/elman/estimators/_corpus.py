"""A text to learn from, as one long array of symbols: of a string, of documents, or of a file."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

from elman import _check
from elman._typing import IntArray
from elman.models._text import BOUNDARY, Vocabulary, words

_BLOCK = 2**20
"""How many characters or bytes of a file are read at once."""


class Corpus:
    """The documents of a text. A file is one document, which is read again for each pass over it.

    Parameters
    ----------
    text : str, list of str, or os.PathLike of a file in UTF-8
    unit : "char", "word" or "byte"

    Raises
    ------
    TypeError, ValueError
        If it is none of these, or empty.
    OSError
        If the file cannot be read.
    """

    def __init__(self, text: Any, unit: str) -> None:
        self.unit = unit
        self.path = os.fspath(text) if isinstance(text, os.PathLike) else None
        self.documents: list[str] = []
        if self.path is not None:
            if not os.stat(self.path).st_size:
                raise _check.fail(ValueError, "X", "a file with a text", "an empty file")
            return
        self.documents = [text] if isinstance(text, str) else _checked_documents(text)
        if not any(self.documents):
            raise _check.fail(ValueError, "X", "a text", "an empty one")

    def pieces(self) -> Iterator[tuple[int, str | bytes]]:
        """Yield (document, piece of its text), which cuts no word that is shorter than a block."""
        if self.path is None:
            for i, document in enumerate(self.documents):
                yield i, document.encode() if self.unit == "byte" else document
            return
        with open(self.path, "rb") as file:
            if self.unit == "byte":
                while block := file.read(_BLOCK):
                    yield 0, block
            else:
                for piece in _decoded(file, self.path, whole_words=self.unit == "word"):
                    yield 0, piece

    def vocabulary(self, unknown: str, min_count: int, max_size: int | None) -> Vocabulary:
        """Return the symbols of the text, the most frequent ones where they are limited."""
        if self.unit == "byte":
            return Vocabulary("byte", [], unknown)
        counts: Counter[str] = Counter()
        for _, piece in self.pieces():
            assert isinstance(piece, str)
            counts.update(piece if self.unit == "char" else words(piece))
        frequent = [item for item in counts.items() if item[1] >= min_count]
        frequent.sort(key=lambda item: (-item[1], item[0]))
        symbols = sorted(symbol for symbol, _ in frequent[:max_size])
        if not symbols:
            expected = f"a {self.unit} that occurs {min_count} times"
            raise _check.fail(ValueError, "X", expected, "none", "lower min_count")
        if len(symbols) < len(counts) and unknown == "error":
            expected = '"replace" or "skip", where min_count or max_vocabulary leave symbols out'
            raise _check.fail(ValueError, "unknown", expected, "'error'")
        return Vocabulary(self.unit, symbols, unknown)

    def begins(self, numbers: IntArray) -> IntArray:
        """Return where documents begin in the first of the symbols that `encoded` returned."""
        if len(self.documents) < 2:
            return np.zeros(1, np.int64)
        after = np.flatnonzero(numbers == BOUNDARY) + 1
        return np.concatenate([[0], after[after < len(numbers)]])

    def encoded(self, vocabulary: Vocabulary) -> IntArray:
        """Return the symbols of all documents, a boundary after each but the last.

        Those of a file are in a file without a name, which takes no memory and goes with the array.
        """
        dtype = np.dtype(np.uint16 if len(vocabulary) <= 2**16 else np.int32)
        if self.path is None:
            parts: list[IntArray] = []
            for i, piece in self.pieces():
                parts += [np.array([BOUNDARY])] if i else []
                parts.append(vocabulary.encode(piece))
            return np.concatenate(parts).astype(dtype)
        with tempfile.TemporaryFile() as file:
            count, start = 0, 0
            for _, piece in self.pieces():
                numbers = vocabulary.encode(piece, start).astype(dtype)
                file.write(numbers.tobytes())
                count, start = count + len(numbers), start + len(piece)
            file.flush()
            if not count:
                raise _check.fail(ValueError, "X", "symbols of the vocabulary", "none")
            return np.memmap(file, dtype, mode="r", shape=(count,))


def _checked_documents(text: Any) -> list[str]:
    expected = "a str, a list of str, or a pathlib.Path of a file"
    if isinstance(text, bytes | dict) or hasattr(text, "columns") or not hasattr(text, "__iter__"):
        fix = ""
        if isinstance(text, bytes):
            fix = "decode it, or pass unit='byte' and the path"
        elif hasattr(text, "columns"):
            fix = "pass its column of texts"
        elif isinstance(text, dict):
            fix = "pass list(X.values())"
        raise _check.fail(TypeError, "X", expected, type(text).__name__, fix)
    documents = list(text)
    for i, document in enumerate(documents):
        if not isinstance(document, str):
            raise _check.fail(TypeError, f"X[{i}]", "a str", type(document).__name__)
    return documents


def _decoded(file: Any, path: str, *, whole_words: bool) -> Iterator[str]:
    """Yield the text of a file block by block (ValueError if it is not UTF-8)."""
    read, rest, waiting = 0, b"", ""
    while block := file.read(_BLOCK):
        data = rest + block
        try:
            text = data.decode()
            rest = b""
        except UnicodeDecodeError as error:
            if error.end < len(data) or len(data) - error.start > 3:
                raise _not_utf_8(path, read - len(rest) + error.start, data[error.start]) from None
            text, rest = data[: error.start].decode(), data[error.start :]
        read += len(block)
        text = waiting + text
        waiting = ""
        if whole_words and text:
            waiting = words(text)[-1]
            text = text[: len(text) - len(waiting)]
        yield text
    if rest:
        raise _not_utf_8(path, read - len(rest), rest[0])
    if waiting:
        yield waiting


def _not_utf_8(path: str, at: int, byte: int) -> Exception:
    fix = "convert it, as in iconv -f latin1 -t utf-8, or take unit='byte'"
    return _check.fail(ValueError, path, "text in UTF-8", f"byte 0x{byte:02x} at {at}", fix)
