"""Paths of regular files: checked, read, and replaced as a whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterable
from typing import Any

from elman import _check


def checked(value: Any) -> str:
    """Return a path as a text (TypeError)."""
    try:
        return os.fsdecode(value)
    except TypeError:
        raise _check.fail(
            TypeError,
            "path",
            "a str or an os.PathLike",
            f"{_check.short(value)} ({type(value).__name__})",
        ) from None


def check_regular(path: str, task: str) -> os.stat_result:
    """Hold that `path` is a regular file: no folder, pipe or device (OSError); return its stat."""
    found = os.stat(path)
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, f"cannot {task}: it is a folder", path)
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, f"cannot {task}: it is no regular file", path)
    return found


def replace(path: str, parts: Iterable[bytes | memoryview], *, one_writer: bool = False) -> None:
    """Write the parts to a file beside `path`, then put it in the place of `path`.

    After an error, also Ctrl-C, there is no new file, and an old one is as it was. A new file has
    the permissions that new files have; one that replaces an old file has the old one's. A symbolic
    link stays one, and the file it points to is replaced.

    A process that is killed leaves the file beside `path`. With `one_writer`, for a path that no
    other process writes to, that file has one name, so that the next call takes it away.

    Raises
    ------
    OSError
        If the folder does not exist, `path` is no regular file, or the system cannot write.
    """
    path = os.path.realpath(path)
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        missing = "cannot save: the folder does not exist; make it with os.makedirs"
        raise FileNotFoundError(errno.ENOENT, missing, path)
    old = check_regular(path, "save") if os.path.exists(path) else None
    name = os.path.basename(path) if one_writer else secrets.token_hex(8)
    beside = os.path.join(folder, f".elman-{name}.tmp")
    try:
        with open(beside, "wb" if one_writer else "xb") as file:
            for part in parts:
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        if old is not None:
            os.chmod(beside, stat.S_IMODE(old.st_mode))
        os.replace(beside, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(beside)
        raise
    _sync_folder(folder)


def _sync_folder(folder: str) -> None:
    """Make the new name last through a power cut, on systems that sync folders."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
