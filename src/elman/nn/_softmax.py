"""The logarithm of softmax."""

from __future__ import annotations

import numpy as np

from elman._typing import FloatArray


def log_softmax(logits: FloatArray) -> FloatArray:
    """Return z_k - log Σ_j exp z_j over the last axis, of any size of z without overflow.

    Parameters
    ----------
    logits : array, shape (N, K)

    Returns
    -------
    array, shape (N, K), of the same dtype
        A row's values depend on no other row, to the last bit.
    """
    # NumPy adds up a row in another order where rows are not contiguous.
    logits = np.ascontiguousarray(logits)
    shifted: FloatArray = logits - logits.max(axis=-1, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return shifted
