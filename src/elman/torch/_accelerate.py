"""Swap the recurrent modules of a model, or of a whole program, and swap them back."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch.nn.utils.parametrize import is_parametrized

from elman import _check, kernels
from elman.torch import _layers

PAIRS: dict[type[torch.nn.Module], type[torch.nn.Module]] = {
    torch.nn.RNN: _layers.RNN,
    torch.nn.GRU: _layers.GRU,
    torch.nn.LSTM: _layers.LSTM,
    torch.nn.RNNCell: _layers.RNNCell,
    torch.nn.GRUCell: _layers.GRUCell,
    torch.nn.LSTMCell: _layers.LSTMCell,
}
"""torch's classes, and elman's."""

_BACK = {own: of_torch for of_torch, own in PAIRS.items()}


class Report(NamedTuple):
    """What `accelerate` or `restore` did; print it to read it.

    changed : dict of the modules' names, "" for the model itself, and their classes' names
    left : dict of the names of recurrent modules that stay as they are, and why
    """

    changed: dict[str, str]
    left: dict[str, str]

    def __str__(self) -> str:
        """Tell it in lines."""
        lines = [f"{name or '(the model)'}: {cls}" for name, cls in self.changed.items()]
        lines += [f"{name or '(the model)'}: left, {why}" for name, why in self.left.items()]
        return "\n".join(lines) or "no recurrent modules"


def accelerate(model: torch.nn.Module) -> Report:
    """Run the recurrent modules of a model on elman's kernels, in place.

    Each torch.nn.RNN, GRU, LSTM, RNNCell, GRUCell and LSTMCell in the model becomes elman.torch's
    class of the same name. It stays the same object with the same parameters: optimisers, hooks,
    tied weights and state dicts are not touched. On a CPU in float32 or float64 it then runs on
    elman's kernels, forward and backward; anything else goes to torch's own code as before.

    Parameters
    ----------
    model : torch.nn.Module

    Returns
    -------
    Report
        What was changed, what was left and why.

    Raises
    ------
    TypeError
        If `model` is no module of torch, or a scripted one.

    Examples
    --------
    >>> import torch
    >>> from elman.torch import accelerate
    >>> model = torch.nn.Sequential(torch.nn.Embedding(100, 8), torch.nn.LSTM(8, 16))
    >>> print(accelerate(model))
    1: LSTM
    >>> model
    Sequential(
      (0): Embedding(100, 8)
      (1): LSTM(8, 16)
    )
    """
    if kernels.backend != "native":
        warnings.warn(
            "accelerate: the native kernels of elman are missing here, and its NumPy reference is "
            "slower than torch; the model is left to torch",
            RuntimeWarning,
            stacklevel=2,
        )
    return _swap(_checked(model), PAIRS)


def restore(model: torch.nn.Module) -> Report:
    """Undo `accelerate`: every elman.torch module in the model becomes torch.nn's again, in place.

    Parameters
    ----------
    model : torch.nn.Module

    Returns
    -------
    Report

    Raises
    ------
    TypeError
        If `model` is no module of torch, or a scripted one.
    """
    return _swap(_checked(model), _BACK)


def _checked(model: Any) -> torch.nn.Module:
    if isinstance(model, torch.jit.ScriptModule):
        fix = "accelerate the model before torch.jit.script"
        raise _check.fail(TypeError, "model", "a torch.nn.Module", "a scripted module", fix)
    if not isinstance(model, torch.nn.Module):
        got = model.__name__ if isinstance(model, type) else type(model).__name__
        fix = "pass the model, not its class" if isinstance(model, type) else ""
        raise _check.fail(TypeError, "model", "a torch.nn.Module", got, fix)
    return model


def _swap(
    model: torch.nn.Module, pairs: dict[type[torch.nn.Module], type[torch.nn.Module]]
) -> Report:
    report = Report({}, {})
    for name, module in _recurrent(model):
        cls = type(module)
        if cls in pairs:
            module.__class__ = pairs[cls]
        elif is_parametrized(module) and cls.__base__ in pairs:
            # torch makes a class of its own for each parametrized module.
            attributes = {
                k: v for k, v in vars(cls).items() if k not in ("__dict__", "__weakref__")
            }
            module.__class__ = type(cls.__name__, (pairs[cls.__base__],), attributes)
        else:
            if cls not in pairs.values() and not (
                is_parametrized(module) and cls.__base__ in pairs.values()
            ):
                report.left[name] = f"{cls.__module__}.{cls.__qualname__} is a class of its own"
            continue
        report.changed[name] = type(module).__name__
    return report


def _recurrent(model: torch.nn.Module) -> Iterator[tuple[str, torch.nn.Module]]:
    """Give the recurrent modules of a model by name, each once."""
    for name, module in model.named_modules():
        if isinstance(module, torch.nn.RNNBase | torch.nn.RNNCellBase):
            yield name, module
