"""The arguments of a module's constructor: read from a module, checked, shown as a call."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from elman import _check
from elman._random import ZeroGenerator

if TYPE_CHECKING:
    from elman.nn._module import Module

M = TypeVar("M", bound="Module")


def _arguments(cls: type[Module]) -> Mapping[str, inspect.Parameter]:
    """Return the arguments that describe a module."""
    found = dict(inspect.signature(cls).parameters)
    return {name: p for name, p in found.items() if name not in cls._not_in_config}


def config(module: Module) -> dict[str, Any]:
    """Return the arguments that make a module of the structure of `module`, as JSON holds them."""
    return {name: _as_json(_value(module, name)) for name in _arguments(type(module))}


def _value(module: Module, name: str) -> Any:
    """Return an argument's value, which is an attribute; a layer may hold a parameter there."""
    if name in module.__dict__:
        return module.__dict__[name]
    return name in module._parameters


def _as_json(value: Any) -> Any:
    if isinstance(value, np.dtype):
        return value.name
    if isinstance(value, tuple):
        return list(value)
    if hasattr(value, "config"):
        return {"class": type(value).__name__, "config": value.config()}
    return value


def make(cls: type[M], config: Mapping[str, Any]) -> M:
    """Make a module of `config`, with parameters that are zero; draw no random number."""
    name, arguments = f"config of {cls.__name__}", _arguments(cls)
    if not isinstance(config, Mapping):
        raise _check.fail(TypeError, name, "a mapping of arguments", _check.short(config))
    missing = [argument for argument in arguments if argument not in config]
    unknown = [str(argument) for argument in config if argument not in arguments]
    if missing or unknown:
        problems = [f"without {', '.join(missing)}"] * bool(missing)
        problems += [f"also {', '.join(unknown)}"] * bool(unknown)
        raise _check.fail(ValueError, name, ", ".join(arguments), " and ".join(problems))
    values = {argument: _child(cls, argument, config[argument]) for argument in arguments}
    if "generator" in inspect.signature(cls).parameters:
        values["generator"] = ZeroGenerator()
    module = cls(**values)
    module._own_generator = None
    return module


def _child(cls: type[Module], argument: str, value: Any) -> Any:
    """Return the value of an argument; make the module if it is one."""
    classes = cls._children_classes.get(argument)
    if classes is None or value is None:
        return value
    name = f"{argument} in config of {cls.__name__}"
    if not isinstance(value, Mapping) or set(value) != {"class", "config"}:
        raise _check.fail(TypeError, name, "a mapping of class and config", _check.short(value))
    return classes[_check.choice(name, value["class"], list(classes))].from_config(value["config"])


def call(module: Module, changes: Mapping[str, Any]) -> str:
    """Write the call that makes a module of the structure of `module`, with changes."""
    shown = []
    for name, parameter in _arguments(type(module)).items():
        value = changes.get(name, _value(module, name))
        if name == "dtype" and isinstance(value, type | np.dtype):
            value = np.dtype(value).name
        if name == "dtype" and value == "float32" and name not in changes:
            continue
        text = name if hasattr(value, "config") else _check.short(value)
        if parameter.default is parameter.empty:
            shown.append(text)
        elif name in changes or value != parameter.default:
            shown.append(f"{name}={text}")
    return f"nn.{type(module).__name__}({', '.join(shown)})"
