"""Where the first NaN or infinity of a pass arose.

Letters: T steps, I input, H hidden, P size of h, G gates, D directions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from elman._typing import FloatArray
from elman.explaining._row import Row
from elman.kernels import State, Weights, reference

GATE_NAMES = {"rnn_tanh": ("",), "rnn_relu": ("",), "gru": tuple("rzn"), "lstm": tuple("ifgo")}


class NonFinite(NamedTuple):
    """The first value of a pass that is NaN or infinite, in the order of computation.

    This order is layer after layer, direction after direction, and step after step within them.

    value : which it is, such as "W_ih x" or "h'"
    gate : the gate whose sum it is part of, else ""
    layer, direction, t, unit : where it is
    source : what made it so, such as "x[0, 3, 2] = nan"
    directions : D of the layer
    """

    value: str
    gate: str
    layer: int
    direction: int
    t: int
    unit: int
    source: str
    directions: int

    def __str__(self) -> str:
        value = f"{self.value} of gate {self.gate}" if self.gate else self.value
        lane = ("forward, ", "reverse, ")[self.direction] if self.directions > 1 else ""
        where = f"layer {self.layer}, {lane}t = {self.t}, unit {self.unit}"
        return f"first non-finite value: {value}, {where}, from {self.source}"


def first_nonfinite(row: Row, run: reference.Run) -> NonFinite | None:
    """Return the first value of a run of one row that is NaN or infinite, or None."""
    a = run.network.architecture
    for k, recurrence in enumerate(run.recurrences):
        weights = run.network.of_recurrences[k]
        for step, (t, _, values) in enumerate(recurrence.steps):
            after = _state_after(run, k, step)
            for value, array in _in_order(weights, values, after):
                at = _first_wrong(array)
                if at is None:
                    continue
                is_sum = value.startswith("W")
                gate, unit = divmod(at, a.hidden_size) if is_sum else (0, at)
                return NonFinite(
                    value,
                    GATE_NAMES[a.cell][gate] if is_sum else "",
                    *divmod(k, a.directions),
                    int(t),
                    unit,
                    _Step(row, weights, a.suffixes[k], k, int(t), values).source(value, at),
                    a.directions,
                )
    return None


def _state_after(run: reference.Run, k: int, step: int) -> State:
    """Return the state after a step: what came into the next one, or the last state."""
    steps = run.recurrences[k].steps
    if step + 1 == len(steps):
        return tuple(part[k] for part in run.state_n)
    values = steps[step + 1][2]
    return tuple(getattr(values, letter) for letter in run.network.architecture.state_names)


def _in_order(w: Weights, values: Any, after: State) -> Iterator[tuple[str, FloatArray]]:
    """Yield the sums of a step and the state after it, by name; arrays of one axis."""
    for name, v, weight, bias in (
        ("W_ih x", values.x, w.weight_ih, w.bias_ih),
        ("W_hh h", values.h, w.weight_hh, w.bias_hh),
    ):
        product = weight @ v[0]
        yield name, product
        if bias is not None:
            yield f"{name} + {'b_ih' if v is values.x else 'b_hh'}", product + bias
    for letter, part in reversed(list(zip("hc", after, strict=False))):
        yield f"{letter}'", part[0]


class _Step(NamedTuple):
    """A step at which the first value that is not finite arose; `values` has what came in."""

    row: Row
    weights: Weights
    suffix: str
    k: int
    t: int
    values: Any

    def source(self, value: str, at: int) -> str:
        """Tell in words what made entry `at` of a value so."""
        w = self.weights
        if value == "W_ih x":
            return self._of_product("weight_ih", w.weight_ih[at], at, self.values.x[0])
        if value == "W_hh h":
            return self._of_product("weight_hh", w.weight_hh[at], at, self.values.h[0])
        if value == "c'" and not np.isfinite(self.values.c[0, at]):
            return f"{self.row.state_at(1, self.k, at)} = {self.values.c[0, at]:.3g}"
        if value == "h'" and w.weight_hr is not None:
            hidden = self.values.hidden[0]
            return self._of_product("weight_hr", w.weight_hr[at], at, hidden)
        bias = {"W_ih x + b_ih": "bias_ih", "W_hh h + b_hh": "bias_hh"}.get(value)
        if bias is not None and not np.isfinite(b := getattr(w, bias)[at]):
            return f"{bias}{self.suffix}[{at}] = {b:.3g}"
        return self._overflow

    def _of_product(self, name: str, weight: FloatArray, at: int, v: FloatArray) -> str:
        """Tell what made weight · v so, `weight` being row `at` of a matrix."""
        if (i := _first_wrong(v)) is not None:
            is_x = name == "weight_ih"
            given = self.row.x_at(self.t, i) if is_x else self.row.state_at(0, self.k, i)
            return f"{given} = {v[i]:.3g}"
        if (i := _first_wrong(weight)) is not None:
            return f"{name}{self.suffix}[{at}, {i}] = {weight[i]:.3g}"
        i = int(np.argmax(np.abs(weight * v)))
        return f"{name}{self.suffix}[{at}, {i}] = {weight[i]:.3g}, {self._overflow}"

    @property
    def _overflow(self) -> str:
        dtype = self.weights.weight_ih.dtype
        return f"an overflow: {np.finfo(dtype).max:.2g} is the largest {dtype}"


def _first_wrong(array: FloatArray) -> int | None:
    """Return the index of the first NaN or infinity, or None."""
    wrong = np.flatnonzero(~np.isfinite(array))
    return int(wrong[0]) if len(wrong) else None
