"""A gradient flow in words: ASCII, at most 80 columns."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING

import numpy as np

from elman._typing import FloatArray
from elman.explaining import _names
from elman.explaining._numbers import WIDTH

if TYPE_CHECKING:
    from elman.explaining._gradient_flow import GradientFlow

SHOWN = 6
"""Steps printed at either end of a sequence of more than twice as many."""
MANY = 0.25
"""From which share on saturated activations are mentioned."""

ACTIVATIONS = {"rnn_tanh": "tanh", "rnn_relu": "relu", "gru": "n", "lstm": "g"}
KEPT = {"gru": "z keeps {} of h", "lstm": "f keeps {} of c"}

MEANING = {
    "vanishing": "The number is exact: as the weights stand, the last state hardly depends on "
    "early steps, so training can hardly learn that it should.",
    "fading": "Early steps still reach the last state, but faintly; over longer spans they would "
    "hardly do so.",
    "exploding": "A small change of an early state changes the last one out of all proportion, so "
    "one step of training can throw the weights far off.",
    "healthy": "Early steps reach the last state, so training can learn from them.",
    "one step": "One step: there is none before it for a gradient to reach.",
    "non-finite": "Until this is mended, the gradients above mean nothing.",
}
LONGER_MEMORY = {
    "rnn": "People use a GRU or LSTM, shorter spans, an orthogonal W_hh.",
    "gru": "People use shorter spans, or start z near 1 by a larger bias.",
    "lstm": "People use shorter spans, or start f near 1 (elman.nn.init.forget_gate_bias).",
}
CLIPPING = "People clip the gradient's norm, or use smaller weights, shorter spans."


def text(flow: GradientFlow) -> str:
    """Return the table, the verdict, its reasons, what it means, and what people do about it."""
    verdict, cell = flow.verdict, flow.trace.architecture.cell.partition("_")[0]
    paragraphs = []
    if flow.own_loss is not None:
        paragraphs.append("Own loss: what the loss of that step alone adds to its gradient.")
    if flow.trace.first_non_finite:
        paragraphs.append(f"first non-finite value: {flow.trace.first_non_finite}")
    if verdict not in ("non-finite", "one step"):
        paragraphs += [_rate(flow), _reasons(flow)]
    paragraphs.append(MEANING[verdict])
    if verdict in ("vanishing", "fading"):
        paragraphs.append(LONGER_MEMORY[cell])
    elif verdict == "exploding":
        paragraphs.append(CLIPPING)
    paragraphs += _background(flow)
    return "\n".join([*_title(flow), *_table(flow), *map(_wrapped, paragraphs)])


def _number(value: float, digits: int = 2) -> str:
    """Write a number in so many digits, a large one without a power of ten while it is readable."""
    if 10**digits <= abs(value) < 1e5:
        return f"{value:.0f}"
    return f"{value:.{digits}g}"


def _norm(value: float) -> str:
    """Write a norm in three digits, or two where it is small."""
    return _number(value, 3 if abs(value) >= 0.01 else 2)


def _factor(value: float) -> str:
    """Write a factor to two places, or in two digits where it is smaller than they are."""
    return f"{value:.2f}" if value == 0 or abs(value) >= 0.01 else f"{value:.2g}"


def _title(flow: GradientFlow) -> list[str]:
    trace = flow.trace
    a = trace.architecture
    steps = f"{trace.length} step{'s' if trace.length > 1 else ''}"
    parts = [_names.short(trace), steps]
    if a.recurrences > 1:
        parts.insert(1, _names.place(trace.layer(*divmod(flow.k, a.directions))))
    of = " (h and c)" if a.cell == "lstm" else ""
    title, where = f"Gradient of the last state's sum{of}, going back", f"({', '.join(parts)})"
    line = f"{title}   {where}"
    return [line] if len(line) <= WIDTH else [title, where]


def _table(flow: GradientFlow) -> list[str]:
    """Return a line for each step, those in the middle of many left out."""
    order = flow.going_back
    left_out = len(order) - 2 * SHOWN
    if left_out < 2:
        return [_line(flow, t) for t in order]
    first, last = ([_line(flow, t) for t in part] for part in (order[:SHOWN], order[-SHOWN:]))
    return [*first, f"  ... {left_out} steps left out; .norm has them", *last]


def _line(flow: GradientFlow, t: int) -> str:
    width = len(str(flow.trace.length - 1))
    line = f"  t = {t:>{width}}   {_norm(flow.norm[t]):<10}{_number(flow.share[t]):<9}"
    ratio = flow.ratio[t]
    factor = "" if math.isnan(ratio) else f"x {_number(ratio)} in this step"
    if flow.own_loss is not None:
        factor = f"{factor:<25}own loss {_norm(flow.own_loss[t])}"
    return f"{line}{factor}".rstrip()


def _rate(flow: GradientFlow) -> str:
    """Tell the verdict and how fast the gradient changes."""
    word = flow.verdict.capitalize()
    rate = flow.per_step
    if not math.isfinite(rate):
        order = flow.going_back
        t = next(t for t in order if not math.isfinite(flow.norm[t]))
        return f"{word}: past the largest number of float64 at t = {t}."
    after_ten = rate**10 if rate < 1e30 else math.inf
    verb = "leave" if rate < 1 else "make"
    return f"{word}: x {_number(rate)} a step; ten steps would {verb} {after_ten:.1g}."


def _reasons(flow: GradientFlow) -> str:
    """Tell what the gradient is multiplied with on its way; means over the steps it goes through.

    From the last state back to the first, these are all but the first one.
    """
    cell = flow.trace.architecture.cell
    passed = np.array(flow.going_back[:-1])

    def mean(values: FloatArray) -> str:
        return _factor(float(values[passed].mean()))

    slope = f"{ACTIVATIONS[cell]}'s mean slope is {mean(flow.mean_slope)}"
    if flow.keeps is not None:
        reasons = [f"{KEPT[cell].format(mean(flow.keeps))} (1 loses nothing)", slope]
    else:
        assert flow.stretch is not None  # as in every Elman cell
        stretch = f"W_hh stretches by at most {_factor(flow.stretch)}"
        reasons = [f"{slope} (1 loses nothing)", stretch]
    saturated = float(flow.saturated[passed].mean())
    if saturated >= MANY and cell != "rnn_relu":  # of which the slope says the same
        of = "units" if flow.keeps is None else "the gates' values"
        reasons.insert(1, f"{saturated:.0%} of {of} are saturated")
    line = f"Why: {'; '.join(reasons)}."
    return line if len(line) <= WIDTH else line.replace("; ", ";\n     ")


def _background(flow: GradientFlow) -> list[str]:
    """Warn of the spectral radius where it says the opposite of what was measured."""
    radius, verdict = flow.spectral_radius, flow.verdict
    if radius is None:
        return []
    grows = radius > 1
    if (grows and verdict in ("vanishing", "fading")) or (not grows and verdict == "exploding"):
        would = "growth" if grows else "shrinking"
        return [
            f"W_hh's spectral radius of {radius:.2g} would suggest {would}: it leaves out the "
            "slopes, and one matrix's radius is not that of a product of many."
        ]
    return []


def _wrapped(paragraph: str) -> str:
    """Break lines between words, and keep line breaks that are there."""
    return "\n".join(
        line if len(line) <= WIDTH else textwrap.fill(line, WIDTH, break_on_hyphens=False)
        for line in paragraph.split("\n")
    )
