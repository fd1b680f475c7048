"""Acceleration of programs that one can't edit: torch's own classes run on elman's kernels."""

from __future__ import annotations

from typing import Any

import torch

from elman.torch._accelerate import PAIRS

_of_torch: dict[type[torch.nn.Module], Any] = {}
"""What torch's classes had as `forward`, while they have elman's."""


def install() -> None:
    """Run all recurrent modules of torch in this process on elman's kernels, from now on.

    torch.nn.RNN, GRU, LSTM and their cells get elman.torch's `forward`: modules that exist already,
    modules still to be made, and subclasses that do not have a `forward` of their own or call
    torch's. Modules stay torch's in all else. `uninstall` undoes it. Calling it again does nothing.

    A program runs so without a change of its own by ``python -m elman.torch program.py``.
    """
    for of_torch, own in PAIRS.items():
        if of_torch not in _of_torch:
            _of_torch[of_torch] = of_torch.forward
            of_torch.forward = own.forward


def uninstall() -> None:
    """Undo `install`."""
    while _of_torch:
        cls, forward = _of_torch.popitem()
        cls.forward = forward
