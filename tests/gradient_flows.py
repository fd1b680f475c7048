"""What `elman.gradient_flow` measures: by torch's autograd, and of a unit where it is known."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import torch
from strategies import Array, Options, parts, whole

import elman
from elman import nn
from elman.explaining import GradientFlow


class Expected(NamedTuple):
    """Norms (L·D, T) of one sequence; see GradientFlow."""

    norm: Array
    own_loss: Array
    total_loss: Array


class Step(NamedTuple):
    """One step of one recurrence on the graph.

    after : h, or h and c
    onward : what the layer above reads of h, a tensor of its own so that its gradient is apart
    """

    after: tuple[torch.Tensor, ...]
    onward: torch.Tensor


def by_autograd(options: Options, layer: Any, x: Array, state: Any, d_output: Array) -> Expected:
    """Run torch's layers (T, I) step by step, and differentiate by every state on the way."""
    a, T = layer.architecture, len(x)
    inputs = list(torch.tensor(x))
    steps: list[list[Step]] = []
    for below in range(a.num_layers):
        for direction in range(a.directions):
            k = below * a.directions + direction
            steps.append(recurrence(one_layer(options, layer, k), inputs, state, k, direction))
        lanes = steps[-a.directions :]
        inputs = [torch.cat([lane[t].onward for lane in lanes], dim=1)[0] for t in range(T)]
    loss = (torch.stack(inputs) * torch.tensor(d_output)).sum()
    found = np.zeros((3, a.recurrences, T))
    for k, lane in enumerate(steps):
        last = lane[0 if k % a.directions else T - 1].after
        S = torch.stack([part.sum() for part in last]).sum()
        for t, step in enumerate(lane):
            found[:, k, t] = norm(S, step.after), norm(loss, [step.onward]), norm(loss, step.after)
    return Expected(*found)


def recurrence(
    cell: Any, inputs: list[torch.Tensor], state: Any, k: int, direction: int
) -> list[Step]:
    """Run one step after the other; the steps by t."""
    after = tuple(torch.tensor(part[k][None], requires_grad=True) for part in state)
    found = []
    for x_t in inputs[::-1] if direction else inputs:
        after = parts(cell(x_t[None], whole(after))[1])
        found.append(Step(after, after[0].clone()))
    return found[::-1] if direction else found


def one_layer(options: Options, layer: Any, k: int) -> Any:
    """Return torch's layer of recurrence k alone, forward."""
    a = layer.architecture
    twin = options.torch(
        input_size=a.inputs(k), num_layers=1, bidirectional=False, batch_first=False
    )
    suffix = a.suffixes[k]
    twin.load_state_dict(
        {f"{n}_l0": torch.tensor(getattr(layer, n + suffix)) for n in a.cell_shapes(k)}
    )
    return twin


def norm(value: torch.Tensor, by: Any) -> float:
    gradients = torch.autograd.grad(
        value, by, retain_graph=True, allow_unused=True, materialize_grads=True
    )
    return math.sqrt(sum(float((g**2).sum()) for g in gradients))


def scalar_relu(w: float, T: int) -> GradientFlow:
    """Return the flow of a unit that is never off, h' = w h + 1: each step multiplies with w."""
    rnn = nn.RNN(1, 1, nonlinearity="relu", dtype=np.float64)
    rnn.weight_ih_l0, rnn.weight_hh_l0 = np.zeros((1, 1)), np.full((1, 1), w)
    rnn.bias_ih_l0, rnn.bias_hh_l0 = np.ones(1), np.zeros(1)
    return elman.gradient_flow(rnn, np.zeros((T, 1)))
