"""Ledgers: every product of a sum on a line of its own, and below it what the sum comes to."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import NamedTuple

import numpy as np

from elman._typing import FloatArray
from elman.explaining._numbers import number

MOST = 8
"""Of how many terms at most a ledger shows all."""

KEPT = 6
"""How many it shows of more: those of the largest |product|."""

COLUMN = 40
"""Where the second of two ledgers begins that stand side by side."""


class Line(NamedTuple):
    """A line of a ledger: a term, whose factors are texts, or a sum without factors."""

    label: str
    result: str
    weight: str = ""
    value: str = ""


class Ledger(NamedTuple):
    """Lines with what they are about above them."""

    title: str
    lines: list[Line]


def terms(letter: str, weights: FloatArray, values: FloatArray) -> list[Line]:
    """Return a line for each product of a row of weights and a vector; of many, the largest six."""
    with np.errstate(all="ignore"):
        products = weights.astype(np.float64) * values.astype(np.float64)
    kept = list(range(len(products)))
    if len(products) > MOST:
        size = np.where(np.isnan(products), np.inf, np.abs(products))
        kept = sorted(np.argsort(-size, kind="stable")[:KEPT].tolist())
    lines = [
        Line(f"{letter}[{j}]", number(products[j]), number(weights[j]), number(values[j]))
        for j in kept
    ]
    if len(kept) < len(products):
        others = np.delete(products, kept).sum()
        lines.append(Line(f"{len(products) - len(kept)} others", number(others)))
    return lines


def written(ledgers: Sequence[Ledger]) -> list[str]:
    """Write ledgers, two side by side where they fit, with columns of equal width."""
    lines = [line for ledger in ledgers for line in ledger.lines]
    factors = [line for line in lines if line.weight]
    label = max((len(line.label) for line in factors), default=0)
    widths = [
        max([7, *(len(line[i]) for line in factors)]) for i in (Line._fields.index("weight"), 3)
    ]
    result = max(7, *(len(line.result) for line in lines))
    total = label + 2 + widths[0] + 3 + widths[1] + 3
    total = max(total, *(len(line.label) + 2 for line in lines if not line.weight))

    def written_line(line: Line) -> str:
        if not line.weight:
            return f"{line.label:<{total}}{line.result:>{result}}"
        product = f"{line.weight:>{widths[0]}} * {line.value:>{widths[1]}} ="
        space = total - label - len(product) - 1
        return f"{line.label:<{label}}{'':{space}}{product} {line.result:>{result}}"

    columns = [[ledger.title, *map(written_line, ledger.lines)] for ledger in ledgers]
    beside = 2 if total + result < COLUMN - 1 else 1
    found: list[str] = []
    for i in range(0, len(columns), beside):
        pairs = zip_longest(*columns[i : i + beside], fillvalue="")
        block = ["".join(f"{part:<{COLUMN}}" for part in parts).rstrip() for parts in pairs]
        found += [*([""] if found else []), *block]
    return found
