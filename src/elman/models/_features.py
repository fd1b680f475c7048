"""What a tagger looks at in a word: the word, its beginnings and ends, and its shape; as integers.

Each feature has symbols of its own, numbered from 1; 0 stands for all that fit did not see.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np

from elman import _check
from elman._typing import IntArray
from elman.models._tokens import Tokens
from elman.nn._sequences import Sequences

UNKNOWN = 0
"""The symbol of all that fit did not see."""

KINDS = ("integer", "word", "lower", "prefix", "suffix", "shape")

_END = "\0"
"""What stands between symbols in a file. A word that holds it has no symbol."""

_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,18}")


class Feature(NamedTuple):
    """One of a token's features, and its symbols in order.

    kind : "integer" or "word", the token as it is; "lower", in small letters; "prefix" or "suffix"
        of some length, in small letters; "shape"
    length : of a prefix or suffix, else 0
    """

    kind: str
    length: int
    symbols: list[str]

    def of(self, token: str) -> str:
        """Return what the feature sees of a token."""
        if self.kind == "lower":
            return token.lower()
        if self.kind == "prefix":
            return token[: self.length].lower()
        if self.kind == "suffix":
            return token[-self.length :].lower()
        return shape(token) if self.kind == "shape" else token


def shape(word: str) -> str:
    """Return a word's shape: X for capitals, x for other letters, d for digits, each run once.

    >>> [shape(word) for word in ("Jean-Luc", "NATO", "iPhone", "1,234.5", "학교")]
    ['Xx-Xx', 'X', 'xXx', 'd,d.d', 'x']
    """
    signs = (
        "X" if c.isupper() else "x" if c.isalpha() else "d" if c.isdigit() else c for c in word
    )
    return "".join(sign for sign, _ in groupby(signs))


class Features:
    """The features of tokens, each with its symbols.

    Parameters
    ----------
    parts : features
    """

    def __init__(self, parts: list[Feature]) -> None:
        self.parts = parts
        self._numbers = [{s: n for n, s in enumerate(p.symbols, start=1)} for p in parts]

    @classmethod
    def learned(cls, tokens: Tokens, affixes: list[int], shapes: bool, min_count: int) -> Features:
        """Return the features of tokens, with a symbol for all that occurs `min_count` times.

        Parameters
        ----------
        tokens : Tokens
        affixes : lengths of prefixes and suffixes
        shapes : whether the shape is a feature; the word is then in small letters
        min_count : int
        """
        if tokens.kind == "integers":
            kinds = [("integer", 0)]
        else:
            kinds = [("lower" if shapes else "word", 0)]
            kinds += [(kind, n) for kind in ("prefix", "suffix") for n in affixes]
            kinds += [("shape", 0)] * shapes
        distinct, at = tokens.distinct()
        counts = np.bincount(at, minlength=len(distinct)).tolist()
        parts = []
        for kind, length in kinds:
            part, found = Feature(kind, length, []), Counter[str]()
            for token, count in zip(distinct, counts, strict=True):
                found[part.of(token)] += count
            seen = [(-n, s) for s, n in found.items() if n >= min_count and _END not in s]
            parts.append(part._replace(symbols=[symbol for _, symbol in sorted(seen)]))
        return cls(parts)

    @property
    def sizes(self) -> list[int]:
        """How many symbols each feature has, that of the unknown included."""
        return [1 + len(part.symbols) for part in self.parts]

    def encode(self, tokens: Tokens) -> Sequences:
        """Return the symbols of tokens, frames (F, features)."""
        distinct, at = tokens.distinct()
        columns = [
            [numbers.get(part.of(token), UNKNOWN) for token in distinct]
            for part, numbers in zip(self.parts, self._numbers, strict=True)
        ]
        table = np.array(columns, np.int32).T
        frames: Any = table[at]
        return Sequences(frames, tokens.lengths)

    # ---- files ---------------------------------------------------------------------------------

    def described(self) -> list[Any]:
        """Return kind, length and number of symbols of each feature."""
        return [[part.kind, part.length, len(part.symbols)] for part in self.parts]

    def text(self) -> IntArray:
        """Return all symbols, one after another, as the bytes of a text."""
        symbols = [symbol for part in self.parts for symbol in part.symbols]
        data = _END.join(symbols).encode("utf-8", "surrogatepass")
        return np.frombuffer(data, np.uint8)

    @classmethod
    def from_text(cls, described: list[Any], text: IntArray) -> Features:
        """Undo `described` and `text`.

        Raises
        ------
        ValueError
            If the text has not as many different symbols as are described, or a number is none.
        """
        try:
            whole = text.astype(np.uint8).tobytes().decode("utf-8", "surrogatepass")
        except UnicodeDecodeError as error:
            got = f"another byte at {error.start}"
            raise _check.fail(ValueError, "vocabulary", "a text in UTF-8", got) from None
        count = sum(n for _, _, n in described)
        symbols = whole.split(_END) if count else []
        if len(symbols) != count or (not count and whole):
            raise _check.fail(ValueError, "vocabulary", f"{count} symbols", f"{len(symbols)}")
        parts, start = [], 0
        for kind, length, n in described:
            own = symbols[start : start + n]
            start += n
            if len(set(own)) != n:
                raise _check.fail(ValueError, "vocabulary", f"{n} different symbols", "the same")
            if kind == "integer" and not all(map(_INTEGER.fullmatch, own)):
                raise _check.fail(ValueError, "vocabulary", "integers", "other texts")
            parts.append(Feature(kind, length, own))
        return cls(parts)


def check_features(name: str, value: Any) -> None:
    """Hold that what a file says are features, or none (ValueError)."""
    right = isinstance(value, list) and all(_is_described(part) for part in value)
    if right and any(part[0] == "integer" for part in value):
        right = len(value) == 1
    if not right:
        expected = "[kind, length, number of symbols] of each feature"
        raise _check.fail(ValueError, name, expected, _check.short(value))


def _is_described(part: Any) -> bool:
    if not isinstance(part, list) or len(part) != 3 or part[0] not in KINDS:
        return False
    kind, length, count = part
    if type(length) is not int or type(count) is not int or count < 0:
        return False
    return length >= 1 if kind in ("prefix", "suffix") else length == 0
