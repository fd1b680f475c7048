"""Time `elman.distributed.predict` on files, on a cluster of this machine, and say what 10⁹ cost.

    python benchmarks/cluster.py [--workers W] [--sequences n] [--price P]

A classifier of nine classes, an RNN of 64 units fitted on Japanese Vowels, scores sequences of 16
steps of 12 numbers. They are read from a temporary folder in three forms: a stack of NumPy files
(array), text with a JSON list a line (bag), and Parquet with a row a step (data frame). A rate
counts reading and scoring, of the second of two runs. In memory no cluster takes part.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import dask.array as da
import dask.bag as db
import dask.dataframe as dd
import numpy as np
import pandas as pd
from distributed import Client, LocalCluster

import elman
from elman.datasets import load_japanese_vowels
from elman.estimators import RNNClassifier

T, I = 16, 12
PARTS = 16
BILLION = 10**9


def files(folder: Path, n: int) -> None:
    """Write n sequences as NumPy files, a fifth of them as Parquet and as text."""
    X = np.random.default_rng(0).normal(size=(n, T, I)).astype(np.float32)
    da.to_npy_stack(folder / "array", da.from_array(X, chunks=(n // PARTS, T, I)))
    few = n // 5 // PARTS
    for name in ("frame", "bag"):
        (folder / name).mkdir()
    for part in range(PARTS):
        x = X[part * few : part * few + few]
        rows = pd.DataFrame(x.reshape(-1, I), columns=[f"x{i}" for i in range(I)])
        rows.insert(0, "step", np.tile(np.arange(T), few))
        rows.index = pd.Index(np.repeat(np.arange(part * few, part * few + few), T), name="id")
        rows.to_parquet(folder / f"frame/part.{part:02}.parquet")
        lines = (json.dumps(one.tolist()) for one in x.astype(np.float64).round(4))
        (folder / f"bag/{part:02}.jsonl").write_text("".join(f"{line}\n" for line in lines))


def collections(folder: Path, n: int) -> dict[str, tuple[Any, int, dict[str, Any]]]:
    """Return each form: the collection, how many sequences it has, and what reads it."""
    frame = dd.read_parquet(folder / "frame", calculate_divisions=True)
    bag = db.read_text(str(folder / "bag/*.jsonl")).map(json.loads)
    few = n // 5 // PARTS * PARTS
    array = da.from_npy_stack(folder / "array")
    return {
        "array": (array, len(array), {}),
        "bag": (bag.map(lambda rows: np.array(rows, np.float32)), few, {}),
        "data frame": (frame, few, {"time": "step"}),
    }


def seconds(model: Any, collection: Any, options: dict[str, Any]) -> float:
    """Return how long all sequences take, the second time."""
    for _ in range(2):
        begin = time.perf_counter()
        elman.distributed.predict(model, collection, **options).compute()
        taken = time.perf_counter() - begin
    return taken


def in_memory(model: Any) -> float:
    """Return how long 100,000 sequences in memory take, the second time."""
    X = np.random.default_rng(0).normal(size=(100_000, T, I)).astype(np.float32)
    for _ in range(2):
        begin = time.perf_counter()
        model.predict(X)
        taken = time.perf_counter() - begin
    return taken


def show(form: str, rate: float, price: float) -> None:
    """Print one row."""
    hours = BILLION / rate / 3600
    print(f"{form:12}{rate:12,.0f}{hours:18.1f}{hours * price:12.2f}", flush=True)


def main() -> None:
    """Write the files, start the cluster, time, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, default=os.cpu_count(), metavar="W")
    parser.add_argument("--sequences", type=int, default=1_000_000, metavar="n")
    parser.add_argument(
        "--price", type=float, default=0.04, metavar="P", help="of a core for an hour; default 0.04"
    )
    options = parser.parse_args()
    X, y, _, _ = load_japanese_vowels()
    model = RNNClassifier(standardize=True, random_state=0).fit(X, y)
    print(f"{options.workers} workers of one thread each; sequences of {T} steps of {I} numbers")
    print(f"{'':12}{'sequences/s':>12}{'10⁹ take':>18}{'at ' + format(options.price, 'g'):>12}")
    print(f"{'':12}{'a worker':>12}{'core-hours':>18}{'a core-hour':>12}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files(folder, options.sequences)
        with (
            LocalCluster(
                n_workers=options.workers, threads_per_worker=1, dashboard_address=":0"
            ) as cluster,
            Client(cluster) as client,
        ):
            for form, (collection, n, reads) in collections(folder, options.sequences).items():
                rate = n / seconds(model, collection, reads) / options.workers
                show(form, rate, options.price)
            show("in memory", 1e5 / client.submit(in_memory, model.model_).result(), options.price)


if __name__ == "__main__":
    main()
