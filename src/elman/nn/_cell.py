"""Single steps: RNNCell, GRUCell, LSTMCell."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Generic, Literal

from elman import _check, kernels
from elman._random import Generator
from elman._typing import FloatArray
from elman.kernels import Architecture
from elman.kernels.forms import rows_contiguous
from elman.nn._module import Module
from elman.nn._recurrent import Gradients, S
from elman.nn._state import parts_of


class RecurrentCell(Module, Generic[S]):
    """One step of a recurrent layer; a subclass says of which cell.

    Attributes
    ----------
    architecture : elman.kernels.Architecture
        The cell and the sizes.
    """

    _fixed = Module._fixed | {"architecture", "input_size", "hidden_size", "bias", "nonlinearity"}

    def __init__(
        self,
        cell: str,
        input_size: int,
        hidden_size: int,
        bias: bool,
        device: Any,
        dtype: Any,
        generator: Generator | None,
    ) -> None:
        self.bias = _check.flag("bias", bias)
        self.input_size = _check.size("input_size", input_size)
        self.hidden_size = _check.size("hidden_size", hidden_size)
        super().__init__(dtype, device, generator)
        self.architecture = Architecture(cell, self.input_size, self.hidden_size, bias=self.bias)
        for name, shape in self.architecture.cell_shapes().items():
            self._draw(name, shape, 1.0 / math.sqrt(self.hidden_size))
        self._parameters_replaced()

    def _parameters_replaced(self) -> None:
        self._network = kernels.network(self.architecture, list(self._parameters.values()))

    def __getstate__(self) -> dict[str, Any]:
        return {name: v for name, v in super().__getstate__().items() if name != "_network"}

    def __call__(self, input: FloatArray, hx: S | None = None) -> S:
        """Make one step from x, which is called `input` as in torch.

        Parameters
        ----------
        input : array of the layer's dtype, shape (N, I), or (I,) without a batch
        hx : h, or (h, c) of an LSTM; shape (N, H), or (H,); None is zeros

        Returns
        -------
        The state after the step, in the same form.

        Raises
        ------
        ValueError
            If x has neither 1 nor 2 axes, or a state has more.
        RuntimeError
            If a dtype, the last axis of x or the shape of a state does not fit.
        TypeError
            If x is no array, or an LSTM's state no pair.
        """
        network = self._network
        state_n: S | None = network.cell(input, hx, False)
        if state_n is None:
            checked: S = network.cell(*self._checked_call(input, hx), False)
            return checked
        return state_n

    def vjp(self, input: FloatArray, hx: S | None = None) -> tuple[S, Callable[[S], Gradients]]:
        """Make one step and return, with the state after it, the function that goes backwards.

        It takes the gradient with respect to the state after the step and returns `Gradients`. It
        reads x and the state again, so leave these as they are until then.
        """
        network = self._network
        found = network.cell(input, hx, True)
        if found is None:
            found = network.cell(*self._checked_call(input, hx), True)
        state_n, run = found

        def backward(d_state_n: S) -> Gradients:
            found = run.backward(d_state_n)
            if found is None:
                h = state_n[0] if isinstance(state_n, tuple) else state_n
                N = len(h) if h.ndim == 2 else None
                found = run.backward(self._checked_state(d_state_n, N, "d_{}"))
            d_x, d_state, gradients = found
            return Gradients(d_x, d_state, dict(zip(self._parameters, gradients, strict=True)))

        return state_n, backward

    def _checked_call(self, x: Any, state: Any) -> tuple[FloatArray, Any]:
        expected = "(N, input_size), or (input_size,) without a batch"
        array = _check.array("x", x, f"an array {expected}")
        if array.ndim not in (1, 2):
            fix = "for a sequence, take the layer and not its cell" if array.ndim == 3 else ""
            got = f"{array.ndim}-D, shape {array.shape}"
            raise _check.fail(ValueError, "x", expected, got, fix)
        _check.same_dtype("x", x, self.dtype, RuntimeError)
        if array.shape[-1] != self.input_size:
            expected = f"input_size = {self.input_size} on the last axis"
            raise _check.fail(RuntimeError, "x", expected, f"shape {array.shape}")
        N = len(array) if array.ndim == 2 else None
        return rows_contiguous(array), self._checked_state(state, N, "{}")

    def _checked_state(self, state: Any, N: int | None, names: str) -> Any:
        """Return a state whose parts are (N, H), or (H,) if N is None, as the network takes it."""
        if state is None:
            return None
        axes = "(hidden_size,)" if N is None else "(N, hidden_size)"
        expected = (self.hidden_size,) if N is None else (N, self.hidden_size)
        found: list[FloatArray | None] = []
        letters = self.architecture.state_names
        for letter, part in zip(letters, parts_of(self.architecture, state, names), strict=True):
            if part is None:
                found.append(None)
                continue
            name = names.format(letter)
            array = _check.array(name, part, f"an array {axes}")
            if array.ndim != len(expected):
                got = f"{array.ndim}-D, shape {array.shape}"
                kind = RuntimeError if array.ndim in (1, 2) else ValueError
                raise _check.fail(kind, name, axes, got)
            _check.same_dtype(name, part, self.dtype, RuntimeError)
            _check.shape(name, array, axes, expected)
            found.append(rows_contiguous(array))
        return tuple(found) if len(found) > 1 else found[0]

    def _extra_repr(self) -> str:
        shown = [f"{self.input_size}, {self.hidden_size}"]
        if not self.bias:
            shown.append("bias=False")
        if self.architecture.cell == "rnn_relu":
            shown.append("nonlinearity=relu")
        return ", ".join(shown)


class RNNCell(RecurrentCell[FloatArray]):
    """One step of the Elman network (Elman 1990), as torch.nn.RNNCell.

        h' = tanh(W_ih x + b_ih + W_hh h + b_hh)

    Parameters
    ----------
    input_size, hidden_size : int
        I and H.
    bias : bool
    nonlinearity : "tanh" or "relu"
    device : None or "cpu"
    dtype : numpy.float32 (default) or numpy.float64
    generator : elman.Generator, optional
        Where the weights are drawn from; None for the one that `elman.manual_seed` seeds.

    Attributes
    ----------
    weight_ih (H, I), weight_hh (H, H), bias_ih (H,), bias_hh (H,) : read-only arrays
        Assign to change.

    Examples
    --------
    >>> import numpy as np
    >>> from elman import nn
    >>> cell = nn.RNNCell(5, 8)
    >>> h = None
    >>> for x_t in np.zeros((10, 3, 5), np.float32):
    ...     h = cell(x_t, h)
    >>> h.shape
    (3, 8)

    References
    ----------
    https://docs.pytorch.org/docs/stable/generated/torch.nn.RNNCell.html
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: Literal["tanh", "relu"] = "tanh",
        device: Any = None,
        dtype: Any = None,
        *,
        generator: Generator | None = None,
    ) -> None:
        self.nonlinearity = _check.choice("nonlinearity", nonlinearity, ("tanh", "relu"))
        cell = f"rnn_{nonlinearity}"
        super().__init__(cell, input_size, hidden_size, bias, device, dtype, generator)


