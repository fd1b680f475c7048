"""The next steps of series."""

from __future__ import annotations

import argparse
import contextlib
import re
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

import elman
from elman.cli._backtest import Scored, scored
from elman.cli._errors import DataError, UsageError
from elman.cli._faults import Faults
from elman.cli._series import ID, TARGET, TIME, SeriesColumns, SeriesData, read_series, read_static
from elman.cli._source import Source
from elman.cli._table import open_table
from elman.cli._tasks import Results, estimator_class
from elman.cli._text_table import Facts
from elman.cli._time_text import time_text
from elman.estimators import _panel


class Forecast:
    """Tables of series: ids, times, one target, covariates."""

    def parameters(self, options: argparse.Namespace) -> dict[str, Any]:
        """Return the parameters that the columns give."""
        return {"past": options.features or [], "future": options.future or []}

    def read(
        self, options: argparse.Namespace, path: str, faults: Faults, *, table: Any, target: bool
    ) -> SeriesData:
        """Read series, and what does not change about them: see `Task`."""
        source = Source(path, options.format)
        opened = open_table(source, options.separator)
        if table is None:
            columns = SeriesColumns.asked(options, opened.names, source.name)
        else:
            columns = _of_model(table, options)
        data = read_series(opened, columns, faults)
        if not faults.count and data.frame[TARGET].isna().all():
            faults.add(None, columns.target, "values", "none")
        if table is None and not faults.count:
            data = data._replace(steps=_steps(data, options.freq, faults))
        return data._replace(static=_static(options, columns))

    def pieces(
        self, options: argparse.Namespace, path: str, faults: Faults, *, table: Any
    ) -> Iterator[SeriesData]:
        """Refuse: all is read at once."""
        raise UsageError("--sorted: expected a table of sequences to classify, regress or tag")

    def table(self, data: SeriesData) -> dict[str, Any]:
        """Return the columns, as the model's file holds them."""
        return dict(data.columns._asdict())

    def facts(self, data: SeriesData) -> dict[str, Any]:
        """Return what a model's summary tells of its data."""
        series = int(data.frame[ID].nunique())
        return {"data": data.file, "rows": len(data.frame), "sequences": series}

    def fit(self, estimator: Any, data: SeriesData, held_out: None, checkpoint: str | None) -> None:
        """Fit the estimator."""
        with _named(data):
            estimator.fit(data.frame, data.static, checkpoint=checkpoint)

    def folds(
        self, estimator: Any, data: SeriesData, count: int, seed: int
    ) -> Iterator[tuple[SeriesData, SeriesData]]:
        """Yield series up to `count` ends, h steps apart, and with the h steps that follow."""
        by_id = data.frame.sort_values([ID, TIME], kind="stable").groupby(ID, sort=False)
        before_end = by_id.cumcount(ascending=False)
        h, longest = int(estimator.h), int(by_id.size().max())
        if longest <= h * count:
            expected = f"a series of more than {h * count} steps, of h={h} each"
            raise DataError(
                f"{data.file}: --cv {count}: expected {expected}, got {longest} at most"
            )
        for back in reversed(range(count)):
            train = data.frame[before_end >= h * (back + 1)]
            test = data.frame[(before_end >= h * back)]
            test = test[test[ID].isin(train[ID])]
            static = data.static
            if static is not None:
                static = static[static[ID].isin(train[ID])]
            yield (
                data._replace(frame=train, static=static),
                data._replace(frame=test, static=static),
            )

    def describe(self, data: SeriesData) -> Facts:
        """Return how many series there are, how long, of which steps, and what is missing."""
        frame, columns = data.frame, data.columns
        lengths = frame.groupby(ID, sort=False).size()
        facts: Facts = {
            "rows": len(frame),
            "series": len(lengths),
            "shortest": int(lengths.min()),
            "median length": float(lengths.median()),
            "longest": int(lengths.max()),
            "first time": str(_cell(frame[TIME].min())),
            "last time": str(_cell(frame[TIME].max())),
            "out of order": data.unsorted,
            "duplicates": data.duplicates,
            "columns with missing": {
                columns.target if name == TARGET else str(name): int(count)
                for name, count in frame.isna().sum().items()
                if count
            },
        }
        facts |= data.steps
        return facts | ({"columns not read": data.others} if data.others else {})

    # ---- forecasts -----------------------------------------------------------------------------

    def predict(self, model: Any, data: SeriesData | None, options: argparse.Namespace) -> Results:
        """Return the steps after the series of data, or after those that the model remembers."""
        forecaster = estimator_class("forecast").from_model(model)
        columns = data.columns if data is not None else _of_model(model.table or {}, options)
        ahead = _ahead(options, columns)
        with _named(data, options):
            if options.update:
                if data is None:
                    raise UsageError("--update: expected DATA, the rows that follow, got none")
                forecaster.update(data.frame, data.static)
                elman.save(forecaster, options.model)
            known = None if data is None or options.update else data.frame
            static = None if known is None or data is None else data.static
            found = forecaster.predict(known, ahead, options.h, options.level, static_df=static)
        if not hasattr(found, "columns"):
            raise UsageError(f"{options.model}: expected a model of tables, got one of arrays")
        return _renamed(found, columns)

    def evaluated(self, model: Any, data: SeriesData, options: argparse.Namespace) -> Results:
        """Return metrics beside those of the naive and the seasonal naive forecast."""
        return self._scored(model, data, options.windows, options.step).table()

    def scores(self, model: Any, data: SeriesData) -> dict[str, float]:
        """Return the forecaster's metrics of the last h steps."""
        table = self._scored(model, data, 1, None).table()
        return dict(zip(table["metric"], table["value"], strict=True))

    def scores_by_id(self, model: Any, data: SeriesData, options: argparse.Namespace) -> Results:
        """Return metrics of each series."""
        found = self._scored(model, data, options.windows, options.step).by_id()
        ids = found.pop(ID)
        return {data.columns.id or ID: ids, **found}

    def _scored(self, model: Any, data: SeriesData, windows: int, step: int | None) -> Scored:
        forecaster = estimator_class("forecast").from_model(model)
        with _named(data):
            return scored(forecaster, data.frame, data.static, windows, step)


