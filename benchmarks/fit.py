"""Time RNNClassifier on Japanese Vowels: an epoch of fit, and predict on the test set.

    python benchmarks/fit.py [--output FOLDER]
    python benchmarks/fit.py --before OLD/src [--after NEW/src]

With --before two builds are timed by turns, and the probabilities that their classifiers give are
compared. Writes fit.json and fit.md.
"""

from __future__ import annotations

import argparse
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from timing import Runner, interleaved
from workers import add_arguments, builds

CELLS = ("rnn", "gru", "lstm")
EPOCHS = 5
"""Of each fit that is timed."""


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


def main() -> None:
    """Measure, print as it goes, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_arguments(parser)
    parser.add_argument("--output", type=Path, default=Path("build/bench"))
    parser.add_argument("--rounds", type=int, default=15, help="how many measurements at most")
    parser.add_argument("--budget", type=float, default=30, help="seconds for a cell, about")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    with builds(options) as workers:
        records = [measure(workers, cell, options) for cell in CELLS]
    names = list(workers)
    columns = names if len(names) == 1 else [*names, "before / after"]
    head = ["cell", *(f"{what}: {c}" for what in ("epoch", "predict") for c in columns)]
    lines = [
        "# Fit and predict",
        "",
        "RNNClassifier on Japanese Vowels, 270 sequences to learn from and 370 to predict: medians",
        "in ms, and their ratio; in brackets that of the least.",
        "",
        f"| {' | '.join(head)} |",
        "|" + "---|" * len(head),
        *map(row, records),
    ]
    print("\n".join(lines))
    (options.output / "fit.md").write_text("\n".join(lines) + "\n")
    (options.output / "fit.json").write_text(json.dumps(records) + "\n")


if __name__ == "__main__":
    main()
