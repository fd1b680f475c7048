"""What a forecaster reads of a series' values at each step.

Letters: T steps, m steps of a season, L lags, z_t a value, s_t the scale after it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from elman._typing import FloatArray, IntArray

_MOST_LAGS, _FEWEST_LAGS = 24, 8


def lags(m: int) -> int:
    """Return L, how many steps back a step sees by itself."""
    return min(max(m, _FEWEST_LAGS), _MOST_LAGS)


def features(m: int) -> int:
    """Return how many values `read` gives for each step."""
    return 3 + 2 * lags(m)


def context(m: int) -> int:
    """Return how many values before a step are needed to read it."""
    return m + max(m, lags(m))


class Tail(NamedTuple):
    """What reading on needs of the steps before.

    values, effects : arrays, shape (at most context(m),)
        The last ones, missing values filled.
    sums : array, shape (4,)
        Sum and number of the absolute seasonal differences, and of the differences of neighbours.
    """

    values: FloatArray
    effects: FloatArray
    sums: FloatArray

    @classmethod
    def start(cls) -> Tail:
        """Return what there is before a series begins."""
        return cls(np.zeros(0), np.zeros(0), np.zeros(4))


class Reading(NamedTuple):
    """What `read` returns.

    features : array, shape (T, features(m))
    scale : array, shape (T,), s
    values : array, shape (T,), missing ones filled
    tail : Tail
    """

    features: FloatArray
    scale: FloatArray
    values: FloatArray
    tail: Tail


def read(
    values: FloatArray, m: int, tail: Tail | None = None, effects: FloatArray | None = None
) -> Reading:
    """Return what a network reads of values, each step knowing what came before alone.

        s_t  = the mean of |z_i - z_{i-m}| for all i ≤ t, of |z_i - z_{i-1}| where that is none or
               zero, and 1 where that is so too
        u_i  = z_i / s_t - w_i
        f_t  = arcsinh of u_t - a_t, a_t - a_{t-1}, u_{t-j} - u_{t-j-m} for j = 0 … L - 1,
               u_{t-j} - u_t for j = 1 … L, and of log s_t,

    with a_t the mean of the last m of u. What would need a value before the series begins is 0.
    A missing value is read as the value a season before it, so that its departure is 0.

    Parameters
    ----------
    values : array, shape (T,)
        NaN where they are missing; in a series that begins, not the first.
    m : int
    tail : Tail, optional
        What came before.
    effects : array, shape (T,), optional
        w, what covariates are thought to add, in units of the scale; None is nothing.
    """
    tail = Tail.start() if tail is None else tail
    effects = np.zeros(len(values)) if effects is None else effects
    C, seen = context(m), ~np.isnan(values)
    # NaN stands before the series.
    before = np.full(C - len(tail.values), np.nan)
    z = np.concatenate([before, tail.values, values])
    w = np.concatenate([before, tail.effects, effects])
    _fill(z, C, m)
    sums = _sums(z[C - m :], seen, m, tail.sums)
    s = scale(sums[1:])
    scaled = _differences(z, m) / s[:, None]
    if effects.any() or tail.effects.any():
        scaled -= _differences(w, m)
    found = np.arcsinh(np.concatenate([scaled, np.log(s)[:, None]], axis=1))
    kept = min(C, len(tail.values) + len(values))
    return Reading(found, s, z[C:], Tail(z[-kept:].copy(), w[-kept:].copy(), sums[-1]))


def _differences(z: FloatArray, m: int) -> FloatArray:
    """Return what a step reads of values, before scaling, of values that C others precede."""
    L, C = lags(m), context(m)
    known = ~np.isnan(z)
    counts = sliding_window_view(known, m).sum(axis=1)
    totals = sliding_window_view(np.where(known, z, 0.0), m).sum(axis=1)
    averages = (totals / np.maximum(counts, 1))[C - m :]
    averages[counts[C - m :] == 0] = np.nan
    now = z[C:]
    lagged = sliding_window_view((z[m:] - z[:-m])[C - m - L + 1 :], L)[:, ::-1]
    before = sliding_window_view(z[C - L : -1], L)[:, ::-1]
    parts = [
        (now - averages[1:])[:, None],
        np.diff(averages)[:, None],
        lagged,
        before - now[:, None],
    ]
    return np.asarray(np.nan_to_num(np.concatenate(parts, axis=1)))


def _sums(z: FloatArray, seen: npt.NDArray[np.bool_], m: int, before: FloatArray) -> FloatArray:
    """Return the sums of `Tail` before each value and after the last, shape (T + 1, 4)."""
    sums = np.zeros((len(seen) + 1, 4))
    sums[0] = before
    for column, lag in ((0, m), (2, 1)):
        differences = np.abs(z[m:] - z[m - lag : -lag])
        counted = seen & ~np.isnan(differences)
        sums[1:, column] = np.where(counted, differences, 0.0)
        sums[1:, column + 1] = counted
    return np.asarray(np.cumsum(sums, axis=0))


def naive(origins: IntArray, starts: IntArray, h: int, m: int) -> IntArray:
    """Return where the seasonal naive forecast of each step ahead stands.

    It is the value of the same season in the last m steps, or the last value where the series
    is too short.

    Parameters
    ----------
    origins, starts : integers of shape (...)
        Where the last values, and the first ones of their series, stand.
    h, m : int

    Returns
    -------
    integers, shape (..., h)
    """
    k = np.arange(1, h + 1)
    back = k - m * -(-k // m)
    at = origins[..., None] + back
    return np.where(at >= starts[..., None], at, origins[..., None])


def base(
    values: FloatArray, effects: FloatArray, steps: IntArray, scale: FloatArray, h: int, m: int
) -> FloatArray:
    """Return the seasonal naive forecasts after some steps, moved by what covariates add.

    Parameters
    ----------
    values : array, shape (T,)
    effects : array, shape (T,) or longer, as far as they are known
    steps : n integers in [0, T)
    scale : array, shape (n,)
    h, m : int

    Returns
    -------
    array, shape (n, h)
    """
    back = naive(steps, np.zeros_like(steps), h, m)
    wanted = steps[:, None] + np.arange(1, h + 1)
    known = wanted < len(effects)
    moved = np.where(known, effects[np.where(known, wanted, 0)] - effects[back], 0.0)
    return values[back] + scale[:, None] * moved


def _fill(z: FloatArray, first: int, m: int) -> None:
    """Put the value of the season before, or the last one, where a value is missing."""
    for t in first + np.flatnonzero(np.isnan(z[first:])):
        z[t] = z[t - 1] if np.isnan(z[t - m]) else z[t - m]


def scale(sums: FloatArray) -> FloatArray:
    """Return s, shape (T,), of the sums (T, 4)."""
    with np.errstate(invalid="ignore"):
        seasonal, neighbours = sums[:, 0] / sums[:, 1], sums[:, 2] / sums[:, 3]
    found = np.where(seasonal > 0, seasonal, neighbours)
    return np.where(found > 0, found, 1.0)
