"""Where a fitted model goes: checked before the fit, written after it."""

from __future__ import annotations

import errno
import os
import tempfile
from typing import Any

import elman
from elman.cli._errors import DataError, UsageError


def check_place(path: str, *, force: bool) -> None:
    """Hold that a file can be written at `path`, before a fit takes its time.

    Raises
    ------
    DataError
        If there is a file and `force` is not given, or the folder does not exist.
    OSError
        If the folder cannot be written to.
    """
    if path == "-":
        raise UsageError("-o: expected the name of a file, got -; a model is not for a pipe")
    if os.path.isdir(path):
        raise IsADirectoryError(errno.EISDIR, "expected a file for the model, got a folder", path)
    if os.path.exists(path):
        if not os.path.isfile(path):
            raise OSError(errno.EINVAL, "expected a regular file for the model", path)
        if not force:
            raise DataError(f"{path}: the file exists; pass --force to replace it")
    folder = os.path.dirname(os.path.realpath(path))
    if not os.path.isdir(folder):
        raise DataError(f"{path}: the folder does not exist; make it with mkdir")
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        message = f"the folder cannot be written to ({error.strerror})"
        raise OSError(error.errno, message, folder) from None


def save(estimator: Any, path: str) -> None:
    """Write a model, or if the disk is full, to the system's folder for temporary files.

    Raises
    ------
    OSError
        If `path` cannot be written; the message says where the model is.
    """
    try:
        elman.save(estimator, path)
    except OSError as error:
        instead = tempfile.mkdtemp(prefix="elman-")
        beside = os.path.join(instead, os.path.basename(path))
        try:
            elman.save(estimator, beside)
        except OSError:
            _remove(instead)
            raise error from None
        message = f"{error.strerror or error}; the model is in {beside}"
        raise OSError(error.errno, message, path) from None


def _remove(folder: str) -> None:
    if not os.listdir(folder):
        os.rmdir(folder)
