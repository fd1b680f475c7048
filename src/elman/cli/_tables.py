"""Arrays from files: .npy, .npz and .csv."""

from __future__ import annotations

import csv
import os
import zipfile
import zlib
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
    found = _loaded(path)
    if isinstance(found, dict):
        raise _check.fail(ValueError, path, "one array", "an archive", "name it .npz")
    return {"x": found}


def _read_npz(path: str) -> dict[str, Any]:
    found = _loaded(path)
    if not isinstance(found, dict):
        raise _check.fail(ValueError, path, "an archive", "one array", "name it .npy")
    if len(found) == 1 and "x" not in found:
        found = {"x": next(iter(found.values()))}
    if "x" not in found:
        got = ", ".join(found) or "none"
        raise _check.fail(ValueError, path, "an array named x, or one alone", got)
    return {name: found[name] for name in NAMES if name in found}


def _loaded(path: str) -> Any:
    """Return the array, or the arrays by name, of a file that NumPy wrote."""
    with open(path, "rb") as file:
        try:
            found = np.load(file, allow_pickle=False)
            if isinstance(found, np.ndarray):
                return found
            with found as archive:
                return {name: archive[name] for name in archive.files}
        except (ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            expected = "what numpy.save or numpy.savez wrote"
            raise _check.fail(ValueError, path, expected, str(error)) from None


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
                fix = "separate values with commas, and write decimals with a point"
                raise _check.fail(ValueError, place, "a number", _check.short(cell), fix)
    return {"x": np.array([[float(cell) for cell in line] for _, line in lines])}


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
