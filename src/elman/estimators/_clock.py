"""The steps of time in which series run: dates of a frequency, or whole numbers."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from elman import _check
from elman._typing import IntArray

_SEASONS = {
    "MS": 12, "ME": 12, "M": 12, "BMS": 12, "BME": 12,
    "QS": 4, "QE": 4, "Q": 4, "BQS": 4, "BQE": 4,
    "D": 7, "B": 5, "W": 52, "h": 24, "min": 60, "s": 60,
}  # fmt: skip
"""How many steps make a season, by the name of a frequency."""

_RANGE = "dates from 1677-09-22 to 2262-04-11"
_MOST_MISSING = 1_000_000
"""From so many missing steps after each other on, a time is taken for a mistake."""


class Clock:
    """Steps of a frequency. Its times are integers: numbers of steps' own, or dates in nanoseconds.

    Attributes
    ----------
    freq : str or int
        A frequency of pandas, or the difference of two whole numbers.
    zone : str or None
        The time zone of the dates.
    """

    def __init__(self, freq: str | int, zone: str | None) -> None:
        self.freq, self.zone = freq, zone
        self._after: dict[tuple[int, int], IntArray] = {}

    @classmethod
    def of(
        cls, name: str, column: Any, codes: IntArray, ids: Sequence[Any], known: Any
    ) -> tuple[Self, IntArray]:
        """Return the clock of a column of times, and the times as integers.

        Parameters
        ----------
        name : str
            Of the argument that holds the column.
        column : pandas.Series
        codes, ids
            Each row's id.
        known : Clock, freq, or None to find it out

        Raises
        ------
        TypeError, ValueError
            If times are neither dates nor whole numbers, or not of the clock's kind.
        """
        own = f"{name}['ds']"
        missing = np.flatnonzero(np.asarray(column.isna(), bool))
        if len(missing):
            got = f"a missing one of id {ids[codes[missing[0]]]!r} at row {missing[0]}"
            raise _check.fail(ValueError, own, "a time in every row", got)
        if column.dtype.kind == "O" or hasattr(column, "cat"):
            # Objects and categories that are all whole numbers are whole numbers.
            column = column.astype(object).infer_objects()
        if column.dtype.kind in "iu":
            if int(column.max()) > np.iinfo(np.int64).max:
                raise _check.fail(ValueError, own, "integers of 64 bits", f"{column.max()}")
            return cls._of_numbers(own, np.asarray(column, np.int64), codes, known)
        return cls._of_dates(own, _dates(own, column), codes, known)

    @classmethod
    def _of_numbers(
        cls, own: str, times: IntArray, codes: IntArray, known: Any
    ) -> tuple[Self, IntArray]:
        freq = known.freq if isinstance(known, cls) else known
        if isinstance(freq, str):
            raise _check.fail(TypeError, own, f"dates, as freq={freq!r}", "whole numbers")
        if isinstance(known, cls):
            return known, times
        return cls(int(freq or _usual_step(times, codes)), None), times

    @classmethod
    def _of_dates(cls, own: str, dates: Any, codes: IntArray, known: Any) -> tuple[Self, IntArray]:
        zone = None if dates.dt.tz is None else _checked_zone(own, dates.dt.tz)
        dates = _in_nanoseconds(own, dates)
        freq = known.freq if isinstance(known, cls) else known
        if isinstance(freq, int):
            raise _check.fail(TypeError, own, f"whole numbers, as freq={freq}", "dates")
        if freq is None:
            freq = _usual_freq(own, dates, codes)
        clock = known if isinstance(known, cls) else cls(_checked_freq(freq), zone)
        if zone != clock.zone:
            raise _check.fail(ValueError, own, f"the time zone {clock.zone}", f"{zone}")
        if zone is not None:
            # Days and longer steps are those of the wall; hours are all equally long in UTC.
            dates = clock._on_the_wall(dates) if clock._by_wall else dates.dt.tz_convert(None)
        return clock, np.asarray(dates.to_numpy("datetime64[ns]").astype(np.int64))

    def _on_the_wall(self, dates: Any) -> Any:
        """Return zoned dates without their zone; a midnight that was leapt over is one too."""
        days = dates.dt.tz_localize(None).dt.normalize()
        leapt = _localized(days.dt, self.zone, len(days)) == dates
        return dates.dt.tz_localize(None).where(~leapt, days)

    @property
    def counts(self) -> bool:
        """Whether times are whole numbers."""
        return isinstance(self.freq, int)

    @property
    def _by_wall(self) -> bool:
        import pandas as pd

        return not isinstance(self._offset, pd.offsets.Tick) or self._offset >= pd.Timedelta(days=1)

    @property
    def _offset(self) -> Any:
        from pandas.tseries.frequencies import to_offset

        return to_offset(self.freq)

    @property
    def season_length(self) -> int:
        """How many steps make a season, 1 if there is none."""
        if self.counts:
            return 1
        offset = self._offset
        season = _SEASONS.get(offset.rule_code.partition("-")[0], 1)
        return season // offset.n if season % offset.n == 0 else 1

    def grid(self, name: str, id_: Any, times: IntArray) -> tuple[IntArray, IntArray]:
        """Return all steps from the first of some times to the last, and the places of the times.

        Raises
        ------
        ValueError
            If a time is none of the steps.
        """
        first, last = int(times[0]), int(times[-1])
        self._check_gaps(name, id_, times)
        if isinstance(self.freq, int):
            steps: Any = np.arange(first, last + 1, self.freq)
        else:
            steps = self._range(first, last)
        places = np.searchsorted(steps, times)
        off = np.flatnonzero(steps.take(places, mode="clip") != times) if len(steps) else [0]
        if len(off):
            expected = f"steps of freq={self.freq!r}"
            got = f"{self.text(times[off[0]])} of id {id_!r}"
            fix = "pass the right freq to RNNForecaster, or move the time to a step"
            raise _check.fail(ValueError, f"{name}['ds']", expected, got, fix)
        return steps, places

    def _check_gaps(self, name: str, id_: Any, times: IntArray) -> None:
        """Hold that what is missing between times is not far more than what is there."""
        step: Any = self.freq
        if not isinstance(step, int):
            step = getattr(self._offset, "nanos", 0) if not self._by_wall else 86_400 * 10**9
        gaps = np.diff(times) // max(1, step)
        if len(gaps) and gaps.max() > _MOST_MISSING:
            at = int(gaps.argmax())
            expected = f"fewer than {_MOST_MISSING:,} missing steps after each other"
            got = f"{gaps[at]:,} after {self.text(times[at])} of id {id_!r}"
            fix = "correct the time after it, or pass the right freq"
            raise _check.fail(ValueError, f"{name}['ds']", expected, got, fix)

    def after(self, time: int, count: int) -> IntArray:
        """Return the next steps after a time.

        Raises
        ------
        ValueError
            If they are no times any more.
        """
        if isinstance(self.freq, int):
            return time + self.freq * np.arange(1, count + 1)
        key = (time, count)
        if key not in self._after:
            import pandas as pd

            try:
                dates = pd.date_range(pd.Timestamp(time), periods=count + 1, freq=self.freq)
            except pd.errors.OutOfBoundsDatetime:
                got = f"steps after {self.text(time)}"
                raise _check.fail(ValueError, "ds", _RANGE, got) from None
            self._after[key] = _as_integers(dates)[1:]
        return self._after[key]

    def dates(self, times: IntArray) -> Any:
        """Return times as a frame shows them."""
        if self.counts:
            return times
        import pandas as pd

        found = pd.DatetimeIndex(np.asarray(times).astype("datetime64[ns]"))
        if self.zone is None:
            return found
        if self._by_wall:
            return _localized(found, self.zone, len(found))
        return found.tz_localize("UTC").tz_convert(self.zone)

    def text(self, time: Any) -> str:
        """Return a time for a message."""
        if self.counts:
            return str(int(time))
        date = np.datetime64(int(time), "ns")
        day = date.astype("datetime64[D]")
        return str(day if day == date else date.astype("datetime64[s]"))

    def _range(self, first: int, last: int) -> IntArray:
        import pandas as pd

        dates = pd.date_range(pd.Timestamp(first), pd.Timestamp(last), freq=self.freq)
        return _as_integers(dates)


def _localized(dates: Any, zone: Any, count: int) -> Any:
    """Give dates of the wall a zone: the first time after a leap, and the first of two."""
    first = np.ones(count, bool)
    return dates.tz_localize(zone, nonexistent="shift_forward", ambiguous=first)


def _checked_zone(own: str, zone: Any) -> str:
    """Return the name of a zone, by which it is found again (ValueError)."""
    import pandas as pd

    try:
        pd.Timestamp(0, tz=str(zone))
    except (KeyError, ValueError, TypeError):
        fix = "call .dt.tz_convert of a name, such as 'Europe/Berlin' or 'UTC'"
        raise _check.fail(ValueError, own, "a time zone with a name", f"{zone}", fix) from None
    return str(zone)


def _in_nanoseconds(own: str, dates: Any) -> Any:
    import pandas as pd

    try:
        return dates.dt.as_unit("ns")
    except pd.errors.OutOfBoundsDatetime:
        got = f"dates from {dates.min()} to {dates.max()}"
        fix = "pass whole numbers, such as years"
        raise _check.fail(ValueError, own, _RANGE, got, fix) from None


def _as_integers(dates: Any) -> IntArray:
    return np.asarray(dates.to_numpy().astype("datetime64[ns]").astype(np.int64))


def _dates(own: str, column: Any) -> Any:
    """Return a column as one of dates, whose resolution may be any."""
    import pandas as pd

    if isinstance(column.dtype, pd.PeriodDtype):
        return column.dt.to_timestamp()
    if column.dtype.kind == "M" or isinstance(column.dtype, pd.DatetimeTZDtype):
        return column
    example = column.iloc[0]
    if column.dtype.kind not in "f":
        try:
            return pd.to_datetime(column, format="ISO8601" if isinstance(example, str) else None)
        except (TypeError, ValueError) as error:
            if "time zone" in str(error).lower() or "tz" in str(error).lower():
                fix = "convert them with pandas.to_datetime(column, utc=True)"
                got = f"several: {' '.join(str(error).split())[:100]}"
                raise _check.fail(ValueError, own, "one time zone", got, fix) from None
    fix = "convert them with pandas.to_datetime"
    got = f"{column.dtype} values such as {example!r}"
    raise _check.fail(TypeError, own, "dates or whole numbers", got, fix)


def _usual_step(times: IntArray, codes: IntArray) -> int:
    """Return the step that most neighbours of a series have, 1 if there are none."""
    order = np.lexsort((times, codes))
    steps = np.diff(times[order])[np.diff(codes[order]) == 0]
    steps = steps[steps > 0]
    if not len(steps):
        return 1
    found, counts = np.unique(steps, return_counts=True)
    return int(found[counts.argmax()])


def _usual_freq(own: str, dates: Any, codes: IntArray) -> str:
    """Return the frequency of the longest series, or of its longest run of rows."""
    import pandas as pd

    longest = np.bincount(codes).argmax()
    own_dates = pd.DatetimeIndex(dates[codes == longest].drop_duplicates().sort_values())
    for size in (len(own_dates), 24, 12, 6, 3):
        for start in range(0, len(own_dates) - size + 1, max(1, size // 2)):
            part = own_dates[start : start + size]
            found = _inferred(part) if len(part) >= 3 else None
            if found:
                return found
    few = len(own_dates) < 3
    got = "fewer than three dates" if few else f"{len(own_dates)} dates without a rhythm"
    fix = "pass freq to RNNForecaster, as freq='MS' or freq='D'"
    raise _check.fail(ValueError, own, "dates of one frequency", got, fix)


def _inferred(dates: Any) -> str | None:
    import pandas as pd

    with warnings.catch_warnings():
        # A later pandas gives an offset where this one gives its name, and tells of it.
        warnings.simplefilter("ignore")
        found = pd.infer_freq(dates)
    return None if found is None else str(getattr(found, "freqstr", found))


def _checked_freq(freq: Any) -> str:
    from pandas.tseries.frequencies import to_offset

    try:
        name = str(to_offset(freq).freqstr)
        if to_offset(name).n < 1:  # which also holds that the name is one that is read again
            raise ValueError(name)
        return name
    except (ValueError, AttributeError, TypeError, ZeroDivisionError) as error:
        expected = "a frequency of pandas, such as 'MS', 'W', 'D' or 'h'"
        raise _check.fail(ValueError, "freq", expected, _check.short(freq)) from error
