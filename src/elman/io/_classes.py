"""What a file may hold: a closed list of classes, their arguments, and the tensors these ask for.

All is worked out from the arguments, so that a file is checked before anything is made of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

from elman import _check, nn
from elman.io._errors import ModelFileError, damage, shown
from elman.io._safetensors import NAMES, Tensor
from elman.kernels.architecture import Architecture
from elman.models import (
    ClassifierModel,
    ForecasterModel,
    LanguageModel,
    Model,
    RegressorModel,
    TaggerModel,
)
from elman.nn._stream import Stream

Config = Mapping[str, Any]
"""The arguments of a class, as JSON gives them; a module among them is its class and config."""


Checks = Mapping[str, Callable[[str, Any], Any]]
"""For each argument of a class the function of its name and value that checks it.

It raises TypeError or ValueError if the value does not fit.
"""


class Kind(NamedTuple):
    """A class that a file may hold.

    cls : the class
    checks : what checks its arguments
    tensors : function of the arguments and of how many tensors there are, which gives the tensors
    check_config : function that holds that the arguments, each of which is right, fit each other
    """

    cls: Any
    checks: Checks
    tensors: Callable[[Config, int], Iterator[Tensor]]
    check_config: Callable[[Config], None] = lambda config: None


def check(name: Any, config: Any) -> None:
    """Hold that there is such a class, and that each of its arguments is there and fits.

    Raises
    ------
    ModelFileError
        If not.
    """
    if not isinstance(name, str) or name not in KINDS:
        expected = f"one of the classes {', '.join(KINDS)}"
        raise damage(expected, shown(name), _UPGRADE)
    checks = KINDS[name].checks
    if not isinstance(config, dict) or config.keys() != checks.keys():
        got = shown(list(config) if isinstance(config, dict) else config)
        raise damage(f"the arguments of {name}: {', '.join(sorted(checks))}", got, _UPGRADE)
    for argument, check_argument in checks.items():
        try:
            check_argument(argument, config[argument])
        except ModelFileError:
            raise
        except (TypeError, ValueError) as error:
            raise damage(f"arguments that {name} takes", shown(str(error))) from None
    try:
        KINDS[name].check_config(config)
    except (TypeError, ValueError) as error:
        raise damage(f"arguments of {name} that fit each other", shown(str(error))) from None


def tensors(name: str, config: Config, count: int) -> list[Tensor]:
    """Return the tensors of a class and its checked arguments, in the order of its state_dict.

    Raises
    ------
    ModelFileError
        If there are so many of them that a file of `count` tensors cannot hold them.
    """
    return list(KINDS[name].tensors(config, count))


_UPGRADE = "if a newer elman wrote the file, upgrade: pip install --upgrade elman"


# ---- checks of arguments ------------------------------------------------------------------------


def _count(name: str, value: Any) -> int:
    if type(value) is not int or value < 0:
        raise _check.fail(ValueError, name, "an int, 0 or more", shown(value))
    return value


def _sizes(name: str, value: Any) -> None:
    if not isinstance(value, list) or not value:
        raise _check.fail(ValueError, name, "a list of ints", shown(value))
    for f, size in enumerate(value):
        _check.size(f"{name}[{f}]", size)


def _same_count(config: Config) -> None:
    """Hold that each feature has a number of symbols and a size of vectors (ValueError)."""
    counts = [len(config[name]) for name in ("num_embeddings", "embedding_dims")]
    if counts[0] != counts[1]:
        expected = f"{counts[0]} ints, as num_embeddings"
        raise _check.fail(ValueError, "embedding_dims", expected, str(counts[1]))


def _text_or_count(name: str, value: Any) -> None:
    if not isinstance(value, str):
        _count(name, value)


def _module(classes: tuple[str, ...], name: str, value: Any) -> None:
    """Hold that it is a module of one of `classes`, as a class and its config."""
    if not isinstance(value, dict) or value.keys() != {"class", "config"}:
        raise _check.fail(ValueError, name, "a class and its config", shown(value))
    check(_check.choice(name, value["class"], classes), value["config"])


def _optional(check_value: Callable[[str, Any], Any], name: str, value: Any) -> None:
    if value is not None:
        check_value(name, value)


def _layer_of_stream(name: str, value: Any) -> None:
    _module(LAYERS, name, value)
    if value["config"]["bidirectional"]:
        raise _check.fail(ValueError, name, "a unidirectional layer", "a bidirectional one")


LAYERS = ("RNN", "GRU", "LSTM")
"""Classes of recurrent layers."""

_dtype = partial(_check.choice, choices=("float32", "float64"))
_nonlinearity = partial(_check.choice, choices=("tanh", "relu"))

_CELL: Checks = {
    "input_size": _check.size,
    "hidden_size": _check.size,
    "bias": _check.flag,
    "dtype": _dtype,
}

_LAYER: Checks = {
    **_CELL,
    "num_layers": _check.size,
    "batch_first": _check.flag,
    "dropout": _check.probability,
    "bidirectional": _check.flag,
    "recurrent_dropout": _check.probability,
    "learn_initial_state": _check.flag,
}

_LINEAR: Checks = {
    "in_features": _check.size,
    "out_features": _check.size,
    "bias": _check.flag,
    "dtype": _dtype,
}

_EMBEDDING: Checks = {
    "num_embeddings": _check.size,
    "embedding_dim": _check.size,
    "padding_idx": partial(_optional, _count),
    "dtype": _dtype,
}

_FEATURE_EMBEDDING: Checks = {
    "num_embeddings": _sizes,
    "embedding_dims": _sizes,
    "dtype": _dtype,
}

_NETWORK: Checks = {
    "rnn": partial(_module, LAYERS),
    "head": partial(_module, ("Linear",)),
    "embedding": partial(_optional, partial(_module, ("Embedding", "FeatureEmbedding"))),
    "bridge": partial(_optional, partial(_module, ("Linear",))),
    "reads": partial(_check.choice, choices=("last", "every")),
}

_STREAM: Checks = {
    "layer": _layer_of_stream,
    "batch_size": _check.size,
    "summation_order": _text_or_count,
}


# ---- tensors ------------------------------------------------------------------------------------


def _tensor(name: str, config: Config, shape: tuple[int, ...]) -> Tensor:
    return Tensor(name, NAMES[config["dtype"]], shape)


def _architecture(cell: str, config: Config, count: int) -> Architecture:
    """Describe a layer, whose parameters, two or more a recurrence, must be at most `count`."""
    cell = cell.format(**config)
    fields = {name: config[name] for name in Architecture._fields if name in config}
    architecture = Architecture(cell, **fields)
    if 2 * architecture.recurrences > count:
        expected = f"tensors of {architecture.recurrences} layers and directions"
        raise damage(expected, f"{count} tensors")
    return architecture


def _layer_tensors(cell: str, config: Config, count: int) -> Iterator[Tensor]:
    architecture = _architecture(cell, config, count)
    for name, shape in architecture.parameter_shapes().items():
        yield _tensor(name, config, shape)
    if config["learn_initial_state"]:
        for name, shape in architecture.initial_shapes().items():
            yield _tensor(name, config, shape)


def _cell_tensors(cell: str, config: Config, count: int) -> Iterator[Tensor]:
    for name, shape in _architecture(cell, config, count).cell_shapes().items():
        yield _tensor(name, config, shape)


def _linear_tensors(config: Config, count: int) -> Iterator[Tensor]:
    yield _tensor("weight", config, (config["out_features"], config["in_features"]))
    if config["bias"]:
        yield _tensor("bias", config, (config["out_features"],))


def _embedding_tensors(config: Config, count: int) -> Iterator[Tensor]:
    yield _tensor("weight", config, (config["num_embeddings"], config["embedding_dim"]))


def _feature_embedding_tensors(config: Config, count: int) -> Iterator[Tensor]:
    shapes = zip(config["num_embeddings"], config["embedding_dims"], strict=True)
    for f, shape in enumerate(shapes):
        yield _tensor(f"weight_{f}", config, shape)


def _network_tensors(config: Config, count: int) -> Iterator[Tensor]:
    """Those of its modules, whose names come before theirs."""
    for child in ("rnn", "head", "embedding", "bridge"):
        if config[child] is not None:
            for tensor in tensors(config[child]["class"], config[child]["config"], count):
                yield tensor._replace(name=f"{child}.{tensor.name}")


def _stream_tensors(config: Config, count: int) -> Iterator[Tensor]:
    """The layer's, and of the state, h (L, N, P) and c (L, N, H)."""
    name, layer = config["layer"]["class"], config["layer"]["config"]
    yield from KINDS[name].tensors(layer, count)
    architecture = _architecture(_CELLS[name], layer, count)
    for letter, size in zip(architecture.state_names, architecture.state_sizes, strict=True):
        shape = (architecture.recurrences, config["batch_size"], size)
        yield _tensor(f"state.{letter}", layer, shape)


