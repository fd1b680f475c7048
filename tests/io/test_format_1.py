"""Files of format 1, as the first elman wrote them, stay readable."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import elman
from elman import nn

FOLDER = Path(__file__).parent / "format_1"
pytestmark = pytest.mark.filterwarnings("ignore:.*order of summation")


def load(name: str) -> Any:
    return elman.load(FOLDER / f"{name}.safetensors")


MODULES = {
    "gru": "nn.GRU(2, 1, batch_first=True, bidirectional=True, recurrent_dropout=0.25)",
    "lstm": "nn.LSTM(2, 3, 2, bias=False, dropout=0.5, proj_size=1, learn_initial_state=True)",
    "rnn": "nn.RNN(2, 3, nonlinearity='relu', dtype=np.float64)",
    "gru_cell": "nn.GRUCell(1, 2)",
    "lstm_cell": "nn.LSTMCell(1, 2, bias=False)",
    "rnn_cell": "nn.RNNCell(2, 1, nonlinearity='relu')",
    "linear": "nn.Linear(3, 2)",
    "embedding": "nn.Embedding(3, 2, padding_idx=1)",
    "network": (
        "nn.Network(nn.RNN(2, 3, nonlinearity='relu'), nn.Linear(3, 2), nn.Embedding(4, 2), "
        "nn.Linear(2, 3), reads='every')"
    ),
}


@pytest.mark.parametrize("name", MODULES)
def test_modules_have_the_structure_and_the_parameters(name: str) -> None:
    """Parameters are, one after another, -3/8, -2/8, …, 3/8, -3/8, …"""
    found = load(name)
    expected = eval(MODULES[name], {"nn": nn, "np": np})
    assert type(found) is type(expected)
    assert found.config() == expected.config()
    assert not found.training
    assert list(found.state_dict()) == list(expected.state_dict())
    values = np.concatenate([parameter.ravel() for parameter in found.parameters()])
    assert values.dtype == expected.dtype
    np.testing.assert_array_equal(values, (np.arange(values.size) % 7 - 3) / 8)


def test_a_linear_layer_gives_the_output() -> None:
    """W = [[-3, -2, -1], [0, 1, 2]] / 8, b = [3, -3] / 8."""
    found = load("linear")(np.array([1, 2, 4], np.float32))
    np.testing.assert_array_equal(found, np.array([-1.0, 0.875], np.float32))


def test_a_network_of_relu_gives_the_outputs() -> None:
    """W_ih = [[-3, -2], [-1, 0], [1, 2]] / 8, W_hh = [[3, -3, -2], [-1, 0, 1], [2, 3, -3]] / 8,
    b_ih = [-2, -1, 0] / 8, b_hh = [1, 2, 3] / 8.
    """
    output, h_n = load("rnn")(np.array([[1.0, 2.0], [-1.0, 4.0]]))
    first = [0.0, 0.0, (1 + 4 + 3) / 8]
    second = [0.0, (1 + 1 + 1) / 8, (-1 + 8 - 3 + 3) / 8]
    np.testing.assert_array_equal(output, [first, second])
    np.testing.assert_array_equal(h_n, [second])


def test_a_stream_goes_on() -> None:
    """It is that of the network of relu, after the step x = [[1, 2], [-1, 4]]."""
    stream = load("stream")
    np.testing.assert_array_equal(stream.state, [[[0.0, 0.0, 1.0], [0.0, 0.25, 1.25]]])
    y = stream.step(np.array([[-1.0, 4.0], [0.0, 0.0]]))
    second_row = [0.0, (1 + 1.25) / 8, (0.75 - 3.75 + 3) / 8]
    np.testing.assert_array_equal(y, [[0.0, 0.375, 0.875], second_row])
