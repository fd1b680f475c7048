"""Training as elman does it and as a plain loop of torch does: the same weights, the same batches.

A task has a network and batches. Both sides make a step for each batch: forward, loss, gradients,
clipping to a norm of 1, Adam. torch's batches are tensors before it is timed; sequences of
different lengths are padded, or packed, whichever it takes less time for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from elman import Generator, nn, train
from elman.estimators._text_objective import Chunk, TextObjective
from elman.train import Step
from elman.train._run import Rate, _epoch

RATE, CLIP = 1e-3, 1.0


class Task(NamedTuple):
    """What is trained.

    name : str
    layer : "RNN", "GRU" or "LSTM"
    make : function that makes the network
    batches : of one epoch: x, lengths or None, targets
    loss : of rows of outputs and targets
    """

    name: str
    layer: str
    make: Callable[[], nn.Network]
    batches: list[tuple[Any, Any, Any]]
    loss: Any


def tasks(layer: str) -> Iterator[Task]:
    """Yield all tasks with a layer of one kind."""
    yield _japanese_vowels(layer)
    yield _adding_problem(layer)
    yield _language_model(layer, "language model", H=256, N=64, T=128, batches=4)
    yield _language_model(layer, "large language model", H=1024, N=64, T=64, batches=1)


def _japanese_vowels(layer: str) -> Task:
    """RNNClassifier's: 270 sequences of 7 to 26 steps of 12 values, nine classes, 64 units."""
    from elman.datasets import load_japanese_vowels
    from elman.estimators import SequenceScaler
    from elman.train import Sequences, bucket_batches

    data = load_japanese_vowels()
    X = [x.astype(np.float32) for x in SequenceScaler().fit_transform(data.X_train)]
    y = np.unique(data.y_train, return_inverse=True)[1]
    sequences = Sequences.checked(X)
    random = np.random.default_rng(0)
    batches = []
    for rows in bucket_batches(sequences.lengths, 16, random):
        x, lengths = sequences.pad(rows)
        if lengths is not None:
            x = np.where((np.arange(x.shape[1]) < lengths[:, None])[..., None], x, np.float32(0))
        batches.append((x, lengths, y[rows]))
    make = _network(layer, 12, 64, 9, "last")
    return Task("Japanese Vowels", layer, make, batches, train.cross_entropy)


