"""What `fit` is given by mistake: each message names the argument, what came, and the fix."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest

from elman import nn
from elman.train import Adam, cross_entropy, fit, squared_error

LENGTHS = [4, 1, 6, 3, 3, 5, 2]
TARGETS = np.array([0, 1, 1, 0, 1, 0, 1])


@pytest.mark.parametrize(
    ("change", "kind", "starts", "told"),
    [
        (
            {"network": nn.GRU(3, 4)},
            TypeError,
            "network: expected an nn.Network, got a bare nn.GRU; ",
            "nn.Linear(layer.hidden_size, K)",
        ),
        ({"network": nn.GRU}, TypeError, "network: expected", "got the class GRU"),
        ({"network": None}, TypeError, "network: expected", "NoneType"),
        (
            {"loss": "mse"},
            TypeError,
            "loss: expected a function of outputs, targets, weights, got 'mse' (str); ",
            "train.cross_entropy for classes, train.squared_error",
        ),
        ({"loss": None}, TypeError, "loss: expected a function", "None"),
        (
            {"optimizer": Adam},
            TypeError,
            "optimizer: expected an object, got the class Adam; ",
            "call it: Adam(lr=0.001)",
        ),
        (
            {"optimizer": "adam"},
            TypeError,
            "optimizer: expected a train.Adam, AdamW or SGD, got 'adam' (str); ",
            "train.Adam(lr=0.001)",
        ),
        (
            {"random": 0},
            TypeError,
            "random: expected a numpy.random.Generator or numpy.random.RandomState, got 0 (int); ",
            "pass numpy.random.default_rng(0)",
        ),
        ({"random": np.int64(7)}, TypeError, "random: ", "numpy.random.default_rng(7)"),
        ({"random": None}, TypeError, "random: ", "numpy.random.default_rng(0)"),
        ({"validate": 0.5}, TypeError, "validate: expected a function of the network", "0.5"),
        ({"alpha": -0.1}, ValueError, "alpha: expected a finite number of at least zero", "-0.1"),
        ({"alpha": "0"}, TypeError, "alpha: expected a finite number of at least zero", "str"),
        ({"clip_norm": 0.0}, ValueError, "clip_norm: expected a number above zero, or None", "0.0"),
        ({"clip_norm": "1"}, TypeError, "clip_norm: ", "str"),
        ({"tol": math.nan}, ValueError, "tol: expected a number", "nan"),
        ({"n_iter_no_change": 0}, ValueError, "n_iter_no_change: expected", "math.inf for never"),
        ({"n_iter_no_change": None}, TypeError, "n_iter_no_change: ", "None"),
        ({"y": None}, TypeError, "y: expected one target for each of 7 sequences, got None", ""),
        ({"y": 3}, ValueError, "y: expected one for each of 7 sequences, got 3 (int)", ""),
        (
            {"y": [[1.0], [2.0], [math.nan], [1.0], [1.0], [1.0], [1.0]], "loss": squared_error},
            ValueError,
            "y: expected finite values, got [nan] at sequence 2; ",
            "leave this sequence out",
        ),
        ({"y": [0.0, math.inf] + [1.0] * 5}, ValueError, "y: expected finite", "inf at sequence 1"),
        ({"y": np.ma.masked_equal(TARGETS, 0)}, ValueError, "y: expected an array without", "3 of"),
        ({"rows": TARGETS > 0}, TypeError, "rows: expected integers, got dtype bool; ", "flatnonz"),
        ({"rows": [0, 7]}, ValueError, "rows: expected integers in [0, n) = [0, 7)", "0 to 7"),
        ({"rows": [-1, 3]}, ValueError, "rows: expected integers in [0, n)", "-1 to 3"),
        (
            {"x": [np.ones((2, 3), int)] * 7},
            ValueError,
            "x: expected the layer's dtype float64, got int64; ",
            "x.astype(numpy.float64)",
        ),
        (
            {"x": [np.zeros((2, 3))] * 6 + [np.array([[0.0, math.nan, 0.0]])]},
            ValueError,
            "x: expected finite values, got NaN at sequence 6, frame 0, column 1; ",
            "leave out",
        ),
        (
            {"x": np.full((7, 2, 3), None)},
            ValueError,
            "x: expected the layer's dtype",
            "got object",
        ),
        ({"x": None}, ValueError, "x: expected ", "NoneType"),
        ({"x": "abc"}, ValueError, "x: expected ", "str"),
        ({"x": {"a": np.zeros((2, 3))}}, ValueError, "x: expected ", "list(x.values())"),
        (
            {"x": np.ma.masked_less(np.zeros((7, 2, 3)), 1)},
            ValueError,
            "x: expected an array without masked values, got a masked array, 42 of 42",
            "x.filled(0)",
        ),
        (
            {"y": [0, 1, 0, 1, 0, 1, 9], "batch_size": 2},
            ValueError,
            "y: expected each in [0, K) = [0, ",
            "got 9 at sequence 6",
        ),
        (
            {"y": np.zeros(6), "x": np.zeros((6, 2, 3)), "loss": squared_error, "batch_size": 2},
            ValueError,
            "y: expected K numbers for each sequence, shape (N, K) = (6, ",
            "add the axis of outputs with y[:, None]",
        ),
        (
            {"x": [np.zeros((2, 3))] * 6 + [np.ma.masked_less(np.zeros((1, 3)), 1)]},
            ValueError,
            "x[6]: expected an array without masked values",
            "3 of 3",
        ),
    ],
)
def test_an_argument_of_the_wrong_kind_is_told(
    make: Any, draw: Any, change: dict[str, Any], kind: type[Exception], starts: str, told: str
) -> None:
    network = make()
    before = network.state_dict()
    arguments: dict[str, Any] = {
        "network": network,
        "x": draw(LENGTHS),
        "y": TARGETS,
        "loss": cross_entropy,
        "optimizer": Adam(),
        "random": np.random.default_rng(0),
        "max_iter": 1,
    }
    with pytest.raises(kind, match=f"^{re.escape(starts)}.*{re.escape(told)}") as error:
        fit(**arguments | change)
    assert type(error.value) is kind
    for name, value in network.state_dict().items():
        np.testing.assert_array_equal(value, before[name])


@pytest.mark.parametrize(
    ("score", "kind", "told"),
    [
        (math.nan, ValueError, "got nan after epoch 3; "),
        (np.float32("nan"), ValueError, "got nan after epoch 3; "),
        (-math.inf, ValueError, "got -inf after epoch 3; "),
        (None, TypeError, "got NoneType after epoch 3; did you forget to return?"),
        (np.zeros((2, 1)), TypeError, r"got an array of shape \(2, 1\) after epoch 3; "),
        ("0.5", TypeError, "got str after epoch 3; "),
    ],
)
def test_a_validation_that_gives_no_score_is_an_error(
    make: Any, draw: Any, score: Any, kind: type[Exception], told: str
) -> None:
    scores = iter([0.25, np.array(0.5), score])
    network, optimizer = make(), Adam()
    before = network.state_dict()
    with pytest.raises(kind, match=f"^validate: expected a function that returns one .*{told}"):
        fit(network, draw(LENGTHS), TARGETS, cross_entropy, optimizer,
            random=np.random.default_rng(0), validate=lambda _: next(scores))  # fmt: skip
    assert optimizer.state == {}
    assert not network.rnn.training
    for name, value in network.state_dict().items():
        np.testing.assert_array_equal(value, before[name])
