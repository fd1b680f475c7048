"""Text as integers: characters, words or bytes, and back. Symbol 0 stands between documents."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import numpy as np

from elman import _check
from elman._typing import IntArray

BOUNDARY = 0
"""The symbol before the first of a document, and after the last where there are several."""

_WORD = re.compile(r" ?\w+| ?[^\w\s]|\s")
"""A word or a sign with the space before it, or one more blank: joined they are the text again."""

UNITS = ("char", "word", "byte")
UNKNOWN = ("error", "replace", "skip")


def words(text: str) -> list[str]:
    r"""Split a text into words and signs, each with the space before it.

    >>> words("To be, or\nnot  to be")
    ['To', ' be', ',', ' or', '\n', 'not', ' ', ' to', ' be']
    """
    return _WORD.findall(text)


class Vocabulary:
    """The symbols that a text is made of.

    Parameters
    ----------
    unit : "char", "word" or "byte"
    symbols : texts in order; of bytes none, as there are 256
    unknown : "error", "replace" or "skip"
        What becomes of others: an error, a symbol that stands for them all, or nothing.
    """

    def __init__(self, unit: str, symbols: list[str], unknown: str) -> None:
        self.unit = unit
        self.symbols = symbols
        self.unknown = unknown
        self._numbers = {symbol: i for i, symbol in enumerate(symbols, start=1)}
        self._points = np.array([ord(s) for s in symbols] if unit == "char" else [], np.uint32)
        self._order = np.argsort(self._points)

    def __len__(self) -> int:
        """Return how many symbols there are, with the boundary and one for all others."""
        known = 256 if self.unit == "byte" else len(self.symbols)
        return 1 + known + self.has_other

    @property
    def has_other(self) -> bool:
        """Whether the last symbol stands for all that are not in the vocabulary."""
        return self.unknown == "replace" and self.unit != "byte"

    def encode(self, text: str | bytes, start: int = 0) -> IntArray:
        """Return the symbols of a text.

        Parameters
        ----------
        text : str; or, of unit "byte", bytes
        start : int
            Where the text begins in the whole, for errors.

        Raises
        ------
        ValueError
            If a symbol is not in the vocabulary and unknown is "error".
        """
        if self.unit == "byte":
            data = text.encode() if isinstance(text, str) else text
            return np.frombuffer(data, np.uint8).astype(np.int32) + 1
        assert isinstance(text, str)
        if self.unit == "char":
            points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
            place = np.searchsorted(self._points, points, sorter=self._order)
            place = np.minimum(place, len(self._points) - 1)
            numbers = self._order[place].astype(np.int32) + 1
            numbers[self._points[numbers - 1] != points] = -1
        else:
            parts = words(text)
            numbers = np.array([self._numbers.get(word, -1) for word in parts], np.int32)
        missing = np.flatnonzero(numbers < 0)
        if not len(missing):
            return numbers
        if self.unknown == "error":
            first = int(missing[0])
            symbol = text[first] if self.unit == "char" else parts[first]
            at = first if self.unit == "char" else sum(map(len, parts[:first]))
            more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            expected = f"{self.unit}s among the {len(self.symbols)} that fit saw"
            fix = 'fit with unknown="replace" or "skip", or take them out of the text'
            got = f"{symbol!r} at character {start + at}{more}"
            raise _check.fail(ValueError, "text", expected, got, fix)
        if self.unknown == "skip":
            return numbers[numbers >= 0]
        numbers[missing] = len(self) - 1
        return numbers

    def decode(self, numbers: Iterable[int]) -> bytes | str:
        """Return the text of symbols, bytes for bytes; boundaries and others are left out."""
        last = len(self) - self.has_other
        known = [int(n) for n in numbers if 0 < n < last]
        if self.unit == "byte":
            return bytes(n - 1 for n in known)
        return "".join(self.symbols[n - 1] for n in known)


def check_symbols(name: str, value: Any) -> None:
    """Hold that what a file says are symbols: different texts, none empty (ValueError)."""
    right = isinstance(value, list) and all(isinstance(s, str) and s for s in value)
    if not right or len(set(value)) != len(value):
        raise _check.fail(ValueError, name, "different texts", _check.short(value))
