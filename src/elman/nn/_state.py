"""Initial states and their gradients as callers pass them, and final ones as they get them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from elman import _check
from elman._typing import FloatArray
from elman.kernels import State
from elman.nn._batch import Batch, rows_contiguous

if TYPE_CHECKING:
    from elman.nn._recurrent import Recurrent


def read(
    layer: Recurrent, state: Any, batch: Batch, default: State, names: str = "{}_0"
) -> State:
    """Return states (L·D, N, ·), one for each part of the layer's state.

    Parameters
    ----------
    layer : Recurrent
    state : array, or (h, c) of an LSTM
    batch : Batch
    default : State
        What None stands for, as a whole or for a part.
    names : str
        What a part is called in an error, {} being h or c.

    Raises
    ------
    TypeError
        If an LSTM's state is no pair.
    ValueError
        If a dtype is not the layer's.
    RuntimeError
        If a shape is not (L·D, N, ·), or (L·D, ·) without a batch.
    """
    if state is None:
        return default
    if len(default) == 1:
        return (_read_part(layer, state, batch, default[0].shape, names.format("h")),)
    if not isinstance(state, tuple | list) or len(state) != 2:
        pair = f"({names.format('h')}, {names.format('c')})"
        got = f"{len(state)} of them" if isinstance(state, tuple | list) else type(state).__name__
        raise _check.fail(TypeError, "state", f"a pair {pair}", got)
    return tuple(
        other if part is None else _read_part(layer, part, batch, other.shape, names.format(letter))
        for part, other, letter in zip(state, default, "hc", strict=True)
    )


def restore(state: State, batch: Batch) -> Any:
    """Give states (L·D, N, ·) the form in which callers pass them."""
    parts = state if batch.batched else tuple(part[:, 0] for part in state)
    return parts if len(parts) > 1 else parts[0]


def _read_part(
    layer: Recurrent, state: Any, batch: Batch, shape: tuple[int, ...], name: str
) -> FloatArray:
    array: FloatArray = np.asarray(state)
    last = "proj_size" if layer.proj_size and name.strip("d_").startswith("h") else "hidden_size"
    axes = f"(num_layers * num_directions, N, {last})"
    expected = shape
    if not batch.batched:
        axes, expected = f"(num_layers * num_directions, {last})", (shape[0], shape[2])
    if array.ndim != len(expected):
        raise _check.fail(
            RuntimeError,
            name,
            f"{axes} = {expected}, {len(expected)}-D",
            f"{array.ndim}-D, shape {array.shape}",
            f"x is {'a batch' if batch.batched else 'one sequence without a batch'}",
        )
    _check.same_dtype(name, array, layer.dtype)
    _check.shape(name, array, axes, expected, _likely_fix(layer, name, array.shape, expected))
    return rows_contiguous(array.reshape(shape))


def _likely_fix(
    layer: Recurrent, name: str, given: tuple[int, ...], expected: tuple[int, ...]
) -> str:
    """Guess what went wrong with a shape that is not `expected`."""
    if len(expected) == 3 and (given[1], given[0], given[2]) == expected:
        return f"{name} is never batch-first"
    if layer.bidirectional and given[0] == layer.num_layers:
        return "a bidirectional layer has a state for each layer and direction"
    if len(expected) == 3 and given[1] != expected[1]:
        return f"N is axis {int(not layer.batch_first)} of x with batch_first={layer.batch_first}"
    return ""
