"""What all fitted models share: their parts, their arrays, and the form that files hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, Self

import numpy as np

from elman import _check, nn
from elman._typing import FloatArray
from elman.nn._module import Module

_MODULES: dict[str, type[Module]] = {"Network": nn.Network, "Embedding": nn.Embedding}
"""The classes that a model's modules may have."""


class Model:
    """A network, and what it needs to read data and to give answers.

    Attributes
    ----------
    network : nn.Network
    parameters : dict
        The parameters of the estimator that fitted it, those that JSON holds.
    table : dict or None
        Which columns of a table are read, where the command line fitted it.

    Notes
    -----
    A class lists in `children` its modules and the names of the classes they may have, in `checks`
    its other fields, which JSON holds, each with the function of name and value that holds what a
    file says of it to what makes sense, and gives in `own_arrays` its arrays beside the modules'.
    """

    children: ClassVar[Mapping[str, tuple[str, ...]]] = {"network": ("Network",)}
    checks: ClassVar[Mapping[str, Callable[[str, Any], Any]]] = {}

    network: nn.Network
    parameters: dict[str, Any]
    table: dict[str, Any] | None

    @classmethod
    def own_arrays(cls, config: Mapping[str, Any]) -> Iterator[tuple[str, str, tuple[int, ...]]]:
        """Yield name, dtype and shape of each array beside the modules', of a checked config."""
        yield from ()

    @classmethod
    def check_config(cls, config: Mapping[str, Any]) -> None:
        """Hold that the parts of a config, each of which is right, fit each other (ValueError)."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """The network's dtype."""
        return self.network.dtype

    def config(self) -> dict[str, Any]:
        """Return all but the arrays, as JSON holds it."""
        modules = {
            name: {"class": type(module).__name__, "config": module.config()}
            for name, module in self._modules().items()
        }
        fields = {name: getattr(self, name) for name in self.checks}
        return {**modules, **fields, "parameters": self.parameters, "table": self.table}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make a model of what `config` returned, with arrays of zeros."""
        model = cls.__new__(cls)
        for name in cls.children:
            part = config[name]
            setattr(model, name, _MODULES[part["class"]].from_config(part["config"]).eval())
        for name in (*cls.checks, "parameters", "table"):
            setattr(model, name, config[name])
        for name, dtype, shape in cls.own_arrays(config):
            setattr(model, name, np.zeros(shape, dtype))
        return model

    def state_dict(self) -> dict[str, FloatArray]:
        """Return the arrays by name; those of a module follow its name and a dot."""
        found = {
            f"{name}.{own}": array
            for name, module in self._modules().items()
            for own, array in module.state_dict().items()
        }
        return found | {name: getattr(self, name) for name, _, _ in self.own_arrays(self.config())}

    def load_state_dict(self, arrays: Mapping[str, FloatArray]) -> None:
        """Take the arrays that `state_dict` returned."""
        for name, module in self._modules().items():
            prefix = f"{name}."
            module.load_state_dict(
                {n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)}
            )
        for name, _, _ in self.own_arrays(self.config()):
            setattr(self, name, np.array(arrays[name]))

    def eval(self) -> Self:
        """Return the model, whose networks are in evaluation mode."""
        for module in self._modules().values():
            module.eval()
        return self

    def _modules(self) -> dict[str, Module]:
        return {name: getattr(self, name) for name in self.children}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.network!r})"


# ---- checks of what a file says ------------------------------------------------------------------


def check_count(name: str, value: Any) -> None:
    """Hold that it is an int of at least 0 (ValueError)."""
    if type(value) is not int or value < 0:
        raise _check.fail(ValueError, name, "an int, 0 or more", _check.short(value))


def check_texts(name: str, value: Any) -> None:
    """Hold that it is a list of texts (ValueError)."""
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise _check.fail(ValueError, name, "a list of texts", _check.short(value))


def optional(check: Callable[[str, Any], Any]) -> Callable[[str, Any], Any]:
    """Return the check that lets None through as well."""

    def checked(name: str, value: Any) -> None:
        if value is not None:
            check(name, value)

    return checked
