"""What every layer is: named parameters that change only by assignment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Self

import numpy as np

from elman import _check
from elman._random import Generator, default_generator
from elman._typing import FloatArray


class IncompatibleKeys(NamedTuple):
    """Which names `load_state_dict` missed and which it had no use for."""

    missing_keys: list[str]
    unexpected_keys: list[str]


class Module:
    """A layer's parameters, by torch's names.

    A parameter is read as an attribute and is a read-only array. To change one, assign a new
    array to the attribute, or use `load_state_dict`: the values are copied into the layer.

    Parameters
    ----------
    dtype : numpy.float32 or numpy.float64
    device : None or "cpu"
        Accepted because torch's layers have it.
    generator : elman.Generator or None
        Where numbers are drawn from; None for the one that `elman.manual_seed` seeds.
    """

    dtype: np.dtype[Any]
    training: bool

    def __init__(self, dtype: Any, device: Any, generator: Generator | None) -> None:
        if device is not None and str(device) != "cpu":
            raise _check.fail(ValueError, "device", "None or 'cpu'", repr(device))
        self._parameters: dict[str, FloatArray] = {}
        self.dtype = _check.float_dtype("dtype", dtype)
        self.training = True
        self._own_generator = generator

    @property
    def _generator(self) -> Generator:
        return default_generator if self._own_generator is None else self._own_generator

    def parameters(self) -> Iterator[FloatArray]:
        """Iterate over the parameters in torch's order."""
        yield from self._parameters.values()

    def named_parameters(self) -> Iterator[tuple[str, FloatArray]]:
        """Iterate over (name, parameter) in torch's order."""
        yield from self._parameters.items()

    def state_dict(self) -> dict[str, FloatArray]:
        """Return the parameters by name: read-only arrays, which later changes do not touch."""
        return dict(self._parameters)

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True
    ) -> IncompatibleKeys:
        """Take parameters from `state_dict`, all of them or, after an error, none.

        Parameters
        ----------
        state_dict : mapping of names to arrays
            Of float32 or float64; converted to the layer's dtype.
        strict : bool
            Whether missing and unexpected names are an error.

        Returns
        -------
        IncompatibleKeys
            missing_keys and unexpected_keys.

        Raises
        ------
        RuntimeError
            If names are missing or unexpected while `strict`, or a shape differs. All are listed.
        """
        missing = [name for name in self._parameters if name not in state_dict]
        unexpected = [name for name in state_dict if name not in self._parameters]
        problems = []
        if strict and missing:
            problems.append(f"missing {', '.join(missing)}")
        if strict and unexpected:
            problems.append(f"unexpected {', '.join(unexpected)}")
        new = {}
        for name, old in self._parameters.items():
            if name in state_dict:
                value = np.asarray(state_dict[name])
                if value.shape != old.shape:
                    problems.append(f"{name}: expected {old.shape}, got {value.shape}")
                elif value.dtype not in _check.FLOATS:
                    problems.append(f"{name}: expected float32 or float64, got {value.dtype}")
                else:
                    new[name] = value
        if problems:
            raise RuntimeError(f"state_dict does not fit {self!r}:\n  " + "\n  ".join(problems))
        for name, value in new.items():
            self._set_parameter(name, value)
        return IncompatibleKeys(missing, unexpected)

    def train(self, mode: bool = True) -> Self:
        """Set training mode, in which dropout is active; return the layer."""
        self.training = _check.flag("mode", mode, ValueError)
        return self

    def eval(self) -> Self:
        """Set evaluation mode, in which dropout does nothing; return the layer."""
        return self.train(False)

    def _draw(self, name: str, shape: tuple[int, ...], bound: float) -> None:
        """Add a parameter drawn from U(-bound, bound)."""
        self._parameters[name] = self._generator.uniform(shape, bound, self.dtype)
        self._parameters[name].flags.writeable = False

    def _set_parameter(self, name: str, value: FloatArray) -> None:
        copy = np.array(value, dtype=self.dtype, order="C")
        copy.flags.writeable = False
        self._parameters[name] = copy

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_parameters": dict(self._parameters)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        for parameter in self._parameters.values():
            parameter.flags.writeable = False

    def __getattr__(self, name: str) -> FloatArray:
        parameters: dict[str, FloatArray] = self.__dict__.get("_parameters", {})
        if name in parameters:
            return parameters[name]
        raise AttributeError(
            f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self
        )

    def __setattr__(self, name: str, value: Any) -> None:
        parameters = self.__dict__.get("_parameters", {})
        if name not in parameters:
            super().__setattr__(name, value)
            return
        array = np.asarray(value)
        _check.same_dtype(name, array, self.dtype)
        if array.shape != parameters[name].shape:
            raise _check.fail(ValueError, name, f"shape {parameters[name].shape}", str(array.shape))
        self._set_parameter(name, array)

    def __delattr__(self, name: str) -> None:
        if name in self.__dict__.get("_parameters", {}):
            raise AttributeError(f"{name}: a parameter cannot be deleted", name=name, obj=self)
        super().__delattr__(name)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._parameters]
