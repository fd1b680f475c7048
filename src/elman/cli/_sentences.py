"""Sentences with a label for each word: CoNLL-U, or two columns and blank lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from elman.cli._faults import Faults, shown
from elman.cli._source import Source

FIELDS = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
"""The ten columns of CoNLL-U: https://universaldependencies.org/format.html."""

_TOKEN = re.compile(r"\d+")
_OTHER = re.compile(r"\d+-\d+|\d+\.\d+")
_SENTENCE_ID = re.compile(r"#\s*sent_id\s*=\s*(\S.*)")


class Sentence(NamedTuple):
    """Tokens and their labels.

    id : its sent_id; without one, its number, from 1 on
    tokens : list of T texts
    labels : list of T texts; None where they were not read
    lines : list of T numbers of lines
    """

    id: str | int
    tokens: list[str]
    labels: list[str] | None
    lines: list[int]


def read_conllu(source: Source, field: str, faults: Faults, *, target: bool) -> list[Sentence]:
    """Read CoNLL-U: the forms, and one other column as labels.

    Lines of tokens that stand for several words, as 3-4, and of empty nodes, as 5.1, are left out.

    Parameters
    ----------
    source : Source
    field : one of `FIELDS`
    faults : Faults
    target : whether labels are read
    """
    found: list[Sentence] = []
    at = FIELDS.index(field)
    for name, rows in _blocks(source):
        tokens: list[str] = []
        labels: list[str] = []
        lines: list[int] = []
        for number, line in rows:
            cells = line.split("\t")
            if len(cells) != len(FIELDS):
                expected = f"{len(FIELDS)} columns, as CoNLL-U has, separated by tabs"
                fix = "pass --format text for a word and a label a line"
                faults.add(number, None, expected, str(len(cells)), fix)
            elif _OTHER.fullmatch(cells[0]):
                continue
            elif not _TOKEN.fullmatch(cells[0]):
                faults.add(number, "id", "the number of a word, as 1 or 3-4", shown(cells[0]))
            elif target and cells[at] in ("_", ""):
                fix = "fill it in, or name another column with --target"
                faults.add(number, field, f"a label in {field}", shown(cells[at]), fix)
            else:
                tokens.append(cells[1])
                labels.append(cells[at])
                lines.append(number)
        if tokens:
            found.append(_sentence(name, found, tokens, labels if target else None, lines))
    return found


def read_columns(source: Source, faults: Faults, *, target: bool) -> list[Sentence]:
    """Read a token and its label a line: the first and the last of columns.

    Columns are separated by tabs, or else by blanks.
    """
    found: list[Sentence] = []
    for name, rows in _blocks(source, comments=False):
        tokens: list[str] = []
        labels: list[str] = []
        lines: list[int] = []
        for number, line in rows:
            cells = line.split("\t") if "\t" in line else line.split()
            if target and (len(cells) < 2 or not cells[-1].strip()):
                fix = "write both a line, and an empty line after each sentence"
                faults.add(number, None, "a word and its label", shown(line.strip()), fix)
                continue
            tokens.append(cells[0])
            labels.append(cells[-1].strip())
            lines.append(number)
        if tokens:
            found.append(_sentence(name, found, tokens, labels if target else None, lines))
    return found


def _sentence(
    name: str | None,
    before: list[Sentence],
    tokens: list[str],
    labels: list[str] | None,
    lines: list[int],
) -> Sentence:
    return Sentence(name or len(before) + 1, tokens, labels, lines)


def _blocks(
    source: Source, *, comments: bool = True
) -> Iterator[tuple[str | None, list[tuple[int, str]]]]:
    """Yield the lines between blank ones, with their numbers, and a sentence's own id."""
    name: str | None = None
    rows: list[tuple[int, str]] = []
    for number, line in enumerate(source.lines(), start=1):
        text = line.rstrip("\r\n")
        if not text.strip():
            if rows:
                yield name, rows
            name, rows = None, []
        elif comments and text.startswith("#"):
            found = _SENTENCE_ID.fullmatch(text.strip())
            name = found[1] if found else name
        else:
            rows.append((number, text))
    if rows:
        yield name, rows
