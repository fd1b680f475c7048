"""torch.nn's recurrent modules on elman's kernels."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import partial
from types import FunctionType
from typing import Any

import torch
from torch.nn.modules import rnn as of_torch

from elman.torch import _quick
from elman.torch._calls import calls

Forward = Callable[[Any, Any, Any], Any]


def _on_calls(forward: Any) -> Forward:
    """Return a forward of torch's, with `calls` where its code says ``_VF``.

    So torch's own code checks arguments, makes zeros of a missing state, and takes packed sequences
    apart. The name of its module is left out, as torch's compiler would look ``_VF`` up there.
    """
    scope = {name: value for name, value in vars(of_torch).items() if name != "__name__"}
    code, defaults, closure = forward.__code__, forward.__defaults__, forward.__closure__
    made = FunctionType(code, scope | {"_VF": calls}, "forward", defaults, closure)
    made.__kwdefaults__ = forward.__kwdefaults__
    return made


def on_kernels(cls: type[torch.nn.Module], quick: Forward) -> Any:
    """Return what a class of torch's has as `forward`, on elman's kernels."""
    of_class: Any = cls.forward
    long_way = _on_calls(of_class)

    def forward(self: Any, input: Any, hx: Any = None) -> Any:
        if not torch.compiler.is_compiling():
            found = quick(self, input, hx)
            if found is _quick.TORCH:
                return of_class(self, input, hx)
            if found is not None:
                return found
        return long_way(self, input, hx)

    forward.__doc__ = cls.forward.__doc__
    return forward


class OnKernels:
    """What elman's modules have that torch's lack."""

    def __prepare_scriptable__(self) -> Any:
        """Return what torch.jit.script compiles: torch's own module with the same parameters."""
        made = copy.copy(self)
        made.__class__ = type(self).__bases__[-1]
        return made


class RNN(OnKernels, torch.nn.RNN):
    """torch.nn.RNN; on a CPU, in float32 or float64, it runs on elman's kernels."""

    forward = on_kernels(torch.nn.RNN, _quick.layer)


class GRU(OnKernels, torch.nn.GRU):
    """torch.nn.GRU; on a CPU, in float32 or float64, it runs on elman's kernels."""

    forward = on_kernels(torch.nn.GRU, _quick.layer)


class LSTM(OnKernels, torch.nn.LSTM):
    """torch.nn.LSTM; on a CPU, in float32 or float64, it runs on elman's kernels."""

    forward = on_kernels(torch.nn.LSTM, _quick.layer)


class RNNCell(OnKernels, torch.nn.RNNCell):
    """torch.nn.RNNCell; on a CPU, in float32 or float64, it runs on elman's kernels."""

    forward = on_kernels(torch.nn.RNNCell, partial(_quick.cell, "rnn"))


class GRUCell(OnKernels, torch.nn.GRUCell):
    """torch.nn.GRUCell; on a CPU, in float32 or float64, it runs on elman's kernels."""

    forward = on_kernels(torch.nn.GRUCell, partial(_quick.cell, "gru"))


class LSTMCell(OnKernels, torch.nn.LSTMCell):
    """torch.nn.LSTMCell; on a CPU, in float32 or float64, it runs on elman's kernels."""

    forward = on_kernels(torch.nn.LSTMCell, partial(_quick.cell, "lstm"))
