"""``elman explain``: from files to a text or a page, and what it says where something is wrong."""

from __future__ import annotations

import json
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli.conftest import COLUMNS, QUICK, Run

import elman
from elman import nn
from elman.cli import main
from elman.nn._sequences import Sequences


@pytest.fixture
def rnn() -> Any:
    return nn.RNN(5, 2, batch_first=True, generator=elman.Generator(1))


@pytest.fixture
def model(rnn: Any, tmp_path: Path) -> str:
    path = str(tmp_path / "rnn.safetensors")
    elman.save(rnn, path)
    return path


X = np.array([[1.0] * 5, [2] * 5, [3] * 5])


@pytest.fixture
def data(tmp_path: Path) -> str:
    path = str(tmp_path / "x.npy")
    np.save(path, X)
    return path


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["explain", *arguments]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert captured.out.endswith("\n")
    return captured.out[:-1]


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["explain", *arguments]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("elman explain: ")
    assert captured.err.count("\n") == 1
    return captured.err


def test_the_trace_and_its_parts_are_printed(rnn: Any, model: str, data: str, capsys: Any) -> None:
    trace = elman.explain(rnn, X.astype(np.float32))
    assert printed(capsys, model, data) == str(trace)
    assert printed(capsys, model, data, "--step", "1") == str(trace[1])
    assert printed(capsys, model, data, "--step", "1", "--unit", "1") == str(trace[1].unit(1))
    assert printed(capsys, model, data, "--layer", "0") == str(trace.layer(0))


def test_layers_and_directions_of_a_batch_with_lengths_and_state(
    tmp_path: Path, capsys: Any
) -> None:
    lstm = nn.LSTM(3, 2, num_layers=2, bidirectional=True, batch_first=True)
    generator = np.random.default_rng(0)
    x = generator.standard_normal((2, 4, 3))
    h_0, c_0 = generator.standard_normal((2, 4, 2, 2))
    model, data = str(tmp_path / "m"), str(tmp_path / "d.npz")
    elman.save(lstm, model)
    np.savez(data, x=x, lengths=[4, 3], h_0=h_0, c_0=c_0, others=[1])
    hx = (h_0.astype(np.float32), c_0.astype(np.float32))
    trace = elman.explain(lstm, x.astype(np.float32), hx, lengths=[4, 3], row=1)
    assert printed(capsys, model, data, "--row", "1") == str(trace)
    options = ("--row", "1", "--layer", "1", "--direction", "reverse")
    assert printed(capsys, model, data, *options) == str(trace.layer(1, 1))
    assert printed(capsys, model, data, *options, "--step", "2") == str(trace.layer(1, 1)[2])
    message = refused(capsys, model, data)
    assert "row: expected a row of the batch, 0 to 1, got None" in message


@pytest.mark.parametrize("head", ["", "a,b,c,d,e\n", "\ufeffa,b,c,d,e\n"])
def test_csv_has_a_step_a_line(
    rnn: Any, model: str, tmp_path: Path, capsys: Any, head: str
) -> None:
    path = tmp_path / "x.csv"
    lines = [",".join(map(str, step)) for step in X]
    path.write_text(head + "\n".join(lines) + "\n", encoding="utf-8")
    assert printed(capsys, model, str(path)) == str(elman.explain(rnn, X.astype(np.float32)))


def test_a_networks_recurrent_layers_are_explained(tmp_path: Path, capsys: Any) -> None:
    rnn = nn.GRU(4, 3, batch_first=True)
    embedding = nn.Embedding(10, 4)
    network = nn.Network(rnn, nn.Linear(3, 10), embedding, reads="every")
    model, ids = str(tmp_path / "m"), [3, 1, 4]
    elman.save(network, model)
    trace = str(elman.explain(rnn, embedding(np.array(ids))))
    np.save(tmp_path / "x.npy", ids)
    assert printed(capsys, model, str(tmp_path / "x.npy")) == trace
    (tmp_path / "x.csv").write_text("3\n1\n4\n")
    assert printed(capsys, model, str(tmp_path / "x.csv")) == trace
    (tmp_path / "x.csv").write_text("3\n1.5\n4\n")
    assert "DATA: expected integers" in refused(capsys, model, str(tmp_path / "x.csv"))


def test_a_cell_and_a_sequence_of_one_column(tmp_path: Path, capsys: Any) -> None:
    model, data = str(tmp_path / "m"), str(tmp_path / "x.npy")
    cell = nn.GRUCell(3, 2, dtype=np.float64)
    elman.save(cell, model)
    np.save(data, X[0, :3])
    assert printed(capsys, model, data, "--step", "0") == str(elman.explain(cell, X[0, :3])[0])
    rnn = nn.RNN(1, 2)
    elman.save(rnn, model)
    np.save(data, X[:, 0])
    wanted = str(elman.explain(rnn, X[:, :1].astype(np.float32)))
    assert printed(capsys, model, data) == wanted


