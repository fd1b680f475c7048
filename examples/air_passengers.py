"""Forecast the last two years of the airline passengers from the ten years before.

    python examples/air_passengers.py

Box & Jenkins 1976, series G: thousands of international passengers in each month from 1949 to 1960.
The network learns from 120 months and tells the 24 that follow. The error is the mean absolute
percentage error, once for each of five seeds. All parameters are defaults, but the horizon.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

import elman
from elman.estimators import RNNForecaster

PASSENGERS = """
112 118 132 129 121 135 148 148 136 119 104 118 115 126 141 135 125 149 170 170 158 133 114 140
145 150 178 163 172 178 199 199 184 162 146 166 171 180 193 181 183 218 230 242 209 191 172 194
196 196 236 235 229 243 264 272 237 211 180 201 204 188 235 227 234 264 302 293 259 229 203 229
242 233 267 269 270 315 364 347 312 274 237 278 284 277 317 313 318 374 413 405 355 306 271 306
315 301 356 348 355 422 465 467 404 347 305 336 340 318 362 348 363 435 491 505 404 359 310 337
360 342 406 396 420 472 548 559 463 407 362 405 417 391 419 461 472 535 622 606 508 461 390 432
"""

PUBLISHED = {"neuralforecast, LSTM": "2.9 to 3.5 %"}


def passengers() -> pd.DataFrame:
    """Return the table of the months."""
    y = np.array(PASSENGERS.split(), float)
    months = pd.date_range("1949-01-01", periods=len(y), freq="MS")
    return pd.DataFrame({"unique_id": "passengers", "ds": months, "y": y})


def main() -> None:
    """Fit once for each seed, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--plot", type=Path, help="where to draw the forecast of the last seed")
    options = parser.parse_args()
    df = passengers()
    before, after = df[:-24], df.y[-24:].to_numpy()

    def error(found: object) -> float:
        return float(np.mean(np.abs(np.asarray(found) / after - 1)))

    errors = []
    for seed in range(options.seeds):
        forecaster = RNNForecaster(h=24, random_state=seed).fit(before)
        errors.append(error(forecaster.predict().RNNForecaster))
        print(f"seed {seed}            {100 * errors[-1]:5.2f} %", flush=True)
    if options.plot:
        ax = elman.plots.plot_forecast(forecaster.predict(level=[80, 90]), df[-84:])
        ax.set_ylabel("thousands a month")
        ax.figure.savefig(options.plot, dpi=150)
    print(f"mean              {100 * np.mean(errors):5.2f} %")
    print(f"seasonal naive    {100 * error(np.tile(before.y[-12:], 2)):5.2f} %")
    for name, text in PUBLISHED.items():
        print(f"{name}    {text}")


if __name__ == "__main__":
    main()
