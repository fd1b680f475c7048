"""The same run in torch's own differentiable operations, for the gradients of gradients.

Layer by layer, as masks of dropout between layers are given here and drawn by torch inside.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, _VF

from elman.torch._networks import Options


def composite(
    options: Options,
    x: Tensor,
    state: Sequence[Tensor],
    weights: Sequence[Tensor],
    batch_sizes: Tensor | None,
    masks: Sequence[Tensor],
) -> tuple[Tensor, list[Tensor]]:
    """Return output and the parts of state_n, as ``elman::forward`` does."""
    run = getattr(_VF, options.cell)
    directions = 2 if options.bidirectional else 1
    per_layer = len(weights) // options.num_layers
    found: list[tuple[Tensor, ...]] = []
    # oneDNN's layers have no second derivative.
    with torch.backends.mkldnn.flags(enabled=False):
        for layer in range(options.num_layers):
            if layer and masks:
                x = x * masks[layer - 1]
            rows = slice(layer * directions, (layer + 1) * directions)
            parts = tuple(part[rows] for part in state)
            first = parts if len(parts) > 1 else parts[0]
            own = weights[layer * per_layer : (layer + 1) * per_layer]
            rest = (list(own), options.has_biases, 1, 0.0, False, options.bidirectional)
            if batch_sizes is None:
                x, *parts_n = run(x, first, *rest, options.batch_first)
            else:
                x, *parts_n = run(x, batch_sizes, first, *rest)
            found.append(tuple(parts_n))
    return x, [torch.cat(part) for part in zip(*found, strict=True)]


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
    # Aliases, so that no path outside of this run is followed from one of them to another.
    given = [tensor.view_as(tensor) for tensor in (x, *state, *weights)]
    own_x, own_state, own_weights = (
        given[0],
        given[1 : 1 + len(state)],
        given[1 + len(state) :],
    )
    output, state_n = composite(options, own_x, own_state, own_weights, batch_sizes, masks)
    pairs = [
        (y, d_y)
        for y, d_y in zip((output, *state_n), (d_output, *d_state_n), strict=True)
        if d_y is not None
    ]
    wanted = [tensor for tensor in given if tensor.requires_grad]
    found = iter(
        torch.autograd.grad(
            [y for y, _ in pairs],
            wanted,
            [d_y for _, d_y in pairs],
            create_graph=True,
            allow_unused=True,
            materialize_grads=True,
        )
    )
    all_of_them = [next(found) if t.requires_grad else torch.zeros_like(t) for t in given]
    return (
        all_of_them[0],
        all_of_them[1 : 1 + len(state)],
        all_of_them[1 + len(state) :],
    )