def test_a_page_is_written(
    model: str, data: str, tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = types.ModuleType("elman.explaining._page")
    module.page_html = lambda trace: f"<p>{trace.T} steps"  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "elman.explaining._page", module)
    monkeypatch.setattr("elman.explaining._page", module, raising=False)
    page = tmp_path / "page.html"
    text = printed(capsys, model, data, "-o", str(page))
    assert text == (
        f"{page}: a page to step through RNN(5, 2, batch_first=True); open it in a browser"
    )
    assert page.read_text() == "<p>3 steps"
    message = refused(capsys, model, data, "-o", str(tmp_path / "none" / "page.html"))
    assert "the folder does not exist" in message


def test_a_model_that_cannot_be_explained(
    model: str, data: str, tmp_path: Path, capsys: Any
) -> None:
    assert "No such file" in refused(capsys, str(tmp_path / "none"), data)
    damaged = tmp_path / "damaged"
    damaged.write_bytes(Path(model).read_bytes()[:-3])
    assert "the file was cut off" in refused(capsys, str(damaged), data)
    elman.save(nn.Linear(5, 2), model)
    assert "layer: expected nn.RNN, nn.GRU, nn.LSTM or a cell" in refused(capsys, model, data)
    elman.save(nn.RNN(5, 2).stream(), model)
    assert "MODEL: expected a layer, a cell or a network" in refused(capsys, model, data)
    bridged = nn.Network(nn.RNN(5, 2), nn.Linear(2, 1), bridge=nn.Linear(3, 2))
    elman.save(bridged, model)
    assert "MODEL: expected a network without a bridge" in refused(capsys, model, data)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.txt", b"1", "DATA: expected .npy or .npz or .csv, got "),
        ("x.npy", b"nonsense", "expected what numpy.save or numpy.savez wrote, got "),
        ("x.npy", b"", "expected what numpy.save or numpy.savez wrote, got "),
        ("x.npz", b"PK\x03\x04 and no more", "expected what numpy.save or numpy.savez wrote, got "),
        ("x.npz", b"", "expected what numpy.save or numpy.savez wrote, got "),
        ("x.csv", b"", "expected a line of numbers for each step, got no line"),
        ("x.csv", b"a,b,c,d,e\n", "expected a line of numbers for each step, got no line"),
        ("x.csv", b"1,2,3,4,5\n1,2,3\n", "x.csv, line 2: expected 5 values, got 3"),
        ("x.csv", b"1,2,3,4,5\n\n1,2,,4,5\n", "x.csv, line 3, column 3: expected a number, got ''"),
        ("x.csv", b"a,2,3,4,5\n", "x.csv, line 1, column 1: expected a number, got 'a'"),
        ("x.csv", b"\xff\xfe1\x00", "expected lines of numbers, got "),
        ("x.csv", b"1,2,3\n", "x: expected input_size = 5 on the last axis, got shape (1, 3)"),
    ],
)
def test_data_that_cannot_be_read(
    name: str, content: bytes, message: str, model: str, tmp_path: Path, capsys: Any
) -> None:
    (tmp_path / name).write_bytes(content)
    assert message in refused(capsys, model, str(tmp_path / name))


def test_arrays_that_are_no_numbers(model: str, tmp_path: Path, capsys: Any) -> None:
    path = str(tmp_path / "x.npy")
    np.save(path, np.array(["a", "b"]))
    assert "x: expected numbers, got dtype <U1" in refused(capsys, model, path)
    np.save(path, np.array([{}]), allow_pickle=True)
    assert "Object arrays cannot be loaded" in refused(capsys, model, path)
    np.savez(tmp_path / "x.npz", a=X, b=X)
    assert "expected an array named x, or one alone, got a, b" in refused(
        capsys, model, str(tmp_path / "x.npz")
    )
    (tmp_path / "y.npz").write_bytes((tmp_path / "x.npy").read_bytes())
    (tmp_path / "y.npy").write_bytes((tmp_path / "x.npz").read_bytes())
    assert "Object arrays" in refused(capsys, model, str(tmp_path / "y.npz"))
    assert "got an archive; name it .npz" in refused(capsys, model, str(tmp_path / "y.npy"))
    np.save(path, X)
    (tmp_path / "y.npz").write_bytes((tmp_path / "x.npy").read_bytes())
    assert "got one array; name it .npy" in refused(capsys, model, str(tmp_path / "y.npz"))
    assert "No such file" in refused(capsys, model, str(tmp_path / "none.npy"))
    assert "No such file" in refused(capsys, model, str(tmp_path / "none.xyz"))


def test_one_array_of_an_npz_has_any_name(
    rnn: Any, model: str, tmp_path: Path, capsys: Any
) -> None:
    np.savez(tmp_path / "x.npz", X)
    wanted = str(elman.explain(rnn, X.astype(np.float32)))
    assert printed(capsys, model, str(tmp_path / "x.npz")) == wanted


def test_a_step_or_unit_that_is_not_there(model: str, data: str, capsys: Any) -> None:
    assert "t: expected a step, 0 to 2, got 3" in refused(capsys, model, data, "--step", "3")
    assert "--unit: expected a --step as well" in refused(capsys, model, data, "--unit", "0")


