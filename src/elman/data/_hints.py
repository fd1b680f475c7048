"""What X looks like where it is no sequences: messages that name the way to make some."""

from __future__ import annotations

import inspect
import re
import warnings
from typing import Any

import numpy as np

from elman import _check
from elman._typing import FloatArray

SEQUENCES = "an array (n, T, I) or (n, T), or a list of arrays (T_i, I) or (T_i,)"
"""What X may be."""

TURN = "if time is the last axis, elman.data.from_channels_first(X) turns the axes"
"""What helps where channels come before time."""

_FROM_FRAME = "elman.data.from_frame(frame, id=..., time=...)"
_ID = re.compile(r"(?i:id|uid|uuid|.*[_ -]u?id)|.*[a-z](Id|ID)")
_TIME = re.compile(
    r"(?i)t|ds|time|times|timestamp|date|datetime|time[_ ]?step|step|.*[_ ](time|date)"
)

_INSIDE = ("elman.", "sklearn.", "joblib.")
_NUMBER = re.compile(r"[\d.]+(e[+-]?\d+)?")
_told: set[tuple[Any, ...]] = set()
"""What a search has been told, and where."""

_MANY_ROWS, _FEW_COLUMNS = 100, 3
"""From so many rows on, so few columns or fewer look like a long table's."""

_ROWS_OF_A_COUNTER = 20
"""From so many rows on, a column that counts is hardly a chance."""


def check_kind(X: Any, expected: str = SEQUENCES) -> None:
    """Hold that X may be sequences; `expected` says in errors which.

    Raises
    ------
    TypeError
        If it is None, a text, a number, a mapping, a groupby object or an iterator.
    ValueError
        If it is a masked array with masked values.
    """
    got, fix = type(X).__name__, ""
    if hasattr(X, "ngroups"):
        fix = f"pass {_FROM_FRAME}.X, of the frame before groupby"
    elif isinstance(X, dict) and not hasattr(X, "shape"):  # a sparse array may be a dict
        fix = "pass its sequences, list(X.values())"
    elif hasattr(X, "__next__") or isinstance(X, set | frozenset):
        fix = "pass list(X)" if hasattr(X, "__next__") else ""
    elif X is None or isinstance(X, str | bytes | int | float):
        got = "None" if X is None else f"{X!r:.60} ({got})"
    else:
        _check.unmasked("X", X)
        return
    raise _check.fail(TypeError, "X", expected, got, fix)


def check_numbers(name: str, frame: Any) -> None:
    """Hold that a data frame's columns are numbers (ValueError)."""
    for column in frame.columns:
        values = np.asarray(frame[column])
        if values.ndim != 1 or values.dtype.kind in "biuf":
            continue
        if values.dtype.kind in "mM" or (len(values) and not _is_number(values[0])):
            got = f"column {column!r}, of {values.dtype}"
            if len(values):
                got += f", such as {values[0]!r}"
            fix = f"drop it, or, if it is an id or a time, pass {_FROM_FRAME}.X"
            raise _check.fail(ValueError, name, "columns of numbers", got, fix)


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def warn_of_ids(names: list[Any], frames: FloatArray, starts: Any) -> None:
    """Warn if a column of a list of data frames has an id's name, and a value for each sequence.

    Parameters
    ----------
    names : of the columns
    frames : array, shape (F, I)
    starts : each sequence's first row, for sequences that have one
    """
    for column, name in enumerate(names):
        if len(starts) < 2 or not _ID.fullmatch(str(name)):
            continue
        values = frames[:, column]
        first = np.repeat(values[starts], np.diff([*starts, len(values)]))
        if (values == first).all() and len(np.unique(values[starts])) == len(starts):
            warn(
                f"X: expected columns that change with time, got column {name!r}, which numbers "
                f"the sequences; drop it, or make X with {_FROM_FRAME}.X"
            )


def warn_of_long_table(X: FloatArray, names: Any) -> None:
    """Warn if X of shape (n, T) looks like a table that has a row for each time step.

    It does if a column has the name of an id or a time, or counts while another does not, or if
    there are at least 100 rows of at most 3 columns.

    Parameters
    ----------
    X : array, shape (n, T)
    names : of its columns, or None
    """
    n, T = X.shape
    found = None
    for name in [] if names is None or T < 2 else names:
        if _ID.fullmatch(str(name)):
            found = f"column {name!r} looks like an id"
        elif _TIME.fullmatch(str(name)):
            found = f"column {name!r} looks like a time"
        if found:
            break
    counters = [] if found else [column for column in range(T) if _counts(X[:, column])]
    if not found and 0 < len(counters) < T:
        found = f"column {counters[0]} counts upwards"
    if not found and n >= _MANY_ROWS and T <= _FEW_COLUMNS:
        found = f"sequences of {T} steps are very short"
    if found:
        warn(
            f"X: expected {n} sequences, one a row, of one column and {T} steps, got what may be "
            f"a long table, with a row for each step: {found}; if so, make sequences of it with "
            f"{_FROM_FRAME}, else leave ids and times out"
        )


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn, and name the line outside elman and scikit-learn that called.

    Of the fits of a search or a cross-validation the first one alone warns, as Python shows a
    warning once for each line; scikit-learn makes it forget that from fit to fit.
    """
    level, frame, in_search = 1, inspect.currentframe(), False
    while frame is not None and frame.f_globals.get("__name__", "").startswith(_INSIDE):
        in_search |= frame.f_code.co_name == "_fit_and_score"
        level, frame = level + 1, frame.f_back
    if in_search and frame is not None:
        kind = _NUMBER.sub("", message)
        line = (category, kind, frame.f_code.co_filename, frame.f_lineno)
        if line in _told and _action(message, category) not in ("always", "error"):
            return
        message += " (told once for all fits of this search)"
    warnings.warn(message, category, stacklevel=level)
    if in_search and frame is not None:
        _told.add(line)


def _action(message: str, category: type[Warning]) -> str:
    """Return what the user's filters do with a warning."""
    for action, text, kind, module, line in warnings.filters:
        matches = text is None or re.match(text, message)
        if matches and issubclass(category, kind) and module is None and not line:
            return action
    return "default"


def _counts(values: FloatArray) -> bool:
    """Tell whether values go up by the same step, again and again from a start."""
    if len(values) < _ROWS_OF_A_COUNTER:
        return False
    steps = np.diff(values)
    up = float(np.median(steps))
    again = steps != up
    return up > 0 and float(again.mean()) < 0.5 and bool((steps[again] < 0).all())
