"""The same network here and in torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import elman
from elman import nn

COLUMNS, H, K = 3, 5, 2


class TorchManyToOne(torch.nn.Module):
    """Recurrent layers, whose last states feed a linear head, of float64."""

    def __init__(self, layer: str, **options: Any) -> None:
        super().__init__()
        make = getattr(torch.nn, layer)
        self.rnn = make(COLUMNS, H, batch_first=True, dtype=torch.float64, **options)
        self.D = 2 if self.rnn.bidirectional else 1
        features = self.D * (self.rnn.proj_size or H)
        self.head = torch.nn.Linear(features, K, dtype=torch.float64)

    def forward(self, sequences: list[np.ndarray[Any, Any]]) -> torch.Tensor:
        packed = torch.nn.utils.rnn.pack_sequence(
            [torch.tensor(sequence) for sequence in sequences], enforce_sorted=False
        )
        _, state_n = self.rnn(packed)
        h_n = state_n[0] if isinstance(state_n, tuple) else state_n
        output: torch.Tensor = self.head(torch.cat(list(h_n[-self.D :]), dim=1))
        return output


@pytest.fixture
def make() -> Callable[..., nn.Network]:
    """Return the function that makes a network of I = 3, H = 5, K = 2 from a seed and options."""

    def make(
        seed: int = 1, dtype: Any = np.float64, layer: str = "RNN", **options: Any
    ) -> nn.Network:
        elman.manual_seed(seed)
        rnn = getattr(nn, layer)(COLUMNS, H, dtype=dtype, **{"batch_first": True} | options)
        features = (rnn.proj_size or H) * (2 if rnn.bidirectional else 1)
        return nn.Network(rnn, nn.Linear(features, K, dtype=dtype))

    return make


@pytest.fixture
def make_torch() -> Callable[..., TorchManyToOne]:
    """Return the function that makes it in torch."""

    def make(seed: int = 1, layer: str = "RNN", **options: Any) -> TorchManyToOne:
        torch.manual_seed(seed)
        return TorchManyToOne(layer, **options)

    return make


@pytest.fixture
def draw() -> Callable[..., list[np.ndarray[Any, Any]]]:
    """Return the function that draws sequences of given lengths."""

    def draw(lengths: Any, seed: int = 0) -> list[np.ndarray[Any, Any]]:
        random = np.random.default_rng(seed)
        return [random.normal(size=(T, COLUMNS)) for T in lengths]

    return draw
