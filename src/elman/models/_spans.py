"""Spans of labels such as B-PER, I-PER, O, and how many of them were found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from elman import _check


class Span(NamedTuple):
    """Steps start to stop, without stop, of one kind."""

    kind: str
    start: int
    stop: int


def spans(labels: Sequence[str]) -> list[Span]:
    """Return the spans of one sequence's labels, as the script conlleval of CoNLL-2000 finds them.

    Labels are "O", outside of spans, or a letter, which a hyphen and a kind may follow: B begins a
    span, I is inside one, E ends one and S is one by itself. A span also begins where the kind
    changes, and where I or E follows on O, E or S. So IOB1, IOB2 (BIO) and IOBES are read alike.

    Raises
    ------
    ValueError
        If a label is none of these.

    Examples
    --------
    >>> spans(["B-PER", "I-PER", "O", "I-LOC", "B-LOC"])
    [Span(kind='PER', start=0, stop=2), Span(kind='LOC', start=3, stop=4), \
Span(kind='LOC', start=4, stop=5)]
    """
    found: list[Span] = []
    start, before, kind_before = 0, "O", ""
    for t, label in enumerate([*labels, "O"]):
        letter, kind = _parts(label, t)
        begins = letter in "BS" or (letter in "IE" and (before in "OES" or kind != kind_before))
        if before != "O" and (begins or letter == "O"):
            found.append(Span(kind_before, start, t))
        if begins:
            start = t
        before, kind_before = letter, kind
    return found


def span_f1(y: Iterable[Sequence[str]], predicted: Iterable[Sequence[str]]) -> float:
    """Return F1 of spans: twice those found right, divided by those there are and those found.

    A span is right if kind, start and stop are. Without any span F1 is 0.

    Parameters
    ----------
    y, predicted : for each sequence its labels, as `spans` takes them
    """
    right = there = found = 0
    for of_y, of_predicted in zip(y, predicted, strict=True):
        wanted, got = set(spans(of_y)), set(spans(of_predicted))
        right += len(wanted & got)
        there += len(wanted)
        found += len(got)
    return 2 * right / (there + found) if right else 0.0


def _parts(label: Any, t: int) -> tuple[str, str]:
    """Return letter and kind of the label at step t."""
    if label == "O":
        return "O", ""
    letter, _, kind = label.partition("-") if isinstance(label, str) else ("", "", "")
    if letter not in ("B", "I", "E", "S"):
        expected = "labels such as B-PER, I-PER, E-PER, S-PER and O"
        fix = "accuracy, as of score, is for labels that mark no spans"
        raise _check.fail(ValueError, "labels", expected, f"{label!r} at step {t}", fix)
    return letter, kind
