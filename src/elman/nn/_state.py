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


def check_dimensions(layer: Recurrent, state: Any, N: int | None, names: str = "{}_0") -> None:
    """Hold that each part of a state has as many axes as x asks for; N is None without a batch.

    Raises
    ------
    TypeError
        If an LSTM's state is no pair.
    RuntimeError
        If a part has another number of axes.
    """
    parts = _parts(layer, state, names)
    for letter, part, size in zip("hc", parts, layer._state_sizes, strict=False):
        name, LD = names.format(letter), len(layer._suffixes)
        expected = (LD, size) if N is None else (LD, N, size)
        shape = np.shape(part)
        if part is not None and len(shape) != len(expected):
            raise _check.fail(
                RuntimeError,
                name,
                f"{_axes(layer, name, N is not None)} = {expected}, {len(expected)}-D",
                f"{len(shape)}-D, shape {shape}",
                f"x is {'one sequence without a batch' if N is None else 'a batch'}",
            )


def read(layer: Recurrent, state: Any, batch: Batch, default: State, names: str = "{}_0") -> State:
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
    RuntimeError
        If a dtype is not the layer's, or a shape not (L·D, N, ·), or (L·D, ·) without a batch.
    """
    if state is None:
        return default
    check_dimensions(layer, state, batch.x.shape[1] if batch.batched else None, names)
    state = _parts(layer, state, names)
    return tuple(
        other if part is None else _read_part(layer, part, batch, other.shape, names.format(letter))
        for part, other, letter in zip(state, default, "hc", strict=False)
    )


def restore(state: State, batch: Batch) -> Any:
    """Give states (L·D, N, ·) the form in which callers pass them."""
    parts = state if batch.batched else tuple(part[:, 0] for part in state)
    return parts if len(parts) > 1 else parts[0]


def _read_part(
    layer: Recurrent, state: Any, batch: Batch, shape: tuple[int, ...], name: str
) -> FloatArray:
    array = np.asarray(state)
    expected = shape if batch.batched else (shape[0], shape[2])
    _check.same_dtype(name, array, layer.dtype, RuntimeError)
    fix = _likely_fix(layer, name, array.shape, expected)
    _check.shape(name, array, _axes(layer, name, batch.batched), expected, fix)
    return rows_contiguous(array.reshape(shape))


def _parts(layer: Recurrent, state: Any, names: str) -> tuple[Any, ...]:
    """Return (h,), or (h, c) of an LSTM, which must be given as a pair."""
    if len(layer._state_sizes) == 1:
        return (state,)
    if state is None:
        return (None, None)
    if not isinstance(state, tuple | list) or len(state) != 2:
        pair = f"({names.format('h')}, {names.format('c')})"
        got = f"{len(state)} of them" if isinstance(state, tuple | list) else type(state).__name__
        raise _check.fail(TypeError, "state", f"a pair {pair}", got)
    return tuple(state)


def _axes(layer: Recurrent, name: str, batched: bool) -> str:
    """Name the axes of a part of the state."""
    last = "proj_size" if layer.proj_size and "h_" in name else "hidden_size"
    return f"(num_layers * num_directions, {'N, ' if batched else ''}{last})"


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
