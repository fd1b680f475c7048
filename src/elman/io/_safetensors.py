"""The safetensors format: 8 bytes that give the header's length, a header of JSON, the tensors.

The header maps each tensor's name to its dtype, shape and offsets in the data that follow it, and
``__metadata__`` to texts by name. See https://github.com/safetensors/safetensors, 'Format'.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from elman import _check
from elman._typing import FloatArray
from elman.io import _json
from elman.io._errors import ModelFileError, damage, shown

HEADER_BYTES = 4 * 2**20
"""How long a header may be; a tensor takes some 200 bytes of it.

Reading one takes up to 26 times its length of memory.
"""

_AXES = 8

DTYPES: dict[str, np.dtype[Any]] = {
    "F32": np.dtype("<f4"),
    "F64": np.dtype("<f8"),
    "U8": np.dtype("u1"),
}
"""The dtypes that elman writes and reads, by the format's names; bytes are texts."""

NAMES = {dtype.newbyteorder("=").name: name for name, dtype in DTYPES.items()}
"""The format's names, by NumPy's."""


class Tensor(NamedTuple):
    """A tensor of a file: its name, the format's name of its dtype, and its shape."""

    name: str
    dtype: str
    shape: tuple[int, ...]

    @property
    def nbytes(self) -> int:
        """How many bytes of the data it takes."""
        return math.prod(self.shape) * DTYPES[self.dtype].itemsize


# ---- writing ------------------------------------------------------------------------------------


def raw(array: FloatArray) -> memoryview:
    """Return the bytes of an array as the file holds them: rows first, little-endian."""
    dtype = DTYPES[NAMES[array.dtype.name]]
    flat = np.ascontiguousarray(array, dtype).reshape(-1)
    return flat.view(np.uint8).data


def described(arrays: Mapping[str, FloatArray]) -> list[Tensor]:
    """Describe arrays for the header."""
    return [Tensor(name, NAMES[a.dtype.name], a.shape) for name, a in arrays.items()]


def header(tensors: Sequence[Tensor], metadata: Mapping[str, str]) -> bytes:
    """Return what stands before the data: the length and the header, a multiple of 8 bytes long.

    Raises
    ------
    ValueError
        If there are so many tensors that no reader would take the header.
    """
    entries: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
    start = 0
    for tensor in tensors:
        offsets = [start, start + tensor.nbytes]
        entries[tensor.name] = {
            "dtype": tensor.dtype,
            "shape": list(tensor.shape),
            "data_offsets": offsets,
        }
        start = offsets[1]
    text = _json.compact(entries).encode()
    text += b" " * (-len(text) % 8)
    if len(text) > HEADER_BYTES:
        got = f"{len(text)} bytes of {len(tensors)} tensors"
        raise _check.fail(ValueError, "module", f"a header of at most {HEADER_BYTES} bytes", got)
    return struct.pack("<Q", len(text)) + text


# ---- reading ------------------------------------------------------------------------------------


def read_header(file: BinaryIO, size: int) -> dict[str, Any]:
    """Return the header of a file of `size` bytes, as JSON gives it; the data are next to read.

    Raises
    ------
    ModelFileError
        If it is no header of the format.
    """
    start = file.read(8)
    if len(start) < 8:
        raise damage("a .safetensors file", f"a file of {len(start)} bytes")
    (length,) = struct.unpack("<Q", start)
    if length > HEADER_BYTES or length > size - 8:
        raise _no_header(start, length, size)
    text = file.read(length)
    if len(text) < length:
        raise damage(f"a header of {length} bytes", f"{len(text)} bytes")
    if not text.startswith(b"{"):
        raise damage("a header that begins with {", shown(text[:8]))
    try:
        found = _json.parse(text.decode())
    except UnicodeDecodeError as error:
        raise damage("a header in UTF-8", f"another byte at {error.start}") from None
    if not isinstance(found, dict):
        raise damage("an object of JSON in the header", shown(found))
    return found


def metadata(found: Mapping[str, Any]) -> dict[str, str]:
    """Return the texts by name that a header holds beside its tensors."""
    texts = found.get("__metadata__", {})
    if not isinstance(texts, dict) or not all(isinstance(t, str) for t in texts.values()):
        raise damage("__metadata__ to hold texts", shown(texts))
    return texts


