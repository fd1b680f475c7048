"""Clipping, against exploding gradients."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from elman import _check
from elman._typing import FloatArray


def squared_norm(array: FloatArray) -> float:
    """Return ‖a‖² = Σ over all elements of their squares, in float64.

    NumPy's einsum adds up in one order. BLAS, which numpy.vdot and numpy.linalg.norm call, adds up
    in an order that depends on how many threads it has.
    """
    # Squares of float32 values may exceed float32.
    values = np.ravel(array).astype(np.float64, copy=False)
    return float(np.einsum("i,i->", values, values))


def clip_by_global_norm(
    gradients: Mapping[str, FloatArray], max_norm: float
) -> tuple[dict[str, FloatArray], float]:
    """Scale all gradients by one factor so that their joint norm is at most `max_norm`.

    This is what Pascanu, Mikolov & Bengio 2013 ("On the difficulty of training recurrent neural
    networks") propose; the factor is that of torch.nn.utils.clip_grad_norm_,

        min(1, max_norm / (‖g‖ + 1e-6)),  ‖g‖ = √ Σ over all gradients of their squares

    Parameters
    ----------
    gradients : arrays by name; left as they are
    max_norm : float above zero

    Returns
    -------
    gradients : arrays by name
    norm : float
        ‖g‖ before clipping.

    Raises
    ------
    ValueError
        If max_norm is not above zero, or the norm is NaN or infinite.
    """
    _check.number("max_norm", max_norm, "a number above zero", lambda number: number > 0)
    norm = math.hypot(*(math.sqrt(squared_norm(g)) for g in gradients.values()))
    if not math.isfinite(norm):
        bad = [name for name, g in gradients.items() if not np.isfinite(g).all()]
        got = f"NaN or infinity in {', '.join(bad)}" if bad else f"a norm of {norm}"
        fix = "scale the inputs, or take a smaller learning rate"
        raise _check.fail(ValueError, "gradients", "finite values", got, fix)
    factor = max_norm / (norm + 1e-6)
    if factor >= 1:
        return dict(gradients), norm
    return {name: gradient * factor for name, gradient in gradients.items()}, norm
