"""A stand-in for config and from_config of modules, where these are not there yet."""

from __future__ import annotations

import inspect
from typing import Any

import elman
from elman.nn._module import Module

if not hasattr(Module, "config"):

    def config(self: Any) -> dict[str, Any]:
        names = [n for n in inspect.signature(type(self)).parameters if n not in OTHERS]
        found = {name: getattr(self, name, None) for name in names}
        has_bias = any(name.startswith("bias") for name, _ in self.named_parameters())
        return {**found, "dtype": self.dtype.name, "bias": has_bias}

    def from_config(cls: Any, config: dict[str, Any]) -> Any:
        module = cls(**config, generator=elman.Generator(0))
        module._own_generator = None
        return module

    OTHERS = ("device", "generator")
    Module.config = config  # type: ignore[attr-defined]
    Module.from_config = classmethod(from_config)  # type: ignore[attr-defined]
