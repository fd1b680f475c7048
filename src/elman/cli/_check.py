"""``elman check``: what is in data, and what is wrong with them."""

from __future__ import annotations

import argparse
import json
import warnings

from elman.cli._faults import Faults
from elman.cli._source import Source
from elman.cli._tasks import task
from elman.cli._text_table import as_text


def run(options: argparse.Namespace) -> int:
    """Read and tell; the exit status is 1 if fit would fail."""
    faults = Faults(Source(options.data, options.format).name)
    found = task(options.task)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what they say is told below
        data = found.read(options, options.data, faults, table=None, target=True)
    told = {**found.describe(data), "faults": faults.count}
    if options.json:
        print(json.dumps({name.replace(" ", "_"): value for name, value in told.items()}))
    else:
        print(as_text(told))
    faults.check()
    return 0
