"""What all optimisers have in common: checks, and their state as flat arrays for a checkpoint."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from elman import _check
from elman._typing import FloatArray

_NUMBER = "a finite number of at least zero"


class Optimizer(ABC):
    """An optimiser: parameters and their gradients in, new parameters out.

    Parameters
    ----------
    lr : float of at least zero
        The learning rate.
    weight_decay : float of at least zero

    Attributes
    ----------
    lr : float
        May be changed between two updates, as a schedule does.
    state : dict of named tuples by the parameters' names; empty before the first update
        What is remembered of each parameter. An update leaves an older `state` as it is, so one
        that was kept can be set again.
    """

    def __init__(self, *, lr: float, weight_decay: float) -> None:
        check_not_negative("lr", lr)
        check_not_negative("weight_decay", weight_decay)
        self.lr = float(lr)
        self.weight_decay = float(weight_decay)
        self.state: dict[str, Any] = {}

    def update(
        self, parameters: Mapping[str, FloatArray], gradients: Mapping[str, FloatArray]
    ) -> dict[str, FloatArray]:
        """Take one step.

        Parameters
        ----------
        parameters : arrays by name; left as they are
        gradients : arrays by name, each with the shape and dtype of its parameter
            A parameter without a gradient keeps its value, as a frozen one does.

        Returns
        -------
        The new parameters by name, ready for `load_state_dict`.

        Raises
        ------
        KeyError
            If a gradient belongs to no parameter.
        ValueError
            If a gradient's shape or dtype is not its parameter's, or if the state was loaded and is
            that of a parameter of another shape or dtype.
        """
        new = dict(parameters)
        state = dict(self.state)
        for name, gradient in gradients.items():
            if name not in parameters:
                raise KeyError(f"gradients: expected names of parameters, got {name!r}")
            old, before = parameters[name], state.get(name)
            _check_alike(f"gradients[{name!r}]", gradient, old)
            if before is not None:
                _check_alike(f"state[{name!r}]", before[-1], old)
            new[name], after = self._step(old, gradient, before)
            if after is not None:
                state[name] = after
        self.state = state
        return new

    def config(self) -> dict[str, Any]:
        """Return the constructor's arguments, as JSON has them; `lr` is the present one."""
        return {"lr": self.lr, "weight_decay": self.weight_decay}

    def state_dict(self) -> dict[str, npt.NDArray[Any]]:
        """Return copies of what is remembered, as flat arrays.

        Returns
        -------
        dict of arrays by names such as "exp_avg.rnn.weight_ih_l0"
            A count of steps is a float64 array of shape (), such as "step.rnn.weight_ih_l0".
        """
        return {
            f"{field}.{name}": np.array(value, dtype=np.float64 if field == "step" else None)
            for name, remembered in self.state.items()
            for field, value in remembered._asdict().items()
        }

    def load_state_dict(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        """Remember what `state_dict` returned; the next steps then have the same bits.

        Parameters
        ----------
        arrays : by the names that `state_dict` gives; copied

        Raises
        ------
        ValueError
            If a name is not one of this optimiser's, one is missing, or an array is not as
            `state_dict` makes it. The state is then left as it is.
        """
        fields = self._fields()
        found: dict[str, dict[str, Any]] = {}
        for key, array in arrays.items():
            field, _, name = key.partition(".")
            if field not in fields or not name:
                kind = type(self).__name__
                expected = " or ".join(f"'{known}.NAME'" for known in fields) or "no arrays"
                fix = f"is this the state of another optimiser than {self}?"
                raise _check.fail(ValueError, f"state of {kind}", expected, repr(key), fix)
            found.setdefault(name, {})[field] = array
        self.state = {name: self._remembered(name, values) for name, values in found.items()}

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.config().items())
        return f"{type(self).__name__}({arguments})"

    @abstractmethod
    def _step(
        self, p: FloatArray, g: FloatArray, before: Any | None
    ) -> tuple[FloatArray, Any | None]:
        """Return a new parameter and what is to be remembered of it; change no argument."""

    @abstractmethod
    def _fields(self) -> tuple[str, ...]:
        """Return the names of what is remembered of a parameter."""

    @abstractmethod
    def _make_state(self, values: dict[str, Any]) -> Any:
        """Return as a named tuple what is remembered of a parameter."""

    def _remembered(self, name: str, values: dict[str, Any]) -> Any:
        """Return the state of one parameter from its arrays, checked (ValueError)."""
        checked: dict[str, Any] = {}
        moments: list[FloatArray] = []
        for field in self._fields():
            key = f"{field}.{name}"
            if field not in values:
                raise _check.fail(ValueError, "state", f"an array {key!r} too", "none")
            if field == "step":
                checked[field] = _checked_count(key, values[field])
                continue
            array = np.array(values[field])
            if array.dtype not in _check.FLOATS:
                expected = "float32 or float64"
                raise _check.fail(ValueError, f"state[{key!r}]", expected, str(array.dtype))
            if moments:
                _check_alike(f"state[{key!r}]", array, moments[0])
            moments.append(array)
            checked[field] = array
        return self._make_state(checked)


def check_not_negative(name: str, value: Any) -> None:
    """Hold that a constructor's argument is a finite number of at least zero."""
    _check.number(name, value, _NUMBER, lambda number: 0 <= number < math.inf)


def _check_alike(name: str, array: FloatArray, other: FloatArray) -> None:
    """Hold that two arrays have the same shape and dtype (ValueError)."""
    if array.shape != other.shape or array.dtype != other.dtype:
        expected, got = f"{other.dtype} {other.shape}", f"{array.dtype} {array.shape}"
        raise _check.fail(ValueError, name, expected, got)


def _checked_count(key: str, value: Any) -> int:
    """Return how many steps were taken (ValueError)."""
    array = np.asarray(value)
    count = float(array.item()) if array.size == 1 and array.dtype.kind in "iuf" else math.nan
    if not (count >= 1 and count.is_integer()):
        expected = "one number, a count of at least 1"
        raise _check.fail(ValueError, f"state[{key!r}]", expected, _check.short(value))
    return int(count)
