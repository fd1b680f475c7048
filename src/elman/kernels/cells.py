"""One time step of each cell in NumPy, forward beside backward: the equations themselves.

Letters: N batch, I input, H hidden, P projection. `x` is (N, I), `h` (N, H), or (N, P) for an LSTM
with a projection, `c` (N, H), `mask` like h or None. Gates follow one another in torch's order
along the first axis of the weights: i, f, g, o of an LSTM; r, z, n of a GRU. σ is the logistic
function. A step keeps its two sums for whoever explains it: `sum_x`, which is W_ih x + b_ih, and
`sum_h`, which is W_hh h + b_hh, both (N, G·H).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from elman._typing import FloatArray

State: TypeAlias = tuple[FloatArray, ...]
"""(h,), or (h, c) of an LSTM."""


class Weights(NamedTuple):
    """The weights of one layer in one direction; gradients of them have the same form.

    cell : "rnn_tanh", "rnn_relu", "gru" or "lstm", whose gates number G = 1, 1, 3 or 4
    weight_ih (G·H, I), weight_hh (G·H, H or P)
    bias_ih, bias_hh (G·H,) or None
    weight_hr (P, H) or None, for an LSTM alone
    """

    cell: str
    weight_ih: FloatArray
    weight_hh: FloatArray
    bias_ih: FloatArray | None = None
    bias_hh: FloatArray | None = None
    weight_hr: FloatArray | None = None

    @property
    def gates(self) -> int:
        """G."""
        return GATES[self.cell]

    def zeros(self) -> Weights:
        """Return gradients of zeros."""
        arrays: list[Any] = [None if w is None else np.zeros_like(w) for w in self[1:]]
        return Weights(self.cell, *arrays)


GATES = {"rnn_tanh": 1, "rnn_relu": 1, "gru": 3, "lstm": 4}
"""G of each cell."""


class Cell(NamedTuple):
    """A cell's step and its backward.

    forward(weights, x, state, mask) -> (state after the step, the step's values by name)
    backward(weights, step, d_state) -> (d_x, d_state before the step, d_weights)
    values : the type of a step's values by name
    """

    forward: Callable[[Weights, FloatArray, State, FloatArray | None], tuple[State, Any]]
    backward: Callable[[Weights, Any, State], tuple[FloatArray, State, Weights]]
    values: Any


# ---- Elman -------------------------------------------------------------------------------------


class RNNStep(NamedTuple):
    """The values of one step: what came in, the two sums, and the new state."""

    x: FloatArray
    h: FloatArray
    sum_x: FloatArray
    sum_h: FloatArray
    h_next: FloatArray
    mask: FloatArray | None


def rnn_forward(
    w: Weights, x: FloatArray, state: State, mask: FloatArray | None = None
) -> tuple[State, RNNStep]:
    """Elman's cell (Elman 1990), φ being tanh or relu.

    h' = φ(W_ih x + b_ih + W_hh h + b_hh)
    """
    (h,) = state
    sum_x, sum_h = _sums(w, x, h, mask)
    a = sum_x + sum_h
    h_next = np.tanh(a) if w.cell == "rnn_tanh" else np.maximum(a, 0)
    return (h_next,), RNNStep(x, h, sum_x, sum_h, h_next, mask)


def rnn_backward(w: Weights, step: RNNStep, d_state: State) -> tuple[FloatArray, State, Weights]:
    """Through φ' = 1 - h'² or [h' > 0]; the gradient passes where relu's h' is NaN, as in torch."""
    x, h, _, _, h_next, mask = step
    (d_h_next,) = d_state
    if w.cell == "rnn_tanh":
        d_a = d_h_next * (1 - h_next * h_next)
    else:
        d_a = np.where(h_next <= 0, d_h_next.dtype.type(0), d_h_next)
    d_x, d_h, d_w = _affine_backward(w, x, h, d_a, d_a, mask)
    return d_x, (d_h,), d_w


# ---- GRU ---------------------------------------------------------------------------------------


class GRUStep(NamedTuple):
    """The values of one step: what came in, the two sums, the gates, and n_h = W_hn h + b_hn."""

    x: FloatArray
    h: FloatArray
    sum_x: FloatArray
    sum_h: FloatArray
    r: FloatArray
    z: FloatArray
    n: FloatArray
    n_h: FloatArray
    mask: FloatArray | None


def gru_forward(
    w: Weights, x: FloatArray, state: State, mask: FloatArray | None = None
) -> tuple[State, GRUStep]:
    """A gated recurrent unit (Cho et al. 2014), the reset applied after the product as in torch.

    r = σ(W_ir x + b_ir + W_hr h + b_hr)
    z = σ(W_iz x + b_iz + W_hz h + b_hz)
    n = tanh(W_in x + b_in + r (W_hn h + b_hn))
    h' = (1 - z) n + z h
    """
    (h,) = state
    sum_x, sum_h = _sums(w, x, h, mask)
    r_x, z_x, n_x = np.split(sum_x, 3, axis=1)
    r_h, z_h, n_h = np.split(sum_h, 3, axis=1)
    r, z = _sigmoid(r_x + r_h), _sigmoid(z_x + z_h)
    n = np.tanh(n_x + r * n_h)
    return ((1 - z) * n + z * h,), GRUStep(x, h, sum_x, sum_h, r, z, n, n_h, mask)


def gru_backward(w: Weights, step: GRUStep, d_state: State) -> tuple[FloatArray, State, Weights]:
    """Gradients of the sums of x and of h differ in n, whose part of h is multiplied with r."""
    x, h, _, _, r, z, n, n_h, mask = step
    (d_h_next,) = d_state
    d_n = d_h_next * (1 - z) * (1 - n * n)
    d_r = d_n * n_h * r * (1 - r)
    d_z = d_h_next * (h - n) * z * (1 - z)
    d_a_x, d_a_h = np.hstack([d_r, d_z, d_n]), np.hstack([d_r, d_z, d_n * r])
    d_x, d_h, d_w = _affine_backward(w, x, h, d_a_x, d_a_h, mask)
    return d_x, (d_h + d_h_next * z,), d_w


# ---- LSTM --------------------------------------------------------------------------------------


class LSTMStep(NamedTuple):
    """The values of one step: what came in, the sums, the gates, c', and hidden = o tanh(c')."""

    x: FloatArray
    h: FloatArray
    c: FloatArray
    sum_x: FloatArray
    sum_h: FloatArray
    i: FloatArray
    f: FloatArray
    g: FloatArray
    o: FloatArray
    c_next: FloatArray
    hidden: FloatArray
    mask: FloatArray | None


def lstm_forward(
    w: Weights, x: FloatArray, state: State, mask: FloatArray | None = None
) -> tuple[State, LSTMStep]:
    """Long short-term memory (Hochreiter & Schmidhuber 1997), with forget gate (Gers et al. 2000).

    i, f, o = σ(W_i· x + b_i· + W_h· h + b_h·), each with weights of its own
    g = tanh(W_ig x + b_ig + W_hg h + b_hg)
    c' = f c + i g
    h' = o tanh(c'), or W_hr (o tanh(c')) with a projection (Sak et al. 2014)
    """
    h, c = state
    sum_x, sum_h = _sums(w, x, h, mask)
    a_i, a_f, a_g, a_o = np.split(sum_x + sum_h, 4, axis=1)
    i, f, g, o = _sigmoid(a_i), _sigmoid(a_f), np.tanh(a_g), _sigmoid(a_o)
    c_next = f * c + i * g
    hidden = o * np.tanh(c_next)
    h_next = hidden if w.weight_hr is None else hidden @ w.weight_hr.T
    step = LSTMStep(x, h, c, sum_x, sum_h, i, f, g, o, c_next, hidden, mask)
    return (h_next, c_next), step


def lstm_backward(w: Weights, step: LSTMStep, d_state: State) -> tuple[FloatArray, State, Weights]:
    """Through h' to o and c', and through c' to the other gates and c."""
    x, h, c, _, _, i, f, g, o, c_next, hidden, mask = step
    d_h_next, d_c_next = d_state
    d_hidden = d_h_next if w.weight_hr is None else d_h_next @ w.weight_hr
    y = np.tanh(c_next)
    d_c_next = d_c_next + d_hidden * o * (1 - y * y)
    d_a = np.hstack(
        [
            d_c_next * g * i * (1 - i),
            d_c_next * c * f * (1 - f),
            d_c_next * i * (1 - g * g),
            d_hidden * y * o * (1 - o),
        ]
    )
    d_x, d_h, d_w = _affine_backward(w, x, h, d_a, d_a, mask)
    if w.weight_hr is not None:
        d_w = d_w._replace(weight_hr=d_h_next.T @ hidden)
    return d_x, (d_h, d_c_next * f), d_w


CELLS = {
    "rnn_tanh": Cell(rnn_forward, rnn_backward, RNNStep),
    "rnn_relu": Cell(rnn_forward, rnn_backward, RNNStep),
    "gru": Cell(gru_forward, gru_backward, GRUStep),
    "lstm": Cell(lstm_forward, lstm_backward, LSTMStep),
}


def _sums(
    w: Weights, x: FloatArray, h: FloatArray, mask: FloatArray | None
) -> tuple[FloatArray, FloatArray]:
    """W_ih x + b_ih and W_hh h + b_hh."""
    return _affine(x, w.weight_ih, w.bias_ih), _affine(_masked(h, mask), w.weight_hh, w.bias_hh)


def _affine(v: FloatArray, weight: FloatArray, bias: FloatArray | None) -> FloatArray:
    """W v + b of each row v."""
    product: FloatArray = v @ weight.T
    return product if bias is None else product + bias


def _masked(h: FloatArray, mask: FloatArray | None) -> FloatArray:
    """Multiply h with a dropout mask where it meets W_hh (Gal & Ghahramani 2016)."""
    return h if mask is None else h * mask


def _affine_backward(
    w: Weights,
    x: FloatArray,
    h: FloatArray,
    d_a_x: FloatArray,
    d_a_h: FloatArray,
    mask: FloatArray | None,
) -> tuple[FloatArray, FloatArray, Weights]:
    """d_x, d_h and d_weights from the gradients of W_ih x + b_ih and of W_hh h + b_hh."""
    has_bias = w.bias_ih is not None
    d_w = Weights(
        w.cell,
        weight_ih=d_a_x.T @ x,
        weight_hh=d_a_h.T @ _masked(h, mask),
        bias_ih=d_a_x.sum(axis=0) if has_bias else None,
        bias_hh=d_a_h.sum(axis=0) if has_bias else None,
    )
    return d_a_x @ w.weight_ih, _masked(d_a_h @ w.weight_hh, mask), d_w


def _sigmoid(a: FloatArray) -> FloatArray:
    """1 / (1 + e^-a) without overflow."""
    e = np.exp(-np.abs(a))
    sigmoid: FloatArray = np.where(a < 0, e, a.dtype.type(1)) / (1 + e)
    return sigmoid
