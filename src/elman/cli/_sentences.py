"""Sentences with a label for each word: CoNLL-U, or two columns and blank lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

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
    text : all of its lines, also those that are no tokens, by their numbers
    """

    id: str | int
    tokens: list[str]
    labels: list[str] | None
    lines: list[int]
    text: dict[int, str]

    def annotated(self, labels: list[Any], field: str | None) -> str:
        """Return its lines with other labels, and the empty line after it.

        Parameters
        ----------
        labels : T labels
        field : one of `FIELDS`; None for a token and its label a line
        """
        text = dict(self.text)
        for line, token, label in zip(self.lines, self.tokens, labels, strict=True):
            cells = [token, str(label)]
            if field is not None:
                cells = text[line].split("\t")
                cells[FIELDS.index(field)] = str(label)
            text[line] = "\t".join(cells)
        return "".join(f"{line}\n" for line in text.values()) + "\n"


class Block(NamedTuple):
    """The lines between blank ones, by their numbers: those of tokens, and all of them."""

    name: str | None
    rows: dict[int, str]
    text: dict[int, str]


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

    def read(number: int, line: str) -> tuple[str, str] | None:
        cells = line.split("\t")
        if len(cells) != len(FIELDS):
            expected = f"{len(FIELDS)} columns, as CoNLL-U has, separated by tabs"
            fix = "pass --format text for a word and a label a line"
            faults.add(number, None, expected, str(len(cells)), fix)
        elif _OTHER.fullmatch(cells[0]):
            pass
        elif not _TOKEN.fullmatch(cells[0]):
            faults.add(number, "id", "the number of a word, as 1 or 3-4", shown(cells[0]))
        elif target and cells[at] in ("_", ""):
            fix = "fill it in, or name another column with --target"
            faults.add(number, field, f"a label in {field}", shown(cells[at]), fix)
        else:
            return cells[1], cells[at]
        return None

    at = FIELDS.index(field)
    return _sentences(_blocks(source), read, target)


def read_columns(source: Source, faults: Faults, *, target: bool) -> list[Sentence]:
    """Read a token and its label a line: the first and the last of columns.

    Columns are separated by tabs, or else by blanks.
    """

    def read(number: int, line: str) -> tuple[str, str] | None:
        cells = line.split("\t") if "\t" in line else line.split()
        if target and (len(cells) < 2 or not cells[-1].strip()):
            fix = "write both a line, and an empty line after each sentence"
            faults.add(number, None, "a word and its label", shown(line.strip()), fix)
            return None
        return cells[0], cells[-1].strip()

    return _sentences(_blocks(source, comments=False), read, target)


def _sentences(
    blocks: Iterator[Block], read: Callable[[int, str], tuple[str, str] | None], target: bool
) -> list[Sentence]:
    """Return the sentences of blocks that have tokens, as `read` finds them in a line."""
    found: list[Sentence] = []
    for name, rows, text in blocks:
        pairs = {number: read(number, line) for number, line in rows.items()}
        words = {number: pair for number, pair in pairs.items() if pair is not None}
        if words:
            tokens, labels = ([pair[k] for pair in words.values()] for k in range(2))
            own = labels if target else None
            found.append(Sentence(name or len(found) + 1, tokens, own, list(words), text))
    return found


def _blocks(source: Source, *, comments: bool = True) -> Iterator[Block]:
    name: str | None = None
    rows: dict[int, str] = {}
    text: dict[int, str] = {}
    for number, line in enumerate(source.lines(), start=1):
        line = line.rstrip("\r\n")
        if line.strip():
            text[number] = line
            if not (comments and line.startswith("#")):
                rows[number] = line
            elif found := _SENTENCE_ID.fullmatch(line.strip()):
                name = found[1]
        elif text:
            yield Block(name, rows, text)
            name, rows, text = None, {}, {}
    if text:
        yield Block(name, rows, text)
