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

import numpy as np
import torch

from elman import kernels
from elman._typing import FloatArray
from elman.kernels import GATES, Architecture


class Options(NamedTuple):
    """What a call is told beside tensors, as torch's own functions are.

    cell : "rnn_tanh", "rnn_relu", "gru" or "lstm"
    has_biases, num_layers, bidirectional : as of a layer
    batch_first : whether x is (N, T, I); a packed x is (pairs, I)
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


def architecture_of(options: Options, weights: Sequence[torch.Tensor]) -> Architecture:
    """Return the architecture of a network of these weights, in the order of torch's layers."""
    hidden_size = weights[0].shape[0] // GATES[options.cell]
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


class _Entry(NamedTuple):
    tensor: weakref.ref[torch.Tensor]
    architecture: Architecture
    network: Any


_entries: dict[int, _Entry] = {}
"""By the id of a network's first recurrent matrix."""


def network_of(options: Options, weights: Sequence[torch.Tensor]) -> Any:
    """Return the network of these weights as they are now, packed anew only if one changed."""
    architecture = architecture_of(options, weights)
    arrays = [contiguous(array_of(weight)) for weight in weights]
    owner = weights[1]
    entry = _entries.get(id(owner))
    if (
        entry is not None
        and entry.tensor() is owner
        and entry.architecture == architecture
        and entry.network.holds(arrays)
    ):
        return entry.network
    network = kernels.network(architecture, [array.copy() for array in arrays])
    key = id(owner)

    def forget(dead: weakref.ref[torch.Tensor]) -> None:
        if key in _entries and _entries[key].tensor is dead:
            del _entries[key]

    _entries[key] = _Entry(weakref.ref(owner, forget), architecture, network)
    return network


def array_of(tensor: torch.Tensor) -> FloatArray:
    """Return a tensor's memory as an array."""
    array: FloatArray = tensor.detach().numpy()
    return array


def contiguous(array: FloatArray) -> FloatArray:
    """Return the array in C order, a copy only if it is not."""
    return array if array.flags.c_contiguous else np.ascontiguousarray(array)
