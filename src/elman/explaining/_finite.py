"""Where in a trace the first NaN or infinity arises."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from elman._typing import FloatArray
from elman.explaining import _names
from elman.explaining._record import GATE_NAMES, order

if TYPE_CHECKING:
    from elman.explaining._trace import Trace
    from elman.explaining._views import TracedLayer, TracedStep


class Cause(NamedTuple):
    """What a value is made of, by name; by_row: of its row alone, not of all of it."""

    name: str
    values: FloatArray | None
    by_row: bool = False


def first(trace: Trace) -> str | None:
    """Say where the first value arises that is not finite, and from what; None if all are."""
    a = trace.architecture
    for k in range(a.recurrences):
        layer = trace.layer(*divmod(k, a.directions))
        for t in first_steps(layer)[1]:
            return _described(layer[t])
    return None


def first_steps(layer: TracedLayer) -> tuple[list[int], list[int]]:
    """Return the steps before the first that has such a value, and it with all that follow."""
    trace = layer.trace
    steps = list(order(trace.architecture, layer.k, trace.length))
    values = [layer.sums_x, layer.sums_h, layer.h, *([] if layer.c is None else [layer.c])]
    is_finite = np.all(np.isfinite(np.hstack(values)), axis=1)
    first = next((i for i, t in enumerate(steps) if not is_finite[t]), len(steps))
    return steps[:first], steps[first:]


def _described(step: TracedStep) -> str:
    """Name the first such value of a step, and where it comes from."""
    layer, a = step.layer, step.layer.trace.architecture
    place = f"layer {layer.layer}"
    if a.directions > 1:
        place = _names.place(layer)
    for name, values, causes in _stages(step):
        bad = np.flatnonzero(~np.isfinite(values))
        if len(bad):
            gate, unit = divmod(int(bad[0]), a.hidden_size)
            letter = GATE_NAMES[a.cell][gate : gate + 1] if len(values) > a.hidden_size else ""
            which = f"gate {letter}, " * bool(letter)
            cause = next(filter(None, (_bad(c, int(bad[0])) for c in causes)), "an overflow")
            return f"{name}, {place}, t = {step.t}, {which}unit {unit}, from {cause}"
    raise AssertionError(step)


def _stages(step: TracedStep) -> Iterator[tuple[str, FloatArray, list[Cause]]]:
    """Yield what a step computes, in order, and what each of these is made of."""
    weights = [
        Cause(step.parameter_name(name), step.parameter(name), by_row=True)
        for name in ("weight_ih", "bias_ih", "weight_hh", "bias_hh", "weight_hr")
    ]
    x = Cause(_names.x(step.layer, step.t), step.x)
    h = Cause(_names.before(step, "h"), step.h)
    yield "W_ih x", step.sum_x, [x, *weights[:2]]
    yield "W_hh h", step.sum_h, [h, *weights[2:4]]
    if step.c_next is not None:
        yield "c'", step.c_next, [Cause(_names.before(step, "c"), step.c, by_row=True)]
    yield "h'", step.h_next, weights[4:]


def _bad(cause: Cause, row: int) -> str:
    """Name the first value of a cause that is not finite, if there is one."""
    values = cause.values
    if values is None:
        return ""
    part = values[row : row + 1] if cause.by_row else values
    bad = np.argwhere(~np.isfinite(part))
    if not len(bad):
        return ""
    value = part[tuple(bad[0])]
    index = ", ".join(map(str, [row, *bad[0][1:]] if cause.by_row else bad[0]))
    stem, bracket, rest = cause.name.rpartition("]")
    return f"{stem}, {index}]{rest} = {value}" if bracket else f"{rest}[{index}] = {value}"
