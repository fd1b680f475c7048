"""Forecasts as tables, and from the past beside what came and the naive forecasts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from elman import _check
from elman._typing import FloatArray, IntArray
from elman.data._hints import warn
from elman.estimators._clock import Clock
from elman.estimators._panel import ID, TARGET, TIME, Panel
from elman.models import ForecasterModel
from elman.models._memory import Series
from elman.models._seasonal import naive

SEASONAL, NAIVE = "SeasonalNaive", "Naive"
"""The columns of the forecasts that repeat the last season, and the last value."""


def as_frame(
    ids: Sequence[Any], times: Sequence[IntArray], clock: Clock, answers: Mapping[str, FloatArray]
) -> Any:
    """Return forecasts (n, h) by column as a frame with a row for each id and time."""
    import pandas as pd

    h = len(times[0])
    columns = {
        ID: np.repeat(np.array(ids, dtype=object), h),
        TIME: clock.dates(np.concatenate(times)),
        **{name: values.reshape(-1) for name, values in answers.items()},
    }
    frame = pd.DataFrame(columns)
    frame[ID] = frame[ID].infer_objects()
    return frame


class Backtest:
    """What would have been told from earlier steps on, beside what came.

    Parameters
    ----------
    panel : Panel
    name : str
        The column of the forecaster.
    h : int
    """

    def __init__(self, panel: Panel, name: str, h: int) -> None:
        self._panel, self._name, self._h = panel, name, h
        self._rows: list[dict[str, Any]] = []
        self._short: set[Any] = set()

    def add(
        self,
        model: ForecasterModel,
        series: Sequence[Series],
        back: int,
        columns: Mapping[str, float],
    ) -> None:
        """Take in what a model tells from so many steps before the end of each series."""
        h, m = self._h, model.season_length
        for track, one in zip(self._panel.tracks, series, strict=True):
            count = track.steps - back
            if count < 1:
                self._short.add(track.id)
                continue
            at = np.array([count - 1])
            scaled = model.scaled_at(one, at)
            found, filled = model.unscaled(scaled)[0, :h], scaled.values
            told = {
                SEASONAL: filled[naive(at, np.zeros(1, np.int64), h, m)[0]],
                NAIVE: np.full(h, filled[count - 1]),
            }
            self._rows.append(
                {
                    "track": track,
                    "count": count,
                    "scale": _scale(track.values[:count], m),
                    "answers": {
                        **{name: model.quantile(found, q) for name, q in columns.items()},
                        **{name: model.untransformed(values) for name, values in told.items()},
                    },
                }
            )

    def scores(self) -> dict[str, float]:
        """Return the mean absolute scaled error of the forecaster and of the naive forecasts."""
        found: dict[str, list[float]] = {name: [] for name in (self._name, SEASONAL, NAIVE)}
        for row in self._rows:
            y = row["track"].values[row["count"] :][: self._h]
            for name, errors in found.items():
                error = np.abs(row["answers"][name] - y)
                if not np.isnan(error).all():
                    errors.append(float(np.nanmean(error)) / row["scale"])
        return {n: float(np.mean(errors)) if errors else np.nan for n, errors in found.items()}

    def warn_of_short(self) -> None:
        """Warn if series were too short for a cutoff."""
        if self._short:
            few = _check.short(min(self._short, key=str))
            more = f" and {len(self._short) - 1} more" if len(self._short) > 1 else ""
            warn(f"df: expected series that reach back to every cutoff, got id {few}{more}")

    def warn_of_naive(self) -> None:
        """Warn if a naive forecast is better."""
        scores = self.scores()
        own = scores[self._name]
        better = [f"{n} {scores[n]:.3g}" for n in (SEASONAL, NAIVE) if scores[n] < own]
        if better:
            warn(
                f"the forecaster's mean absolute scaled error is {own:.3g}, worse than "
                f"{' and '.join(better)}; it may need more data, another season_length or "
                "transform, or other parameters"
            )

    def frame(self) -> Any:
        """Return all as a table."""
        import pandas as pd

        clock, frames = self._panel.clock, []
        for row in self._rows:
            track, count = row["track"], row["count"]
            times = track.times[count : count + self._h]
            frame = as_frame([track.id], [times], clock, row["answers"])
            frame.insert(2, "cutoff", clock.dates(np.repeat(track.times[count - 1], len(times))))
            frame.insert(3, TARGET, track.values[count : count + self._h])
            frames.append(frame)
        whole = pd.concat(frames, ignore_index=True)
        return whole.sort_values([ID, "cutoff", TIME], kind="stable", ignore_index=True)


def _scale(y: FloatArray, m: int) -> float:
    """Return the mean absolute seasonal difference, of neighbours if that is none or zero, or 1."""
    for lag in (m, 1):
        differences = np.abs(y[lag:] - y[:-lag])
        differences = differences[~np.isnan(differences)]
        if len(differences) and differences.mean() > 0:
            return float(differences.mean())
    return 1.0
