"""A trace as text at the level of vectors: a block for each step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from elman._typing import FloatArray
from elman.explaining import _finite, _names
from elman.explaining._numbers import numbers, row, small, wrapped
from elman.explaining._record import GATE_NAMES

if TYPE_CHECKING:
    from elman.explaining._trace import Trace
    from elman.explaining._views import TracedLayer, TracedStep

LINES = 120
"""How many lines of steps a print has, about; what is left out is said."""

LAYERS = 8
"""How many layers and directions it shows."""

MOST = 8
"""Of how many values of a vector a line may have room."""


class Row(NamedTuple):
    """A vector of a step: what it is, of which gate, and its values."""

    label: str
    gate: str
    values: FloatArray


def rows(step: TracedStep) -> list[Row]:
    """Return the vectors of a step in the order in which they are computed."""
    layer, a = step.layer, step.layer.trace.architecture
    letters, H = GATE_NAMES[a.cell] or " ", a.hidden_size

    def of_gates(label: str, values: FloatArray) -> list[Row]:
        return [Row(label, g.strip(), values[i * H : (i + 1) * H]) for i, g in enumerate(letters)]

    label_x, label_h = sum_labels(a.bias)
    found = [Row("x", "", step.x)]
    found += of_gates(label_x, step.sum_x) + of_gates(label_h, step.sum_h)
    if a.cell == "gru":
        found.append(Row(f"r * ({label_h})", "n", step.gates["r"] * step.sum_h[2 * H :]))
    found += of_gates("sum", full_sum(step))
    found += [Row(letter, "", values) for letter, values in step.gates.items()]
    if step.c_next is not None:
        found.append(Row("c'", "", step.c_next))
    found.append(Row("h'", "", step.h_next))
    if _names.is_top(layer):
        kind = "cell" if _names.is_cell(layer.trace) else "layer"
        found.append(Row(kind, "", of_layer(step, layer.trace.layer_output)))
    return found


def sum_labels(bias: bool) -> tuple[str, str]:
    """Return what the two sums of a step are called."""
    return ("W_ih x + b_ih", "W_hh h + b_hh") if bias else ("W_ih x", "W_hh h")


def full_sum(step: TracedStep) -> FloatArray:
    """Return what goes into the activations, (G·H,)."""
    a = step.layer.trace.architecture
    sum_h = step.sum_h.copy()
    if a.cell == "gru":
        sum_h[2 * a.hidden_size :] *= step.gates["r"]
    return step.sum_x + sum_h


def of_layer(step: TracedStep, values: FloatArray) -> FloatArray:
    """Return the part of an array (T, D·P) that belongs to a step of the last layer."""
    P, direction = step.layer.trace.architecture.state_sizes[0], step.layer.direction
    return values[step.t, direction * P : (direction + 1) * P]


def text(trace: Trace, layers: Sequence[TracedLayer]) -> str:
    """Write some layers of a trace, each step a block, with what is left out said."""
    shown = layers if len(layers) <= LAYERS else [*layers[: LAYERS - 1], layers[-1]]
    lines = heading(trace)
    for layer in shown:
        if layer is shown[-1] and len(shown) < len(layers):
            left_out = len(layers) - len(shown)
            lines += [
                "",
                wrapped(
                    f"{left_out} layers and directions left out: "
                    "trace.layer(layer, direction) shows one."
                ),
            ]
        lines += ["", *_layer_lines(layer, len(shown))]
    return "\n".join([*lines, "", *agreement(trace)])


def heading(trace: Trace) -> list[str]:
    """Say what is explained."""
    what = [] if trace.row is None else [f"row {trace.row}"]
    if not _names.is_cell(trace):
        what.append("1 step" if trace.T == 1 else f"{trace.T} steps")
        if trace.length < trace.T:
            what[-1] += f", of which {trace.length} valid"
    lines = [wrapped(repr(trace.module)), *([", ".join(what)] if what else [])]
    if trace.without_dropout:
        lines.append("Dropout is left out, as in eval().")
    if (found := trace.first_non_finite) is not None:
        lines.append(wrapped(f"First non-finite value: {found}."))
    return lines


def agreement(trace: Trace) -> list[str]:
    """Say how closely the record and the layer agree."""
    kind = "cell" if _names.is_cell(trace) else "layer"
    text = f"The {kind} itself gives the same to {small(trace.difference)}"
    text += ". " if trace.first_non_finite is None else ", where results are finite. "
    text += "Digits are rounded for show only."
    if trace.growth > 1:
        text += f" Rounding grows {small(trace.growth)} times larger in this network."
    return [wrapped(text)]


def _layer_lines(layer: TracedLayer, layers: int) -> list[str]:
    """Write the steps of one of some layers in the order in which it makes them."""
    trace = layer.trace
    lines = [] if _names.is_cell(trace) else [_names.place(layer)]
    finite, rest = _finite.first_steps(layer)
    steps = [*finite, *rest[:1]]
    lines += _initial_lines(layer)
    most = max(2, LINES // (layers * (1 + len(_block(layer[steps[0]]))))) if steps else 0
    for i, t in enumerate(chosen(len(steps), most)):
        if t is None:
            lines += ["", _gap(layer, steps[i:][: len(steps) - most])]
        else:
            lines += ["", *_block(layer[steps[t]])]
    if rest[1:]:
        lines += ["", f"{_steps(rest[1:])}: left out, after the first value that is not finite"]
    if trace.length < trace.T:
        padding = range(trace.length, trace.T)
        lines += ["", f"{_steps(padding)}: padding, which is not read; output is 0 there"]
    return lines if lines[:1] != [""] else lines[1:]


def chosen(count: int, most: int) -> list[int | None]:
    """Return which of `count` things to show, the first and the last; None for the gap."""
    if count <= most:
        return list(range(count))
    tail = max(1, most // 3)
    return [*range(most - tail), None, *range(count - tail, count)]


def _gap(layer: TracedLayer, steps: Sequence[int]) -> str:
    """Say which steps are left out, and how to see one."""
    name = "trace" if layer.k == 0 else f"trace.layer({layer.layer}, {layer.direction})"
    return f"... {_steps(steps)} left out: print {name}[t] for one"


def _steps(steps: Sequence[int]) -> str:
    """Name steps that follow one another."""
    return f"t = {steps[0]}" + (f" to {steps[-1]}" if len(steps) > 1 else "")


def _initial_lines(layer: TracedLayer) -> list[str]:
    """Write the states before the first step, where they were given or learned."""
    trace, k = layer.trace, layer.k
    learned = getattr(trace.module, "learn_initial_state", False)
    parts = {"h_0": trace.h_0[k], "c_0": None if trace.c_0 is None else trace.c_0[k]}
    return [
        row(f"  {name}  ", numbers(part))
        for name, part in parts.items()
        if part is not None and (learned or name in trace.given)
    ]


def _block(step: TracedStep) -> list[str]:
    """Write the vectors of one step, units below units."""
    found = rows(step)
    label = max(len(part.label) for part in found)
    gate = max(len(part.gate) for part in found)
    texts = [numbers(part.values) for part in found]
    width = max([7, *(len(value) for part in texts[1:] for value in part)])
    lines = [] if _names.is_cell(step.layer.trace) else [f"t = {step.t}"]
    for i, (part, values) in enumerate(zip(found, texts, strict=True)):
        repeated = i > 0 and part.label == found[i - 1].label
        start = f"  {'' if repeated else part.label:<{label}}  "
        start += f"{part.gate:<{gate}}  " * bool(gate)
        lines.append(row(start, values if i == 0 else [f"{v:>{width}}" for v in values]))
    return lines
