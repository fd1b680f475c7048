"""How closely a recorded pass agrees with a layer's own kernels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from elman import _check
from elman._typing import FloatArray

TOLERANCE = {np.dtype(np.float32): 1e-5, np.dtype(np.float64): 1e-12}
"""How far the two may differ, by dtype, where values are about 1 and rounding does not grow."""


def difference(recorded: Sequence[FloatArray], given: Sequence[FloatArray]) -> float:
    """Return the largest difference of two lists of arrays of the same shapes.

    Values that are NaN or infinite in one of them are left out if both lists have such values, as
    what follows an overflow depends on the order of a sum. If only one list has them, the
    difference is infinite.
    """
    a, b = (np.concatenate([np.ravel(array) for array in arrays]) for arrays in (recorded, given))
    finite = np.isfinite(a) & np.isfinite(b)
    if np.isfinite(a).all() != np.isfinite(b).all():
        return float("inf")
    apart = np.abs(a[finite].astype(np.float64) - b[finite])
    return float(apart.max(initial=0))


def largest(arrays: Sequence[FloatArray]) -> float:
    """Return the largest finite |value|, at least 1."""
    values = np.concatenate([np.ravel(array) for array in arrays])
    return float(np.abs(values[np.isfinite(values)]).max(initial=1))


def nudged(weight: FloatArray, epsilon: float) -> FloatArray:
    """Return a weight whose values are larger or smaller by `epsilon`, in proportion, by turns."""
    signs = np.where(np.arange(weight.size) % 2, -1, 1).reshape(weight.shape)
    found: FloatArray = (weight * (1 + epsilon * signs)).astype(weight.dtype)
    return found


def growth(recorded: Sequence[FloatArray], again: Sequence[FloatArray], epsilon: float) -> float:
    """Return how many times larger rounding becomes on its way through a network, at least 1.

    `again` is what the same pass records with weights that are `nudged` by `epsilon`. A network of
    large weights may be chaotic: what two exact computations differ by then says nothing of either.
    """
    apart = difference(recorded, again)
    return max(1.0, apart / epsilon) if np.isfinite(apart) else float("inf")


def disagreement(apart: float, allowed: float, layer: Any) -> Exception:
    """Make the error for a recorded pass that is not what the layer computes."""
    return _check.fail(
        RuntimeError,
        "layer",
        f"kernels that agree with the recorded pass to {allowed:.0e}",
        f"a difference of {apart:.0e} for {layer!r}",
        "elman's two computations differ: please report it, with elman.show_config()",
    )
