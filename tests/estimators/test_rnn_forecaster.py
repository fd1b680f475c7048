"""RNNForecaster: what it tells, from which data, and what it refuses."""

from __future__ import annotations

import datetime
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import elman
from elman.estimators import RNNForecaster

NAME = "RNNForecaster"

# A few steps of training are often worse than the naive forecasts.
pytestmark = pytest.mark.filterwarnings("ignore:the forecaster's mean absolute scaled error")


def made(**options: Any) -> RNNForecaster:
    """Return a small forecaster, which a second is enough for."""
    found: dict[str, Any] = {"hidden_size": 16, "max_iter": 2, "random_state": 0, "h": 6}
    return RNNForecaster(**found | options)


def untrained(**options: Any) -> RNNForecaster:
    """Return one whose steps are too small to change what it tells."""
    return made(learning_rate_init=1e-30, max_iter=1, steps_per_epoch=1, **options)


def seasonal(T: int, seed: int = 0, noise: float = 1.0) -> Any:
    random = np.random.default_rng(seed)
    t = np.arange(T)
    return 50 + 10 * np.sin(2 * np.pi * t / 12) + 0.1 * t + noise * random.standard_normal(T)


def table(lengths: dict[Any, int], freq: str = "MS", **columns: Any) -> Any:
    frames = []
    for seed, (id_, T) in enumerate(lengths.items()):
        ds = pd.date_range("2010-01-01", periods=T, freq=freq)
        frames.append(pd.DataFrame({"unique_id": id_, "ds": ds, "y": seasonal(T, seed)}))
    return pd.concat(frames, ignore_index=True).assign(**columns)


def mase(y: Any, forecast: Any, before: Any, m: int = 12) -> float:
    scale = np.abs(before[m:] - before[:-m]).mean()
    return float(np.abs(forecast - y).mean() / scale)


# ---- what it tells -------------------------------------------------------------------------------


def test_an_untrained_forecaster_is_the_seasonal_naive_one() -> None:
    y = seasonal(60)
    forecaster = untrained(season_length=12, h=18).fit(y)
    np.testing.assert_allclose(forecaster.predict(), np.r_[y[-12:], y[-12:-6]], rtol=1e-12)
    short = untrained(season_length=12, transform=None).fit([y, y[:1], y[:5]])
    found = short.predict()
    np.testing.assert_allclose(found[1], np.repeat(y[0], 6), rtol=1e-12)
    np.testing.assert_allclose(found[2], np.repeat(y[4], 6), rtol=1e-12)


def test_it_learns_a_trend_that_the_naive_forecasts_miss() -> None:
    t = np.arange(132.0)
    y = 20 + 5 * np.sin(2 * np.pi * t / 12) + 0.5 * t
    forecaster = made(season_length=12, transform=None, max_iter=20).fit(y[:120])
    found = forecaster.predict()
    assert mase(y[120:126], found, y[:120]) < 0.15  # the seasonal naive forecast has 1
    assert forecaster.scores_["SeasonalNaive"] == pytest.approx(1.0)
    assert forecaster.scores_[NAME] < 0.15
    assert forecaster.scores_["seen"] is True


def test_quantiles_never_cross_and_levels_are_their_bounds() -> None:
    forecaster = made(season_length=12, level=(50, 80, 99), max_iter=3).fit(
        [seasonal(70), seasonal(50, 1)]
    )
    quantiles = [0.005, 0.1, 0.25, 0.5, 0.75, 0.9, 0.995]
    found = forecaster.predict(level=[50, 80, 99], quantiles=quantiles)
    columns = [found[f"{NAME}_ql{q:g}"] for q in quantiles]
    assert (np.diff(columns, axis=0) >= 0).all()
    assert (np.diff(columns, axis=0) > 0).any()
    for level, (lo, hi) in {50: (2, 4), 80: (1, 5), 99: (0, 6)}.items():
        np.testing.assert_array_equal(found[f"{NAME}-lo-{level}"], columns[lo])
        np.testing.assert_array_equal(found[f"{NAME}-hi-{level}"], columns[hi])
    np.testing.assert_array_equal(found[NAME], columns[3])
    assert list(found)[:7] == [
        NAME,
        *(f"{NAME}-lo-{level}" for level in (99, 80, 50)),
        *(f"{NAME}-hi-{level}" for level in (50, 80, 99)),
    ]


def test_with_the_logarithm_units_do_not_matter() -> None:
    y = seasonal(70)
    forecaster = made(season_length=12).fit(y)
    assert forecaster.model_.transform == "log"
    found = forecaster.predict(1000 * y)
    np.testing.assert_allclose(found, 1000 * forecaster.predict(y), rtol=1e-5)


@pytest.mark.parametrize(
    ("values", "wanted"),
    [([1.0, 2, 3], "log"), ([0.0, 1, 2], "none"), ([0.001, 1, 2], "none"), ([-1.0, 2, 1], "none")],
)
def test_the_logarithm_is_taken_where_it_suits(values: list[float], wanted: str) -> None:
    assert untrained().fit(np.tile(values, 5)).model_.transform == wanted


def test_what_comes_later_changes_nothing() -> None:
    y = seasonal(80)
    forecaster = made(season_length=12, transform=None).fit(y)
    other = y.copy()
    other[60:] = 1e4
    model = forecaster.model_
    series = [forecaster._series(model, forecaster._panel("df", a), None)[0] for a in (y, other)]
    steps = np.arange(5, 60)
    first, second = (model.at(one, steps) for one in series)
    np.testing.assert_array_equal(first, second)


