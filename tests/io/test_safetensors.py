"""The format, by itself: what is written, whom it is read by, and what is refused."""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of
from strategies import Array

from elman.io import ModelFileError, _safetensors

small_shapes = arrays_of.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3)
arrays_by_name = st.dictionaries(
    st.text(st.characters(codec="utf-8"), max_size=5).filter(lambda name: name != "__metadata__"),
    st.sampled_from([np.float32, np.float64]).flatmap(
        lambda dtype: arrays_of.arrays(dtype, small_shapes)
    ),
    max_size=4,
)


def written(arrays: dict[str, Array], metadata: dict[str, str] | None = None) -> bytes:
    start = _safetensors.header(_safetensors.described(arrays), metadata or {})
    return start + b"".join(map(_safetensors.raw, arrays.values()))


def read(content: bytes) -> tuple[dict[str, Array], dict[str, str]]:
    file = io.BytesIO(content)
    header = _safetensors.read_header(file, len(content))
    tensors = _safetensors.tensors(header, len(content) - file.tell())
    data = np.frombuffer(file.read(), np.uint8)
    return _safetensors.read_arrays(data, tensors), _safetensors.metadata(header)


def with_header(header: Any, data: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def assert_same(found: dict[str, Array], expected: dict[str, Array]) -> None:
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array, strict=True)


@given(arrays=arrays_by_name, text=st.text(st.characters(codec="utf-8")))
def test_what_is_written_is_read_by_elman_and_by_safetensors(
    arrays: dict[str, Array], text: str
) -> None:
    content = written(arrays, {"elman": text})
    assert content == written(arrays, {"elman": text})
    (length,) = struct.unpack("<Q", content[:8])
    assert length % 8 == 0
    found, metadata = read(content)
    assert_same(found, arrays)
    assert metadata == {"elman": text}
    assert_same(safetensors.numpy.load(content), arrays)


@given(arrays=arrays_by_name)
def test_what_safetensors_writes_is_read(arrays: dict[str, Array]) -> None:
    found, metadata = read(safetensors.numpy.save(arrays))
    assert_same(found, arrays)
    assert metadata == {}


def test_the_bytes_are_these() -> None:
    """A length of 8 bytes, a header padded with spaces to a multiple of 8, little-endian rows."""
    array = np.array([[1, 2], [3, 4]], ">f4").T
    header = b'{"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}}       '
    expected = struct.pack("<Q", 64) + header + struct.pack("<4f", 1, 3, 2, 4)
    assert written({"a": array}) == expected


TENSOR = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
EIGHT = bytes(8)


def tensor(**changes: Any) -> dict[str, Any]:
    return {"a": {**TENSOR, **changes}}


def nested(depth: int) -> bytes:
    return b'{"a":' + b"[" * depth + b"]" * depth + b"}"


