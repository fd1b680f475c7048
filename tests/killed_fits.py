"""Fits that are killed at drawn moments and run again, each in a process of its own.

    python killed_fits.py NAME FOLDER

It prints how many fits were killed, how many of these had left a checkpoint, and whether the last
one, which was let run to its end, has the bits of a fit that was never killed.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

KILLS = 10


def cases(name: str) -> tuple[Any, tuple[Any, ...]]:
    """Return an estimator, and what its fit takes."""
    from elman.estimators import (
        RNNClassifier,
        RNNForecaster,
        RNNLanguageModel,
        RNNRegressor,
        RNNTagger,
    )

    random = np.random.default_rng(0)
    X = [random.standard_normal((T, 3)) for T in random.integers(2, 12, 60)]
    options: dict[str, Any] = {
        "hidden_size": 8,
        "num_layers": 2,
        "dropout": 0.3,
        "max_iter": 40,
        "n_iter_no_change": np.inf,
        "random_state": 0,
    }
    if name == "classifier":
        early = {"early_stopping": True, "learning_rate": "cosine", "solver": "adamw"}
        return RNNClassifier(**options, **early), (X, [len(x) % 2 for x in X])
    if name == "regressor":
        return RNNRegressor(**options, cell="lstm", solver="sgd"), (X, [float(x.sum()) for x in X])
    if name == "language":
        text = "to be, or not to be, that is the question. " * 20
        return RNNLanguageModel(**options, batch_size=4, sequence_length=20), (text,)
    if name == "tagger":
        known = ["abc", "de", "fgh", "Ij"]
        sentences = [[known[int(abs(v) * 9) % 4] for v in x[:, 0]] for x in X]
        return RNNTagger(**options), (sentences, [[len(w) for w in s] for s in sentences])
    if name == "forecaster":
        early = {"early_stopping": True, "steps_per_epoch": 5, "batch_size": 8, "window": 20}
        series = [10 + np.cumsum(random.standard_normal(T)) for T in range(20, 60, 4)]
        return RNNForecaster(**options, **early, h=4, season_length=4), (series,)
    raise ValueError(name)


def run(name: str, path: Path) -> tuple[int, int, bool]:
    """Kill fits at ten drawn moments, then let one end."""
    estimator, data = cases(name)
    start = time.monotonic()
    whole = estimator.fit(*data).model_.state_dict()
    seconds, curve = time.monotonic() - start, estimator.loss_curve_
    random = np.random.default_rng(1)
    killed = left = 0
    for _ in range(KILLS):
        child = os.fork()
        if not child:
            cases(name)[0].fit(*data, checkpoint=path)
            os._exit(0)
        time.sleep(random.uniform(0, seconds / 3))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        killed += os.WIFSIGNALED(status)
        left += path.exists()
    estimator, data = cases(name)
    found = estimator.fit(*data, checkpoint=path).model_.state_dict()
    same = all(np.array_equal(found[key], whole[key]) for key in whole)
    return killed, left, same and estimator.loss_curve_ == curve


if __name__ == "__main__":
    print(*run(sys.argv[1], Path(sys.argv[2]) / "fit.safetensors"))
