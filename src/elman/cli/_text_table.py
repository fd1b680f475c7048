"""Tables for eyes: aligned columns of text."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np

Facts = dict[str, Any]
"""What is told of something: values by name; dicts of them are parts."""


def aligned(results: dict[str, Any]) -> str:
    """Return columns as text, texts on the left, numbers on the right, with six digits.

    >>> print(aligned({"metric": ["accuracy", "log_loss"], "value": [0.98123456, 0.05]}))
    metric       value
    ------------------
    accuracy  0.981235
    log_loss      0.05
    """
    columns = [[name, *map(_cell, column)] for name, column in results.items()]
    right = [not any(isinstance(v, str) for v in column) for column in results.values()]
    rows = aligned_rows(list(zip(*columns, strict=True)), right)
    return "\n".join([rows[0], "-" * max(map(width, rows)), *rows[1:]])


def aligned_rows(rows: Sequence[Sequence[str]], right: Sequence[bool]) -> list[str]:
    """Return rows of cells as lines; `right` says which columns end at the same place."""
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = []
        for cell, space, is_right in zip(row, widths, right, strict=True):
            fill = " " * (space - width(cell))
            cells.append(fill + cell if is_right else cell + fill)
        lines.append("  ".join(cells).rstrip())
    return lines


def as_text(facts: Facts) -> str:
    """Return facts as lines, the values below each other; those of a dict on lines of their own.

    >>> print(as_text({"rows": 4274, "features": ["a", "b"], "classes": {"no": 12, "yes": 1000}}))
    rows      4,274
    features  a, b
    classes   2
      no         12
      yes     1,000
    """
    rows: list[tuple[str, str]] = []
    for name, value in facts.items():
        if not isinstance(value, dict):
            rows.append((name, _fact(value)))
            continue
        rows.append((name, _fact(len(value))))
        numbers = [_fact(part) for part in value.values()]
        space = max(map(width, numbers), default=0)
        rows += [(f"  {n}", part.rjust(space)) for n, part in zip(value, numbers, strict=True)]
    return "\n".join(aligned_rows(rows, [False, False]))


def width(text: str) -> int:
    """Return how many columns of a terminal a text takes; those of East Asia take two."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(unicodedata.combining(c) > 0 for c in text)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float | np.floating) else str(value)


def _fact(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, int | np.integer) and not isinstance(value, bool):
        return f"{value:,}"
    return _cell(value)
