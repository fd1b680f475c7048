"""Arrays from files: .npy, .npz and .csv."""

from __future__ import annotations

import csv
import os
import zipfile
from typing import Any

import numpy as np

from elman import _check

NAMES = ("x", "lengths", "h_0", "c_0")
"""What a .npz may hold; one array alone may have any name, and is x."""


def read_arrays(path: str) -> dict[str, np.ndarray[Any, Any]]:
    """Read x, and what else a .npz has by the names of `NAMES`.

    Nothing of a file is executed: arrays of objects are refused.

    Raises
    ------
    ValueError
        If the file is damaged, of another kind, or holds something else than numbers.
    OSError
        If it cannot be read.
    """
    kind = os.path.splitext(path)[1].lower()
    readers = {".npy": _read_npy, ".npz": _read_npz, ".csv": _read_csv}
    if kind not in readers:
        os.stat(path)  # a missing file is told as one
        fix = "name the file by what it is"
        raise _check.fail(ValueError, "DATA", " or ".join(readers), _check.short(path), fix)
    found = readers[kind](path)
    for name, array in found.items():
        if array.dtype.kind not in "fiub":
            raise _check.fail(ValueError, f"{path}: {name}", "numbers", f"dtype {array.dtype}")
    return found


def _read_npy(path: str) -> dict[str, Any]:
    try:
        array = np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise _check.fail(ValueError, path, "an array that numpy.save wrote", str(error)) from None
    if not isinstance(array, np.ndarray):
        array.close()
        raise _check.fail(ValueError, path, "one array", "an archive", "name it .npz")
    return {"x": array}


def _read_npz(path: str) -> dict[str, Any]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            found = {name: archive[name] for name in archive.files}
    except (ValueError, EOFError, AttributeError, TypeError, zipfile.BadZipFile) as error:
        expected = "arrays that numpy.savez wrote"
        raise _check.fail(ValueError, path, expected, str(error)) from None
    if len(found) == 1 and "x" not in found:
        found = {"x": next(iter(found.values()))}
    if "x" not in found:
        got = ", ".join(found) or "none"
        raise _check.fail(ValueError, path, "an array named x, or one alone", got)
    return {name: found[name] for name in NAMES if name in found}


def _read_csv(path: str) -> dict[str, Any]:
    """Read a line of numbers for each step; the first line may be names."""
    with open(path, newline="", encoding="utf-8-sig") as file:
        try:
            lines = [(i, line) for i, line in enumerate(csv.reader(file), 1) if line]
        except (UnicodeDecodeError, csv.Error) as error:
            raise _check.fail(ValueError, path, "lines of numbers", str(error)) from None
    if lines and not any(map(_is_number, lines[0][1])):
        del lines[0]
    if not lines:
        raise _check.fail(ValueError, path, "a line of numbers for each step", "no line")
    width = len(lines[0][1])
    for i, line in lines:
        if len(line) != width:
            raise _check.fail(ValueError, f"{path}, line {i}", f"{width} values", str(len(line)))
        for j, cell in enumerate(line, 1):
            if not _is_number(cell):
                place = f"{path}, line {i}, column {j}"
                raise _check.fail(ValueError, place, "a number", _check.short(cell))
    return {"x": np.array([[float(cell) for cell in line] for _, line in lines])}


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
