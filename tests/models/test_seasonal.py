"""What a forecaster reads of values: held to a plain loop, and the same in parts and in one go."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.models import _seasonal
from elman.models._calendar import cycles_of, phases


def by_loop(values: list[float], w: list[float], m: int) -> tuple[list[list[float]], list[float]]:
    """Return features and scale of each step, each from the definition."""
    L = _seasonal.lags(m)
    z: list[float] = []
    seasonal, neighbours = [], []
    features, scales = [], []
    for t, value in enumerate(values):
        missing = math.isnan(value)
        z.append((z[t - m] if t >= m else z[t - 1]) if missing else value)
        if t >= m and not missing:
            seasonal.append(abs(z[t] - z[t - m]))
        if t >= 1 and not missing:
            neighbours.append(abs(z[t] - z[t - 1]))
        scale = 1.0
        for differences in (neighbours, seasonal):
            if differences and sum(differences) > 0:
                scale = sum(differences) / len(differences)
        u = [value / scale - effect for value, effect in zip(z, w, strict=False)]
        last = u[max(0, t - m + 1) : t + 1]
        average = sum(last) / len(last)
        before = u[max(0, t - m) : t]
        found = [u[t] - average, average - sum(before) / len(before) if before else 0.0]
        found += [u[t - j] - u[t - j - m] if t - j - m >= 0 else 0.0 for j in range(L)]
        found += [u[t - j] - u[t] if t - j >= 0 else 0.0 for j in range(1, L + 1)]
        features.append([math.asinh(x) for x in found] + [math.asinh(math.log(scale))])
        scales.append(scale)
    return features, scales


values = st.lists(
    st.floats(-1e3, 1e3).map(lambda x: round(x, 3)) | st.just(math.nan), min_size=1, max_size=60
).filter(lambda found: not math.isnan(found[0]))


@given(values, st.sampled_from([1, 2, 4, 12, 30]))
def test_each_step_reads_what_the_definition_says(found: list[float], m: int) -> None:
    effects = np.sin(np.arange(len(found)))
    features, scales = by_loop(found, effects.tolist(), m)
    reading = _seasonal.read(np.array(found), m, None, effects)
    np.testing.assert_allclose(reading.scale, scales, rtol=1e-9)
    np.testing.assert_allclose(reading.features, features, rtol=1e-6, atol=1e-6)


@given(values.filter(lambda found: len(found) > 1), st.sampled_from([1, 4, 12]), st.data())
def test_a_series_read_in_parts_gives_the_same_bits(
    found: list[float], m: int, data: st.DataObject
) -> None:
    cut = data.draw(st.integers(1, len(found) - 1))
    effects = np.sin(np.arange(len(found)))
    whole = _seasonal.read(np.array(found), m, None, effects)
    first = _seasonal.read(np.array(found[:cut]), m, None, effects[:cut])
    second = _seasonal.read(np.array(found[cut:]), m, first.tail, effects[cut:])
    for name in ("features", "scale", "values"):
        joined = np.concatenate([getattr(first, name), getattr(second, name)])
        np.testing.assert_array_equal(joined, getattr(whole, name))
    for found_part, whole_part in zip(second.tail, whole.tail, strict=True):
        np.testing.assert_array_equal(found_part, whole_part)


def test_the_seasonal_naive_forecast_repeats_the_last_season() -> None:
    z = np.arange(10.0)
    at = _seasonal.naive(np.array([9, 2]), np.array([0, 0]), 6, 4)
    np.testing.assert_array_equal(z[at[0]], [6, 7, 8, 9, 6, 7])
    # A season back the series had not begun: its last value stands in.
    np.testing.assert_array_equal(z[at[1]], [2, 0, 1, 2, 2, 0])


def test_the_base_is_moved_by_what_covariates_add() -> None:
    z, w = np.arange(10.0), np.arange(13.0) ** 2
    found = _seasonal.base(z, w, np.array([9]), np.array([0.5]), 4, 4)
    # Of the fourth step ahead the covariates are not known yet.
    moved = [w[10] - w[6], w[11] - w[7], w[12] - w[8], 0.0]
    np.testing.assert_allclose(found, [z[6:10] + 0.5 * np.array(moved)])


def test_phases_turn_once_in_a_cycle() -> None:
    days = np.arange("2023-01-02", "2023-01-16", dtype="datetime64[D]")  # from a Monday on
    sine, cosine = phases(days, ["week"]).T
    np.testing.assert_allclose(sine, np.sin(2 * np.pi * np.arange(14) / 7), atol=1e-12)
    np.testing.assert_allclose(cosine, np.cos(2 * np.pi * np.arange(14) / 7), atol=1e-12)
    months = np.array(["2024-01-01", "2024-07-02", "2025-01-01"], dtype="datetime64[s]")
    np.testing.assert_allclose(phases(months, ["year"])[:, 1], [1, -1, 1], atol=1e-4)
    noon = np.array(["1999-05-05T12:00"], dtype="datetime64[ns]")
    np.testing.assert_allclose(phases(noon, ["day"]), [[0, -1]], atol=1e-12)


@pytest.mark.parametrize(
    ("step", "span", "wanted"),
    [
        ("1 h", "30 D", ["day", "week"]),
        ("5 m", "3 D", ["hour", "day"]),
        ("1 D", "800 D", ["week", "year"]),
        ("7 D", "800 D", ["year"]),
        ("1 D", "10 D", []),
        ("365 D", "9000 D", []),
    ],
)
def test_a_cycle_is_read_where_it_was_seen_twice(step: str, span: str, wanted: list[str]) -> None:
    def delta(text: str) -> np.timedelta64:
        number, unit = text.split()
        return np.timedelta64(int(number), unit).astype("timedelta64[ns]")  # type: ignore[call-overload]

    assert cycles_of(delta(step), delta(span)) == wanted
