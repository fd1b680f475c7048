"""Mean and standard deviation, by which columns and targets are scaled."""

from __future__ import annotations

from typing import Any

import numpy as np

from elman._typing import FloatArray

_FAR = 1e150
"""The square of a larger number, or of a smaller one than its inverse, is no float64."""


def moments(values: FloatArray, weights: Any = None) -> tuple[FloatArray, FloatArray]:
    """Return the weighted mean and standard deviation of each column of values (n, K), or of (n,).

    The deviation of a column that never changes is 1, so that one can divide by it.
    """
    values = values.astype(np.float64, copy=False)
    size = np.maximum(values.max(axis=0), -values.min(axis=0))
    unit = np.where((size > _FAR) | ((size > 0) & (size < 1 / _FAR)), size, 1.0)
    if (unit != 1).any():
        values = values / unit
    if weights is not None and weights.max() > _FAR:
        weights = weights / weights.max()
    mean = np.average(values, axis=0, weights=weights)
    deviation = np.sqrt(np.average((values - mean) ** 2, axis=0, weights=weights))
    # A constant column has a deviation of rounding alone.
    constant = deviation <= 10 * np.finfo(np.float64).eps * np.abs(mean)
    return mean * unit, np.where(constant, 1.0, deviation * unit)
