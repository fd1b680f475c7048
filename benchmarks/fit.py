"""Time training beside a plain loop of torch: the same weights, the same batches, the same losses.

    python benchmarks/fit.py [--only TEXT] [--output FOLDER]
    python benchmarks/fit.py --before OLD/src [--after NEW/src]

An epoch of each task is timed, elman and torch by turns in one process, after their losses have
been compared step by step; and a forecast of one series. With --before two builds of elman are
timed instead, RNNClassifier's fit and predict on Japanese Vowels, and the probabilities that their
classifiers give are compared. Writes fit.json and fit.md.
"""

from __future__ import annotations

import argparse
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from timing import Runner, interleaved, repeated
from workers import add_arguments, builds

CELLS = ("rnn", "gru", "lstm")
EPOCHS = 5
"""Of each fit that is timed."""
TOLERANCE = 1e-3
"""Of losses of float32 networks, relative; training lets rounding grow from step to step."""


def runners(cell: str) -> dict[str, Runner]:
    """Return what is timed: fit, of EPOCHS epochs, and predict, of the classifier it gives."""
    from sklearn.exceptions import ConvergenceWarning

    from elman.datasets import load_japanese_vowels
    from elman.estimators import RNNClassifier, SequenceScaler

    data = load_japanese_vowels()
    scaler = SequenceScaler().fit(data.X_train)
    X_train, X_test = scaler.transform(data.X_train), scaler.transform(data.X_test)
    classifier = RNNClassifier(cell=cell, max_iter=EPOCHS, n_iter_no_change=np.inf, random_state=0)

    def fit(times: int) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            for _ in range(times):
                classifier.fit(X_train, data.y_train)
        return classifier

    def predict(times: int) -> Any:
        result = None
        for _ in range(times):
            result = classifier.predict(X_test)
        return result

    def probabilities(times: int) -> Any:
        return [classifier.predict_proba(X_test) for _ in range(times)]

    fit(1)
    found = {"fit": fit, "predict": predict, "predict_proba": probabilities}
    return {name: Runner(lambda: None, run) for name, run in found.items()}


def measure(workers: dict[str, Any], cell: str, options: Any) -> dict[str, Any]:
    """Time all builds with one cell; return seconds of an epoch and of predict for each."""
    timed = {
        (build, name): runner
        for build, worker in workers.items()
        for name, runner in worker.make("fit", "runners", cell).items()
    }
    probabilities = [timed.pop((build, "predict_proba")) for build in workers]
    if len(workers) > 1:
        old, new = (remote.results()[0] for remote in probabilities)
        print(f"{cell}: probabilities differ by at most {np.abs(new - old).max():.1e}", flush=True)
    spreads = interleaved(timed, options.rounds, budget=options.budget)
    record: dict[str, Any] = {"cell": cell}
    for build in workers:
        epochs = spreads[build, "fit"]._asdict()
        epochs |= {k: v / EPOCHS for k, v in epochs.items() if k != "rounds"}
        record[build] = {"epoch": epochs, "predict": spreads[build, "predict"]._asdict()}
    return record


def row(record: dict[str, Any]) -> str:
    """Return a cell's line of the table."""
    cells = [record["cell"]]
    for what in ("epoch", "predict"):
        seconds = [record[build][what]["median"] for build in record if build != "cell"]
        least = [record[build][what]["least"] for build in record if build != "cell"]
        cells += [f"{1e3 * s:.2f}" for s in seconds]
        if len(seconds) > 1:
            cells.append(f"{seconds[0] / seconds[1]:.2f} ({least[0] / least[1]:.2f})")
    return f"| {' | '.join(cells)} |"


