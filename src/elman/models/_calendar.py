"""Where a time stands in the day, the week and the year."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from elman._typing import FloatArray

_DAY = np.timedelta64(1, "D").astype("timedelta64[ns]")
_LENGTHS = {"hour": _DAY / 24, "day": _DAY, "week": 7 * _DAY, "year": 365.25 * _DAY}
CYCLES = tuple(_LENGTHS)
"""The cycles that there are."""

Times = npt.NDArray[np.datetime64]


def cycles_of(step: np.timedelta64, span: np.timedelta64) -> list[str]:
    """Return the cycles of which a series with such steps and such a length tells something.

    A cycle has more than one step, and is seen twice at least; that of an hour, minutes apart.
    """
    return [n for n, length in _LENGTHS.items() if 1.5 * step < length and 2 * length <= span]


def phases(times: Times, cycles: Sequence[str]) -> FloatArray:
    """Return sine and cosine of the phase in each cycle, shape (T, 2 · len(cycles))."""
    found: list[Any] = []
    for name in cycles:
        angle = 2 * np.pi * _phase(times, name)
        found += [np.sin(angle), np.cos(angle)]
    return np.stack(found, axis=1) if found else np.zeros((len(times), 0))


def _phase(times: Times, name: str) -> FloatArray:
    """Return in [0, 1) how much of the cycle is over."""
    times = times.astype("datetime64[ns]")
    if name == "year":
        years = times.astype("datetime64[Y]")
        start = years.astype("datetime64[ns]")
        return np.asarray((times - start) / ((years + 1).astype("datetime64[ns]") - start))
    monday = np.datetime64("1970-01-05", "ns")
    return np.asarray(((times - monday) / _LENGTHS[name]) % 1.0)
