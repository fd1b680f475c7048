"""The short way for what is called most: plain tensors, and no mode or transform of torch.

torch's own forward, and `elman.torch._calls` behind it, do all that can be asked of a module, in
some hundred calls of Python. A step of a small network takes less time than these. So the common
case is recognised first, in as few calls as will do; whatever is not sure goes the long way.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from elman._typing import FloatArray
from elman.kernels.forms import rows_contiguous
from elman.torch._function import apply_plain, plain
from elman.torch._networks import (
    DTYPES,
    Entry,
    Options,
    architecture_of,
    array_of,
    known,
    network_of,
    tensors_of,
    worth,
)

TORCH = object()
"""Stands for what is not worth a run on the kernels."""

_CELLS = {"RNN_TANH": "rnn_tanh", "RNN_RELU": "rnn_relu", "GRU": "gru", "LSTM": "lstm"}


def layer(module: Any, x: Any, hx: Any) -> Any:
    """Return what a layer's forward returns, None where it is not sure, or TORCH."""
    if type(x) is not Tensor or x.dim() != 3 or not _undisturbed():
        return None
    if module.dropout and module.training and module.num_layers > 1:
        return None
    options = Options(
        _CELLS[module.mode],
        module.bias,
        module.num_layers,
        module.bidirectional,
        module.batch_first,
    )
    weights, parameters = module._flat_weights, module._parameters
    for name, weight in zip(module._flat_weights_names, weights, strict=True):
        if weight is None or parameters.get(name) is not weight:
            return None
    if not worth(options, x, False, weights[0]):
        return TORCH
    entry = known(options, weights) or first_entry(options, weights)
    if entry is None or not _takes(x, entry):
        return None
    T, N = x.shape[:2]
    if options.batch_first:
        T, N = N, T
    state = _state(hx, entry, (options.recurrences, N))
    if state is None or T == 0 or N == 0:
        return None
    output, state_n = _run(entry, x, state, weights)
    return output, tuple(state_n) if len(state_n) > 1 else state_n[0]


def cell(name: str, module: Any, x: Any, hx: Any) -> Any:
    """Return what a cell's forward returns, None where it is not sure, or TORCH."""
    if type(x) is not Tensor or x.dim() != 2 or not _undisturbed():
        return None
    if name == "rnn":
        return TORCH
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")[: 4 if module.bias else 2]
    weights: Any = [module._parameters.get(n) for n in names]
    if any(weight is None for weight in weights):
        return None
    options = Options(name, len(weights) == 4, 1, False, False)
    if not worth(options, x, False, weights[0]):
        return TORCH
    entry = known(options, weights) or first_entry(options, weights)
    if entry is None or not _takes(x, entry):
        return None
    state = _state(hx, entry, (len(x),))
    if state is None or len(x) == 0:
        return None
    _, state_n = _run(entry, x, state, weights)
    return tuple(state_n) if len(state_n) > 1 else state_n[0]


def first_entry(options: Options, weights: Sequence[Tensor]) -> Entry | None:
    """Pack weights met at new places; None if they are not what the kernels hold."""
    dtype = weights[0].dtype
    if dtype not in DTYPES or weights[0].dim() != 2 or weights[1].dim() != 2:
        return None
    shapes = list(architecture_of(options, weights).parameter_shapes().values())
    if [tuple(weight.shape) for weight in weights] != shapes:
        return None
    if not all(w.is_cpu and w.dtype == dtype and w.layout is torch.strided for w in weights):
        return None
    if not all(type(w) in (Tensor, torch.nn.Parameter) for w in weights):
        return None
    network_of(options, weights)
    return known(options, weights)


def _undisturbed() -> bool:
    return (
        plain()
        and not torch.is_autocast_enabled("cpu")
        and torch.autograd.forward_ad._current_level < 0
        and torch._C._get_tracing_state() is None
    )


def _takes(x: Tensor, entry: Entry) -> bool:
    """Tell whether x is a plain tensor of a network's dtype and input size."""
    return (
        x.dtype == entry.places[0][1]
        and x.shape[-1] == entry.architecture.input_size
        and x.is_cpu
        and x.layout is torch.strided
    )


def _state(hx: Any, entry: Entry, front: tuple[int, ...]) -> Sequence[Tensor] | None:
    """Return the parts of a state of shapes (*front, ·), or nothing for zeros; None if unsure."""
    if hx is None:
        return ()
    sizes = entry.architecture.state_sizes
    parts = (hx,) if len(sizes) == 1 else hx
    if type(parts) is not tuple or len(parts) != len(sizes):
        return None
    for part, size in zip(parts, sizes, strict=True):
        if type(part) is not Tensor or part.shape != (*front, size):
            return None
        if part.dtype != entry.places[0][1] or not part.is_cpu or part.layout is not torch.strided:
            return None
    return parts


def _run(
    entry: Entry, x: Tensor, state: Sequence[Tensor], weights: Sequence[Tensor]
) -> tuple[Any, Sequence[Tensor]]:
    """Return output, which is None of a cell without gradients, and the parts of state_n."""
    options = entry.options
    if torch.is_grad_enabled() and any(t.requires_grad for t in (x, *state, *weights)):
        output, _, *state_n = apply_plain(options, (len(state), 0), x, None, *state, *weights)
        return output, state_n
    network = network_of(options, weights, entry)
    array, parts = array_of(x), [array_of(part) for part in state]
    found = _on_arrays(network, options, array, parts)
    if found is None:
        parts = [rows_contiguous(part) for part in parts]
        found = _on_arrays(network, options, rows_contiguous(array), parts)
    if array.ndim == 2:
        return None, tensors_of(found)
    return torch.from_numpy(found[0]), tensors_of(found[1])


def _on_arrays(network: Any, options: Options, x: FloatArray, parts: list[FloatArray]) -> Any:
    state = None if not parts else parts[0] if len(parts) == 1 else tuple(parts)
    if x.ndim == 2:
        return network.cell(x, state)
    return network.run(x, state, None, None, False, options.batch_first)
