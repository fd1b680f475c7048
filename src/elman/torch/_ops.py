"""The kernels as two operators of torch, ``elman::forward`` and ``elman::backward``.

Operators are what torch's compiler, exporter and transforms take as they are. They are pure: what a
run keeps for its backward is an output of the one and an input of the other, called `workspace`.

Arguments that both have, and the shapes of tensors:

    x            (T, N, I), or (N, T, I) if batch_first; (pairs, I) if there are batch_sizes,
                 and else (N, I) for one step of a cell
    state        h_0 (L·D, N, P), and c_0 (L·D, N, H) of an LSTM; none for zeros; (N, ·) of a cell
    weights      of all layers and directions, in torch's order
    batch_sizes  int64 (T,), how many rows are valid at each step of a packed x, or None
    masks        of dropout between layers, shaped like a layer's output; or none
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from elman._typing import FloatArray, IntArray
from elman.kernels import Masks
from elman.kernels.forms import rows_contiguous
from elman.torch._networks import Options, architecture_of, array_of, network_of, tensors_of

_ARGUMENTS = (
    "Tensor x, Tensor[] state, Tensor[] weights, Tensor? batch_sizes, Tensor[] masks, "
    "str cell, bool has_biases, int num_layers, bool bidirectional, bool batch_first"
)
_RUN = "_elman_run"
"""The attribute of a workspace that holds the run itself, where torch has passed it on as it is."""

library = torch.library.Library("elman", "DEF")
library.define(f"forward({_ARGUMENTS}, bool keep) -> (Tensor, Tensor[], Tensor)")
library.define(
    f"backward({_ARGUMENTS}, Tensor output, Tensor workspace, Tensor? d_output, "
    "Tensor?[] d_state_n, bool of_x) -> (Tensor, Tensor[], Tensor[])"
)


def forward(
    x: Tensor,
    state: Sequence[Tensor],
    weights: Sequence[Tensor],
    batch_sizes: Tensor | None,
    masks: Sequence[Tensor],
    *options_and_keep: Any,
) -> tuple[Tensor, list[Tensor], Tensor]:
    """Return output, the parts of state_n, and the workspace: empty unless keep."""
    *given, keep = options_and_keep
    options = Options(*given)
    call = _Call(options, x, state, batch_sizes, masks)
    found = call.of(network_of(options, weights).run, keep, call.batch_first, call.packed)
    if not keep:
        return call.output(found[0]), call.state_n(found[1]), x.new_empty(0)
    (output, state_n), run = found
    output.flags.writeable = True  # torch itself watches over changes in place
    workspace = torch.from_numpy(run.workspace)
    setattr(workspace, _RUN, run)
    return call.output(output), call.state_n(state_n), workspace


def backward(
    x: Tensor,
    state: Sequence[Tensor],
    weights: Sequence[Tensor],
    batch_sizes: Tensor | None,
    masks: Sequence[Tensor],
    *options_and_more: Any,
) -> tuple[Tensor, list[Tensor], list[Tensor]]:
    """Return d_x, or an empty tensor unless of_x; d_state; and the gradients of the weights."""
    *given, output, workspace, d_output, d_state_n, of_x = options_and_more
    options = Options(*given)
    one_step = x.dim() == 2 and batch_sizes is None
    run = getattr(workspace, _RUN, None)
    if run is None:
        call = _Call(options, x, state, batch_sizes, masks)
        y = array_of(output)
        rest = (y[None] if one_step else y, array_of(workspace))
        run = call.of(network_of(options, weights).resume, call.batch_first, call.packed, *rest)
    d_y, *d_parts = (
        None if d is None else _with_axis(array_of(d), one_step) for d in (d_output, *d_state_n)
    )
    found = run.backward(d_y, _joined(d_parts), None, of_x)
    if found is None:  # as a sum's gradient is one number, told to lie at every place
        d_y, *d_parts = (None if d is None else rows_contiguous(d) for d in (d_y, *d_parts))
        found = run.backward(d_y, _joined(d_parts), None, of_x)
    d_x, d_state, gradients = found
    of_input = torch.from_numpy(d_x[0] if one_step else d_x) if of_x else x.new_empty(0)
    of_state = tensors_of(d_state) if state else []
    if one_step:
        of_state = [part[0] for part in of_state]
    return of_input, of_state, [torch.from_numpy(array) for array in gradients]


class _Call:
    """What both operators read, as the kernels take it."""

    def __init__(
        self,
        options: Options,
        x: Tensor,
        state: Sequence[Tensor],
        batch_sizes: Tensor | None,
        masks: Sequence[Tensor],
    ) -> None:
        self.packed = batch_sizes is not None
        self.one_step = x.dim() == 2 and not self.packed
        self.batch_first = options.batch_first and x.dim() == 3
        parts = [_with_axis(array_of(part), self.one_step) for part in state]
        lengths = None if batch_sizes is None else lengths_of(array_of(batch_sizes))
        arrays = [array_of(mask) for mask in masks]
        if self.batch_first:
            arrays = [array.transpose(1, 0, 2) for array in arrays]
        self.arguments = (
            _with_axis(array_of(x), self.one_step),
            _joined(parts) if parts else None,
            lengths,
            Masks(arrays, None) if arrays else None,
        )

    def of(self, run: Callable[..., Any], *rest: Any) -> Any:
        """Return what a network's `run` or `resume` does of the call."""
        found = run(*self.arguments, *rest)
        if found is not None:
            return found
        x, state, lengths, masks = self.arguments
        parts = state if isinstance(state, tuple) else (state,)
        found = run(
            rows_contiguous(x),
            None if state is None else _joined([rows_contiguous(part) for part in parts]),
            lengths,
            masks and Masks([rows_contiguous(mask) for mask in masks.between or ()], None),
            *rest,
        )
        if found is None:
            raise RuntimeError("elman: the shapes of x, state and weights do not fit")
        return found

    def output(self, array: FloatArray) -> Tensor:
        return torch.from_numpy(array[0] if self.one_step else array)

    def state_n(self, state_n: Any) -> list[Tensor]:
        found = tensors_of(state_n)
        return [part[0] for part in found] if self.one_step else found


