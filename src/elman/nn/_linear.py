"""The linear layer, for heads on recurrent ones."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from elman import _check
from elman._random import Generator
from elman._typing import FloatArray
from elman.nn._module import Module


class LinearGradients(NamedTuple):
    """Gradients of a linear layer: x (…, in_features) and parameters by name."""

    x: FloatArray
    parameters: dict[str, FloatArray]


class Linear(Module):
    """y = x Wᵀ + b, as torch.nn.Linear.

    Parameters
    ----------
    in_features, out_features : int
    bias : bool
    device : None or "cpu"
    dtype : numpy.float32 (default) or numpy.float64
    generator : elman.Generator, optional
        Where the weights are drawn from; None for the one that `elman.manual_seed` seeds.

    Attributes
    ----------
    weight : array, shape (out_features, in_features)
    bias : array, shape (out_features,), unless bias=False

    Examples
    --------
    >>> import elman, numpy as np
    >>> head = elman.nn.Linear(8, 3)
    >>> head(np.zeros((5, 8), np.float32)).shape
    (5, 3)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        generator: Generator | None = None,
    ) -> None:
        super().__init__(dtype, device, generator)
        self.in_features = _check.size("in_features", in_features)
        self.out_features = _check.size("out_features", out_features)
        has_bias = _check.flag("bias", bias)
        # torch draws the weight by Kaiming's rule with a = √5: 1 / √in_features but for rounding.
        gain = math.sqrt(2.0 / (1 + math.sqrt(5) ** 2))
        bound = math.sqrt(3.0) * (gain / math.sqrt(self.in_features))
        self._draw("weight", (self.out_features, self.in_features), bound)
        if has_bias:
            self._draw("bias", (self.out_features,), 1 / math.sqrt(self.in_features))

    def __call__(self, x: Any) -> FloatArray:
        """Return y, shape (…, out_features), of x, shape (…, in_features) and the layer's dtype."""
        x = np.asarray(x)
        _check.same_dtype("x", x, self.dtype, RuntimeError)
        if x.shape[-1:] != (self.in_features,):
            expected = f"in_features = {self.in_features} on the last axis"
            raise _check.fail(RuntimeError, "x", expected, f"shape {x.shape}")
        y: FloatArray = x @ self.weight.T
        if "bias" in self._parameters:
            y += self.bias
        return y

    def vjp(self, x: Any) -> tuple[FloatArray, Callable[[FloatArray], LinearGradients]]:
        """Return y and the function that takes the gradient with respect to y backwards."""
        y, weight = self(x), self.weight
        expected = y.shape

        def backward(d_y: FloatArray) -> LinearGradients:
            d_y = np.asarray(d_y)
            _check.same_dtype("d_y", d_y, self.dtype)
            _check.shape("d_y", d_y, "the shape of y", expected)
            rows, d_rows = (
                np.asarray(x).reshape(-1, self.in_features),
                d_y.reshape(-1, self.out_features),
            )
            gradients = {"weight": d_rows.T @ rows}
            if "bias" in self._parameters:
                gradients["bias"] = d_rows.sum(axis=0)
            return LinearGradients(d_y @ weight, gradients)

        return y, backward

    def __repr__(self) -> str:
        sizes = f"in_features={self.in_features}, out_features={self.out_features}"
        return f"Linear({sizes}, bias={'bias' in self._parameters})"
