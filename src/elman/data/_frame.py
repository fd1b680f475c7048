"""A long table, one row for each time step, made into sequences."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from elman import _check
from elman._typing import FloatArray, IntArray
from elman.data._times import check_times, plain


class FrameSequences(NamedTuple):
    """The sequences of a long table, as `from_frame` returns them. Letters: n sequences.

    Attributes
    ----------
    X : list of n arrays, shape (T_i, I)
        The values, one column of the table for each of the I.
    y : array, shape (n,), or None
        Each sequence's target, if one was asked for.
    ids : array, shape (n,)
        Each sequence's id.
    times : list of n arrays, shape (T_i,), or None
        The time of each row of X, if the table has times.
    columns : list of I names
        The columns of X.
    """

    X: list[FloatArray]
    y: npt.NDArray[Any] | None
    ids: npt.NDArray[Any]
    times: list[npt.NDArray[Any]] | None
    columns: list[Any]


def from_frame(
    frame: Any,
    *,
    id: Any,  # noqa: A002 - the argument's name in every library that takes such a table
    time: Any,
    values: Sequence[Any] | None = None,
    target: Any = None,
    step: Any = "infer",
) -> FrameSequences:
    """Make sequences from a long table, which has a row for each time step of each sequence.

    Parameters
    ----------
    frame : pandas.DataFrame
        The rows may be in any order; its index is not read. Left as it is.
    id : name of a column
        Rows with the same id are a sequence.
    time : name of a column, or None
        Numbers or dates. The rows of a sequence are brought into the order of their times. None
        takes them in the order in which they stand.
    values : list of names of columns, optional
        What becomes X, in this order. None is all columns but `id`, `time` and `target`.
    target : name of a column, optional
        What becomes y: it must say the same in all rows of a sequence.
    step : number or timedelta, "infer" or None
        The time from each row of a sequence to the next, as a network sees rows, not times. If it
        is given, a gap is an error. "infer" warns of gaps where most steps are equal and the others
        are multiples of it. None does not look for gaps.

    Returns
    -------
    FrameSequences
        X, y, ids, times and columns; sequences in the order in which ids first appear. X is
        float32 if all values are, else float64; a missing value is NaN.

    Raises
    ------
    KeyError
        If a column is not in the frame.
    TypeError, ValueError
        If an id or a time is missing, an id has two rows of one time, a value is no number, or the
        target changes within a sequence.

    Warns
    -----
    UserWarning
        If step is "infer" and times have gaps.

    Examples
    --------
    >>> import pandas as pd
    >>> from elman.data import from_frame
    >>> frame = pd.DataFrame({
    ...     "patient": ["b", "a", "b", "b", "a"],
    ...     "day": [2, 1, 1, 3, 2],
    ...     "pulse": [71.0, 60.0, 70.0, 72.0, 61.0],
    ...     "ill": ["yes", "no", "yes", "yes", "no"],
    ... })
    >>> data = from_frame(frame, id="patient", time="day", target="ill")
    >>> data.ids
    array(['b', 'a'], dtype=object)
    >>> data.X[0]
    array([[70.],
           [71.],
           [72.]])
    >>> data.y
    array(['yes', 'no'], dtype=object)
    """
    _check_frame(frame)
    used = {"id": id, "time": time, "target": target}
    for argument, name in used.items():
        if name is not None or argument == "id":
            _check_column(frame, argument, name)
    names = _checked_values(frame, values, [name for name in used.values() if name is not None])
    codes, first = _codes(frame, id)
    ids = np.asarray(frame[id])[first]
    order: IntArray = np.argsort(codes, kind="stable")
    times = None
    if time is not None:
        all_times = _checked_times(frame, time)
        order = _in_order(all_times)
        order = order[np.argsort(codes[order], kind="stable")]
        gaps = check_times(ids[codes[order]], all_times[order], step=step)
        if gaps:
            warnings.warn(gaps, UserWarning, stacklevel=2)
    cuts = np.cumsum(np.bincount(codes))[:-1]
    if time is not None:
        times = np.split(all_times[order], cuts)
    X = np.split(_matrix(frame, names)[order], cuts)
    y = None if target is None else _checked_target(frame, target, ids, codes, first)
    return FrameSequences(X=X, y=y, ids=ids, times=times, columns=names)


def _check_frame(frame: Any) -> None:
    expected = "a data frame with a row for each time step"
    if hasattr(frame, "ngroups"):
        fix = "pass the frame itself, before groupby"
        raise _check.fail(TypeError, "frame", expected, type(frame).__name__, fix)
    if not hasattr(frame, "columns") or not hasattr(frame, "iloc"):
        fix = "call its to_pandas()" if hasattr(frame, "to_pandas") else ""
        raise _check.fail(TypeError, "frame", f"pandas.DataFrame, {expected}", _name(frame), fix)
    names = list(frame.columns)
    twice = [name for i, name in enumerate(names) if name in names[:i]]
    if twice:
        got = f"two columns named {twice[0]!r}"
        raise _check.fail(ValueError, "frame", "columns with different names", got)
    if not len(frame):
        raise _check.fail(ValueError, "frame", "at least one row", "none")


def _name(value: Any) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}"


def _check_column(frame: Any, argument: str, name: Any) -> None:
    names = list(frame.columns)
    if isinstance(name, list | np.ndarray) or name not in names:
        index = [level for level in getattr(frame.index, "names", []) if level is not None]
        fix = "call frame.reset_index() first: it is in the index" if name in index else ""
        expected = f"the name of a column, one of {names}"
        raise _check.fail(KeyError, argument, expected, repr(name), fix)


def _checked_values(frame: Any, values: Any, used: list[Any]) -> list[Any]:
    if values is None:
        names = [name for name in frame.columns if name not in used]
        if not names:
            got = f"a frame with no columns beside {used}"
            raise _check.fail(ValueError, "values", "at least one column", got)
        return names
    if isinstance(values, str):
        raise _check.fail(
            TypeError, "values", "a list of names", repr(values), f"pass [{values!r}]"
        )
    names = list(values)
    if not names:
        raise _check.fail(ValueError, "values", "at least one column", "an empty list")
    for name in names:
        _check_column(frame, "values", name)
    return names


def _missing(column: Any) -> npt.NDArray[np.bool_]:
    """Tell which rows of a column are None, NaN, NaT or NA."""
    return np.asarray(column.isna(), dtype=bool)


def _check_complete(frame: Any, argument: str, name: Any) -> None:
    missing = np.flatnonzero(_missing(frame[name]))
    if len(missing):
        got = f"a missing value in column {name!r} at row {missing[0]}"
        if len(missing) > 1:
            got += f" and {len(missing) - 1} more"
        fix = f"leave these rows out with frame.dropna(subset=[{name!r}])"
        raise _check.fail(ValueError, argument, "a value in every row", got, fix)


def _codes(frame: Any, name: Any) -> tuple[IntArray, IntArray]:
    """Number the ids in the order in which they appear; return each row's, and first rows."""
    _check_complete(frame, "id", name)
    numbers: dict[Any, int] = {}
    codes = np.array([numbers.setdefault(value, len(numbers)) for value in frame[name]])
    first = np.full(len(numbers), len(codes))
    np.minimum.at(first, codes, np.arange(len(codes)))
    return codes, first