def _of_model(table: dict[str, Any], options: argparse.Namespace) -> SeriesColumns:
    """Return the columns that a model carries, with other names where the options give them."""
    columns = SeriesColumns(ID, TIME, TARGET, [], [])
    if "time" in table:
        columns = SeriesColumns.of_model(table, options.model)
    given = {name: getattr(options, name, None) for name in ("id", "time")}
    if getattr(options, "target", None):
        given["target"] = options.target[0]
    return columns._replace(**{name: value for name, value in given.items() if value})


def _steps(data: SeriesData, freq: Any, faults: Faults) -> Facts:
    """Return what the steps of series are; note what is wrong with them."""
    columns = data.columns
    try:
        with _named(data), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # fit warns
            panel = _panel.from_frame("df", data.frame, columns.features, columns.future, freq)
    except DataError as error:
        faults.note(str(error))
        return {}
    return {
        "frequency": panel.clock.freq,
        "season": panel.clock.season_length,
        "steps without a row": sum(track.steps for track in panel.tracks) - len(data.frame),
    }


def _static(options: argparse.Namespace, columns: SeriesColumns) -> Any:
    if options.static is None:
        return None
    source = Source(options.static)
    faults = Faults(source.name)
    found = read_static(open_table(source, options.separator), columns, faults)
    faults.check()
    return found


def _ahead(options: argparse.Namespace, columns: SeriesColumns) -> Any:
    """Return the covariates that are known ahead, of --future."""
    if options.future is None:
        return None
    source = Source(options.future)
    faults = Faults(source.name)
    found = read_series(open_table(source, options.separator), columns, faults, ahead=True)
    faults.check()
    return found.frame


def _renamed(frame: Any, columns: SeriesColumns) -> Results:
    """Return a forecast with the columns' own names."""
    results: Results = {}
    if columns.id is not None:
        results[columns.id] = frame[ID].tolist()
    times = frame[TIME]
    zoned = getattr(times.dtype, "tz", None) is not None
    results[columns.time] = times.map(_cell).tolist() if zoned else times.to_numpy()
    return results | {n: frame[n].to_numpy() for n in frame.columns if n not in (ID, TIME)}


def _cell(value: Any) -> Any:
    """Return a time of pandas as a text, a number as it is."""
    if not hasattr(value, "isoformat"):
        return value
    if value.tzinfo is not None:
        return value.isoformat()
    return time_text(np.datetime64(value, "us"))


@contextlib.contextmanager
def _named(data: SeriesData | None, options: Any = None) -> Iterator[None]:
    """Let errors and warnings name files where the estimator names its arguments."""
    names = {"df": data.file if data is not None else "DATA"}
    names["X_df"] = getattr(options, "future", None) or "--future"
    names["static_df"] = getattr(options, "static", None) or "--static"

    def worded(message: str) -> str:
        found = re.match(r"(X_df|static_df|df)(?:\['([^']*)'\])?", message)
        if found is None:
            return _with_options(message)
        column = f":{_own_name(found[2], data)}" if found[2] else ""
        return names[found[1]] + column + _with_options(message[found.end() :])

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield
        except (ValueError, TypeError, KeyError) as error:
            message = str(error.args[0]) if error.args else str(error)
            raise DataError(worded(message)) from None
    for warning in caught:
        warnings.warn(worded(str(warning.message)), warning.category, stacklevel=3)


def _with_options(message: str) -> str:
    """Return a message that tells options in place of parameters."""
    message = re.sub(r"freq to RNNForecaster(, as freq='MS' or freq='D')?", "--freq", message)
    parameter = r"fit with (h|level)=\(?([\d., ]+?)\)?$"
    return re.sub(
        parameter, lambda found: f"fit with --{found[1]} {found[2].replace(' ', '')}", message
    )


def _own_name(name: str, data: SeriesData | None) -> str:
    if data is None:
        return name
    own = {ID: data.columns.id or ID, TIME: data.columns.time, TARGET: data.columns.target}
    return own.get(name, name)


TASK = Forecast()
