"""The embedding: a vector for each of a number of symbols."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

import numpy as np

from elman import _check
from elman._random import Generator
from elman._typing import FloatArray, IntArray
from elman.nn._module import Module


class EmbeddingGradients(NamedTuple):
    """Gradients of an embedding: parameters by name; integers have none."""

    parameters: dict[str, FloatArray]


class Embedding(Module):
    """A vector for each integer in [0, num_embeddings), as torch.nn.Embedding.

    Parameters
    ----------
    num_embeddings : int
        How many symbols there are.
    embedding_dim : int
        E, the number of values of each vector.
    padding_idx : int in [-num_embeddings, num_embeddings), optional
        A symbol whose vector begins as zero and has no gradient. A negative one counts from the
        end.
    device : None or "cpu"
    dtype : numpy.float32 (default) or numpy.float64
    generator : elman.Generator, optional
        Where the vectors are drawn from, N(0, 1); None for the one that `elman.manual_seed` seeds.

    Attributes
    ----------
    weight : array, shape (num_embeddings, embedding_dim)

    Raises
    ------
    TypeError, ValueError
        If an argument has the wrong type or value.

    Examples
    --------
    >>> from elman import nn
    >>> embedding = nn.Embedding(27, 8)
    >>> embedding([[3, 1, 20], [4, 15, 7]]).shape
    (2, 3, 8)

    References
    ----------
    https://docs.pytorch.org/docs/stable/generated/torch.nn.Embedding.html
    """

    _fixed = Module._fixed | {"num_embeddings", "embedding_dim", "padding_idx"}
    _step_axes: ClassVar[int] = 0
    """How many axes of x one step has."""

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        device: Any = None,
        dtype: Any = None,
        *,
        generator: Generator | None = None,
    ) -> None:
        super().__init__(dtype, device, generator)
        self.num_embeddings = _check.size("num_embeddings", num_embeddings)
        self.embedding_dim = _check.size("embedding_dim", embedding_dim)
        self.padding_idx = _padding_idx(padding_idx, self.num_embeddings)
        shape = (self.num_embeddings, self.embedding_dim)
        weight = self._generator.normal(shape, self.dtype)
        if self.padding_idx is not None:
            weight[self.padding_idx] = 0
        self._add("weight", weight)

    def __call__(self, input: Any) -> FloatArray:
        """Return the vectors of x, which is called `input` as in torch.

        Parameters
        ----------
        input : integers in [0, num_embeddings), any shape (…)

        Returns
        -------
        array, shape (…, embedding_dim)

        Raises
        ------
        RuntimeError
            If x is not of integers.
        IndexError
            If one is outside that range.
        """
        return self.weight[self.checked(input)]

    def vjp(self, input: Any) -> tuple[FloatArray, Callable[[FloatArray], EmbeddingGradients]]:
        """Return y and the function that takes the gradient with respect to y backwards.

        It reads x again, so leave that as it is until then.
        """
        indices = self.checked(input)
        y = self.weight[indices]

        def backward(d_y: FloatArray) -> EmbeddingGradients:
            d_y = np.asarray(d_y)
            _check.same_dtype("d_y", d_y, self.dtype)
            _check.shape("d_y", d_y, "the shape of y", y.shape)
            rows = d_y.reshape(-1, self.embedding_dim)
            d_weight = sums_by_index(indices.reshape(-1), rows, self.num_embeddings)
            if self.padding_idx is not None:
                d_weight[self.padding_idx] = 0
            return EmbeddingGradients({"weight": d_weight})

        return y, backward

    def checked(self, x: Any, name: str = "x") -> IntArray:
        """Return x, called `name` in errors, as an array of integers in range."""
        x = np.asarray(x)
        if x.dtype.kind not in "iu":
            fix = "give the positions of symbols in your vocabulary"
            raise _check.fail(RuntimeError, name, "integers", f"dtype {x.dtype}", fix)
        check_range(x, self.num_embeddings, "num_embeddings", name)
        symbols: IntArray = x
        return symbols

    def _extra_repr(self) -> str:
        padding = "" if self.padding_idx is None else f", padding_idx={self.padding_idx}"
        return f"{self.num_embeddings}, {self.embedding_dim}{padding}"


_MANY = 16
"""From so many rows on the sum of an index is worth a call of its own."""


def check_range(x: IntArray, sizes: int | IntArray, called: str, name: str) -> None:
    """Hold that integers, called `name`, are below a size, or below those of the last axis."""
    outside = (x < 0) | (x >= sizes)
    if outside.any():
        at = tuple(int(axis[0]) for axis in np.nonzero(np.atleast_1d(outside)))
        size, which = (sizes, "") if isinstance(sizes, int) else (sizes[at[-1]], f"[{at[-1]}]")
        expected = f"each in [0, {called}{which}) = [0, {size})"
        got = f"{np.atleast_1d(x)[at]} at {name}{list(at)}" if x.ndim else str(x)
        raise _check.fail(IndexError, name, expected, got)


def _padding_idx(value: Any, num_embeddings: int) -> int | None:
    """Return padding_idx in [0, num_embeddings), or None."""
    if value is None:
        return None
    expected = f"None or an int in [{-num_embeddings}, {num_embeddings})"
    try:
        if isinstance(value, bool | np.bool_):
            raise TypeError
        index = operator.index(value)
    except TypeError:
        raise _check.fail(TypeError, "padding_idx", expected, _check.short(value)) from None
    if not -num_embeddings <= index < num_embeddings:
        raise _check.fail(ValueError, "padding_idx", expected, str(index))
    return index % num_embeddings


def sums_by_index(indices: IntArray, rows: FloatArray, n: int) -> FloatArray:
    """Return, for each index in [0, n), the sum of its rows (n, E), in an order of their own.

    It is much faster than `np.add.at`; the sum of an index does not depend on other indices.
    """
    sums = np.zeros((n, rows.shape[1]), rows.dtype)
    indices = indices.astype(np.int64, copy=False)
    counts = np.bincount(indices, minlength=n)
    few = counts < _MANY
    # Of few rows each, those of all indices are added up at once; of many, index by index.
    at = np.flatnonzero(few[indices])
    if len(at):
        order = at[np.argsort(indices[at], kind="stable")]
        present, starts = np.unique(indices[order], return_index=True)
        sums[present] = np.add.reduceat(rows[order], starts, axis=0)
    if len(at) < len(indices):
        at = np.flatnonzero(~few[indices])
        order = at[np.argsort(indices[at], kind="stable")]
        ordered, start = rows[order], 0
        for index in np.flatnonzero(~few).tolist():
            end = start + int(counts[index])
            np.add.reduce(ordered[start:end], axis=0, out=sums[index])
            start = end
    return sums
