"""The kernels in NumPy: the specification that the native kernels are held to.

Letters: T time steps, N batch, I input, H hidden. One layer in one direction.

A row of the batch is frozen after its last valid step: its output is zero there, its final state
is the state after that step, and the reverse direction starts at it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from elman._typing import FloatArray, IntArray


class ElmanWeights(NamedTuple):
    """What an Elman cell computes with; the gradients of it are returned in the same form.

    weight_ih (H, I), weight_hh (H, H), bias_ih and bias_hh (H,) or None.
    """

    weight_ih: FloatArray
    weight_hh: FloatArray
    bias_ih: FloatArray | None
    bias_hh: FloatArray | None
    nonlinearity: str


def elman_weights(
    weight_ih: FloatArray,
    weight_hh: FloatArray,
    bias_ih: FloatArray | None,
    bias_hh: FloatArray | None,
    nonlinearity: str,
) -> ElmanWeights:
    """Make the weights ready for many calls (here there is nothing to do)."""
    return ElmanWeights(weight_ih, weight_hh, bias_ih, bias_hh, nonlinearity)


class ElmanKept(NamedTuple):
    """What `elman_backward` needs of a forward run: its arguments and its output, no copies."""

    x: FloatArray
    h_0: FloatArray
    output: FloatArray
    lengths: IntArray | None
    reverse: bool


def elman_forward(
    weights: ElmanWeights,
    x: FloatArray,
    state: tuple[FloatArray],
    output: FloatArray,
    state_n: tuple[FloatArray],
    lengths: IntArray | None = None,
    reverse: bool = False,
    keep: bool = False,
) -> ElmanKept | None:
    """Run an Elman layer: h_t = phi(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh) (Elman 1990).

    Parameters
    ----------
    weights : ElmanWeights
        With nonlinearity phi, "tanh" or "relu".
    x : float32 or float64 array, shape (T, N, I)
    state : (h_0,); array of x's dtype, shape (N, H)
    output : array of x's dtype, shape (T, N, H)
        Filled with h_t; zero after a row's length.
    state_n : (h_n,); array of x's dtype, shape (N, H)
        Filled with the state after each row's last step.
    lengths : int64 array, shape (N,), each in [0, T], or None for T
    reverse : bool
        Whether to run from each row's last valid step to its first.
    keep : bool

    Returns
    -------
    What `elman_backward` needs if `keep`, else None.
    """
    (h_0,), (h,) = state, state_n
    h[...] = h_0
    output[...] = 0
    for t, _, rows in _steps(x.shape[0], lengths, reverse):
        a = x[t, rows] @ weights.weight_ih.T + h[rows] @ weights.weight_hh.T
        if weights.bias_ih is not None and weights.bias_hh is not None:
            a += weights.bias_ih + weights.bias_hh
        h[rows] = np.tanh(a) if weights.nonlinearity == "tanh" else np.maximum(a, 0)
        output[t, rows] = h[rows]
    return ElmanKept(x, h_0, output, lengths, reverse) if keep else None


def elman_backward(
    weights: ElmanWeights,
    kept: ElmanKept,
    d_output: FloatArray | None,
    d_state_n: tuple[FloatArray] | None,
) -> tuple[FloatArray, tuple[FloatArray], ElmanWeights]:
    """Backpropagate through time (Rumelhart, Hinton & Williams 1986; Werbos 1990).

    Parameters
    ----------
    weights : ElmanWeights
    kept : ElmanKept
        As `elman_forward` returned it.
    d_output : array, shape (T, N, H), or None for zeros
        Gradient with respect to output; ignored after a row's length.
    d_state_n : (d_h_n,); array, shape (N, H), or None for zeros

    Returns
    -------
    d_x : array, shape (T, N, I); zero after a row's length
    d_state : (d_h_0,); array, shape (N, H)
    d_weights : ElmanWeights of the gradients
    """
    x, h_0, output, lengths, reverse = kept
    d_x = np.zeros(x.shape, x.dtype)
    d_h = np.zeros_like(h_0) if d_state_n is None else d_state_n[0].copy()
    d_weight_ih, d_weight_hh = np.zeros_like(weights.weight_ih), np.zeros_like(weights.weight_hh)
    d_bias = np.zeros_like(weights.weight_hh[:, 0])

    for t, t_before, rows in reversed(list(_steps(x.shape[0], lengths, reverse))):
        h = output[t, rows]
        h_before = h_0[rows] if t_before is None else output[t_before, rows]
        d_h_t = d_h[rows] if d_output is None else d_h[rows] + d_output[t, rows]
        d_a = d_h_t * (1 - h * h) if weights.nonlinearity == "tanh" else d_h_t * (h > 0)

        d_x[t, rows] = d_a @ weights.weight_ih
        d_h[rows] = d_a @ weights.weight_hh
        d_weight_ih += d_a.T @ x[t, rows]
        d_weight_hh += d_a.T @ h_before
        d_bias += d_a.sum(axis=0)

    d_weights = weights._replace(
        weight_ih=d_weight_ih,
        weight_hh=d_weight_hh,
        bias_ih=None if weights.bias_ih is None else d_bias,
        bias_hh=None if weights.bias_hh is None else d_bias.copy(),
    )
    return d_x, (d_h,), d_weights


def _steps(T: int, lengths: IntArray | None, reverse: bool) -> Iterator[tuple[Any, Any, Any]]:
    """Yield, in order of computation, (t, the t before it or None at the first, valid rows).

    Each is ready to index an array whose first axes are (T, N).
    """
    for step in range(T):
        if lengths is None:
            rows: Any = slice(None)
            t: Any = T - 1 - step if reverse else step
        else:
            rows = np.flatnonzero(lengths > step)
            t = lengths[rows] - 1 - step if reverse else np.full(len(rows), step)
        yield t, None if step == 0 else t + (1 if reverse else -1), rows


def config() -> dict[str, str | int]:
    """Tell what `elman.show_config` says of this side."""
    return {"isa": "NumPy's", "threads": 1, "summation_order": "NumPy's"}
