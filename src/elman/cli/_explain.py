"""``elman explain``: every number of a saved layer for one sequence, as text or as a page."""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

import elman
from elman import _check, nn
from elman.cli._errors import UsageError
from elman.cli._tables import read_arrays
from elman.cli._tasks import read_checked, task, task_of
from elman.models import TaggerModel
from elman.models._sequence_model import SequenceModel
from elman.nn._recurrent import Recurrent
from elman.nn._sequences import Sequences
from elman.nn._stream import Stream


def run(options: argparse.Namespace) -> int:
    """Load, explain, and print or write; return the exit status."""
    print(_explained(options))
    return 0


def _explained(options: argparse.Namespace) -> str:
    """Return what the command prints."""
    if options.unit is not None and options.step is None:
        raise _check.fail(ValueError, "--unit", "a --step as well", "none")
    model = elman.load(options.model, allow_nan=True)
    arrays = _one_sequence(model, options) or read_arrays(options.data)
    layer, x, hx = _call(model, arrays)
    trace = elman.explain(layer, x, hx, lengths=arrays.get("lengths"), row=options.row)
    if options.output is not None:
        trace.to_html(options.output)
        return f"{options.output}: a page to step through {layer!r}; open it in a browser"
    direction = options.direction or "forward"
    if options.json:
        return str(trace.to_json())
    if options.step is not None:
        step = trace.layer(options.layer or 0, direction)[options.step]
        return str(step if options.unit is None else step.unit(options.unit))
    if options.layer is None and options.direction is None:
        return str(trace)
    return str(trace.layer(options.layer or 0, direction))


def _one_sequence(model: Any, options: argparse.Namespace) -> dict[str, Any]:
    """Return x of one sequence of data as predict reads them, for a model that carries columns.

    Raises
    ------
    UsageError
        If it is not said which sequence.
    """
    arrays = options.data.lower().endswith((".npy", ".npz"))
    if not isinstance(model, SequenceModel) or not model.table or arrays:
        return {}
    found = task(task_of(model, options.model))
    data = read_checked(found, options, options.data, table=model.table, target=False)
    found_in = data if hasattr(data, "X") else data.sequences
    X, names = found_in.X, [str(value) for value in found_in.ids]
    if options.sequence is None and len(names) == 1:
        return {"x": X[0]}
    if options.sequence not in names:
        some = ", ".join(names[:8]) + (" …" if len(names) > 8 else "")
        got = options.sequence or "none"
        raise UsageError(f"--sequence: expected one of {some}, got {got}")
    return {"x": X[names.index(options.sequence)]}


def _call(model: Any, arrays: dict[str, Any]) -> tuple[Any, Any, Any]:
    """Return the layer to explain, and x and the state as it takes them.

    Raises
    ------
    TypeError, ValueError
        If the model has no recurrent layers, or the data do not fit.
    """
    if isinstance(model, Stream):
        raise _check.fail(TypeError, "MODEL", "a layer, a cell or a network", "a stream")
    x, layer = arrays["x"], model
    if isinstance(model, TaggerModel) and model.reads != "vectors":
        x = _features(model, x)
        model = layer = model.network
    elif isinstance(model, SequenceModel):
        x = _scaled(model, x)
        model = model.network
        layer = model
    if isinstance(model, nn.Network):
        if model.bridge is not None:
            expected = "a network without a bridge, whose initial state is made of z"
            raise _check.fail(ValueError, "MODEL", expected, "one with a bridge")
        layer = model.rnn
        if model.embedding is not None:
            x = model.embedding(_whole(x))
    if isinstance(layer, Recurrent) and x.ndim == 1 and layer.input_size == 1:
        x = x[:, None]
    state = [arrays.get(name) for name in ("h_0", "c_0")]
    given = [None if part is None else _as_dtype(part, layer) for part in state]
    hx = tuple(given) if isinstance(layer, nn.LSTM | nn.LSTMCell) else given[0]
    return layer, _as_dtype(x, layer), hx


def _features(model: TaggerModel, x: Any) -> Any:
    """Return integers (T,) of a file as the symbols that a fitted tagger makes of them.

    Raises
    ------
    TypeError, ValueError
        If the tagger reads words, or the file holds other numbers.
    """
    if model.reads == "words" and isinstance(x, list):
        return model.sequences([x]).frames
    if model.reads == "words":
        fix = "in Python, explain model.network.rnn; its x is model.network.embedding(frames), "
        fix += "where frames = model.sequences([words]).frames"
        raise _check.fail(TypeError, "MODEL", "a model that reads numbers", "one of words", fix)
    x = _whole(x)
    if x.ndim != 1:
        raise _check.fail(ValueError, "DATA", "an integer a step", f"shape {x.shape}")
    return model.sequences([x]).frames


def _scaled(model: SequenceModel, x: Any) -> Any:
    """Return steps, in an array (…, I), or (…,) of one value each, as a fitted network reads them.

    Raises
    ------
    ValueError
        If they have another number of values.
    """
    I = model.network.rnn.input_size
    steps = x[..., None] if I == 1 and (x.ndim == 1 or x.shape[-1] != 1) else x
    if steps.shape[-1] != I:
        expected = f"{I} values at each step, as {type(model).__name__} was fitted on"
        raise _check.fail(ValueError, "DATA", expected, str(steps.shape[-1]))
    frames = steps.reshape(-1, I)
    return model.scaled(Sequences(frames, np.array([len(frames)]))).frames.reshape(steps.shape)


def _as_dtype(values: Any, layer: Any) -> Any:
    """Return numbers in the layer's dtype, as files often hold float64."""
    return values.astype(getattr(layer, "dtype", values.dtype))


def _whole(x: Any) -> Any:
    """Return numbers of a file as the integers that an embedding takes."""
    if x.dtype.kind in "iu":
        return x
    if not np.isfinite(x).all() or (x != np.round(x)).any():
        raise _check.fail(ValueError, "DATA", "integers, for the network's embedding", "others")
    whole = x.astype(np.int64)
    return whole[:, 0] if whole.ndim == 2 and whole.shape[1] == 1 else whole
