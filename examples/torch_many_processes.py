"""Train a tagger in several processes on elman's kernels, with torch's DistributedDataParallel.

    torchrun --nproc-per-node 2 examples/torch_many_processes.py

Each process has a part of every batch; their gradients are averaged over gloo. The gradients of the
first step are compared with those of one process that has the whole batch.
"""

from __future__ import annotations

import os

import torch
import torch.distributed
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from elman.torch import accelerate

T, N, WORDS, TAGS = 12, 16, 50, 5


class Tagger(nn.Module):
    """Words (T, N) in, scores of tags (T, N, TAGS) out."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(WORDS, 16)
        self.rnn = nn.LSTM(16, 32, num_layers=2, bidirectional=True)
        self.head = nn.Linear(64, TAGS)

    def forward(self, words: torch.Tensor) -> torch.Tensor:
        """Score the tags of each word."""
        output, _ = self.rnn(self.embedding(words))
        scores: torch.Tensor = self.head(output)
        return scores


def loss_of(model: nn.Module, words: torch.Tensor, tags: torch.Tensor) -> torch.Tensor:
    """Mean cross-entropy of all words."""
    return nn.functional.cross_entropy(model(words).flatten(0, 1), tags.flatten())


def batch(step: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Words, and tags that depend on a word and the one before it."""
    generator = torch.Generator().manual_seed(step)
    words = torch.randint(WORDS, (T, N), generator=generator)
    before = words.roll(1, 0)
    before[0] = 0
    return words, (words + before) % TAGS


def main() -> None:
    """Train, and print the loss and how far the gradients are apart."""
    torch.distributed.init_process_group("gloo")
    rank, processes = torch.distributed.get_rank(), torch.distributed.get_world_size()
    torch.set_num_threads(max(1, (os.cpu_count() or 1) // processes))
    torch.manual_seed(1)
    alone, model = Tagger().double(), Tagger().double()
    model.load_state_dict(alone.state_dict())
    for each in (alone, model):
        accelerate(each)
    parallel = DistributedDataParallel(model)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    mine = slice(rank * N // processes, (rank + 1) * N // processes)
    for step in range(60):
        words, tags = batch(step)
        optimizer.zero_grad()
        loss = loss_of(parallel, words[:, mine], tags[:, mine])
        loss.backward()  # type: ignore[no-untyped-call]
        if step == 0:
            loss_of(alone, words, tags).backward()  # type: ignore[no-untyped-call]
            pairs = zip(model.parameters(), alone.parameters(), strict=True)
            apart = max(float((p.grad - q.grad).abs().max()) for p, q in pairs)  # type: ignore[operator]
            if rank == 0:
                print(f"{processes} processes; gradients apart from one process's: {apart:.1e}")
        optimizer.step()
        if rank == 0 and step % 20 == 19:
            print(f"step {step + 1}: loss {loss.item():.3f}", flush=True)
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main()
