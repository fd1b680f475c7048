"""Times of a table's rows: whether two are the same, and whether some are missing."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from elman import _check

_ROUNDING = 1e-6
"""How far the ratio of two equal steps may be from 1, as in 0.1, 0.2, 0.3."""


def check_times(ids: npt.NDArray[Any], times: npt.NDArray[Any], *, step: Any) -> str:
    """Hold that rows have times of their own, and the given step from one to the next.

    Parameters
    ----------
    ids : array, shape (F,)
        Each row's sequence; rows of a sequence stand together.
    times : array, shape (F,), in order within a sequence
    step : number, timedelta, "infer" or None
        As `from_frame` has it.

    Returns
    -------
    str
        What to warn of, or "".

    Raises
    ------
    TypeError, ValueError
        If an id has two rows of one time, or another step than the given one.
    """
    follows = ids[1:] == ids[:-1]
    at = np.flatnonzero(follows)
    steps = times[at + 1] - times[at]
    same = np.flatnonzero(times[at + 1] == times[at])
    if len(same):
        row = at[same[0]]
        more = f", and {len(same) - 1} more" if len(same) > 1 else ""
        got = f"two rows of id {plain(ids[row])!r} at {_text(times[row])}{more}"
        fix = "take their mean, as frame.groupby([id, time]).mean() does, or drop one"
        raise _check.fail(ValueError, "time", "one row for each id and time", got, fix)
    if step is None or not len(steps):
        return ""
    if isinstance(step, str) and step == "infer":
        return _inferred(ids, times, at, steps)
    if isinstance(step, str) or (steps.dtype.kind == "m" and isinstance(step, int | float)):
        expected = 'a difference of times, "infer" or None'
        example = 1 if steps.dtype.kind in "iuf" else "pandas.Timedelta('1D')"
        got = f"{step!r} ({type(step).__name__})"
        raise _check.fail(TypeError, "step", expected, got, f"pass one such as {example}")
    try:
        if steps.dtype.kind == "m":
            step = np.timedelta64(step)
        if np.ndim(step) > 0:
            raise TypeError
        wrong = np.flatnonzero(~_is_one(_ratios(steps, step)))
    except (TypeError, ValueError):
        expected = f"a difference of times, such as {steps[0]!r}"
        got = f"{step!r} ({type(step).__name__})"
        raise _check.fail(TypeError, "step", expected, got) from None
    if len(wrong):
        got = _gaps(ids, times, at[wrong])
        fix = "fill in the rows that are missing, or take step=None"
        raise _check.fail(ValueError, "time", f"a step of {_text(step)} between rows", got, fix)
    return ""


def _inferred(
    ids: npt.NDArray[Any], times: npt.NDArray[Any], at: npt.NDArray[Any], steps: npt.NDArray[Any]
) -> str:
    """Tell of gaps if more than half of the steps are equal, and the others multiples of them."""
    try:
        step = np.sort(steps)[len(steps) // 2]
        ratios = _ratios(steps, step)
    except TypeError:  # of months, say, which are not equally long
        return ""
    regular = _is_one(ratios)
    multiples = (np.round(ratios) >= 1) & (np.abs(ratios - np.round(ratios)) < _ROUNDING)
    if regular.all() or regular.mean() <= 0.5 or not multiples.all():
        return ""
    found = _gaps(ids, times, at[~regular])
    return (
        f"time: expected a step of {_text(step)} between rows, as most have, got {found}; "
        "fill in the rows that are missing, or pass step=None if the gaps do not matter"
    )


def _ratios(steps: npt.NDArray[Any], step: Any) -> npt.NDArray[np.float64]:
    return np.asarray(steps / step, dtype=np.float64)


def _is_one(ratios: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    return np.abs(ratios - 1) < _ROUNDING


def _gaps(ids: npt.NDArray[Any], times: npt.NDArray[Any], rows: npt.NDArray[Any]) -> str:
    row = rows[0]
    more = f", and {len(rows) - 1} more" if len(rows) > 1 else ""
    before, after = _text(times[row]), _text(times[row + 1])
    return f"id {plain(ids[row])!r} from {before} to {after}{more}"


def plain(value: Any) -> Any:
    """Return NumPy's number or text as Python's, which looks plainer in a message."""
    if isinstance(value, np.generic) and value.dtype.kind not in "mM":
        return value.item()
    return value


def _text(time: Any) -> str:
    """Return a time as a person would write it."""
    if isinstance(time, np.datetime64):
        text = str(time.astype("datetime64[us]")).removesuffix(".000000")
        return text.removesuffix("T00:00:00")
    if isinstance(time, np.timedelta64):
        return str(time.astype("timedelta64[us]").item())
    return str(time)
