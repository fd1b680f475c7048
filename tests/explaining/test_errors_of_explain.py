"""Every mistake a caller can make with `elman.explain` and a trace; its words teach."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import elman
from elman import nn
from elman.explaining import Trace
from elman.kernels import backend

X = np.ones((2, 4, 3), np.float32)
RNN = nn.RNN(3, 2, batch_first=True)


def network() -> Any:
    return nn.Network(nn.RNN(3, 2), nn.Linear(2, 1))


class Fitted:
    rnn_ = RNN


MISTAKES: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "a network": (
        lambda: elman.explain(network(), X, row=0),
        TypeError,
        "layer: expected nn.RNN, nn.GRU, nn.LSTM or a cell of these, got Network; explain its "
        "recurrent layers: pass network.rnn, and x as these take it",
    ),
    "an estimator": (
        lambda: elman.explain(Fitted(), X, row=0),
        TypeError,
        "got Fitted; explain its recurrent layers: pass estimator.rnn_, and x as it was scaled",
    ),
    "torch's layer": (
        lambda: elman.explain(torch.nn.RNN(3, 2), X, row=0),
        TypeError,
        "got RNN; make elman's layer of the same arguments and load the state_dict into it",
    ),
    "a class": (
        lambda: elman.explain(nn.RNN, X, row=0),
        TypeError,
        "got RNN; pass a layer, not its class",
    ),
    "no row": (
        lambda: elman.explain(RNN, X),
        ValueError,
        "row: expected a row of the batch, 0 to 1, got None; one sequence is explained at a time: "
        "pass row=0 for the first",
    ),
    "a row that is not there": (
        lambda: elman.explain(RNN, X, row=2),
        ValueError,
        "row: expected a row of the batch, 0 to 1, got 2",
    ),
    "a row before the first": (lambda: elman.explain(RNN, X, row=-3), ValueError, "got -3"),
    "a row of a batch of one": (
        lambda: elman.explain(RNN, X[:1], row=1),
        ValueError,
        "row: expected 0, the only row of the batch, got 1",
    ),
    "a row without a batch": (
        lambda: elman.explain(RNN, X[0], row=0),
        ValueError,
        "row: expected None for a sequence without a batch, got 0",
    ),
    "a row that is no integer": (
        lambda: elman.explain(RNN, X, row=0.5),  # type: ignore[arg-type]
        TypeError,
        "row: expected a row of the batch, 0 to 1, got 0.5",
    ),
    "a row that is a bool": (lambda: elman.explain(RNN, X, row=True), TypeError, "got True"),
    "an empty batch": (
        lambda: elman.explain(RNN, X[:0]),
        ValueError,
        "x: expected a batch with a row to explain, got an empty batch",
    ),
    "an empty list": (lambda: elman.explain(RNN, []), ValueError, "got an empty batch"),
    "another size": (
        lambda: elman.explain(RNN, np.ones((2, 4, 5), np.float32), row=0),
        RuntimeError,
        "x: expected input_size = 3 on the last axis, got shape (2, 4, 5)",
    ),
    "another dtype": (
        lambda: elman.explain(RNN, X.astype(float), row=0),
        ValueError,
        "x: expected the layer's dtype float32, got float64; convert it with",
    ),
    "no steps": (lambda: elman.explain(RNN, X[:, :0], row=0), RuntimeError, "got T = 0"),
    "another state": (
        lambda: elman.explain(RNN, X, np.zeros((1, 3, 2), np.float32), row=0),
        RuntimeError,
        "h_0: expected (num_layers * num_directions, N, hidden_size) = (1, 2, 2), got (1, 3, 2)",
    ),
    "a length too long": (
        lambda: elman.explain(RNN, X, lengths=[4, 5], row=0),
        ValueError,
        "lengths: expected each in [0, T] = [0, 4], got 5 at row 1",
    ),
    "lengths of a list": (
        lambda: elman.explain(RNN, [X[0]], lengths=[4]),
        ValueError,
        "lengths: expected None when x is a list",
    ),
    "lengths of a cell": (
        lambda: elman.explain(nn.RNNCell(3, 2), X[0, 0], lengths=[1]),
        ValueError,
        "lengths: expected None for a cell, which makes one step, got lengths",
    ),
    "a sequence for a cell": (
        lambda: elman.explain(nn.RNNCell(3, 2), X),
        ValueError,
        "for a sequence, take the layer and not its cell",
    ),
    "text": (lambda: elman.explain(RNN, "abc"), TypeError, "x: expected an array"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_the_call_is_explained(mistake: str) -> None:
    call, kind, message = MISTAKES[mistake]
    with pytest.raises(kind) as caught:
        call()
    assert type(caught.value) is kind
    assert message in str(caught.value)


def test_rows_count_from_the_end_as_well() -> None:
    x = X * np.array([1, 2], np.float32)[:, None, None]
    assert elman.explain(RNN, x, row=-1).row == 1
    np.testing.assert_array_equal(elman.explain(RNN, x, row=np.int64(-1)).x, x[1])


@pytest.fixture
def trace() -> Trace:
    return elman.explain(nn.LSTM(3, 2, num_layers=2, proj_size=1), X[0])


@pytest.mark.parametrize(
    ("open_part", "kind", "message"),
    [
        (lambda trace: trace[4], IndexError, "t: expected a step, 0 to 3, got 4"),
        (lambda trace: trace[-5], IndexError, "t: expected a step, 0 to 3, got -5"),
        (lambda trace: trace[1.0], TypeError, "t: expected a step, 0 to 3, got 1.0"),
        (lambda trace: trace[1:2], TypeError, "t: expected a step, 0 to 3, got slice(1, 2, None)"),
        (lambda trace: trace[True], TypeError, "t: expected a step, 0 to 3, got True"),
        (lambda trace: trace.layer(2), IndexError, "layer: expected a layer, 0 to 1, got 2"),
        (
            lambda trace: trace.layer(0, 1),
            IndexError,
            "direction: expected 0, as it runs forward alone, got 1",
        ),
        (
            lambda trace: trace.layer(0, "reverse"),
            ValueError,
            "direction: expected 'forward', got 'reverse'",
        ),
        (lambda trace: trace[0].unit(2), IndexError, "k: expected a unit, 0 to 1, got 2"),
        (
            lambda trace: trace[0].projected(1),
            IndexError,
            "j: expected a value of h', 0 to 0, got 1",
        ),
    ],
)
def test_a_part_that_is_not_there(
    trace: Trace, open_part: Callable[[Any], Any], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind) as caught:
        open_part(trace)
    assert type(caught.value) is kind
    assert str(caught.value) == message


def test_the_steps_of_an_empty_sequence() -> None:
    trace = elman.explain(RNN, [X[0, :0], X[1]], row=0)
    assert len(trace) == 0
    assert trace.output.shape == (0, 2)
    np.testing.assert_array_equal(trace.layer_h_n, trace.h_0)
    with pytest.raises(IndexError, match="t: expected no step, as T is 0, got 0"):
        trace[0]


class Other:
    """Kernels whose output is off by a factor."""

    def __init__(self, network: Any, factor: float) -> None:
        self._network, self._factor = network, factor
        self.weights, self.initial = network.weights, network.initial

    def run(self, *arguments: Any) -> Any:
        output, state_n = self._network.run(*arguments)
        return output * output.dtype.type(self._factor), state_n

    def cell(self, *arguments: Any) -> Any:
        return self._network.cell(*arguments) * np.float32(self._factor)


@pytest.mark.parametrize(
    ("dtype", "factor", "is_error"),
    [
        (np.float32, 1 + 1e-6, False),
        (np.float32, 1 + 1e-4, True),
        (np.float64, 1 + 1e-13, False),
        (np.float64, 1 + 1e-10, True),
        (np.float32, np.nan, True),
    ],
)
def test_kernels_that_do_not_agree_are_an_error(dtype: Any, factor: float, is_error: bool) -> None:
    """The factor is of values near 1."""
    layer = nn.RNN(3, 2, dtype=dtype, generator=elman.Generator(0))
    layer.bias_ih_l0 = np.full(2, 9, dtype)
    layer.__dict__["_network"] = Other(layer._network, factor)
    x = np.ones((4, 3), dtype)
    if is_error:
        with pytest.raises(RuntimeError, match=r"layer: expected kernels that agree .* report it"):
            elman.explain(layer, x)
    else:
        assert elman.explain(layer, x).difference == pytest.approx(factor - 1, rel=0.5)


def test_a_cell_that_does_not_agree_is_an_error() -> None:
    cell = nn.GRUCell(3, 2)
    cell.__dict__["_network"] = Other(cell._network, 2)
    with pytest.raises(RuntimeError, match="agree with the recorded pass to 1e-05"):
        elman.explain(cell, X[0, 0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_chaotic_network_is_explained(dtype: Any) -> None:
    """Rounding grows in it until the two computations have nothing in common: no one's fault."""
    generator = np.random.default_rng(0)
    layer = nn.RNN(3, 50, dtype=dtype)
    for name, p in layer.named_parameters():
        setattr(layer, name, (generator.standard_normal(p.shape) * 2).astype(dtype))
    x = np.zeros((300, 3), dtype)
    trace = elman.explain(layer, x)
    if dtype == np.float64 and backend == "reference":
        assert trace.difference == 0  # one and the same computation
        return
    assert trace.difference > 0.1
    assert "Rounding grows" in " ".join(str(trace).split())
