"""What a type checker makes of elman's calls: the results' types, and mistakes it must find."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from mypy import api

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"

RIGHT = """
from typing import Any, assert_type

import numpy as np

import elman
from elman import nn

Array = np.ndarray[Any, np.dtype[np.floating[Any]]]

x = np.zeros((3, 2, 5), np.float32)
rnn, gru, lstm = nn.RNN(5, 8, nonlinearity="relu"), nn.GRU(5, 8), nn.LSTM(5, 8, proj_size=3)

output, h_n = rnn(x, lengths=[3, 2])
assert_type(output, Array)
assert_type(h_n, Array)
outputs, h_n = gru([x[:, 0], x[:2, 1]])
assert_type(outputs, list[Array])
output, (h_n, c_n) = lstm(input=x, hx=None)
assert_type(c_n, Array)
output, state = lstm(x)
assert_type(state, tuple[Array, Array])
output, state = lstm(x, state)

(output, h_n), backward = gru.vjp(x, h_n)
assert_type(output, Array)
gradients = backward(output)
assert_type(gradients.parameters, dict[str, Array])
(outputs, state), backward = lstm.vjp([x[:, 0]])
assert_type(outputs, list[Array])

assert_type(nn.RNNCell(5, 8)(x[0]), Array)
assert_type(nn.LSTMCell(5, 8)(x[0]), tuple[Array, Array])
assert_type(gru.stream().step(x[0]), Array)
assert_type(elman.summary(rnn).total.parameters, int)
"""

WRONG = """
import numpy as np
from elman import nn
from elman.estimators import RNNClassifier

x = np.zeros((3, 2, 5), np.float32)
nn.RNN(5, 8, nonlinearity="sigmoid")
nn.RNNCell(5, 8, nonlinearity="sigmoid")
RNNClassifier(cell="GRU")
nn.GRU(5, 8)("text")
nn.GRU(5, 8)(x, (x, x))
nn.LSTM(5, 8)(x, x)
nn.GRU(5, 8)([x[0]], lengths=[3])
nn.GRUCell(5, 8)("text")
nn.GRU("5", 8)
"""


@pytest.fixture(scope="module")
def errors(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[int]]:
    """The lines, by script, in which mypy finds errors in strict mode."""
    folder = tmp_path_factory.mktemp("scripts")
    for name, script in (("right", RIGHT), ("wrong", WRONG)):
        (folder / f"{name}.py").write_text(script)
    options = ["--config-file", str(PYPROJECT), "--cache-dir", str(folder / "cache")]
    scripts = [str(folder / f"{name}.py") for name in ("right", "wrong")]
    output, errors, _ = api.run([*options, *scripts])
    assert not errors, errors
    found: dict[str, set[int]] = {"right": set(), "wrong": set()}
    for name, line in re.findall(r"(\w+)\.py:(\d+): error", output):
        assert name in found, output
        found[name].add(int(line))
    return found


def test_results_have_their_types(errors: dict[str, set[int]]) -> None:
    assert errors["right"] == set()


def test_mistakes_are_found(errors: dict[str, set[int]]) -> None:
    """One at least in each line that makes a call, and in no other."""
    lines = enumerate(WRONG.splitlines(), 1)
    assert errors["wrong"] == {n for n, line in lines if line.startswith(("nn.", "RNN"))}
