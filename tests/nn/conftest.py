"""The same layer in torch, to compare with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from elman import nn


def _torch_twin(rnn: nn.RNN, arguments: dict[str, Any]) -> torch.nn.RNN:
    twin = torch.nn.RNN(**{**arguments, "dtype": torch.float64})
    twin.load_state_dict({name: torch.tensor(p) for name, p in rnn.named_parameters()})
    return twin.train(rnn.training)


@pytest.fixture(scope="session")
def torch_twin() -> Callable[[nn.RNN, dict[str, Any]], torch.nn.RNN]:
    """Return the function that makes torch's layer of the same weights and arguments, in float64.

    In float64 torch's own rounding is out of the way: what differs is elman's error.
    """
    return _torch_twin
