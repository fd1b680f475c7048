"""torch.nn's recurrent modules on elman's kernels."""

from __future__ import annotations

from types import FunctionType
from typing import Any

import torch
from torch.nn.modules import rnn as of_torch

from elman.torch._calls import calls


def on_kernels(cls: type[torch.nn.Module]) -> Any:
    """Return the `forward` of a class of torch's, with `calls` where its code says ``_VF``."""
    forward: Any = cls.forward
    made = FunctionType(
        forward.__code__,
        {name: v for name, v in vars(of_torch).items() if name != "__name__"} | {"_VF": calls},
        "forward",
        forward.__defaults__,
        forward.__closure__,
    )
    made.__kwdefaults__ = forward.__kwdefaults__
    made.__doc__ = forward.__doc__
    made.__annotations__ = forward.__annotations__
    return made


class RNN(torch.nn.RNN):
    """torch.nn.RNN; on a CPU, in float32 or float64, it runs on elman's kernels."""

    forward = on_kernels(torch.nn.RNN)


class GRU(torch.nn.GRU):
    """torch.nn.GRU; on a CPU, in float32 or float64, it runs on elman's kernels."""

    forward = on_kernels(torch.nn.GRU)


class LSTM(torch.nn.LSTM):
    """torch.nn.LSTM; on a CPU, in float32 or float64, it runs on elman's kernels."""

    forward = on_kernels(torch.nn.LSTM)


class RNNCell(torch.nn.RNNCell):
    """torch.nn.RNNCell; on a CPU, in float32 or float64, it runs on elman's kernels."""

    forward = on_kernels(torch.nn.RNNCell)


class GRUCell(torch.nn.GRUCell):
    """torch.nn.GRUCell; on a CPU, in float32 or float64, it runs on elman's kernels."""

    forward = on_kernels(torch.nn.GRUCell)


class LSTMCell(torch.nn.LSTMCell):
    """torch.nn.LSTMCell; on a CPU, in float32 or float64, it runs on elman's kernels."""

    forward = on_kernels(torch.nn.LSTMCell)
