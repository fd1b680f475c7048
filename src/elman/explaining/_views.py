"""Parts of a trace: one layer and direction, one step of it, one unit of that step."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from elman import _check
from elman._typing import FloatArray
from elman.explaining import _ledger, _vectors

if TYPE_CHECKING:
    from elman.explaining._trace import Trace


@dataclass(frozen=True, eq=False, repr=False)
class TracedLayer:
    """One layer in one direction; ``[t]`` opens a step. `Trace.layer` makes it.

    Attributes
    ----------
    trace : Trace
    layer : int
    direction : 0 forward, 1 reverse
    k : int
        layer · D + direction.
    x : array, shape (T, I), or (T, D·P) above the first layer
        What the layer reads.
    h, c, gates, sums_x, sums_h
        As of the trace, without the axis L·D.
    """

    trace: Trace
    layer: int
    direction: int

    @property
    def k(self) -> int:
        """The index of the axis L·D."""
        return self.layer * self.trace.architecture.directions + self.direction

    @property
    def x(self) -> FloatArray:
        """What the layer reads: x, or the states of the layer below, both directions."""
        if self.layer == 0:
            return self.trace.x
        D = self.trace.architecture.directions
        below: FloatArray = np.concatenate(
            self.trace.h[(self.layer - 1) * D : self.layer * D], axis=-1
        )
        return below

    @property
    def h(self) -> FloatArray:
        """The state after each step, (T, P)."""
        found: FloatArray = self.trace.h[self.k]
        return found

    @property
    def c(self) -> FloatArray | None:
        """An LSTM's c after each step, (T, H), or None."""
        return None if self.trace.c is None else self.trace.c[self.k]

    @property
    def gates(self) -> dict[str, FloatArray]:
        """The gates by letter, (T, H)."""
        return {letter: values[self.k] for letter, values in self.trace.gates.items()}

    @property
    def sums_x(self) -> FloatArray:
        """W_ih x + b_ih of each step, (T, G·H)."""
        found: FloatArray = self.trace.sums_x[self.k]
        return found

    @property
    def sums_h(self) -> FloatArray:
        """W_hh h + b_hh of each step, (T, G·H)."""
        found: FloatArray = self.trace.sums_h[self.k]
        return found

    def __len__(self) -> int:
        return self.trace.T

    def __getitem__(self, t: int) -> TracedStep:
        """Open step t, counted from 0, or from the end if negative."""
        T = self.trace.T
        number = _index("t", t, T, f"a step, 0 to {T - 1}" if T else "no step, as T is 0")
        return TracedStep(self, number)

    def __str__(self) -> str:
        return _vectors.text(self.trace, [self])

    __repr__ = __str__


