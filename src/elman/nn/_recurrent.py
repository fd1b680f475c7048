"""What all recurrent layers share: layers, directions, batches, dropout, forward and backward."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from elman import _check, kernels
from elman._random import Generator
from elman._typing import FloatArray, IntArray, Lengths
from elman.kernels import State
from elman.nn import _batch, _cell_parameters, _state
from elman.nn._module import Module
from elman.nn._stream import Stream


class Gradients(NamedTuple):
    """Gradients of a recurrent layer, each shaped like what it belongs to.

    x : array like x, or a list of arrays if x was one
    state : array like h_0, or (d_h_0, d_c_0) of an LSTM
    parameters : dict of arrays by the parameters' names
    """

    x: Any
    state: Any
    parameters: dict[str, FloatArray]


class Recurrent(Module):
    """A stack of recurrent layers in one or two directions; a subclass says of which cell."""

    _cell: str  # as elman.kernels names it

    _fixed = Module._fixed | {
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
        self._ready: dict[str, Any] = {}
        self._network: Any = None
        self._draw_parameters()

    @property
    def _state_sizes(self) -> tuple[int, ...]:
        """The last axis of each part of the state: P, and H for the c of an LSTM."""
        return (self.proj_size or self.hidden_size,)

    @property
    def _num_directions(self) -> int:
        return 2 if self.bidirectional else 1

    @property
    def _suffixes(self) -> list[str]:
        """What the names of parameters end in, for each layer and direction."""
        directions = ["", "_reverse"][: self._num_directions]
        return [f"_l{layer}{d}" for layer in range(self.num_layers) for d in directions]

    def _draw_parameters(self) -> None:
        D, P = self._num_directions, self._state_sizes[0]
        for k, suffix in enumerate(self._suffixes):
            I = self.input_size if k < D else D * P
            shapes = _cell_parameters.shapes(
                self._cell, I, self.hidden_size, self.bias, self.proj_size
            )
            for name, shape in shapes.items():
                self._draw(name + suffix, shape, 1.0 / math.sqrt(self.hidden_size))
        if self.learn_initial_state:
            for name, size in zip(_INITIAL_STATES, self._state_sizes, strict=False):
                zeros = np.zeros((len(self._suffixes), size), self.dtype)
                self._add(name, zeros)

    @property
    def all_weights(self) -> list[list[FloatArray]]:
        """The parameters, a list for each layer and direction."""
        return [
            [p for name, p in self._parameters.items() if name.partition("_l")[2] == suffix[2:]]
            for suffix in self._suffixes
        ]

    def _weights(self, suffix: str) -> Any:
        """Return the kernel's weights of one layer and direction, made ready at the first use."""
        if suffix not in self._ready:
            self._ready[suffix] = kernels.prepare(
                _cell_parameters.weights(self._cell, self._parameters, suffix)
            )
        return self._ready[suffix]

    def _parameters_replaced(self) -> None:
        self._ready = {}
        self._network = None

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_ready": {}, "_network": None}

    # ---- calls ------------------------------------------------------------------------------

    def __call__(
        self, x: Any, state: Any = None, *, lengths: Lengths | None = None
    ) -> tuple[Any, Any]:
        """Run the layers over x.

        Parameters
        ----------
        x : array of the layer's dtype, or list of N arrays of shapes (T_i, I)
            Shape (T, N, I), or (N, T, I) if batch_first, or (T, I) for a sequence without a batch.
        state : h_0, or (h_0, c_0) of an LSTM
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
        state_n : h_n, or (h_n, c_n), shaped like state
            The state of each layer and direction after each row's last valid step.

        Raises
        ------
        ValueError
            If the number of dimensions or the dtype of x, or `lengths`, do not fit.
        RuntimeError
            If the last axis of x, or the shape or dtype of a state, does not fit, or T is 0.
        TypeError
            If an LSTM's state is no pair, or `lengths` are not integers.
        """
        if lengths is None and (plain := self._run_plain(x, state, keep=False)) is not None:
            return plain
        batch, state, _ = self._read(x, state, lengths)
        output, state_n, _ = self._run(batch, state, keep=False)
        return batch.restore(output), _state.restore(state_n, batch)

    def vjp(
        self,
        x: Any,
        state: Any = None,
        *,
        lengths: Lengths | None = None,
        checkpoint_every: int | None = None,
    ) -> tuple[tuple[Any, Any], Callable[..., Gradients]]:
        """Run the layers and return, with the results, the function that takes gradients backwards.

        Nothing is accumulated anywhere, and `backward` may be called more than once, also after
        parameters were assigned: its gradients are those of the run. It reads x, state and output
        again, so leave these as they are until then; output is read-only.

        Parameters
        ----------
        x, state, lengths
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
            Returns `Gradients`; None stands for zeros.

        Raises
        ------
        ValueError
            Beside what a call raises, if `checkpoint_every` is less than 1, or is given to a
            bidirectional layer or one with dropout in training mode.
        """
        if checkpoint_every is not None:
            return self._vjp_in_parts(x, state, lengths, checkpoint_every)
        if lengths is None and (plain := self._run_plain(x, state, keep=True)) is not None:
            results, run = plain
            results[0].flags.writeable = False
            return results, partial(self._run_plain_backward, run, x)
        batch, state_0, initial = self._read(x, state, lengths)
        output, state_n, kept = self._run(batch, state_0, keep=True)
        output.flags.writeable = False

        def backward(d_output: Any = None, d_state_n: Any = None) -> Gradients:
            if d_output is not None:
                d_output = batch.read_gradient("d_output", d_output, output)
            if d_state_n is not None:
                zeros = tuple(map(np.zeros_like, initial))
                d_state_n = _state.read(self, d_state_n, batch, zeros, "d_{}_n")
            nothing: list[Any] = [None] * len(self._suffixes)
            d_x, d_state, totals = self._run_backward(kept, d_output, d_state_n, nothing)
            parameters = self._gradients_by_name(totals)
            if self.learn_initial_state:
                parameters |= _initial_gradients(state_0, initial, d_state)
            return Gradients(batch.restore(d_x), _state.restore(d_state, batch), parameters)

        return (batch.restore(output), _state.restore(state_n, batch)), backward

    def _vjp_in_parts(
        self, x: Any, state: Any, lengths: Lengths | None, steps: int
    ) -> tuple[tuple[Any, Any], Callable[..., Gradients]]:
        steps = _check.size("checkpoint_every", steps)
        if self.bidirectional:
            got, fix = "a bidirectional one", "its directions meet at every step of the output"
            raise _check.fail(ValueError, "checkpoint_every", "a unidirectional layer", got, fix)
        if self.training and self.dropout and self.num_layers > 1:
            fix = "masks are drawn for all steps at once: use recurrent_dropout, or eval()"
            raise _check.fail(ValueError, "checkpoint_every", "no dropout", "dropout", fix)
        batch, state_0, initial = self._read(x, state, lengths)
        T, N, _ = batch.x.shape
        whole = max(1, 256 // max(1, N))  # as for_blocks in native/gradient.hpp cuts time
        steps = -(-steps // whole) * whole
        parts = [slice(t, min(t + steps, T)) for t in range(0, T, steps)]
        weights = [self._weights(suffix) for suffix in self._suffixes]
        rows = batch.longest_first
        masks = [
            None if m is None else m[rows] for m in map(self._recurrent_mask, [N] * len(weights))
        ]
        output = batch.empty(self._state_sizes[0])
        states = [tuple(part[:, rows] for part in state_0)]
        for times in parts:
            part = batch.part(times)
            output[times][:, rows], state_n, _ = self._run(part, states[-1], False, weights, masks)
            states.append(state_n)
        output.flags.writeable = False
        state_n = _unsorted(states.pop(), rows)

        def backward(d_output: Any = None, d_state_n: Any = None) -> Gradients:
            if d_output is not None:
                d_output = batch.read_gradient("d_output", d_output, output)
            d_state: State | None = None
            if d_state_n is not None:
                zeros = tuple(map(np.zeros_like, initial))
                d_state = _state.read(self, d_state_n, batch, zeros, "d_{}_n")
                d_state = tuple(part[:, rows] for part in d_state)
            d_x = batch.empty(self.input_size)
            totals: list[Any] = [None] * len(weights)
            for times, state in zip(parts[::-1], states[::-1], strict=True):
                kept = self._run(batch.part(times), state, True, weights, masks)[2]
                d_part = None if d_output is None else d_output[times][:, rows]
                d_x[times][:, rows], d_state, totals = self._run_backward(
                    kept, d_part, d_state, totals
                )
            assert d_state is not None
            d_state = _unsorted(d_state, rows)
            parameters = self._gradients_by_name(totals)
            if self.learn_initial_state:
                parameters |= _initial_gradients(state_0, initial, d_state)
            return Gradients(batch.restore(d_x), _state.restore(d_state, batch), parameters)

        return (batch.restore(output), _state.restore(state_n, batch)), backward

    def stream(self, batch_size: int = 1) -> Stream:
        """Return a `Stream` that runs the layer one time step at a time, for N sequences at once.

        Raises
        ------
        ValueError
            If the layer is bidirectional.
        """
        return Stream(self, batch_size)

    def _read(
        self, x: Any, state: Any, lengths: Lengths | None
    ) -> tuple[_batch.Batch, State, State]:
        """Check a call's arguments; return the batch, its state, and what None stands for in it."""
        _state.check_dimensions(self, state, _batch.check_dimensions(self, x))
        batch = _batch.read(self, x, lengths)
        initial = self._initial_state(batch.x.shape[1])
        return batch, _state.read(self, state, batch, initial), initial

    def _run_plain(self, x: Any, state: Any, keep: bool) -> tuple[Any, Any] | None:
        """Run all layers in one call of the kernels; None where it takes more than that."""
        if (
            self.batch_first
            or self.learn_initial_state
            or (self.training and (self.dropout or self.recurrent_dropout))
        ):
            return None
        network = self._network
        if network is None:
            weights = [self._weights(suffix) for suffix in self._suffixes]
            sizes = (self._num_directions, self.input_size, self.hidden_size, self.proj_size)
            network = self._network = kernels.network(weights, *sizes)
        plain: tuple[Any, Any] | None = network and network.run(x, state, keep)
        return plain

    def _run_plain_backward(
        self, run: Any, x: FloatArray, d_output: Any = None, d_state_n: Any = None
    ) -> Gradients:
        """Undo `_run_plain`."""
        found = run.backward(d_output, d_state_n)
        if found is None:  # it is not as it should be, or only in another form
            batch = _batch.read(self, x, None)
            N = batch.x.shape[1]
            if d_output is not None:
                like = batch.empty(self._num_directions * self._state_sizes[0])
                d_output = batch.read_gradient("d_output", d_output, like)
            if d_state_n is not None:
                zeros = self._initial_state(N)
                d_state_n = _state.read(self, d_state_n, batch, zeros, "d_{}_n")
                d_state_n = d_state_n if len(d_state_n) > 1 else d_state_n[0]
            found = run.backward(d_output, d_state_n)
        d_x, d_state, d_parameters = found
        return Gradients(d_x, d_state, dict(zip(self._parameters, d_parameters, strict=True)))

    def _initial_state(self, N: int) -> State:
        """Return the state (L·D, N, ·) that a call without one begins from."""
        shapes = [(len(self._suffixes), N, size) for size in self._state_sizes]
        if not self.learn_initial_state:
            return tuple(np.zeros(shape, self.dtype) for shape in shapes)
        return tuple(
            np.repeat(self._parameters[name][:, None], N, axis=1)
            for name in _INITIAL_STATES[: len(shapes)]
        )

    def _run(
        self,
        batch: _batch.Batch,
        state: State,
        keep: bool,
        weights: list[Any] | None = None,
        recurrent_masks: list[FloatArray | None] | None = None,
    ) -> tuple[FloatArray, State, list[_KeptLayer]]:
        """Run all layers; return output (T, N, D·P), the final states and what backward needs.

        `weights` and `recurrent_masks`, of each layer and direction, are the layer's and drawn
        anew unless given.
        """
        x, D, P = batch.x, self._num_directions, self._state_sizes[0]
        state_n = tuple(np.empty_like(part, order="C") for part in state)
        kept = []
        for layer in range(self.num_layers):
            mask = None
            if layer > 0 and self.training and self.dropout > 0:
                mask = self._dropout_mask(x.shape, batch.lengths)
                x = x * mask
            output = batch.empty(D * P)
            directions = []
            for direction in range(D):
                k = layer * D + direction
                of_direction = weights[k] if weights else self._weights(self._suffixes[k])
                of_cell = kernels.forward(
                    of_direction,
                    x,
                    tuple(part[k] for part in state),
                    output[..., direction * P : (direction + 1) * P],
                    tuple(part[k] for part in state_n),
                    batch.lengths,
                    direction == 1,
                    keep,
                    recurrent_masks[k] if recurrent_masks else self._recurrent_mask(x.shape[1]),
                )
                directions.append((of_direction, of_cell))
            kept.append(_KeptLayer(mask, directions))
            x = output
        return x, state_n, kept

    def _run_backward(
        self,
        kept: list[_KeptLayer],
        d_output: FloatArray | None,
        d_state_n: State | None,
        totals: list[Any],
    ) -> tuple[FloatArray, State, list[Any]]:
        """Undo `_run` from the last layer to the first.

        Gradients of weights are added to `totals`, those of each layer and direction or None.
        """
        D, P = self._num_directions, self._state_sizes[0]
        d_states: list[State] = []
        d_weights = list(totals)
        d_x: FloatArray = np.empty(0)
        for k in reversed(range(self.num_layers * D)):
            layer, direction = divmod(k, D)
            d_x_part, d_state, d_weights[k] = kernels.backward(
                *kept[layer].directions[direction],
                None if d_output is None else d_output[..., direction * P : (direction + 1) * P],
                None if d_state_n is None else tuple(part[k] for part in d_state_n),
                totals[k],
            )
            d_states.insert(0, d_state)
            d_x = d_x_part if direction == D - 1 else np.add(d_x_part, d_x, out=d_x)
            if direction == 0:
                mask = kept[layer].mask
                d_output = d_x if mask is None else np.multiply(d_x, mask, out=d_x)
        assert d_output is not None
        return d_output, tuple(np.stack(parts) for parts in zip(*d_states, strict=True)), d_weights

    def _gradients_by_name(self, d_weights: list[Any]) -> dict[str, FloatArray]:
        """Name the gradients of each layer and direction, in the parameters' order."""
        named: dict[str, FloatArray] = {}
        for suffix, of_direction in zip(self._suffixes, d_weights, strict=True):
            named |= _cell_parameters.by_name(of_direction, suffix)
        return {name: named[name] for name in self._parameters if name in named}

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

    def _recurrent_mask(self, N: int) -> FloatArray | None:
        """Draw a mask on what W_hh takes, for all steps of each row the same."""
        if not self.training or self.recurrent_dropout == 0:
            return None
        shape = (N, self._state_sizes[0])
        return self._generator.dropout_mask(shape, self.recurrent_dropout, self.dtype)

    def __repr__(self) -> str:
        shown = [f"{self.input_size}, {self.hidden_size}"]
        for name, default in _SHOWN_UNLESS.items():
            if getattr(self, name) != default:
                shown.append(f"{name}={getattr(self, name)}")
        return f"{type(self).__name__}({', '.join(shown)})"


class _KeptLayer(NamedTuple):
    """What backward needs of a layer: the dropout mask on its input, and of each direction its
    weights, which may have been replaced since, and what its kernel kept.
    """

    mask: FloatArray | None
    directions: list[tuple[Any, Any]]


def _unsorted(state: State, rows: Any) -> State:
    """Undo ``tuple(part[:, rows] for part in state)``."""
    found = tuple(map(np.empty_like, state))
    for part, values in zip(found, state, strict=True):
        part[:, rows] = values
    return found


def _initial_gradients(state: State, initial: State, d_state: State) -> dict[str, FloatArray]:
    """Gradients of the learned initial states, of those parts of the state that were these."""
    return {
        name: d_part.sum(axis=1)
        if part is learned
        else np.zeros_like(d_part, shape=d_part.shape[::2])
        for name, part, learned, d_part in zip(
            _INITIAL_STATES, state, initial, d_state, strict=False
        )
    }


_INITIAL_STATES = ("h_0", "c_0")

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
