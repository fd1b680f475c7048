"""What all recurrent layers share: parameters, calls, gradients, dropout masks."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Generic, NamedTuple, TypeVar, overload

import numpy as np

from elman import _check, kernels
from elman._random import Generator
from elman._typing import FloatArray, IntArray, Lengths
from elman.kernels import Architecture, Masks
from elman.nn import _arguments, _checkpoints
from elman.nn._module import Module
from elman.nn._stream import Stream


class Gradients(NamedTuple):
    """Gradients of a recurrent layer, each shaped like what it belongs to.

    x : array like x, or a list of arrays if x was one; None with ``of_x=False``
    state : array like h_0, or (d_h_0, d_c_0) of an LSTM
    parameters : dict of arrays by the parameters' names
    """

    x: Any
    state: Any
    parameters: dict[str, FloatArray]


S = TypeVar("S")
"""A state as callers pass it: h, or (h, c) of an LSTM."""


class Recurrent(Module, Generic[S]):
    """A stack of recurrent layers in one or two directions; a subclass says of which cell.

    Attributes
    ----------
    architecture : elman.kernels.Architecture
        The cell and the sizes.
    """

    _fixed = Module._fixed | {
        "architecture",
        "input_size",
        "hidden_size",
        "num_layers",
        "nonlinearity",
        "bias",
        "bidirectional",
        "proj_size",
        "learn_initial_state",
    }
    _checked = Module._checked | {
        "batch_first": partial(_check.flag, "batch_first"),
        "dropout": partial(_check.probability, "dropout"),
        "recurrent_dropout": partial(_check.probability, "recurrent_dropout"),
    }

    def __init__(
        self,
        cell: str,
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
        recurrent_dropout: float,
        learn_initial_state: bool,
        proj_size: int = 0,
    ) -> None:
        self.dropout = dropout
        self.bias = _check.flag("bias", bias)
        self.batch_first = batch_first
        self.bidirectional = _check.flag("bidirectional", bidirectional)
        self.input_size = _check.size("input_size", input_size)
        self.hidden_size = _check.size("hidden_size", hidden_size)
        self.num_layers = _check.size("num_layers", num_layers)
        self.proj_size = _check.projection(proj_size, self.hidden_size)
        self.recurrent_dropout = recurrent_dropout
        self.learn_initial_state = _check.flag("learn_initial_state", learn_initial_state)
        super().__init__(dtype, device, generator)
        if self.dropout > 0 and self.num_layers == 1:
            warnings.warn(
                f"dropout={dropout} has no effect with num_layers=1: it acts between layers",
                UserWarning,
                stacklevel=3,
            )
        self.architecture = Architecture(
            cell,
            self.input_size,
            self.hidden_size,
            self.num_layers,
            self.bidirectional,
            self.bias,
            self.proj_size,
        )
        for name, shape in self.architecture.parameter_shapes().items():
            self._draw(name, shape, 1.0 / math.sqrt(self.hidden_size))
        if self.learn_initial_state:
            for name, shape in self.architecture.initial_shapes().items():
                self._add(name, np.zeros(shape, self.dtype))
        self._parameters_replaced()

    def _parameters_replaced(self) -> None:
        values = list(self._parameters.values())
        learned = len(self.architecture.state_sizes) if self.learn_initial_state else 0
        count = len(values) - learned
        self._network = kernels.network(self.architecture, values[:count], values[count:])

    def __getstate__(self) -> dict[str, Any]:
        return {name: v for name, v in super().__getstate__().items() if name != "_network"}

    @property
    def all_weights(self) -> list[list[FloatArray]]:
        """The parameters, a list for each layer and direction."""
        parameters, a = self._parameters, self.architecture
        return [
            [parameters[name + suffix] for name in a.cell_shapes(k)]
            for k, suffix in enumerate(a.suffixes)
        ]

    # ---- calls ------------------------------------------------------------------------------

    @overload
    def __call__(
        self, input: FloatArray, hx: S | None = None, *, lengths: Lengths | None = None
    ) -> tuple[FloatArray, S]: ...

    @overload
    def __call__(
        self, input: Sequence[FloatArray], hx: S | None = None
    ) -> tuple[list[FloatArray], S]: ...

    def __call__(
        self, input: Any, hx: S | None = None, *, lengths: Lengths | None = None
    ) -> tuple[Any, S]:
        """Run the layers over x, which is called `input` as in torch.

        Parameters
        ----------
        input : array of the layer's dtype, or list of N arrays of shapes (T_i, I)
            Shape (T, N, I), or (N, T, I) if batch_first, or (T, I) for a sequence without a batch.
        hx : h_0, or (h_0, c_0) of an LSTM
            Initial states: h_0 (L·D, N, H), or (L·D, N, P) with a projection, c_0 (L·D, N, H); or
            (L·D, ·) without a batch; never batch-first. Index layer·D + direction. None is zeros.
        lengths : N integers, each in [0, T], optional
            How many steps of each row are valid, in any order of rows. What comes after is not
            read; outputs there are zero.

        Returns
        -------
        output : array, shape (T, N, D·H), (N, T, D·H) or (T, D·H), as x; a list if x is one
            States h of the last layer at each step, forward half first (of size P each with a
            projection). The reverse direction ends at step 0, so its final state is not in
            ``output[-1]`` (``output[:, -1]`` if batch_first) but in ``output[0, :, H:]``: for the
            final states of both directions, take h_n.
        state_n : h_n, or (h_n, c_n), shaped like hx
            The state of each layer and direction after each row's last valid step.

        Raises
        ------
        ValueError
            If the number of dimensions or the dtype of x, or `lengths`, do not fit.
        RuntimeError
            If the last axis of x, or the shape or dtype of a state, does not fit, or T is 0.
        TypeError
            If x is no array, an LSTM's state is no pair, or `lengths` are not integers.
        """
        results: tuple[Any, S] = self._run(input, hx, lengths, keep=False)
        return results

    @overload
    def vjp(
        self,
        input: FloatArray,
        hx: S | None = None,
        *,
        lengths: Lengths | None = None,
        checkpoint_every: int | None = None,
    ) -> tuple[tuple[FloatArray, S], Callable[..., Gradients]]: ...

    @overload
    def vjp(
        self,
        input: Sequence[FloatArray],
        hx: S | None = None,
        *,
        checkpoint_every: int | None = None,
    ) -> tuple[tuple[list[FloatArray], S], Callable[..., Gradients]]: ...

    def vjp(
        self,
        input: Any,
        hx: S | None = None,
        *,
        lengths: Lengths | None = None,
        checkpoint_every: int | None = None,
    ) -> tuple[tuple[Any, S], Callable[..., Gradients]]:
        """Run the layers and return, with the results, the function that takes gradients backwards.

        Nothing is accumulated anywhere, and `backward` may be called more than once, also after
        parameters were assigned: its gradients are those of the run. It reads x, the state and the
        output again, so leave these as they are until then; output is read-only.

        Parameters
        ----------
        input, hx, lengths
            As in a call.
        checkpoint_every : int, optional
            Keep no more than the states after every so many time steps; backward runs each part
            again before it undoes it (Chen et al. 2016, arXiv:1604.06174). Beside x, output and
            d_x, memory is then that of T / checkpoint_every states and of one part, least for
            about the square root of T, and the gradients are the same to the bit. Rounded up to
            steps of which a batch of N has 256 terms: 256 // N, if that is more than 1.

        Returns
        -------
        (output, state_n)
            As of a call.
        backward : function of (d_output=None, d_state_n=None), each shaped like what it belongs to
            Returns `Gradients`; None stands for zeros. With ``of_x=False`` the gradient of x is
            None and costs nothing, as in training.

        Raises
        ------
        ValueError
            Beside what a call raises, if `checkpoint_every` is less than 1, or is given to a
            bidirectional layer or one with dropout in training mode.
        """
        if checkpoint_every is None:
            results, run = self._run(input, hx, lengths, keep=True)
        else:
            results, run = self._run_in_parts(input, hx, lengths, checkpoint_every)
        return results, partial(self._backward, self._description, results, run)

    def _backward(
        self,
        description: _arguments.Description,
        results: tuple[Any, Any],
        run: Any,
        d_output: Any = None,
        d_state_n: Any = None,
        *,
        of_x: bool = True,
    ) -> Gradients:
        found = run.backward(d_output, d_state_n, of_x=of_x)
        if found is None:
            converted = _arguments.checked_gradients(description, results, d_output, d_state_n)
            found = run.backward(*converted, of_x=of_x)
        d_x, d_state, gradients = found
        return Gradients(d_x, d_state, dict(zip(self._parameters, gradients, strict=True)))

    def stream(self, batch_size: int = 1) -> Stream:
        """Return a `Stream` that runs the layer one time step at a time, for N sequences at once.

        Raises
        ------
        ValueError
            If the layer is bidirectional.
        """
        return Stream(self, batch_size)

    @property
    def _description(self) -> _arguments.Description:
        return _arguments.Description(self.architecture, self.dtype, self.batch_first)

    def _run(self, x: Any, state: Any, lengths: Any, keep: bool) -> Any:
        """Run the network that the layer has now; what its `run` returns."""
        network, batch_first = self._network, self.batch_first
        masks = (
            self._draw_masks if self.training and (self.dropout or self.recurrent_dropout) else None
        )
        found = network.run(x, state, lengths, masks, keep, batch_first)
        if found is None:
            x, state, lengths = _arguments.checked_call(self._description, x, state, lengths)
            found = network.run(x, state, lengths, masks, keep, batch_first)
        return found

    def _run_in_parts(self, x: Any, state: Any, lengths: Any, steps: int) -> Any:
        steps = _check.size("checkpoint_every", steps)
        if self.bidirectional:
            got, fix = "a bidirectional one", "its directions meet at every step of the output"
            raise _check.fail(ValueError, "checkpoint_every", "a unidirectional layer", got, fix)
        if self.training and self.dropout and self.num_layers > 1:
            fix = "masks are drawn for all steps at once: use recurrent_dropout, or eval()"
            raise _check.fail(ValueError, "checkpoint_every", "no dropout", "dropout", fix)
        checked = _arguments.checked_call(self._description, x, state, lengths)
        masks = self._draw_masks if self.training else None
        run = _checkpoints.Run(self._network, self._description, *checked, masks, steps)
        return run.results, run

    # ---- dropout ----------------------------------------------------------------------------

    def _draw_masks(self, T: int, N: int, lengths: IntArray | None) -> Masks | None:
        """Draw the masks of one run, layer by layer, as torch does; None if there are none."""
        D, P = 2 if self.bidirectional else 1, self.proj_size or self.hidden_size
        # Read once: another thread may assign them meanwhile.
        p_between, p_recurrent = self.dropout, self.recurrent_dropout
        between: list[FloatArray] = []
        recurrent: list[FloatArray] = []
        for layer in range(self.num_layers):
            if layer and p_between:
                between.append(self._dropout_mask((T, N, D * P), p_between, lengths))
            if p_recurrent:
                # A mask on what W_hh takes, for all steps of each row the same.
                for _ in range(D):
                    recurrent.append(self._drawn((N, P), p_recurrent))
        return Masks(between or None, recurrent or None) if between or recurrent else None

    def _dropout_mask(
        self, shape: tuple[int, int, int], p: float, lengths: IntArray | None
    ) -> FloatArray:
        """Draw step by step; with lengths over valid steps alone, longest row first."""
        if lengths is None:
            return self._drawn(shape, p)
        longest_first = np.argsort(-lengths, kind="stable")
        t, i = np.nonzero(np.arange(shape[0])[:, None] < lengths[longest_first])
        mask = np.zeros(shape, self.dtype)
        mask[t, longest_first[i]] = self._drawn((len(t), shape[2]), p)
        return mask

    def _drawn(self, shape: tuple[int, ...], p: float) -> FloatArray:
        mask: FloatArray = kernels.dropout_mask(self._generator.bits, shape, p, self.dtype)
        return mask

    def _extra_repr(self) -> str:
        shown = [f"{self.input_size}, {self.hidden_size}"]
        for name, default in _SHOWN_UNLESS.items():
            if getattr(self, name) != default:
                shown.append(f"{name}={getattr(self, name)}")
        return ", ".join(shown)


_SHOWN_UNLESS = {
    "proj_size": 0,
    "num_layers": 1,
    "bias": True,
    "batch_first": False,
    "dropout": 0.0,
    "bidirectional": False,
    "recurrent_dropout": 0.0,
    "learn_initial_state": False,
}