def test_a_fitted_estimator_is_explained_as_it_reads_its_data(tmp_path: Path, capsys: Any) -> None:
    estimators = pytest.importorskip("elman.estimators")
    sequences = 5 + 3 * np.random.default_rng(0).standard_normal((20, 4, 2))
    classifier = estimators.RNNClassifier(
        hidden_size=2, max_iter=1, n_iter_no_change=np.inf, standardize=True, random_state=0
    ).fit(sequences, [0, 1] * 10)
    path, data = str(tmp_path / "fitted.safetensors"), str(tmp_path / "x.npy")
    classifier.save(path)
    np.save(data, sequences[3])
    frames = sequences.reshape(-1, 2)
    scaled = (sequences[3] - frames.mean(axis=0)) / frames.std(axis=0)
    trace = elman.explain(classifier.rnn_, scaled.astype(np.float32))
    assert printed(capsys, path, data) == str(trace)
    np.save(data, sequences[:, :, :1])
    assert "DATA: expected 2 values at each step" in refused(capsys, path, data)


def test_a_fitted_estimator_of_one_column_reads_a_sequence(tmp_path: Path, capsys: Any) -> None:
    estimators = pytest.importorskip("elman.estimators")
    X = np.random.default_rng(0).standard_normal((20, 4))
    regressor = estimators.RNNRegressor(
        hidden_size=2, max_iter=1, n_iter_no_change=np.inf, random_state=0
    ).fit(X, X.sum(axis=1))
    path, data = str(tmp_path / "fitted.safetensors"), str(tmp_path / "x.npy")
    regressor.save(path)
    np.save(data, X[0])
    trace = elman.explain(regressor.rnn_, X[0, :, None].astype(np.float32))
    assert printed(capsys, path, data) == str(trace)


def test_a_tagger_is_explained_where_it_reads_numbers(tmp_path: Path, capsys: Any) -> None:
    estimators = pytest.importorskip("elman.estimators")
    path, data = str(tmp_path / "fitted.safetensors"), str(tmp_path / "x.npy")
    options = {"hidden_size": 2, "embedding_size": 3, "max_iter": 1, "random_state": 0}
    X, y = [[7, 9, 7], [9, 3]], [[0, 1, 0], [1, 0]]
    tagger = estimators.RNNTagger(**options).fit(X, y)
    tagger.save(path)
    np.save(data, [9, 3, 5])
    # 7 and 9 occur twice, 3 once; 5 is unknown.
    x = tagger.embedding_(np.array([[2], [3], [0]]))
    assert printed(capsys, path, data) == str(elman.explain(tagger.rnn_, x))
    np.save(data, [[9, 3], [5, 7]])
    assert "DATA: expected an integer a step, got shape (2, 2)" in refused(capsys, path, data)
    np.save(data, [9.5])
    assert "DATA: expected integers" in refused(capsys, path, data)
    estimators.RNNTagger(**options).fit([["a", "b"]], [[0, 1]]).save(path)
    assert "MODEL: expected a model that reads numbers, got one of words; in Python, explain" in (
        refused(capsys, path, data)
    )
    estimators.RNNTagger(**options).fit([np.ones((2, 3))], [[0, 1]]).save(path)
    np.save(data, np.ones((4, 3)))
    assert printed(capsys, path, data) == str(
        elman.explain(elman.load(path).network.rnn, np.ones((4, 3), np.float32))
    )


def test_a_sequence_of_a_table_is_explained_as_predict_reads_it(
    run: Run, csv: Path, tmp_path: Path
) -> None:
    import pandas as pd

    model = tmp_path / "ways.safetensors"
    assert run("fit", "classify", csv, *COLUMNS, *QUICK, "-o", model).status == 0
    fitted = elman.load(model)
    own = pd.read_csv(csv).query("name == 's3'")[["a", "b"]].to_numpy()
    x = fitted.scaled(Sequences(own, np.array([len(own)]))).frames
    expected = str(elman.explain(fitted.network.rnn, x))
    ran = run("explain", model, csv, "--sequence", "s3")
    assert ran == (0, expected + "\n", "")
    found = json.loads(run("explain", model, csv, "--sequence", "s3", "--json").out)
    assert found == elman.explain(fitted.network.rnn, x).to_dict()
    ran = run("explain", model, csv)
    assert ran.status == 2
    assert "--sequence: expected one of s0, s1, s2, s3, s4, s5, s6, s7 …, got none" in ran.err


def test_a_sentence_is_explained(run: Run, tmp_path: Path) -> None:
    words, path = tmp_path / "words.txt", tmp_path / "m.safetensors"
    words.write_text("the DET\ndog NOUN\n\na DET\ncat NOUN\n" * 6)
    options = ("--hidden-size", 3, "--embedding-size", 2, "--set", "affix_size=2")
    assert run("fit", "tag", words, *options, "--max-iter", 2, "-o", path).status == 0
    fitted = elman.load(path)
    x = fitted.network.embedding(fitted.sequences([["a", "dog"]]).frames)
    ran = run("explain", path, "-", stdin=b"a\ndog\n")
    assert ran == (0, str(elman.explain(fitted.network.rnn, x)) + "\n", "")
