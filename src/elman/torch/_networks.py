"""Packed networks of torch's weights, each kept as long as its weights are alive.

Weights of torch change in place, and not every change raises a tensor's version: those through
``.data``, through a NumPy view or by another process do not. So a network here is made of copies,
and before each use the copies are compared with the weights, byte by byte. That reads the weights
once more, which costs little beside a run that reads them at every step, and nothing stale is used.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from elman import kernels
from elman._typing import FloatArray
from elman.kernels import GATES, Architecture

DTYPES = (torch.float32, torch.float64)
"""What the kernels hold."""


class Options(NamedTuple):
    """What a call is told beside tensors, as torch's own functions are.

    cell : "rnn_tanh", "rnn_relu", "gru" or "lstm"
    has_biases, num_layers, bidirectional : as of a layer
    batch_first : whether x is (N, T, I)
    """

    cell: str
    has_biases: bool
    num_layers: int
    bidirectional: bool
    batch_first: bool

    @property
    def recurrences(self) -> int:
        """L·D."""
        return self.num_layers * (2 if self.bidirectional else 1)

    @property
    def gates(self) -> int:
        """G."""
        return GATES[self.cell]


def architecture_of(options: Options, weights: Sequence[Tensor]) -> Architecture:
    """Return the architecture of a network of these weights, in the order of torch's layers."""
    hidden_size = weights[0].shape[0] // options.gates
    proj_size = weights[1].shape[1] if weights[1].shape[1] != hidden_size else 0
    return Architecture(
        options.cell,
        weights[0].shape[1],
        hidden_size,
        options.num_layers,
        options.bidirectional,
        options.has_biases,
        proj_size,
    )


def worth(options: Options, x: Tensor, packed: bool, first: Tensor) -> bool:
    """Tell whether a run on the kernels is faster than torch's own; docs/torch.md has the figures.

    x is of a layer, of packed sequences, or (N, I) of a cell; `first` is weight_ih_l0.
    """
    if kernels.backend != "native":
        return False
    if packed or (options.cell == "lstm" and x.dim() == 3):
        return True
    if x.dim() == 2:
        return options.cell in ("gru", "lstm") and len(x) >= 8
    return x.shape[0] * x.shape[1] > 1 or first.nbytes <= 2**17


class Entry(NamedTuple):
    """A network, and where its weights were when they were packed.

    The arrays are views, which keep the memory alive: so a weight at the same place has it still.
    """

    owner: weakref.ref[Tensor]
    options: Options
    places: list[Any]
    arrays: list[FloatArray]
    network: Any
    architecture: Architecture


_entries: dict[int, Entry] = {}
"""By the id of a network's first recurrent matrix."""


def known(options: Options, weights: Sequence[Tensor]) -> Entry | None:
    """Return the entry of weights that are where they were; their values may be others."""
    owner = weights[1]
    entry = _entries.get(id(owner))
    if entry is None or entry.owner() is not owner or entry.options != options:
        return None
    return entry if entry.places == _places(weights) else None


def network_of(options: Options, weights: Sequence[Tensor], entry: Entry | None = None) -> Any:
    """Return the network of these weights as they are now, packed anew only if one changed."""
    entry = known(options, weights) if entry is None else entry
    if entry is not None and entry.network.holds(entry.arrays):
        return entry.network
    arrays = entry.arrays if entry is not None else [array_of(weight) for weight in weights]
    architecture = architecture_of(options, weights)
    network = kernels.network(architecture, [array.copy(order="C") for array in arrays])
    owner, key = weights[1], id(weights[1])

    def forget(dead: weakref.ref[Tensor]) -> None:
        if key in _entries and _entries[key].owner is dead:
            del _entries[key]

    _entries[key] = Entry(
        weakref.ref(owner, forget), options, _places(weights), arrays, network, architecture
    )
    return network


def _places(weights: Sequence[Tensor]) -> list[Any]:
    return [(w.data_ptr(), w.dtype, w.shape, w.stride()) for w in weights]


def array_of(tensor: Tensor) -> Any:
    """Return a tensor's memory as an array."""
    return (tensor.detach() if tensor.requires_grad else tensor).numpy()


def tensors_of(state: Any) -> list[Tensor]:
    """Return the parts of a state that the kernels return, as tensors."""
    if isinstance(state, tuple):
        return [torch.from_numpy(part) for part in state]
    return [torch.from_numpy(state)]
