"""A step of a trace as text, open to every multiplication."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from elman._typing import FloatArray
from elman.explaining import _names, _vectors
from elman.explaining._numbers import number, numbers, row, small, wrapped
from elman.explaining._record import GATE_NAMES
from elman.explaining._terms import Ledger, Line, terms, written

if TYPE_CHECKING:
    from elman.explaining._views import TracedStep

OPENED = 4
"""Of how many units at most a step shows all; of more it shows two."""

GATES = {
    "rnn_tanh": [("h'", "", "tanh")],
    "rnn_relu": [("h'", "", "relu")],
    "gru": [("r", "reset", "sigmoid"), ("z", "update", "sigmoid"), ("n", "new", "tanh")],
    "lstm": [
        ("i", "input", "sigmoid"),
        ("f", "forget", "sigmoid"),
        ("g", "cell", "tanh"),
        ("o", "output", "sigmoid"),
    ],
}
"""Letter, name and activation of each gate; an RNN has one, which is the new state."""


def step_text(step: TracedStep) -> str:
    """Write a step: what comes in, the ledgers of its units, and what comes out."""
    if step.is_padding:
        return "\n".join([_header(step), "", *_padding(step)])
    a = step.layer.trace.architecture
    lines = [*_incoming(step), ""]
    units = _opened(a.hidden_size)
    if a.gates == 1:
        lines += [*written([_ledger(step, k, 0, f"unit {k}") for k in units]), ""]
    else:
        for k in units:
            lines += [f"unit {k}", *_gated_unit(step, k), ""]
    lines += _left_out("units", "unit", a.hidden_size)
    if a.proj_size:
        rows = _opened(a.proj_size)
        lines += [*written([_projection(step, j) for j in rows]), ""]
        lines += _left_out("values of h'", "projected", a.proj_size)
    return "\n".join([*lines, *_outgoing(step)])


def unit_text(step: TracedStep, k: int) -> str:
    """Write unit k of a step."""
    if step.is_padding:
        return step_text(step)
    a = step.layer.trace.architecture
    lines = [*_incoming(step), ""]
    if a.gates == 1:
        lines += written([_ledger(step, k, 0, f"unit {k}")])
    else:
        lines += _gated_unit(step, k)
    if a.proj_size:
        lines += ["", "W_hr makes h' of hidden: projected(j) opens value j of it."]
    else:
        lines += ["", *_outgoing(step, k)]
    return "\n".join(lines)


def projected_text(step: TracedStep, j: int) -> str:
    """Write how value j of h' comes of a projection."""
    if step.is_padding:
        return step_text(step)
    lines = [*_incoming(step), "", *written([_projection(step, j)])]
    return "\n".join([*lines, "", *_outgoing(step, j)])


def _opened(count: int) -> range:
    return range(count if count <= OPENED else 2)


def _left_out(what: str, method: str, count: int) -> list[str]:
    if count <= OPENED:
        return []
    text = f"{count - 2} other {what}: {method}(2) to {method}({count - 1}) open them."
    return [text, ""]


# ---- what comes in, and what comes out ----------------------------------------------------------


def _header(step: TracedStep) -> str:
    layer, trace = step.layer, step.layer.trace
    if _names.is_cell(trace):
        return f"{_names.short(trace)}  one step"
    where = f"{_names.short(trace)}  {_names.place(layer)}, t = {step.t}"
    if step.is_padding:
        return where
    number = trace.length - step.t if layer.direction else step.t + 1
    return f"{where} (step {number} of {trace.length})"


def _padding(step: TracedStep) -> list[str]:
    trace = step.layer.trace
    text = (
        f"This step is padding: the sequence has {trace.length} valid steps, so the layer does not "
        f"read {_names.x(step.layer, step.t)}."
    )
    text += " output is 0 here." if _names.is_top(step.layer) else ""
    if trace.length:
        last = 0 if step.layer.direction else trace.length - 1
        text += f" {_names.final(step.layer, 'h')} is the state after t = {last}."
    else:
        text += f" {_names.final(step.layer, 'h')} is the initial state."
    return [wrapped(text)]


def _incoming(step: TracedStep) -> list[str]:
    """Return the header, x, and the state before the step."""
    parts = [(f"x = {_names.x(step.layer, step.t)}", step.x)]
    parts.append((f"h = {_names.before(step, 'h')}", step.h))
    if step.c is not None:
        parts.append((f"c = {_names.before(step, 'c')}", step.c))
    width = max(len(label) for label, _ in parts)
    return [
        _header(step),
        "",
        *(row(f"{label:<{width}}  ", numbers(values)) for label, values in parts),
    ]


def _outgoing(step: TracedStep, unit: int | None = None) -> list[str]:
    """Say where the new state, or a unit of it, goes, and what the layer's kernels gave."""
    layer, trace = step.layer, step.layer.trace
    new = "h'" if unit is None else f"h'[{unit}]"
    name = _names.h(layer, step.t, unit)
    if _names.is_cell(trace):
        of_pair = "the first of " if trace.c is not None else ""
        text = f"{new} is {of_pair}what the call returns; the cell {_given(step, unit)}."
    elif _names.is_top(layer):
        text = f"{new} is {name}; the layer {_given(step, unit)}."
    else:
        text = f"{new} is {name}; layer {layer.layer + 1} reads it as x."
    lines = [wrapped(text)]
    if step.is_last and not _names.is_cell(trace) and unit is None:
        also = [f"h' is {_names.final(layer, 'h')} as well, the state after the last step"]
        also += [f"c' is {_names.final(layer, 'c')}"] if trace.c is not None else []
        lines.append(wrapped("; ".join(also) + "."))
    return lines


