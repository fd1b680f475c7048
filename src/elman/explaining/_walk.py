"""Backward through time one step at a time, by the reference's own cells.

Values are the layer's own, of its dtype; gradients of them are calculated in float64, so that a
gradient that shrinks to 1e-60 is still a number. Letters: T steps, H hidden, P size of h.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from elman._typing import FloatArray
from elman.kernels import State, Weights, reference
from elman.kernels.cells import CELLS

SLOPE = 0.05
"""A tanh or relu whose slope is below this is saturated."""

GATE = 0.05
"""A gate this close to 0 or to 1 is saturated."""

CURVES = {"rnn_tanh": "h_next", "rnn_relu": "h_next", "gru": "n", "lstm": "g"}
"""What comes out of each cell's tanh or relu."""

GATES = {"rnn_tanh": (), "rnn_relu": (), "gru": ("r", "z"), "lstm": ("i", "f", "o")}
KEEPS = {"gru": "z", "lstm": "f"}
"""The gate that says which share of the state before stays."""


class Walk(NamedTuple):
    """A walk from the last state back to the first.

    norm : array, shape (T,)
        ‖d L / d state‖ at each step, after that step, of all parts together.
    d_x : array, shape (T, I)
    """

    norm: FloatArray
    d_x: FloatArray


class Activations(NamedTuple):
    """What the activations of each step let through; arrays of shape (T,).

    mean_slope : of φ of an Elman cell, of the tanh of n of a GRU, of g of an LSTM
    saturated : share of all activations that are saturated
    saturated_gates : the same for each gate by name; empty for an Elman cell
    keeps : mean of z of a GRU or f of an LSTM; None for an Elman cell
    """

    mean_slope: FloatArray
    saturated: FloatArray
    saturated_gates: dict[str, FloatArray]
    keeps: FloatArray | None


class Loss(NamedTuple):
    """A loss of every step's output; arrays of shape (T,).

    own : norm of what the step's own loss adds to the gradient of its h
    total : norm of the gradient of all losses with respect to the step's state
    """

    own: FloatArray
    total: FloatArray


def from_last_state(weights: Weights, recurrence: reference.Recurrence) -> Walk:
    """Walk back from the sum of all parts of the last state."""
    ones = tuple(np.ones(part.shape) for part in recurrence.state)
    return _walk(weights, recurrence, ones, None)


def from_outputs(run: reference.Run, d_output: FloatArray) -> list[Loss]:
    """Walk back from the losses of all steps, layer after layer; one for each recurrence.

    Parameters
    ----------
    run : Run of one row
    d_output : array, shape (T, D·P)
    """
    a, P = run.network.architecture, run.network.architecture.state_sizes[0]
    losses: list[Loss] = []
    d_output = d_output.astype(np.float64)
    for layer in reversed(range(a.num_layers)):
        d_x: Any = 0
        for direction in reversed(range(a.directions)):
            k = layer * a.directions + direction
            own = d_output[:, direction * P : (direction + 1) * P]
            recurrence = run.recurrences[k]
            zeros = tuple(np.zeros(part.shape) for part in recurrence.state)
            walk = _walk(run.network.of_recurrences[k], recurrence, zeros, own)
            losses.insert(0, Loss(np.array([norm([d]) for d in own]), walk.norm))
            d_x = d_x + walk.d_x
        d_output = d_x
    return losses


def _walk(
    weights: Weights,
    recurrence: reference.Recurrence,
    d_state: State,
    d_output: FloatArray | None,
) -> Walk:
    backward = CELLS[weights.cell].backward
    # The gradient is float64, so all that it is multiplied with is taken as float64 too; of weights
    # this is done once.
    arrays: list[Any] = [None if w is None else w.astype(np.float64) for w in weights[1:]]
    weights = Weights(weights.cell, *arrays)
    T, _, I = recurrence.x.shape
    norms, d_x = np.empty(T), np.empty((T, I))
    for t, _, values in reversed(recurrence.steps):
        if d_output is not None:
            d_state = (d_state[0] + d_output[t], *d_state[1:])
        norms[t] = norm(d_state)
        d_x[t], d_state, _ = backward(weights, values, d_state)
    return Walk(norms, d_x)


def activations(weights: Weights, recurrence: reference.Recurrence) -> Activations:
    """Measure what the activations of each step let through."""
    cell, steps = weights.cell, sorted(recurrence.steps, key=lambda step: int(step[0]))

    def over_time(name: str) -> FloatArray:
        return np.concatenate([getattr(values, name) for _, _, values in steps]).astype(np.float64)

    curve = over_time(CURVES[cell])
    slope = np.where(curve <= 0, 0.0, 1.0) if cell == "rnn_relu" else 1 - curve**2
    saturated = {CURVES[cell]: slope < SLOPE}
    for name in GATES[cell]:
        gate = over_time(name)
        saturated[name] = np.minimum(gate, 1 - gate) < GATE
    return Activations(
        slope.mean(axis=1),
        np.concatenate(list(saturated.values()), axis=1).mean(axis=1),
        {name: share.mean(axis=1) for name, share in saturated.items()} if GATES[cell] else {},
        over_time(KEEPS[cell]).mean(axis=1) if cell in KEEPS else None,
    )


def stretch(weight: FloatArray) -> float:
    """Return the largest singular value; NaN of what is not finite."""
    finite = np.isfinite(weight).all()
    return float(np.linalg.norm(weight.astype(np.float64), 2)) if finite else math.nan


def spectral_radius(weight: FloatArray) -> float:
    """Return the largest modulus of the eigenvalues; NaN of what is not finite."""
    finite = np.isfinite(weight).all()
    return float(np.abs(np.linalg.eigvals(weight.astype(np.float64))).max()) if finite else math.nan


def norm(parts: Sequence[FloatArray]) -> float:
    """‖v‖ of all parts together; no square of a small or a large value is lost on the way."""
    return math.hypot(*(float(v) for part in parts for v in part.ravel()))