def test_the_loss_is_the_pinball_loss_of_the_steps_that_follow() -> None:
    from elman.estimators._windows import Steps, Windows

    lengths = {"a": 40, "b": 9, "c": 25}
    df = table(lengths)
    df.loc[30, "y"] = np.nan
    forecaster = made(season_length=12, level=(80,), window=20).fit(df)
    model = forecaster.model_
    series = forecaster._series(model, forecaster._panel("df", df), None)
    random = np.random.RandomState(0)
    windows = Windows(model, Steps.of(model, series), 3, 5, 20, 1, random)
    batch = next(iter(windows.batches()))
    found = windows.step(model.network, batch)
    assert found is not None
    losses = []
    for row, begin in zip(*batch, strict=True):
        one = series[row]
        base, reading = model.read(one)
        T, m = len(one.values), 12
        steps = min(20, T - 3 - 1)
        x = model.frames(base, one.future)[:, begin : begin + steps]
        outputs = model.network(x)[0].reshape(steps, 6, 3).astype(float)
        for t in range(begin, begin + steps):
            for k in range(1, 7):
                if t < min(m, T // 2) or t + k >= T - 3 or np.isnan(one.values[t + k]):
                    continue
                season = t + k - m * math.ceil(k / m)
                naive = reading.values[season if season >= 0 else t]
                target = (reading.values[t + k] - naive) / reading.scale[t]
                for q, output in zip((0.1, 0.5, 0.9), outputs[t - begin, k - 1], strict=True):
                    error = target - output
                    losses.append(max(q * error, (q - 1) * error))
    assert found.targets * 3 == len(losses)
    assert found.loss == pytest.approx(np.mean(losses), rel=1e-4)


# ---- from which data -----------------------------------------------------------------------------


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("covariates", [False, True])
def test_reading_on_tells_what_reading_all_does(cell: Any, covariates: bool) -> None:
    lengths = {"a": 60, "b": 33, "c": 20}
    random = np.random.default_rng(1)
    df = table(lengths)
    options: dict[str, Any] = {}
    X_df = None
    if covariates:
        df = df.assign(promo=random.uniform(size=len(df)), heat=random.uniform(size=len(df)))
        options = {"future": ["promo"], "past": ["heat"]}
        X_df = pd.concat(
            pd.DataFrame(
                {"unique_id": id_, "ds": last + pd.offsets.MonthBegin(k), "promo": 0.5}, index=[0]
            )
            for id_, last in df.groupby("unique_id").ds.max().items()
            for k in range(1, 7)
        )
    df.loc[[40, 70], "y"] = np.nan
    before = df[df.groupby("unique_id").cumcount() < df.unique_id.map({"a": 50, "b": 31, "c": 0})]
    after = df.drop(before.index)
    forecaster = made(cell=cell, num_layers=2, **options).fit(before)
    whole = forecaster.predict(df, X_df)
    first = after.groupby("unique_id").head(1)
    read_on = forecaster.update(first).update(after.drop(first.index)).predict(None, X_df)
    pd.testing.assert_frame_equal(read_on, whole, rtol=1e-5)


def test_a_forecast_from_memory_is_the_one_from_the_data() -> None:
    df = table({"a": 50, "b": 3, "c": 1})
    forecaster = made().fit(df)
    pd.testing.assert_frame_equal(
        forecaster.predict(level=[80]), forecaster.predict(df, level=[80]), rtol=1e-5
    )


def test_a_row_that_is_not_there_is_a_missing_value() -> None:
    df = table({"a": 60, "b": 40})
    with_nan = df.copy()
    with_nan.loc[[20, 21, 70], "y"] = np.nan
    forecaster = made().fit(with_nan)
    with pytest.warns(UserWarning, match=r"no row of id 'a' at 2011-09-01, and of 1 more series"):
        other = made().fit(df.drop(index=[20, 21, 70]))
    pd.testing.assert_frame_equal(other.predict(), forecaster.predict())
    assert forecaster.model_.missing


def test_a_series_begins_with_its_first_value() -> None:
    df = table({"a": 40})
    df.loc[:4, "y"] = np.nan
    pd.testing.assert_frame_equal(made().fit(df).predict(), made().fit(df[5:]).predict())


def test_order_does_not_matter_but_is_told() -> None:
    df = table({"a": 40, "b": 30})
    forecaster = made().fit(df)
    mixed = df.sort_values(["ds", "unique_id"])  # series after series is not asked for
    pd.testing.assert_frame_equal(made().fit(mixed).predict(), forecaster.predict())
    turned = pd.concat([df[:40][::-1], df[40:]])
    with pytest.warns(UserWarning, match=r"got id 'a' at 2013-03-01 too late, and 38 more; sorted"):
        other = made().fit(turned)
    pd.testing.assert_frame_equal(other.predict(), forecaster.predict())


def test_a_covariate_that_is_known_ahead_is_used() -> None:
    random = np.random.default_rng(0)
    df = table({"a": 130, "b": 120, "c": 110})
    df["promo"] = (random.uniform(size=len(df)) < 0.3).astype(float)
    df["y"] += 20 * df.promo
    last = df.groupby("unique_id").cumcount(ascending=False) < 6
    X_df, actual = df[last].drop(columns="y"), df.y[last].to_numpy()
    options: dict[str, Any] = {"max_iter": 20, "transform": None}
    blind = made(**options).fit(df[~last].drop(columns="promo")).predict()
    seeing = made(**options, future=["promo"]).fit(df[~last]).predict(X_df=X_df)
    errors = [np.abs(found[NAME] - actual).mean() for found in (blind, seeing)]
    assert errors[1] < 0.6 * errors[0]


def test_what_does_not_change_tells_series_apart() -> None:
    random = np.random.default_rng(0)
    kinds = pd.Series(["up", "down"] * 10)
    static = pd.DataFrame({"unique_id": range(20), "kind": kinds, "size": 1.0})
    df = pd.DataFrame({"unique_id": np.repeat(range(20), 60), "ds": np.tile(range(60), 20)})
    drift = df.unique_id.map(kinds).map({"up": 0.8, "down": -0.8})
    df["y"] = (drift + random.standard_normal(len(df))).groupby(df.unique_id).cumsum()
    learned = made(transform=None, max_iter=20).fit(df, static)
    start = df[df.ds < 3]
    found = {
        kind: learned.predict(start, static_df=static.assign(kind=kind))[NAME].mean()
        for kind in ("up", "down")
    }
    assert found["up"] > found["down"] + 1
    with pytest.raises(ValueError, match=r"static_df\['kind'\]: expected one of the categories"):
        learned.predict(start, static_df=static.assign(kind="level"))
    with pytest.raises(
        ValueError, match=r"^static_df: expected a row for each id, got none of id 19"
    ):
        learned.predict(start, static_df=static[:-1])
    with pytest.raises(ValueError, match=r"^static_df: expected a frame with \['size', 'kind'\]"):
        learned.predict(start)


@pytest.mark.parametrize(
    ("start", "freq", "season", "following"),
    [
        ("2020-01-01", "MS", 12, ["2025-01-01", "2025-02-01"]),
        ("2020-01-31", "ME", 12, ["2025-01-31", "2025-02-28"]),
        ("2020-01-01", "QS", 4, ["2035-01-01", "2035-04-01"]),
        ("2020-01-05", "W-SUN", 52, ["2021-02-28", "2021-03-07"]),
        ("2020-01-01", "D", 7, ["2020-03-01", "2020-03-02"]),
        ("2020-01-01", "B", 5, ["2020-03-25", "2020-03-26"]),
        ("2020-01-01", "h", 24, ["2020-01-03 12:00", "2020-01-03 13:00"]),
        ("2020-01-01", "2h", 12, ["2020-01-06 00:00", "2020-01-06 02:00"]),
        ("2020-01-01", "15min", 4, ["2020-01-01 15:00", "2020-01-01 15:15"]),
        ("2020-03-25 00:00+01:00", "h", 24, None),
    ],
)
def test_the_frequency_is_found_and_dates_go_on(
    start: str, freq: str, season: int, following: list[str] | None
) -> None:
    ds = pd.date_range(start, periods=61, freq=freq)
    df = pd.DataFrame({"unique_id": "a", "ds": ds[:60], "y": seasonal(60)})
    forecaster = untrained().fit(df)
    assert forecaster.model_.season_length == season
    found = forecaster.predict(h=2).ds
    expected = pd.date_range(ds[60], periods=2, freq=freq)
    assert list(found) == list(expected)
    if following:
        assert list(found) == [pd.Timestamp(text) for text in following]


def test_hours_of_a_time_zone_pass_the_change_of_the_clocks() -> None:
    ds = pd.date_range("2024-03-29", periods=60, freq="h", tz="Europe/Berlin")
    df = pd.DataFrame({"unique_id": "a", "ds": ds, "y": seasonal(60)})
    found = untrained().fit(df).predict(h=3).ds
    assert found.dt.tz == ds.tz
    assert list(found) == list(pd.date_range("2024-03-31 13:00", periods=3, freq="h", tz=ds.tz))
    days = pd.date_range("2024-03-01", periods=40, freq="D", tz="Europe/Berlin")
    df = pd.DataFrame({"unique_id": "a", "ds": days, "y": seasonal(40)})
    assert str(untrained().fit(df).predict(h=1).ds[0]) == "2024-04-10 00:00:00+02:00"


@pytest.mark.parametrize(
    "convert",
    [
        lambda ds: ds.astype(str),
        lambda ds: ds.dt.to_period("M"),
        lambda ds: ds.astype("datetime64[s]"),
        lambda ds: ds.dt.date,
    ],
    ids=["text", "period", "seconds", "date"],
)
def test_dates_may_have_many_forms(convert: Any) -> None:
    df = table({"a": 40})
    expected = untrained().fit(df).predict()
    found = untrained().fit(df.assign(ds=convert(df.ds))).predict()
    pd.testing.assert_frame_equal(found, expected)


def test_whole_numbers_are_times_too() -> None:
    df = pd.DataFrame({"unique_id": 7, "ds": np.arange(100, 220, 2), "y": seasonal(60)})
    found = untrained(season_length=12).fit(df).predict(h=3)
    assert list(found.ds) == [220, 222, 224]
    assert list(found.unique_id) == [7, 7, 7]


def test_arrays_give_arrays() -> None:
    y = seasonal(60)
    one = made(season_length=12).fit(y)
    assert one.predict().shape == (6,)
    np.testing.assert_array_equal(one.predict(h=2), one.predict()[:2])
    several = made(season_length=12).fit([y, y[:30]])
    assert several.predict(level=[90])[f"{NAME}-lo-90"].shape == (2, 6)
    np.testing.assert_allclose(several.predict(y), several.predict()[0], rtol=1e-5)
    np.testing.assert_allclose(several.model_.predict(y), several.predict(y), rtol=1e-12)


# ---- intervals -----------------------------------------------------------------------------------


def test_calibrated_intervals_cover_as_often_as_they_say() -> None:
    random = np.random.default_rng(0)
    series = [np.cumsum(random.standard_normal(48)) for _ in range(300)]
    inside = {}
    for intervals in ("quantile", "conformal"):
        # One step of training leaves intervals that are far too narrow.
        forecaster = untrained(transform=None, h=3, intervals=intervals)
        forecaster.fit([y[:-3] for y in series])
        found = forecaster.predict(level=[80, 90])
        y = np.stack([y[-3:] for y in series])
        inside[intervals] = [
            float(((found[f"{NAME}-lo-{n}"] <= y) & (y <= found[f"{NAME}-hi-{n}"])).mean())
            for n in (80, 90)
        ]
    assert inside["quantile"] == [0.0, 0.0]
    np.testing.assert_allclose(inside["conformal"], [0.8, 0.9], atol=0.04)


def test_the_rank_is_that_of_finite_samples() -> None:
    random = np.random.default_rng(0)
    series = [np.cumsum(random.standard_normal(30)) for _ in range(9)]
    forecaster = untrained(transform=None, h=1, level=(90,), intervals="conformal").fit(series)
    model = forecaster.model_
    # The untrained network tells the last value; ⌈10 · 0.9⌉ = 9 of 9 is the greatest score.
    scores = [abs(y[-1] - y[-2]) / np.abs(np.diff(y[:-1])).mean() for y in series]
    np.testing.assert_allclose(model.corrections, [[-max(scores), 0, max(scores)]], rtol=1e-6)
    with pytest.raises(
        ValueError,
        match=r"calibration_size: expected 9 or more values 1 steps ahead for level 90, got 8 in",
    ):
        untrained(transform=None, h=1, level=(90,), intervals="conformal").fit(series[:8])


def test_what_calibrates_is_not_learned_from() -> None:
    y = seasonal(90)
    other = y.copy()
    other[-20:] *= 3
    options: dict[str, Any] = {
        "season_length": 12,
        "intervals": "conformal",
        "calibration_size": 20,
    }
    first, second = (made(**options, transform=None).fit(a) for a in (y, other))
    for name, array in first.network_.state_dict().items():
        np.testing.assert_array_equal(second.network_.state_dict()[name], array)
    assert (second.model_.corrections[:, -1] > first.model_.corrections[:, -1]).all()
    assert first.scores_["seen"] is False


def test_early_stopping_holds_out_the_last_steps() -> None:
    y = seasonal(90)
    other = y.copy()
    other[-6:] += 5
    first, second = (
        made(season_length=12, early_stopping=True, transform=None, max_iter=1).fit(a)
        for a in (y, other)
    )
    for name, array in first.network_.state_dict().items():
        np.testing.assert_array_equal(second.network_.state_dict()[name], array)
    assert first.validation_scores_ != second.validation_scores_
    assert first.scores_["seen"] is False


# ---- from the past -------------------------------------------------------------------------------


def test_cross_validation_tells_what_fits_on_the_beginnings_tell() -> None:
    df = table({"a": 60, "b": 45})
    forecaster = made()
    found = forecaster.cross_validation(df, 3, 4, level=[80], refit=True)
    assert not hasattr(forecaster, "model_")
    backs = {id_: [14, 10, 6] for id_ in "ab"}
    for window in range(3):
        before = pd.concat(
            own[: len(own) - backs[str(id_)][window]] for id_, own in df.groupby("unique_id")
        )
        expected = made().fit(before).predict(level=[80])
        part = found.merge(expected, on=["unique_id", "ds"], suffixes=("", "_expected"))
        cutoffs = before.groupby("unique_id").ds.max()
        part = part[part.cutoff == part.unique_id.map(cutoffs)]
        assert len(part) == 12
        for column in (NAME, f"{NAME}-lo-80", f"{NAME}-hi-80"):
            np.testing.assert_allclose(part[column], part[f"{column}_expected"], rtol=1e-5)


def test_without_refit_the_first_fit_reads_on() -> None:
    df = table({"a": 60, "b": 45})
    found = made().cross_validation(df, 3, 4)
    before = df[df.groupby("unique_id").cumcount(ascending=False) >= 14]
    fitted = made().fit(before)
    for back in (14, 10, 6):
        known = df[df.groupby("unique_id").cumcount(ascending=False) >= back]
        expected = fitted.predict(known)
        part = found[found.cutoff == found.unique_id.map(known.groupby("unique_id").ds.max())]
        np.testing.assert_allclose(part[NAME], expected[NAME], rtol=1e-5)
        pd.testing.assert_series_equal(part.ds, expected.ds, check_index=False)
    joined = found.merge(df, on=["unique_id", "ds"])
    np.testing.assert_array_equal(joined.y_x, joined.y_y)


def test_the_naive_forecasts_stand_beside() -> None:
    df = table({"a": 60})
    found = made(h=14).cross_validation(df, 2, 5)
    for cutoff, part in found.groupby("cutoff"):
        known = df.y[df.ds <= cutoff].to_numpy()
        np.testing.assert_allclose(part.Naive, known[-1])
        np.testing.assert_allclose(part.SeasonalNaive, np.r_[known[-12:], known[-12:-10]])


def test_utilsforecast_takes_the_table_as_it_is() -> None:
    evaluation = pytest.importorskip("utilsforecast.evaluation", reason="utilsforecast is not here")
    losses = pytest.importorskip("utilsforecast.losses", reason="utilsforecast is not here")
    df = table({"a": 60, "b": 50})
    found = made().cross_validation(df, 2, level=[80])
    scores = evaluation.evaluate(found.drop(columns="cutoff"), [losses.mae], models=[NAME])
    expected = (found[NAME] - found.y).abs().groupby(found.unique_id).mean()
    np.testing.assert_allclose(scores.sort_values("unique_id")[NAME], expected, rtol=1e-9)


def test_scores_are_mean_absolute_scaled_errors() -> None:
    df = table({"a": 60, "b": 50})
    forecaster = made().fit(df)
    last = df.groupby("unique_id").cumcount(ascending=False) < 6
    told = forecaster.predict(df[~last])
    wanted = np.mean(
        [
            mase(
                df.y[last & (df.unique_id == id_)].to_numpy(),
                told[NAME][told.unique_id == id_].to_numpy(),
                df.y[~last & (df.unique_id == id_)].to_numpy(),
            )
            for id_ in "ab"
        ]
    )
    assert forecaster.scores_[NAME] == pytest.approx(wanted, rel=1e-5)
    assert forecaster.score(df) == pytest.approx(-wanted, rel=1e-5)


def test_it_warns_where_a_naive_forecast_is_better() -> None:
    y = np.tile(seasonal(12), 8) + 0.1 * np.random.default_rng(0).standard_normal(96)
    far = made(season_length=12, learning_rate="constant", learning_rate_init=1.0)
    with pytest.warns(UserWarning, match=r"scaled error is .*, worse than SeasonalNaive"):
        far.fit(y)
    assert far.scores_[NAME] > far.scores_["SeasonalNaive"]


def test_series_too_short_for_a_cutoff_are_told() -> None:
    df = table({"a": 60, "b": 8})
    with pytest.warns(UserWarning, match=r"reach back to every cutoff, got id 'b'$"):
        found = made().cross_validation(df, 2)
    assert found.groupby("unique_id").size().to_dict() == {"a": 12, "b": 6}


# ---- files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_a_forecaster_comes_back_as_it_was(cell: Any, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    df = table({"a": 60, 3: 40, "c": 1})
    df = df.assign(heat=random.uniform(size=len(df)))
    df.loc[10, "y"] = np.nan
    static = pd.DataFrame(
        {"unique_id": ["a", 3, "c"], "size": [1.0, 2, 3], "kind": ["x", "y", "x"]}
    )
    options: dict[str, Any] = {"intervals": "conformal", "calibration_size": 20, "past": ["heat"]}
    forecaster = made(cell=cell, num_layers=2, **options).fit(df, static)
    path = tmp_path / "model.safetensors"
    forecaster.save(path)
    found = RNNForecaster.load(path)
    expected = forecaster.predict(level=[80, 90])
    pd.testing.assert_frame_equal(found.predict(level=[80, 90]), expected)
    given = found.predict(df, level=[80, 90], static_df=static)
    pd.testing.assert_frame_equal(given, forecaster.predict(df, level=[80, 90], static_df=static))
    params = {n: tuple(v) if isinstance(v, list) else v for n, v in found.get_params().items()}
    assert params == {**forecaster.get_params(), "past": ("heat",)}
    again = tmp_path / "again.safetensors"
    elman.save(elman.load(path), again)
    assert again.read_bytes() == path.read_bytes()


def test_warm_start_goes_on() -> None:
    y = seasonal(60)
    forecaster = made(season_length=12, warm_start=True).fit(y)
    curve = forecaster.loss_curve_
    before = forecaster.model_
    told = before.predict()
    forecaster.fit(y)
    assert forecaster.loss_curve_[:2] == curve
    assert len(forecaster.loss_curve_) == 4
    np.testing.assert_array_equal(before.predict(), told)
    assert not np.array_equal(forecaster.predict(), told)
    for name, value in {"h": 3, "level": (50,), "transform": None, "hidden_size": 8}.items():
        other = made(season_length=12, warm_start=True).fit(y).set_params(**{name: value})
        with pytest.raises(ValueError, match=f"^{name}: expected with warm_start=True, .* its"):
            other.fit(y)
    with pytest.raises(TypeError, match=r"^df: expected a 1-D array or a list of them, as in fit"):
        forecaster.fit(table({"a": 40}))


# ---- what it refuses -----------------------------------------------------------------------------


def _twice(df: Any) -> Any:
    return pd.concat([df, df[3:4]])


BAD: dict[str, tuple[Any, type[Exception], str]] = {
    "no y": (lambda df: df.drop(columns="y"), KeyError, "df: expected a column 'y'"),
    "no id": (lambda df: df.drop(columns="unique_id"), KeyError, "add it with df.assign"),
    "extra": (lambda df: df.assign(x=1), ValueError, "got column 'x' too; name it in past"),
    "empty": (lambda df: df[:0], ValueError, "df: expected at least one row, got none"),
    "twice": (_twice, ValueError, "two rows of id 'a' at 2010-04-01"),
    "infinite": (
        lambda df: df.assign(y=df.y.where(df.index != 5, np.inf)),
        ValueError,
        r"df\['y'\]: expected finite numbers or missing ones, got inf at id 'a' at 2010-06-01",
    ),
    "text": (lambda df: df.assign(y="x"), TypeError, r"df\['y'\]: expected numbers, got .*'x'"),
    "all missing": (lambda df: df.assign(y=np.nan), ValueError, "got none of id 'a'"),
    "no date": (
        lambda df: df.assign(ds=df.ds.where(df.index != 5)),
        ValueError,
        r"df\['ds'\]: expected a time in every row, got a missing one of id 'a' at row 5",
    ),
    "no id value": (
        lambda df: df.assign(unique_id=df.unique_id.where(df.index != 5)),
        ValueError,
        r"df\['unique_id'\]: expected an id in every row, got a missing one at row 5",
    ),
    "float id": (lambda df: df.assign(unique_id=1.5), TypeError, r"astype\(str\)"),
    "no dates": (
        lambda df: df.assign(ds="soon"),
        TypeError,
        "dates or whole numbers, got .*'soon'",
    ),
    "floats": (lambda df: df.assign(ds=1.5), TypeError, "dates or whole numbers, got float64"),
    "off the grid": (
        lambda df: df.assign(ds=df.ds.where(df.index != 9, df.ds + pd.Timedelta("3D"))),
        ValueError,
        "steps of freq='MS', got 2010-10-04 of id 'a'",
    ),
    "zones": (
        lambda df: df.assign(
            ds=df.ds.dt.strftime("%Y-%m-%d 00:00") + np.tile(["+01:00", "+02:00"], 20)
        ),
        ValueError,
        r"df\['ds'\]: expected one time zone",
    ),
    "no rhythm": (
        lambda df: df[:5].assign(
            ds=pd.to_datetime(
                ["2020-01-01", "2020-01-03", "2020-02-09", "2021-01-01", "2023-01-07"]
            )
        ),
        ValueError,
        "dates of one frequency, got 5 dates without a rhythm; pass freq",
    ),
    "one step": (lambda df: df[:1], ValueError, "got fewer than three dates; pass freq"),
    "no steps": (lambda df: [], ValueError, "df: expected at least one value, got none"),
    "groupby": (lambda df: df.groupby("unique_id"), TypeError, "df: expected a"),
    "text instead": (lambda df: "sales.csv", TypeError, "df: expected a"),
    "matrix": (lambda df: np.zeros((3, 4)), ValueError, "pass a list of 1-D arrays"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_data_is_refused_in_words(name: str) -> None:
    change, kind, message = BAD[name]
    forecaster = made()
    with pytest.raises(kind, match=message):
        forecaster.fit(change(table({"a": 40})))
    assert not hasattr(forecaster, "model_")


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"h": 0}, ValueError, "h: expected an int greater than zero"),
        ({"level": (80, 100)}, ValueError, r"level\[1\]: expected a number in \(0, 100\)"),
        ({"level": ("80",)}, TypeError, r"level\[0\]"),
        ({"transform": "sqrt"}, ValueError, "transform: expected 'auto' or 'log' or 'asinh'"),
        ({"intervals": "normal"}, ValueError, "intervals: expected 'quantile' or 'conformal'"),
        ({"past": "x"}, TypeError, r"past: expected a list of names, got 'x'; pass \['x'\]"),
        ({"past": ["x"], "future": ["x"]}, ValueError, "future: expected columns that are not in"),
        ({"bidirectional": True}, ValueError, "bidirectional: expected False"),
        ({"freq": "fortnight"}, ValueError, "freq: expected a frequency of pandas"),
        ({"level": "80"}, TypeError, r"level: expected numbers in \(0, 100\), as \[80, 90\], got"),
        ({"future": ["y"]}, ValueError, "future: expected columns of covariates, beside"),
        ({"freq": 0}, ValueError, "freq: expected an int greater than zero, got 0"),
        ({"freq": 2}, TypeError, r"df\['ds'\]: expected whole numbers, as freq=2, got dates"),
        ({"past": ["heat"]}, KeyError, "df: expected a column 'heat'"),
    ],
)
def test_bad_parameters_are_refused(
    options: dict[str, Any], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        made(**options).fit(table({"a": 40}))


def test_bad_arguments_of_a_fitted_forecaster_are_refused() -> None:
    df = table({"a": 40})
    forecaster = made().fit(df)
    before = forecaster.predict()
    later = df.assign(ds=df.ds + pd.DateOffset(months=40))
    cases: list[tuple[Any, type[Exception], str]] = [
        (lambda: forecaster.predict(h=7), ValueError, "h: expected at most 6, as in fit, got 7"),
        (lambda: forecaster.predict(level=[95]), ValueError, r"level: expected one of \(80, 90\)"),
        (
            lambda: forecaster.predict(quantiles=[0.3]),
            ValueError,
            r"quantiles: expected one of 0.05, .*, got 0.3; fit with a level that has it",
        ),
        (lambda: forecaster.predict(X_df=df), ValueError, "X_df: expected None"),
        (
            lambda: forecaster.predict(seasonal(40)),
            TypeError,
            "df: expected a data frame, as in fit",
        ),
        (lambda: forecaster.predict(df.assign(y=-df.y)), ValueError, "y of id 'a': .* above 0"),
        (lambda: forecaster.predict(df.assign(ds=range(40))), TypeError, "dates, as freq='MS'"),
        (
            lambda: forecaster.update(df),
            ValueError,
            "steps of id 'a' after 2013-04-01, the last one",
        ),
        (lambda: forecaster.update(later.assign(y=-later.y)), ValueError, "y of id 'a'"),
        (lambda: forecaster.predict(static_df=df), ValueError, "static_df"),
    ]
    for call, kind, message in cases:
        with pytest.raises(kind, match=message):
            call()
    pd.testing.assert_frame_equal(forecaster.predict(), before)


@pytest.mark.parametrize(
    ("T", "options"), [(3, {}), (3, {"season_length": 1}), (15, {"early_stopping": True})]
)
def test_the_shortest_series_that_can_be_learned_from(T: int, options: dict[str, Any]) -> None:
    df = table({"a": T, "b": 1})
    assert len(made(freq="MS", **options).fit(df).predict()) == 12
    with pytest.raises(
        ValueError, match=f"df: expected a series of at least {T} steps, got {T - 1}"
    ):
        made(freq="MS", **options).fit(table({"a": T - 1, "b": 1}))


def test_one_level_needs_no_list() -> None:
    df = table({"a": 40})
    one = made(level=80).fit(df).predict(level=80, quantiles=0.9)
    pd.testing.assert_frame_equal(
        one, made(level=[80]).fit(df).predict(None, None, None, [80], [0.9])
    )


def test_parameters_that_are_changed_after_fit_wait_for_the_next_fit() -> None:
    df = table({"a": 40})
    forecaster = made().fit(df)
    before, score = forecaster.predict(level=[90]), forecaster.score(df)
    forecaster.set_params(h=9, level=[50], future=["x"])
    pd.testing.assert_frame_equal(forecaster.predict(df, level=[90]), before)
    assert forecaster.score(df) == score
    with pytest.raises(ValueError, match=r"level: expected one of \(80, 90\), got 50"):
        forecaster.predict(level=[50])


def test_a_category_that_is_missing_is_told() -> None:
    df = table({"a": 40, "b": 40})
    static = pd.DataFrame({"unique_id": ["a", "b"], "kind": ["x", None]})
    with pytest.raises(ValueError, match=r"static_df\['kind'\]: expected a category in every row"):
        made().fit(df, static_df=static)


def test_covariates_of_the_steps_to_come_must_be_whole() -> None:
    df = table({"a": 40, "b": 30}, promo=1.0)
    forecaster = made(future=["promo"]).fit(df)
    X_df = pd.concat(
        pd.DataFrame(
            {"unique_id": id_, "ds": pd.date_range(last, periods=7, freq="MS")[1:], "promo": 0.0}
        )
        for id_, last in df.groupby("unique_id").ds.max().items()
    )
    assert len(forecaster.predict(X_df=X_df)) == 12
    assert len(forecaster.predict(X_df=X_df, h=2)) == 4
    with pytest.raises(ValueError, match=r"X_df: expected values of \['promo'\], got None; pass a"):
        forecaster.predict()
    with pytest.raises(ValueError, match=r"got none of id 'b' at 2012-12-01"):
        forecaster.predict(X_df=X_df[:-1])
    with pytest.raises(ValueError, match=r"got none of 'promo', id 'a' at 2013-05-01"):
        forecaster.predict(X_df=X_df.assign(promo=np.nan))
    with pytest.raises(ValueError, match=r"got none of 'promo', id 'a' at 2010-01-01"):
        made(future=["promo"]).fit(df.assign(promo=np.nan))


@pytest.mark.parametrize("solver", ["adam", "adamw", "sgd"])
def test_alpha_keeps_weights_small(solver: Any) -> None:
    y = seasonal(60)
    norms = []
    for alpha in (0.0, 1.0):
        forecaster = made(season_length=12, solver=solver, alpha=alpha, learning_rate_init=0.05)
        weights = forecaster.fit(y).network_.state_dict().values()
        norms.append(sum(float((w**2).sum()) for w in weights))
    assert norms[1] < 0.8 * norms[0]


# ---- times ---------------------------------------------------------------------------------------


def daily(dates: Any, **columns: Any) -> pd.DataFrame:
    y = 10 + np.sin(np.arange(len(dates)))
    return pd.DataFrame({"unique_id": "a", "ds": dates, "y": y, **columns})


@pytest.mark.parametrize("kind", [object, "category", "uint64", "Int64"])
def test_whole_numbers_of_any_dtype_are_steps(kind: Any) -> None:
    years = np.arange(2000, 2040)
    expected = made(season_length=4).fit(daily(years)).predict()
    found = made(season_length=4).fit(daily(pd.Series(years).astype(kind))).predict()
    pd.testing.assert_frame_equal(found, expected)
    assert found.ds.tolist() == list(range(2040, 2046))


@pytest.mark.parametrize("first", ["1500-01-01", "2300-01-01"])
def test_dates_that_nanoseconds_cannot_hold_are_refused(first: str) -> None:
    days = np.datetime64(first, "s") + np.arange(40) * np.timedelta64(1, "D")
    with pytest.raises(ValueError, match=r"df\['ds'\]: expected dates from 1677-09-22 to 2262-04"):
        made().fit(daily(days))


def test_a_forecast_beyond_the_last_date_is_refused() -> None:
    forecaster = made(h=6).fit(daily(pd.date_range("2262-02-01", "2262-04-10")))
    with pytest.raises(ValueError, match=r"ds: expected dates from 1677-09-22 .* after 2262-04-10"):
        forecaster.predict()


@pytest.mark.parametrize("last", [10**12, 2**62])
def test_a_mistyped_time_is_told(last: int) -> None:
    with pytest.raises(ValueError, match=r"missing steps after each other, got .* after 78 of id"):
        made(season_length=4).fit(daily([*range(79), last]))


def test_a_season_far_longer_than_the_data_is_refused() -> None:
    with pytest.raises(ValueError, match="season_length: expected at most 1,000, or the steps of"):
        made(season_length=10**7).fit(table({"a": 40}))


@pytest.mark.parametrize(
    ("first", "zone", "leap"),
    [
        ("2023-04-01", "Africa/Cairo", "2023-04-28 01:00:00+03:00"),  # there is no midnight
        ("2023-10-09", "America/Havana", "2023-11-05 00:00:00-04:00"),  # there are two
        ("2024-03-04 02:30", "Europe/Berlin", "2024-03-31 03:00:00+02:00"),
    ],
)
def test_days_at_which_a_clock_leaps(first: str, zone: str, leap: str) -> None:
    days = pd.date_range(first, periods=33)
    zoned = days.tz_localize(zone, nonexistent="shift_forward", ambiguous=np.ones(33, bool))
    known = int((zoned < pd.Timestamp(leap)).sum())
    found = made(h=6, season_length=7).fit(daily(zoned[:known])).predict()
    assert found.ds.iloc[0] == pd.Timestamp(leap)
    assert found.ds.tolist() == zoned[known : known + 6].tolist()
    if first.endswith("02:30"):
        return  # the time of the leap is no step of the wall's clock
    later = made(h=6, season_length=7).fit(daily(zoned[: known + 3])).predict()
    assert later.ds.tolist()[:2] == zoned[known + 3 :].tolist()[:2]


def test_a_time_zone_needs_a_name() -> None:
    zone = datetime.timezone(datetime.timedelta(hours=2), "XYZ")
    with pytest.raises(ValueError, match=r"df\['ds'\]: expected a time zone with a name, got XYZ"):
        made().fit(daily(pd.date_range("2024-01-01", periods=40, tz=zone)))


@pytest.mark.parametrize("freq", [2.5, "0D", pd.DateOffset(months=1), np.nan])
def test_frequencies_that_are_none(freq: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=r"^freq: expected"):
        made(freq=freq).fit(table({"a": 40}))


# ---- going on ------------------------------------------------------------------------------------


def test_updates_may_begin_with_missing_values() -> None:
    dates = pd.date_range("2024-01-01", periods=43)
    heat = np.cos(np.arange(43.0))
    rows = daily(dates, heat=heat, price=heat * 2)
    y = rows.y.where(rows.index != 40)
    options = {"past": ["heat"], "future": ["price"], "h": 2, "season_length": 7}
    forecaster = made(**options).fit(rows[:40])
    X_df = daily(pd.date_range("2024-02-13", periods=2), price=1.0).drop(columns="y")
    expected = forecaster.predict(rows.assign(y=y), X_df=X_df)
    forecaster.update(rows.assign(y=y)[40:])
    pd.testing.assert_frame_equal(forecaster.predict(X_df=X_df), expected)
    again = made(**options).fit(rows[:40])
    for i in range(40, 43):
        again.update(rows.assign(y=y)[i : i + 1])
    pd.testing.assert_frame_equal(again.predict(X_df=X_df), expected)
    with pytest.raises(ValueError, match="at least one value of each series, got none of id 'b'"):
        again.update(rows[40:41].assign(unique_id="b", y=np.nan))


def test_warm_start_remembers_the_series_of_the_last_fit() -> None:
    df = table({"a": 40, "b": 30})
    forecaster = made(warm_start=True).fit(df)
    new = df[df.unique_id == "a"].assign(unique_id="q", y=lambda rows: rows.y * 3)
    assert forecaster.fit(new).predict().unique_id.unique().tolist() == ["q"]
    pd.testing.assert_frame_equal(forecaster.predict(), forecaster.predict(new))


def test_rows_of_other_ids_in_static_df_do_not_matter() -> None:
    df = table({"a": 40, "b": 40})
    static = pd.DataFrame({"unique_id": ["a", "b"], "size": [1.0, 2.0], "kind": ["x", "y"]})
    other = pd.DataFrame({"unique_id": ["z"], "size": [np.nan], "kind": ["new"]})
    expected = made().fit(df, static_df=static).predict()
    found = made().fit(df, static_df=pd.concat([static, other])).predict()
    pd.testing.assert_frame_equal(found, expected)
    by_index = made().cross_validation(df, static_df=static.set_index("unique_id"))
    pd.testing.assert_frame_equal(by_index, made().cross_validation(df, static_df=static))
    with pytest.raises(ValueError, match="static_df: expected a row for each id, got none of id"):
        made().fit(df, static_df=other)


def test_parameters_of_numpy_and_pandas(tmp_path: Path) -> None:
    df = table({"a": 40}, heat=1.0)
    options: dict[str, Any] = {"past": pd.Index(["heat"]), "level": np.array([70, 50])}
    forecaster = made(**options, freq=pd.offsets.MonthBegin(), warm_start=True).fit(df).fit(df)
    forecaster.save(tmp_path / "m")
    loaded = RNNForecaster.load(tmp_path / "m")
    found = {name: loaded.get_params()[name] for name in ("past", "level", "freq")}
    assert found == {"past": ["heat"], "level": [70, 50], "freq": "MS"}
    pd.testing.assert_frame_equal(loaded.predict(level=[70]), forecaster.predict(level=[70]))


@pytest.mark.parametrize(
    ("options", "kind", "name"),
    [
        ({"n_windows": 0}, ValueError, "n_windows"),
        ({"step_size": 0}, ValueError, "step_size"),
        ({"refit": "a"}, TypeError, "refit"),
        ({"h": 9}, ValueError, "h"),
        ({"level": [77]}, ValueError, "level"),
        ({"n_windows": 20}, ValueError, "df"),
    ],
)
def test_bad_arguments_of_cross_validation(options: Any, kind: Any, name: str) -> None:
    with pytest.raises(kind, match=f"^{name}: expected"):
        made().cross_validation(table({"a": 40}), **options)


def test_conformal_intervals_of_no_level() -> None:
    df = table({"a": 40})
    assert made(intervals="conformal", level=[]).fit(df).predict().shape == (6, 3)


def test_numbers_too_large_are_told() -> None:
    df = table({"a": 40}, price=np.arange(40.0))
    forecaster = made(future=["price"], transform=None).fit(df)
    X_df = df[:6].assign(ds=pd.date_range("2013-05-01", periods=6, freq="MS"), price=1e300)
    with pytest.raises(ValueError, match="covariates: expected values not far from those of fit"):
        forecaster.predict(X_df=X_df.drop(columns="y"))
    with pytest.raises(ValueError, match=r"y of id 'a': expected finite numbers up to 1e\+300"):
        made(transform=None).fit(df.drop(columns="price").assign(y=1e307))


def test_a_score_of_nothing_is_refused() -> None:
    df = table({"a": 40})
    forecaster = made().fit(df)
    with pytest.raises(ValueError, match="df: expected a series with values in the last 6 steps"):
        forecaster.score(df.assign(y=df.y.where(df.index < 34)))
