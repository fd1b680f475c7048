"""Dropout masks: what a run takes, and how one is drawn in NumPy."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from elman._random import bits_53
from elman._typing import FloatArray


class Masks(NamedTuple):
    """Dropout masks of one run, drawn beforehand.

    between : arrays (T, N, D·P), what the input of layers 1 … L - 1 is multiplied with, or None
    recurrent : arrays (N, P), what h is multiplied with where W_hh takes it, of each of the L·D
        recurrences, or None
    """

    between: list[FloatArray] | None
    recurrent: list[FloatArray] | None


def dropout_mask(
    bits: np.random.MT19937, shape: tuple[int, ...], p: float, dtype: np.dtype[np.floating]
) -> FloatArray:
    """Draw a mask from a bit generator; see `elman.kernels`."""
    if p in (0.0, 1.0):
        return np.full(shape, 1.0 - p, dtype)
    # u < 1 - p for u = bits / 2⁵³; the product is exact.
    kept = bits_53(bits, math.prod(shape)) < np.uint64(math.ceil((1.0 - p) * 2.0**53))
    scale = dtype.type(1.0) / dtype.type(1.0 - p)
    return np.multiply(kept, scale, dtype=dtype).reshape(shape)
