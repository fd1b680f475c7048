"""`save` and `load`: a module or a stream as one file."""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Iterable, Mapping, Sequence
from io import BufferedReader
from typing import Any

import numpy as np

import elman
from elman import _check
from elman._typing import FloatArray
from elman.io import _classes, _json, _paths, _safetensors
from elman.io._errors import ModelFileError, damage, shown
from elman.models import Model
from elman.nn._module import Module
from elman.nn._stream import Stream

FORMAT = 1
"""The version of the format that elman writes, and the newest one that it reads."""

_KEY = "elman"
_FIELDS = {"class", "config", "elman_version", "format", "sha256", "tensors"}


def save(module: Module | Stream, path: str | os.PathLike[str]) -> None:
    """Write a module or a stream to a .safetensors file, which `elman.load` reads.

    The file holds the class, its arguments and the parameters, of a stream also the state. Any
    reader of safetensors reads the arrays, by the names of `state_dict`; a stream's state is
    ``state.h`` and ``state.c``. The same module gives the same bytes. Neither training mode nor
    generators are in the file.

    A file of that name is replaced once the new one is complete; after an error it is as it was.

    Parameters
    ----------
    module : nn.RNN, GRU, LSTM, RNNCell, GRUCell, LSTMCell, Linear, Embedding, Network, or a stream
    path : str or os.PathLike
        Taken as it is; ``.safetensors`` is the usual suffix.

    Raises
    ------
    TypeError
        If `module`, or a module in it, is something else, or of a class of your own.
    ValueError
        If one layer stands in two places of a network.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import elman, tempfile
    >>> gru = elman.nn.GRU(3, 4)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     elman.save(gru, folder + "/gru.safetensors")
    ...     same = elman.load(folder + "/gru.safetensors")
    >>> bool((same.weight_ih_l0 == gru.weight_ih_l0).all())
    True
    """
    path = _paths.checked(path)
    name, config, arrays = _taken_apart(module)
    tensors = _safetensors.described(arrays)
    record = {
        "class": name,
        "config": config,
        "elman_version": elman.__version__,
        "format": FORMAT,
        "tensors": _listed(tensors),
    }
    _check_loadable(record, tensors)
    data = [_safetensors.raw(array) for array in arrays.values()]
    record["sha256"] = _digest(record, data)
    header = _safetensors.header(tensors, {_KEY: _json.canonical(record)})
    _paths.replace(path, [header, *data])


def load(path: str | os.PathLike[str], *, allow_nan: bool = False) -> Any:
    """Read a module or a stream from a file that `elman.save` wrote.

    A module is in evaluation mode, as most files are read to predict; call ``train()`` to go on
    training. A stream goes on where it was, to the bit. No random number is drawn, and nothing in
    the file is ever executed: it can only choose among elman's own classes. The file is checked as
    a whole before anything is made of it, in memory of a few times its size.

    Parameters
    ----------
    path : str or os.PathLike
    allow_nan : bool
        Whether parameters and states may be NaN or infinite.

    Returns
    -------
    nn.Module or Stream
        Of the class that was saved.

    Raises
    ------
    elman.io.ModelFileError
        A ValueError: the file is damaged, of another tool, or needs a newer elman; or it holds NaN
        or infinity, which `allow_nan` lets through.
    OSError
        If the file cannot be read.

    Warns
    -----
    UserWarning
        If a stream was saved under another order of summation (see `elman.show_config`): it goes
        on, but the last bits of what it gives may differ.
    """
    path = _paths.checked(path)
    allow_nan = _check.flag("allow_nan", allow_nan)
    _paths.check_regular(path, "load")
    with open(path, "rb") as file:
        try:
            return _read(file, allow_nan, path)
        except ModelFileError as error:
            raise ModelFileError(f"{path}: {error}") from None


# ---- writing ------------------------------------------------------------------------------------


def _taken_apart(module: Any) -> tuple[str, dict[str, Any], dict[str, FloatArray]]:
    """Return the class's name, the arguments and the arrays of what is saved."""
    module = _fitted(module)
    name = _name(module, "one of ", tuple(_classes.KINDS))
    if isinstance(module, Stream):
        return name, *_stream_apart(module)
    if isinstance(module, Model):
        return name, module.config(), module.state_dict()
    for child in module.modules():
        _name(child, "modules that are ", tuple(_classes.KINDS))
    return name, module.config(), module.state_dict()


def _fitted(module: Any) -> Any:
    """Return the fitted model of an estimator; what is none stays as it is."""
    if not hasattr(module, "get_params") or isinstance(module, Module):
        return module
    if not hasattr(module, "model_") or not isinstance(module.model_, Model):
        fix = "call its fit first" if type(module).__module__.startswith("elman.") else ""
        got = f"{type(module).__name__}, which has no fitted model"
        raise _check.fail(TypeError, "module", "a fitted estimator of elman's", got, fix)
    return module.model_


def _name(module: Any, which: str, names: Sequence[str]) -> str:
    """Return the name of the class of `module`, which must be one of `names` and elman's own."""
    name = type(module).__name__
    if name not in names or _classes.KINDS[name].cls is not type(module):
        got = f"{type(module).__module__}.{type(module).__qualname__}"
        fix = ""
        if isinstance(module, Mapping):
            fix = "pass the module itself, not its state_dict()"
        elif isinstance(module, str | os.PathLike):
            fix = "the module comes first, then the path"
        raise _check.fail(TypeError, "module", which + ", ".join(names), got, fix)
    return name


