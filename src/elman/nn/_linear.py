"""The linear layer, for heads on recurrent ones."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from elman import _check, kernels
from elman._random import Generator
from elman._typing import FloatArray
from elman.kernels.forms import rows_contiguous
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

    _fixed = Module._fixed | {"in_features", "out_features", "bias"}

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
        self._parameters_replaced()

    def _parameters_replaced(self) -> None:
        self._rows = kernels.linear(self.weight, self._parameters.get("bias"))

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in super().__getstate__().items() if name != "_rows"}

    def __call__(self, input: Any) -> FloatArray:
        """Return y, shape (…, out_features), of x, which is called `input` as in torch.

        x has shape (…, in_features) and the layer's dtype.
        """
        rows, axes = self._checked_rows(input)
        y: FloatArray = self._rows.run(rows).reshape(*axes, self.out_features)
        return y

    def vjp(self, input: Any) -> tuple[FloatArray, Callable[[FloatArray], LinearGradients]]:
        """Return y and the function that takes the gradient with respect to y backwards.

        Its gradients are those of the run, also after parameters were assigned. It reads x again,
        so leave that as it is until then.
        """
        layer, (rows, axes) = self._rows, self._checked_rows(input)
        y = layer.run(rows).reshape(*axes, self.out_features)

        def backward(d_y: FloatArray) -> LinearGradients:
            d_y = np.asarray(d_y)
            _check.same_dtype("d_y", d_y, self.dtype)
            _check.shape("d_y", d_y, "the shape of y", (*axes, self.out_features))
            d_rows = rows_contiguous(d_y.reshape(-1, self.out_features))
            d_x, d_weight, d_bias = layer.backward(rows, d_rows)
            gradients = {"weight": d_weight}
            if d_bias is not None:
                gradients["bias"] = d_bias
            return LinearGradients(d_x.reshape(*axes, self.in_features), gradients)

        return y, backward

    def _checked_rows(self, x: Any) -> tuple[FloatArray, tuple[int, ...]]:
        """Return x as rows (M, in_features), and its axes before the last."""
        given, x = x, _check.array("x", x, "an array (…, in_features)")
        _check.same_dtype("x", given, self.dtype, RuntimeError)
        if x.shape[-1:] != (self.in_features,):
            expected = f"in_features = {self.in_features} on the last axis"
            raise _check.fail(RuntimeError, "x", expected, f"shape {x.shape}")
        return rows_contiguous(x.reshape(-1, self.in_features)), x.shape[:-1]

    def _extra_repr(self) -> str:
        sizes = f"in_features={self.in_features}, out_features={self.out_features}"
        return f"{sizes}, bias={'bias' in self._parameters}"
