"""Every mistake a caller can make with nn: its exception's class is torch's, its words teach.

A message begins ``argument: expected …, got …``. The same mistake is made with torch where torch
does not let it through.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from strategies import CELLS, LAYERS, parts

import elman
from elman import nn
from elman._random import default_generator


class Library(NamedTuple):
    """elman or torch, for mistakes that can be made in both, and the layers to make them with.

    rnn, batch_first and bidirectional are of the layer that the mistakes are made with, `name`.
    """

    nn: Any
    name: str
    zeros: Callable[..., Any]
    float64: Any
    int64: Any
    backward: Callable[..., Any]
    rnn: Any
    batch_first: Any
    bidirectional: Any
    linear: Any
    projected: Any
    gru: Any
    cells: dict[str, Any]

    def make(self, *sizes: Any, **arguments: Any) -> Any:
        return getattr(self.nn, self.name)(*sizes, **arguments)


class OneState:
    """An LSTM that is called as an RNN is, with h_0 for c_0 as well."""

    def __init__(self, layer: Any) -> None:
        self.layer = layer

    def __call__(self, x: Any, h_0: Any = None, **others: Any) -> Any:
        return self.layer(x, None if h_0 is None else (h_0, h_0), **others)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.layer, name)


def library(nn: Any, name: str, **others: Any) -> Library:
    make = getattr(nn, name)
    layers = {
        "rnn": make(5, 8, 2),
        "batch_first": make(3, 4, batch_first=True),
        "bidirectional": make(3, 4, bidirectional=True),
    }
    if name == "LSTM":
        layers = {name: OneState(layer) for name, layer in layers.items()}
    return Library(
        nn=nn,
        name=name,
        linear=nn.Linear(3, 4),
        projected=nn.LSTM(3, 4, proj_size=2),
        gru=nn.GRU(3, 4),
        cells={cell: getattr(nn, cell)(3, 4) for cell in CELLS},
        **layers,
        **others,
    )


def zeros(*shape: int, dtype: Any = np.float32) -> np.ndarray:
    return np.zeros(shape, dtype)


def torch_zeros(*shape: int, dtype: Any = torch.float32) -> torch.Tensor:
    return torch.zeros(shape, dtype=dtype)


def elman_backward(layer: Any, x: Any, d_output: Any = None, d_h_n: Any = None) -> Any:
    lstm = isinstance(layer, OneState) and d_h_n is not None
    return layer.vjp(x)[1](d_output, (d_h_n, d_h_n) if lstm else d_h_n)


def torch_backward(layer: Any, x: Any, d_output: Any = None, d_h_n: Any = None) -> Any:
    output, state_n = layer(x)
    pairs = [(output, d_output), *((part, d_h_n) for part in parts(state_n))]
    pairs = [(result, d) for result, d in pairs if d is not None]
    torch.autograd.backward(*map(list, zip(*pairs, strict=True)))


ELMAN = {
    name: library(
        nn, name, zeros=zeros, float64=np.float64, int64=np.int64, backward=elman_backward
    )
    for name in LAYERS
}
TORCH = {
    name: library(
        torch.nn,
        name,
        zeros=torch_zeros,
        float64=torch.float64,
        int64=torch.int64,
        backward=torch_backward,
    )
    for name in LAYERS
}
X, RAGGED = zeros(3, 2, 5), [zeros(3, 5), zeros(1, 5)]  # for rnn

STATE = "(num_layers * num_directions, N, hidden_size)"
AN_INT = "an int greater than zero"
A_BOOL = "a bool"
A_NUMBER = "a number in [0, 1]"


class Mistake(NamedTuple):
    """A call, the exception it must raise, the argument it is about and words it must hold.

    layers : the layers to make it with
    """

    call: Callable[[Library], Any]
    error: type[Exception]
    argument: str
    told: list[str]
    layers: Sequence[str] = LAYERS


RNN, LSTM = ("RNN",), ("LSTM",)


def network_of_one_output() -> nn.Network:
    generator = elman.Generator(0)
    return nn.Network(nn.RNN(3, 4, generator=generator), nn.Linear(4, 1, generator=generator))


def constructor(
    error: type[Exception], told: list[str], layers: Sequence[str] = LAYERS, **changes: Any
) -> Mistake:
    """A layer of sizes 3 and 4 with wrong arguments, of which the first is told."""
    (name, value), *_ = changes.items()
    arguments = {"input_size": 3, "hidden_size": 4, **changes}
    return Mistake(lambda lib: lib.make(**arguments), error, name, [*told, repr(value)], layers)


def cell(
    name: str,
    error: type[Exception],
    argument: str,
    told: list[str],
    *shapes: tuple[int, ...],
    **wrong: Any,
) -> Mistake:
    """A cell of sizes 3 and 4, called with x and h of these shapes, c like h."""

    def call(lib: Library) -> Any:
        dtypes = {n: {"dtype": getattr(lib, d)} for n, d in wrong.items()}
        x, *h = (lib.zeros(*s, **dtypes.get(n, {})) for n, s in zip("xh", shapes, strict=False))
        state = h if h and name != "LSTMCell" else [(h[0], h[0])] if h else []
        return lib.cells[name](x, *state)

    return Mistake(call, error, argument, told, RNN)


def make_cell(name: str, error: type[Exception], told: list[str], **changes: Any) -> Mistake:
    """A cell of sizes 3 and 4 with wrong arguments, of which the first is told."""
    (argument, value), *_ = changes.items()
    arguments = {"input_size": 3, "hidden_size": 4, **changes}
    return Mistake(
        lambda lib: getattr(lib.nn, name)(**arguments), error, argument, [*told, repr(value)], RNN
    )


BOTH_REFUSE = {
    # ---- arguments of RNN
    "input_size 0": constructor(ValueError, [AN_INT], input_size=0),
    "input_size -1": constructor(ValueError, [AN_INT], input_size=-1),
    "input_size 2.0": constructor(TypeError, [AN_INT, "float"], input_size=2.0),
    "input_size None": constructor(TypeError, [AN_INT], input_size=None),
    "hidden_size 0": constructor(ValueError, [AN_INT], hidden_size=0),
    "hidden_size '4'": constructor(TypeError, [AN_INT, "str"], hidden_size="4"),
    "num_layers 0": constructor(ValueError, [AN_INT], num_layers=0),
    "num_layers -1": constructor(ValueError, [AN_INT], num_layers=-1),
    "num_layers 1.5": constructor(TypeError, [AN_INT, "float"], num_layers=1.5),
    "num_layers '2'": constructor(TypeError, [AN_INT, "str"], num_layers="2"),
    "nonlinearity 'x'": constructor(ValueError, ["'tanh' or 'relu'"], layers=RNN, nonlinearity="x"),
    "nonlinearity 'TANH'": constructor(
        ValueError, ["'tanh' or 'relu'"], layers=RNN, nonlinearity="TANH"
    ),
    "nonlinearity None": constructor(
        ValueError, ["'tanh' or 'relu'"], layers=RNN, nonlinearity=None
    ),
    "bias 1": constructor(TypeError, [A_BOOL, "int"], bias=1),
    "bias None": constructor(TypeError, [A_BOOL], bias=None),
    "batch_first 1": constructor(TypeError, [A_BOOL, "int"], batch_first=1),
    "batch_first 'yes'": constructor(TypeError, [A_BOOL, "str"], batch_first="yes"),
    "dropout True": constructor(ValueError, [A_NUMBER, "bool"], dropout=True),
    "dropout 1.5": constructor(ValueError, [A_NUMBER], dropout=1.5),
    "dropout -0.1": constructor(ValueError, [A_NUMBER], dropout=-0.1),
    "dropout '0.5'": constructor(ValueError, [A_NUMBER, "str"], dropout="0.5"),
    "dropout nan": constructor(ValueError, [A_NUMBER], dropout=float("nan")),
    "dropout None": constructor(TypeError, [A_NUMBER], dropout=None),
    # Of two mistakes, the one that torch names.
    "nonlinearity first": constructor(ValueError, [], layers=RNN, nonlinearity="x", input_size="a"),
    "dropout before bias": constructor(ValueError, [], dropout=2, bias=1),
    "bias before sizes": constructor(TypeError, [], bias=1, input_size=0),
    "sizes before layers": constructor(TypeError, [], input_size="a", num_layers=0),
    "sizes before layers too": constructor(ValueError, [], hidden_size=0, num_layers=0),
    # ---- proj_size
    "proj_size '1'": constructor(TypeError, ["an int", "str"], LSTM, proj_size="1"),
    "proj_size 1.0": constructor(TypeError, ["an int", "float"], LSTM, proj_size=1.0),
    "proj_size None": constructor(TypeError, ["an int"], LSTM, proj_size=None),
    "proj_size True": constructor(TypeError, ["an int", "bool"], LSTM, proj_size=True),
    "proj_size -1": constructor(ValueError, ["hidden_size = 4"], LSTM, proj_size=-1),
    "proj_size 4": constructor(ValueError, ["less than hidden_size = 4"], LSTM, proj_size=4),
    "proj_size 7": constructor(ValueError, ["less than hidden_size = 4"], LSTM, proj_size=7),
    "dropout before proj_size": constructor(ValueError, [], LSTM, dropout=2, proj_size="a"),
    "bias before proj_size": constructor(TypeError, [], LSTM, bias=1, proj_size=-1),
    "sizes before proj_size": constructor(TypeError, [], LSTM, input_size="a", proj_size=-1),
    "layers before proj_size": constructor(ValueError, [], LSTM, num_layers=0, proj_size="a"),
    # ---- x
    "x 1-D": Mistake(
        lambda lib: lib.rnn(lib.zeros(5)),
        ValueError,
        "x",
        ["(T, N, input_size)", "(T, input_size) without a batch", "1-D", "(5,)"],
    ),
    "x 4-D": Mistake(
        lambda lib: lib.rnn(lib.zeros(1, 3, 2, 5)), ValueError, "x", ["4-D", "(1, 3, 2, 5)"]
    ),
    "x 4-D, batch first": Mistake(
        lambda lib: lib.batch_first(lib.zeros(1, 3, 2, 3)),
        ValueError,
        "x",
        ["(N, T, input_size)", "4-D"],
    ),
    "x float64": Mistake(
        lambda lib: lib.rnn(lib.zeros(3, 2, 5, dtype=lib.float64)),
        ValueError,
        "x",
        ["the layer's dtype float32", "float64", "x.astype(numpy.float32)", "dtype=numpy.float64"],
    ),
    "x of integers": Mistake(
        lambda lib: lib.rnn(lib.zeros(3, 2, 5, dtype=lib.int64)), ValueError, "x", ["int64"]
    ),
    "x too narrow": Mistake(
        lambda lib: lib.rnn(lib.zeros(3, 2, 4)),
        RuntimeError,
        "x",
        ["input_size = 5 on the last axis", "shape (3, 2, 4)"],
    ),
    "x with its axes turned": Mistake(
        lambda lib: lib.rnn(lib.zeros(3, 5, 2)),
        RuntimeError,
        "x",
        ["input_size = 5 on the last axis", "(3, 5, 2)", "axis 1 has that size"],
    ),
    "one sequence too narrow": Mistake(
        lambda lib: lib.rnn(lib.zeros(3, 4)), RuntimeError, "x", ["input_size = 5", "(3, 4)"]
    ),
    "T = 0": Mistake(
        lambda lib: lib.rnn(lib.zeros(0, 2, 5)), RuntimeError, "x", ["one time step", "T = 0"]
    ),
    "T = 0, batch first": Mistake(
        lambda lib: lib.batch_first(lib.zeros(2, 0, 3)), RuntimeError, "x", ["T = 0"]
    ),
    "T = 0 of one sequence": Mistake(
        lambda lib: lib.rnn(lib.zeros(0, 5)), RuntimeError, "x", ["T = 0"]
    ),
    "T = N = 0": Mistake(lambda lib: lib.rnn(lib.zeros(0, 0, 5)), RuntimeError, "x", ["T = 0"]),
    # ---- h_0
    "h_0 2-D of a batch": Mistake(
        lambda lib: lib.rnn(lib.zeros(3, 2, 5), lib.zeros(2, 8)),
        RuntimeError,
        "h_0",
        [f"{STATE} = (2, 2, 8), 3-D", "2-D, shape (2, 8)", "x is a batch"],
    ),
    "h_0 3-D of one sequence": Mistake(
        lambda lib: lib.rnn(lib.zeros(3, 5), lib.zeros(2, 1, 8)),
        RuntimeError,
        "h_0",
        ["(num_layers * num_directions, hidden_size) = (2, 8)", "(2, 1, 8)", "one sequence"],
    ),
    "h_0 4-D": Mistake(
        lambda lib: lib.rnn(lib.zeros(3, 2, 5), lib.zeros(1, 2, 2, 8)), RuntimeError, "h_0", ["4-D"]
    ),
    "h_0 batch first": Mistake(
        lambda lib: lib.rnn(lib.zeros(3, 7, 5), lib.zeros(7, 2, 8)),
        RuntimeError,
        "h_0",
        [f"{STATE} = (2, 7, 8)", "got (7, 2, 8)", "h_0 is never batch-first"],
    ),
    "h_0 of another N: x has T and N swapped": Mistake(
        lambda lib: lib.rnn(lib.zeros(7, 3, 5), lib.zeros(2, 7, 8)),
        RuntimeError,
        "h_0",
        ["(2, 3, 8)", "(2, 7, 8)", "N is axis 1 of x with batch_first=False"],
    ),
    "h_0 of another N, batch first": Mistake(
        lambda lib: lib.batch_first(lib.zeros(7, 5, 3), lib.zeros(1, 5, 4)),
        RuntimeError,
        "h_0",
        ["(1, 7, 4)", "(1, 5, 4)", "N is axis 0 of x with batch_first=True"],
    ),
    "h_0 too narrow": Mistake(
        lambda lib: lib.rnn(lib.zeros(3, 2, 5), lib.zeros(2, 2, 7)),
        RuntimeError,
        "h_0",
        ["(2, 2, 8)", "(2, 2, 7)"],
    ),
    "h_0 of one sequence too narrow": Mistake(
        lambda lib: lib.rnn(lib.zeros(3, 5), lib.zeros(2, 7)), RuntimeError, "h_0", ["(2, 8)"]
    ),
    "h_0 of one direction": Mistake(
        lambda lib: lib.bidirectional(lib.zeros(6, 2, 3), lib.zeros(1, 2, 4)),
        RuntimeError,
        "h_0",
        ["(2, 2, 4)", "(1, 2, 4)", "each layer and direction"],
    ),
    "h_0 float64": Mistake(
        lambda lib: lib.rnn(lib.zeros(3, 2, 5), lib.zeros(2, 2, 8, dtype=lib.float64)),
        RuntimeError,
        "h_0",
        ["the layer's dtype float32", "float64", "h_0.astype(numpy.float32)"],
    ),
    # Of two mistakes, the one that torch names.
    "h_0's dimensions before x's dtype": Mistake(
        lambda lib: lib.rnn(lib.zeros(3, 2, 5, dtype=lib.float64), lib.zeros(2, 8)),
        RuntimeError,
        "h_0",
        ["2-D"],
    ),
    "x's dtype before its last axis": Mistake(
        lambda lib: lib.rnn(lib.zeros(3, 2, 4, dtype=lib.float64)), ValueError, "x", ["float64"]
    ),
    # ---- the pair of an LSTM; with a projection h is narrower than c
    "h_0 and c_0 swapped": Mistake(
        lambda lib: lib.projected(lib.zeros(5, 2, 3), (lib.zeros(1, 2, 4), lib.zeros(1, 2, 2))),
        RuntimeError,
        "h_0",
        ["(num_layers * num_directions, N, proj_size) = (1, 2, 2)", "got (1, 2, 4)"],
        LSTM,
    ),
    "c_0 of the projection's size": Mistake(
        lambda lib: lib.projected(lib.zeros(5, 2, 3), (lib.zeros(1, 2, 2), lib.zeros(1, 2, 2))),
        RuntimeError,
        "c_0",
        [f"{STATE} = (1, 2, 4)", "got (1, 2, 2)"],
        LSTM,
    ),
    "c_0 2-D": Mistake(
        lambda lib: lib.projected(lib.zeros(5, 2, 3), (lib.zeros(1, 2, 2), lib.zeros(1, 4))),
        RuntimeError,
        "c_0",
        [f"{STATE} = (1, 2, 4), 3-D", "2-D, shape (1, 4)"],
        LSTM,
    ),
    "c_0 batch first": Mistake(
        lambda lib: lib.projected(lib.zeros(5, 2, 3), (lib.zeros(1, 2, 2), lib.zeros(2, 1, 4))),
        RuntimeError,
        "c_0",
        [f"{STATE} = (1, 2, 4)", "(2, 1, 4)", "c_0 is never batch-first"],
        LSTM,
    ),
    "c_0 of another N": Mistake(
        lambda lib: lib.projected(lib.zeros(5, 2, 3), (lib.zeros(1, 2, 2), lib.zeros(1, 3, 4))),
        RuntimeError,
        "c_0",
        ["(1, 2, 4)", "(1, 3, 4)", "N is axis 1 of x"],
        LSTM,
    ),
    "c_0 float64": Mistake(
        lambda lib: lib.projected(
            lib.zeros(5, 2, 3), (lib.zeros(1, 2, 2), lib.zeros(1, 2, 4, dtype=lib.float64))
        ),
        RuntimeError,
        "c_0",
        ["the layer's dtype float32", "float64", "c_0.astype(numpy.float32)"],
        LSTM,
    ),
    "h_0 of a projection's sequence": Mistake(
        lambda lib: lib.projected(lib.zeros(5, 3), (lib.zeros(1, 4), lib.zeros(1, 4))),
        RuntimeError,
        "h_0",
        ["(num_layers * num_directions, proj_size) = (1, 2)", "(1, 4)"],
        LSTM,
    ),
    # ---- gradients
    "d_output batch first": Mistake(
        lambda lib: lib.backward(lib.rnn, lib.zeros(3, 2, 5), lib.zeros(2, 3, 8)),
        RuntimeError,
        "d_output",
        ["the shape of output = (3, 2, 8)", "got (2, 3, 8)"],
    ),
    "d_output 2-D": Mistake(
        lambda lib: lib.backward(lib.rnn, lib.zeros(3, 2, 5), lib.zeros(2, 8)),
        RuntimeError,
        "d_output",
        ["(3, 2, 8)", "(2, 8)"],
    ),
    "d_output with a batch of one": Mistake(
        lambda lib: lib.backward(lib.rnn, lib.zeros(3, 5), lib.zeros(3, 1, 8)),
        RuntimeError,
        "d_output",
        ["(3, 8)", "(3, 1, 8)"],
    ),
    "d_h_n batch first": Mistake(
        lambda lib: lib.backward(lib.rnn, lib.zeros(3, 7, 5), None, lib.zeros(7, 2, 8)),
        RuntimeError,
        "d_h_n",
        [f"{STATE} = (2, 7, 8)", "(7, 2, 8)", "d_h_n is never batch-first"],
    ),
    "d_h_n 2-D": Mistake(
        lambda lib: lib.backward(lib.rnn, lib.zeros(3, 2, 5), None, lib.zeros(2, 8)),
        RuntimeError,
        "d_h_n",
        [f"{STATE} = (2, 2, 8)", "(2, 8)"],
    ),
    "d_output of a projection too wide": Mistake(
        lambda lib: lib.backward(lib.projected, lib.zeros(3, 2, 3), lib.zeros(3, 2, 4)),
        RuntimeError,
        "d_output",
        ["(3, 2, 2)", "(3, 2, 4)"],
        LSTM,
    ),
    # ---- modes, Linear
    "train 1": Mistake(lambda lib: lib.rnn.train(1), ValueError, "mode", [A_BOOL, "int"]),
    "train None": Mistake(lambda lib: lib.rnn.train(None), ValueError, "mode", [A_BOOL]),
    "in_features 2.5": Mistake(
        lambda lib: lib.nn.Linear(2.5, 3), TypeError, "in_features", [AN_INT, "2.5"]
    ),
    "out_features 'a'": Mistake(
        lambda lib: lib.nn.Linear(3, "a"), TypeError, "out_features", [AN_INT, "'a'"]
    ),
    "x of Linear too narrow": Mistake(
        lambda lib: lib.linear(lib.zeros(2, 5)),
        RuntimeError,
        "x",
        ["in_features = 3 on the last axis", "(2, 5)"],
    ),
    "x of Linear a number": Mistake(
        lambda lib: lib.linear(lib.zeros()), RuntimeError, "x", ["in_features = 3", "()"]
    ),
    "x of Linear float64": Mistake(
        lambda lib: lib.linear(lib.zeros(2, 3, dtype=lib.float64)),
        RuntimeError,
        "x",
        ["the layer's dtype float32", "float64"],
    ),
}

for name in CELLS:
    BOTH_REFUSE |= {
        f"{name}: x 3-D": cell(
            name,
            ValueError,
            "x",
            ["(N, input_size)", "(input_size,) without a batch", "3-D, shape (1, 2, 3)", "layer"],
            (1, 2, 3),
        ),
        f"{name}: x 0-D": cell(name, ValueError, "x", ["(N, input_size)", "0-D"], ()),
        f"{name}: x too wide": cell(
            name, RuntimeError, "x", ["input_size = 3 on the last axis", "(2, 5)"], (2, 5)
        ),
        f"{name}: one row too wide": cell(name, RuntimeError, "x", ["input_size = 3"], (5,)),
        f"{name}: x float64": cell(
            name, RuntimeError, "x", ["float32", "float64"], (2, 3), x="float64"
        ),
        f"{name}: h 3-D": cell(
            name, ValueError, "h", ["(N, hidden_size)", "3-D"], (2, 3), (1, 2, 4)
        ),
        f"{name}: h 1-D of a batch": cell(
            name, RuntimeError, "h", ["(N, hidden_size)", "1-D, shape (4,)"], (2, 3), (4,)
        ),
        f"{name}: h 2-D of one row": cell(
            name, RuntimeError, "h", ["(hidden_size,)", "2-D, shape (1, 4)"], (3,), (1, 4)
        ),
        f"{name}: h too wide": cell(
            name, RuntimeError, "h", ["(N, hidden_size) = (2, 4)", "(2, 5)"], (2, 3), (2, 5)
        ),
        f"{name}: h of one row too wide": cell(
            name, RuntimeError, "h", ["(hidden_size,) = (4,)", "(5,)"], (3,), (5,)
        ),
        f"{name}: h of another N": cell(
            name, RuntimeError, "h", ["(2, 4)", "(3, 4)"], (2, 3), (3, 4)
        ),
        f"{name}: h float64": cell(
            name, RuntimeError, "h", ["float32", "float64"], (2, 3), (2, 4), h="float64"
        ),
        f"{name}: input_size '3'": make_cell(name, TypeError, [AN_INT, "str"], input_size="3"),
        f"{name}: input_size None": make_cell(name, TypeError, [AN_INT], input_size=None),
        f"{name}: hidden_size 2.0": make_cell(name, TypeError, [AN_INT, "float"], hidden_size=2.0),
    }
BOTH_REFUSE |= {
    "LSTMCell: c of another N": Mistake(
        lambda lib: lib.cells["LSTMCell"](lib.zeros(2, 3), (lib.zeros(2, 4), lib.zeros(3, 4))),
        RuntimeError,
        "c",
        ["(N, hidden_size) = (2, 4)", "(3, 4)"],
        LSTM,
    ),
    "LSTMCell: c too wide": Mistake(
        lambda lib: lib.cells["LSTMCell"](lib.zeros(2, 3), (lib.zeros(2, 4), lib.zeros(2, 5))),
        RuntimeError,
        "c",
        ["(2, 4)", "(2, 5)"],
        LSTM,
    ),
    "LSTMCell: state of one part": Mistake(
        lambda lib: lib.cells["LSTMCell"](lib.zeros(2, 3), lib.zeros(2, 4)),
        TypeError,
        "hx",
        ["a pair (h, c)"],
        LSTM,
    ),
}

TORCH_LETS_THROUGH = {
    # ---- arguments
    "input_size True": constructor(TypeError, [AN_INT], input_size=True),
    "num_layers True": constructor(TypeError, [AN_INT], num_layers=True),
    "bidirectional 1": constructor(TypeError, [A_BOOL, "int"], bidirectional=1),
    "bidirectional 'yes'": constructor(TypeError, [A_BOOL, "str"], bidirectional="yes"),
    "dtype float16": constructor(TypeError, ["numpy.float32 or numpy.float64"], dtype=np.float16),
    # torch's class of these is another, an accident of what it does with them
    "state of one array": Mistake(
        lambda lib: lib.projected(zeros(5, 2, 3), zeros(1, 2, 2)),
        TypeError,
        "hx",
        ["a pair (h_0, c_0)", "ndarray"],
        LSTM,
    ),
    "state of both in one array": Mistake(
        lambda lib: lib.projected(zeros(5, 2, 3), zeros(2, 1, 2, 4)),
        TypeError,
        "hx",
        ["a pair (h_0, c_0)", "ndarray"],
        LSTM,
    ),
    "state of h_0 alone": Mistake(
        lambda lib: lib.projected(zeros(5, 2, 3), (zeros(1, 2, 2),)),
        TypeError,
        "hx",
        ["a pair (h_0, c_0)", "1 of them"],
        LSTM,
    ),
    "state of three": Mistake(
        lambda lib: lib.projected(zeros(5, 2, 3), (zeros(1, 2, 2),) * 3),
        TypeError,
        "hx",
        ["a pair (h_0, c_0)", "3 of them"],
        LSTM,
    ),
    "state of a GRU a pair": Mistake(
        lambda lib: lib.gru(zeros(5, 2, 3), (zeros(1, 2, 4), zeros(1, 2, 4))),
        TypeError,
        "h_0",
        ["one array, got 2 of them", "only an LSTM has a c"],
        ("GRU",),
    ),
    "LSTMCell: state of three": Mistake(
        lambda lib: lib.cells["LSTMCell"](zeros(2, 3), (zeros(2, 4),) * 3),
        TypeError,
        "hx",
        ["a pair (h, c)"],
        LSTM,
    ),
    "proj_size of an RNN by position": Mistake(
        lambda _: nn.RNN(3, 4, 1, "tanh", True, False, 0.0, False, 2), ValueError, "device", [], RNN
    ),
    "proj_size of a GRU by position": Mistake(
        lambda _: nn.GRU(3, 4, 1, True, False, 0.0, False, 2), ValueError, "device", [], ("GRU",)
    ),
    "RNNCell: nonlinearity 'x'": make_cell(
        "RNNCell", ValueError, ["'tanh' or 'relu'"], nonlinearity="x"
    ),
    "in_features 0": Mistake(lambda _: nn.Linear(0, 3), ValueError, "in_features", [AN_INT, "0"]),
    "out_features 0": Mistake(lambda _: nn.Linear(3, 0), ValueError, "out_features", [AN_INT, "0"]),
    "Linear's bias 1": Mistake(lambda _: nn.Linear(3, 4, 1), TypeError, "bias", [A_BOOL, "int"]),
    # ---- gradients of another dtype, which torch converts
    "d_output float64": Mistake(
        lambda lib: lib.backward(lib.rnn, X, zeros(3, 2, 8, dtype=np.float64)),
        ValueError,
        "d_output",
        ["the layer's dtype float32", "float64"],
    ),
}

for name in CELLS:
    TORCH_LETS_THROUGH |= {
        f"{name}: input_size 0": make_cell(name, ValueError, [AN_INT], input_size=0),
        f"{name}: hidden_size 0": make_cell(name, ValueError, [AN_INT], hidden_size=0),
        f"{name}: hidden_size -1": make_cell(name, ValueError, [AN_INT], hidden_size=-1),
        f"{name}: input_size True": make_cell(name, TypeError, [AN_INT], input_size=True),
        f"{name}: bias 1": make_cell(name, TypeError, [A_BOOL, "int"], bias=1),
        f"{name}: dtype float16": make_cell(name, TypeError, ["numpy.float32"], dtype=np.float16),
    }

ELMANS_OWN = {
    # ---- what torch has devices and dtypes for
    "device 'cuda'": constructor(ValueError, ["None or 'cpu'"], device="cuda"),
    "device 'cuda:1'": constructor(ValueError, ["None or 'cpu'"], device=torch.device("cuda:1")),
    "dtype int": constructor(TypeError, ["numpy.float32 or numpy.float64"], dtype=int),
    "dtype torch's": constructor(TypeError, ["numpy.float32"], dtype=torch.float32),
    "dtype '>f4'": constructor(TypeError, ["numpy.float32"], dtype=">f4"),
    "dtype of no such name": constructor(TypeError, ["numpy.float32"], dtype="single precision"),
    "Linear's device": Mistake(
        lambda _: nn.Linear(3, 4, device="cuda"), ValueError, "device", ["None or 'cpu'", "cuda"]
    ),
    # ---- options of elman's own
    "recurrent_dropout 1.5": constructor(ValueError, [A_NUMBER], recurrent_dropout=1.5),
    "recurrent_dropout -0.1": constructor(ValueError, [A_NUMBER], recurrent_dropout=-0.1),
    "recurrent_dropout True": constructor(ValueError, [A_NUMBER, "bool"], recurrent_dropout=True),
    "recurrent_dropout '0.5'": constructor(ValueError, [A_NUMBER, "str"], recurrent_dropout="0.5"),
    "recurrent_dropout None": constructor(TypeError, [A_NUMBER], recurrent_dropout=None),
    "recurrent_dropout nan": constructor(ValueError, [A_NUMBER], recurrent_dropout=float("nan")),
    "learn_initial_state 1": constructor(TypeError, [A_BOOL, "int"], learn_initial_state=1),
    "learn_initial_state None": constructor(TypeError, [A_BOOL], learn_initial_state=None),
    # ---- streams
    "stream of a bidirectional layer": Mistake(
        lambda lib: lib.bidirectional.stream(), ValueError, "stream", ["unidirectional"]
    ),
    "stream of no rows": Mistake(
        lambda lib: lib.rnn.stream(0), ValueError, "batch_size", [AN_INT, "0"]
    ),
    "stream of 1.5 rows": Mistake(
        lambda lib: lib.rnn.stream(1.5), TypeError, "batch_size", [AN_INT, "1.5"]
    ),
    "x_t of other rows": Mistake(
        lambda lib: lib.rnn.stream(2).step(zeros(3, 5)),
        RuntimeError,
        "x_t",
        ["(batch_size, input_size) = (2, 5)", "(3, 5)"],
    ),
    "x_t float64": Mistake(
        lambda lib: lib.rnn.stream(2).step(zeros(2, 5, dtype=np.float64)),
        ValueError,
        "x_t",
        ["float32", "float64"],
    ),
    "out too narrow": Mistake(
        lambda lib: lib.rnn.stream(2).step(zeros(2, 5), zeros(2, 7)),
        RuntimeError,
        "out",
        ["(2, 8)", "(2, 7)"],
    ),
    "out float64": Mistake(
        lambda lib: lib.rnn.stream(2).step(zeros(2, 5), zeros(2, 8, dtype=np.float64)),
        ValueError,
        "out",
        ["float32", "float64"],
    ),
    "out a list": Mistake(
        lambda lib: lib.rnn.stream(2).step(zeros(2, 5), zeros(2, 8).tolist()),
        TypeError,
        "out",
        ["array", "list"],
    ),
    # ---- summaries
    "summary of a cell": Mistake(
        lambda lib: elman.summary(lib.cells["GRUCell"], (5, 2, 3)),
        TypeError,
        "layer",
        ["nn.RNN, nn.GRU or nn.LSTM", "GRUCell"],
        RNN,
    ),
    "summary of a class": Mistake(
        lambda _: elman.summary(nn.GRU, (5, 2, 3)), TypeError, "layer", ["type"], RNN
    ),
    "summary of one axis": Mistake(
        lambda lib: elman.summary(lib.gru, (3,)), ValueError, "input_size", ["(3,)"], RNN
    ),
    "summary of four axes": Mistake(
        lambda lib: elman.summary(lib.gru, (1, 5, 2, 3)),
        ValueError,
        "input_size",
        ["2 or 3 axes", "(1, 5, 2, 3)"],
        RNN,
    ),
    "summary of another input": Mistake(
        lambda lib: elman.summary(lib.gru, (5, 2, 4)),
        RuntimeError,
        "input_size",
        ["input_size, 3, on the last axis", "(5, 2, 4)"],
        RNN,
    ),
    "summary of an array": Mistake(
        lambda lib: elman.summary(lib.gru, zeros(5, 2, 3)),
        TypeError,
        "input_size",
        ["(5, 2, 3); pass x.shape"],
        RNN,
    ),
    "summary of a network": Mistake(
        lambda _: elman.summary(network_of_one_output()),
        TypeError,
        "layer",
        ["Network; pass its layers: network.rnn"],
    ),
    "lengths as the state": Mistake(
        lambda lib: lib.gru(zeros(5, 2, 3), [5, 2]), RuntimeError, "h_0", ["lengths=?"], ("GRU",)
    ),
    "summary of no steps": Mistake(
        lambda lib: elman.summary(lib.gru, (0, 2, 3)), ValueError, "input_size", [AN_INT], RNN
    ),
    "summary of half a step": Mistake(
        lambda lib: elman.summary(lib.gru, (0.5, 2, 3)), TypeError, "input_size", [AN_INT], RNN
    ),
    "summary of a number": Mistake(
        lambda lib: elman.summary(lib.gru, 5), TypeError, "input_size", ["5"], RNN
    ),
    # ---- gradients of cells
    "d_h of a cell too wide": Mistake(
        lambda lib: lib.cells["GRUCell"].vjp(zeros(2, 3))[1](zeros(2, 5)),
        RuntimeError,
        "d_h",
        ["(N, hidden_size) = (2, 4)", "(2, 5)"],
        RNN,
    ),
    "d_c of a cell too wide": Mistake(
        lambda lib: lib.cells["LSTMCell"].vjp(zeros(2, 3))[1]((zeros(2, 4), zeros(2, 5))),
        RuntimeError,
        "d_c",
        ["(N, hidden_size) = (2, 4)", "(2, 5)"],
        RNN,
    ),
    "gradient of h alone of an LSTM": Mistake(
        lambda lib: lib.projected.vjp(zeros(5, 2, 3))[1](None, zeros(1, 2, 2)),
        TypeError,
        "d_state_n",
        ["a pair (d_h_n, d_c_n)"],
        LSTM,
    ),
    "d_c_n of the projection's size": Mistake(
        lambda lib: lib.projected.vjp(zeros(5, 2, 3))[1](None, (None, zeros(1, 2, 2))),
        RuntimeError,
        "d_c_n",
        [f"{STATE} = (1, 2, 4)", "(1, 2, 2)"],
        LSTM,
    ),
    # ---- lengths
    "lengths negative": Mistake(
        lambda lib: lib.rnn(X, lengths=[2, -1]),
        ValueError,
        "lengths",
        ["each in [0, T] = [0, 3]", "-1 at row 1", "axis 0"],
    ),
    "lengths beyond T": Mistake(
        lambda lib: lib.rnn(X, lengths=[4, 3]), ValueError, "lengths", ["[0, 3]", "4 at row 0"]
    ),
    "lengths beyond T, which is axis 1": Mistake(
        lambda lib: lib.batch_first(zeros(3, 2, 3), lengths=[1, 2, 3]),
        ValueError,
        "lengths",
        ["[0, 2]", "3 at row 2", "axis 1 of x if batch_first"],
    ),
    "lengths too many": Mistake(
        lambda lib: lib.rnn(X, lengths=[1, 2, 3]),
        ValueError,
        "lengths",
        ["one for each row, shape (N,) = (2,)", "(3,)"],
    ),
    "lengths none": Mistake(
        lambda lib: lib.rnn(X, lengths=[]), ValueError, "lengths", ["(2,)", "(0,)"]
    ),
    "lengths 2-D": Mistake(
        lambda lib: lib.rnn(X, lengths=[[1, 2]]), ValueError, "lengths", ["(2,)", "(1, 2)"]
    ),
    "lengths a number": Mistake(
        lambda lib: lib.rnn(X, lengths=2), ValueError, "lengths", ["(2,)", "()"]
    ),
    "lengths floats": Mistake(
        lambda lib: lib.rnn(X, lengths=[1.0, 2.0]), TypeError, "lengths", ["integers", "float64"]
    ),
    "lengths bools": Mistake(
        lambda lib: lib.rnn(X, lengths=[True, False]), TypeError, "lengths", ["integers", "bool"]
    ),
    "lengths of one sequence": Mistake(
        lambda lib: lib.rnn(zeros(3, 5), lengths=[2]),
        ValueError,
        "lengths",
        ["None for a sequence without a batch", "slice x"],
    ),
    "lengths of a list": Mistake(
        lambda lib: lib.rnn(RAGGED, lengths=[3, 1]), ValueError, "lengths", ["x is a list"]
    ),
    # ---- lists
    "x[1] 1-D": Mistake(
        lambda lib: lib.rnn([zeros(3, 5), zeros(5)]),
        ValueError,
        "x[1]",
        ["(T_i, input_size)", "1-D, shape (5,)", "one array per sequence"],
    ),
    "x[0] 3-D": Mistake(lambda lib: lib.rnn([X]), ValueError, "x[0]", ["(T_i, input_size)", "3-D"]),
    "x[0] a number": Mistake(lambda lib: lib.rnn([0.5, 1]), ValueError, "x[0]", ["0-D"]),
    "x[1] too narrow": Mistake(
        lambda lib: lib.rnn([zeros(3, 5), zeros(2, 4)]),
        RuntimeError,
        "x[1]",
        ["input_size = 5", "(2, 4)"],
    ),
    "x[1] float64": Mistake(
        lambda lib: lib.rnn([zeros(3, 5), zeros(2, 5, dtype=np.float64)]),
        ValueError,
        "x[1]",
        ["float32", "float64"],
    ),
    "h_0 of a list": Mistake(
        lambda lib: lib.rnn(RAGGED, zeros(2, 3, 8)), RuntimeError, "h_0", ["(2, 2, 8)", "(2, 3, 8)"]
    ),
    # ---- gradients
    "d_output of a list too short": Mistake(
        lambda lib: lib.backward(lib.rnn, RAGGED, [zeros(3, 8)]),
        RuntimeError,
        "d_output",
        ["a list of 2 arrays", "1"],
    ),
    "d_output[1] too long": Mistake(
        lambda lib: lib.backward(lib.rnn, RAGGED, [zeros(3, 8), zeros(3, 8)]),
        RuntimeError,
        "d_output[1]",
        ["(1, 8)", "(3, 8)"],
    ),
    "d_output[0] float64": Mistake(
        lambda lib: lib.backward(lib.rnn, RAGGED, [zeros(3, 8, dtype=np.float64), zeros(1, 8)]),
        ValueError,
        "d_output[0]",
        ["float32", "float64"],
    ),
    "d_y transposed": Mistake(
        lambda lib: lib.linear.vjp(zeros(2, 3))[1](zeros(4, 2)),
        RuntimeError,
        "d_y",
        ["(2, 4)", "(4, 2)"],
    ),
    "d_y float64": Mistake(
        lambda lib: lib.linear.vjp(zeros(2, 3))[1](zeros(2, 4, dtype=np.float64)),
        ValueError,
        "d_y",
        ["float32", "float64"],
    ),
}

MISTAKES = BOTH_REFUSE | TORCH_LETS_THROUGH | ELMANS_OWN


def cases(mistakes: dict[str, Mistake]) -> list[tuple[str, str]]:
    """Each mistake with each layer that it can be made with."""
    return [(layer, name) for name, mistake in mistakes.items() for layer in mistake.layers]


@pytest.mark.parametrize(("layer", "name"), cases(MISTAKES))
def test_a_mistake_is_told_and_nothing_is_half_done(layer: str, name: str) -> None:
    """The layer is as it was, its mode included, and no random number has been drawn."""
    library = ELMAN[layer]
    mistake, rnn = MISTAKES[name], library.rnn
    before, output = rnn.state_dict(), rnn(X)[0]
    elman.manual_seed(3)
    numbers = default_generator.uniform((4,), 1.0, np.dtype(np.float32))
    elman.manual_seed(3)

    with pytest.raises(mistake.error) as error:
        mistake.call(library)
    message = str(error.value)
    assert message.startswith(f"{mistake.argument}: expected ")
    assert ", got " in message
    for words in mistake.told:
        assert words in message
    assert type(error.value) is mistake.error

    drawn = default_generator.uniform((4,), 1.0, np.dtype(np.float32))
    np.testing.assert_array_equal(drawn, numbers)
    assert all(value is before[name] for name, value in rnn.named_parameters())
    assert rnn.training is True
    np.testing.assert_array_equal(rnn(X)[0], output)


@pytest.mark.parametrize(("layer", "name"), cases(BOTH_REFUSE))
def test_torch_raises_the_same_class(layer: str, name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(BOTH_REFUSE[name].error) as error:
            BOTH_REFUSE[name].call(TORCH[layer])
    assert type(error.value) is BOTH_REFUSE[name].error


@pytest.mark.parametrize("name", ["RNN", "GRU"])
def test_a_projection_is_an_lstms_alone(name: str) -> None:
    """As in torch; 0, which stands for none, is taken."""
    with pytest.raises(ValueError, match="proj_size"):
        getattr(torch.nn, name)(5, 8, proj_size=2)
    assert repr(getattr(nn, name)(5, 8, proj_size=0)) == f"{name}(5, 8)"
    with pytest.raises(ValueError, match=r"^proj_size: expected 0, got 2; .* take nn\.LSTM$"):
        getattr(nn, name)(5, 8, proj_size=2)


@pytest.mark.parametrize(
    ("name", "argument"),
    [("GRU", "nonlinearity"), ("LSTM", "nonlinearity"), ("GRUCell", "nonlinearity")]
    + [("LSTMCell", "nonlinearity")]
    + [(name, "proj_size") for name in CELLS],
)
def test_an_argument_of_other_modules_is_unknown(name: str, argument: str) -> None:
    with pytest.raises(TypeError, match=f"unexpected keyword argument '{argument}'"):
        getattr(nn, name)(3, 4, **{argument: 2})


NO_ARRAYS = {
    "None": (None, "None"),
    "text": ("x", "str"),
    "a dict": ({"x": zeros(3, 2, 5)}, "dict"),
    "a set": ({1.0}, "set"),
    "objects": (np.full((3, 2, 5), None), "dtype object"),
}


@pytest.mark.parametrize("what", NO_ARRAYS)
@pytest.mark.parametrize("name", [*LAYERS, *CELLS])
def test_x_that_is_no_array_is_told_by_its_name(name: str, what: str) -> None:
    value, got = NO_ARRAYS[what]
    module = getattr(nn, name)(5, 8)
    for call in (module, module.vjp):
        with pytest.raises(TypeError, match=f"^x: expected an array .*, got {got}$"):
            call(value)


@pytest.mark.parametrize("name", [*LAYERS, *CELLS])
def test_masked_values_are_no_numbers(name: str) -> None:
    """An array that could mask some, but masks none, is taken."""
    module = getattr(nn, name)(5, 8)
    x = np.ma.masked_array(zeros(2, 5) if name in CELLS else zeros(3, 2, 5))
    for part, expected in zip(parts(module(x)), parts(module(x.data)), strict=True):
        np.testing.assert_equal(part, expected)
    x[0, 0] = np.ma.masked
    with pytest.raises(ValueError, match=r"^x: expected an array without masked .*\.filled\(0\)"):
        module(x)


@pytest.mark.parametrize("name", LAYERS)
def test_nested_lists_are_sequences(name: str) -> None:
    """A list is a ragged batch, of which each part must be an array of the layer's dtype."""
    rnn = getattr(nn, name)(5, 8)
    with pytest.raises(
        ValueError, match=r"^x\[0\]: expected the layer's dtype float32, got float64"
    ):
        rnn([[[0.0] * 5] * 3] * 2)
    with pytest.raises(TypeError, match=r"^x\[0\]: expected an array .*, got a ragged list"):
        rnn([[[0.0], [0.0, 1.0]]])


