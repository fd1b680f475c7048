"""``elman predict``: what a fitted model says of data."""

from __future__ import annotations

import argparse

import elman
from elman.cli._tasks import read_checked, task, task_of
from elman.cli._write import output_format, write


def run(options: argparse.Namespace) -> int:
    """Load, read, predict and write; return the exit status."""
    output_format(options)
    model = elman.load(options.model)
    found = task(task_of(model, options.model))
    data = read_checked(found, options, options.data, table=model.table or {}, target=False)
    write(found.predict(model, data, options), options)
    return 0
