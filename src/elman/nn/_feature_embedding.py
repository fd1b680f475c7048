"""The embedding of several features: a vector for each of them, one after another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np

from elman import _check
from elman._random import Generator
from elman._typing import FloatArray, IntArray
from elman.nn._embedding import EmbeddingGradients, check_range, sums_by_index
from elman.nn._module import Module


class FeatureEmbedding(Module):
    """A vector for F integers together: each has a table of its own, and the vectors are joined.

        y = [weight_0[x_0], weight_1[x_1], …, weight_{F-1}[x_{F-1}]]

    A word with its prefix and its suffix are three such integers.

    Parameters
    ----------
    num_embeddings : F ints
        How many symbols each feature has.
    embedding_dims : F ints
        How many values the vectors of each feature have.
    device : None or "cpu"
    dtype : numpy.float32 (default) or numpy.float64
    generator : elman.Generator, optional
        Where the vectors are drawn from, N(0, 1); None for the one that `elman.manual_seed` seeds.

    Attributes
    ----------
    weight_0, weight_1, … : arrays, shape (num_embeddings[f], embedding_dims[f])

    Raises
    ------
    TypeError, ValueError
        If an argument has the wrong type or value.

    Examples
    --------
    >>> from elman import nn
    >>> embedding = nn.FeatureEmbedding([1000, 30], [16, 4])
    >>> embedding([[521, 3], [7, 29], [0, 0]]).shape
    (3, 20)
    """

    _fixed = Module._fixed | {"num_embeddings", "embedding_dims"}
    _step_axes: ClassVar[int] = 1
    """How many axes of x one step has."""

    def __init__(
        self,
        num_embeddings: Sequence[int],
        embedding_dims: Sequence[int],
        device: Any = None,
        dtype: Any = None,
        *,
        generator: Generator | None = None,
    ) -> None:
        super().__init__(dtype, device, generator)
        self.num_embeddings = _sizes("num_embeddings", num_embeddings)
        self.embedding_dims = _sizes("embedding_dims", embedding_dims)
        if len(self.embedding_dims) != len(self.num_embeddings):
            expected = f"{len(self.num_embeddings)} ints, as num_embeddings"
            got = f"{len(self.embedding_dims)}"
            raise _check.fail(ValueError, "embedding_dims", expected, got)
        for f, shape in enumerate(zip(self.num_embeddings, self.embedding_dims, strict=True)):
            self._add(f"weight_{f}", self._generator.normal(shape, self.dtype))

    @property
    def embedding_dim(self) -> int:
        """How many values the joined vectors have."""
        return sum(self.embedding_dims)

    def __call__(self, input: Any) -> FloatArray:
        """Return the vectors of x, which is called `input` as in `nn.Embedding`.

        Parameters
        ----------
        input : integers, shape (…, F), feature f in [0, num_embeddings[f])

        Returns
        -------
        array, shape (…, embedding_dim)

        Raises
        ------
        RuntimeError
            If x is not of integers, or its last axis is not F long.
        IndexError
            If one is outside its range.
        """
        return self._joined(self.checked(input), list(self._parameters.values()))

    def vjp(self, input: Any) -> tuple[FloatArray, Callable[[FloatArray], EmbeddingGradients]]:
        """Return y and the function that takes the gradient with respect to y backwards.

        It reads x again, so leave that as it is until then.
        """
        x = self.checked(input)
        y = self._joined(x, list(self._parameters.values()))

        def backward(d_y: FloatArray) -> EmbeddingGradients:
            d_y = np.asarray(d_y)
            _check.same_dtype("d_y", d_y, self.dtype)
            _check.shape("d_y", d_y, "the shape of y", y.shape)
            by_row = x.reshape(-1, len(self.num_embeddings))
            d_rows = d_y.reshape(-1, self.embedding_dim)
            return EmbeddingGradients(
                {
                    f"weight_{f}": sums_by_index(by_row[:, f], d_rows[:, start:stop], n)
                    for f, (n, (start, stop)) in enumerate(
                        zip(self.num_embeddings, pairwise(self._ends()), strict=True)
                    )
                }
            )

        return y, backward

    def checked(self, x: Any, name: str = "x") -> IntArray:
        """Return x, called `name` in errors, as an array (…, F) of integers in range."""
        x = np.asarray(x)
        F = len(self.num_embeddings)
        if x.dtype.kind not in "iu":
            fix = "give the positions of symbols in your vocabularies"
            raise _check.fail(RuntimeError, name, "integers", f"dtype {x.dtype}", fix)
        if x.shape[-1:] != (F,):
            expected = f"F = {F} features on the last axis"
            raise _check.fail(RuntimeError, name, expected, f"shape {x.shape}")
        check_range(x, np.array(self.num_embeddings), "num_embeddings", name)
        symbols: IntArray = x
        return symbols

    def _joined(self, x: IntArray, tables: list[FloatArray]) -> FloatArray:
        y = np.empty((*x.shape[:-1], self.embedding_dim), self.dtype)
        for f, (table, (start, stop)) in enumerate(
            zip(tables, pairwise(self._ends()), strict=True)
        ):
            y[..., start:stop] = table[x[..., f]]
        return y

    def _ends(self) -> list[int]:
        """Return where the vectors of each feature begin, and where the last ones end."""
        return [0, *np.cumsum(self.embedding_dims).tolist()]

    def _extra_repr(self) -> str:
        return f"{self.num_embeddings}, {self.embedding_dims}"


def _sizes(name: str, values: Any) -> tuple[int, ...]:
    """Return one size or more as a tuple (TypeError, ValueError)."""
    if isinstance(values, str) or not hasattr(values, "__len__") or not len(values):
        raise _check.fail(TypeError, name, "an int for each feature", _check.short(values))
    return tuple(_check.size(f"{name}[{f}]", value) for f, value in enumerate(values))
