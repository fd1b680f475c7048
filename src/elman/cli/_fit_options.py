"""The options of ``elman fit TASK`` and ``elman check TASK``."""

from __future__ import annotations

from typing import Any

from elman.cli._options import (
    add_columns,
    add_common,
    add_data,
    add_names,
    add_static,
    command,
    levels,
    names,
    one_name,
    whole,
)
from elman.cli._training_options import add_network, add_training, folds

_ABOUT = {
    "classify": "tell the class of each sequence",
    "regress": "tell numbers of each sequence",
    "forecast": "tell the next steps of series",
    "tag": "tell a label of each word or step",
    "language": "tell what comes next in a text",
}
"""What each task is, for help."""

_FIT_EXAMPLES = {
    "classify": (
        "elman fit classify train.csv --id utterance --time frame --target speaker \\\n"
        "      --bidirectional -o speakers.safetensors",
        "elman fit classify train.csv --id utterance --target speaker --cv 5",
    ),
    "regress": (
        "elman fit regress drives.parquet --id drive --time second --target fuel,wear \\\n"
        "      --cell gru -o drives.safetensors",
        "elman fit regress drives.csv --id drive --target fuel --set loss=quantile \\\n"
        "      --set quantile=0.9 -o q90.safetensors",
    ),
    "forecast": (
        "elman fit forecast sales.csv --id shop --time day --target sold --future holiday \\\n"
        "      --h 28 --level 80,90 -o sales.safetensors",
        "elman fit forecast m4.parquet --h 12 --freq MS --cv 3",
    ),
    "tag": (
        "elman fit tag train.conllu --validation dev.conllu -o upos.safetensors",
        "elman fit tag train.csv --id night --time minute --target stage -o sleep.safetensors",
    ),
    "language": (
        "elman fit language shakespeare.txt --max-iter 5 -o shakespeare.safetensors",
        "zcat logs.gz | elman fit language - --unit byte --checkpoint run.ckpt -o logs.safetensors",
    ),
}

_CHECK_EXAMPLES = {
    "classify": (
        "elman check classify train.csv --id utterance --time frame --target speaker",
        "elman check classify train.csv --id utterance --target speaker --json",
    ),
    "regress": (
        "elman check regress drives.parquet --id drive --time second --target fuel",
        "elman check regress drives.csv --id drive --target fuel --features speed,slope",
    ),
    "forecast": (
        "elman check forecast sales.csv --id shop --time day --target sold",
        "elman check forecast m4.parquet --json",
    ),
    "tag": (
        "elman check tag train.conllu --target xpos",
        "elman check tag names.txt",
    ),
    "language": ("elman check language shakespeare.txt", "zcat logs.gz | elman check language -"),
}


def add_fit(commands: Any) -> None:
    """Add ``fit`` and its tasks."""
    parser = command(
        commands,
        "fit",
        "fit a model to data",
        "Fit a model to a file of sequences, and write it to a file of its own.",
        (_FIT_EXAMPLES["classify"][0], _FIT_EXAMPLES["language"][0]),
    )
    tasks = parser.add_subparsers(title="tasks", required=True, metavar="TASK", dest="task")
    for task, about in _ABOUT.items():
        made = command(tasks, task, about, f"Fit a model to {_TO[task]}", _FIT_EXAMPLES[task])
        made.set_defaults(module="fit", command=f"fit {task}", parser=made)
        add_data(made)
        _add_files(made)
        _add_task_columns(made, task)
        if task == "forecast":
            _add_forecast(made)
        add_network(made, task)
        add_training(made, task)
        add_common(made)


_TO = {
    "classify": "a table with a row for each time step, and tell the class of each sequence. "
    "Features are standardized unless --set standardize=false.",
    "regress": "a table with a row for each time step, and tell numbers of each sequence. "
    "Features are standardized unless --set standardize=false.",
    "forecast": "a table with a row for each step of each series, and tell the next steps, with "
    "intervals. Columns are unique_id, ds and y, if nothing else is said.",
    "tag": "sentences, and tell a label of each word: of CoNLL-U, or of a word and its label a "
    "line with empty lines between sentences. With --id to a table with a row for each time step.",
    "language": "a text, or to the documents in a column of a table, and tell what comes next.",
}