class GRUCell(RecurrentCell[FloatArray]):
    """One step of the gated recurrent unit (Cho et al. 2014), as torch.nn.GRUCell.

    The equations are those of `GRU`.

    Parameters
    ----------
    input_size, hidden_size : int
        I and H.
    bias : bool
    device : None or "cpu"
    dtype : numpy.float32 (default) or numpy.float64
    generator : elman.Generator, optional
        Where the weights are drawn from; None for the one that `elman.manual_seed` seeds.

    Attributes
    ----------
    weight_ih (3·H, I), weight_hh (3·H, H), bias_ih (3·H,), bias_hh (3·H,) : read-only arrays
        Gates r, z, n. Assign to change.

    References
    ----------
    https://docs.pytorch.org/docs/stable/generated/torch.nn.GRUCell.html
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        generator: Generator | None = None,
    ) -> None:
        super().__init__("gru", input_size, hidden_size, bias, device, dtype, generator)


class LSTMCell(RecurrentCell[tuple[FloatArray, FloatArray]]):
    """One step of long short-term memory (Hochreiter & Schmidhuber 1997), as torch.nn.LSTMCell.

    The equations are those of `LSTM`; the state is the pair (h, c).

    Parameters
    ----------
    input_size, hidden_size : int
        I and H.
    bias : bool
    device : None or "cpu"
    dtype : numpy.float32 (default) or numpy.float64
    generator : elman.Generator, optional
        Where the weights are drawn from; None for the one that `elman.manual_seed` seeds.

    Attributes
    ----------
    weight_ih (4·H, I), weight_hh (4·H, H), bias_ih (4·H,), bias_hh (4·H,) : read-only arrays
        Gates i, f, g, o. Assign to change.

    References
    ----------
    https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTMCell.html
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        generator: Generator | None = None,
    ) -> None:
        super().__init__("lstm", input_size, hidden_size, bias, device, dtype, generator)