@dataclass(frozen=True, eq=False, repr=False)
class TracedStep:
    """One step of one layer and direction, open to every multiplication; print it.

    Attributes
    ----------
    layer : TracedLayer
    t : int
    x, h, c : what came in; h and c are the states before the step
    h_next, c_next : the states after it
    sum_x, sum_h : W_ih x + b_ih and W_hh h + b_hh, (G·H,)
    gates : by letter, (H,)
    """

    layer: TracedLayer
    t: int

    @property
    def is_padding(self) -> bool:
        """Whether the step comes after the sequence's end."""
        return self.t >= self.layer.trace.length

    @property
    def before(self) -> int | None:
        """The step before in the order of computation; None for the first."""
        t = self.t + 1 if self.layer.direction else self.t - 1
        return t if 0 <= t < self.layer.trace.length else None

    @property
    def is_last(self) -> bool:
        """Whether the state after it is in h_n."""
        return self.t == (0 if self.layer.direction else self.layer.trace.length - 1)

    @property
    def x(self) -> FloatArray:
        """What the layer reads at this step, (I,) or (D·P,)."""
        found: FloatArray = self.layer.x[self.t]
        return found

    @property
    def h(self) -> FloatArray:
        """The state before the step, (P,)."""
        trace, k = self.layer.trace, self.layer.k
        h: FloatArray = trace.h_0[k] if self.before is None else trace.h[k, self.before]
        return h

    @property
    def c(self) -> FloatArray | None:
        """An LSTM's c before the step, (H,), or None."""
        trace, k = self.layer.trace, self.layer.k
        if trace.c is None or trace.c_0 is None:
            return None
        c: FloatArray = trace.c_0[k] if self.before is None else trace.c[k, self.before]
        return c

    @property
    def h_next(self) -> FloatArray:
        """The state after the step, (P,)."""
        found: FloatArray = self.layer.h[self.t]
        return found

    @property
    def c_next(self) -> FloatArray | None:
        """An LSTM's c after the step, (H,), or None."""
        c = self.layer.c
        return None if c is None else c[self.t]

    @property
    def hidden(self) -> FloatArray | None:
        """What a projection takes, o · tanh(c'), (H,), or None."""
        hidden = self.layer.trace.hidden
        return None if hidden is None else hidden[self.layer.k, self.t]

    @property
    def sum_x(self) -> FloatArray:
        """W_ih x + b_ih, (G·H,)."""
        found: FloatArray = self.layer.sums_x[self.t]
        return found

    @property
    def sum_h(self) -> FloatArray:
        """W_hh h + b_hh, (G·H,)."""
        found: FloatArray = self.layer.sums_h[self.t]
        return found

    @property
    def gates(self) -> dict[str, FloatArray]:
        """The gates by letter, (H,)."""
        return {letter: values[self.t] for letter, values in self.layer.gates.items()}

    def parameter_name(self, name: str) -> str:
        """Return a parameter's name in the trace from the one without suffix, as weight_ih."""
        trace = self.layer.trace
        is_cell = name in trace.parameters
        return name if is_cell else name + trace.architecture.suffixes[self.layer.k]

    def parameter(self, name: str) -> FloatArray | None:
        """Return a parameter by its name without suffix; None if there is none."""
        return self.layer.trace.parameters.get(self.parameter_name(name))

    def unit(self, k: int) -> TracedUnit:
        """Open unit k of the H hidden ones: each gate's sums, then each product of them."""
        H = self.layer.trace.architecture.hidden_size
        return TracedUnit(self, _index("k", k, H, f"a unit, 0 to {H - 1}"))

    def projected(self, j: int) -> TracedProjection:
        """Open value j of h' of an LSTM with a projection: each product of W_hr.

        Raises
        ------
        ValueError
            If there is no projection.
        IndexError, TypeError
            If there is no such value.
        """
        P = self.layer.trace.architecture.proj_size
        if not P:
            raise _check.fail(
                ValueError, "layer", "an LSTM with proj_size", "none", "unit(k) opens its units"
            )
        return TracedProjection(self, _index("j", j, P, f"a value of h', 0 to {P - 1}"))

    def __str__(self) -> str:
        return _ledger.step_text(self)

    __repr__ = __str__


@dataclass(frozen=True, eq=False, repr=False)
class TracedUnit:
    """One unit of one step; print it."""

    step: TracedStep
    k: int

    def __str__(self) -> str:
        return _ledger.unit_text(self.step, self.k)

    __repr__ = __str__


@dataclass(frozen=True, eq=False, repr=False)
class TracedProjection:
    """One value of the new state of an LSTM with a projection; print it."""

    step: TracedStep
    j: int

    def __str__(self) -> str:
        return _ledger.projected_text(self.step, self.j)

    __repr__ = __str__


def traced_layer(trace: Trace, layer: Any, direction: Any) -> TracedLayer:
    """Return the view of a layer and direction, which must be there."""
    a = trace.architecture
    number = _index("layer", layer, a.num_layers, f"a layer, 0 to {a.num_layers - 1}")
    if isinstance(direction, str):
        names = ("forward", "reverse")[: a.directions]
        return TracedLayer(trace, number, names.index(_check.choice("direction", direction, names)))
    directions = "0 forward or 1 reverse" if a.directions > 1 else "0, as it runs forward alone"
    return TracedLayer(trace, number, _index("direction", direction, a.directions, directions))


def _index(name: str, value: Any, size: int, expected: str) -> int:
    """Return an index in [0, size); negative ones count from the end.

    Raises
    ------
    TypeError
        If it is no integer.
    IndexError
        If it is outside.
    """
    try:
        if isinstance(value, bool | np.bool_):
            raise TypeError
        number = operator.index(value)
    except TypeError:
        raise _check.fail(TypeError, name, expected, _check.short(value)) from None
    if not -size <= number < size:
        raise _check.fail(IndexError, name, expected, str(number))
    return number % size
