"""Sequences of words or of integers, as users pass them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np

from elman import _check
from elman._typing import IntArray
from elman.data._hints import check_kind

STEPS = (
    "a list of sequences: lists of words, lists of integers, or arrays (T_i, I) of vectors; or an "
    "array (n, T) of words or integers, (n, T, I) of vectors"
)
"""What X may be."""


class Tokens:
    """Words or integers of n sequences, laid end to end; a word is any text.

    Parameters
    ----------
    values : list of str, or int64 array
    lengths : integers of at least zero, shape (n,)
        How many steps each sequence has.
    """

    def __init__(self, values: list[str] | IntArray, lengths: IntArray) -> None:
        self.values = values
        self.lengths = lengths

    def __len__(self) -> int:
        """Return n."""
        return len(self.lengths)

    @property
    def kind(self) -> str:
        """Return "words" or "integers"."""
        return "words" if isinstance(self.values, list) else "integers"

    def distinct(self) -> tuple[list[str], IntArray]:
        """Return the distinct values as texts, and which of them stands at each step."""
        if isinstance(self.values, list):
            numbers: dict[str, int] = {}
            at = [numbers.setdefault(word, len(numbers)) for word in self.values]
            return list(numbers), np.array(at, np.int64)
        unique, places = np.unique(self.values, return_inverse=True)
        return [str(value) for value in unique.tolist()], places.reshape(-1)


def read_tokens(X: Any) -> Tokens | None:
    """Return the words or the integers of X, or None if it may hold vectors.

    A list of lists of numbers that are not all integers holds vectors of one value.

    Raises
    ------
    TypeError, ValueError
        If X holds no sequences, or words beside other things.
    """
    check_kind(X, STEPS)
    if hasattr(X, "columns") or getattr(X, "ndim", 0) > 2:
        return None
    if getattr(X, "ndim", 1) == 1 and getattr(X, "dtype", np.dtype(object)).kind in "US":
        fix = "X holds sequences: for one sentence pass [words]"
        raise _check.fail(TypeError, "X", STEPS, "an array of single words", fix)
    sequences = list(X)
    if not sequences:
        raise _check.fail(ValueError, "X", "at least one sequence", "none")
    kinds = [_kind(i, sequence) for i, sequence in enumerate(sequences)]
    known = {kind for kind in kinds if kind}
    if known <= {"words"}:
        return Tokens([str(word) for word in chain(*sequences)], _lengths(sequences))
    if known == {"integers"}:
        parts = [_integers(i, sequence) for i, sequence in enumerate(sequences)]
        return Tokens(np.concatenate(parts), _lengths(sequences))
    if "words" in known:
        i = next(i for i, kind in enumerate(kinds) if kind not in ("words", ""))
        first = kinds.index("words")
        got = _check.short(sequences[i])
        raise _check.fail(TypeError, f"X[{i}]", f"words, as X[{first}]", got, _TEXTS)
    return None


_TEXTS = "make all of them texts, as in [str(word) for word in words]"


def _kind(i: int, sequence: Any) -> str:
    """Return "words", "integers", "vectors", or nothing for an empty sequence."""
    if isinstance(sequence, str | bytes):
        fix = "for one sentence pass [words]; for characters pass list(text) of each text"
        got = f"{_check.short(sequence)} ({type(sequence).__name__})"
        raise _check.fail(TypeError, f"X[{i}]", "a list of steps", got, fix)
    _check.unmasked(f"X[{i}]", sequence)
    dtype, axes = getattr(sequence, "dtype", None), getattr(sequence, "ndim", 1)
    if axes > 1:
        return "vectors"
    if not hasattr(sequence, "__len__"):
        got = f"{_check.short(sequence)} ({type(sequence).__name__})"
        raise _check.fail(TypeError, f"X[{i}]", "a list of steps", got)
    if not len(sequence):
        return ""
    if isinstance(dtype, np.dtype) and dtype.kind != "O":
        return {"U": "words", "i": "integers", "u": "integers", "b": "integers"}.get(
            dtype.kind, "vectors"
        )
    if isinstance(next(iter(sequence)), dict):
        got, fix = "dicts of features", "pass the words alone: their features are made of them"
        raise _check.fail(TypeError, f"X[{i}]", "words, integers or vectors", got, fix)
    texts = [isinstance(step, str) for step in sequence]
    if all(texts):
        return "words"
    if any(texts):
        at = texts.index(not texts[0])
        kind = type(list(sequence)[at]).__name__
        expected = "a word, as at step 0" if texts[0] else "a number, as at step 0"
        raise _check.fail(TypeError, f"X[{i}], step {at}", expected, f"a {kind}", _TEXTS)
    integers = all(isinstance(step, int | np.integer | np.bool_) for step in sequence)
    return "integers" if integers else "vectors"


def _integers(i: int, sequence: Any) -> IntArray:
    if not len(sequence):
        return np.zeros(0, np.int64)
    try:
        array = np.asarray(sequence)
        if array.dtype.kind != "b":
            limits = np.iinfo(np.int64)
            if array.dtype.kind not in "iu" or array.max() > limits.max:
                raise OverflowError
        found: IntArray = array.astype(np.int64)
    except OverflowError:
        got = _check.short(sequence)
        raise _check.fail(ValueError, f"X[{i}]", "integers of 64 bits", got) from None
    return found


def _lengths(sequences: Sequence[Any]) -> IntArray:
    return np.array([len(sequence) for sequence in sequences], np.int64)