def versus(options: Any) -> tuple[list[dict[str, Any]], list[str]]:
    """Time all tasks beside torch; return records and the table's lines."""
    from training_tasks import Elman, Torch, tasks

    records, lines = (
        [],
        ["| task | layer | elman, ms | torch, ms | torch / elman |", "|---|---|--:|--:|--:|"],
    )
    for layer in ("RNN", "GRU", "LSTM"):
        for task in tasks(layer):
            if options.only and options.only not in f"{task.name} {layer}":
                continue
            rivals: dict[str, Any] = {"elman": Elman(task)}
            ragged = any(lengths is not None for _, lengths, _ in task.batches)
            for threads in (1, 2):
                for packed in (False, True)[: 1 + ragged]:
                    name = f"torch, {threads} threads{', packed' * packed}"
                    rivals[name] = Torch(task, threads, packed)
            check_losses(rivals)
            runners = {n: Runner(lambda: None, rival.run) for n, rival in rivals.items()}
            spreads = interleaved(runners, options.rounds, budget=options.budget)
            ours = spreads.pop("elman")
            best = min(spreads, key=lambda name: spreads[name].median)
            ratio = spreads[best].median / ours.median
            record = {"task": task.name, "layer": layer, "elman": ours._asdict(), "ratio": ratio}
            records.append(record | {name: spread._asdict() for name, spread in spreads.items()})
            lines.append(
                f"| {task.name} | {layer} | {1e3 * ours.median:.1f} | "
                f"{1e3 * spreads[best].median:.1f} ({best.removeprefix('torch, ')}) | {ratio:.2f} |"
            )
            print(lines[-1], flush=True)
    return records, lines


def check_losses(rivals: dict[str, Any], epochs: int = 2) -> None:
    """Train all rivals for some epochs; hold that their losses agree at every step."""
    for rival in rivals.values():
        rival.run(epochs)
    expected = np.array(rivals["elman"].losses)
    for name, rival in rivals.items():
        np.testing.assert_allclose(rival.losses, expected, rtol=TOLERANCE, err_msg=name)


def forecast(options: Any) -> dict[str, Any]:
    """Time the forecast of one series of a fitted forecaster, 18 steps, with two intervals."""
    from elman.estimators import RNNForecaster

    random = np.random.default_rng(0)
    series = [100 + np.cumsum(random.standard_normal(120)) for _ in range(100)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        forecaster = RNNForecaster(h=18, season_length=12, max_iter=1, random_state=0).fit(series)
        one = RNNForecaster(h=18, season_length=12, max_iter=1, random_state=0).fit(series[0])
    timed = {
        "from memory": repeated(lambda: one.predict(level=[80, 90])),
        "of 120 values": repeated(lambda: forecaster.model_.predict(series[0], level=[80, 90])),
    }
    return {name: s._asdict() for name, s in interleaved(timed, options.rounds).items()}


def main() -> None:
    """Measure, print as it goes, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_arguments(parser)
    parser.add_argument("--output", type=Path, default=Path("build/bench"))
    parser.add_argument("--only", default="", help="tasks and layers whose name has this")
    parser.add_argument("--rounds", type=int, default=15, help="how many measurements at most")
    parser.add_argument("--budget", type=float, default=30, help="seconds for a task, about")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    records, lines = builds_compared(options) if options.before else beside_torch(options)
    print("\n".join(lines))
    (options.output / "fit.md").write_text("\n".join(lines) + "\n")
    (options.output / "fit.json").write_text(json.dumps(records) + "\n")


def beside_torch(options: Any) -> tuple[list[dict[str, Any]], list[str]]:
    """Return records, and the page on training beside torch."""
    records, table = versus(options)
    lines = ["# Training beside torch", "", "An epoch, medians; torch at its best.", "", *table]
    if not options.only:
        told = forecast(options)
        records.append({"forecast": told})
        lines += ["", "A forecast of one series, 18 steps with two intervals:"]
        lines += [f"- {name}: {1e3 * spread['median']:.2f} ms" for name, spread in told.items()]
    return records, lines


def builds_compared(options: Any) -> tuple[list[dict[str, Any]], list[str]]:
    """Return records, and the page on two builds."""
    with builds(options) as workers:
        records = [measure(workers, cell, options) for cell in CELLS]
    names = list(workers)
    columns = [*names, "before / after"]
    head = ["cell", *(f"{what}: {c}" for what in ("epoch", "predict") for c in columns)]
    return records, [
        "# Fit and predict",
        "",
        "RNNClassifier on Japanese Vowels, 270 sequences to learn from and 370 to predict: medians",
        "in ms, and their ratio; in brackets that of the least.",
        "",
        f"| {' | '.join(head)} |",
        "|" + "---|" * len(head),
        *map(row, records),
    ]


if __name__ == "__main__":
    main()