def _model_tensors(cls: type[Model], config: Config, count: int) -> Iterator[Tensor]:
    """Those of a fitted model's modules, whose names come before theirs, and its own arrays."""
    for child in cls.children:
        for tensor in tensors(config[child]["class"], config[child]["config"], count):
            yield tensor._replace(name=f"{child}.{tensor.name}")
    for name, dtype, shape in cls.own_arrays(config):
        yield Tensor(name, NAMES[dtype], shape)


_CELLS = {"RNN": "rnn_{nonlinearity}", "GRU": "gru", "LSTM": "lstm"}
"""The kernels' names of cells."""


def _of_layer(name: str, cls: type, **more: Callable[[str, Any], Any]) -> Kind:
    return Kind(cls, {**_LAYER, **more}, partial(_layer_tensors, _CELLS[name]))


def _of_cell(name: str, cls: type, **more: Callable[[str, Any], Any]) -> Kind:
    return Kind(cls, {**_CELL, **more}, partial(_cell_tensors, _CELLS[name]))


def _object(name: str, value: Any) -> None:
    if not isinstance(value, dict):
        raise _check.fail(ValueError, name, "an object of JSON", shown(value))


def _of_model(cls: type[Model]) -> Kind:
    parts: dict[str, Any] = {n: partial(_module, c) for n, c in cls.children.items()}
    rest = {"parameters": _object, "table": partial(_optional, _object)}
    checks = {**parts, **cls.checks, **rest}
    return Kind(cls, checks, partial(_model_tensors, cls), cls.check_config)


