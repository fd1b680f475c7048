"""The same run in torch's differentiable operations, for the gradients of gradients.

Nothing is changed in place, so that every transform of torch takes it. It is slow, and used where
a gradient is to be differentiated again, as for a gradient penalty.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import linear

from elman.torch._networks import Options, architecture_of

State = tuple[Tensor, ...]
Step = Callable[[Tensor, Tensor, State], State]


def _elman(nonlinearity: Callable[[Tensor], Tensor]) -> Step:
    return lambda of_x, of_h, state: (nonlinearity(of_x + of_h),)


def _gru(of_x: Tensor, of_h: Tensor, state: State) -> State:
    """Cho et al. 2014, with the reset after the product."""
    r_x, z_x, n_x = of_x.chunk(3, -1)
    r_h, z_h, n_h = of_h.chunk(3, -1)
    r, z = torch.sigmoid(r_x + r_h), torch.sigmoid(z_x + z_h)
    n = torch.tanh(n_x + r * n_h)
    return ((1 - z) * n + z * state[0],)


def _lstm(of_x: Tensor, of_h: Tensor, state: State) -> State:
    """Hochreiter & Schmidhuber 1997; Gers et al. 2000."""
    i, f, g, o = (of_x + of_h).chunk(4, -1)
    c = torch.sigmoid(f) * state[1] + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


_STEPS: dict[str, Step] = {
    "rnn_tanh": _elman(torch.tanh),
    "rnn_relu": _elman(torch.relu),
    "gru": _gru,
    "lstm": _lstm,
}


def _recurrence(
    cell: str, has_biases: bool, steps: Sequence[Tensor], state: State, weights: Sequence[Tensor]
) -> tuple[list[Tensor], State]:
    """Run one layer in one direction over steps (n_t, ·); rows end, or begin, when n_t changes.

    The state has all rows. A step changes those that it has, which are the first ones.
    """
    w_ih, w_hh = weights[:2]
    b_ih, b_hh = weights[2:4] if has_biases else (None, None)
    w_hr = weights[-1] if len(weights) in (3, 5) else None
    outputs = []
    for x in steps:
        rows = len(x)
        now = tuple(part[:rows] for part in state)
        now = _STEPS[cell](linear(x, w_ih, b_ih), linear(now[0], w_hh, b_hh), now)
        if w_hr is not None:
            now = (linear(now[0], w_hr), *now[1:])
        state = tuple(
            new if rows == len(old) else torch.cat([new, old[rows:]])
            for new, old in zip(now, state, strict=True)
        )
        outputs.append(now[0])
    return outputs, state


def composite(
    options: Options,
    x: Tensor,
    state: Sequence[Tensor],
    weights: Sequence[Tensor],
    batch_sizes: Tensor | None,
    masks: Sequence[Tensor],
) -> tuple[Tensor, list[Tensor]]:
    """Return output and the parts of state_n, as ``elman::forward`` does."""
    if x.dim() == 2 and batch_sizes is None:
        parts = [part.unsqueeze(0) for part in state]
        options = options._replace(batch_first=False)
        output, state_n = composite(options, x.unsqueeze(0), parts, weights, None, [])
        return output[0], [part[0] for part in state_n]
    directions = 2 if options.bidirectional else 1
    count = len(weights) // options.recurrences
    time = 1 if options.batch_first and batch_sizes is None else 0
    finals: list[State] = []
    for layer in range(options.num_layers):
        if layer and masks:
            x = x * masks[layer - 1]
        steps = x.unbind(time) if batch_sizes is None else x.split(batch_sizes.tolist())
        outputs = []
        for k in range(layer * directions, (layer + 1) * directions):
            backwards = k % directions == 1
            found, final = _recurrence(
                options.cell,
                options.has_biases,
                steps[::-1] if backwards else steps,
                tuple(part[k] for part in state),
                weights[k * count : (k + 1) * count],
            )
            outputs.append(found[::-1] if backwards else found)
            finals.append(final)
        joined = [torch.cat(parts, -1) for parts in zip(*outputs, strict=True)]
        x = torch.stack(joined, time) if batch_sizes is None else torch.cat(joined)
    return x, [torch.stack(part) for part in zip(*finals, strict=True)]


def _zeros(options: Options, x: Tensor, weights: Sequence[Tensor]) -> list[Tensor]:
    """Return the initial state of a call that gave none."""
    sizes = architecture_of(options, weights).state_sizes
    if x.dim() == 2:
        return [x.new_zeros((len(x), size)) for size in sizes]
    N = x.shape[0 if options.batch_first else 1]
    return [x.new_zeros((options.recurrences, N, size)) for size in sizes]


def gradients(
    options: Options,
    x: Tensor,
    state: Sequence[Tensor],
    weights: Sequence[Tensor],
    batch_sizes: Tensor | None,
    masks: Sequence[Tensor],
    d_output: Tensor | None,
    d_state_n: Sequence[Tensor | None],
) -> tuple[Tensor, list[Tensor], list[Tensor]]:
    """Return d_x, d_state and the gradients of the weights, which can be differentiated again."""
    parts = len(state)
    first = state or _zeros(options, x, weights)

    def run(x: Tensor, *rest: Tensor) -> tuple[Tensor, ...]:
        own = rest[:parts] or first
        output, state_n = composite(options, x, own, rest[parts:], batch_sizes, masks)
        return output, *state_n

    pair: Any = torch.func.vjp(run, x, *state, *weights)
    results, back = pair
    given = (d_output, *d_state_n)
    d_results = tuple(
        torch.zeros_like(y) if d_y is None else d_y for y, d_y in zip(results, given, strict=True)
    )
    d_x, *rest = back(d_results)
    return d_x, rest[:parts], rest[parts:]
