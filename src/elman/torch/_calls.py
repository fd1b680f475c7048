"""torch's own functions behind its recurrent modules, which run on elman's kernels where these can.

torch's modules check their arguments in Python and then call ``torch._VF.lstm`` and its like. Here
are functions of the same names and arguments: the one place where elman steps in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import torch
from torch import _VF, Tensor

from elman.torch._function import apply, call_forward, plain
from elman.torch._networks import DTYPES, Options, worth


def _layer(name: str) -> Callable[..., Any]:
    of_torch = getattr(_VF, name)

    def run(*arguments: Any) -> Any:
        if len(arguments) != 9:
            return of_torch(*arguments)
        packed = isinstance(arguments[3], list | tuple)
        x, batch_sizes = arguments[0], arguments[1] if packed else None
        hx, weights, has_biases, num_layers, p, training, bidirectional = (
            arguments[2:] if packed else arguments[1:8]
        )
        batch_first = False if packed else arguments[8]
        state = tuple(hx) if name == "lstm" else (hx,)
        options = Options(name, has_biases, num_layers, bidirectional, batch_first)
        if not (
            takes(x, state, weights)
            and _fits(options, x, state, weights, batch_sizes)
            and (not plain() or worth(options, x, packed, weights[0]))
        ):
            return of_torch(*arguments)
        masks = []
        if training and p and num_layers > 1:
            masks = _masks(options, x, weights, batch_sizes, p)
        output, state_n = _run(options, x, state, weights, batch_sizes, masks)
        return output, *state_n

    run.__name__ = name
    return run


def _cell(name: str) -> Callable[..., Any]:
    of_torch = getattr(_VF, f"{name}_cell")

    def run(x: Tensor, hx: Any, *parameters: Any) -> Any:
        state = tuple(hx) if name == "lstm" else (hx,)
        weights = [parameter for parameter in parameters if parameter is not None]
        if len(weights) not in (2, 4) or not takes(x, state, weights) or x.dim() != 2:
            return of_torch(x, hx, *parameters)
        if any(part.dim() != 2 for part in state):
            return of_torch(x, hx, *parameters)
        options = Options(name, len(weights) == 4, 1, False, False)
        steps, parts = x.unsqueeze(0), [part.unsqueeze(0) for part in state]
        if not _fits(options, steps, parts, weights, None):
            return of_torch(x, hx, *parameters)
        if plain() and not worth(options, x, False, weights[0]):
            return of_torch(x, hx, *parameters)
        _, state_n = _run(options, x, state, weights, None, [])
        return tuple(state_n) if name == "lstm" else state_n[0]

    run.__name__ = f"{name}_cell"
    return run


def _run(
    options: Options,
    x: Tensor,
    state: Sequence[Tensor],
    weights: Sequence[Tensor],
    batch_sizes: Tensor | None,
    masks: Sequence[Tensor],
) -> tuple[Tensor, Sequence[Tensor]]:
    wanted = torch.is_grad_enabled() and any(t.requires_grad for t in (x, *state, *weights))
    if torch.compiler.is_compiling():
        output, state_n, _ = torch.ops.elman.forward(
            x, state, weights, batch_sizes, masks, *options, wanted
        )
        return output, state_n
    if not wanted and plain():
        output, state_n, _ = call_forward(options, x, state, weights, batch_sizes, masks, False)
        return output, state_n
    counts = len(state), len(masks)
    output, _, *state_n = apply(options, counts, x, batch_sizes, *state, *masks, *weights)
    return output, state_n


def takes(x: Any, state: Sequence[Any], weights: Sequence[Any]) -> bool:
    """Tell whether the kernels can run over such tensors, here and now."""
    dtype = getattr(x, "dtype", None)
    if dtype not in DTYPES or torch.is_autocast_enabled("cpu") or not _transforms_covered():
        return False
    for tensor in (x, *state, *weights):
        if (
            not _plain_class(type(tensor))
            or tensor.device.type != "cpu"
            or tensor.dtype != dtype
            or tensor.layout != torch.strided
        ):
            return False
    return torch._C._get_tracing_state() is None


def _plain_class(cls: type) -> bool:
    """Tell whether tensors of a class are torch's own, or stand for such when it traces."""
    return (
        cls is Tensor
        or cls is torch.nn.Parameter
        or torch.compiler.is_compiling()
        or cls.__module__.startswith("torch._subclasses.")
    )


def _transforms_covered() -> bool:
    if torch.autograd.forward_ad._current_level >= 0:
        return False
    if torch.compiler.is_compiling():
        return True
    covered = (torch._C._functorch.TransformType.Vmap, torch._C._functorch.TransformType.Grad)
    stack = torch._C._functorch.get_interpreter_stack()
    return stack is None or all(level.key() in covered for level in stack)


def _fits(
    options: Options,
    x: Tensor,
    state: Sequence[Tensor],
    weights: Sequence[Tensor],
    batch_sizes: Tensor | None,
) -> bool:
    """Tell whether shapes fit; torch says what is wrong with those that do not."""
    if x.dim() != (2 if batch_sizes is not None else 3) or 0 in x.shape:
        return False
    first, recurrent = weights[0], weights[1]
    projected = recurrent.shape[1] * options.gates != recurrent.shape[0]
    per_recurrence = 2 + 2 * options.has_biases + projected
    if len(weights) != options.recurrences * per_recurrence or x.shape[-1] != first.shape[1]:
        return False
    N = state[0].shape[1] if batch_sizes is not None else x.shape[0 if options.batch_first else 1]
    H = recurrent.shape[0] // options.gates
    sizes = (recurrent.shape[1], H)
    return all(
        tuple(part.shape) == (options.recurrences, N, size)
        for part, size in zip(state, sizes, strict=False)
    )


def _masks(
    options: Options, x: Tensor, weights: Sequence[Tensor], batch_sizes: Tensor | None, p: float
) -> list[Tensor]:
    """Draw the masks of dropout between layers as torch draws them, in its order."""
    width = weights[1].shape[1] * (2 if options.bidirectional else 1)
    by_steps = options.batch_first and batch_sizes is None
    shape = (x.shape[1], x.shape[0], width) if by_steps else (*x.shape[:-1], width)
    masks = [
        torch.nn.functional.dropout(x.new_ones(shape), p) for _ in range(options.num_layers - 1)
    ]
    return [mask.transpose(0, 1) for mask in masks] if by_steps else masks


calls = SimpleNamespace(
    **{name: _layer(name) for name in ("rnn_tanh", "rnn_relu", "gru", "lstm")},
    **{f"{name}_cell": _cell(name) for name in ("rnn_tanh", "rnn_relu", "gru", "lstm")},
)
"""What stands in the place of ``torch._VF`` in the code of torch's recurrent modules."""
