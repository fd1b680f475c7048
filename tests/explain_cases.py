"""Calls of `elman.explain` of every kind, and what they must record, computed on its own here.

Letters: T time steps, N batch, I input, H hidden, P the size of h, L layers, D directions.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st
from strategies import Array, cell_options, layer_options, lengths_N, state_shapes, whole

import elman
from elman import nn
from elman.explaining import Trace

X = np.array([[[1] * 5, [2] * 5, [3] * 5]], np.float32)


def made(name: str, *sizes: int, **options: Any) -> Any:
    """Make a layer or cell with the weights of seed 1."""
    elman.manual_seed(1)
    return getattr(nn, name)(*sizes, **options)


def explained(name: str, **options: Any) -> Trace:
    """Explain a layer of seed 1 on three steps of 1s, 2s and 3s, as the fourth notebook does."""
    return elman.explain(made(name, 5, 2, batch_first=True, **options), X)


class Call(NamedTuple):
    """A layer or cell, the arguments of `explain`, and its one row, time-first.

    x : (T, I) of the row; state : (L·D, ·) of each part that was given, else None
    """

    layer: Any
    input: Any
    hx: Any
    options: dict[str, Any]
    x: Array
    state: tuple[Array | None, ...]
    length: int

    def explain(self) -> Trace:
        return elman.explain(self.layer, self.input, self.hx, **self.options)


@st.composite
def layer_calls(draw: st.DrawFn, **fixed: Any) -> Call:
    """Draw a call of a layer in any form; learned initial states are not zero."""
    options = draw(layer_options(**fixed))
    layer = options.elman(
        learn_initial_state=draw(st.booleans()),
        recurrent_dropout=draw(st.sampled_from([0.0, 0.4])),
    )
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    if layer.learn_initial_state:
        for name in ("h_0", "c_0")[: 1 + (options.module == "LSTM")]:
            shape = getattr(layer, name).shape
            setattr(layer, name, generator.standard_normal(shape).astype(layer.dtype))
    T, form = draw(st.integers(1, 7)), draw(st.sampled_from(["batch", "single", "list"]))
    N = 1 if form == "single" else draw(st.integers(1, 4))
    i = draw(st.integers(0, N - 1))
    x = generator.standard_normal((T, N, layer.input_size)).astype(layer.dtype)
    ragged = form == "list" or (form == "batch" and draw(st.booleans()))
    lengths = draw(lengths_N(N, T)) if ragged else np.full(N, T)
    shapes = state_shapes(layer, N)
    parts = [generator.standard_normal(shape).astype(layer.dtype) for shape in shapes]
    given = [draw(st.booleans()) for _ in parts]
    state = tuple(part if is_given else None for part, is_given in zip(parts, given, strict=True))
    arguments: dict[str, Any] = (
        {"row": i} if N > 1 or (form != "single" and draw(st.booleans())) else {}
    )
    passed: Any = state
    if form == "single":
        value: Any = x[:, 0]
        passed = tuple(None if part is None else part[:, 0] for part in state)
    elif form == "list":
        value = [x[:n, row].copy() for row, n in enumerate(lengths)]
    else:
        value = x.transpose(1, 0, 2) if layer.batch_first else x
        if ragged:
            arguments["lengths"] = lengths
    hx = whole(passed) if any(given) else None
    own = tuple(None if part is None else part[:, i] for part in state)
    length = int(lengths[i])
    row = x[:length, i] if form == "list" else x[:, i]
    return Call(layer, value, hx, arguments, row, own, length)


@st.composite
def cell_calls(draw: st.DrawFn) -> Call:
    """Draw a call of a cell, which is a layer of one step."""
    cell = draw(cell_options()).elman()
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    N = draw(st.none() | st.integers(1, 4))
    i = draw(st.integers(0, (N or 1) - 1))
    batch = () if N is None else (N,)
    x = generator.standard_normal((*batch, cell.input_size)).astype(cell.dtype)
    shapes = state_shapes(cell, *batch)
    parts = tuple(generator.standard_normal(shape).astype(cell.dtype) for shape in shapes)
    is_given = draw(st.booleans())
    own = tuple((np.atleast_2d(part)[i : i + 1] if is_given else None) for part in parts)
    row = {"row": i} if N is not None and N > 1 else {}
    return Call(
        cell, x, whole(parts) if is_given else None, row, np.atleast_2d(x)[i : i + 1], own, 1
    )


calls = st.one_of(layer_calls(), layer_calls(), cell_calls())


def sigmoid(a: Array) -> Array:
    return 1 / (1 + np.exp(-a))


def expected(call: Call) -> dict[str, Any]:
    """Compute what a trace holds, in float64, from the equations as torch documents them."""
    layer, a = call.layer, call.layer.architecture
    H, D, T = a.hidden_size, a.directions, len(call.x)
    sizes = a.state_sizes
    gates = {"gru": "rzn", "lstm": "ifgo"}.get(a.cell, "")
    found: dict[str, Any] = {name: [] for name in ("h", "c", "sums_x", "sums_h", *gates)}
    final: list[Any] = []
    below = call.x.astype(np.float64)
    for k in range(a.recurrences):
        suffix = a.suffixes[k] if hasattr(layer, "num_layers") else ""
        w = {n: p.astype(np.float64) for n, p in layer.named_parameters()}
        W_ih, W_hh = w["weight_ih" + suffix], w["weight_hh" + suffix]
        b_ih = w.get("bias_ih" + suffix, np.zeros(len(W_ih)))
        b_hh = w.get("bias_hh" + suffix, np.zeros(len(W_ih)))
        start = [
            part[k] if part is not None else w[f"{n}_0"][k] if f"{n}_0" in w else np.zeros(size)
            for part, n, size in zip(call.state, "hc", sizes, strict=False)
        ]
        h, c = start[0], start[1] if len(start) > 1 else None
        values = {name: np.zeros((T, H)) for name in gates}
        values |= {"h": np.zeros((T, sizes[0])), "c": np.zeros((T, H))}
        values |= {name: np.zeros((T, len(W_ih))) for name in ("sums_x", "sums_h")}
        steps = range(call.length)
        for t in reversed(steps) if k % D else steps:
            s_x, s_h = W_ih @ below[t] + b_ih, W_hh @ h + b_hh
            now: dict[str, Any] = {}
            if a.cell == "gru":
                r = sigmoid(s_x[:H] + s_h[:H])
                z = sigmoid(s_x[H : 2 * H] + s_h[H : 2 * H])
                n = np.tanh(s_x[2 * H :] + r * s_h[2 * H :])
                h = (1 - z) * n + z * h
                now = {"r": r, "z": z, "n": n}
            elif a.cell == "lstm":
                i, f, g, o = np.split(s_x + s_h, 4)
                i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
                c = f * c + i * g
                h = o * np.tanh(c)
                if a.proj_size:
                    h = w["weight_hr" + suffix] @ h
                now = {"i": i, "f": f, "g": g, "o": o, "c": c}
            else:
                h = np.tanh(s_x + s_h) if a.cell == "rnn_tanh" else np.maximum(s_x + s_h, 0)
            for name, value in (now | {"h": h, "sums_x": s_x, "sums_h": s_h}).items():
                values[name][t] = value
        final.append((h, c))
        for name, value in values.items():
            found[name].append(value)
        if k % D == D - 1:
            below = np.hstack(found["h"][-D:])
    stacked = {name: np.stack(value) for name, value in found.items()}
    return stacked | {
        "output": below,
        "h_n": np.stack([h for h, _ in final]),
        "c_n": np.stack([c for _, c in final]) if a.cell == "lstm" else None,
    }
