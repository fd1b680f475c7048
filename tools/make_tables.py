"""Write native/tables.hpp: tanh and the logistic function in pieces, for float32.

Each piece is a polynomial of degree 5 about a centre of its own. The centre is a float32 near the
middle of the piece at which the function is all but a float32 too (Gal & Bachelis 1991, "An
accurate elementary mathematical library for the IEEE floating point standard"), so that the
constant term is exact, and its sum with what the other terms add is all that is rounded.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import mpmath as mp
import numpy as np

TABLES = Path(__file__).parents[1] / "native" / "tables.hpp"
PIECES, TERMS, TRIES, NODES = 32, 6, 4000, 60
Function = Callable[[mp.mpf], mp.mpf]

HEADER = """\
// Made by tools/make_tables.py.
//
// tanh(y) and 1 / (1 + e^y) for y >= 0 in pieces. A row has a piece's centre c and the
// coefficients of 1, t, ... t^5 with t = y - c; that of tanh's first piece, of tanh(y) - y. y's
// piece is its bits >> `shift`, less `before`, but not less than 0: octaves are cut into equal
// widths. The last row is for all y from `end` on.
#pragma once

namespace elman {
"""


def rounded(value: mp.mpf) -> np.float32:
    """Round to float32."""
    return np.float32(float(value))


def centre_of(f: Function, low: float, high: float) -> np.float32:
    """Find a float32 near the middle at which `f` is all but a float32."""
    middle = np.float32((low + high) / 2)
    step = np.spacing(middle) * max(1, int((high - low) / 32 / TRIES / np.spacing(middle)))
    candidates = [np.float32(middle + i * step) for i in range(-TRIES, TRIES)]

    def distance(at: np.float32) -> float:
        value = f(mp.mpf(float(at)))
        return float(abs(value - mp.mpf(float(rounded(value)))))

    return min(candidates, key=distance)


def coefficients(g: Function, low: float, high: float, terms: int, weight: int) -> list[np.float32]:
    """Fit g(t) = sum of coefficients[k] t^k for low <= t <= high, where t^weight times it counts.

    By least squares at Chebyshev's nodes, which is close to the least largest error.
    """
    t = (low + high) / 2 + (high - low) / 2 * np.cos(np.pi * (np.arange(NODES) + 0.5) / NODES)
    values = np.array([float(g(mp.mpf(float(at)))) for at in t])
    scale = max(abs(low), abs(high))
    powers = (t[:, None] / scale) ** np.arange(terms) * np.abs(t[:, None]) ** weight
    found = np.linalg.lstsq(powers, values * np.abs(t) ** weight, rcond=None)[0]
    return [np.float32(c) for c in found / scale ** np.arange(terms)]


def piece(f: Function, low: float, high: float) -> list[np.float32]:
    """Return a row of the table."""
    centre = centre_of(f, low, high)
    c = mp.mpf(float(centre))
    rest = coefficients(
        lambda t: (f(c + t) - f(c)) / t, low - float(centre), high - float(centre), TERMS - 1, 1
    )
    return [centre, rounded(f(c)), *rest]


def tanh_from_zero(high: float) -> list[np.float32]:
    """Return the row of tanh(y) - y."""
    rest = coefficients(lambda t: (mp.tanh(t) / t - 1) / t**2, 0.0, high, TERMS - 3, 2)
    return [np.float32(0)] * 4 + rest


def table(
    name: str, first: list[np.float32], f: Function, begin: float, per_octave: int, end: float
) -> str:
    """Return the C++ of one table."""
    rows, low, width = [first], begin, begin / per_octave
    while low < end:
        rows.append(piece(f, low, low + width))
        low += width
        if np.log2(low) % 1 == 0:
            width *= 2
    last = [np.float32(0)] * (TERMS + 1)
    last[1] = rounded(f(mp.inf))
    rows += [last] * (PIECES - len(rows))
    assert len(rows) == PIECES, f"{name}: {len(rows)} pieces"
    lines = ["{" + ", ".join(f"{v!s}f" for v in row) + ", 0}" for row in rows]
    shift = 23 - int(np.log2(per_octave))
    before = (np.float32(begin).view(np.int32) >> shift) - 1
    return f"""
struct {name} {{
  static constexpr int shift = {shift}, before = {before};
  static constexpr float end = {end!r}f;
  alignas(64) static constexpr float rows[{PIECES}][8] = {{
      {("," + chr(10) + "      ").join(lines)}}};
}};
"""


def main() -> None:
    """Write both tables."""
    mp.mp.prec = 120

    def logistic(y: mp.mpf) -> mp.mpf:
        return 1 / (1 + mp.exp(y))

    text = HEADER
    text += table("TanhTable", tanh_from_zero(0.125), mp.tanh, 0.125, 4, 10.0)
    text += table("LogisticTable", piece(logistic, 0.0, 0.5), logistic, 0.5, 8, 7.5)
    TABLES.write_text(text + "\n}  // namespace elman\n")


if __name__ == "__main__":
    main()
