"""What a forecaster keeps of a series, from which it forecasts and reads on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from elman._typing import FloatArray
from elman.models._calendar import Times
from elman.models._seasonal import Tail


class Series(NamedTuple):
    """Steps of a series. Letters: T steps, P past and F future covariates, h steps ahead.

    values : array, shape (T,), transformed; NaN where they are missing
    times : array of dates, shape (T,), or None where no cycle is read
    past : array, shape (T, P); NaN where they are missing
    future : array, shape (T, F)
    static : array, shape (S,), encoded; what does not change
    """

    values: FloatArray
    times: Times | None
    past: FloatArray
    future: FloatArray
    static: FloatArray


class Memory(NamedTuple):
    """What is kept of a series.

    The state is that before the last R steps: where covariates are known ahead, what those steps
    read is complete only once a forecast is asked for.

    tail : what reading on needs
    frames : array, shape (at most R, I), what the last steps read beside future covariates
    future : array, shape (as many, F), scaled
    state : array, of as many values as `state_size` says
    static : array, shape (S,), encoded
    """

    tail: Tail
    frames: FloatArray
    future: FloatArray
    state: FloatArray
    static: FloatArray


def ahead(future: FloatArray, steps: int, h: int) -> FloatArray:
    """Return what each of the first steps knows of now and of h steps ahead.

    Parameters
    ----------
    future : array, shape (M, F), M ≥ steps
        What is not there yet is 0.
    steps, h : int

    Returns
    -------
    array, shape (steps, (h + 1) · F)
    """
    F = future.shape[1]
    known = np.zeros((steps + h, F))
    known[: len(future)] = future[: steps + h]
    windows = np.lib.stride_tricks.sliding_window_view(known, h + 1, axis=0)
    return windows.transpose(0, 2, 1).reshape(steps, (h + 1) * F)
