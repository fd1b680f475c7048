"""The kernels in C++, with the contract of `elman.kernels.reference`, which specifies them.

What is here packs, allocates and hands over; the arithmetic is in native/.
"""

from __future__ import annotations

import os
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from elman._typing import FloatArray, IntArray
from elman.kernels import _native
from elman.kernels.cells import KEPT_VALUES, State, Weights

os.register_at_fork(after_in_child=_native.after_fork_in_child)

_CELLS = {"rnn_tanh": 0, "rnn_relu": 1, "gru": 2, "lstm": 3}
"""As native/kernel.hpp numbers them."""


class Prepared:
    """Weights packed into panels, those for backward when first asked for."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self.cell = _CELLS[weights.cell]
        hidden_size = weights.weight_ih.shape[0] // weights.gates
        self.kept_values = KEPT_VALUES[weights.cell] * hidden_size
        self.forward = self._pack(transpose=True) + self._pack_biases()

    def __reduce__(self) -> tuple[Any, ...]:
        return prepare, (self.weights,)

    @cached_property
    def backward(self) -> tuple[Any, ...]:
        """weight_ih, weight_hh and weight_hr, untransposed, packed."""
        return self._pack(transpose=False)

    def _pack(self, transpose: bool) -> tuple[Any, ...]:
        w, packed = self.weights, self._packed
        gates = w.gates if transpose else 1
        weight_hr = None if w.weight_hr is None else packed(w.weight_hr, transpose, 1)
        return (
            packed(w.weight_ih, transpose, gates),
            packed(w.weight_hh, transpose, gates),
            weight_hr,
        )

    def _pack_biases(self) -> tuple[Any, Any]:
        """The biases' sum, or one by one for a GRU, whose sums of x and h stay apart."""
        w = self.weights
        if w.bias_ih is None or w.bias_hh is None:
            return None, None
        if w.cell == "gru":
            return self._pack_bias(w.bias_ih), self._pack_bias(w.bias_hh)
        return self._pack_bias(w.bias_ih + w.bias_hh), None

    def _pack_bias(self, bias: FloatArray) -> Any:
        return self._packed(bias[:, None], True, self.weights.gates)

    @property
    def _packed(self) -> Any:
        single = self.weights.weight_ih.dtype == np.float32
        return _native.PackedFloat32 if single else _native.PackedFloat64


class Kept(NamedTuple):
    """What `backward` needs of a forward run: its arguments, its output and the cell's values."""

    x: FloatArray
    state: State
    output: FloatArray
    values: FloatArray | None
    mask: FloatArray | None
    lengths: IntArray | None
    reverse: bool


def prepare(weights: Weights) -> Prepared:
    """Pack weights into panels, for many calls."""
    return Prepared(weights)


def network(
    weights: list[Prepared], directions: int, input_size: int, hidden_size: int, proj_size: int
) -> Any:
    """Gather the weights of all layers and directions, in order, for whole networks in one call.

    Returns
    -------
    object with
        run(x, state, keep) : (output, state_n), or with `keep` ((output, state_n), run)
            `run.backward(d_output, d_state_n)` returns d_x, d_state and the parameters' gradients
            in order.
        step(x_t, h, c, out) : the output of one step of unidirectional layers, `out` or new
            h (L, N, P) and c (L, N, H), of an LSTM, are replaced.

        All take the plain case alone, arrays (T, N, ·), (N, ·) and (L·D, N, ·) that need no
        conversion, and return None for any other.
    """
    single = weights[0].weights.weight_ih.dtype == np.float32
    kind = _native.NetworkFloat32 if single else _native.NetworkFloat64
    bias = weights[0].weights.bias_ih is not None
    sizes = (input_size, hidden_size, proj_size or hidden_size)
    return kind(weights[0].cell, weights, directions, *sizes, bias)


def forward(
    weights: Prepared,
    x: FloatArray,
    state: State,
    output: FloatArray,
    state_n: State,
    lengths: IntArray | None = None,
    reverse: bool = False,
    keep: bool = False,
    mask: FloatArray | None = None,
) -> Kept | None:
    """Run a layer in one direction; as `reference.forward`."""
    values = None
    if keep and weights.kept_values:
        pairs = x.shape[0] * x.shape[1] if lengths is None else int(lengths.sum())
        values = np.empty((pairs, weights.kept_values), x.dtype)
    h_0, c_0 = _split(state)
    h_n, c_n = _split(state_n)
    _native.forward(
        weights.cell, *weights.forward, mask,
        x, h_0, c_0, output, h_n, c_n, values, lengths, reverse,
    )  # fmt: skip
    return Kept(x, state, output, values, mask, lengths, reverse) if keep else None


def backward(
    weights: Prepared,
    kept: Kept,
    d_output: FloatArray | None,
    d_state_n: State | None,
    d_weights: Weights | None = None,
) -> tuple[FloatArray, State, Weights]:
    """Backpropagate through time; as `reference.backward`."""
    w, x = weights.weights, kept.x
    d_x = np.empty(x.shape, x.dtype)
    d_state = tuple(np.empty(part.shape, x.dtype) for part in kept.state)
    if d_weights is None:
        d_weights = w.zeros()
    _, d_weight_ih, d_weight_hh, d_bias, d_bias_hh, d_weight_hr = d_weights
    if d_bias is None:
        d_bias = np.zeros(len(d_weight_hh), x.dtype)
    of_gru = None
    if w.cell == "gru":
        of_gru = np.zeros_like(d_bias) if d_bias_hh is None else d_bias_hh
    _native.backward(
        weights.cell, *weights.backward, kept.mask,
        x, *_split(kept.state), kept.output, kept.values, kept.lengths, kept.reverse,
        d_output, *_split(d_state_n or ()),
        d_x, *_split(d_state), d_weight_ih, d_weight_hh, d_weight_hr, d_bias, of_gru,
    )  # fmt: skip
    if of_gru is None and d_bias_hh is not None:
        d_bias_hh[...] = d_bias
    return d_x, d_state, d_weights


def _split(state: State) -> tuple[FloatArray | None, FloatArray | None]:
    """Return (h, c), None for what there is not."""
    h, c = (*state, None, None)[:2]
    return h, c


def config() -> dict[str, str | int]:
    """Tell what `elman.show_config` says of this side."""
    return {
        "isa": _native.isa(),
        "threads": _native.threads(),
        "summation_order": _native.SUMMATION_ORDER,
    }
