"""Series of a long table, in Nixtla's form: a row for each step, columns unique_id, ds and y."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from elman import _check
from elman._typing import FloatArray, IntArray
from elman.data._hints import warn
from elman.estimators._clock import Clock

ID, TIME, TARGET = "unique_id", "ds", "y"


class Track(NamedTuple):
    """A series of equal steps. Letters: T steps, P past and F future covariates.

    id : str or int
    times : integers, shape (T,), the clock's times
    values : array, shape (T,); NaN where one is missing
    past : array, shape (T, P); NaN where one is missing
    future : array, shape (T, F)
    """

    id: str | int
    times: IntArray
    values: FloatArray
    past: FloatArray
    future: FloatArray

    @property
    def steps(self) -> int:
        """T."""
        return len(self.times)

    def without_first(self, count: int) -> Track:
        """Return the steps after the first ones."""
        values, past, future = (part[count:] for part in self[2:])
        return Track(self.id, self.times[count:], values, past, future)

    def first(self, count: int) -> Track:
        """Return the first steps."""
        values, past, future = (part[:count] for part in self[2:])
        return Track(self.id, self.times[:count], values, past, future)


class Panel(NamedTuple):
    """Series of one clock.

    tracks : list of Track, whose first values are there
    clock : Clock
    form : "frame", "array" or "arrays", what they come from
    """

    tracks: list[Track]
    clock: Clock
    form: str

    @property
    def ids(self) -> list[Any]:
        """The ids of the series."""
        return [track.id for track in self.tracks]

    def without_last(self, count: int) -> Panel:
        """Return the series without so many last steps; those with no others are left out."""
        kept = [track.first(track.steps - count) for track in self.tracks if track.steps > count]
        return self._replace(tracks=kept)

    def following(self, last: Mapping[Any, int], future: Sequence[str]) -> Panel:
        """Return the series with steps for all times after the last ones that are known.

        Raises
        ------
        ValueError
            If a time is not after the last one, or is no step, or a covariate that is known ahead
            is missing.
        """
        tracks = []
        for track in self.tracks:
            if self.form != "frame":
                track = track._replace(times=track.times + last.get(track.id, -1) + 1)
            if track.id not in last:
                track = track.without_first(first_value("df", track.id, track.values))
            else:
                track = self._after(last[track.id], track)
                check_future("df", track.id, self.clock, track.times, track.future, future)
            tracks.append(track)
        return self._replace(tracks=tracks)

    def _after(self, last: int, track: Track) -> Track:
        """Return a track that begins right after a time; what was not there is missing."""
        if track.times[0] <= last:
            expected = f"steps of id {track.id!r} after {self.clock.text(last)}, the last one"
            got = self.clock.text(track.times[0])
            raise _check.fail(ValueError, "df", expected, got, "pass the new rows alone")
        steps, _ = self.clock.grid("df", track.id, np.array([last, *track.times]))
        missing = len(steps) - 1 - track.steps
        values, past, future = (
            np.concatenate([np.full((missing, *part.shape[1:]), np.nan), part])
            for part in track[2:]
        )
        return Track(track.id, steps[1:], values, past, future)


def from_arrays(name: str, y: Any) -> Panel:
    """Return the series of a 1-D array, which has the id 0, or of several, numbered from 0 on.

    Raises
    ------
    TypeError, ValueError
        If it is something else, or a series has no values.
    """
    several = isinstance(y, list | tuple) and bool(y) and np.ndim(y[0]) > 0
    arrays = list(y) if several else [y]
    tracks = []
    for i, array in enumerate(arrays):
        own = f"{name}[{i}]" if several else name
        found = _check.array(own, array, "a data frame, a 1-D array, or a list of these")
        if found.ndim != 1:
            fix = "pass a list of 1-D arrays, one for each series"
            raise _check.fail(ValueError, own, "(T,), 1-D", f"shape {found.shape}", fix)
        found = found.astype(np.float64)
        _check_finite(own, found, lambda at: f"step {at}")
        known = np.flatnonzero(~np.isnan(found))
        if not len(known):
            got = f"{len(found)} missing ones" if len(found) else "none"
            raise _check.fail(ValueError, own, "at least one value", got)
        values = found[known[0] :]
        none = np.zeros((len(values), 0))
        tracks.append(Track(i, np.arange(known[0], len(found)), values, none, none))
    form = "arrays" if several else "array"
    return Panel(tracks, Clock(1, None), form)


def from_frame(
    name: str,
    frame: Any,
    past: Sequence[str],
    future: Sequence[str],
    clock: Clock | str | int | None,
    *,
    goes_on: bool = False,
) -> Panel:
    """Return the series of a long table.

    Parameters
    ----------
    name : str
        The argument's name.
    frame : pandas.DataFrame
    past, future : names of columns
    clock : Clock, freq, or None to find it out
    goes_on : bool
        Whether series may go on from others, so that they may begin with missing values.

    Raises
    ------
    KeyError
        If a column is not there.
    TypeError, ValueError
        If a column is of another kind, there are columns of which nothing is said, an id has two
        rows of one time, a time is none of the steps, or a series has no values.

    Warns
    -----
    UserWarning
        If rows of a series are out of order, or some are missing.
    """
    frame = checked_frame(name, frame, [ID, TIME, TARGET, *past, *future])
    ids, codes = checked_ids(name, frame)
    clock, times = Clock.of(name, frame[TIME], codes, ids, clock)
    order = np.lexsort((times, codes))
    check_unique(name, ids, clock, codes, times)
    _check_order(ids, clock, codes, times)
    codes, times = codes[order], times[order]
    columns = [numbers(name, frame, column)[order] for column in (TARGET, *past, *future)]
    for column, found in zip((TARGET, *past, *future), columns, strict=True):
        _check_finite(
            f"{name}[{column!r}]", found, lambda at: _where(ids, clock, codes[at], times[at])
        )
    cuts = np.flatnonzero(np.diff(codes)) + 1
    groups = np.split(np.arange(len(codes)), cuts)
    P, gaps, tracks = len(past), [], []
    for rows in groups:
        id_ = ids[codes[rows[0]]]
        y = columns[0][rows]
        if not goes_on:
            rows = rows[first_value(name, id_, y) :]
        steps, places = clock.grid(name, id_, times[rows])
        if len(steps) > len(rows):
            gaps.append((id_, clock.text(steps[np.setdiff1d(np.arange(len(steps)), places)[0]])))
        filled = np.full((len(steps), len(columns)), np.nan)
        filled[places] = np.stack([column[rows] for column in columns], axis=1)
        check_future(name, id_, clock, steps, filled[:, 1 + P :], future)
        y, covariates = filled[:, 0], filled[:, 1:]
        tracks.append(Track(id_, steps, y, covariates[:, :P], covariates[:, P:]))
    if gaps:
        more = f", and of {len(gaps) - 1} more series" if len(gaps) > 1 else ""
        warn(
            f"{name}: expected a row for each step of freq={clock.freq!r}, got no row of id "
            f"{gaps[0][0]!r} at {gaps[0][1]}{more}; they are read as missing values"
        )
    return Panel(tracks, clock, "frame")


def known_ahead(
    name: str, frame: Any, ids: Sequence[Any], last: Sequence[int], clock: Clock, h: int,
    future: Sequence[str],
) -> FloatArray:  # fmt: skip
    """Return the covariates of the h steps after each series, shape (n, h, F).

    Raises
    ------
    KeyError, TypeError, ValueError
        As `from_frame`; if a step is not there, or a covariate is missing.
    """
    if frame is None:
        fix = f"pass a frame with {ID}, {TIME} and {', '.join(future)} for the {h} steps to come"
        raise _check.fail(ValueError, name, f"values of {list(future)}", "None", fix)
    frame = checked_frame(name, frame, [ID, TIME, *future], more=(TARGET,))
    names, codes = checked_ids(name, frame)
    _, times = Clock.of(name, frame[TIME], codes, names, clock)
    check_unique(name, names, clock, codes, times)
    columns = np.stack([numbers(name, frame, column) for column in future], axis=1)
    row_of = {
        (names[code], time): row
        for row, (code, time) in enumerate(zip(codes.tolist(), times.tolist(), strict=True))
    }
    found = np.empty((len(ids), h, len(future)))
    for i, (id_, time) in enumerate(zip(ids, last, strict=True)):
        for k, step in enumerate(clock.after(time, h).tolist()):
            row = row_of.get((id_, step))
            if row is None:
                expected = f"a row for each of the {h} steps after the last one of each series"
                got = f"none of id {id_!r} at {clock.text(step)}"
                raise _check.fail(ValueError, name, expected, got)
            found[i, k] = columns[row]
        check_future(name, id_, clock, clock.after(time, h), found[i], future)
    return found


# ---- checks --------------------------------------------------------------------------------------


def first_value(name: str, id_: Any, values: FloatArray) -> int:
    """Return the place of the first value that is not missing (ValueError if there is none)."""
    known = np.flatnonzero(~np.isnan(values))
    if not len(known):
        expected = "at least one value of each series"
        raise _check.fail(ValueError, name, expected, f"none of id {id_!r}")
    return int(known[0])


def checked_frame(name: str, frame: Any, columns: Sequence[str], more: Sequence[str] = ()) -> Any:
    """Return a frame that has some columns, and none but these and `more`."""
    if not hasattr(frame, "columns") or not hasattr(frame, "iloc"):
        fix = "call its to_pandas()" if hasattr(frame, "to_pandas") else ""
        got = type(frame).__name__
        raise _check.fail(TypeError, name, "a pandas.DataFrame with a row for each step", got, fix)
    if ID not in frame.columns and ID in frame.index.names:
        frame = frame.reset_index(ID)
    names = list(frame.columns)
    twice = [column for i, column in enumerate(names) if column in names[:i]]
    if twice:
        got = f"two columns named {twice[0]!r}"
        raise _check.fail(ValueError, name, "columns with different names", got)
    for column in columns:
        if column not in names:
            fix = {ID: f"add it with {name}.assign({ID}='a')", TIME: "", TARGET: ""}.get(column, "")
            if column in (TIME, TARGET):
                fix = f"rename it with {name}.rename(columns={{...: {column!r}}})"
            raise _check.fail(KeyError, name, f"a column {column!r}", f"the columns {names}", fix)
    extra = [column for column in names if column not in (*columns, *more)]
    if extra:
        fix = "name it in past=[...] or future=[...] of RNNForecaster, or drop it"
        expected = f"the columns {list(columns)} alone"
        raise _check.fail(ValueError, name, expected, f"column {extra[0]!r} too", fix)
    if not len(frame):
        raise _check.fail(ValueError, name, "at least one row", "none")
    return frame


def checked_ids(name: str, frame: Any) -> tuple[list[Any], IntArray]:
    """Return the ids in the order in which they appear, and each row's number among them."""
    column = frame[ID]
    missing = np.flatnonzero(np.asarray(column.isna(), bool))
    if len(missing):
        got = f"a missing one at row {missing[0]}"
        raise _check.fail(ValueError, f"{name}[{ID!r}]", "an id in every row", got)
    try:
        codes, found = column.astype(object).factorize()
    except TypeError:
        got = f"{column.iloc[0]!r} ({type(column.iloc[0]).__name__})"
        raise _check.fail(TypeError, f"{name}[{ID!r}]", "texts or integers", got) from None
    ids = [id_.item() if isinstance(id_, np.generic) else id_ for id_ in found]
    for id_ in ids:
        if not isinstance(id_, str | int) or isinstance(id_, bool):
            got = f"{id_!r} ({type(id_).__name__})"
            fix = f"convert them with {name}[{ID!r}].astype(str)"
            raise _check.fail(TypeError, f"{name}[{ID!r}]", "texts or integers", got, fix)
    return ids, np.asarray(codes, np.int64)


