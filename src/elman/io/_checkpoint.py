"""A training run on disk: what it needs to go on with the same bits. One .safetensors file.

The metadata of the file have one key, ``elman_checkpoint``: JSON with the run's record, and
``sha256`` of that record and the data.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from elman._typing import FloatArray
from elman.io import _paths, _safetensors
from elman.io._errors import ModelFileError, damage

_KEY = "elman_checkpoint"


def write(path: str, record: Mapping[str, Any], arrays: Mapping[str, FloatArray]) -> None:
    """Replace the file as a whole, or leave it as it was (OSError).

    Parameters
    ----------
    path : str
    record : what JSON holds, random states included (see `packed`)
    arrays : float32 and float64 arrays by name
    """
    data = [_safetensors.raw(array) for array in arrays.values()]
    text = json.dumps(record, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(text.encode())
    for part in data:
        digest.update(part)
    metadata = {_KEY: json.dumps([text, digest.hexdigest()])}
    header = _safetensors.header(_safetensors.described(arrays), metadata)
    _paths.replace(path, [header, *data], one_writer=True)


def read(path: str) -> tuple[dict[str, Any], dict[str, FloatArray]] | None:
    """Return the record and the arrays of a file that `write` wrote, or None if there is no file.

    Raises
    ------
    ModelFileError
        If the file is no checkpoint, or damaged.
    OSError
        If it cannot be read.
    """
    if not os.path.lexists(path):
        return None
    _paths.check_regular(path, "load")
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            header = _safetensors.read_header(file, size)
            metadata = _safetensors.metadata(header)
            if _KEY not in metadata:
                raise damage("a checkpoint of a fit", "another file", "give another path")
            tensors = _safetensors.tensors(header, size - file.tell())
            data = np.frombuffer(bytearray(file.read()), np.uint8)
        text, digest = json.loads(metadata[_KEY])
        if hashlib.sha256(text.encode() + data.tobytes()).hexdigest() != digest:
            raise damage("data of the SHA-256 that the file tells", "other data", _BEGIN)
        return json.loads(text), _safetensors.read_arrays(data, tensors)
    except ModelFileError as error:
        raise ModelFileError(f"{path}: {error}") from None


_BEGIN = "the file is damaged: delete it to begin again"


# ---- random states as JSON -----------------------------------------------------------------------


def packed(value: Any) -> Any:
    """Return the state of a random generator as JSON holds it: arrays and large integers as text.

    >>> unpacked(packed({"key": np.array([1, 2], np.uint32), "state": {"pos": 3}}))
    {'key': array([1, 2], dtype=uint32), 'state': {'pos': 3}}
    """
    if isinstance(value, dict):
        return {name: packed(part) for name, part in value.items()}
    if isinstance(value, list):
        return [packed(part) for part in value]
    if isinstance(value, np.ndarray):
        return {"dtype": value.dtype.name, "bytes": value.tobytes().hex()}
    if isinstance(value, int | np.integer):
        return int(value) if abs(int(value)) < 2**53 else {"int": hex(int(value))}
    return float(value) if isinstance(value, np.floating) else value


def unpacked(value: Any) -> Any:
    """Undo `packed`."""
    if isinstance(value, list):
        return [unpacked(part) for part in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"dtype", "bytes"}:
        return np.frombuffer(bytes.fromhex(value["bytes"]), value["dtype"]).copy()
    if value.keys() == {"int"}:
        return int(value["int"], 16)
    return {name: unpacked(part) for name, part in value.items()}
