"""Single steps: RNNCell, GRUCell, LSTMCell."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from elman import _check, kernels
from elman._random import Generator
from elman._typing import FloatArray
from elman.kernels import State
from elman.nn import _cell_parameters
from elman.nn._batch import rows_contiguous
from elman.nn._module import Module
from elman.nn._recurrent import Gradients


class RecurrentCell(Module):
    """One step of a recurrent layer; a subclass says of which cell."""

    _cell: str  # as elman.kernels names it
    _parts = "h"

    _fixed = Module._fixed | {"input_size", "hidden_size", "bias", "nonlinearity"}

    def __init__(
        self,
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
        self._ready: Any = None
        shapes = _cell_parameters.shapes(self._cell, self.input_size, self.hidden_size, self.bias)
        for name, shape in shapes.items():
            self._draw(name, shape, 1.0 / math.sqrt(self.hidden_size))

    def _parameters_replaced(self) -> None:
        self._ready = None

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_ready": None}

    def __call__(self, x: Any, state: Any = None) -> Any:
        """Make one step.

        Parameters
        ----------
        x : array of the layer's dtype, shape (N, I), or (I,) without a batch
        state : h, or (h, c) of an LSTM; shape (N, H), or (H,); None is zeros

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
            If an LSTM's state is no pair.
        """
        state_n, _ = self._run(*self._read(x, state), keep=False)
        return self._restore(state_n, np.ndim(x) == 2)

    def vjp(self, x: Any, state: Any = None) -> tuple[Any, Callable[[Any], Gradients]]:
        """Make one step and return, with the state after it, the function that goes backwards.

        It takes the gradient with respect to the state after the step and returns `Gradients`. It
        reads x and state again, so leave these as they are until then.
        """
        rows, state_0 = self._read(x, state)
        batched = np.ndim(x) == 2
        weights = self._weights
        state_n, kept = self._run(rows, state_0, keep=True)

        def backward(d_state_n: Any) -> Gradients:
            d_n = self._read_state(d_state_n, len(rows), batched, "d_{}")
            d_x, d_state, d_weights = kernels.backward(weights, kept, None, d_n)
            return Gradients(
                d_x[0] if batched else d_x[0, 0],
                self._restore(d_state, batched),
                _cell_parameters.by_name(d_weights),
            )

        return self._restore(state_n, batched), backward

    @property
    def _weights(self) -> Any:
        if self._ready is None:
            weights = _cell_parameters.weights(self._cell, self._parameters)
            self._ready = kernels.prepare(weights)
        return self._ready

    def _run(self, x: FloatArray, state: State, keep: bool) -> tuple[State, Any]:
        state_n = tuple(np.empty_like(part, order="C") for part in state)
        output = np.empty((1, *state[0].shape), self.dtype)
        kept = kernels.forward(self._weights, x[None], state, output, state_n, None, False, keep)
        return state_n, kept

    def _read(self, x: Any, state: Any) -> tuple[FloatArray, State]:
        x = np.asarray(x)
        if x.ndim not in (1, 2):
            expected = "(N, input_size), or (input_size,) without a batch"
            fix = "for a sequence, take the layer and not its cell" if x.ndim == 3 else ""
            raise _check.fail(ValueError, "x", expected, f"{x.ndim}-D, shape {x.shape}", fix)
        _check.same_dtype("x", x, self.dtype, RuntimeError)
        if x.shape[-1] != self.input_size:
            expected = f"input_size = {self.input_size} on the last axis"
            raise _check.fail(RuntimeError, "x", expected, f"shape {x.shape}")
        rows = x.reshape(-1, self.input_size)
        return rows_contiguous(rows), self._read_state(state, len(rows), x.ndim == 2, "{}")

    def _read_state(self, state: Any, N: int, batched: bool, names: str) -> State:
        """Return each part of a state as (N, H); None is zeros."""
        if len(self._parts) == 1:
            state = (state,)
        elif state is None:
            state = (None, None)
        elif not isinstance(state, tuple | list) or len(state) != 2:
            pair = f"a pair ({names.format('h')}, {names.format('c')})"
            raise _check.fail(TypeError, "state", pair, type(state).__name__)
        axes, shape = "(N, hidden_size)", (N, self.hidden_size)
        parts = []
        for letter, part in zip(self._parts, state, strict=True):
            name = names.format(letter)
            if part is None:
                parts.append(np.zeros(shape, self.dtype))
                continue
            array = np.asarray(part)
            expected = shape if batched else shape[1:]
            if array.ndim != len(expected):
                got = f"{array.ndim}-D, shape {array.shape}"
                kind = RuntimeError if array.ndim in (1, 2) else ValueError
                raise _check.fail(kind, name, axes if batched else "(hidden_size,)", got)
            _check.same_dtype(name, array, self.dtype, RuntimeError)
            _check.shape(name, array, axes if batched else "(hidden_size,)", expected)
            parts.append(rows_contiguous(array.reshape(shape)))
        return tuple(parts)

    @staticmethod
    def _restore(state: State, batched: bool) -> Any:
        parts = state if batched else tuple(part[0] for part in state)
        return parts if len(parts) > 1 else parts[0]

    def __repr__(self) -> str:
        shown = [f"{self.input_size}, {self.hidden_size}"]
        if not self.bias:
            shown.append("bias=False")
        if getattr(self, "nonlinearity", "tanh") != "tanh":
            shown.append(f"nonlinearity={self.nonlinearity}")
        return f"{type(self).__name__}({', '.join(shown)})"


class RNNCell(RecurrentCell):
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
        nonlinearity: str = "tanh",
        device: Any = None,
        dtype: Any = None,
        *,
        generator: Generator | None = None,
    ) -> None:
        self.nonlinearity = _check.choice("nonlinearity", nonlinearity, ("tanh", "relu"))
        self._cell = f"rnn_{nonlinearity}"
        super().__init__(input_size, hidden_size, bias, device, dtype, generator)


class GRUCell(RecurrentCell):
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

    _cell = "gru"

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
        super().__init__(input_size, hidden_size, bias, device, dtype, generator)


class LSTMCell(RecurrentCell):
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

    _cell = "lstm"
    _parts = "hc"

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
        super().__init__(input_size, hidden_size, bias, device, dtype, generator)