def lengths_of(batch_sizes: IntArray) -> IntArray:
    """Return the lengths of packed rows (N,), of how many are valid at each step (T,)."""
    rows = np.arange(batch_sizes[0])
    return len(batch_sizes) - np.searchsorted(batch_sizes[::-1], rows, side="right")


def _with_axis(array: FloatArray, one_step: bool) -> FloatArray:
    """Return an array with the axis of one step, or of one layer and direction."""
    return array[None] if one_step else array


def _joined(parts: Sequence[FloatArray | None]) -> Any:
    return tuple(parts) if len(parts) > 1 else parts[0]


# ---- shapes alone -------------------------------------------------------------------------------


def workspace_values(
    options: Options, weights: Sequence[Tensor], rows: Any, masks: Sequence[Tensor]
) -> Any:
    """Return how long a workspace is; native/network.hpp says what is in it."""
    architecture = architecture_of(options, weights)
    kept = {"gru": 4, "lstm": 5}.get(options.cell, 0) * architecture.hidden_size
    between = (architecture.num_layers - 1) * (2 if masks else 1)
    of_kernels = options.recurrences * _lines(rows * kept)
    return between * _lines(rows * architecture.output_size) + of_kernels


def _lines(values: Any) -> Any:
    return (values + 15) // 16 * 16


def _fake_forward(
    x: Tensor,
    state: Sequence[Tensor],
    weights: Sequence[Tensor],
    batch_sizes: Tensor | None,
    masks: Sequence[Tensor],
    *options_and_keep: Any,
) -> tuple[Tensor, list[Tensor], Tensor]:
    *given, keep = options_and_keep
    options = Options(*given)
    steps = x.shape[:-1]
    rows = steps[0] * steps[1] if x.dim() == 3 else steps[0]
    kept = workspace_values(options, weights, rows, masks) if keep else 0
    architecture = architecture_of(options, weights)
    output = x.new_empty((*steps, architecture.output_size))
    shapes: list[Any] = [part.shape for part in state]
    if not shapes:
        N = steps[0 if options.batch_first or x.dim() == 2 else 1]
        front = (N,) if x.dim() == 2 else (options.recurrences, N)
        shapes = [(*front, size) for size in architecture.state_sizes]
    return output, [x.new_empty(shape) for shape in shapes], x.new_empty(kept)


def _fake_backward(
    x: Tensor,
    state: Sequence[Tensor],
    weights: Sequence[Tensor],
    batch_sizes: Tensor | None,
    masks: Sequence[Tensor],
    *options_and_more: Any,
) -> tuple[Tensor, list[Tensor], list[Tensor]]:
    of_x = options_and_more[-1]
    of_state = [x.new_empty(part.shape) for part in state]
    of_weights = [x.new_empty(weight.shape) for weight in weights]
    return x.new_empty(x.shape if of_x else 0), of_state, of_weights


# ---- registration -------------------------------------------------------------------------------


def _one_by_one(operator: Any) -> Callable[..., Any]:
    """Return the rule of `vmap` for an operator: it runs for one slice after another."""

    def rule(info: Any, in_dims: Any, *arguments: Any) -> Any:
        def take(value: Any, dim: Any, i: int) -> Any:
            if isinstance(value, list | tuple):
                return [take(v, d, i) for v, d in zip(value, dim, strict=True)]
            return value if dim is None else value.select(dim, i)

        slices = [
            operator(*(take(a, d, i) for a, d in zip(arguments, in_dims, strict=True)))
            for i in range(info.batch_size)
        ]
        stacked = tuple(
            [torch.stack(parts) for parts in zip(*of_one, strict=True)]
            if isinstance(of_one[0], list | tuple)
            else torch.stack(of_one)
            for of_one in zip(*slices, strict=True)
        )
        dims = tuple([0] * len(part) if isinstance(part, list) else 0 for part in stacked)
        return stacked, dims

    return rule


library.impl("forward", forward, "CPU")
library.impl("backward", backward, "CPU")
torch.library.register_fake("elman::forward", _fake_forward, lib=library)
torch.library.register_fake("elman::backward", _fake_backward, lib=library)
for _name in ("forward", "backward"):
    _operator = getattr(torch.ops.elman, _name).default
    torch.library.register_vmap(_operator, _one_by_one(_operator), lib=library)
