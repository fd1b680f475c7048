"""From arguments to an exit status."""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys
import warnings
from collections.abc import Sequence
from typing import Any

from elman.cli._errors import DataError, UsageError
from elman.cli._parser import parse

FAULT, USAGE = 1, 2
INTERRUPTED = 128 + signal.SIGINT
BROKEN_PIPE = 141
"""What a shell tells of a process that SIGPIPE ended, as other tools do."""

_FAULTS = (OSError, ValueError, TypeError, IndexError, RuntimeError, ImportError, MemoryError)
"""What files and models at fault raise."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        What follows ``elman``; None for the process's own.

    Returns
    -------
    int
        The exit status: 0; 1 if data, a file or the model are at fault, which is printed; 2 after
        wrong usage; 130 after Ctrl-C; 141 if nobody reads the output any more.
    """
    _open_streams()
    options = parse(arguments)
    if options.threads is not None:
        _set_threads(options.threads)
    try:
        with warnings.catch_warnings():
            _show_warnings(options)
            module = importlib.import_module(f"elman.cli._{options.module}")
            status: int = module.run(options)
            sys.stdout.flush()
            return status
    except BrokenPipeError:
        _drop_output()
        return BROKEN_PIPE
    except KeyboardInterrupt as interrupt:
        _say(options, str(interrupt) or "interrupted")
        return INTERRUPTED
    except UsageError as error:
        _say(options, f"{error}\nelman {options.command} --help shows all options")
        return USAGE
    except DataError as error:
        print(error, file=sys.stderr)
        return FAULT
    except _FAULTS as error:
        _say(options, _worded(error))
        if isinstance(error, OSError):
            _drop_output()
        return FAULT


def _open_streams() -> None:
    """Put streams in place of those that were closed before the process began.

    Reading and writing them fails as it does with the closed ones, except that messages are lost.
    No other file gets their numbers.
    """
    for name, flags, mode in [
        ("stdin", os.O_WRONLY, "r"),
        ("stdout", os.O_RDONLY, "w"),
        ("stderr", os.O_WRONLY, "w"),
    ]:
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, flags), mode))


def _say(options: argparse.Namespace, message: str) -> None:
    print(f"elman {options.command}: {message}", file=sys.stderr)


def _worded(error: Exception) -> str:
    """Return an error's message; of the system's errors without their numbers."""
    if isinstance(error, ModuleNotFoundError) and error.name in ("pandas", "pyarrow"):
        return f"this needs {error.name}: pip install 'elman[cli]' brings it"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error) or type(error).__name__


def _set_threads(count: int) -> None:
    """Set how many threads the libraries take, which they read when they are loaded."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(count)


def _show_warnings(options: argparse.Namespace) -> None:
    """Show warnings as one line each, without the place in the code."""
    warnings.simplefilter("ignore")
    if not options.quiet:
        for category in (UserWarning, RuntimeWarning):  # others are for those who write code
            warnings.filterwarnings("default", category=category)
    warnings.filterwarnings("ignore", "Training interrupted")  # fit says so itself

    def show(message: Warning | str, *_: Any, **__: Any) -> None:
        _say(options, str(message))

    warnings.showwarning = show


def _drop_output() -> None:
    """Let what standard output still holds go nowhere, so that the process's end is silent."""
    try:
        descriptor = sys.stdout.fileno()
    except (OSError, ValueError, AttributeError):
        return  # no file of the system's
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)
