"""What is told of a model, and tables for eyes."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from cli.conftest import COLUMNS, QUICK, Run

import elman
from elman import nn
from elman.cli._text_table import aligned, width
from elman.estimators import RNNForecaster


def test_the_summary_of_a_fitted_model(run: Run, model: Path) -> None:
    ran = run("summary", model)
    assert ran.status == 0
    assert ran.out.startswith(
        f"model      {model}\n"
        "task       classify\n"
        "estimator  RNNClassifier\n"
        "network    RNN(2, 4, batch_first=True)\n"
        "dtype      float32\n"
        "\n"
        "layer  parameters\n"
        "-----------------\n"
        "rnn 0          32\n"
        "head           10\n"
        "-----------------\n"
        "total          42\n"
        "\n"
        "columns\n"
        "  id        name\n"
        "  time      day\n"
        "  target    way\n"
        "  features  a, b\n"
        "\n"
        "fit\n"
    )
    assert re.search(r"^  epochs +8$", ran.out, re.MULTILINE)
    assert re.search(r"^  hidden_size +4$", ran.out, re.MULTILINE)
    found = json.loads(run("summary", model, "--json").out)
    assert found["parameters"] == 42
    assert found["layers"] == [
        {"layer": "rnn 0", "parameters": 32},
        {"layer": "head", "parameters": 10},
    ]
    assert found["estimator"]["max_iter"] == 8
    assert found["table"]["features"] == ["a", "b"]
    assert sum(p.size for p in elman.load(model).network.parameters()) == 42


@pytest.mark.parametrize(
    ("module", "layers"),
    [
        (nn.LSTM(2, 3, bidirectional=True), [("lstm 0 forward", 84), ("lstm 0 reverse", 84)]),
        (nn.Linear(2, 3), [("linear", 9)]),
        (nn.GRU(1, 2, learn_initial_state=True), [("gru 0", 30), ("gru initial state", 2)]),
        (
            nn.Network(nn.RNN(2, 3), nn.Linear(3, 4), nn.Embedding(5, 2), reads="every"),
            [("rnn 0", 21), ("head", 16), ("embedding", 10)],
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_summary_of_a_module(
    run: Run, tmp_path: Path, module: nn.Network, layers: list[tuple[str, int]]
) -> None:
    path = tmp_path / "module.safetensors"
    elman.save(module, path)
    found = json.loads(run("summary", path, "--json").out)
    assert found["class"] == repr(module)
    assert [(row["layer"], row["parameters"]) for row in found["layers"]] == layers
    assert found["parameters"] == sum(p.size for p in module.parameters())


def test_a_stream_is_no_model(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "stream.safetensors"
    elman.save(nn.GRU(1, 2).stream(), path)
    ran = run("summary", path)
    assert ran.status == 1
    assert "MODEL: expected a layer, a network or a fitted model, got a stream" in ran.err


def test_tables_are_aligned_whatever_the_script() -> None:
    table = aligned({"라벨": ["가", "a", "é"], "value": [1, 20.5, None]})
    lines = table.splitlines()
    assert lines == ["라벨  value", "-----------", "가        1", "a      20.5", "é"]
    assert width("가a") == 3
    assert len({width(line.rjust(0)) for line in lines[1:4]}) <= 2


def on_terminal(*arguments: object) -> tuple[str, str]:
    """Return what a command shows on a terminal, output and progress apart."""
    shown = []
    ends = [pty.openpty() for _ in range(2)]
    path = os.pathsep.join(filter(None, sys.path))
    process = subprocess.Popen(
        [sys.executable, "-m", "elman", *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": path, "COLUMNS": "80"},
        stdout=ends[0][1],
        stderr=ends[1][1],
    )
    for _, slave in ends:
        os.close(slave)
    for master, _ in ends:
        parts = []
        try:
            while part := os.read(master, 4096):
                parts.append(part)
        except OSError:  # the process closed its end
            pass
        os.close(master)
        shown.append(b"".join(parts).decode().replace("\r\n", "\n"))
    assert process.wait(60) == 0
    return shown[0], shown[1]


def test_a_terminal_shows_a_bar_and_aligned_tables(csv: Path, tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    out, progress = on_terminal("fit", "classify", csv, *COLUMNS, *QUICK, "-o", path)
    assert out == ""
    *bars, told, end = re.split(r"\r\x1b\[K|\n", progress)
    assert end == ""
    assert told.startswith(f"{path}: RNNClassifier, 8 epochs in 0:0")
    assert re.fullmatch(r"█{20}  epoch 8/8  loss \d\.\d+  eta 0:00", bars[-1])
    assert all(len(bar) < 80 for bar in bars)
    out, progress = on_terminal("evaluate", path, csv)
    assert progress == ""
    assert re.fullmatch(
        r"metric +value\n-+\naccuracy +[\d.]+\nbalanced_accuracy +[\d.]+\nf1_macro +[\d.]+\n"
        r"log_loss +[\d.]+\n",
        out,
    )
    assert len({len(line) for line in out.splitlines()}) == 1


def test_parameters_are_shown_as_they_were_given(run: Run, tmp_path: Path) -> None:
    forecaster = RNNForecaster(h=2, season_length=4, max_iter=1, hidden_size=2, random_state=0)
    path = tmp_path / "m.safetensors"
    forecaster.fit([float(i % 4) for i in range(40)]).save(path)
    rows = dict(re.findall(r"^  (\w+) +(\S.*)$", run("summary", path).out, re.MULTILINE))
    assert {name: rows[name] for name in ("level", "n_iter_no_change", "freq", "future")} == {
        "level": "80, 90",
        "n_iter_no_change": "inf",
        "freq": "none",
        "future": "none",
    }
    found = json.loads(run("summary", path, "--json").out)["estimator"]
    shown = {n: list(v) if isinstance(v, tuple) else v for n, v in forecaster.get_params().items()}
    assert found == {**shown, "n_iter_no_change": "inf"}