WRONG: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "a .safetensors file, got a file of 0 bytes"),
    "seven bytes": (bytes(7), "a file of 7 bytes"),
    "a length alone": (struct.pack("<Q", 8), "8 in a file of 8 bytes; the file was cut off"),
    "a length of 2**64 - 1": (b"\xff" * 8 + EIGHT, "a header of at most 4194304 bytes"),
    "an oversized header": (
        struct.pack("<Q", 2**22 + 1) + b"{}" + b" " * 2**22, "at most 4194304 bytes",
    ),
    "no brace": (with_header(b" {}     "), "begins with {"),
    "an empty header": (with_header(b""), "begins with {"),
    "not UTF-8": (with_header(b'{"\xff": 1}'), "UTF-8, got another byte at 2"),
    "half an object": (with_header(b'{"a": '), "none at character 6"),
    "a string without end": (with_header(b'{"a' + b'\\"' * 10**5), "none at character 1"),
    "two objects": (with_header(b"{}{}"), "none at character 2"),
    "a name twice": (with_header(b'{"a": 1, "a": 1}'), "'a' twice"),
    "a key twice": (with_header(b'{"a": {"dtype": "F32", "dtype": "F32"}}'), "'dtype' twice"),
    "nested": (with_header(nested(20)), "nested at most 16 deep"),
    "nested a million deep": (with_header(nested(10**6)), "nested at most 16 deep"),
    "NaN": (with_header(b'{"a": NaN}'), "JSON in the header, got NaN"),
    "a long integer": (with_header(b'{"a": ' + b"1" * 5000 + b"}"), "at most 20 digits"),
    "-0": (with_header(b'{"a": [-0]}'), "'-0'"),
    "metadata of numbers": (with_header({"__metadata__": {"a": 1}}), "__metadata__ to hold texts"),
    "metadata as a list": (with_header({"__metadata__": []}), "__metadata__ to hold texts"),
    "a tensor as a number": (with_header({"a": 1}), "'a' to have dtype, shape and data_offsets"),
    "no dtype": (
        with_header({"a": {"shape": [2], "data_offsets": [0, 8]}}, EIGHT), "'a' to have dtype",
    ),
    "a key too many": (with_header(tensor(strides=[1]), EIGHT), "'a' to have dtype"),
    "an unknown dtype": (with_header(tensor(dtype="BF16"), EIGHT), "F32 or F64 or U8, got 'BF16'"),
    "a dtype as a list": (with_header(tensor(dtype=["F32"]), EIGHT), "F32 or F64 or U8, got"),
    "a shape too large": (with_header(tensor(shape=[3]), EIGHT), r"12 bytes .*\(3,\), got 8"),
    "a shape that overflows": (
        with_header(tensor(shape=[2**32, 2**32, 2]), EIGHT), "to take 147573952589676412928 bytes",
    ),
    "a shape of a bool": (with_header(tensor(shape=[2, True]), EIGHT), "integers, each 0 or more"),
    "a shape of a float": (with_header(tensor(shape=[2.0]), EIGHT), "integers, each 0 or more"),
    "a negative shape": (with_header(tensor(shape=[-1, -2]), EIGHT), "integers, each 0 or more"),
    "a shape as a number": (with_header(tensor(shape=2), EIGHT), "integers, each 0 or more"),
    "nine axes": (with_header(tensor(shape=[2] + [1] * 8), EIGHT), "at most 8 integers"),
    "one offset": (with_header(tensor(data_offsets=[0]), EIGHT), "data_offsets .start, stop."),
    "offsets backwards": (with_header(tensor(data_offsets=[8, 0]), EIGHT), "data_offsets"),
    "offsets of floats": (with_header(tensor(data_offsets=[0.0, 8]), EIGHT), "data_offsets"),
    "negative offsets": (with_header(tensor(data_offsets=[-8, 0]), EIGHT), "data_offsets"),
    "offsets beyond the file": (
        with_header(tensor(shape=[4], data_offsets=[0, 16]), EIGHT), "16 bytes of data .*cut off",
    ),
    "a hole": (
        with_header(tensor(data_offsets=[8, 16]), bytes(16)), "begin at byte 0 of the data, got 8",
    ),
    "an overlap": (
        with_header({"a": TENSOR, "b": {**TENSOR, "data_offsets": [4, 12]}}, bytes(12)),
        "'b' to begin at byte 8 of the data, got 4",
    ),
    "the same place twice": (
        with_header({"a": TENSOR, "b": TENSOR}, EIGHT), "'b' to begin at byte 8",
    ),
    "trailing bytes": (with_header(tensor(), bytes(9)), "8 bytes of data after the header, got 9"),
    "no tensors but data": (with_header({}, EIGHT), "0 bytes of data after the header, got 8"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_fit_the_format_is_refused(name: str) -> None:
    content, told = WRONG[name]
    with pytest.raises(ModelFileError, match=f"^expected .*{told}"):
        read(content)


def test_tensors_may_stand_in_any_order_in_the_header() -> None:
    """Their order is that of the data; empty ones take no place."""
    entries = {
        "late": {**TENSOR, "data_offsets": [8, 16]},
        "empty": {**TENSOR, "shape": [0, 3], "data_offsets": [8, 8]},
        "early": TENSOR,
    }
    found, _ = read(with_header(entries, struct.pack("<4f", 1, 2, 3, 4)))
    shapes: Sequence[tuple[str, list[float]]] = [
        (name, array.tolist()) for name, array in found.items()
    ]
    assert shapes == [("early", [1.0, 2.0]), ("empty", []), ("late", [3.0, 4.0])]


def test_a_header_that_no_reader_would_take_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    tensors = [_safetensors.Tensor(f"weight_{k}", "F32", (1,)) for k in range(3)]
    length = len(_safetensors.header(tensors, {})) - 8
    monkeypatch.setattr(_safetensors, "HEADER_BYTES", length)
    _safetensors.header(tensors, {})
    monkeypatch.setattr(_safetensors, "HEADER_BYTES", length - 1)
    with pytest.raises(ValueError, match=rf"^module: .*, got {length} bytes of 3 tensors$"):
        _safetensors.header(tensors, {})
