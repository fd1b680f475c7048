"""Spans of labels and their F1, held to seqeval and to a hand's count."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics import f1_score
from seqeval.metrics.sequence_labeling import get_entities

from elman.models._spans import Span, span_f1, spans

labels = st.sampled_from(
    ["O", *(f"{letter}-{kind}" for letter in "BIES" for kind in ("PER", "LOC", "A-B"))]
)
pairs = st.lists(st.tuples(labels, labels), max_size=12)


@given(st.lists(labels, max_size=12))
def test_spans_are_seqevals(sequence: list[str]) -> None:
    """In any order of labels, of IOB1, IOB2 and IOBES and of none of these."""
    wanted = [(kind, start, stop + 1) for kind, start, stop in get_entities(sequence)]
    assert [tuple(span) for span in spans(sequence)] == wanted


@given(st.lists(pairs, min_size=1, max_size=5))
def test_f1_is_seqevals(sequences: list[list[tuple[str, str]]]) -> None:
    y = [[label for label, _ in sequence] for sequence in sequences]
    predicted = [[label for _, label in sequence] for sequence in sequences]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where there is no span
        wanted = float(f1_score(y, predicted))
    assert span_f1(y, predicted) == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize(
    ("sequence", "wanted"),
    [
        ("B-A I-A O B-B", [("A", 0, 2), ("B", 3, 4)]),
        ("I-A I-A B-A I-A", [("A", 0, 2), ("A", 2, 4)]),  # IOB1
        ("B-A E-A S-A S-B O", [("A", 0, 2), ("A", 2, 3), ("B", 3, 4)]),  # IOBES
        ("B-A I-B", [("A", 0, 1), ("B", 1, 2)]),
        ("B I O I", [("", 0, 2), ("", 3, 4)]),
        ("O O", []),
        ("", []),
    ],
)
def test_spans_by_hand(sequence: str, wanted: list[Any]) -> None:
    assert spans(sequence.split()) == [Span(*span) for span in wanted]


def test_f1_by_hand() -> None:
    y = [["B-A", "I-A", "O"], ["B-B", "O", "B-A"]]
    found = [["B-A", "I-A", "B-A"], ["B-A", "O", "B-A"]]
    # Two of three spans are found, and two of four found are right.
    assert span_f1(y, found) == pytest.approx(2 * (2 / 3 * 2 / 4) / (2 / 3 + 2 / 4))
    assert span_f1(y, y) == 1
    assert span_f1([["O"]], [["O"]]) == 0


@pytest.mark.parametrize("label", ["NOUN", "", "o", "X-PER", 3])
def test_labels_that_mark_no_spans_are_told(label: Any) -> None:
    with pytest.raises(ValueError, match=rf"such as B-PER, .* got {label!r} at step 1; accuracy"):
        spans(["O", label])
