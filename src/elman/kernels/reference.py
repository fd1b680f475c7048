"""The kernels in NumPy: the specification that the native kernels are held to.

A layer in one direction is its cell (see `elman.kernels.cells`), step after step. Letters: T time
steps, N batch, I input, H hidden, P the size of h: H, or less with a projection.

A row of the batch is frozen after its last valid step: its output is zero there, its final state
is the state after that step, and the reverse direction starts at it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from elman._typing import FloatArray, IntArray
from elman.kernels.cells import CELLS, State, Weights


class Kept(NamedTuple):
    """What `backward` needs of a forward run; steps are (t, rows, what the cell kept)."""

    x: FloatArray
    state: State
    steps: list[tuple[Any, Any, Any]]


def prepare(weights: Weights) -> Weights:
    """Make weights ready for many calls (here there is nothing to do)."""
    return weights


def network(*_: Any) -> None:
    """Return None: a network is run layer by layer."""


def forward(
    weights: Weights,
    x: FloatArray,
    state: State,
    output: FloatArray,
    state_n: State,
    lengths: IntArray | None = None,
    reverse: bool = False,
    keep: bool = False,
    mask: FloatArray | None = None,
) -> Kept | None:
    """Run a layer in one direction.

    Parameters
    ----------
    weights : Weights, as `prepare` returned them
    x : float32 or float64 array, shape (T, N, I)
    state : (h_0,), or (h_0, c_0) of an LSTM; arrays of x's dtype, shapes (N, P) and (N, H)
    output : array of x's dtype, shape (T, N, P)
        Filled with h_t; zero after a row's length.
    state_n : like state
        Filled with the state after each row's last step. May be `state` itself unless `keep`.
    lengths : int64 array, shape (N,), each in [0, T], or None for T
    reverse : bool
        Whether to run from each row's last valid step to its first.
    keep : bool
    mask : array of x's dtype, shape (N, P), or None for ones
        What h is multiplied with, at every step alike, where W_hh takes it.

    Returns
    -------
    What `backward` needs if `keep`, else None.
    """
    step_forward = CELLS[weights.cell].forward
    for part, part_0 in zip(state_n, state, strict=True):
        part[...] = part_0
    output[...] = 0
    steps = []
    for t, rows in _steps(x.shape[0], lengths, reverse):
        state_t = tuple(part[rows].copy() for part in state_n)
        mask_t = None if mask is None else mask[rows]
        state_t, kept = step_forward(weights, x[t, rows], state_t, mask_t)
        for part, part_t in zip(state_n, state_t, strict=True):
            part[rows] = part_t
        output[t, rows] = state_t[0]
        if keep:
            steps.append((t, rows, kept))
    return Kept(x, state, steps) if keep else None


def backward(
    weights: Weights,
    kept: Kept,
    d_output: FloatArray | None,
    d_state_n: State | None,
    d_weights: Weights | None = None,
) -> tuple[FloatArray, State, Weights]:
    """Backpropagate through time (Rumelhart, Hinton & Williams 1986; Werbos 1990).

    Parameters
    ----------
    weights : Weights, as given to `forward`
    kept : as `forward` returned it
    d_output : array, shape (T, N, P), or None for zeros
        Gradient with respect to output; ignored after a row's length.
    d_state_n : like state_n, or None for zeros
    d_weights : Weights, or None for zeros
        Gradients of steps that come later, which these are added to: `d_weights` itself, of which
        both biases' gradients are equal but for GRU's.

    Returns
    -------
    d_x : array, shape (T, N, I); zero after a row's length
    d_state : like state
    d_weights : Weights of the gradients
    """
    step_backward = CELLS[weights.cell].backward
    d_x = np.zeros(kept.x.shape, kept.x.dtype)
    d_state = tuple(np.zeros_like(part) for part in kept.state)
    for part, part_n in zip(d_state, d_state_n or (), strict=False):
        part[...] = part_n
    if d_weights is None:
        d_weights = weights.zeros()
    for t, rows, kept_t in reversed(kept.steps):
        d_state_t = tuple(part[rows] for part in d_state)
        if d_output is not None:
            d_state_t = (d_state_t[0] + d_output[t, rows], *d_state_t[1:])
        d_x[t, rows], d_state_t, d_weights_t = step_backward(weights, kept_t, d_state_t)
        for part, part_t in zip(d_state, d_state_t, strict=True):
            part[rows] = part_t
        for total, term in zip(d_weights[1:], d_weights_t[1:], strict=True):
            if total is not None and term is not None:
                total += term
    return d_x, d_state, d_weights


def _steps(T: int, lengths: IntArray | None, reverse: bool) -> Iterator[tuple[Any, Any]]:
    """Yield, in order of computation, (t, valid rows), to index an array of axes (T, N, …)."""
    for step in range(T):
        if lengths is None:
            yield (T - 1 - step if reverse else step), slice(None)
        else:
            rows = np.flatnonzero(lengths > step)
            yield (lengths[rows] - 1 - step if reverse else step), rows


def config() -> dict[str, str | int]:
    """Tell what `elman.show_config` says of this side."""
    return {"isa": "NumPy's", "threads": 1, "summation_order": "NumPy's"}
