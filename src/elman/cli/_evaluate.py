"""``elman evaluate``: metrics of a fitted model on data with known targets."""

from __future__ import annotations

import argparse

import elman
from elman.cli._tasks import read_checked, task, task_of
from elman.cli._write import output_format, write


def run(options: argparse.Namespace) -> int:
    """Load, read, score and write; return the exit status."""
    output_format(options)
    model = elman.load(options.model)
    found = task(task_of(model, options.model))
    data = read_checked(found, options, options.data, table=model.table or {})
    if options.by_id:
        write(found.scores_by_id(model, data, options), options)
    else:
        write(found.evaluated(model, data, options), options, table=True)
    return 0
