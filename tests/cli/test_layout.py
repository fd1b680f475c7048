"""The columns that a model carries, as files may say them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cli.conftest import Run

import elman
from elman.cli._errors import DataError
from elman.cli._layout import Layout, missing_column
from elman.cli._series import SeriesColumns

LAYOUT = Layout("id", "t", ["y"], ["a", "b"], exact=True, time_kind="number")
SERIES = SeriesColumns("id", "ds", "y", ["a"], [])


def test_columns_come_back_as_they_were() -> None:
    assert Layout.of_model(LAYOUT._asdict(), "m") == LAYOUT
    assert SeriesColumns.of_model(SERIES._asdict(), "m") == SERIES


@pytest.mark.parametrize("damage", [None, 3, ["id"], {}])
def test_other_things_than_columns_are_refused(damage: Any) -> None:
    with pytest.raises(DataError, match=r"^m: expected a model that carries its columns"):
        Layout.of_model(damage, "m")


@pytest.mark.parametrize("name", Layout._fields)
@pytest.mark.parametrize("value", [3, [3], {"a": 1}])
def test_a_field_of_another_kind_is_refused(name: str, value: Any) -> None:
    with pytest.raises(DataError, match=r"^m: expected a model that carries its columns"):
        Layout.of_model({**LAYOUT._asdict(), name: value}, "m")


@pytest.mark.parametrize("name", SeriesColumns._fields)
def test_a_field_of_series_of_another_kind_is_refused(name: str) -> None:
    with pytest.raises(DataError, match=r"^m: expected a model that carries its columns"):
        SeriesColumns.of_model({**SERIES._asdict(), name: {"a": 1}}, "m")


def test_a_model_of_damaged_columns_is_told(run: Run, csv: Path, model: Path) -> None:
    loaded = elman.load(model)
    loaded.table = {"id": 3}
    elman.save(loaded, model)
    ran = run("predict", model, csv)
    assert ran.status == 1
    assert ran.err.startswith(
        f"{model}: expected a model that carries its columns, got {{'id': 3}}"
    )


def test_the_likeliest_column_is_named() -> None:
    assert missing_column("pulze", ["id", "pulse"]).endswith(
        "got 'id', 'pulse'; did you mean 'pulse'?"
    )
    assert missing_column("x", list("abcdefghijklmno")).endswith("'k', 'l' …")
