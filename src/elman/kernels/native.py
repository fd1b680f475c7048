"""The kernels in C++, with the contract of `elman.kernels.reference`, which specifies them.

What is here allocates and hands over; the arithmetic is in native/.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from elman._typing import FloatArray, IntArray
from elman.kernels import _native, reference
from elman.kernels.reference import ElmanKept

os.register_at_fork(after_in_child=_native.after_fork_in_child)

_BIAS_MULTIPLE = 16
"""The kernels read a bias in whole vectors, of which this is the widest."""


class ElmanWeights:
    """Weights packed into panels, those for backward when first asked for."""

    __slots__ = ("_backward", "bias", "forward", "reference", "relu")

    def __init__(self, weights: reference.ElmanWeights) -> None:
        self.reference = weights
        self.relu = weights.nonlinearity == "relu"
        self.bias = None
        if weights.bias_ih is not None and weights.bias_hh is not None:
            H = len(weights.bias_ih)
            self.bias = np.zeros(-(-H // _BIAS_MULTIPLE) * _BIAS_MULTIPLE, weights.bias_ih.dtype)
            np.add(weights.bias_ih, weights.bias_hh, out=self.bias[:H])
        self.forward = self._pack(transpose=True)
        self._backward: tuple[Any, Any] | None = None

    @property
    def backward(self) -> tuple[Any, Any]:
        """The untransposed weights, packed."""
        if self._backward is None:
            self._backward = self._pack(transpose=False)
        return self._backward

    def _pack(self, transpose: bool) -> tuple[Any, Any]:
        weight_ih, weight_hh = self.reference.weight_ih, self.reference.weight_hh
        packed = _native.PackedFloat32 if weight_ih.dtype == np.float32 else _native.PackedFloat64
        return packed(weight_ih, transpose), packed(weight_hh, transpose)


def elman_weights(*weights: Any) -> ElmanWeights:
    """Pack weights into panels; arguments as `reference.elman_weights`."""
    return ElmanWeights(reference.elman_weights(*weights))


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
    """Run an Elman layer; as `reference.elman_forward`."""
    _native.elman_forward(
        *weights.forward,
        weights.bias,
        weights.relu,
        x,
        state[0],
        output,
        state_n[0],
        lengths,
        reverse,
    )
    return ElmanKept(x, state[0], output, lengths, reverse) if keep else None


def elman_backward(
    weights: ElmanWeights,
    kept: ElmanKept,
    d_output: FloatArray | None,
    d_state_n: tuple[FloatArray] | None,
) -> tuple[FloatArray, tuple[FloatArray], reference.ElmanWeights]:
    """Backpropagate through time; as `reference.elman_backward`."""
    d_x, d_h_0 = np.empty(kept.x.shape, kept.x.dtype), np.empty(kept.h_0.shape, kept.x.dtype)
    d_weight_ih = np.empty_like(weights.reference.weight_ih)
    d_weight_hh = np.empty_like(weights.reference.weight_hh)
    d_bias = np.empty(len(d_weight_hh), kept.x.dtype)
    d_h_n = None if d_state_n is None else d_state_n[0]
    _native.elman_backward(
        *weights.backward,
        weights.relu,
        *kept,
        d_output,
        d_h_n,
        d_x,
        d_h_0,
        d_weight_ih,
        d_weight_hh,
        d_bias,
    )
    d_weights = weights.reference._replace(
        weight_ih=d_weight_ih,
        weight_hh=d_weight_hh,
        bias_ih=None if weights.bias is None else d_bias,
        bias_hh=None if weights.bias is None else d_bias.copy(),
    )
    return d_x, (d_h_0,), d_weights


def config() -> dict[str, str | int]:
    """Tell what `elman.show_config` says of this side."""
    return {
        "isa": _native.isa(),
        "threads": _native.threads(),
        "summation_order": _native.SUMMATION_ORDER,
    }
