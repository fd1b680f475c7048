"""Sequences of a long table: which rows, in which order, and what is wrong with a table."""

from __future__ import annotations

import datetime
import re
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest

from elman.data import from_frame


def table(**columns: Any) -> pd.DataFrame:
    """Return three sequences, c of 3 rows, a of 2 and b of 1, whose rows are mixed up."""
    frame = pd.DataFrame({
        "who": ["c", "a", "c", "b", "a", "c"],
        "t": [3, 10, 1, 7, 9, 2],
        "u": [0.0, 1.0, 2.0, 3.0, 4.0, 5.0],
        "v": [5, 4, 3, 2, 1, 0],
    })  # fmt: skip
    return frame.assign(**columns)


def test_rows_of_an_id_are_a_sequence_in_order_of_time() -> None:
    frame = table()
    before = frame.copy()
    data = from_frame(frame, id="who", time="t")
    assert data.ids.tolist() == ["c", "a", "b"]
    assert data.columns == ["u", "v"]
    assert data.y is None
    expected = [[[2, 3], [5, 0], [0, 5]], [[4, 1], [1, 4]], [[3, 2]]]
    for x, wanted in zip(data.X, expected, strict=True):
        np.testing.assert_array_equal(x, np.array(wanted, np.float64), strict=True)
    assert data.times is not None
    assert [t.tolist() for t in data.times] == [[1, 2, 3], [9, 10], [7]]
    pd.testing.assert_frame_equal(frame, before)


def test_without_time_rows_stay_in_their_order() -> None:
    data = from_frame(table(), id="who", time=None, values=["v"])
    assert [x.ravel().tolist() for x in data.X] == [[5, 3, 0], [4, 1], [2]]
    assert data.times is None
    assert data.columns == ["v"]
    with_time = from_frame(table(), id="who", time=None)
    assert with_time.columns == ["t", "u", "v"]


def test_values_are_in_the_order_asked_for_and_an_index_is_not_read() -> None:
    frame = table().set_index(np.arange(6)[::-1])
    data = from_frame(frame, id="who", time="t", values=["v", "u"])
    assert data.X[0].tolist() == [[3, 2], [0, 5], [5, 0]]
    filtered = table()[lambda f: f["u"] > 0.5]
    data = from_frame(filtered, id="who", time="t", step=None)
    assert data.ids.tolist() == ["a", "c", "b"]
    assert data.X[1].tolist() == [[2, 3], [5, 0]]


def test_a_target_is_one_for_each_sequence() -> None:
    frame = table(sick=[1, 0, 1, 1, 0, 1])
    data = from_frame(frame, id="who", time="t", target="sick")
    assert data.columns == ["u", "v"]
    assert data.y is not None
    assert data.y.tolist() == [1, 0, 1]
    assert data.y.dtype == np.int64


@pytest.mark.parametrize("ids", [[3, 1, 3, 2, 1, 3], pd.to_datetime(["2024-01-03"] * 6)])
def test_ids_are_anything(ids: Any) -> None:
    data = from_frame(table(who=ids, t=range(6)), id="who", time="t", step=None)
    assert data.ids.tolist() == pd.Series(ids).drop_duplicates().to_numpy().tolist()
    assert [len(x) for x in data.X] == ([3, 2, 1] if len(data.ids) == 3 else [6])


@pytest.mark.parametrize(
    "times",
    [
        [3.0, 10.0, 1.0, 7.0, 9.0, 2.0],
        pd.to_datetime([f"2024-01-{d:02}" for d in (3, 10, 1, 7, 9, 2)]),
        pd.to_datetime([f"2024-01-{d:02}" for d in (3, 10, 1, 7, 9, 2)]).tz_localize("Asia/Tokyo"),
        [datetime.date(2024, 1, d) for d in (3, 10, 1, 7, 9, 2)],
        pd.PeriodIndex([f"2024-{m:02}" for m in (3, 10, 1, 7, 9, 2)], freq="M"),
        pd.to_timedelta([3, 10, 1, 7, 9, 2], unit="h"),
    ],
)
def test_times_are_numbers_or_dates(times: Any) -> None:
    data = from_frame(table(t=times), id="who", time="t")
    assert data.X[0].tolist() == [[2, 3], [5, 0], [0, 5]]
    assert data.times is not None
    assert list(data.times[1]) == list(np.asarray(pd.Series(times)))[4:0:-3]


