"""Forecasts of tables of series: the same as in Python."""

from __future__ import annotations

import csv as csv_module
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from cli.conftest import Run

import elman
from elman.estimators import RNNForecaster

# Models of a few steps of training may lose against a naive forecast, and say so.
pytestmark = pytest.mark.filterwarnings("ignore:the forecaster's mean absolute")

COLUMNS = ("--id", "shop", "--time", "day", "--target", "sold")
QUICK = ("--h", 4, "--hidden-size", 6, "--max-iter", 2, "--set", "steps_per_epoch=5")
OPTIONS: dict[str, Any] = {
    "h": 4, "hidden_size": 6, "max_iter": 2, "steps_per_epoch": 5, "random_state": 0,
}  # fmt: skip


def frame(steps: int = 60) -> Any:
    """Return daily sales of three shops, with what is known of them."""
    random = np.random.default_rng(0)
    parts = []
    for shop in "abc":
        days = pd.date_range("2024-01-01", periods=steps, freq="D")
        holiday = (np.arange(steps) % 11 == 0).astype(float)
        weekly = 10 + 3 * np.sin(2 * np.pi * np.arange(steps) / 7) + 4 * holiday
        sold = np.round(weekly + random.normal(0, 0.5, steps), 3)
        rain = np.round(random.normal(size=steps), 3)
        parts.append(
            pd.DataFrame(
                {"shop": shop, "day": days, "sold": sold, "holiday": holiday, "rain": rain}
            )
        )
    return pd.concat(parts, ignore_index=True)


def nixtla(data: Any, *covariates: str) -> Any:
    names = {"shop": "unique_id", "day": "ds", "sold": "y"}
    return data.rename(columns=names)[[*names.values(), *covariates]]


@pytest.fixture
def sales(tmp_path: Path) -> Path:
    path = tmp_path / "sales.csv"
    frame().to_csv(path, index=False)
    return path


def rows(text: str) -> list[dict[str, str]]:
    return list(csv_module.DictReader(io.StringIO(text)))


def check_same(out: str, expected: Any, *columns: str) -> None:
    """Hold that what was printed is a forecast, to the bit."""
    found = rows(out)
    assert list(found[0]) == ["shop", "day", *columns]
    assert [row["shop"] for row in found] == expected["unique_id"].tolist()
    assert [row["day"] for row in found] == expected["ds"].dt.strftime("%Y-%m-%d").tolist()
    for name in columns:
        np.testing.assert_array_equal([float(row[name]) for row in found], expected[name])


