"""Means and deviations, of numbers whose squares are no float64 too."""

from __future__ import annotations

import numpy as np
import pytest

from elman.models._moments import moments


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("scale", [1.0, 1e300, 1e-300, 1e155, 1e-170])
def test_numbers_of_any_size(scale: float, weighted: bool) -> None:
    values = np.array([[1.0, 2.0, 5.0], [3.0, 2.0, 7.0], [8.0, 2.0, 6.0]])
    weights = np.array([2.0, 1.0, 1.0]) if weighted else None
    rows = values[[0, 0, 1, 2]] if weighted else values
    mean, deviation = moments(values * [scale, scale, 1], weights)
    np.testing.assert_allclose(mean, rows.mean(axis=0) * [scale, scale, 1], rtol=1e-14)
    expected = [rows[:, 0].std() * scale, 1.0, rows[:, 2].std()]
    np.testing.assert_allclose(deviation, expected, rtol=1e-14)


def test_a_constant_column_of_rounded_numbers() -> None:
    mean, deviation = moments(np.full((7, 1), 0.1))
    np.testing.assert_allclose(mean, 0.1)
    assert deviation == 1


def test_weights_of_any_size() -> None:
    values, weights = np.array([[1.0], [2.0], [6.0]]), np.array([2.0, 1.0, 1.0])
    expected = moments(values, weights)
    np.testing.assert_allclose(moments(values, weights * 5e307), expected, rtol=1e-14)


def test_zeros_and_one_axis() -> None:
    assert moments(np.zeros(3)) == (0, 1)
    assert moments(np.array([1.0, 3.0], np.float32)) == (2, 1)
