"""What `run` minimises: an objective, which gives batches and their gradients."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

from elman._typing import FloatArray


class Step(NamedTuple):
    """What a batch gives.

    loss : the mean over the batch's targets
    targets : how many there are; the loss of an epoch is the mean over all of them
    gradients : arrays by the names of the network's `state_dict`
    """

    loss: float
    targets: int
    gradients: dict[str, FloatArray]


class Objective(Protocol):
    """What is minimised. It carries nothing from one epoch to the next but what `random` draws."""

    @property
    def steps(self) -> int:
        """How many batches an epoch has."""

    def batches(self) -> Iterator[Any]:
        """Yield the batches of one epoch."""

    def step(self, network: Any, batch: Any) -> Step | None:
        """Return the loss of a batch and its gradients, or None if it has no targets."""

    def fingerprint(self) -> str:
        """Return a digest of the data and of how they are used, for checkpoints."""
