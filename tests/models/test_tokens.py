"""What may be X of a tagger, and the features of its words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.models._features import Feature, Features, shape
from elman.models._tokens import Tokens, read_tokens

WORDS = [["the", "cat"], ["a"]]


def objects(sequences: list[Any]) -> Any:
    array = np.empty(len(sequences), dtype=object)
    for i, sequence in enumerate(sequences):
        array[i] = sequence
    return array


@pytest.mark.parametrize(
    "X",
    [
        WORDS,
        tuple(map(tuple, WORDS)),
        [np.array(words) for words in WORDS],
        [np.array(words, dtype=object) for words in WORDS],
        [pd.Series(words) for words in WORDS],
        objects(WORDS),
        pd.Series(WORDS),
        [[np.str_(word) for word in words] for words in WORDS],
    ],
)
def test_forms_of_words(X: Any) -> None:
    tokens = read_tokens(X)
    assert tokens is not None
    assert tokens.values == ["the", "cat", "a"]
    assert {type(word) for word in tokens.values} == {str}
    assert tokens.lengths.tolist() == [2, 1]


@pytest.mark.parametrize(
    "X",
    [
        [[3, -1], [2**40]],
        [np.array([3, -1]), np.array([2**40])],
        [np.array([3, -1], np.int8), [2**40]],
        objects([[3, -1], [2**40]]),
        [[np.int32(3), -1], (2**40,)],
        pd.Series([[3, -1], [2**40]]),
    ],
)
def test_forms_of_integers(X: Any) -> None:
    tokens = read_tokens(X)
    assert tokens is not None
    assert isinstance(tokens.values, np.ndarray)
    assert tokens.values.tolist() == [3, -1, 2**40]
    assert tokens.values.dtype == np.int64


def test_arrays_of_two_axes_are_words_or_integers() -> None:
    for X in (np.array([["a", "b"], ["c", "d"]]), np.array([[1, 2], [3, 4]], np.uint8)):
        tokens = read_tokens(X)
        assert tokens is not None
        assert tokens.lengths.tolist() == [2, 2]
        assert list(tokens.values) == X.ravel().tolist()


@pytest.mark.parametrize(
    "X",
    [
        np.zeros((2, 3, 1), int),
        np.zeros((2, 3)),
        [np.zeros((2, 3), int)],
        [[[1, 2]], [[3, 4], [5, 6]]],
        [[1, 2.5], [1]],
        [[1, 2], [0.5]],
        [pd.DataFrame({"a": [1, 2]})],
        pd.DataFrame({"a": [1, 2], "b": [3, 4]}),
    ],
)
def test_what_is_left_to_vectors(X: Any) -> None:
    assert read_tokens(X) is None


@pytest.mark.parametrize(
    ("X", "kind", "told"),
    [
        (None, TypeError, "X: expected a list of sequences: lists of words, .* got None"),
        ("the cat", TypeError, "X: expected a list of sequences"),
        ({"a": ["the"]}, TypeError, "X: expected .* got dict; pass its sequences"),
        (iter(WORDS), TypeError, r"X: expected .* pass list\(X\)"),
        ([], ValueError, "X: expected at least one sequence, got none"),
        (
            ["the", "cat"],
            TypeError,
            r"X\[0\]: expected a list of steps, got 'the' \(str\); for one",
        ),
        (np.array(["the", "cat"]), TypeError, "X: .* got an array of single words; .* pass"),
        ([["the"], "cat"], TypeError, r"X\[1\]: .* for characters pass list\(text\)"),
        ([["the"], 3], TypeError, r"X\[1\]: expected a list of steps, got 3 \(int\)"),
        (
            [[{"word": "the"}]],
            TypeError,
            r"X\[0\]: expected words, .*, got dicts of features",
        ),
        (
            [["the"], ["a", 3]],
            TypeError,
            r"X\[1\], step 1: expected a word, as at step 0, got a int",
        ),
        (
            [[3, "a"]],
            TypeError,
            r"X\[0\], step 1: expected a number, as at step 0, got a str; make",
        ),
        ([["the", None]], TypeError, r"X\[0\], step 1: expected a word, .* got a NoneType"),
        ([["the"], [3]], TypeError, r"X\[1\]: expected words, as X\[0\], got \[3\]; make all"),
        ([[3], ["the"]], TypeError, r"X\[0\]: expected words, as X\[1\], got \[3\]"),
        ([[[0.5]], ["the"]], TypeError, r"X\[0\]: expected words, as X\[1\], got \[\[0.5\]\]"),
        ([[2**70]], ValueError, r"X\[0\]: expected integers of 64 bits, got \[1180"),
        ([np.array([2**63], np.uint64)], ValueError, r"X\[0\]: expected integers of 64 bits"),
    ],
)
def test_what_holds_no_sequences_is_told(X: Any, kind: Any, told: str) -> None:
    with pytest.raises(kind, match=f"^{told}"):
        read_tokens(X)


# ---- features -----------------------------------------------------------------------------------


def words(*sequence: str) -> Tokens:
    return Tokens(list(sequence), np.array([len(sequence)]))


def test_features_by_hand() -> None:
    assert [Feature("lower", 0, []).of(w) for w in ("Ørsted", "A-1")] == ["ørsted", "a-1"]
    assert [Feature("prefix", 2, []).of(w) for w in ("Over", "å", "")] == ["ov", "å", ""]
    assert [Feature("suffix", 3, []).of(w) for w in ("LØBET", "et", "")] == ["bet", "et", ""]
    assert [Feature("word", 0, []).of(w) for w in ("Ab", "")] == ["Ab", ""]
    assert [shape(w) for w in ("McDonald's", "B2B", "3/4", "---", "")] == [
        "XxXx'x", "XdX", "d/d", "-", "",
    ]  # fmt: skip


def test_symbols_are_numbered_by_how_often_they_occur() -> None:
    features = Features.learned(words("b", "a", "B", "c", "a", "A"), [1], True, 1)
    assert features.described() == [
        ["lower", 0, 3],
        ["prefix", 1, 3],
        ["suffix", 1, 3],
        ["shape", 0, 2],
    ]
    assert features.parts[0].symbols == ["a", "b", "c"]
    assert features.parts[3].symbols == ["x", "X"]
    found = features.encode(words("A", "b", "new", "C"))
    assert found.frames.tolist() == [[1, 1, 1, 2], [2, 2, 2, 1], [0, 0, 0, 1], [3, 3, 3, 2]]
    rare = Features.learned(words("b", "a", "B", "c", "a", "A"), [], False, 2)
    assert [part.symbols for part in rare.parts] == [["a"]]


def test_integers_have_one_feature() -> None:
    tokens = Tokens(np.array([7, -3, 7, 0]), np.array([3, 1]))
    features = Features.learned(tokens, [2, 3], True, 1)
    assert features.described() == [["integer", 0, 3]]
    assert features.encode(tokens).frames.tolist() == [[1], [2], [1], [3]]
    assert features.encode(Tokens(np.array([3]), np.array([1]))).frames.tolist() == [[0]]


@given(st.lists(st.text(), max_size=8), st.lists(st.text(), max_size=8))
def test_features_come_back_from_their_text(known: list[str], others: list[str]) -> None:
    """Of any texts; words with a zero byte have no symbol."""
    features = Features.learned(words(*known), [1, 2], True, 1)
    same = Features.from_text(features.described(), features.text())
    assert same.parts == features.parts
    tokens = words(*known, *others)
    np.testing.assert_array_equal(same.encode(tokens).frames, features.encode(tokens).frames)
    seen = features.encode(words(*known)).frames
    assert seen.shape == (len(known), 6)
    for word, row in zip(known, seen, strict=True):
        assert "\0" in word or row.all()


@pytest.mark.parametrize(
    ("described", "text", "told"),
    [
        ([["word", 0, 2]], b"a", "2 symbols, got 1"),
        ([["word", 0, 1]], b"a\0b", "1 symbols, got 2"),
        ([["word", 0, 0]], b"a", "0 symbols, got 0"),
        ([["word", 0, 2]], b"a\0a", "2 different symbols"),
        ([["word", 0, 1]], b"\xff", "a text in UTF-8, got another byte at 0"),
        ([["integer", 0, 1]], b"1.5", "integers, got other texts"),
        ([["integer", 0, 1]], b"007", "integers, got other texts"),
        ([["integer", 0, 1]], b"-0", "integers, got other texts"),
    ],
)
def test_a_text_that_does_not_fit_is_told(described: Any, text: bytes, told: str) -> None:
    with pytest.raises(ValueError, match=f"^vocabulary: expected {told}"):
        Features.from_text(described, np.frombuffer(text, np.uint8))
