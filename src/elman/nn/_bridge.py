"""From a vector z to the initial state of recurrent layers, through a linear layer.

Letters: N sequences, L layers, D directions, P size of h, H size of c, Z values of z. The linear
layer gives rows (N, L·D·P), or (N, L·D·(P + H)) for an LSTM: h of each layer and direction, then c.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from elman import _check
from elman._typing import FloatArray
from elman.nn._linear import Linear


def checked_z(bridge: Linear | None, z: Any, x: Any, batch_first: bool) -> Any:
    """Return z as an array with a row for each sequence of x, or None without a bridge.

    Raises
    ------
    ValueError
        If z is missing or not wanted, or its dtype is not the network's.
    RuntimeError
        If its shape is not (N, Z), or (Z,) where x has no batch.
    """
    if bridge is None:
        if z is not None:
            expected = "None, as the network has no bridge"
            raise _check.fail(ValueError, "z", expected, _check.short(z))
        return None
    N = _batch(x, batch_first)
    axes, shape = "(N, Z)" if N else "(Z,)", (*N, bridge.in_features)
    if z is None:
        raise _check.fail(ValueError, "z", f"{axes} = {shape}, for the bridge", "None")
    z = np.asarray(z)
    _check.same_dtype("z", z, bridge.dtype)
    _check.shape("z", z, axes, shape)
    return z


def _batch(x: Any, batch_first: bool) -> tuple[int, ...]:
    """Return (N,), or () without a batch, of x as recurrent layers take it."""
    if isinstance(x, list | tuple):
        return (len(x),)
    batch = np.shape(x)[:-1]
    if len(batch) < 2:
        return ()
    return (batch[0 if batch_first else 1],)


def state(start: FloatArray, layers: int, sizes: tuple[int, ...]) -> Any:
    """Return the state (L·D, N, ·) of the rows `start`, or (L·D, ·) of one row without a batch.

    Parameters
    ----------
    start : array, shape (N, L·D·(P + H)) or (L·D·(P + H),)
    layers : int
        L·D.
    sizes : (P,), or (P, H) for an LSTM
    """
    batch = start.shape[:-1]
    parts = np.split(start, [layers * sizes[0]], axis=-1)[: len(sizes)]
    found = [
        np.moveaxis(part.reshape(*batch, layers, size), -2, 0)
        for part, size in zip(parts, sizes, strict=True)
    ]
    return tuple(found) if len(found) > 1 else found[0]


def start(state: Any) -> FloatArray:
    """Undo `state`."""
    parts = state if isinstance(state, tuple) else (state,)
    by_row = [np.moveaxis(part, 0, -2) for part in parts]
    return np.concatenate(
        [part.reshape(*part.shape[:-2], part.shape[-2] * part.shape[-1]) for part in by_row],
        axis=-1,
    )
