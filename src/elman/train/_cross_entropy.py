"""The loss of classes. Letters: N sequences, K outputs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from elman._typing import FloatArray
from elman.train._loss_arguments import checked_classes, checked_rows


def cross_entropy(
    logits: FloatArray, targets: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> tuple[float, FloatArray]:
    """Softmax cross-entropy, averaged over the sequences.

        loss = Σ_i w_i (-log softmax(z_i)[y_i]) / Σ_i w_i
        d_logits[i] = w_i (softmax(z_i) - one_hot(y_i)) / Σ_i w_i

    Parameters
    ----------
    logits : array, shape (N, K)
        z, one row for each sequence.
    targets : integers in [0, K), shape (N,)
        y, the classes.
    weights : numbers of at least zero, shape (N,), optional
        w; None is one for each sequence.

    Returns
    -------
    loss : float
    d_logits : array like logits

    Raises
    ------
    TypeError
        If the targets are not integers.
    ValueError
        If a shape does not fit, a target is outside [0, K), a weight is negative or all are zero.
    """
    logits, shares = checked_rows(logits, weights, "logits")
    N, K = logits.shape
    rows, classes = np.arange(N), checked_classes(targets, N, K)
    # NumPy adds up a row in another order where rows are not contiguous.
    logits = np.ascontiguousarray(logits)
    shifted = logits - logits.max(axis=1, keepdims=True)
    wanted = shifted[rows, classes]
    d_logits = np.exp(shifted, out=shifted)
    sums = d_logits.sum(axis=1)
    # Not a dot product: BLAS adds up in an order that depends on its threads.
    loss = -float((shares * (wanted - np.log(sums))).sum())
    d_logits /= sums[:, None]
    d_logits[rows, classes] -= 1
    d_logits *= shares[:, None]
    return loss, d_logits