def add_check(commands: Any) -> None:
    """Add ``check`` and its tasks."""
    parser = command(
        commands,
        "check",
        "look data over before a fit",
        "Count rows, sequences and missing values; name each fault by file, row and column.",
        (_CHECK_EXAMPLES["classify"][0], _CHECK_EXAMPLES["language"][0]),
    )
    tasks = parser.add_subparsers(title="tasks", required=True, metavar="TASK", dest="task")
    for task, about in _ABOUT.items():
        text = "Read data as fit does, and say what is in them. Exit status 1 if fit would fail."
        made = command(tasks, task, about, text, _CHECK_EXAMPLES[task])
        made.set_defaults(module="check", command=f"check {task}", parser=made)
        add_data(made)
        _add_task_columns(made, task)
        if task == "forecast":
            _add_freq(made)
        add_common(made)


def _add_task_columns(parser: Any, task: str) -> None:
    if task == "language":
        group = parser.add_argument_group("columns")
        group.add_argument(
            "--target", type=names, metavar="COL", help="of a table: the column of texts"
        )
        group.add_argument(
            "--unit", choices=("char", "word", "byte"), help="what a symbol is (default: char)"
        )
        return
    if task == "forecast":
        _add_series_columns(parser)
        return
    if task == "tag":
        group = parser.add_argument_group("columns of a table, or --target of CoNLL-U")
        of_target = "the label of each row; of CoNLL-U: upos (default), xpos, deprel …"
        add_names(group, required=False, target=of_target)
        return
    add_columns(parser, required=True, several=task == "regress")
    group = parser.add_argument_group("weights")
    group.add_argument(
        "--weight", metavar="COL", help="how much each sequence counts, the same in all its rows"
    )


def _add_series_columns(parser: Any) -> None:
    group = parser.add_argument_group("columns")
    group.add_argument(
        "--id", metavar="COL", help="rows with the same value are a series (default: unique_id)"
    )
    group.add_argument("--time", metavar="COL", help="dates or whole numbers (default: ds)")
    group.add_argument(
        "--target",
        type=one_name,
        metavar="COL",
        help="the values; they may be missing (default: y)",
    )
    group.add_argument(
        "--features", type=names, metavar="COL,...", help="covariates that are known up to now"
    )
    group.add_argument(
        "--future", type=names, metavar="COL,...", help="covariates that are known ahead"
    )
    add_static(group)


def _add_forecast(parser: Any) -> None:
    group = parser.add_argument_group("forecast")
    group.add_argument("--h", type=whole, metavar="N", help="steps ahead (default: 12)")
    _add_freq(group)
    group.add_argument(
        "--season-length", type=whole, metavar="N", help="steps of a season (default: by --freq)"
    )
    group.add_argument(
        "--level", type=levels, metavar="L,...", help="which intervals can be told (default: 80,90)"
    )
    group.add_argument(
        "--intervals",
        choices=("quantile", "conformal"),
        help="as the network tells them, or calibrated on the end of each series (default: "
        "quantile)",
    )


def _add_freq(group: Any) -> None:
    group.add_argument(
        "--freq",
        type=_freq,
        metavar="F",
        help="time from step to step, as D, MS, h; of numbers a number (default: as found)",
    )


def _freq(text: str) -> int | str:
    return int(text) if text.isdecimal() else text


def _add_files(parser: Any) -> None:
    group = parser.add_argument_group("files")
    group.add_argument("-o", "--output", metavar="MODEL", help="the model's file, .safetensors")
    group.add_argument("--force", action="store_true", help="replace MODEL if it exists")
    group.add_argument(
        "--checkpoint",
        metavar="FILE",
        help="written while fitting; the same command goes on from it after a kill",
    )
    group.add_argument(
        "--cv", type=folds, metavar="K", help="K-fold cross-validation: scores as JSON, no model"
    )
