"""The kernels in C++, with the contract of `elman.kernels`; `reference` specifies them.

The arithmetic, the walk over layers and the checks of what a caller gives are in native/.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from elman._typing import FloatArray
from elman.kernels import _native
from elman.kernels.architecture import Architecture

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_native.after_fork_in_child)
atexit.register(_native.before_exit)

PAIRS_PER_BLOCK: int = _native.PAIRS_PER_BLOCK


def network(
    architecture: Architecture,
    weights: Sequence[FloatArray],
    initial: Sequence[FloatArray] = (),
) -> Any:
    """Make a network; see `elman.kernels`. Weights are packed at the first use, under a lock."""
    single = weights[0].dtype == np.float32
    kind = _native.NetworkFloat32 if single else _native.NetworkFloat64
    return kind(list(weights), list(initial), **architecture._asdict())


def linear(weight: FloatArray, bias: FloatArray | None) -> Any:
    """Make a linear layer; see `elman.kernels`."""
    single = weight.dtype == np.float32
    kind = _native.LinearFloat32 if single else _native.LinearFloat64
    return kind(weight, bias)


def dropout_mask(
    bits: np.random.MT19937, shape: tuple[int, ...], p: float, dtype: np.dtype[np.floating]
) -> FloatArray:
    """Draw a mask from a bit generator; see `elman.kernels`."""
    single = dtype == np.float32
    draw = _native.dropout_mask_float32 if single else _native.dropout_mask_float64
    with bits.lock:
        return draw(bits.capsule, shape, p)


def config() -> dict[str, str | int]:
    """Tell what `elman.show_config` says of this side."""
    return {
        "isa": _native.isa(),
        "threads": _native.threads(),
        "summation_order": _native.SUMMATION_ORDER,
    }
