"""Make the files of format 1 that every later elman has to read; run once, by the first.

    python tests/io/format_1/make.py

The parameters are multiples of 1/8 that a test writes down again, so that outputs are exact.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import elman
from elman import nn

FOLDER = Path(__file__).parent


def filled(module: Any) -> Any:
    """Give a module's parameters, one after another, the values -3/8, -2/8, …, 3/8, -3/8, …"""
    start, values = 0, {}
    for name, parameter in module.named_parameters():
        numbers = np.arange(start, start + parameter.size) % 7 - 3
        values[name] = (numbers / 8).reshape(parameter.shape).astype(parameter.dtype)
        start += parameter.size
    module.load_state_dict(values)
    return module


def network() -> nn.Network:
    rnn = nn.RNN(2, 3, nonlinearity="relu")
    return nn.Network(rnn, nn.Linear(3, 2), nn.Embedding(4, 2), nn.Linear(2, 3), reads="every")


def modules() -> dict[str, Any]:
    """Return what is saved, by the file's name."""
    lstm = nn.LSTM(2, 3, 2, bias=False, dropout=0.5, proj_size=1, learn_initial_state=True)
    rnn = nn.RNN(2, 3, nonlinearity="relu", dtype=np.float64)
    stream = filled(rnn).stream(2)
    stream.step(np.array([[1.0, 2.0], [-1.0, 4.0]]))
    return {
        "gru": filled(nn.GRU(2, 1, batch_first=True, bidirectional=True, recurrent_dropout=0.25)),
        "lstm": filled(lstm),
        "rnn": filled(nn.RNN(2, 3, nonlinearity="relu", dtype=np.float64)),
        "gru_cell": filled(nn.GRUCell(1, 2)),
        "lstm_cell": filled(nn.LSTMCell(1, 2, bias=False)),
        "rnn_cell": filled(nn.RNNCell(2, 1, nonlinearity="relu")),
        "linear": filled(nn.Linear(3, 2)),
        "embedding": filled(nn.Embedding(3, 2, padding_idx=1)),
        "network": filled(network()),
        "stream": stream,
    }


if __name__ == "__main__":
    for name, module in modules().items():
        elman.save(module, FOLDER / f"{name}.safetensors")
