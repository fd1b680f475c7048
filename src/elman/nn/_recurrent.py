"""What all recurrent layers share: layers, directions, batches, dropout, forward and backward."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from elman import _check
from elman._random import Generator, default_generator
from elman._typing import FloatArray, IntArray, Lengths
from elman.nn import _batch, _state
from elman.nn._module import Module

State = tuple[FloatArray, ...]
"""States of all layers and directions: arrays of shape (L·D, N, H)."""


class Gradients(NamedTuple):
    """Gradients of a recurrent layer, each shaped like what it belongs to.

    x : array like x, or a list of arrays if x was one
    state : array like h_0
    parameters : dict of arrays by the parameters' names
    """

    x: Any
    state: Any
    parameters: dict[str, FloatArray]


class Recurrent(Module):
    """A stack of recurrent layers in one or two directions.

    A subclass says which gates its cell has and which kernel runs it: `_cell_weights`, `_forward`
    and `_backward` follow the contract of `elman.kernels`.
    """

    _gates: int
    _cell_weights: Callable[..., Any]
    _forward: Callable[..., Any]
    _backward: Callable[..., Any]

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int,
        bias: bool,
        batch_first: bool,
        dropout: float,
        bidirectional: bool,
        device: Any,
        dtype: Any,
        generator: Generator | None,
    ) -> None:
        self.dropout = _check.probability("dropout", dropout)
        self.bias = _check.flag("bias", bias)
        self.batch_first = _check.flag("batch_first", batch_first)
        self.bidirectional = _check.flag("bidirectional", bidirectional)
        self.input_size = _check.size("input_size", input_size)
        self.hidden_size = _check.size("hidden_size", hidden_size)
        self.num_layers = _check.size("num_layers", num_layers)
        super().__init__(dtype, device)
        if self.dropout > 0 and self.num_layers == 1:
            warnings.warn(
                f"dropout={dropout} has no effect with num_layers=1: it acts between layers",
                UserWarning,
                stacklevel=3,
            )
        self._generator = default_generator if generator is None else generator
        self._ready: dict[str, Any] = {}
        self._draw_parameters()

    def _draw_parameters(self) -> None:
        H, D = self.hidden_size, self._num_directions
        bound = 1.0 / math.sqrt(H)
        for layer in range(self.num_layers):
            inputs = self.input_size if layer == 0 else D * H
            for suffix in self._suffixes(layer):
                n = self._gates * H
                shapes: dict[str, tuple[int, ...]] = {"weight_ih": (n, inputs), "weight_hh": (n, H)}
                if self.bias:
                    shapes |= {"bias_ih": (n,), "bias_hh": (n,)}
                for name, shape in shapes.items():
                    self._draw(name + suffix, shape, bound, self._generator)

    @property
    def _num_directions(self) -> int:
        return 2 if self.bidirectional else 1

    def _suffixes(self, layer: int) -> list[str]:
        """Return what the names of a layer's parameters end in, for each direction."""
        return [f"_l{layer}", f"_l{layer}_reverse"][: self._num_directions]

    @property
    def all_weights(self) -> list[list[FloatArray]]:
        """The parameters, a list for each layer and direction."""
        suffixes = [s for layer in range(self.num_layers) for s in self._suffixes(layer)]
        return [[self._parameters[name + s] for name in self._names] for s in suffixes]

    @property
    def _names(self) -> list[str]:
        """Names of the parameters of one layer and direction, without suffix."""
        return ["weight_ih", "weight_hh"] + (["bias_ih", "bias_hh"] if self.bias else [])

    def _weights(self, suffix: str) -> Any:
        """Return the kernel's weights of one layer and direction, made ready at the first use."""
        if suffix not in self._ready:
            values = [self._parameters.get(name + suffix) for name in _CELL_PARAMETERS]
            self._ready[suffix] = type(self)._cell_weights(*values, *self._cell_options())
        return self._ready[suffix]

    def _cell_options(self) -> tuple[Any, ...]:
        return ()

    def _set_parameter(self, name: str, value: FloatArray) -> None:
        super()._set_parameter(name, value)
        self._ready.pop(name[name.index("_l") :], None)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_ready": {}}

    # ---- calls ------------------------------------------------------------------------------

    def __call__(
        self, x: Any, h_0: Any = None, *, lengths: Lengths | None = None
    ) -> tuple[Any, Any]:
        """Run the layers over x.

        Parameters
        ----------
        x : array of the layer's dtype, or list of N arrays of shapes (T_i, I)
            Shape (T, N, I), or (N, T, I) if batch_first, or (T, I) for a sequence without a batch.
        h_0 : array, shape (L·D, N, H), or (L·D, H) without a batch; never batch-first
            Initial state at index layer·D + direction; None is zeros.
        lengths : N integers, each in [0, T], optional
            How many steps of each row are valid, in any order of rows. What comes after is not
            read; outputs there are zero.

        Returns
        -------
        output : array, shape (T, N, D·H), (N, T, D·H) or (T, D·H), as x; a list if x is one
            States of the last layer at each step, forward half first. The reverse direction ends at
            step 0: its final state is ``output[0, :, H:]``, not at ``output[-1]``, so take h_n for
            the final states.
        h_n : array like h_0; the state of each layer and direction after each row's last valid step

        Raises
        ------
        ValueError
            If the number of dimensions of x, a dtype, or `lengths` do not fit.
        RuntimeError
            If the last axis of x or the shape of h_0 does not fit, or T is 0.
        """
        batch = _batch.read(self, x, lengths)
        output, state_n, _ = self._run(batch, self._read_state(h_0, batch), keep=False)
        return batch.restore(output), self._write_state(state_n, batch)

    def vjp(
        self, x: Any, h_0: Any = None, *, lengths: Lengths | None = None
    ) -> tuple[tuple[Any, Any], Callable[..., Gradients]]:
        """Run the layers and return, with the results, the function that takes gradients backwards.

        Nothing is accumulated anywhere, and `backward` may be called more than once. It reads x,
        h_0 and output again, so leave these as they are until then; output is read-only.

        Parameters
        ----------
        x, h_0, lengths
            As in a call.

        Returns
        -------
        (output, h_n)
            As of a call.
        backward : function of (d_output=None, d_h_n=None), each shaped like output and h_n
            Returns `Gradients`; None stands for zeros.
        """
        batch = _batch.read(self, x, lengths)
        output, state_n, kept = self._run(batch, self._read_state(h_0, batch), keep=True)
        output.flags.writeable = False

        def backward(d_output: Any = None, d_h_n: Any = None) -> Gradients:
            d_output = (
                None if d_output is None else batch.read_gradient("d_output", d_output, output)
            )
            d_state_n = None if d_h_n is None else self._read_state(d_h_n, batch, "d_h_n")
            d_x, d_state, parameters = self._run_backward(kept, d_output, d_state_n)
            return Gradients(batch.restore(d_x), self._write_state(d_state, batch), parameters)

        return (batch.restore(output), self._write_state(state_n, batch)), backward

    def _run(
        self, batch: _batch.Batch, state: State, keep: bool
    ) -> tuple[FloatArray, State, list[Any]]:
        """Run all layers; return output (T, N, D·H), the final states and what backward needs."""
        x, H, D = batch.x, self.hidden_size, self._num_directions
        state_n = tuple(np.empty_like(array, order="C") for array in state)
        kept: list[Any] = []
        for layer in range(self.num_layers):
            mask = None
            if layer > 0 and self.training and self.dropout > 0:
                mask = self._dropout_mask(x.shape, batch.lengths)
                x = x * mask
            kept.append(mask)
            output = batch.empty(D * H)
            for direction, suffix in enumerate(self._suffixes(layer)):
                k = layer * D + direction
                kept.append(
                    type(self)._forward(
                        self._weights(suffix),
                        x,
                        tuple(array[k] for array in state),
                        output[..., direction * H : (direction + 1) * H],
                        tuple(array[k] for array in state_n),
                        batch.lengths,
                        direction == 1,
                        keep,
                    )
                )
            x = output
        return x, state_n, kept

    def _run_backward(
        self, kept: list[Any], d_output: FloatArray | None, d_state_n: State | None
    ) -> tuple[FloatArray, State, dict[str, FloatArray]]:
        """Undo `_run` from the last layer to the first."""
        H, D = self.hidden_size, self._num_directions
        d_states: list[State] = []
        gradients: dict[str, FloatArray] = {}
        for layer in reversed(range(self.num_layers)):
            mask, *directions = kept[layer * (D + 1) : (layer + 1) * (D + 1)]
            d_x = None
            for direction in reversed(range(D)):
                k, suffix = layer * D + direction, self._suffixes(layer)[direction]
                part = slice(direction * H, (direction + 1) * H)
                d_x_part, d_state, d_weights = type(self)._backward(
                    self._weights(suffix),
                    directions[direction],
                    None if d_output is None else d_output[..., part],
                    None if d_state_n is None else tuple(array[k] for array in d_state_n),
                )
                d_x = d_x_part if d_x is None else np.add(d_x_part, d_x, out=d_x)
                d_states.insert(0, d_state)
                gradients |= {name + suffix: getattr(d_weights, name) for name in self._names}
            assert d_x is not None
            d_output = d_x if mask is None else np.multiply(d_x, mask, out=d_x)
        assert d_output is not None
        in_order = {name: gradients[name] for name in self._parameters}
        return d_output, tuple(np.stack(arrays) for arrays in zip(*d_states, strict=True)), in_order

    def _dropout_mask(self, shape: tuple[int, ...], lengths: IntArray | None) -> FloatArray:
        """Draw as torch does: step by step, with lengths over valid steps alone, longest first."""
        if lengths is None:
            return self._generator.dropout_mask(shape, self.dropout, self.dtype)
        longest_first = np.argsort(-lengths, kind="stable")
        t, i = np.nonzero(np.arange(shape[0])[:, None] < lengths[longest_first])
        mask = np.zeros(shape, self.dtype)
        mask[t, longest_first[i]] = self._generator.dropout_mask(
            (len(t), shape[2]), self.dropout, self.dtype
        )
        return mask

    def _read_state(self, h_0: Any, batch: _batch.Batch, name: str = "h_0") -> State:
        """Return states of shape (L·D, N, H) from what a caller gave."""
        return (_state.read(self, name, h_0, batch, self.hidden_size),)

    def _write_state(self, state: State, batch: _batch.Batch) -> Any:
        """Give states the form in which a caller takes them."""
        (h,) = state
        return h if batch.batched else h[:, 0]

    def __repr__(self) -> str:
        shown = [f"{self.input_size}, {self.hidden_size}"]
        for name, default in _SHOWN_UNLESS.items():
            if getattr(self, name) != default:
                shown.append(f"{name}={getattr(self, name)}")
        return f"{type(self).__name__}({', '.join(shown)})"


_SHOWN_UNLESS = {
    "num_layers": 1,
    "bias": True,
    "batch_first": False,
    "dropout": 0.0,
    "bidirectional": False,
}

_CELL_PARAMETERS: Sequence[str] = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
