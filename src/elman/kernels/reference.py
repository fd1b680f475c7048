"""The kernels in NumPy: the specification that the native kernels are held to.

A recurrence, which is one layer in one direction, is its cell (see `elman.kernels.cells`), step
after step. A network is its recurrences, layer after layer. Letters: T time steps, N batch,
I input, H hidden, P the size of h (H, or less with a projection), L layers, D directions.

A row of the batch is frozen after its last valid step: its output is zero there, its final state
is the state after that step, and the reverse direction starts at it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from elman._typing import FloatArray, IntArray
from elman.kernels import forms
from elman.kernels.architecture import Architecture
from elman.kernels.cells import CELLS, State, Weights
from elman.kernels.masks import dropout_mask as dropout_mask

PAIRS_PER_BLOCK = 1
"""Gradients of weights are summed step by step."""


class Recurrence(NamedTuple):
    """What `backward` needs of one layer in one direction; steps are (t, rows, the cell's values).

    x : (T, N, I)
    state : its initial state
    """

    x: FloatArray
    state: State
    steps: list[tuple[Any, Any, Any]]


def forward(
    weights: Weights,
    x: FloatArray,
    state: State,
    output: FloatArray,
    state_n: State,
    lengths: IntArray | None = None,
    reverse: bool = False,
    mask: FloatArray | None = None,
) -> Recurrence:
    """Run one layer in one direction.

    Parameters
    ----------
    weights : Weights
    x : float32 or float64 array, shape (T, N, I)
    state : (h_0,), or (h_0, c_0) of an LSTM; arrays of x's dtype, shapes (N, P) and (N, H)
    output : array of x's dtype, shape (T, N, P)
        Filled with h_t; zero after a row's length.
    state_n : like state
        Filled with the state after each row's last step.
    lengths : int64 array, shape (N,), each in [0, T], or None for T
    reverse : bool
        Whether to run from each row's last valid step to its first.
    mask : array of x's dtype, shape (N, P), or None for ones
        What h is multiplied with, at every step alike, where W_hh takes it.
    """
    step_forward = CELLS[weights.cell].forward
    for part, part_0 in zip(state_n, state, strict=True):
        part[...] = part_0
    output[...] = 0
    steps = []
    for t, rows in _steps(x.shape[0], lengths, reverse):
        state_t = tuple(part[rows].copy() for part in state_n)
        mask_t = None if mask is None else mask[rows]
        state_t, values = step_forward(weights, x[t, rows], state_t, mask_t)
        for part, part_t in zip(state_n, state_t, strict=True):
            part[rows] = part_t
        output[t, rows] = state_t[0]
        steps.append((t, rows, values))
    return Recurrence(x, state, steps)


def backward(
    weights: Weights,
    recurrence: Recurrence,
    d_output: FloatArray | None,
    d_state_n: tuple[FloatArray | None, ...],
    d_weights: Weights,
) -> tuple[FloatArray, State]:
    """Backpropagate through time (Rumelhart, Hinton & Williams 1986; Werbos 1990).

    Parameters
    ----------
    weights : Weights, as given to `forward`
    recurrence : as `forward` returned it
    d_output : array, shape (T, N, P), or None for zeros
        Gradient with respect to output; ignored after a row's length.
    d_state_n : like state_n, a part None for zeros
    d_weights : Weights
        The gradients of the weights are added to them.

    Returns
    -------
    d_x : array, shape (T, N, I); zero after a row's length
    d_state : like state
    """
    step_backward = CELLS[weights.cell].backward
    d_x = np.zeros(recurrence.x.shape, recurrence.x.dtype)
    d_state = tuple(np.zeros_like(part) for part in recurrence.state)
    for part, part_n in zip(d_state, d_state_n, strict=True):
        part[...] = 0 if part_n is None else part_n
    for t, rows, values in reversed(recurrence.steps):
        d_state_t = tuple(part[rows] for part in d_state)
        if d_output is not None:
            d_state_t = (d_state_t[0] + d_output[t, rows], *d_state_t[1:])
        d_x[t, rows], d_state_t, d_weights_t = step_backward(weights, values, d_state_t)
        for part, part_t in zip(d_state, d_state_t, strict=True):
            part[rows] = part_t
        for total, term in zip(d_weights[1:], d_weights_t[1:], strict=True):
            if total is not None and term is not None:
                total += term
    return d_x, d_state


def _steps(T: int, lengths: IntArray | None, reverse: bool) -> Iterator[tuple[Any, Any]]:
    """Yield, in order of computation, (t, valid rows), to index an array of axes (T, N, …)."""
    for step in range(T):
        if lengths is None:
            yield (T - 1 - step if reverse else step), slice(None)
        else:
            rows = np.flatnonzero(lengths > step)
            yield (lengths[rows] - 1 - step if reverse else step), rows


class Network:
    """A network of weights that never change; see `elman.kernels` for the contract."""

    def __init__(
        self,
        architecture: Architecture,
        weights: Sequence[FloatArray],
        initial: Sequence[FloatArray] = (),
    ) -> None:
        self.architecture = architecture
        self.weights, self.initial = list(weights), list(initial)
        self.dtype = weights[0].dtype
        self.of_recurrences = grouped(architecture, weights)

    def run(
        self,
        x: Any,
        state: Any = None,
        lengths: Any = None,
        masks: Any = None,
        keep: bool = False,
        batch_first: bool = False,
        packed: bool = False,
    ) -> Any:
        """Run the network over x."""
        form = forms.read(self.architecture, self.dtype, x, state, lengths, batch_first, packed)
        if form is None:
            return None
        run = Run(self, form, masks)
        run.forward()
        run.output.flags.writeable = not keep
        results = form.restore(run.output), form.restore_state(run.state_n)
        return (results, run) if keep else results

    def resume(
        self,
        x: Any,
        state: Any,
        lengths: Any,
        masks: Any,
        batch_first: bool,
        packed: bool,
        output: Any,
        workspace: Any,
    ) -> Any:
        """Run the network again, as nothing is kept in arrays."""
        found = self.run(x, state, lengths, masks, True, batch_first, packed)
        if found is None or not forms.fits(output, found[0][0]) or len(workspace):
            return None
        return found[1]

    def holds(self, weights: Sequence[FloatArray]) -> bool:
        """Tell whether the parameters are these arrays, byte by byte."""
        shapes = list(self.architecture.parameter_shapes().values())
        if [(w.shape, w.dtype) for w in weights] != [(shape, self.dtype) for shape in shapes]:
            return False
        pairs = zip(weights, self.weights, strict=True)
        return all(own.tobytes() == other.tobytes() for own, other in pairs)

    def step(self, x_t: Any, state: State, out: Any = None) -> FloatArray | None:
        """Make one step of unidirectional layers; `state`, its parts (L, N, ·), is replaced."""
        a = self.architecture
        if a.bidirectional or not forms.fits_step(a, self.dtype, state):
            return None
        if type(x_t) is not np.ndarray:
            return None
        found = self.run(x_t[None], state if len(state) > 1 else state[0])
        if found is None:
            return None
        y: FloatArray = found[0][0]
        if out is not None:
            if not forms.fits(out, y, writable=True):
                return None
            if any(np.may_share_memory(out, array) for array in (x_t, *state)):
                return None
        for part, part_n in zip(state, found[1] if len(state) > 1 else found[1:], strict=True):
            part[...] = part_n
        if out is not None:
            out[...] = y
            y = out
        return y

    def cell(self, x: Any, state: Any = None, keep: bool = False) -> Any:
        """Make one step of a single cell: x (N, I), or (I,) without a batch; state (N, ·), (·,)."""
        if type(x) is not np.ndarray or x.ndim not in (1, 2) or self.architecture.recurrences > 1:
            return None
        found = self.run(x[None], _with_axis(state), keep=True)
        if found is None:
            return None
        (_, state_n), run = found
        return (_first(state_n), CellRun(run)) if keep else _first(state_n)

    @property
    def kept_values(self) -> int:
        """How many values of each unit, step and row a run keeps, beside x."""
        a = self.architecture
        # n_h of a GRU is a part of sum_h.
        names = set(CELLS[a.cell].values._fields) - {"x", "mask", "sum_x", "sum_h", "n_h"}
        return len(names) + 2 * a.gates


class Run:
    """One run of a network, forward and then backward as often as one likes."""

    def __init__(self, network: Network, form: forms.Form, masks: Any) -> None:
        self.network, self.form = network, form
        if callable(masks):
            masks = masks(*form.x.shape[:2], form.lengths)
        between, recurrent = masks or (None, None)
        a = network.architecture
        if between and form.packed:
            between = [form.unpack(mask) for mask in between]
        self.between = [None, *(between or [None] * (a.num_layers - 1))]
        self.recurrent = recurrent or [None] * a.recurrences
        initial = forms.initial_state(a, network.dtype, network.initial, form.x.shape[1])
        self.state = forms.begin(form, initial)
        self.state_n = tuple(np.empty_like(part, order="C") for part in self.state)
        self.recurrences: list[Recurrence] = []

    @property
    def workspace(self) -> FloatArray:
        """Nothing, as `Network.resume` runs the network again."""
        return np.empty(0, self.network.dtype)

    def forward(self) -> None:
        """Run layer after layer, each direction of one on the output of the layer before."""
        a, P = self.network.architecture, self.network.architecture.state_sizes[0]
        x = self.form.x
        for layer in range(a.num_layers):
            if (dropped := self.between[layer]) is not None:
                x = x * dropped
            output = self.form.empty(a.output_size)
            for direction in range(a.directions):
                k = layer * a.directions + direction
                recurrence = forward(
                    self.network.of_recurrences[k],
                    x,
                    tuple(part[k] for part in self.state),
                    output[..., direction * P : (direction + 1) * P],
                    tuple(part[k] for part in self.state_n),
                    self.form.lengths,
                    direction == 1,
                    self.recurrent[k],
                )
                self.recurrences.append(recurrence)
            x = output
        self.output = x

    def backward(
        self,
        d_output: Any = None,
        d_state_n: Any = None,
        gradients: Any = None,
        of_x: bool = True,
    ) -> tuple[Any, Any, list[FloatArray]] | None:
        """Undo `forward` from the last layer to the first."""
        a, P = self.network.architecture, self.network.architecture.state_sizes[0]
        read = self.form.gradients(a, d_output, d_state_n)
        dtype = self.network.dtype
        if read is None or not (gradients is None or forms.fit_parameters(a, dtype, gradients)):
            return None
        d_layer: Any = read[0]
        d_parts = read[1]
        weights = self.network.of_recurrences
        totals = [w.zeros() for w in weights] if gradients is None else grouped(a, gradients)
        d_states: list[State] = []
        for layer in reversed(range(a.num_layers)):
            d_x: Any = None
            for direction in reversed(range(a.directions)):
                k = layer * a.directions + direction
                part = slice(direction * P, (direction + 1) * P)
                d_input, d_state = backward(
                    weights[k],
                    self.recurrences[k],
                    None if d_layer is None else d_layer[..., part],
                    tuple(None if part is None else part[k] for part in d_parts),
                    totals[k],
                )
                d_states.insert(0, d_state)
                d_x = d_input if d_x is None else d_input + d_x
            dropped = self.between[layer]
            d_layer = d_x if dropped is None else d_x * dropped
        d_state = tuple(np.stack(parts) for parts in zip(*d_states, strict=True))
        found = flat(totals) if gradients is None else gradients
        if gradients is None:
            found += forms.learned_gradients(self.form, self.network.initial, d_state)
        d_x = self.form.restore(d_layer) if of_x else None
        return d_x, self.form.restore_state(d_state), found


class CellRun:
    """One step of a cell, forward and then backward as often as one likes."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def backward(self, d_state_n: Any) -> tuple[Any, Any, list[FloatArray]] | None:
        """Undo the step: the gradients of x, of the state and of the parameters in order."""
        found = self._run.backward(None, _with_axis(d_state_n))
        if found is None:
            return None
        d_x, d_state, gradients = found
        return d_x[0], _first(d_state), gradients


def _with_axis(state: Any) -> Any:
    """Give a cell's state the axis (L·D = 1, …) of a network's."""
    if isinstance(state, tuple):
        return tuple(map(_with_axis, state))
    return state[None] if type(state) is np.ndarray else state


def _first(state: Any) -> Any:
    """Undo `_with_axis`."""
    return tuple(part[0] for part in state) if isinstance(state, tuple) else state[0]


def grouped(architecture: Architecture, arrays: Sequence[FloatArray]) -> list[Weights]:
    """Group a network's parameters, in order, by layer and direction."""
    found, rest = [], list(arrays)
    for k in range(architecture.recurrences):
        names = list(architecture.cell_shapes(k))
        found.append(Weights(architecture.cell, **dict(zip(names, rest, strict=False))))
        rest = rest[len(names) :]
    return found


def flat(weights: Sequence[Weights]) -> list[FloatArray]:
    """Undo `grouped`."""
    return [array for of_one in weights for array in of_one[1:] if array is not None]


def network(
    architecture: Architecture,
    weights: Sequence[FloatArray],
    initial: Sequence[FloatArray] = (),
) -> Network:
    """Make a network; see `elman.kernels`."""
    return Network(architecture, weights, initial)


class Linear(NamedTuple):
    """y = x Wᵀ + b for rows x (M, K), of weights that never change."""

    weight: FloatArray
    bias: FloatArray | None

    def run(self, x: FloatArray) -> FloatArray:
        """Return y (M, n)."""
        y: FloatArray = x @ self.weight.T
        return y if self.bias is None else y + self.bias

    def backward(
        self, x: FloatArray, d_y: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray | None]:
        """Return d_x, d_weight and d_bias, or None for d_bias without a bias."""
        d_bias = None if self.bias is None else d_y.sum(axis=0)
        return d_y @ self.weight, d_y.T @ x, d_bias


def linear(weight: FloatArray, bias: FloatArray | None) -> Linear:
    """Make a linear layer; see `elman.kernels`."""
    return Linear(weight, bias)


def config() -> dict[str, str | int]:
    """Tell what `elman.show_config` says of this side."""
    return {"isa": "NumPy's", "threads": 1, "summation_order": "NumPy's"}
