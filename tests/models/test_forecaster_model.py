"""Files of forecasters: what they hold, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from damaged_files import rewrite

import elman
from elman.estimators import RNNForecaster
from elman.io import ModelFileError
from elman.models import ForecasterModel

pytestmark = pytest.mark.filterwarnings("ignore:the forecaster's mean absolute scaled error")


def fitted() -> RNNForecaster:
    random = np.random.default_rng(0)
    series = [50 + np.cumsum(random.standard_normal(T)) for T in (40, 25, 1)]
    options: dict[str, Any] = {"hidden_size": 4, "max_iter": 1, "random_state": 0}
    return RNNForecaster(h=3, season_length=4, **options).fit(series)


def test_a_model_forecasts_on_numpy_alone(tmp_path: Path, run_python: Callable[..., str]) -> None:
    forecaster = fitted()
    path = tmp_path / "model.safetensors"
    forecaster.save(path)
    program = f"""
import sys, elman
model = elman.load({str(path)!r})
print(model.predict().tolist())
print(model.predict([3.0, 4.0, 5.0, 4.0, 3.0], level=[80])["hi-80"].tolist())
print(sorted({{"sklearn", "pandas", "scipy", "matplotlib"}} & set(sys.modules)))
"""
    wanted = forecaster.predict([3.0, 4.0, 5.0, 4.0, 3.0], level=[80])["RNNForecaster-hi-80"]
    assert run_python(program).splitlines() == [
        str(forecaster.predict().tolist()),
        str(wanted.tolist()),
        "[]",
    ]
    model = elman.load(path)
    assert type(model) is ForecasterModel
    assert [entry[0] for entry in model.series] == [0, 1, 2]
    assert "ForecasterModel" in repr(model)


def test_what_a_model_cannot_forecast_is_told() -> None:
    model = fitted().model_
    cases: list[tuple[Any, type[Exception], str]] = [
        ([[1.0, 2.0]], ValueError, r"^y: expected \(T,\), 1-D, got 2-D"),
        ([np.nan, np.nan], ValueError, r"^y: expected at least one value, got 2 missing ones"),
        (
            [1.0, np.inf],
            ValueError,
            r"^y: expected finite numbers up to 1e.300, got inf at step",
        ),
        ([1.0, 0.0], ValueError, r"^y: expected values above 0, .* got 0.0 at step 1; fit with"),
    ]
    for y, kind, message in cases:
        with pytest.raises(kind, match=message):
            model.predict(y)
    with pytest.raises(ValueError, match=r"^level: .* got 0.025; fit with this level"):
        model.predict(level=[95])


LIES: dict[str, tuple[Any, str]] = {
    "longer": (lambda c: c.update(h=4), "input, outputs, reads, bidirectional"),
    "no step": (lambda c: c.update(h=0), "h"),
    "another season": (
        lambda c: c.update(season_length=5),
        "last_frames|last_values|input, outputs",
    ),
    "disorder": (lambda c: c.update(quantiles=[0.5, 0.1, 0.9, 0.05, 0.95]), "numbers in order"),
    "no median": (lambda c: c.update(quantiles=[0.1, 0.2, 0.3, 0.4, 0.6]), "0.5 among them"),
    "a text": (lambda c: c.update(quantiles=[0.1, 0.5, 0.9, 1.0, "a"]), "quantiles"),
    "a transform": (lambda c: c.update(transform="exec"), "transform"),
    "a cycle": (lambda c: c.update(cycles=["moon"]), "cycles"),
    "a covariate": (lambda c: c.update(future=["x"]), "input, outputs"),
    "one name": (lambda c: c.update(past="x"), "a list of texts"),
    "a category": (lambda c: c.update(categories=[["kind", [None]]]), "categories"),
    "a flag": (lambda c: c.update(missing=0), "missing"),
    "a step of zero": (lambda c: c.update(freq=0), "freq"),
    "a zone": (lambda c: c.update(zone=3), "zone"),
    "a form": (lambda c: c.update(form="table"), "form"),
    "a series less": (lambda c: c.update(series_count=2), "last_values"),
    "many series": (lambda c: c.update(series_count=10**15), "last_values"),
    "a shorter text": (lambda c: c.update(series_bytes=3), "series_text"),
    "an argument less": (
        lambda c: c.pop("effect", c.pop("form")),
        "the arguments of ForecasterModel",
    ),
    "another reading": (lambda c: c["network"]["config"].update(reads="last"), "input, outputs"),
}


@pytest.mark.parametrize("name", LIES)
def test_a_file_that_lies_is_refused(tmp_path: Path, name: str) -> None:
    change, told = LIES[name]
    path = tmp_path / "model"
    fitted().save(path)
    rewrite(path, change)
    with pytest.raises(ModelFileError, match=told):
        elman.load(path)


@pytest.mark.parametrize(
    "text",
    [
        "[",
        "{}",
        "[]",
        "[[0,39,1,16],[1,24,1,16],[1,0,1,1]]",
        "[[0,39,1,16],[1,24,1,16],[2.0,0,1,1]]",
        "[[0,39,1,16],[1,24,1,16],[true,0,1,1]]",
        "[[0,39,1,16],[1,24,1,16],[2,0,1]]",
        "[[0,39,1,16],[1,24,1,16],[2,0,2,1]]",
        "[[0,39,1,16],[1,24,1,16],[2,0,1,0]]",
        "[[0,39,1,16],[1,24,1,99],[2,0,1,1]]",
        "[[0,39,1,16],[1,24,1,16],[2,1e3,1,1]]",
        f"[[0,39,1,16],[1,24,1,16],[2,{2**63},1,1]]",
    ],
)
def test_a_list_of_series_that_lies_is_refused(text: str) -> None:
    model = fitted().model_
    assert model.series == [[0, 39, 1, 12], [1, 24, 1, 12], [2, 0, 1, 1]]
    arrays: dict[str, Any] = model.state_dict()
    before = model.predict()
    arrays["series_text"] = np.frombuffer(text.encode(), np.uint8)
    with pytest.raises(ValueError, match=r"^series_text: expected"):
        model.load_state_dict(arrays)
    np.testing.assert_array_equal(model.predict(), before)


def test_many_series_make_a_file(tmp_path: Path) -> None:
    """The header of a file holds 4 MiB; names of products may take more."""
    path = tmp_path / "model"
    model = fitted().model_
    memory = model.recall([0])[0]
    model.remember({f"product {i:060}": (i, memory) for i in range(60_000)})
    assert model.series_bytes > 2**22
    elman.save(model, path)
    found = elman.load(path)
    assert found.series == model.series
    assert found.series[-1] == [f"product {59_999:060}", 59_999, 1, 12]
    np.testing.assert_array_equal(found.predict(), model.predict())