def test_the_dtype_is_float32_if_all_values_are() -> None:
    frame = table().astype({"u": np.float32, "v": np.float32})
    assert from_frame(frame, id="who", time="t").X[0].dtype == np.float32
    mixed = table().astype({"u": np.float32})
    assert from_frame(mixed, id="who", time="t").X[0].dtype == np.float64


@pytest.mark.parametrize("dtype", ["Int64", "Float64", "float64", "Float32", "float32", "boolean"])
def test_missing_values_are_nan(dtype: str) -> None:
    column = pd.Series([1, None, 0, 1, 1, 0], dtype="Float64").astype(dtype)
    one = column.dtype.type(1)
    data = from_frame(table(u=column), id="who", time="t", values=["u"])
    np.testing.assert_array_equal(data.X[0].ravel(), [0, 0, 1])
    np.testing.assert_array_equal(data.X[1].ravel(), [1, np.nan])
    assert data.X[0].dtype == (np.float32 if dtype.lower() == "float32" else np.float64)
    complete = from_frame(table(u=column.fillna(one)), id="who", time="t", values=["u"])
    np.testing.assert_array_equal(complete.X[1].ravel(), [1, 1])


def regular(*times: float, dates: bool = False) -> pd.DataFrame:
    t = pd.to_timedelta(times, unit="D") + pd.Timestamp("2024-01-01") if dates else list(times)
    return pd.DataFrame({"who": 0, "t": t, "u": 0.0})


@pytest.mark.parametrize("dates", [False, True])
def test_gaps_are_told_by_id_and_time(dates: bool) -> None:
    frame = regular(0, 1, 2, 3, 5, 6, 7, 10, dates=dates)
    before, after = ("2024-01-04", "2024-01-06") if dates else ("3", "5")
    step = datetime.timedelta(days=1) if dates else 1
    found = f"a step of {'1 day, 0:00:00' if dates else 1} between rows"
    where = f"got id 0 from {before} to {after}, and 1 more; "
    with pytest.warns(UserWarning, match=f"^time: expected {found}, as most have, {where}") as seen:
        data = from_frame(frame, id="who", time="t")
    assert seen[0].filename == __file__
    assert len(data.X[0]) == 8
    with pytest.raises(ValueError, match=f"^time: expected {found}, {where}.*step=None"):
        from_frame(frame, id="who", time="t", step=step)
    from_frame(frame, id="who", time="t", step=None)
    from_frame(frame.iloc[:4], id="who", time="t", step=step)


