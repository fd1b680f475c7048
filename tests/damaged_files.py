"""Files of elman's that are damaged or that lie, made from a good one, the same each time.

A file that lies has the SHA-256 of what it says, so that nothing but what it says is wrong.
"""

from __future__ import annotations

import copy
import hashlib
import json
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple


def canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


class Parts(NamedTuple):
    """A file taken apart: the tensors of its header, elman's record, and the data."""

    header: dict[str, Any]
    record: dict[str, Any]
    data: bytes

    @classmethod
    def of(cls, content: bytes) -> Parts:
        (length,) = struct.unpack("<Q", content[:8])
        header = json.loads(content[8 : 8 + length])
        record = json.loads(header.pop("__metadata__")["elman"])
        return cls(header, record, content[8 + length :])

    def signed(self) -> Parts:
        """Return the parts with the SHA-256 that they have."""
        rest = {key: value for key, value in self.record.items() if key != "sha256"}
        digest = hashlib.sha256(canonical(rest).encode() + self.data).hexdigest()
        return self._replace(record={**rest, "sha256": digest})

    def content(self, text: str | None = None) -> bytes:
        """Return the file; its record is `text`, if given."""
        text = canonical(self.record) if text is None else text
        return of_header({"__metadata__": {"elman": text}, **self.header}, self.data)


