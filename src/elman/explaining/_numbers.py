"""Numbers as texts of ASCII alone: four places, which are rounded for show only."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Sequence

WIDTH = 80
"""Columns of a terminal."""

PLACES = 4


def number(value: float, places: int = PLACES) -> str:
    """Write a number to four places; in powers of ten where that shows nothing, or too much."""
    value = float(value)
    if value == 0:
        return f"{0:.{places}f}"
    if math.isfinite(value) and not 0.5 * 10**-places <= abs(value) < 1e5:
        return f"{value:.1e}"
    return f"{value:.{places}f}"


def numbers(values: Iterable[float], places: int = PLACES) -> list[str]:
    """Write a vector: whole numbers plainly if all are whole, and an exact nought as 0."""
    found = [float(value) for value in values]
    if all(value.is_integer() and abs(value) < 1e5 for value in found):
        return [f"{value + 0:.0f}" for value in found]  # -0 + 0 is 0
    return [number(value, places) if value else "0" for value in found]


def row(label: str, values: Sequence[str], width: int = WIDTH) -> str:
    """Write a label and what fits beside it of some values, and how many are left out.

    The first value has room for a sign, so that vectors below one another begin alike.
    """
    if values and values[0][0] not in " -":
        values = [f" {values[0]}", *values[1:]]
    for shown in range(len(values), -1, -1):
        left_out = len(values) - shown
        rest = [f"... {left_out} more"] if left_out else []
        line = label + "  ".join([*values[:shown], *rest])
        if len(line) <= width:
            break
    return line.rstrip()


def small(value: float) -> str:
    """Write a difference to one digit."""
    return f"{value:.0e}" if value else "0"


def wrapped(text: str) -> str:
    """Break a sentence into lines that fit."""
    return textwrap.fill(text, WIDTH, subsequent_indent="  ", break_on_hyphens=False)
