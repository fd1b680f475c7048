"""A trace as a small table of HTML, for notebooks."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING

from elman.explaining import _finite, _names, _vectors
from elman.explaining._numbers import numbers

if TYPE_CHECKING:
    from elman.explaining._trace import Trace
    from elman.explaining._views import TracedLayer

STEPS, LAYERS, VALUES = 8, 4, 6
"""How many steps in all, layers and directions, and values of a vector the table shows."""


def html_of(trace: Trace) -> str:
    """Return a table of the vectors of each step, and how to open the page."""
    a = trace.architecture
    layers = [trace.layer(*divmod(k, a.directions)) for k in range(a.recurrences)]
    rows: list[str] = []
    shown = layers[:LAYERS]
    for layer in shown:
        rows += _layer_rows(layer, max(2, STEPS // len(shown)))
    if len(layers) > LAYERS:
        rows.append(_across(f"{len(layers) - LAYERS} more layers and directions"))
    caption = "<br>".join(
        html.escape(line) for line in "\n".join(_vectors.heading(trace)).split("\n")
    )
    notes = [
        *_vectors.agreement(trace),
        'trace.show() opens a page to step through it; trace.to_html("trace.html") writes it.',
    ]
    below = "".join(f"<p>{html.escape(note)}</p>" for note in notes)
    return f"<table><caption>{caption}</caption>{''.join(rows)}</table>{below}"


def _layer_rows(layer: TracedLayer, most: int) -> list[str]:
    """Return the rows of one layer, of at most so many steps."""
    finite, rest = _finite.first_steps(layer)
    steps = [*finite, *rest[:1]]
    found = [_across(_names.place(layer))]
    for i in _vectors.chosen(len(steps), most):
        if i is None:
            found.append(_across(f"... {len(steps) - most} steps left out"))
            continue
        rows = _vectors.rows(layer[steps[i]])
        found.append(_across(f"t = {steps[i]}"))
        found += [_row(f"{row.label} {row.gate}".strip(), numbers(row.values)) for row in rows]
    if len(rest) > 1:
        found.append(
            _across(f"{len(rest) - 1} steps left out, after the first value that is not finite")
        )
    padding = layer.trace.T - layer.trace.length
    if padding:
        found.append(_across(f"{padding} steps of padding"))
    return found


def _across(text: str) -> str:
    return f'<tr><th colspan="2">{html.escape(text)}</th></tr>'


def _row(label: str, values: Sequence[str]) -> str:
    shown = "&emsp;".join(map(html.escape, values[:VALUES]))
    shown += f"&emsp;... {len(values) - VALUES} more" * (len(values) > VALUES)
    return f"<tr><th>{html.escape(label)}</th><td><code>{shown}</code></td></tr>"
