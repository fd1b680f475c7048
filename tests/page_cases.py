"""The networks whose pages are tested: kinds, layers, directions, biases, lengths, projections."""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

import numpy as np

import elman
from elman import nn


class Case(NamedTuple):
    """A layer and what it is called with."""

    layer: Any
    arguments: tuple[Any, ...]
    lengths: list[int] | None
    row: int | None

    @property
    def trace(self):
        """What elman explains of it."""
        return elman.explain(self.layer, *self.arguments, lengths=self.lengths, row=self.row)


def _cases():
    kinds = [(nn.RNN, {}), (nn.RNN, {"nonlinearity": "relu"}), (nn.GRU, {}), (nn.LSTM, {})]
    kinds.append((nn.LSTM, {"proj_size": 2}))
    for (kind, options), layers, both, bias, short in itertools.product(
        kinds, (1, 2), (False, True), (True, False), (False, True)
    ):
        yield (
            kind,
            {
                **options,
                "num_layers": layers,
                "bidirectional": both,
                "bias": bias,
            },
            short,
        )


def name_of(kind, options, short):
    """Return a name for a test: LSTM projected, 2 layers, both ways, no bias, short row."""
    words = {
        " relu": "nonlinearity" in options,
        " projected": "proj_size" in options,
        ", 2 layers": options["num_layers"] == 2,
        ", both ways": options["bidirectional"],
        ", no bias": not options["bias"],
        ", short row": short,
    }
    return kind.__name__ + "".join(word for word, said in words.items() if said)


CASES = {name_of(*case): case for case in _cases()}

A_FEW = [
    "RNN",
    "RNN relu, 2 layers, short row",
    "RNN, 2 layers, both ways",
    "GRU, both ways, no bias, short row",
    "GRU, 2 layers, both ways",
    "LSTM",
    "LSTM projected, 2 layers, both ways, short row",
]
"""One of each kind, with every option somewhere."""


def case(name, dtype=np.float32):
    """Make a network with random weights, input and initial states; I = 3, H = 4, T = 5, N = 2."""
    kind, options, short = CASES[name]
    rng = np.random.default_rng(len(name))
    elman.manual_seed(len(name))
    layer = kind(3, 4, batch_first=True, dtype=dtype, **options)
    a = layer.architecture
    x = rng.normal(size=(2, 5, 3)).astype(dtype)
    parts = [rng.uniform(-1, 1, (a.recurrences, 2, size)) for size in a.state_sizes]
    state = tuple(part.astype(dtype) for part in parts)
    return Case(layer, (x, state if len(state) > 1 else state[0]), [5, 3] if short else None, 1)


def edited(case, name, index, number):
    """Return a case with one value of one array changed, in the row that is explained."""
    layer, (x, state) = case.layer, case.arguments
    parts = list(state) if isinstance(state, tuple) else [state]

    def changed(array):
        array = array.copy()
        array.reshape(-1)[index] = number
        return array

    if name == "x":
        x = x.copy()
        x[case.row] = changed(x[case.row])
    elif name in ("h_0", "c_0"):
        i = ("h_0", "c_0").index(name)
        parts[i] = parts[i].copy()
        parts[i][:, case.row] = changed(parts[i][:, case.row])
    else:
        setattr(layer, name, changed(getattr(layer, name)))
    return case._replace(arguments=(x, tuple(parts) if len(parts) > 1 else parts[0]))


def lane_alone(layer, k):
    """Return a layer of one direction that has the parameters of recurrence k."""
    a, suffix = layer.architecture, layer.architecture.suffixes[k]
    options = {"bias": a.bias, "dtype": layer.dtype}
    if a.proj_size:
        options["proj_size"] = a.proj_size
    if a.cell == "rnn_relu":
        options["nonlinearity"] = "relu"
    alone = type(layer)(a.inputs(k), a.hidden_size, **options)
    for name in a.cell_shapes(k):
        setattr(alone, f"{name}_l0", getattr(layer, name + suffix))
    return alone


def gradients_of_last_state(trace, k):
    """Return, by step t, the gradient of the last state's sum with respect to h after t.

    It is what `vjp` of the recurrence says, run from the state after t over the steps after it.
    """
    a = trace.architecture
    is_reverse = k % a.directions == 1
    x = trace.x if k < a.directions else _output_below(trace, k)
    alone = lane_alone(trace.module, k)
    found = {}
    for t in range(trace.length):
        rest = x[:t][::-1] if is_reverse else x[t + 1 : trace.length]
        ones = [np.ones((1, size), trace.x.dtype) for size in a.state_sizes]
        if len(rest) == 0:
            found[t] = [part[0] for part in ones]
            continue
        state = [trace.h[k, t][None], *([] if trace.c is None else [trace.c[k, t][None]])]
        whole = tuple(state) if len(state) > 1 else state[0]
        _, backward = alone.vjp(np.ascontiguousarray(rest), whole)
        d_state = backward(None, tuple(ones) if len(ones) > 1 else ones[0]).state
        found[t] = [part[0] for part in (d_state if isinstance(d_state, tuple) else (d_state,))]
    return found


def _output_below(trace, k):
    D = trace.architecture.directions
    below = (k // D - 1) * D
    return np.concatenate(list(trace.h[below : below + D]), axis=1)