def _given(step: TracedStep, unit: int | None) -> str:
    """Say what the layer's kernels gave for h', or a unit of it."""
    part = slice(None) if unit is None else slice(unit, unit + 1)
    gave = _vectors.of_layer(step, step.layer.trace.layer_output)[part]
    apart = float(_vectors.of_layer(step, step.layer.trace.differences)[part].max())
    if not np.isfinite(apart):
        more = " and so on" if len(gave) > OPENED else ""
        return f"gave {' '.join(number(v, 6) for v in gave[:OPENED])}{more}"
    if len(gave) > OPENED:
        return f"gave the same to {small(apart)}"
    return f"gave {' '.join(number(v, 6) for v in gave)}, difference {small(apart)}"


# ---- ledgers ------------------------------------------------------------------------------------


def _ledger(step: TracedStep, k: int, gate: int, title: str) -> Ledger:
    """Return the ledger of one gate of unit k."""
    a = step.layer.trace.architecture
    i = gate * a.hidden_size + k
    letter, _, activation = GATES[a.cell][gate]
    lines: list[Line] = []
    halves = zip(
        ("ih", "hh"),
        "xh",
        (step.x, step.h),
        (step.sum_x, step.sum_h),
        _vectors.sum_labels(a.bias),
        strict=True,
    )
    for name, of, values, sums, label in halves:
        weight, bias = step.parameter(f"weight_{name}"), step.parameter(f"bias_{name}")
        assert weight is not None
        lines += terms(of, weight[i], values)
        if bias is not None:
            lines.append(Line(f"b_{name}", number(bias[i])))
        lines.append(Line(f"  {label}", number(sums[i])))
    if a.cell == "gru" and letter == "n":
        lines.append(Line(f"  r * ({label})", number(step.gates["r"][k] * step.sum_h[i])))
    lines.append(Line("  sum", number(_vectors.full_sum(step)[i])))
    value = step.h_next[k] if a.gates == 1 else step.gates[letter][k]
    lines.append(Line(f"  {letter} = {activation}(sum)", number(value)))
    return Ledger(title, lines)


def _projection(step: TracedStep, j: int) -> Ledger:
    """Return the ledger of h'[j] = W_hr[j] hidden."""
    weight, hidden = step.parameter("weight_hr"), step.hidden
    assert weight is not None
    assert hidden is not None
    total = Line(f"  h'[{j}]", number(step.h_next[j]))
    return Ledger(f"h'[{j}] = W_hr[{j}] hidden", [*terms("hidden", weight[j], hidden), total])


def _gated_unit(step: TracedStep, k: int) -> list[str]:
    """Write unit k of a gated cell: its gates side by side, its new state, then each ledger."""
    a = step.layer.trace.architecture
    ledgers = [
        _ledger(step, k, gate, f"{name} {letter}, row {gate * a.hidden_size + k} of the weights")
        for gate, (letter, name, _) in enumerate(GATES[a.cell])
    ]
    new = _new_gru(step, k) if a.cell == "gru" else _new_lstm(step, k)
    return [*_gate_table(step, k), "", *map(wrapped, new), "", *written(ledgers)]


def _gate_table(step: TracedStep, k: int) -> list[str]:
    """Write the sums and values of each gate of unit k, a column each."""
    a = step.layer.trace.architecture
    gates, G = GATES[a.cell], a.gates
    label_x, label_h = _vectors.sum_labels(a.bias)

    def of_unit(values: FloatArray) -> list[str]:
        return [number(values[gate * a.hidden_size + k]) for gate in range(G)]

    table = [("", [f"{name} {letter}" for letter, name, _ in gates])]
    table += [(label_x, of_unit(step.sum_x)), (label_h, of_unit(step.sum_h))]
    if a.cell == "gru":
        taken = step.gates["r"][k] * step.sum_h[2 * a.hidden_size + k]
        table.append((f"r * ({label_h})", ["", "", number(taken)]))
    table.append(("sum", of_unit(_vectors.full_sum(step))))
    activations = ", ".join(activation for _, _, activation in gates)
    table.append((activations, [number(step.gates[letter][k]) for letter in GATE_NAMES[a.cell]]))
    return [f"{label:<34}{''.join(f'{v:>10}' for v in values)}" for label, values in table]


def _new_gru(step: TracedStep, k: int) -> list[str]:
    z, n, h = step.gates["z"][k], step.gates["n"][k], step.h[k]
    lines = [
        f"h' = (1 - z) * n + z * h = {number(1 - z)} * {number(n)} + {number(z)} * {number(h)} "
        f"= {number(step.h_next[k])}"
    ]
    if np.isfinite(z):
        lines.append(f"Unit {k} keeps {z:.0%} of h and takes {1 - z:.0%} of n.")
    return lines


def _new_lstm(step: TracedStep, k: int) -> list[str]:
    i, f, g, o = (step.gates[letter][k] for letter in "ifgo")
    assert step.c is not None
    assert step.c_next is not None
    new = step.h_next[k] if step.hidden is None else step.hidden[k]
    name = "h'" if step.hidden is None else "hidden"
    lines = [
        f"c' = f * c + i * g = {number(f)} * {number(step.c[k])} + {number(i)} * {number(g)} "
        f"= {number(step.c_next[k])}",
        f"{name} = o * tanh(c') = {number(o)} * {number(np.tanh(step.c_next[k]))} = {number(new)}",
    ]
    if np.isfinite([i, f, o]).all():
        lines.append(
            f"Unit {k} keeps {f:.0%} of c, takes {i:.0%} of g and shows {o:.0%} of tanh(c')."
        )
    return lines
