"""The names under which one finds what a trace shows: output[0, 1], h_n[1, 0], trace.h[2, 0]."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elman.nn._cell import RecurrentCell

if TYPE_CHECKING:
    from elman.explaining._trace import Trace
    from elman.explaining._views import TracedLayer, TracedStep


def is_cell(trace: Trace) -> bool:
    """Whether a cell is explained and not a layer."""
    return isinstance(trace.module, RecurrentCell)


def short(trace: Trace) -> str:
    """Return the layer's class and sizes: RNN(5, 2)."""
    a = trace.architecture
    return f"{type(trace.module).__name__}({a.input_size}, {a.hidden_size})"


def place(layer: TracedLayer) -> str:
    """Say which layer and direction: layer 0, forward."""
    return f"layer {layer.layer}, {('forward', 'reverse')[layer.direction]}"


def is_top(layer: TracedLayer) -> bool:
    """Whether the layer's states are in output."""
    return layer.layer == layer.trace.architecture.num_layers - 1


def of_step(trace: Trace, name: str, t: int, *more: str | int) -> str:
    """Return the name of a part of step t of an array that has x's form, as x or output."""
    last = [str(part) for part in more]
    if is_cell(trace):
        index = [str(trace.row)] * (trace.row is not None) + last
    elif trace.row is None:
        index = [str(t), *last]
    elif trace.ragged:
        return f"{name}[{trace.row}][{', '.join([str(t), *last])}]"
    else:
        both = [str(trace.row), str(t)]
        index = [*(both if trace.module.batch_first else both[::-1]), *last]
    return f"{name}[{', '.join(index)}]" if index else name


def x(layer: TracedLayer, t: int) -> str:
    """Name what a layer reads at step t."""
    if layer.layer == 0:
        return of_step(layer.trace, "x", t)
    D = layer.trace.architecture.directions
    below = (layer.layer - 1) * D
    return f"trace.h[{below}, {t}]" if D == 1 else f"trace.h[{below}:{below + D}, {t}]"


def h(layer: TracedLayer, t: int, unit: int | None = None) -> str:
    """Name the state after step t, or a unit of it."""
    trace = layer.trace
    if not is_top(layer):
        return f"trace.h[{layer.k}, {t}{'' if unit is None else f', {unit}'}]"
    P, D = trace.architecture.state_sizes[0], trace.architecture.directions
    if unit is not None:
        return of_step(trace, "output", t, layer.direction * P + unit)
    if D == 1:
        return of_step(trace, "output", t)
    return of_step(trace, "output", t, f"{P}:" if layer.direction else f":{P}")


def before(step: TracedStep, letter: str) -> str:
    """Name h or c before a step."""
    layer, trace = step.layer, step.layer.trace
    if step.before is not None:
        name = h(layer, step.before)
        return name if letter == "h" else f"trace.c[{layer.k}, {step.before}]"
    name = f"{letter}_0"
    if name in trace.given:
        if not is_cell(trace):
            return f"{name}{_of_layer(layer)}"
        whole = "hx" if trace.c is None else f"hx[{'hc'.index(letter)}]"
        return of_step(trace, whole, 0)
    if getattr(trace.module, "learn_initial_state", False):
        return f"{name}[{layer.k}] (learned)"
    return "0 (no hx)" if is_cell(trace) else f"0 (no {name})"


def final(layer: TracedLayer, letter: str) -> str:
    """Name the state after the last step: h_n[0, 0]."""
    return f"{letter}_n{_of_layer(layer)}"


def _of_layer(layer: TracedLayer) -> str:
    row = "" if layer.trace.row is None else f", {layer.trace.row}"
    return f"[{layer.k}{row}]"
