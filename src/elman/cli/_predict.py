"""``elman predict``: what a fitted model says of data."""

from __future__ import annotations

import argparse

import elman
from elman.cli._errors import UsageError
from elman.cli._tasks import read_checked, task, task_of
from elman.cli._write import output_format, write


def run(options: argparse.Namespace) -> int:
    """Load, read, predict and write; return the exit status."""
    output_format(options)
    model = elman.load(options.model)
    name = task_of(model, options.model)
    found = task(name)
    data = None
    if options.data is not None:
        data = read_checked(found, options, options.data, table=model.table or {}, target=False)
    elif name != "forecast":
        raise UsageError("DATA: expected a file, or - for standard input, got none")
    write(found.predict(model, data, options), options)
    return 0
