"""How good a fitted forecaster was at the end of series, beside the naive forecasts."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from elman import _check
from elman._typing import FloatArray
from elman.cli._tasks import Results
from elman.estimators._backtest import NAIVE, SEASONAL, Backtest
from elman.estimators._panel import ID, TARGET

NAMES = {"value": "", "naive": NAIVE, "seasonal_naive": SEASONAL}
"""The columns of metrics, and whose they are."""


class Scored(NamedTuple):
    """What a forecaster told of steps that had come, without having learned anew.

    frame : pandas.DataFrame, a row for each series, cutoff and step ahead
    name : the column of its median
    levels : of the intervals
    scales : the scale of each row, as the mean absolute scaled error has it
    """

    frame: Any
    name: str
    levels: list[float]
    scales: FloatArray

    def table(self) -> Results:
        """Return metrics of all rows: for each the forecaster's value and those of the naive ones.

        MASE (Hyndman & Koehler 2006) is the mean over series and cutoffs; of coverage there is none
        for the naive forecasts, which are no intervals.
        """
        results: Results = {"metric": [], **{name: [] for name in NAMES}}
        errors = {n: self._errors(self.frame[column or self.name]) for n, column in NAMES.items()}
        groups = self.frame.groupby([ID, "cutoff"], sort=False).ngroup().to_numpy()
        results["metric"] += ["mase", "mae", "rmse"]
        for name, error in errors.items():
            results[name].append(_mean_of_means(np.abs(error) / self.scales, groups))
            results[name].append(float(np.nanmean(np.abs(error))))
            results[name].append(float(np.sqrt(np.nanmean(error**2))))
        for level in self.levels:
            results["metric"].append(f"coverage_{level:g}")
            results["value"].append(self._coverage(self.frame, level))
            results["naive"].append(None)
            results["seasonal_naive"].append(None)
        return results

    def by_id(self) -> Results:
        """Return the forecaster's metrics of each series."""
        results: Results = {ID: []}
        for id_, part in self.frame.groupby(ID, sort=False):
            own = self._replace(frame=part, scales=self.scales[part.index])
            table = own.table()
            results[ID].append(id_)
            for metric, value in zip(table["metric"], table["value"], strict=True):
                results.setdefault(metric, []).append(value)
        return results

    def _errors(self, told: Any) -> FloatArray:
        found: FloatArray = np.asarray(told - self.frame[TARGET], np.float64)
        return found

    def _coverage(self, frame: Any, level: float) -> float:
        known = frame[frame[TARGET].notna()]
        low, high = (known[f"{self.name}-{end}-{level:g}"] for end in ("lo", "hi"))
        return float(known[TARGET].between(low, high).mean())


def scored(forecaster: Any, df: Any, static_df: Any, windows: int, step: int | None) -> Scored:
    """Return what a fitted forecaster tells from cutoffs before the ends of series.

    Parameters
    ----------
    forecaster : RNNForecaster
    df, static_df : as its fit has them
    windows : int
        How many cutoffs.
    step : int or None
        How many steps lie between them; None is h.
    """
    model = forecaster.model_
    h = model.h
    levels = sorted({round(100 - 200 * q, 8) for q in model.quantiles if q < 0.5})
    panel = forecaster._panel("df", df, forecaster._clock)
    series = forecaster._series(model, panel, static_df)
    columns = forecaster._columns(levels, None, model.quantiles)
    backtest = Backtest(panel, forecaster.NAME, h)
    for window in reversed(range(windows)):
        backtest.add(model, series, h + (step or h) * window, columns)
    backtest.warn_of_short()
    if not backtest._rows:
        longest = max(track.steps for track in panel.tracks)
        expected = f"a series of more than {h} steps, the last {h} of which are told"
        raise _check.fail(ValueError, "df", expected, f"{longest} at most")
    frame = backtest.frame()
    of_cutoff = {
        (row["track"].id, panel.clock.dates(row["track"].times[[row["count"] - 1]])[0]): row[
            "scale"
        ]
        for row in backtest._rows
    }
    scales = [of_cutoff[pair] for pair in zip(frame[ID], frame["cutoff"], strict=True)]
    return Scored(frame, forecaster.NAME, levels, np.array(scales))


def _mean_of_means(values: FloatArray, groups: Any) -> float:
    """Return the mean over groups of the mean of each, without missing values."""
    known = ~np.isnan(values)
    sums = np.bincount(groups[known], values[known])
    counts = np.bincount(groups[known])
    return float((sums[counts > 0] / counts[counts > 0]).mean())
