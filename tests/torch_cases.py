"""Modules of torch and of elman.torch with the same weights, and what they give."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

import elman.torch
from elman.torch import _ops, _quick

LAYERS = ["RNN", "GRU", "LSTM"]
CELLS = ["GRUCell", "LSTMCell"]


def pair(name: str, *sizes: int, **options: Any) -> tuple[Any, Any]:
    """Return torch.nn's module and elman.torch's, of the same weights."""
    of_torch = getattr(nn, name)(*sizes, **options)
    own = getattr(elman.torch, name)(*sizes, **options)
    own.load_state_dict(of_torch.state_dict())
    return of_torch, own


def flat(results: Any) -> list[Tensor]:
    """Return the tensors of what a module returned."""
    if isinstance(results, Tensor):
        return [results]
    if isinstance(results, PackedSequence):
        return [results.data]
    return [tensor for part in results for tensor in flat(part)]


def gradients(module: Any, leaves: list[Tensor], call: Callable[[], Any]) -> list[Tensor]:
    """Return the results, and the gradients of leaves and parameters of a sum of sines of them."""
    results = flat(call())
    loss = sum(result.sin().sum() for result in results)
    wanted = [*leaves, *module.parameters()]
    found = torch.autograd.grad(loss, wanted)
    return [result.detach() for result in results] + list(found)


def apart(these: list[Tensor], those: list[Tensor]) -> float:
    """Return the largest difference, relative to the largest value of each tensor or to one."""
    assert len(these) == len(those)
    return max(
        float((a.double() - b.double()).abs().max() / max(1.0, float(b.abs().max())))
        for a, b in zip(_values(these), _values(those), strict=True)
        if a.numel()
    )


def _values(tensors: list[Tensor]) -> list[Tensor]:
    return [tensor.detach() for tensor in tensors]


@contextmanager
def counted() -> Iterator[list[str]]:
    """Collect a word for each run on the kernels."""
    runs: list[str] = []

    def spy(original: Any) -> Any:
        def network_of(options: Any, *rest: Any) -> Any:
            runs.append(options.cell)
            return original(options, *rest)

        return network_of

    with (
        mock.patch.object(_ops, "network_of", spy(_ops.network_of)),
        mock.patch.object(_quick, "network_of", spy(_quick.network_of)),
    ):
        yield runs


def data_in_place(module: Any) -> None:
    """Change a weight without a word to its version."""
    module.weight_hh_l0.data.mul_(1.5)
