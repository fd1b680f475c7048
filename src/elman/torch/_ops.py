"""The kernels as two operators of torch, ``elman::forward`` and ``elman::backward``.

Operators are what torch's compiler, exporter and transforms take as they are. They are pure: what a
run keeps for its backward is an output of the one and an input of the other, called `workspace`.

Arguments that both have, and the shapes of tensors:

    x            (T, N, I), or (N, T, I) if batch_first, or (pairs, I) if packed
    state        h_0 (L·D, N, P), and c_0 (L·D, N, H) of an LSTM
    weights      of all layers and directions, in torch's order
    batch_sizes  int64 (T,), how many rows are valid at each step of a packed x, or None
    masks        of dropout between layers, (T, N, D·P) or (pairs, D·P); or none
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from elman._typing import FloatArray, IntArray
from elman.kernels import Masks
from elman.kernels.forms import rows_contiguous
from elman.torch._networks import Options, architecture_of, array_of, contiguous, network_of

_ARGUMENTS = (
    "Tensor x, Tensor[] state, Tensor[] weights, Tensor? batch_sizes, Tensor[] masks, "
    "str cell, bool has_biases, int num_layers, bool bidirectional, bool batch_first"
)

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
    found = call.of(network_of(options, weights).run, keep)
    if not keep:
        return _tensor(found[0]), _tensors(found[1]), x.new_empty(0)
    (output, state_n), run = found
    output.flags.writeable = True  # torch itself watches over changes in place
    return _tensor(output), _tensors(state_n), _tensor(run.workspace)


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
    call = _Call(options, x, state, batch_sizes, masks)
    network = network_of(options, weights)
    run = network.resume(
        *call.arguments(), options.batch_first, call.packed, array_of(output), array_of(workspace)
    )
    d_parts = [None if part is None else rows_contiguous(array_of(part)) for part in d_state_n]
    d_y = None if d_output is None else rows_contiguous(array_of(d_output))
    d_x, d_state, gradients = run.backward(d_y, _state(d_parts), of_x=of_x)
    of_input = _tensor(d_x) if of_x else x.new_empty(0)
    return of_input, _tensors(d_state), [torch.from_numpy(array) for array in gradients]


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
        self.x = rows_contiguous(array_of(x))
        self.state = _state([rows_contiguous(array_of(part)) for part in state])
        self.lengths = None if batch_sizes is None else lengths_of(array_of(batch_sizes))
        arrays = [_time_first(options, self.packed, mask) for mask in masks]
        self.masks = Masks(arrays, None) if arrays else None
        self.batch_first = options.batch_first

    def arguments(self) -> tuple[Any, Any, Any, Any]:
        """x, state, lengths and masks."""
        return self.x, self.state, self.lengths, self.masks

    def of(self, run: Any, keep: bool) -> Any:
        """Return what a network's `run` does of the call."""
        found = run(*self.arguments(), keep, self.batch_first, self.packed)
        if found is None:
            raise RuntimeError("elman::forward: the shapes of x, state and weights do not fit")
        return found


def _time_first(options: Options, packed: bool, mask: Tensor) -> FloatArray:
    """Return a mask (T, N, D·P), which is given as x is."""
    array = rows_contiguous(array_of(mask))
    return array.transpose(1, 0, 2) if options.batch_first and not packed else array


def lengths_of(batch_sizes: IntArray) -> IntArray:
    """Return the lengths of packed rows (N,), of how many are valid at each step (T,)."""
    rows = np.arange(batch_sizes[0])
    return len(batch_sizes) - np.searchsorted(batch_sizes[::-1], rows, side="right")


def _state(parts: list[FloatArray | None]) -> Any:
    return tuple(parts) if len(parts) > 1 else parts[0]


def _tensor(array: FloatArray) -> Tensor:
    return torch.from_numpy(array)


def _tensors(state: Any) -> list[Tensor]:
    parts = state if isinstance(state, tuple) else (state,)
    return [torch.from_numpy(part) for part in parts]


# ---- shapes alone -------------------------------------------------------------------------------


def workspace_values(
    options: Options, weights: Sequence[Tensor], rows: Any, masks: Sequence[Tensor]
) -> Any:
    """Return how long a workspace is; native/network.hpp says what is in it."""
    architecture = architecture_of(options, weights)
    layers = architecture.num_layers - 1
    kept = {"gru": 4, "lstm": 5}.get(options.cell, 0) * architecture.hidden_size
    between = layers * (2 if masks else 1)
    return between * _lines(rows * architecture.output_size) + options.recurrences * _lines(
        rows * kept
    )


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
    rows = steps[0] if batch_sizes is not None else steps[0] * steps[1]
    kept = workspace_values(options, weights, rows, masks) if keep else 0
    output = x.new_empty((*steps, architecture_of(options, weights).output_size))
    return output, [x.new_empty(part.shape) for part in state], x.new_empty(kept)


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


def _one_by_one(operator: Any) -> Any:
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