@pytest.mark.parametrize(
    "times",
    [
        (0.1, 0.2, 0.1 + 0.2, 0.4, 0.5),  # equal but for rounding
        (0, 1, 2, 3.5, 4.5, 6.2),  # irregular, though most are
        (0, 1, 3, 6, 10, 15),
        (0, 31, 60, 91, 121, 152),  # months
        (5,),
        (5, 9),
    ],
)
def test_times_without_gaps_are_not_warned_of(times: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        from_frame(regular(*times), id="who", time="t")


@pytest.mark.parametrize(
    ("changes", "arguments", "kind", "told"),
    [
        ({}, {"id": "name"}, KeyError, "id: expected the name of a column, one of ['who', 't',"),
        ({}, {"id": ["who", "t"]}, KeyError, "id: expected the name of a column"),
        ({}, {"id": None}, KeyError, "id: expected the name of a column"),
        ({}, {"time": "date"}, KeyError, "time: expected the name of a column"),
        ({}, {"target": "y"}, KeyError, "target: expected the name of a column"),
        ({}, {"values": ["u", "w"]}, KeyError, "values: expected the name of a column"),
        ({}, {"values": "u"}, TypeError, "values: expected a list of names, got 'u'; pass ['u']"),
        ({}, {"values": []}, ValueError, "values: expected at least one column"),
        ({"who": ["a", None, "b"] * 2}, {}, ValueError, "id: expected a value in every row, got a "
         "missing value in column 'who' at row 1 and 1 more; leave these rows out with "
         "frame.dropna(subset=['who'])"),
        ({"t": [1, 2, np.nan, 3, 4, 5]}, {}, ValueError, "time: expected a value in every row"),
        ({"t": pd.to_datetime(["2024-01-01", None] * 3)}, {}, ValueError, "time: expected a value"),
        ({"t": list("abcdef")}, {}, TypeError, "pandas.to_datetime(frame['t'])"),
        ({"t": [1, datetime.date(2024, 1, 1)] * 3}, {}, TypeError, "time: expected times of one"),
        ({"t": [3, 9, 1, 7, 9, 2]}, {}, ValueError,
         "time: expected one row for each id and time, got two rows of id 'a' at 9; "),
        ({"u": list("abcdef")}, {}, TypeError, "values such as 'a' in column 'u'; turn it into"),
        ({"u": pd.to_datetime(["2024-01-01"] * 6)}, {}, TypeError, "values: expected columns of"),
        ({"y": [1, 0, 1, 1, 0, 2]}, {"target": "y"}, ValueError,
         "target: expected the same in all rows of a sequence, got 1 and 2 for "
         "id 'c'; "),
        ({"y": [1, None, 1, 1, None, 1]}, {"target": "y"}, ValueError, "target: expected a value"),
        ({}, {"step": "hour"}, TypeError, "got 'hour' (str); pass one such as 1"),
        ({"t": pd.date_range("2024", periods=6)}, {"step": "1D"}, TypeError,
         "got '1D' (str); pass one such as pandas.Timedelta('1D')"),
        ({"t": pd.date_range("2024", periods=6)}, {"step": 1}, TypeError,
         "got 1 (int); pass one such as pandas.Timedelta('1D')"),
        ({"who": ["a"] * 6, "t": pd.date_range("2024", periods=6, freq="1s")},
         {"step": pd.Timedelta("500ms")}, ValueError, "a step of 0:00:00.500000 between rows, got "
         "id 'a' from 2024-01-01 to 2024-01-01T00:00:01"),
        ({}, {"step": [1, 2, 3]}, TypeError, "step: expected a difference of times, such as"),
        ({}, {"step": datetime.timedelta(1)}, TypeError, "step: expected a difference of times"),
    ],
)  # fmt: skip
def test_mistakes_are_told(
    changes: dict[str, Any], arguments: dict[str, Any], kind: type[Exception], told: str
) -> None:
    with pytest.raises(kind) as error:
        from_frame(table(**changes), **{"id": "who", "time": "t"} | arguments)
    assert type(error.value) is kind
    assert told in error.value.args[0]


def test_what_is_no_frame_is_told() -> None:
    frame = table()
    for given, told in {
        frame.groupby("who"): "got DataFrameGroupBy; pass the frame itself, before groupby",
        None: "frame: expected pandas.DataFrame, .* got builtins.NoneType",
        "table.csv": "got builtins.str",
    }.items():
        with pytest.raises(TypeError, match=told):
            from_frame(given, id="who", time="t")
    with pytest.raises(ValueError, match="frame: expected at least one row"):
        from_frame(frame[:0], id="who", time="t")
    with pytest.raises(ValueError, match="got two columns named 'who'"):
        from_frame(frame.rename(columns={"u": "who"}), id="who", time="t")
    with pytest.raises(KeyError, match=re.escape("frame.reset_index() first")):
        from_frame(frame.set_index(["who", "t"]), id="who", time="t")
    with pytest.raises(ValueError, match="values: expected at least one column"):
        from_frame(frame[["who", "t"]], id="who", time="t")


def test_many_rows_agree_with_groupby() -> None:
    random = np.random.default_rng(0)
    frame = pd.DataFrame({
        "who": random.integers(0, 50, 3000),
        "t": random.permutation(3000),
        "u": random.normal(size=3000),
    })  # fmt: skip
    data = from_frame(frame, id="who", time="t")
    groups = {who: g.sort_values("t")["u"].tolist() for who, g in frame.groupby("who")}
    assert data.ids.tolist() == frame["who"].drop_duplicates().tolist()
    assert {i: x[:, 0].tolist() for i, x in zip(data.ids.tolist(), data.X, strict=True)} == groups
