"""The page of a trace: one file that shows every multiplication and needs no network.

The page's parts stand in `page/`: a frame, a style sheet and JavaScript modules. They are joined
when a page is written, so that whoever installs elman needs no build tool.
"""

from __future__ import annotations

import base64
import hashlib
import json
from string import Template
from typing import TYPE_CHECKING, Any

import numpy as np

from elman._typing import FloatArray
from elman.explaining import _joined, _walk
from elman.explaining._names import is_cell
from elman.kernels import reference

if TYPE_CHECKING:
    from elman.explaining._trace import Trace

WHOLE = 200_000
"""A network of more parameters than this is not embedded whole."""

WINDOW = 100_000
"""At most about so many sums of gates are embedded in their place."""


def page_html(trace: Trace) -> str:
    """Return the page of `trace` as one HTML document.

    Its script and its style are the only ones the browser will run: the document's policy names
    their hashes. The trace's own texts are data in it, never markup.
    """
    script, style = _joined.script(), _joined.part("style.css")
    data = json.dumps(page_data(trace), separators=(",", ":"))
    return Template(_joined.part("frame.html")).substitute(
        style=style,
        style_hash=_hash(style),
        script=script,
        script_hash=_hash(script),
        data=data.replace("<", "\\u003c"),  # so that no text can end the element that holds it
    )


def page_data(trace: Trace) -> dict[str, Any]:
    """Return what the page knows, as JSON holds it: the layer, its parameters, one sequence.

    The page calculates every other number itself, in doubles. A network of more than `WHOLE`
    parameters brings its states and the sums of the gates of some steps in their place.
    """
    a, module = trace.architecture, trace.module
    is_whole = sum(array.size for array in trace.parameters.values()) <= WHOLE
    return {
        "format": "elman-trace",
        "version": 1,
        "layer": {
            "kind": {"gru": "GRU", "lstm": "LSTM"}.get(a.cell, "RNN"),
            "cell": is_cell(trace),
            "input_size": a.input_size,
            "hidden_size": a.hidden_size,
            "num_layers": a.num_layers,
            "bidirectional": a.bidirectional,
            "bias": a.bias,
            "nonlinearity": "relu" if a.cell == "rnn_relu" else "tanh",
            "proj_size": a.proj_size,
            "batch_first": bool(getattr(module, "batch_first", False)),
            "repr": repr(module),
        },
        "row": trace.row,
        "batch": trace.N,
        "ragged": trace.ragged,
        "without_dropout": trace.without_dropout,
        "lengths": None if trace.length == trace.T else [trace.length],
        "parameters": {n: _tensor(p) for n, p in trace.parameters.items()} if is_whole else {},
        "x": _tensor(trace.x),
        "h_0": _tensor(trace.h_0),
        "c_0": _tensor(trace.c_0),
        "output": _tensor(trace.layer_output),
        "h_n": _tensor(trace.layer_h_n),
        "c_n": _tensor(trace.layer_c_n),
        "window": None if is_whole else _window(trace),
        "backward": None if is_whole else {"norms": _tensor(_norms(trace))},
    }


def _window(trace: Trace) -> dict[str, Any]:
    """Return all states, and the sums of the first steps' gates."""
    a = trace.architecture
    sums_of_step = 2 * a.recurrences * a.gates * a.hidden_size
    stop = min(trace.length, max(1, WINDOW // sums_of_step))
    return {
        "start": 0,
        "stop": stop,
        "h": _tensor(trace.h),
        "c": _tensor(trace.c),
        "sums_x": _tensor(trace.sums_x[:, :stop]),
        "sums_h": _tensor(trace.sums_h[:, :stop]),
    }


def _norms(trace: Trace) -> FloatArray:
    """Return the norms of the gradient of each recurrence's last state, shape (L·D, length)."""
    network = reference.network(trace.architecture, list(trace.parameters.values()))
    state = trace.h_0 if trace.c_0 is None else (trace.h_0, trace.c_0)
    with np.errstate(all="ignore"):  # the page says what is not finite
        run = network.run(trace.x[: trace.length], state, keep=True)[1]
        pairs = zip(network.of_recurrences, run.recurrences, strict=True)
        return np.array([_walk.from_last_state(*pair).norm for pair in pairs])


def _tensor(array: FloatArray | None) -> dict[str, Any] | None:
    """Return an array's shape and its bits, little-endian, in base64; None for None."""
    if array is None:
        return None
    kind = "f8" if array.dtype == np.float64 else "f4"
    bits = np.ascontiguousarray(array, f"<{kind}").tobytes()
    name = {"f4": "f32", "f8": "f64"}[kind]
    return {"shape": list(array.shape), name: base64.b64encode(bits).decode()}


def _hash(text: str) -> str:
    """Return what a Content-Security-Policy calls `text`."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