def check_unique(
    name: str, ids: Sequence[Any], clock: Clock, codes: IntArray, times: IntArray
) -> None:
    """Hold that no id has two rows of one time (ValueError)."""
    order = np.lexsort((times, codes))
    codes, times = codes[order], times[order]
    same = np.flatnonzero((np.diff(codes) == 0) & (np.diff(times) == 0))
    if len(same):
        more = f", and {len(same) - 1} more" if len(same) > 1 else ""
        got = f"two rows of {_where(ids, clock, codes[same[0]], times[same[0]])}{more}"
        fix = f"take their mean, as {name}.groupby([{ID!r}, {TIME!r}]).mean() does, or drop one"
        raise _check.fail(ValueError, name, "one row for each id and time", got, fix)


def numbers(name: str, frame: Any, column: str) -> FloatArray:
    """Return a column of numbers, NaN where one is missing."""
    values = frame[column]
    if getattr(values.dtype, "kind", "O") not in "biuf":
        whole = values.dropna()
        if not all(isinstance(value, int | float | np.number) for value in whole.head(1000)):
            example = next(v for v in whole if not isinstance(v, int | float | np.number))
            fix = f"turn them into numbers, as pandas.to_numeric({name}[{column!r}]) does"
            got = f"{values.dtype} values such as {example!r}"
            raise _check.fail(TypeError, f"{name}[{column!r}]", "numbers", got, fix)
    return np.asarray(values.to_numpy(dtype=np.float64, na_value=np.nan))


