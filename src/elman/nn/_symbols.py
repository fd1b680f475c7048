"""Sequences of integers, as callers pass them to a network with an embedding."""

from __future__ import annotations

from typing import Any

import numpy as np

from elman import _check
from elman._typing import FloatArray, IntArray, Lengths
from elman.nn._embedding import Embedding
from elman.nn._feature_embedding import FeatureEmbedding
from elman.nn._steps import Steps


def checked_symbols(
    embedding: Embedding | FeatureEmbedding, x: Any, lengths: Lengths | None, batch_first: bool
) -> tuple[IntArray, list[int] | None]:
    """Return the integers to look up, and of a list of arrays how many each has.

    Integers after a row's length are not read, and become 0.

    Raises
    ------
    ValueError
        If the number of axes does not fit, or a list is empty.
    RuntimeError, IndexError
        As a call of the embedding raises.
    """
    if isinstance(x, list | tuple):
        return _checked_list(embedding, x)
    x = np.asarray(x)
    axes = x.ndim - embedding._step_axes
    if axes not in (1, 2):
        F = ", F" if embedding._step_axes else ""
        batch = f"(N, T{F})" if batch_first else f"(T, N{F})"
        expected = f"integers {batch}, or (T{F or ','}) without a batch"
        raise _check.fail(ValueError, "x", expected, f"{x.ndim}-D, shape {x.shape}")
    if lengths is not None and axes == 2:
        valid = Steps.of(x, 2, lengths, batch_first).valid
        if valid is not None:
            valid = valid if batch_first else valid.T
            x = np.where(valid[..., None] if embedding._step_axes else valid, x, 0)
    return x, None


def _checked_list(
    embedding: Embedding | FeatureEmbedding, x: list[Any] | tuple[Any, ...]
) -> tuple[IntArray, list[int]]:
    if not x:
        raise _check.fail(ValueError, "x", "at least one sequence", "an empty list")
    arrays = [np.asarray(sequence) for sequence in x]
    for i, array in enumerate(arrays):
        if array.ndim != 1 + embedding._step_axes:
            got, fix = f"{array.ndim}-D", "a list holds one array for each sequence"
            expected = f"integers {'(T_i, F)' if embedding._step_axes else '(T_i,)'}"
            raise _check.fail(ValueError, f"x[{i}]", expected, got, fix)
        # NumPy makes floats of an empty list.
        arrays[i] = embedding.checked(array if array.size else array.astype(int), f"x[{i}]")
    return np.concatenate(arrays), [len(array) for array in arrays]


def as_x(vectors: FloatArray, parts: list[int] | None) -> Any:
    """Return vectors as one array, or, where x was a list, as a list of arrays."""
    return vectors if parts is None else np.split(vectors, np.cumsum(parts)[:-1])