def tensors(found: Mapping[str, Any], data_bytes: int) -> list[Tensor]:
    """Return the tensors of a header in the order of their data.

    Raises
    ------
    ModelFileError
        If a tensor's description is wrong, or the tensors do not fill the data one after another.
    """
    placed = [
        (*_offsets(name, entry), _tensor(name, entry))
        for name, entry in found.items()
        if name != "__metadata__"
    ]
    placed.sort(key=lambda entry: entry[:2])
    end = 0
    for start, stop, tensor in placed:
        if start != end:
            raise damage(f"{shown(tensor.name)} to begin at byte {end} of the data", str(start))
        if stop - start != tensor.nbytes:
            expected = f"{tensor.nbytes} bytes for {tensor.dtype} of shape {tensor.shape}"
            raise damage(f"{shown(tensor.name)} to take {expected}", str(stop - start))
        end = stop
    if end != data_bytes:
        raise damage(
            f"{end} bytes of data after the header", str(data_bytes), _cut(data_bytes, end)
        )
    return [tensor for _, _, tensor in placed]


def read_arrays(
    data: np.ndarray[Any, np.dtype[np.uint8]], described: Sequence[Tensor]
) -> dict[str, FloatArray]:
    """Return views of the data by name, in this machine's byte order where that copies nothing."""
    arrays: dict[str, FloatArray] = {}
    start = 0
    for tensor in described:
        part = data[start : start + tensor.nbytes].view(DTYPES[tensor.dtype])
        native = part.dtype.newbyteorder("=")
        arrays[tensor.name] = part.reshape(tensor.shape).astype(native, copy=False)
        start += tensor.nbytes
    return arrays


def _entry(name: str, entry: Any) -> dict[str, Any]:
    keys = {"dtype", "shape", "data_offsets"}
    if not isinstance(entry, dict) or entry.keys() != keys:
        raise damage(f"{shown(name)} to have dtype, shape and data_offsets", shown(entry))
    return entry


def _tensor(name: str, entry: Any) -> Tensor:
    dtype, shape = _entry(name, entry)["dtype"], entry["shape"]
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise damage(f"{shown(name)} to be of dtype {' or '.join(DTYPES)}", shown(dtype))
    if not _are_counts(shape) or len(shape) > _AXES:
        expected = f"{shown(name)} to have a shape of at most {_AXES} integers, each 0 or more"
        raise damage(expected, shown(shape))
    return Tensor(name, dtype, tuple(shape))


def _offsets(name: str, entry: Any) -> tuple[int, int]:
    offsets = _entry(name, entry)["data_offsets"]
    if not _are_counts(offsets) or len(offsets) != 2 or offsets[0] > offsets[1]:
        raise damage(f"{shown(name)} to have data_offsets [start, stop]", shown(offsets))
    return offsets[0], offsets[1]


def _are_counts(values: Any) -> bool:
    """Whether it is a list of integers, each 0 or more; a bool is no integer here."""
    return isinstance(values, list) and all(type(v) is int and v >= 0 for v in values)


def _cut(size: int, expected: int) -> str:
    return "the file was cut off: copy or save it again" if size < expected else ""


_OTHERS = {
    b"PK\x03\x04": ("a zip archive, such as torch's .pt or NumPy's .npz", "{torch} or numpy.load"),
    b"\x93NUMPY": ("an array of NumPy's, .npy", "numpy.load"),
    b"\x89HDF": ("an HDF5 file", "h5py"),
    b"\x80": ("a pickle, such as an old .pt of torch's", "{torch}"),
}


def _no_header(start: bytes, length: int, size: int) -> ModelFileError:
    """Make the error for a length of the header that cannot be, and say what the file may be."""
    for prefix, (kind, reader) in _OTHERS.items():
        if start.startswith(prefix):
            reader = reader.format(torch="torch.load(path, weights_only=True)")
            fix = f"read it with {reader} and give the arrays to load_state_dict"
            return damage("a .safetensors file", kind, fix)
    if all(9 <= byte < 127 for byte in start):
        return damage("a .safetensors file", f"a text file that begins with {shown(start)}")
    limit = f"a header of at most {HEADER_BYTES} bytes that the file holds"
    cut = "" if length > HEADER_BYTES else _cut(size, length + 8)
    return damage(limit, f"{length} in a file of {size} bytes", cut)