@pytest.mark.parametrize("name", [*LAYERS, *CELLS])
def test_arguments_have_torchs_names(name: str) -> None:
    """Of calls, of `forward` and of `vjp`."""
    module = getattr(nn, name)(5, 8)
    x = np.random.default_rng(0).random((2, 5) if name in CELLS else (3, 2, 5), np.float32)
    state = module(x) if name in CELLS else module(x)[1]
    flat = np.hstack([np.ravel(part) for part in parts(module(x, state))[:1]])
    found = [
        module(input=x, hx=state),
        module(x, hx=state),
        module.forward(x, state),
        module.forward(input=x, hx=state),
        module.vjp(input=x, hx=state)[0],
    ]
    for results in found:
        np.testing.assert_array_equal(np.ravel(parts(results)[0]), flat)


@pytest.mark.parametrize("name", CELLS)
def test_sizes_of_cells_may_be_numpys(name: str) -> None:
    cell = getattr(nn, name)(np.int64(3), np.uint8(4), np.bool_(False))
    assert repr(cell) == repr(getattr(nn, name)(3, 4, False))
    assert parts(cell(zeros(2, 3)))[0].shape == (2, 4)


@pytest.mark.parametrize(
    "arguments",
    [
        {"input_size": np.int64(3), "hidden_size": np.uint8(4), "num_layers": np.int32(2)},
        {"recurrent_dropout": np.float32(0.5), "learn_initial_state": np.bool_(True)},
        {"bias": np.bool_(True), "bidirectional": np.bool_(False)},
        {"num_layers": 2, "dropout": 1},
        {"num_layers": 2, "dropout": np.float32(0.5)},
        {"device": "cpu", "dtype": "float32"},
        {"device": torch.device("cpu"), "dtype": np.dtype(np.float32)},
    ],
)
@pytest.mark.parametrize("name", LAYERS)
def test_what_is_right_is_taken_whatever_its_type(name: str, arguments: dict[str, Any]) -> None:
    """Sizes may be NumPy's, which torch refuses."""
    if name == "LSTM":
        arguments = {**arguments, "proj_size": np.int16(2)}
    rnn = getattr(nn, name)(**{"input_size": 3, "hidden_size": 4, **arguments}).eval()
    plain = {name: getattr(value, "item", lambda v=value: v)() for name, value in arguments.items()}
    plain |= {"input_size": 3, "hidden_size": 4, "device": None, "dtype": None}
    same = getattr(nn, name)(**plain).eval()
    same.load_state_dict(rnn.state_dict())
    assert repr(rnn) == repr(same)
    x = np.ones((2, 2, 3), np.float32)
    np.testing.assert_array_equal(rnn(x)[0], same(x)[0])
