"""What covariates that are known ahead add to a series, as a straight line says."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from elman._typing import FloatArray
from elman.models import ForecasterModel
from elman.models._memory import Series

_RIDGE = 1e-3


def fitted_effect(model: ForecasterModel, series: Sequence[Series], unseen: int) -> FloatArray:
    """Return what each covariate adds for each unit, in units of a series' scale, shape (F,).

    Least squares of the seasonal differences of values on those of covariates, over all series; of
    neighbours' differences where a series is no longer than a season. The network learns what this
    leaves over.

    Parameters
    ----------
    model : ForecasterModel
    series : of its fit
    unseen : int
        How many steps at the end of each series are left out.
    """
    F = len(model.future)
    squares, products = np.eye(F) * _RIDGE, np.zeros(F)
    for one in series:
        T = len(one.values) - unseen
        lag = model.season_length if model.season_length < T else 1
        if lag >= T:
            continue
        _, reading = model.read(one)
        x = model.scaled_future(one.future)[:T]
        dx = x[lag:] - x[:-lag]
        dz = (one.values[lag:T] - reading.values[: T - lag]) / reading.scale[lag:T]
        seen = ~np.isnan(dz)
        squares += dx[seen].T @ dx[seen]
        products += dx[seen].T @ dz[seen]
    return np.asarray(np.linalg.solve(squares, products))
