"""Initial states and their gradients as callers pass them, checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from elman import _check
from elman._typing import FloatArray
from elman.nn._batch import Batch, rows_contiguous

if TYPE_CHECKING:
    from elman.nn._recurrent import Recurrent


def read(layer: Recurrent, name: str, state: Any, batch: Batch, size: int) -> FloatArray:
    """Return a state of shape (L·D, N, size) from what a caller passed as `name`; None is zeros.

    Raises
    ------
    ValueError
        If its dtype is not the layer's.
    RuntimeError
        If its shape is not (L·D, N, size), or (L·D, size) without a batch.
    """
    LD, N = layer.num_layers * (2 if layer.bidirectional else 1), batch.x.shape[1]
    if state is None:
        return np.zeros((LD, N, size), layer.dtype)
    array: FloatArray = np.asarray(state)
    axes = "(num_layers * num_directions, N, hidden_size)"
    expected: tuple[int, ...] = (LD, N, size)
    if not batch.batched:
        axes, expected = "(num_layers * num_directions, hidden_size)", (LD, size)
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
    return rows_contiguous(array.reshape(LD, N, size))


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