def _check_order(ids: Sequence[Any], clock: Clock, codes: IntArray, times: IntArray) -> None:
    """Warn if the rows of a series are not in the order of their times."""
    order = np.argsort(codes, kind="stable")
    codes, times = codes[order], times[order]
    wrong = np.flatnonzero((np.diff(codes) == 0) & (np.diff(times) < 0)) + 1
    if len(wrong):
        at = _where(ids, clock, codes[wrong[0]], times[wrong[0]])
        more = f", and {len(wrong) - 1} more" if len(wrong) > 1 else ""
        warn(f"df: expected the rows of a series in order, got {at} too late{more}; sorted by ds")


def check_future(
    name: str, id_: Any, clock: Clock, times: IntArray, values: FloatArray, future: Sequence[str]
) -> None:
    """Hold that no covariate that is known ahead is missing (ValueError)."""
    wrong = np.argwhere(~np.isfinite(values))
    if len(wrong):
        row, column = wrong[0]
        got = f"none of {future[column]!r}, id {id_!r} at {clock.text(times[row])}"
        fix = "fill it in, or name the column in past=[...], where values may be missing"
        raise _check.fail(ValueError, name, "values of future covariates at every step", got, fix)


def _check_finite(name: str, values: FloatArray, where: Any) -> None:
    wrong = np.flatnonzero(np.isinf(values))
    if len(wrong):
        got = f"{values[wrong[0]]} at {where(wrong[0])}"
        fix = "a missing value is NaN"
        raise _check.fail(ValueError, name, "finite numbers or missing ones", got, fix)


def _where(ids: Sequence[Any], clock: Clock, code: Any, time: Any) -> str:
    return f"id {ids[code]!r} at {clock.text(time)}"