def _adding_problem(layer: str, T: int = 200, N: int = 50) -> Task:
    """200 steps of two values, one number to tell, 64 units, batches of 50."""
    random = np.random.default_rng(0)
    batches = []
    for _ in range(10):
        x = np.zeros((N, T, 2), np.float32)
        x[:, :, 0] = random.random((N, T))
        first, second = random.integers(0, T // 2, N), random.integers(T // 2, T, N)
        rows = np.arange(N)
        x[rows, first, 1] = x[rows, second, 1] = 1
        y = x[rows, first, 0] + x[rows, second, 0]
        batches.append((x, None, y[:, None]))
    make = _network(layer, 2, 64, 1, "last")
    return Task("adding problem", layer, make, batches, train.squared_error)


def _language_model(layer: str, name: str, *, H: int, N: int, T: int, batches: int) -> Task:
    """N streams of 65 symbols, which chunks of T steps follow; the state is carried on."""
    random = np.random.default_rng(0)
    symbols = random.integers(0, 65, (N, T * batches + 1))
    found = [
        (symbols[:, start : start + T], None, symbols[:, start + 1 : start + T + 1].reshape(-1))
        for start in range(0, T * batches, T)
    ]
    make = _network(layer, 64, H, 65, "every", symbols=65)
    return Task(f"{name}, H = {H}", layer, make, found, train.cross_entropy)


def _network(
    layer: str, I: int, H: int, outputs: int, reads: Any, symbols: int = 0
) -> Callable[[], nn.Network]:
    def make() -> nn.Network:
        generator = Generator(0)
        rnn = getattr(nn, layer)(I, H, batch_first=True, generator=generator)
        head = nn.Linear(H, outputs, generator=generator)
        embedding = nn.Embedding(symbols, I, generator=generator) if symbols else None
        return nn.Network(rnn, head, embedding, reads=reads)

    return make


class Elman:
    """elman's training loop on a task's batches."""

    def __init__(self, task: Task) -> None:
        self.task, self.network = task, task.make()
        self.losses: list[float] = []
        self.steps = len(task.batches)
        self._optimizer = train.Adam(RATE)
        self._rate = Rate(self._optimizer, None, self.steps)
        self._text = TextObjective(np.zeros(4, np.int64), 1, 1, 1, np.random.default_rng(0))
        self._begins = True

    def run(self, epochs: int) -> None:
        for _ in range(epochs):
            self._begins = True
            _epoch(self.network.train(), self, self._optimizer, self._rate, CLIP)

    def batches(self) -> Iterator[Any]:
        yield from self.task.batches

    def step(self, network: Any, batch: Any) -> Step:
        x, lengths, y = batch
        if network.embedding is None:
            output, backward = network.rows_vjp(x, lengths=lengths, of_x=False)
            loss, d_output = self.task.loss(output, y)
            gradients = backward(d_output).parameters
        else:
            # What RNNLanguageModel does: the state goes on from batch to batch.
            found = self._text.step(network, Chunk(x, y.reshape(x.shape), self._begins))
            loss, gradients = found.loss, found.gradients
            self._begins = False
        self.losses.append(loss)
        return Step(loss, len(y), gradients)

    def fingerprint(self) -> str:
        return self.task.name


class Torch:
    """A plain loop of torch on a task's batches.

    Parameters
    ----------
    task : Task
    threads : int
    packed : bool
        Whether batches of different lengths are packed, or padded.
    """

    def __init__(self, task: Task, threads: int, packed: bool = False) -> None:
        import torch

        self._torch, self.task, self._threads, self._packed = torch, task, threads, packed
        source = task.make()
        rnn = getattr(torch.nn, task.layer)(
            source.rnn.input_size, source.rnn.hidden_size, batch_first=True
        )
        parts = {
            "rnn": rnn,
            "head": torch.nn.Linear(source.head.in_features, source.head.out_features),
        }
        if source.embedding is not None:
            parts["embedding"] = torch.nn.Embedding(*source.embedding.weight.shape)
        self._model = torch.nn.ModuleDict(parts)
        self._model.load_state_dict({k: torch.tensor(v) for k, v in source.state_dict().items()})
        self._optimizer = torch.optim.Adam(self._model.parameters(), lr=RATE, fused=True)
        self._batches = [self._tensors(*batch) for batch in task.batches]
        self.losses: list[float] = []

    def _tensors(self, x: Any, lengths: Any, y: Any) -> tuple[Any, Any, Any]:
        torch = self._torch
        x, y = torch.tensor(x), torch.tensor(y)
        if lengths is None:
            return x, None, y
        lengths = torch.tensor(lengths)
        if self._packed:
            pack = torch.nn.utils.rnn.pack_padded_sequence
            return pack(x, lengths, batch_first=True, enforce_sorted=False), None, y
        return x, lengths - 1, y

    def run(self, epochs: int) -> None:
        torch, functional = self._torch, self._torch.nn.functional
        torch.set_num_threads(self._threads)
        model, classes = self._model, self.task.loss is train.cross_entropy
        loss_of = functional.cross_entropy if classes else functional.mse_loss
        for _ in range(epochs):
            state = None
            for x, last, y in self._batches:
                if "embedding" in model:
                    output, state = model["rnn"](model["embedding"](x), state)
                    state = (
                        tuple(s.detach() for s in state)
                        if isinstance(state, tuple)
                        else state.detach()
                    )
                    output = model["head"](output.reshape(-1, output.shape[-1]))
                elif last is not None:
                    output, _ = model["rnn"](x)
                    output = model["head"](output[torch.arange(len(last)), last])
                else:
                    _, end = model["rnn"](x)
                    output = model["head"]((end[0] if isinstance(end, tuple) else end)[-1])
                loss = loss_of(output, y)
                self._optimizer.zero_grad(set_to_none=True)
                loss.backward()
                torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
                self._optimizer.step()
                self.losses.append(loss.item())
