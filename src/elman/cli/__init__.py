"""The command line: ``elman demo`` and ``elman explain``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from elman import __version__
from elman.cli import _demo, _explain

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        What follows ``elman``; None for the process's own.

    Returns
    -------
    int
        The exit status: 0, or 1 after an error, which is printed. Wrong usage exits with 2.
    """
    parser = argparse.ArgumentParser(
        prog="elman", description="Recurrent neural networks for the CPU."
    )
    parser.add_argument("--version", action="version", version=f"elman {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _demo.add_command(commands)
    _explain.add_command(commands)
    options = parser.parse_args(arguments)
    status: int = options.run(options)
    return status
