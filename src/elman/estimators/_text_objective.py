"""What a language model learns from: chunks of parallel streams of one text."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from elman._typing import IntArray
from elman.models._text import BOUNDARY
from elman.nn import Network
from elman.train import Step, cross_entropy
from elman.train._batches import Random

_BLOCK = 2**22


class Chunk(NamedTuple):
    """The same steps of all streams: what is read, what comes next, and whether they begin."""

    x: IntArray
    y: IntArray
    begins: bool


class TextObjective:
    """Truncated backpropagation through time (Williams & Peng 1990) with a carried state.

    The text is read by N streams side by side, which begin at equal distances. They go on for an
    epoch in chunks of T steps. The state is carried from chunk to chunk; gradients are not. Each
    epoch begins a few steps later, as the random numbers say; where there are several documents, at
    the next beginning of one, as a state of zeros is what a document begins with.

    Parameters
    ----------
    numbers : integers, shape (M,), the symbols of the text; may be a memmap
    begins : integers
        Where documents begin, of which there may be one alone.
    N, T : int
    steps : int or None
        How many chunks an epoch has; None is as many as pass over the whole text once.
    random : numpy.random.RandomState
    """

    def __init__(
        self,
        numbers: IntArray,
        N: int,
        T: int,
        steps: int | None,
        random: Random,
        begins: IntArray | None = None,
    ) -> None:
        self._numbers, self._random = numbers, random
        self._begins = np.zeros(1, np.int64) if begins is None else begins
        self._N = max(1, min(N, len(numbers) // 2))
        self._T = min(T, max(1, len(numbers) // self._N))
        self._length = len(numbers) // self._N
        self._whole = steps is None
        self.steps = steps or max(1, self._length // self._T)
        self._state: Any = None

    def batches(self) -> Iterator[Chunk]:
        """Yield the chunks of an epoch, which begins somewhere in the first T steps."""
        spread = self._T if self._whole else self._length
        begin = int(self._random.uniform(0, spread))
        starts: IntArray = np.arange(self._N) * self._length + begin
        M = len(self._numbers)
        if len(self._begins) > 1:
            following = np.searchsorted(self._begins, starts % M) % len(self._begins)
            starts = self._begins[following]
        for c in range(self.steps):
            at = (starts[:, None] + np.arange(c * self._T, (c + 1) * self._T)) % M
            x = np.asarray(self._numbers[at - 1]).astype(np.int64)
            x[at == 0] = BOUNDARY
            yield Chunk(x, np.asarray(self._numbers[at]).astype(np.int64), c == 0)

    def step(self, network: Network, batch: Chunk) -> Step:
        """Return the loss of a chunk and its gradients; carry the state."""
        if batch.begins:
            self._state = None
        embedding: Any = network.embedding
        vectors, embedding_backward = embedding.vjp(batch.x)
        (output, self._state), rnn_backward = network.rnn.vjp(vectors, self._state)
        logits, head_backward = network.head.vjp(output.reshape(-1, output.shape[-1]))
        loss, d_logits = cross_entropy(logits, batch.y.reshape(-1))
        head = head_backward(d_logits)
        rnn = rnn_backward(head.x.reshape(output.shape), None)
        parts = {
            "rnn": rnn.parameters,
            "head": head.parameters,
            "embedding": embedding_backward(rnn.x).parameters,
        }
        gradients = {f"{part}.{n}": g for part, own in parts.items() for n, g in own.items()}
        return Step(loss, batch.y.size, gradients)

    def fingerprint(self) -> str:
        """Return a digest of the text and of how it is cut."""
        found = hashlib.sha256(f"{self._N} {self._T} {self.steps} {self._whole}".encode())
        for start in range(0, len(self._numbers), _BLOCK):
            found.update(np.ascontiguousarray(self._numbers[start : start + _BLOCK]).data)
        return found.hexdigest()
