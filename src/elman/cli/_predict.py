"""``elman predict``: what a fitted model says of data."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

import elman
from elman.cli._errors import UsageError
from elman.cli._faults import Faults
from elman.cli._source import Source
from elman.cli._tasks import Results, Task, read_checked, task, task_of
from elman.cli._write import output_format, write, write_parts, write_text


def run(options: argparse.Namespace) -> int:
    """Load, read, predict and write; return the exit status."""
    if not options.annotate:
        output_format(options)
    model = elman.load(options.model)
    name = task_of(model, options.model)
    _check_options(options, name)
    found = task(name)
    if options.sorted:
        write_parts(_piece_by_piece(found, model, options), options)
        return 0
    data: Any = None
    if options.data is not None:
        data = read_checked(found, options, options.data, table=model.table or {}, target=False)
    elif name != "forecast":
        raise UsageError("DATA: expected a file, or - for standard input, got none")
    if options.annotate:
        from elman.cli._tag import TASK

        write_text(TASK.annotated(model, data), options)
    else:
        write(found.predict(model, data, options), options)
    return 0


_ONLY = {
    "proba": ("classify", "tag"),
    "steps": ("classify",),
    "annotate": ("tag",),
    **dict.fromkeys(("h", "level", "future", "static", "update"), ("forecast",)),
}
"""The tasks that an option is for."""

_MODELS = {
    "classify": "a classifier",
    "regress": "a regressor",
    "tag": "a tagger",
    "forecast": "a forecaster",
    "language": "a language model",
}


def _check_options(options: argparse.Namespace, name: str) -> None:
    """Hold that each option is one for the model's task (UsageError)."""
    for option, tasks in _ONLY.items():
        if getattr(options, option) and name not in tasks:
            expected = " or ".join(_MODELS[own] for own in tasks)
            raise UsageError(f"--{option}: expected {expected}, got {_MODELS[name]}")


def _piece_by_piece(found: Task, model: Any, options: argparse.Namespace) -> Iterator[Results]:
    if options.data is None:
        raise UsageError("--sorted: expected DATA, got none")
    faults = Faults(Source(options.data, options.format).name)
    for data in found.pieces(options, options.data, faults, table=model.table or {}):
        faults.check()
        yield found.predict(model, data, options)
