"""A run as torch's autograd sees it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from elman.torch import _ops
from elman.torch._composite import gradients
from elman.torch._networks import Options


class Run(torch.autograd.Function):
    """Operator forward, whose backward is operator backward, or differentiable where asked for.

    Inputs: options, how many parts of a state and masks there are, x, batch_sizes, then state,
    masks and weights. Outputs: output, the workspace, and the parts of state_n.

    Without modes and transforms, `apply_plain` calls it without torch's Python code for these.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(
        options: Options, counts: tuple[int, int], x: Tensor, batch_sizes: Any, *tensors: Tensor
    ) -> tuple[Tensor, ...]:
        """Run and keep what backward needs."""
        state, masks, weights = _taken_apart(counts, tensors)
        output, state_n, workspace = call_forward(
            options, x, state, weights, batch_sizes, masks, True
        )
        return output, workspace, *state_n

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        """Keep inputs and outputs."""
        ctx.options, ctx.counts, x, batch_sizes, *tensors = inputs
        ctx.set_materialize_grads(False)
        ctx.mark_non_differentiable(output[1])
        ctx.save_for_backward(x, batch_sizes, output[0], output[1], *tensors)

    @staticmethod
    def backward(ctx: Any, *d_outputs: Any) -> Any:
        """Go back through the run."""
        d_output, _, *d_state_n = d_outputs
        x, batch_sizes, output, workspace, *tensors = ctx.saved_tensors
        state, masks, weights = _taken_apart(ctx.counts, tensors)
        options = ctx.options
        if d_output is None and all(part is None for part in d_state_n):
            return (None,) * (4 + len(tensors))
        of_x = ctx.needs_input_grad[2]
        if torch.is_grad_enabled():
            d_x, d_state, d_weights = gradients(
                options, x, state, weights, batch_sizes, masks, d_output, d_state_n
            )
        else:
            d_x, d_state, d_weights = call_backward(
                options, x, state, weights, batch_sizes, masks,
                output, workspace, d_output, d_state_n, of_x,
            )  # fmt: skip
        of_masks = [None] * len(masks)
        return None, None, d_x if of_x else None, None, *d_state, *of_masks, *d_weights


apply: Any = Run.apply
apply_plain: Any = super(torch.autograd.Function, Run).apply


def _taken_apart(
    counts: tuple[int, int], tensors: Sequence[Tensor]
) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
    """Return state, masks and weights."""
    parts, masks = counts
    return (
        list(tensors[:parts]),
        list(tensors[parts : parts + masks]),
        list(tensors[parts + masks :]),
    )


def call_forward(
    options: Options,
    x: Tensor,
    state: Sequence[Tensor],
    weights: Sequence[Tensor],
    batch_sizes: Tensor | None,
    masks: Sequence[Tensor],
    keep: bool,
) -> tuple[Tensor, list[Tensor], Tensor]:
    """Call operator forward, or what it does, which is the same where nobody looks on."""
    run = _ops.forward if plain() else torch.ops.elman.forward
    output, state_n, workspace = run(x, state, weights, batch_sizes, masks, *options, keep)
    return output, state_n, workspace


def call_backward(
    options: Options,
    x: Tensor,
    state: Sequence[Tensor],
    weights: Sequence[Tensor],
    batch_sizes: Tensor | None,
    masks: Sequence[Tensor],
    *more: Any,
) -> tuple[Tensor, list[Tensor], list[Tensor]]:
    """Call operator backward, or what it does."""
    run = _ops.backward if plain() else torch.ops.elman.backward
    d_x, d_state, d_weights = run(x, state, weights, batch_sizes, masks, *options, *more)
    return d_x, d_state, d_weights


def plain() -> bool:
    """Tell whether tensors are plain ones, and no mode or transform of torch looks on."""
    return (
        not torch.compiler.is_compiling()
        and torch._C._len_torch_dispatch_stack() == 0
        and torch._C._functorch.peek_interpreter_stack() is None
    )


def _on_autograd(*arguments: Any) -> Any:
    """Operator forward where gradients may be wanted: the one way into `Run`."""
    x, state, weights, batch_sizes, masks, *given, _ = arguments
    if torch.is_grad_enabled() and any(t.requires_grad for t in (x, *state, *weights)):
        options, counts = Options(*given), (len(state), len(masks))
        output, workspace, *state_n = apply(
            options, counts, x, batch_sizes, *state, *masks, *weights
        )
        return output, state_n, workspace
    with torch._C._AutoDispatchBelowAutograd():
        return torch.ops.elman.forward(*arguments)


_ops.library.impl("forward", _on_autograd, "Autograd")
