"""Time torch's recurrent modules beside the same on elman's kernels, and elman's NumPy layers.

    python benchmarks/torch_modules.py [--only TEXT] [--rounds N] [--output FILE]

The shapes are those of versus.py; then two models end to end, a word language model and a tagger of
packed sentences: a training step with loss, clipping and optimiser, and a prediction. All run in
one process and turn by turn. "Of the gain" is how much of the time that NumPy arrays save reaches a
torch user: (torch - with elman) / (torch - NumPy).
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from elman_rival import Elman
from machine import Probe, describe
from problems import Problem, grid_points
from rival import Rival
from timing import Runner, interleaved
from torch_rival import Torch

from elman.torch import accelerate


class Accelerated(Torch):
    """torch's module after `accelerate`."""

    library = "torch with elman"

    def __init__(self, problem: Problem, threads: int) -> None:
        super().__init__(problem, threads)
        accelerate(self._layer)


class LanguageModel(torch.nn.Module):
    """A word language model in the form of Zaremba et al. 2014: words (T, N) in, scores out."""

    def __init__(self, words: int = 10_000, size: int = 200) -> None:
        super().__init__()
        self.drop = torch.nn.Dropout(0.2)
        self.encoder = torch.nn.Embedding(words, size)
        self.rnn = torch.nn.LSTM(size, size, 2, dropout=0.2)
        self.decoder = torch.nn.Linear(size, words)
        for layer in (self.encoder, self.decoder):
            layer.weight.data.uniform_(-0.1, 0.1)

    def forward(self, words: torch.Tensor, state: Any) -> Any:
        """Score the next word of each."""
        output, state = self.rnn(self.drop(self.encoder(words)), state)
        return self.decoder(self.drop(output)), state


class Tagger(torch.nn.Module):
    """A tagger of sentences: packed words in, scores of tags out."""

    def __init__(self, cell: str = "GRU", words: int = 5000, tags: int = 17) -> None:
        super().__init__()
        self.embedding = torch.nn.Embedding(words, 100)
        self.rnn = getattr(torch.nn, cell)(100, 128, 2, bidirectional=True)
        self.head = torch.nn.Linear(256, tags)

    def forward(self, words: torch.nn.utils.rnn.PackedSequence) -> torch.Tensor:
        """Score the tags of all words, packed."""
        packed = words._replace(data=self.embedding(words.data))
        scores: torch.Tensor = self.head(self.rnn(packed)[0].data)
        return scores


def language_model(fast: bool) -> dict[str, Callable[[], Any]]:
    """Return a training step on 35 words of 20 texts, and a prediction of the next word of one."""
    torch.manual_seed(1)
    model = LanguageModel()
    if fast:
        accelerate(model)
    words = torch.randint(10_000, (36, 20))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    def train() -> float:
        model.train()
        optimizer.zero_grad()
        scores, _ = model(words[:-1], None)
        loss = torch.nn.functional.cross_entropy(scores.flatten(0, 1), words[1:].flatten())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 0.25)
        optimizer.step()
        return loss.item()

    def predict() -> torch.Tensor:
        model.eval()
        with torch.no_grad():
            scores: torch.Tensor = model(words[:, :1], None)[0][-1]
        return scores

    return {"training": train, "forward": predict}


def tagger(fast: bool) -> dict[str, Callable[[], Any]]:
    """Return a training step on 32 sentences of 5 to 40 words, and a prediction for them."""
    torch.manual_seed(1)
    model = Tagger()
    if fast:
        accelerate(model)
    sentences = [torch.randint(5000, (length,)) for length in torch.randint(5, 41, (32,)).tolist()]
    words = torch.nn.utils.rnn.pack_sequence(sentences, enforce_sorted=False)
    tags = words.data % 17
    optimizer = torch.optim.Adam(model.parameters())

    def train() -> float:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(words), tags)
        loss.backward()
        optimizer.step()
        return loss.item()

    def predict() -> torch.Tensor:
        with torch.no_grad():
            found: torch.Tensor = model(words).argmax(-1)
        return found

    return {"training": train, "forward": predict}


def times_of(call: Callable[[], Any]) -> Callable[[int], Any]:
    """Return a function that makes so many calls."""

    def run(times: int) -> None:
        for _ in range(times):
            call()

    return run


def measure_shapes(options: Any) -> list[dict[str, Any]]:
    """Time the layers of the grid."""
    found = []
    for cell, shape, mode in grid_points(options.only):
        problem = Problem(cell, shape)
        rivals: dict[str, Rival] = {
            kind.library: kind(problem, options.threads) for kind in (Torch, Accelerated, Elman)
        }
        values = [r.output() if mode == "forward" else r.gradients()[0] for r in rivals.values()]
        for value in values[1:]:
            np.testing.assert_allclose(value, values[0], atol=2e-4 * np.abs(values[0]).max())
        spreads = interleaved({k: r.runner(mode) for k, r in rivals.items()}, options.rounds)
        seconds = {library: spread.median for library, spread in spreads.items()}
        found.append({"what": f"{cell} {shape.name}", "mode": mode, **seconds})
        print(row(found[-1]), flush=True)
    return found


def measure_models(options: Any) -> list[dict[str, Any]]:
    """Time the models end to end."""
    found = []
    for name, make in {"word language model": language_model, "tagger": tagger}.items():
        plain, fast = make(False), make(True)
        for mode in ("forward", "training"):
            if options.only not in f"{name} {mode}":
                continue
            runners = {
                library: Runner(lambda: torch.set_num_threads(options.threads), times_of(of[mode]))
                for library, of in (("torch", plain), ("torch with elman", fast))
            }
            spreads = interleaved(runners, options.rounds)
            seconds = {library: spread.median for library, spread in spreads.items()}
            found.append({"what": name, "mode": mode, **seconds})
            print(row(found[-1]), flush=True)
    return found


def row(record: dict[str, Any]) -> str:
    """Return a record as a row of the table."""
    of_torch, own = record["torch"], record["torch with elman"]
    text = f"| {record['what']} | {record['mode']} | {1e3 * of_torch:.3g} | {1e3 * own:.3g} "
    text += f"| {of_torch / own:.2f} "
    if "elman" not in record:
        return text + "| | |"
    gain = of_torch - record["elman"]
    share = f"{100 * (of_torch - own) / gain:.0f} %" if gain > 0 and of_torch > 1e-3 else ""
    return text + f"| {of_torch / record['elman']:.2f} | {share} |"


HEAD = (
    "| network (T,N,I,H) | mode | torch, ms | with elman, ms | times as fast "
    "| NumPy face, times as fast | of the gain |\n| --- | --- | --- | --- | --- | --- | --- |"
)


def main() -> None:
    """Measure, print the table and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="measure only what has this in its name")
    parser.add_argument("--rounds", type=int, default=9, help="how many times each is measured")
    parser.add_argument("--threads", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--output", type=Path, default=Path("build/bench/torch_modules.json"))
    options = parser.parse_args()
    machine = describe(Probe(), options.threads)
    print(HEAD)
    records = measure_shapes(options) + measure_models(options)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps({"machine": machine, "records": records}) + "\n")
    slower = [record for record in records if record["torch with elman"] > 1.02 * record["torch"]]
    print(f"\n{len(records)} measured, {len(slower)} slower than torch alone")
    print(options.output)


if __name__ == "__main__":
    main()
