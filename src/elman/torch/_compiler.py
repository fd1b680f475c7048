"""Lets torch's compiler trace recurrent modules, which it declines to by default."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

_CONFIG = "torch._dynamo.config"


class _Allowing(Loader):
    """Loads the compiler's configuration and allows recurrent modules in it."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        module: ModuleType | None = self._loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        module.allow_rnn = True  # type: ignore[attr-defined]


class _Finder(MetaPathFinder):
    """Waits for the configuration to be imported, as importing it takes more than a second."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != _CONFIG:
            return None
        sys.meta_path.remove(self)
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None:
            spec.loader = _Allowing(spec.loader)
        return spec


def allow_recurrent_modules() -> None:
    """Set ``torch._dynamo.config.allow_rnn``, now or when it is first imported."""
    if _CONFIG in sys.modules:
        sys.modules[_CONFIG].allow_rnn = True  # type: ignore[attr-defined]
    else:
        sys.meta_path.insert(0, _Finder())