MODELS: dict[str, type[Model]] = {
    cls.__name__: cls
    for cls in (ClassifierModel, RegressorModel, LanguageModel, TaggerModel, ForecasterModel)
}
"""The classes of fitted models."""

KINDS: dict[str, Kind] = {
    "RNN": _of_layer("RNN", nn.RNN, nonlinearity=_nonlinearity),
    "GRU": _of_layer("GRU", nn.GRU),
    "LSTM": _of_layer("LSTM", nn.LSTM, proj_size=_count),
    "RNNCell": _of_cell("RNN", nn.RNNCell, nonlinearity=_nonlinearity),
    "GRUCell": _of_cell("GRU", nn.GRUCell),
    "LSTMCell": _of_cell("LSTM", nn.LSTMCell),
    "Linear": Kind(nn.Linear, _LINEAR, _linear_tensors),
    "Embedding": Kind(nn.Embedding, _EMBEDDING, _embedding_tensors),
    "FeatureEmbedding": Kind(
        nn.FeatureEmbedding, _FEATURE_EMBEDDING, _feature_embedding_tensors, _same_count
    ),
    "Network": Kind(nn.Network, _NETWORK, _network_tensors),
    "Stream": Kind(Stream, _STREAM, _stream_tensors),
    **{name: _of_model(cls) for name, cls in MODELS.items()},
}
"""The classes that files may hold, by name: nothing else is ever made of a file."""