def of_header(header: Any, data: bytes) -> bytes:
    """Return a file of a header, a value or bytes, and data."""
    if not isinstance(header, bytes):
        header = json.dumps(header, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    return struct.pack("<Q", len(header)) + header + data


def header_end(content: bytes) -> int:
    return 8 + int(struct.unpack("<Q", content[:8])[0])


def cut(content: bytes) -> Iterator[bytes]:
    """Give the file cut off after each of its bytes."""
    for length in range(len(content)):
        yield content[:length]


def flipped(content: bytes) -> Iterator[bytes]:
    """Give the file with each of its bits flipped."""
    for bit in range(8 * len(content)):
        changed = bytearray(content)
        changed[bit // 8] ^= 1 << bit % 8
        yield bytes(changed)


Edit = Callable[[Parts], Any]


def config(**changes: Any) -> Edit:
    """Change arguments of the class; drop those that are `...`."""

    def edit(parts: Parts) -> None:
        arguments = parts.record["config"]
        arguments.update(changes)
        for name in [name for name, value in changes.items() if value is ...]:
            del arguments[name]

    return edit


def record(**changes: Any) -> Edit:
    """Change what elman wrote into the metadata."""
    return lambda parts: parts.record.update(changes)


def describe(name: str, key: str, value: Any) -> Edit:
    """Change dtype or shape of a tensor in the header and in elman's list alike."""

    def edit(parts: Parts) -> None:
        parts.header[name][key] = value
        for entry in parts.record["tensors"]:
            if entry[0] == name:
                entry[{"dtype": 1, "shape": 2}[key]] = value

    return edit


def rename(old: str, new: str) -> Edit:
    """Rename a tensor in the header and in elman's list alike."""

    def edit(parts: Parts) -> Parts:
        text = json.dumps([parts.header, parts.record["tensors"]]).replace(f'"{old}"', f'"{new}"')
        header, tensors = json.loads(text)
        return parts._replace(header=header, record={**parts.record, "tensors": tensors})

    return edit


def swap(first: str, second: str) -> Edit:
    """Exchange the places of two tensors in the header."""

    def edit(parts: Parts) -> None:
        header = parts.header
        header[first], header[second] = header[second], header[first]

    return edit


def put(place: int, number: float) -> Edit:
    """Put a float32 into the data."""

    def edit(parts: Parts) -> Parts:
        data = bytearray(parts.data)
        data[place : place + 4] = struct.pack("<f", number)
        return parts._replace(data=bytes(data))

    return edit


HUGE = 10**15

LIES: dict[str, tuple[Edit, str]] = {
    "newer format": (record(format=2), "format 1, got format 2, which elman '.*' wrote; upgrade: "),
    "much newer format": (
        lambda parts: parts._replace(record={"format": 10**9, "elman_version": None}),
        "format 1, got format 1000000000, .*upgrade: pip install --upgrade elman",
    ),
    "format of a bool": (record(format=True), "the number of a format, got True"),
    "format of a float": (record(format=1.0), "the number of a format, got 1.0"),
    "format of a text": (record(format="1"), "the number of a format, got '1'"),
    "format 0": (record(format=0), "the number of a format, got 0"),
    "no format": (lambda p: p.record.pop("format") and None, "the number of a format, got None"),
    "an unknown key": (record(code="print()"), "as elman.save writes them, got .*code"),
    "no class": (lambda p: p.record.pop("class") and None, "class, config, .*as elman.save writes"),
    "an unknown class": (record(**{"class": "Transformer"}), "one of the classes RNN, .*upgrade"),
    "a class elsewhere": (record(**{"class": "os.system"}), "one of the classes RNN"),
    "a class as a list": (record(**{"class": ["GRU"]}), "one of the classes RNN"),
    "another class": (record(**{"class": "LSTM"}), "the arguments of LSTM: .*proj_size"),
    "a class of other tensors": (record(**{"class": "GRUCell"}), "the arguments of GRUCell"),
    "a config as a list": (record(config=[]), r"the arguments of GRU: .*, got \[\]"),
    "no config": (record(config=None), "the arguments of GRU: .*, got None"),
    "an unknown argument": (config(attention=True), "the arguments of GRU: .*upgrade"),
    "a missing argument": (config(bias=...), "the arguments of GRU: batch_first, bias"),
    "a generator": (config(generator=0), "the arguments of GRU: .*upgrade"),
    "a huge hidden_size": (config(hidden_size=HUGE), r"weight_ih_l0 of F32 and shape \(3\d{15}, 3"),
    "a huge input_size": (config(input_size=HUGE), r"weight_ih_l0 of F32 and shape \(6, 1\d{15}\)"),
    "a huge num_layers": (config(num_layers=HUGE), "1000000000000000 layers and directions"),
    "a larger num_layers": (config(num_layers=2), "weight_ih_l1 of F32 and shape .*, got none"),
    "one direction more": (config(bidirectional=True), "weight_ih_l0_reverse .*, got none"),
    "fewer parameters": (config(bias=False), "no other tensors than those of the GRU, got .'bias_"),
    "learned states": (config(learn_initial_state=True), "h_0 of F32 and shape .*, got none"),
    "hidden_size 0": (config(hidden_size=0), "hidden_size: expected an int greater than zero"),
    "hidden_size -1": (config(hidden_size=-1), "hidden_size: expected an int greater than zero"),
    "hidden_size of a float": (config(hidden_size=2.0), "hidden_size: expected an int greater"),
    "hidden_size of a bool": (config(hidden_size=True), "hidden_size: expected an int greater"),
    "hidden_size of a text": (config(hidden_size="2"), "hidden_size: expected an int greater"),
    "bias of an int": (config(bias=1), "bias: expected a bool, got 1"),
    "dropout 2": (config(dropout=2), "dropout: expected a number in .0, 1., got 2"),
    "dropout of a text": (config(dropout="a" * 10**5), "dropout: expected a number in .0, 1."),
    "another dtype": (config(dtype="float64"), "weight_ih_l0 of F64 and shape .6, 3.*, got F32"),
    "an unknown dtype": (config(dtype="float16"), "dtype: expected 'float32' or 'float64', got"),
    "an object's dtype": (config(dtype="O"), "dtype: expected 'float32' or 'float64', got 'O'"),
    "a tensor of half floats": (describe("bias_ih_l0", "dtype", "F16"), "'bias_ih_l0' to be of"),
    "a shape turned": (describe("weight_ih_l0", "shape", [3, 6]), r"got F32 and \(3, 6\)"),
    "a shape with an axis more": (describe("bias_ih_l0", "shape", [6, 1]), r"F32 and \(6, 1\)"),
    "another name": (rename("bias_ih_l0", "bias_ih_l1"), "bias_ih_l0 of F32 and .*, got none"),
    "another order": (swap("bias_ih_l0", "bias_hh_l0"), "the tensors that the metadata list, got"),
    "another list": (record(tensors=[]), "the tensors that the metadata list, got others"),
    "a list of bools": (
        lambda p: p.record["tensors"][0].__setitem__(2, [True, 3]), "that the metadata list",
    ),
    "a tensor too few in the header": (
        lambda parts: parts.header.pop("weight_ih_l0") and None, "begin at byte 0 of the data",
    ),
    "NaN": (put(8, float("nan")), "NaN or infinity in weight_ih_l0; .*allow_nan=True"),
    "infinity": (put(96, float("-inf")), "NaN or infinity in weight_hh_l0; .*allow_nan=True"),
}  # fmt: skip
"""Edits of a GRU's file (3, 2) that are wrong by themselves, and what the error says."""


def lie(content: bytes, name: str) -> bytes:
    """Return the file of a GRU with one of the edits of `LIES`, signed."""
    parts = copy.deepcopy(Parts.of(content))
    return (LIES[name][0](parts) or parts).signed().content()


def damaged(content: bytes) -> dict[str, tuple[bytes, str]]:
    """Return files whose form is broken, with what the error says."""
    parts = Parts.of(content)
    text = canonical(parts.record)
    end = header_end(content)
    good = {"__metadata__": {"elman": text}, **parts.header}
    whole = json.dumps(good, separators=(",", ":")).encode()
    twice = whole[:-1] + b',"bias_ih_l0":' + json.dumps(good["bias_ih_l0"]).encode() + b"}"
    other = {**parts.record, "sha256": "0" * 64}
    return {
        "empty": (b"", "a .safetensors file, got a file of 0 bytes"),
        "text": (b"h: 1, 2, 3\n", "a text file that begins with b'h: 1, 2,'"),
        "zip": (b"PK\x03\x04" + bytes(100), r"a zip archive, such as torch's .pt or .*\.npz"),
        "pickle": (b"\x80\x02}q\x00(X\x06\x00", "a pickle, .*torch.load"),
        "npy": (b"\x93NUMPY\x01\x00" + bytes(100), "an array of NumPy's"),
        "hdf5": (b"\x89HDF\r\n\x1a\n" + bytes(100), "an HDF5 file"),
        "zeros": (bytes(1000), "begins with {"),
        "other tool": (of_header(parts.header, parts.data), "safetensors.numpy.load_file"),
        "other metadata": (
            of_header({"__metadata__": {"format": "pt"}, **parts.header}, parts.data),
            "a file that elman.save wrote, got a .safetensors file of another tool",
        ),
        "oversized header": (struct.pack("<Q", 2**22 + 8) + content[8:], "at most 4194304 bytes"),
        "header beyond the end": (struct.pack("<Q", len(content)) + content[8:], "cut off"),
        "trailing bytes": (content + b"\0", "bytes of data after the header"),
        "a name twice": (of_header(twice, parts.data), "'bias_ih_l0' twice"),
        "a key of the record twice": (
            parts.content(text.replace('"format":1', '"format":1,"format":1')), "'format' twice",
        ),
        "spaces in the record": (parts.content(text.replace(",", ", ")), "as elman.save writes"),
        "the record as a list": (parts.content("[]"), "an object in the metadata of elman"),
        "the record as no JSON": (parts.content("elman"), "none at character 0"),
        "a nested record": (parts.content("[" * 10**5), "nested at most 16 deep"),
        "a nested config": (
            parts.content(text.replace('"input_size":3', '"input_size":' + "[" * 20 + "]" * 20)),
            "nested at most 16 deep",
        ),
        "a hidden_size of many digits": (
            parts.content(text.replace('"hidden_size":2', '"hidden_size":' + "9" * 10**4)),
            "integers of at most 20 digits",
        ),
        "a hidden_size of 1e400": (
            parts.content(text.replace('"hidden_size":2', '"hidden_size":1e400')),
            "as elman.save writes them",
        ),
        "NaN in the record": (parts.content(text.replace("0.0", "NaN", 1)), "got NaN"),
        "wrong SHA-256": (parts._replace(record=other).content(), "the SHA-256 that the file"),
        "SHA-256 of a number": (
            parts._replace(record={**other, "sha256": 0}).content(), "the SHA-256 that the file",
        ),
        "nested header": (of_header(b'{"a":' + b"[" * 10**5, b""), "nested at most 16 deep"),
        "brackets in a string": (
            of_header(b'{"a":"' + b"[" * 10**5 + b'"}', b""), "of another tool",
        ),
        "many empty lists": (
            of_header(b'{"a":[' + b"[]," * 10**5 + b"[]]}", b""), "of another tool",
        ),
        "many names": (
            of_header({str(i): 1 for i in range(10**5)}, b""), "of another tool",
        ),
        "not UTF-8": (content[:9] + b"\xff" + content[10:], "a header in UTF-8"),
        "cut in the header": (content[: end // 2], "the file was cut off: copy or save it again"),
        "cut in the data": (content[:-3], "the file was cut off: copy or save it again"),
    }  # fmt: skip


def rewrite(path: Path, change: Callable[[Any], Any]) -> None:
    """Change the config in a file, which then lies."""
    parts = Parts.of(path.read_bytes())
    change(parts.record["config"])
    path.write_bytes(parts.signed().content())
