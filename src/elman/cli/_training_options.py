"""The options of ``elman fit TASK`` that say what network is trained, and how."""

from __future__ import annotations

import argparse
from typing import Any

from elman.cli._options import whole

DEFAULTS: dict[str, dict[str, Any]] = {
    "classify": {"cell": "rnn", "max_iter": 200, "batch_size": 16, "learning_rate_init": 0.003},
    "regress": {"cell": "rnn", "max_iter": 200, "batch_size": 16, "learning_rate_init": 0.003},
    "forecast": {"cell": "gru", "max_iter": 20, "batch_size": 32, "learning_rate_init": 0.006},
    "tag": {"cell": "gru", "max_iter": 10, "batch_size": 32, "learning_rate_init": 0.005},
    "language": {"cell": "gru", "max_iter": 10, "batch_size": 64, "learning_rate_init": 0.004},
}
"""Parameters of each task's estimator, for help alone, which cannot import it."""

for _task, _values in DEFAULTS.items():
    _values |= {"hidden_size": 256 if _task == "language" else 64, "num_layers": 1, "dropout": 0.0}
    _values |= {"bidirectional": _task == "tag"} if _task not in ("forecast", "language") else {}
    _values |= {"embedding_size": 64} if _task in ("tag", "language") else {}


def add_network(parser: Any, task: str) -> None:
    """Add what network is trained."""
    group, known = parser.add_argument_group("network"), DEFAULTS[task]

    def add(option: str, about: str, **more: Any) -> None:
        default = known[option.removeprefix("--").replace("-", "_")]
        group.add_argument(option, help=f"{about} (default: {default})", **more)

    add("--cell", "the recurrent layers", choices=("rnn", "gru", "lstm"))
    add("--hidden-size", "values of a state", type=int, metavar="N")
    add("--num-layers", "layers, each of which reads the one before", type=int, metavar="N")
    if "bidirectional" in known:
        group.add_argument(
            "--bidirectional",
            action=argparse.BooleanOptionalAction,
            help=f"read backwards too (default: {'yes' if known['bidirectional'] else 'no'})",
        )
    add("--dropout", "between layers, in [0, 1]", type=float, metavar="P")
    if "embedding_size" in known:
        add("--embedding-size", "values of a symbol's vector", type=int, metavar="N")


def add_training(parser: Any, task: str) -> None:
    """Add how it is trained."""
    group, known = parser.add_argument_group("training"), DEFAULTS[task]
    group.add_argument(
        "--max-iter",
        type=int,
        metavar="N",
        help=f"greatest number of epochs (default: {known['max_iter']})",
    )
    what = "streams of text" if task == "language" else "sequences"
    group.add_argument(
        "--batch-size",
        type=int,
        metavar="N",
        help=f"{what} of a training step (default: {known['batch_size']})",
    )
    group.add_argument(
        "--learning-rate",
        type=float,
        metavar="LR",
        dest="learning_rate_init",
        help=f"the greatest learning rate (default: {known['learning_rate_init']})",
    )
    group.add_argument(
        "--seed", type=int, default=0, metavar="N", help="of all random numbers (default: 0)"
    )
    _add_held_out(group, task)
    if task in ("classify", "tag"):
        group.add_argument(
            "--class-weight", choices=("balanced",), help="let all classes count alike"
        )
    group.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="any other parameter of the estimator, as in --set solver=sgd; may be repeated",
    )


def _add_held_out(group: Any, task: str) -> None:
    part = {"forecast": "the last steps of each series", "language": "the last tenth"}
    group.add_argument(
        "--early-stopping",
        action="store_true",
        default=None,
        help=f"hold out {part.get(task, 'a tenth')}, and keep the epoch that does best on it",
    )
    if task != "forecast":
        group.add_argument(
            "--validation",
            type=fraction_or_file,
            metavar="DATA|FRACTION",
            help="hold out this part instead, or this file",
        )


def fraction_or_file(text: str) -> float | str:
    """Return a number between 0 and 1, or the name of a file."""
    try:
        found = float(text)
    except ValueError:
        return text
    if not 0 < found < 1:
        raise argparse.ArgumentTypeError(f"expected a number between 0 and 1, got {text!r}")
    return found


def folds(text: str) -> int:
    """Return a whole number above one."""
    found = whole(text)
    if found < 2:
        raise argparse.ArgumentTypeError("expected at least 2 folds, got 1")
    return found