def _stream_apart(stream: Stream) -> tuple[dict[str, Any], dict[str, FloatArray]]:
    layer: Any = stream._layer
    config = {
        "batch_size": stream.batch_size,
        "layer": {
            "class": _name(layer, "a stream of ", _classes.LAYERS),
            "config": layer.config(),
        },
        "summation_order": elman.show_config()["summation_order"],
    }
    state = stream.state if isinstance(stream.state, tuple) else (stream.state,)
    named = {f"state.{letter}": part for letter, part in zip("hc", state, strict=False)}
    return config, {**stream._parameters, **named}


def _check_loadable(record: Mapping[str, Any], tensors: Sequence[_safetensors.Tensor]) -> None:
    """Hold that what is saved can be loaded, which a layer that stands in two places cannot."""
    try:
        _check_tensors(record, tensors)
    except ModelFileError as error:
        raise ValueError(f"module: {error}; make a layer of its own for each place") from None


def _listed(tensors: Iterable[_safetensors.Tensor]) -> list[Any]:
    return [[name, dtype, list(shape)] for name, dtype, shape in tensors]


def _digest(record: Mapping[str, Any], data: Iterable[Any]) -> str:
    """Return the SHA-256 of the record without its own, and of the data."""
    rest = {name: value for name, value in record.items() if name != "sha256"}
    digest = hashlib.sha256(_json.canonical(rest).encode())
    for part in data:
        digest.update(part)
    return digest.hexdigest()


# ---- reading ------------------------------------------------------------------------------------


def _read(file: BufferedReader, allow_nan: bool, path: str) -> Any:
    size = os.fstat(file.fileno()).st_size
    header = _safetensors.read_header(file, size)
    record = _record(_safetensors.metadata(header))
    tensors = _safetensors.tensors(header, size - file.tell())
    _check_tensors(record, tensors)
    data = np.empty(size - file.tell(), np.uint8)
    if file.readinto(data.data) < len(data):
        raise damage(f"{len(data)} bytes of data", "fewer: the file became shorter while read")
    if _digest(record, [data.data]) != record["sha256"]:
        raise damage("data of the SHA-256 that the file tells", "other data", _DAMAGED)
    arrays = _safetensors.read_arrays(data, tensors)
    if not allow_nan:
        _check_finite(arrays)
    return _made(record["class"], record["config"], arrays, path)


_DAMAGED = "the file is damaged: copy or save it again"


def _record(metadata: Mapping[str, str]) -> dict[str, Any]:
    """Return what elman wrote into the metadata."""
    if _KEY not in metadata:
        fix = (
            "read another library's weights with safetensors.numpy.load_file(path) and give them "
            "to load_state_dict of a module that you make"
        )
        raise damage("a file that elman.save wrote", "a .safetensors file of another tool", fix)
    record = _json.parse(metadata[_KEY])
    if not isinstance(record, dict):
        raise damage("an object in the metadata of elman", shown(record))
    version = record.get("format")
    if type(version) is not int or version < 1:
        raise damage("the number of a format", shown(version), _DAMAGED)
    if version > FORMAT:
        got = f"format {version}, which elman {shown(record.get('elman_version'))} wrote"
        raise damage(f"format {FORMAT}", got, "upgrade: pip install --upgrade elman")
    if record.keys() != _FIELDS or _json.canonical(record) != metadata[_KEY]:
        expected = f"{', '.join(sorted(_FIELDS))} in the metadata, as elman.save writes them"
        raise damage(expected, shown(list(record)), _DAMAGED)
    return record


def _check_tensors(record: Mapping[str, Any], tensors: Sequence[_safetensors.Tensor]) -> None:
    """Hold that the header, the record and the config ask for the same tensors."""
    if _json.canonical(_listed(tensors)) != _json.canonical(record["tensors"]):
        raise damage("the tensors that the metadata list", "others in the header", _DAMAGED)
    name, config = record["class"], record["config"]
    _classes.check(name, config)
    expected = {tensor.name: tensor for tensor in _classes.tensors(name, config, len(tensors))}
    found = {tensor.name: tensor for tensor in tensors}
    for tensor in expected.values():
        if found.get(tensor.name) != tensor:
            got = found.get(tensor.name)
            raise damage(
                f"{tensor.name} of {tensor.dtype} and shape {shown(tensor.shape)} for the {name}",
                f"{got.dtype} and {shown(got.shape)}" if got else "none",
            )
    if more := found.keys() - expected.keys():
        raise damage(f"no other tensors than those of the {name}", shown(sorted(more)))


def _check_finite(arrays: Mapping[str, FloatArray]) -> None:
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            fix = "to load it all the same, call elman.load(path, allow_nan=True)"
            raise damage("finite values", f"NaN or infinity in {name}", fix)


def _made(name: str, config: Any, arrays: dict[str, FloatArray], path: str) -> Any:
    """Make the module or stream of a checked file."""
    if name == "Stream":
        state = [arrays.pop(f"state.{letter}") for letter in "hc" if f"state.{letter}" in arrays]
        layer = _made(config["layer"]["class"], config["layer"]["config"], arrays, path)
        _check_order(config["summation_order"], path)
        stream = layer.stream(config["batch_size"])
        stream.state = tuple(state) if len(state) > 1 else state[0]
        return stream
    try:
        module = _classes.KINDS[name].cls.from_config(config)
    except (TypeError, ValueError) as error:
        raise damage(f"arguments that {name} takes", shown(str(error))) from None
    try:
        module.load_state_dict(arrays)
    except ValueError as error:
        raise damage(f"arrays that {name} takes", shown(str(error))) from None
    return module.eval()


def _check_order(saved: str | int, path: str) -> None:
    current = elman.show_config()["summation_order"]
    if saved != current:
        warnings.warn(
            f"{path}: the stream was saved under the order of summation {saved!r}, and this is "
            f"{current!r}: it goes on, but the last bits of its outputs may differ",
            UserWarning,
            stacklevel=5,
        )
