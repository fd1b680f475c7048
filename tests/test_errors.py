"""Every mistake a caller can make with nn: its exception's class is torch's, its words teach.

A message begins ``argument: expected …, got …``. The same mistake is made with torch where torch
does not let it through.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch

import elman
from elman import nn
from elman._random import default_generator


class Library(NamedTuple):
    """elman or torch, for mistakes that can be made in both, and the layers to make them with."""

    nn: Any
    zeros: Callable[..., Any]
    float64: Any
    int64: Any
    backward: Callable[..., Any]
    rnn: Any
    batch_first: Any
    bidirectional: Any
    linear: Any


def library(nn: Any, **others: Any) -> Library:
    return Library(
        nn=nn,
        rnn=nn.RNN(5, 8, 2),
        batch_first=nn.RNN(3, 4, batch_first=True),
        bidirectional=nn.RNN(3, 4, bidirectional=True),
        linear=nn.Linear(3, 4),
        **others,
    )


def zeros(*shape: int, dtype: Any = np.float32) -> np.ndarray:
    return np.zeros(shape, dtype)


def torch_zeros(*shape: int, dtype: Any = torch.float32) -> torch.Tensor:
    return torch.zeros(shape, dtype=dtype)


def elman_backward(layer: nn.RNN, x: Any, d_output: Any = None, d_h_n: Any = None) -> Any:
    return layer.vjp(x)[1](d_output, d_h_n)


def torch_backward(layer: Any, x: Any, d_output: Any = None, d_h_n: Any = None) -> Any:
    pairs = [(r, d) for r, d in zip(layer(x), (d_output, d_h_n), strict=True) if d is not None]
    torch.autograd.backward([r for r, _ in pairs], [d for _, d in pairs])


ELMAN = library(nn, zeros=zeros, float64=np.float64, int64=np.int64, backward=elman_backward)
TORCH = library(
    torch.nn, zeros=torch_zeros, float64=torch.float64, int64=torch.int64, backward=torch_backward
)
X, RAGGED = zeros(3, 2, 5), [zeros(3, 5), zeros(1, 5)]  # for rnn

STATE = "(num_layers * num_directions, N, hidden_size)"
AN_INT = "an int greater than zero"
A_BOOL = "a bool"
A_NUMBER = "a number in [0, 1]"


class Mistake(NamedTuple):
    """A call, the exception it must raise, the argument it is about and words it must hold."""

    call: Callable[[Library], Any]
    error: type[Exception]
    argument: str
    told: list[str]


def constructor(error: type[Exception], told: list[str], **changes: Any) -> Mistake:
    """RNN(3, 4) with wrong arguments, of which the first is told."""
    (name, value), *_ = changes.items()
    arguments = {"input_size": 3, "hidden_size": 4, **changes}
    return Mistake(lambda lib: lib.nn.RNN(**arguments), error, name, [*told, repr(value)])


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
    "nonlinearity 'x'": constructor(ValueError, ["'tanh' or 'relu'"], nonlinearity="x"),
    "nonlinearity 'TANH'": constructor(ValueError, ["'tanh' or 'relu'"], nonlinearity="TANH"),
    "nonlinearity None": constructor(ValueError, ["'tanh' or 'relu'"], nonlinearity=None),
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
    "nonlinearity first": constructor(ValueError, [], nonlinearity="x", input_size="a"),
    "dropout before bias": constructor(ValueError, [], dropout=2, bias=1),
    "bias before sizes": constructor(TypeError, [], bias=1, input_size=0),
    "sizes before layers": constructor(TypeError, [], input_size="a", num_layers=0),
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

TORCH_LETS_THROUGH = {
    # ---- arguments
    "input_size True": constructor(TypeError, [AN_INT], input_size=True),
    "num_layers True": constructor(TypeError, [AN_INT], num_layers=True),
    "bidirectional 1": constructor(TypeError, [A_BOOL, "int"], bidirectional=1),
    "bidirectional 'yes'": constructor(TypeError, [A_BOOL, "str"], bidirectional="yes"),
    "dtype float16": constructor(TypeError, ["numpy.float32 or numpy.float64"], dtype=np.float16),
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
        ["(T_i, input_size)", "1-D, shape (5,)", "one array for each sequence"],
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


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_and_nothing_is_half_done(name: str) -> None:
    """The layer is as it was, its mode included, and no random number has been drawn."""
    mistake, rnn = MISTAKES[name], ELMAN.rnn
    before, output = rnn.state_dict(), rnn(X)[0]
    elman.manual_seed(3)
    numbers = default_generator.uniform((4,), 1.0, np.dtype(np.float32))
    elman.manual_seed(3)

    with pytest.raises(mistake.error) as error:
        mistake.call(ELMAN)
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


@pytest.mark.parametrize("name", BOTH_REFUSE)
def test_torch_raises_the_same_class(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(BOTH_REFUSE[name].error) as error:
            BOTH_REFUSE[name].call(TORCH)
    assert type(error.value) is BOTH_REFUSE[name].error


@pytest.mark.parametrize(
    "arguments",
    [
        {"input_size": np.int64(3), "hidden_size": np.uint8(4), "num_layers": np.int32(2)},
        {"bias": np.bool_(True), "bidirectional": np.bool_(False)},
        {"num_layers": 2, "dropout": 1},
        {"num_layers": 2, "dropout": np.float32(0.5)},
        {"device": "cpu", "dtype": "float32"},
        {"device": torch.device("cpu"), "dtype": np.dtype(np.float32)},
    ],
)
def test_what_is_right_is_taken_whatever_its_type(arguments: dict[str, Any]) -> None:
    """Sizes may be NumPy's, which torch refuses."""
    rnn = nn.RNN(**{"input_size": 3, "hidden_size": 4, **arguments}).eval()
    plain = {name: getattr(value, "item", lambda v=value: v)() for name, value in arguments.items()}
    plain |= {"input_size": 3, "hidden_size": 4, "device": None, "dtype": None}
    same = nn.RNN(**plain).eval()
    same.load_state_dict(rnn.state_dict())
    assert repr(rnn) == repr(same)
    x = np.ones((2, 2, 3), np.float32)
    np.testing.assert_array_equal(rnn(x)[0], same(x)[0])
