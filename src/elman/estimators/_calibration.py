"""Intervals that cover as often as they say: conformal calibration."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np

from elman import _check
from elman._typing import FloatArray
from elman.models import ForecasterModel
from elman.models._forecaster import bounds
from elman.models._memory import Series


def check_enough(series: Sequence[Series], h: int, levels: Sequence[float], size: int) -> None:
    """Hold that there are enough values to calibrate with (ValueError); see `corrections`."""
    n = np.zeros(h, np.int64)
    for one in series:
        if len(one.values) > size:
            known = ~np.isnan(one.values[-size:])
            # The value at place j is told from 1 to j + 1 steps ahead.
            n += np.array([known[k:].sum() if k < size else 0 for k in range(h)])
    least, level = int(n.argmin()), max(levels)
    if _rank(int(n[least]), level) > n[least]:
        needed = next(count for count in itertools.count(1) if _rank(count, level) <= count)
        expected = f"{needed} or more values {least + 1} steps ahead for level {level:g}"
        got = f"{n[least]} in the last {size} steps of all series"
        fix = "make it greater, pass more series, or ask for a lower level"
        raise _check.fail(ValueError, "calibration_size", expected, got, fix)


def corrections(
    model: ForecasterModel, series: Sequence[Series], levels: Sequence[float], size: int
) -> FloatArray:
    """Return by how much each quantile is moved, shape (h, Q), in units of a series' scale.

    Conformalised quantile regression (Romano, Patterson & Candès 2019). The score of a value is
    max(lo - y, y - hi) / s, for every step ahead over the last `size` steps of all series, which
    the network has not learned from. Of n scores, the one of rank ⌈(n + 1)(1 - α)⌉ makes an
    interval as wide as it must be; `check_enough` holds that there is one.
    """
    scores: dict[float, list[FloatArray]] = {level: [] for level in levels}
    for one in series:
        T = len(one.values)
        if size >= T:
            continue
        steps = np.arange(T - size - 1, T - 1)
        found = model.scaled_at(one, steps)
        wanted = steps[:, None] + np.arange(1, model.h + 1)
        values = np.where(wanted < T, one.values[np.minimum(wanted, T - 1)], np.nan)
        y = (values - found.base) / found.scale[:, None]
        for level in levels:
            lo, hi = (model.quantile(found.quantiles, q) for q in bounds(level))
            scores[level].append(np.maximum(lo - y, y - hi))
    moved = np.zeros((model.h, len(model.quantiles)))
    for level, parts in scores.items():
        lower, upper = map(model.quantiles.index, bounds(level))
        for k, column in enumerate(np.concatenate(parts).T):
            ordered = np.sort(column[~np.isnan(column)])
            width = ordered[_rank(len(ordered), level) - 1]
            moved[k, lower], moved[k, upper] = -width, width
    return moved


def _rank(n: int, level: float) -> int:
    """Return ⌈(n + 1)(1 - α)⌉."""
    return math.ceil(round((n + 1) * level / 100, 6))