def test_series_of_fit_go_on(run: Run, sales: Path, tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    assert run("fit", "forecast", sales, *COLUMNS, *QUICK, "-o", path, "--freq", "D").status == 0
    expected = RNNForecaster(**OPTIONS, freq="D").fit(nixtla(frame()))
    ran = run("predict", path, "--level", "80,90")
    assert (ran.status, ran.err) == (0, "")
    name = "RNNForecaster"
    columns = [name, f"{name}-lo-90", f"{name}-lo-80", f"{name}-hi-80", f"{name}-hi-90"]
    check_same(ran.out, expected.predict(level=[80, 90]), *columns)
    check_same(run("predict", path, "--h", 2).out, expected.predict(h=2), name)
    shorter = frame(50)
    shorter = shorter[shorter["shop"] != "b"].replace("c", "new")
    data = shorter.to_csv(index=False).encode()
    found = run("predict", path, "-", stdin=data).out
    check_same(found, expected.predict(nixtla(shorter)), name)


def test_covariates_and_what_does_not_change(run: Run, sales: Path, tmp_path: Path) -> None:
    whole = frame(64)
    known = whole[whole["day"] < "2024-03-01"]
    ahead = whole[whole["day"] >= "2024-03-01"][["shop", "day", "holiday"]]
    statics = pd.DataFrame({"shop": list("abc"), "size": [1.5, 2, 3], "town": ["x", "y", "x"]})
    known.to_csv(sales, index=False)
    ahead.to_csv(tmp_path / "ahead.csv", index=False)
    statics.to_csv(tmp_path / "shops.csv", index=False)
    path = tmp_path / "m.safetensors"
    covariates = ("--features", "rain", "--future", "holiday", "--static", tmp_path / "shops.csv")
    ran = run("fit", "forecast", sales, *COLUMNS, *covariates, *QUICK, "-o", path)
    assert ran.status == 0
    estimator = RNNForecaster(**OPTIONS, past=["rain"], future=["holiday"])
    static = statics.rename(columns={"shop": "unique_id"})
    estimator.fit(nixtla(known, "rain", "holiday"), static)
    to_come = ahead.rename(columns={"shop": "unique_id", "day": "ds"})
    ran = run("predict", path, "--future", tmp_path / "ahead.csv")
    check_same(ran.out, estimator.predict(X_df=to_come), "RNNForecaster")
    ran = run(
        "predict", path, sales, "--future", tmp_path / "ahead.csv", "--static",
        tmp_path / "shops.csv",
    )  # fmt: skip
    told = estimator.predict(nixtla(known, "rain", "holiday"), to_come, static_df=static)
    check_same(ran.out, told, "RNNForecaster")
    ran = run("predict", path)
    assert ran.status == 1
    assert ran.err.startswith("--future: expected values of ['holiday'], got None")
    ahead.iloc[1:].to_csv(tmp_path / "ahead.csv", index=False)
    ran = run("predict", path, "--future", tmp_path / "ahead.csv")
    assert ran.status == 1
    assert ran.err.startswith(f"{tmp_path}/ahead.csv: expected a row for each of the 4 steps")


def test_update_reads_on(run: Run, sales: Path, tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    run("fit", "forecast", sales, *COLUMNS, *QUICK, "-o", path)
    expected = RNNForecaster(**OPTIONS).fit(nixtla(frame()))
    new = frame(63)
    new = new[new["day"] >= "2024-03-01"]
    expected.update(nixtla(new))
    data = new.to_csv(index=False).encode()
    check_same(run("predict", path, "-", "--update", stdin=data).out, expected.predict(),
               "RNNForecaster")  # fmt: skip
    check_same(run("predict", path).out, expected.predict(), "RNNForecaster")
    before = path.read_bytes()
    ran = run("predict", path, "-", "--update", stdin=data)
    assert ran.status == 1
    assert ran.err.startswith("<stdin>: expected steps of id 'a' after 2024-03-03")
    assert path.read_bytes() == before


def test_scores_beside_the_naive_forecasts(run: Run, sales: Path, tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    run("fit", "forecast", sales, *COLUMNS, *QUICK, "-o", path)
    whole = frame(72)
    whole.to_csv(sales, index=False)
    ran = run("evaluate", path, sales, "--windows", 2, "--step", 3)
    found = {row["metric"]: row for row in rows(ran.out)}
    assert list(found) == ["mase", "mae", "rmse", "coverage_80", "coverage_90"]
    forecaster = RNNForecaster(**OPTIONS).fit(nixtla(frame()))
    errors: dict[str, list[Any]] = {"value": [], "naive": [], "seasonal_naive": []}
    scaled: list[float] = []
    inside: list[bool] = []
    for back in (7, 4):
        for _, own in nixtla(whole).groupby("unique_id"):
            history, y = own.iloc[: 72 - back], own["y"].to_numpy()
            told = forecaster.predict(history, level=[90])
            came = y[72 - back :][:4]
            errors["value"].append(told["RNNForecaster"] - came)
            errors["naive"].append(y[71 - back] - came)
            errors["seasonal_naive"].append(y[65 - back : 69 - back] - came)
            scale = np.abs(y[7 : 72 - back] - y[: 65 - back]).mean()
            scaled.append(np.abs(errors["value"][-1]).mean() / scale)
            low, high = told["RNNForecaster-lo-90"], told["RNNForecaster-hi-90"]
            inside += ((came >= low) & (came <= high)).tolist()
    for name, parts in errors.items():
        joined = np.concatenate(parts)
        assert float(found["mae"][name]) == pytest.approx(np.abs(joined).mean(), rel=1e-5)
        assert float(found["rmse"][name]) == pytest.approx((joined**2).mean() ** 0.5, rel=1e-5)
    assert float(found["mase"]["value"]) == pytest.approx(np.mean(scaled), rel=1e-5)
    assert float(found["coverage_90"]["value"]) == pytest.approx(np.mean(inside))
    assert found["coverage_90"]["naive"] == ""
    by_id = rows(run("evaluate", path, sales, "--by-id").out)
    assert [row["shop"] for row in by_id] == ["a", "b", "c"]
    whole_mae = {row["metric"]: row for row in rows(run("evaluate", path, sales).out)}["mae"]
    mean = np.mean([float(row["mae"]) for row in by_id])
    assert float(whole_mae["value"]) == pytest.approx(mean)


def test_folds_end_one_after_another(run: Run, sales: Path) -> None:
    ran = run("fit", "forecast", sales, *COLUMNS, *QUICK, "--cv", 2, "--quiet")
    found = json.loads(ran.out)
    data = nixtla(frame())
    expected = []
    for back in (8, 4):
        learned = data.groupby("unique_id").head(60 - back)
        told = RNNForecaster(**OPTIONS).fit(learned).predict()
        came = data.groupby("unique_id").head(64 - back).groupby("unique_id").tail(4)
        expected.append(np.abs(told["RNNForecaster"].to_numpy() - came["y"].to_numpy()).mean())
    np.testing.assert_allclose(found["mae"]["folds"], expected, rtol=1e-5)
    ran = run("fit", "forecast", sales, *COLUMNS, *QUICK, "--cv", 15)
    assert ran.status == 1
    assert "--cv 15: expected a series of more than 60 steps" in ran.err


def test_one_series_has_no_ids(run: Run, tmp_path: Path) -> None:
    path, data = tmp_path / "m.safetensors", tmp_path / "x.csv"
    values = 5 + np.sin(np.arange(48))
    data.write_text("ds,y\n" + "\n".join(f"{t},{y!r}" for t, y in enumerate(values.tolist())))
    assert run("fit", "forecast", data, *QUICK, "-o", path).status == 0
    ran = run("predict", path)
    assert [row["ds"] for row in rows(ran.out)] == ["48", "49", "50", "51"]
    own = pd.DataFrame({"unique_id": 0, "ds": np.arange(48), "y": values})
    expected = RNNForecaster(**OPTIONS).fit(own).predict()
    found = [float(row["RNNForecaster"]) for row in rows(ran.out)]
    np.testing.assert_array_equal(found, expected["RNNForecaster"])


def test_missing_values_are_let_through_and_counted(run: Run, sales: Path) -> None:
    data = frame()
    data.loc[[3, 70], "sold"] = np.nan
    data = data.drop(index=[10, 11])
    data = pd.concat([data.iloc[5:], data.iloc[:5]])
    data.to_csv(sales, index=False)
    found = json.loads(run("check", "forecast", sales, *COLUMNS, "--json").out)
    assert found == {
        "rows": 178, "series": 3, "shortest": 58, "median_length": 60.0, "longest": 60,
        "first_time": "2024-01-01", "last_time": "2024-02-29", "out_of_order": 1, "duplicates": 0,
        "columns_with_missing": {"sold": 2}, "frequency": "D", "season": 7,
        "steps_without_a_row": 2, "columns_not_read": ["holiday", "rain"], "faults": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("2024-01-03", "2024-01-02"), "sales.csv:4:day: expected one row of shop 'a' at "
         "2024-01-02, got another one, after line 3; take one out, or take their mean\n"),
        (("2024-01-03", "3.1.2024"), "sales.csv:4:day: expected a date such as 2024-01-31"),
        (("2024-01-03", ""), "sales.csv:4:day: expected a date such as 2024-01-31 or "
         "2024-01-31T18:30:00, got an empty cell\n"),
        (("2024-01-03,", "2024-01-03,inf"), "sales.csv:4:sold: expected a number, got 'inf1"),
        (("2024-01-03,", "2024-01-03,x"), "sales.csv:4:sold: expected a number, got 'x"),
        (("a,2024-01-03", ",2024-01-03"), "sales.csv:4:shop: expected an id in every row"),
        (("day,sold", "day,sales"), "sales.csv: expected a column 'sold', got 'shop', 'day', "
         "'sales', 'holiday', 'rain'\n"),
        (("2024-01-02,", "2024-01-02T07:00,"), "sales.csv:day: expected steps of freq='D', got "
         "2024-01-02T07:00:00 of id 'a'"),
    ],
)  # fmt: skip
def test_faults_of_series(
    run: Run, sales: Path, tmp_path: Path, change: tuple[str, str], message: str
) -> None:
    old, new = change
    text = sales.read_text()
    at = text.index(old)
    sales.write_text(text[:at] + new + text[at + len(old) :])
    ran = run("fit", "forecast", sales, *COLUMNS, *QUICK, "-o", tmp_path / "m.safetensors")
    assert ran.status == 1
    assert ran.err.replace(f"{tmp_path}/", "").startswith(message)
    assert not (tmp_path / "m.safetensors").exists()
    assert run("check", "forecast", sales, *COLUMNS).err == ran.err


def zoned(times: list[str]) -> bytes:
    lines = [f"{time},{5 + float(np.sin(i))!r}" for i, time in enumerate(times)]
    return "\n".join(["ds,y", *lines]).encode()


def test_times_of_one_zone_keep_it(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    days = pd.date_range("2024-03-01", periods=40, freq="D").strftime("%Y-%m-%dT00:00:00+09:00")
    ran = run("fit", "forecast", "-", *QUICK, "-o", path, stdin=zoned(days.tolist()))
    assert ran.status == 0
    found = rows(run("predict", path).out)
    assert [row["ds"] for row in found][:2] == ["2024-04-10T00:00:00+09:00",
                                               "2024-04-11T00:00:00+09:00"]  # fmt: skip


def test_times_of_several_zones_are_refused(run: Run, tmp_path: Path) -> None:
    days = pd.date_range("2024-03-01", periods=60, freq="D", tz="Europe/Berlin")
    data = zoned([day.isoformat() for day in days])
    ran = run("fit", "forecast", "-", *QUICK, "-o", tmp_path / "m", stdin=data)
    assert ran.status == 1
    assert ran.err == (
        "<stdin>:33:ds: expected the time zone +01:00, as in line 2, got +02:00; write all times "
        "in UTC, as 2024-01-31T18:30:00+00:00, or as the wall's, without one\n"
    )
    frame = pd.DataFrame({"ds": days, "y": 5 + np.sin(np.arange(60))})
    frame.to_parquet(tmp_path / "x.parquet")  # which has the name of the zone
    path = tmp_path / "m.safetensors"
    assert run("fit", "forecast", tmp_path / "x.parquet", *QUICK, "-o", path).status == 0
    assert elman.load(path).zone == "Europe/Berlin"
    assert rows(run("predict", path).out)[0]["ds"] == "2024-04-30T00:00:00+02:00"


def test_wrong_usage_of_forecasts(
    run: Run, sales: Path, csv: Path, model: Path, tmp_path: Path
) -> None:
    path = tmp_path / "m.safetensors"
    assert run("fit", "forecast", sales, *COLUMNS, *QUICK, "-o", path).status == 0
    for arguments, message in (
        (["predict", path, "--proba"], "--proba: expected a classifier or a tagger, got a"),
        (["predict", path, "--update"], "--update: expected DATA, the rows that follow, got none"),
        (["predict", path, "--level", "0"], "expected percents, as in 80,90; got '0'"),
        (["predict", model, csv, "--level", "80"], "--level: expected a forecaster, got a class"),
        (["predict", model], "DATA: expected a file, or - for standard input, got none"),
    ):
        ran = run(*arguments)
        assert ran.status == 2
        assert message in ran.err
    ran = run("predict", path, "--h", 9)
    assert ran.status == 1
    assert "h: expected at most 4, as in fit, got 9; fit with --h 9" in ran.err
    ran = run("predict", path, "--level", "85,80")
    assert "level: expected one of (80, 90), got 85; fit with --level 80,90,85" in ran.err
