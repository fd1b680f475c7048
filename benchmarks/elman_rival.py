"""elman, as it is measured."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from problems import Array, Problem
from rival import Rival
from threadpoolctl import LibController, ThreadpoolController

import elman

TORCH_FOLDER = "/torch/"


@cache
def elmans_threads() -> list[LibController]:
    """Find the pool of threads that is elman's: OpenMP's, but not the copy that torch brings."""
    return [
        pool
        for pool in ThreadpoolController().lib_controllers
        if pool.user_api == "openmp" and TORCH_FOLDER not in pool.filepath
    ]


class Elman(Rival):
    """elman's layers; a step through a stream."""

    library = "elman"

    def __init__(self, problem: Problem, threads: int) -> None:
        super().__init__(problem, threads)
        if problem.shape.step:
            self._stream = problem.layer.stream(problem.shape.N)
            self._out = np.empty((problem.shape.N, problem.shape.H), problem.dtype)

    @classmethod
    def version(cls) -> str:
        return elman.__version__

    def use_threads(self) -> None:
        for pool in elmans_threads():
            pool.set_num_threads(self.threads)

    def forward(self, times: int) -> Any:
        p, result = self.problem, None
        if p.shape.step:
            x_t, step, out = p.x[0], self._stream.step, self._out
            for _ in range(times):
                step(x_t, out)
            return out
        layer, x, state, lengths = p.layer, p.x, p.state, p.lengths
        for _ in range(times):
            result = layer(x, state, lengths=lengths)
        return result

    def train(self, times: int) -> Any:
        p, result = self.problem, None
        layer, x, state, lengths, d_output = p.layer, p.x, p.state, p.lengths, p.d_output
        for _ in range(times):
            _, backward = layer.vjp(x, state, lengths=lengths)
            result = backward(d_output)
        return result

    def output(self) -> Array:
        if not self.problem.shape.step:
            return np.asarray(self.forward(1)[0])
        self._stream.state = self.problem.state
        return np.asarray(self.forward(1)[None])

    def gradients(self) -> list[Array]:
        found = self.train(1)
        state = found.state if self.problem.cell == "LSTM" else (found.state,)
        return [found.x, *state, *found.parameters.values()]
