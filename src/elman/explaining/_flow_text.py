"""A gradient flow in words: ASCII, at most 80 columns."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING

import numpy as np

from elman._typing import FloatArray

if TYPE_CHECKING:
    from elman.explaining._gradient_flow import GradientFlow

COLUMNS = 80
SHOWN = 6
"""Steps printed at either end of a sequence of more than twice as many."""
MANY = 0.25
"""From which share on saturated activations are mentioned."""

ACTIVATIONS = {"rnn_tanh": "tanh", "rnn_relu": "relu", "gru": "n", "lstm": "g"}
KEPT = {"gru": "z keeps {:.2f} of h", "lstm": "f keeps {:.2f} of c"}

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
    verdict, cell = flow.verdict, flow.architecture.cell.partition("_")[0]
    paragraphs = []
    if flow.own_loss is not None:
        paragraphs.append("Own loss: what the loss of that step alone adds to its gradient.")
    if flow.nonfinite is not None:
        paragraphs.append(str(flow.nonfinite))
    elif flow.length > 1:
        paragraphs += [_rate(flow), _reasons(flow)]
    paragraphs.append(MEANING[verdict])
    if verdict in ("vanishing", "fading"):
        paragraphs.append(LONGER_MEMORY[cell])
    elif verdict == "exploding":
        paragraphs.append(CLIPPING)
    paragraphs += _background(flow)
    return "\n".join([*_title(flow), *_table(flow), *map(_wrapped, paragraphs)])


def number(value: float) -> str:
    """Write a norm: three digits, or two where it is small."""
    return f"{value:.3g}" if abs(value) >= 0.01 else f"{value:.2g}"


def _title(flow: GradientFlow) -> list[str]:
    a = flow.architecture
    name = a.name_of(flow.layer_index * a.directions + flow.direction)
    steps = f"{flow.length} step{'s' if flow.length > 1 else ''}"
    of = " (h and c)" if a.cell == "lstm" else ""
    title, where = f"Gradient of the last state's sum{of}, going back", f"({name}, {steps})"
    line = f"{title}   {where}"
    return [line] if len(line) <= COLUMNS else [title, where]


def _table(flow: GradientFlow) -> list[str]:
    """Return a line for each step, those in the middle of many left out."""
    order = list(flow.going_back)
    left_out = order[SHOWN:-SHOWN]
    width = len(str(flow.length - 1))
    share, ratio = flow.share, flow.ratio
    lines = []
    for t in order:
        if t in left_out:
            if t == left_out[0]:
                lines.append(f"  ... {len(left_out)} steps left out; .norm has them")
            continue
        line = f"  t = {t:>{width}}   {number(flow.norm[t]):<10}{share[t]:<9.2g}"
        factor = "" if t == order[0] else f"x {ratio[t]:.2g} in this step"
        if flow.own_loss is not None:
            factor = f"{factor:<25}own loss {number(flow.own_loss[t])}"
        lines.append(f"{line}{factor}".rstrip())
    return lines


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
    return f"{word}: x {rate:.2g} a step; ten steps would {verb} {after_ten:.1g}."


def _reasons(flow: GradientFlow) -> str:
    """Tell what the gradient is multiplied with on its way; means over the steps it goes through.

    From the last state back to the first, these are all but the first one.
    """
    cell = flow.architecture.cell
    passed = np.array(flow.going_back[:-1])

    def mean(values: FloatArray) -> float:
        return float(values[passed].mean())

    slope = f"{ACTIVATIONS[cell]}'s mean slope is {mean(flow.mean_slope):.2f}"
    if flow.keeps is None:
        reasons = [f"{slope} (1 loses nothing)", f"W_hh stretches by at most {flow.stretch:.2f}"]
    else:
        reasons = [f"{KEPT[cell].format(mean(flow.keeps))} (1 loses nothing)", slope]
    if (saturated := mean(flow.saturated)) >= MANY:
        of = "units" if flow.keeps is None else "gates' units"
        reasons.insert(1, f"{saturated:.0%} of {of} are saturated")
    line = f"Why: {'; '.join(reasons)}."
    return line if len(line) <= COLUMNS else line.replace("; ", ";\n     ")


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
        line if len(line) <= COLUMNS else textwrap.fill(line, COLUMNS, break_on_hyphens=False)
        for line in paragraph.split("\n")
    )
