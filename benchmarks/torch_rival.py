"""torch, as it is measured."""

from __future__ import annotations

from typing import Any

import numpy as np
from problems import Array, Problem
from rival import Rival


class Torch(Rival):
    """torch.nn's layers; ragged sequences packed beforehand, which is not timed."""

    library = "torch"

    def __init__(self, problem: Problem, threads: int) -> None:
        import torch

        super().__init__(problem, threads)
        shape = problem.shape
        self._torch = torch
        self._layer = getattr(torch.nn, problem.cell)(
            shape.I,
            shape.H,
            num_layers=shape.layers,
            bidirectional=shape.directions == 2,
            dtype=getattr(torch, problem.dtype.name),
        )
        weights = {k: torch.tensor(v) for k, v in problem.layer.state_dict().items()}
        self._layer.load_state_dict(weights)
        self._x = torch.tensor(problem.x)
        self._d_output = torch.tensor(problem.d_output)
        self._state = [torch.tensor(problem.h_0), torch.tensor(problem.c_0)][: self._parts]
        self._packed = self._x
        if problem.lengths is not None:
            self._packed = self._pack(self._x)
            self._d_output = self._pack(self._d_output).data

    @property
    def _parts(self) -> int:
        return 2 if self.problem.cell == "LSTM" else 1

    def _pack(self, x: Any) -> Any:
        lengths = self._torch.tensor(self.problem.lengths)
        pack = self._torch.nn.utils.rnn.pack_padded_sequence
        return pack(x, lengths, enforce_sorted=False)

    def use_threads(self) -> None:
        self._torch.set_num_threads(self.threads)

    def forward(self, times: int) -> Any:
        layer, x, result = self._layer, self._packed, None
        state = tuple(self._state) if self._parts == 2 else self._state[0]
        with self._torch.inference_mode():
            for _ in range(times):
                result = layer(x, state)
                if self.problem.shape.step:
                    state = result[1]
        return result

    def train(self, times: int) -> Any:
        leaves = [a.detach().requires_grad_() for a in [self._x, *self._state]]
        packed = leaves[0]
        if self.problem.lengths is not None:
            data = self._packed.data.detach().requires_grad_()
            packed = self._torch.nn.utils.rnn.PackedSequence(data, *self._packed[1:])
            leaves[0] = data
        state = tuple(leaves[1:]) if self._parts == 2 else leaves[1]
        leaves += list(self._layer.parameters())
        result = None
        for _ in range(times):
            output, _ = self._layer(packed, state)
            output = output if self.problem.lengths is None else output.data
            result = self._torch.autograd.grad(output, leaves, self._d_output)
        return result

    def _unpack(self, packed: Any) -> Any:
        pad = self._torch.nn.utils.rnn.pad_packed_sequence
        return pad(packed, total_length=self.problem.shape.T)[0]

    def output(self) -> Array:
        output = self.forward(1)[0]
        return np.asarray(output if self.problem.lengths is None else self._unpack(output))

    def gradients(self) -> list[Array]:
        found = list(self.train(1))
        if self.problem.lengths is not None:
            packed = self._torch.nn.utils.rnn.PackedSequence(found[0], *self._packed[1:])
            found[0] = self._unpack(packed)
        return [np.asarray(gradient) for gradient in found]