def _checked_times(frame: Any, name: Any) -> npt.NDArray[Any]:
    _check_complete(frame, "time", name)
    times: npt.NDArray[Any] = np.asarray(frame[name])
    texts = [value for value in times[:1000].ravel() if isinstance(value, str)]
    if texts or times.dtype.kind not in "iufMmO":
        got = f"{times.dtype} values such as {plain(times[0])!r} in column {name!r}"
        fix = f"convert them first, as pandas.to_datetime(frame[{name!r}]) does"
        raise _check.fail(TypeError, "time", "numbers or dates, which have an order", got, fix)
    return times


def _in_order(times: npt.NDArray[Any]) -> IntArray:
    try:
        return np.argsort(times, kind="stable")
    except TypeError as error:
        raise _check.fail(TypeError, "time", "times of one kind", str(error)) from None


def _matrix(frame: Any, names: list[Any]) -> FloatArray:
    """Return the values, shape (rows, I)."""
    columns = [_checked_numbers(frame[name], name) for name in names]
    dtype = np.float32 if all(c.dtype == np.float32 for c in columns) else np.float64
    return np.stack(columns, axis=1, dtype=dtype, casting="unsafe")


def _checked_numbers(column: Any, name: Any) -> npt.NDArray[Any]:
    # A column that can hold NA becomes an array of objects unless it is told what to put there.
    kind = np.asarray(column[:1]).dtype.kind if len(column) else "f"
    is_number = kind in "biuf" or getattr(column.dtype, "kind", "O") in "biuf"
    if not is_number:
        fix = "turn it into numbers, or leave it out of values=[...]"
        got = f"{column.dtype} values such as {plain(column.iloc[0])!r} in column {name!r}"
        raise _check.fail(TypeError, "values", "columns of numbers", got, fix)
    if _missing(column).any():
        dtype = np.float32 if str(column.dtype).lower() == "float32" else np.float64
        return np.asarray(column.to_numpy(dtype=dtype, na_value=np.nan))
    array = np.asarray(column)
    return array if array.dtype.kind in "biuf" else array.astype(np.float64)


def _checked_target(
    frame: Any, name: Any, ids: npt.NDArray[Any], codes: IntArray, first: IntArray
) -> npt.NDArray[Any]:
    """Return each sequence's target; it must be complete and the same in all its rows."""
    _check_complete(frame, "target", name)
    target: npt.NDArray[Any] = np.asarray(frame[name])
    changed = np.flatnonzero(target != target[first][codes])
    if len(changed):
        row = changed[0]
        one, other = plain(target[first[codes[row]]]), plain(target[row])
        got = f"{one!r} and {other!r} for id {plain(ids[codes[row]])!r}"
        fix = "put a target of each step into values, and take its column out of each array"
        raise _check.fail(ValueError, "target", "the same in all rows of a sequence", got, fix)
    return target[first]
