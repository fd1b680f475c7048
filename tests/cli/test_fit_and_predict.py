"""From a table to a model, its predictions and its scores: the same as in Python."""

from __future__ import annotations

import csv as csv_module
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from cli.conftest import COLUMNS, QUICK, Run, table

import elman
from elman.data import from_frame
from elman.estimators import RNNClassifier, RNNRegressor


def rows(text: str) -> list[dict[str, str]]:
    return list(csv_module.DictReader(io.StringIO(text)))


def frame(path: Path, target: str) -> Any:
    return from_frame(
        pd.read_csv(path),
        id="name",
        time="day",
        values=["a", "b"],
        target=target,
    )


def in_python(path: Path) -> Any:
    data = frame(path, "way")
    classifier = RNNClassifier(
        hidden_size=4, max_iter=8, n_iter_no_change=np.inf, standardize=True, random_state=0
    )
    return classifier.fit(data.X, data.y), data


def test_the_model_is_that_of_python_to_the_bit(csv: Path, model: Path) -> None:
    expected, _ = in_python(csv)
    found = elman.load(model)
    assert found.classes_.tolist() == ["fall", "rise"]
    for name, array in expected.model_.state_dict().items():
        np.testing.assert_array_equal(found.state_dict()[name], array)


def test_predictions_read_back_to_the_same_bits(run: Run, csv: Path, model: Path) -> None:
    expected, data = in_python(csv)
    ran = run("predict", model, csv, "--proba")
    assert (ran.status, ran.err) == (0, "")
    found = rows(ran.out)
    assert list(found[0]) == ["name", "prediction", "p_fall", "p_rise"]
    assert [row["name"] for row in found] == data.ids.tolist()
    assert [row["prediction"] for row in found] == expected.predict(data.X).tolist()
    p = np.array([[row["p_fall"], row["p_rise"]] for row in found], np.float32)
    np.testing.assert_array_equal(p, expected.predict_proba(data.X))


def test_rows_may_come_in_any_order_and_interleaved(run: Run, csv: Path, model: Path) -> None:
    head, *lines = csv.read_text().splitlines()
    order = np.random.default_rng(0).permutation(len(lines))
    shuffled = "\n".join([head, *(lines[i] for i in order)])  # without a last newline
    ran = run("predict", model, "-", "--proba", stdin=shuffled.encode())
    whole = run("predict", model, csv, "--proba")
    assert sorted(ran.out.splitlines()) == sorted(whole.out.splitlines())


def test_json_has_an_object_a_line(run: Run, csv: Path, model: Path) -> None:
    found = [json.loads(line) for line in run("predict", model, csv, "--json").out.splitlines()]
    expected = rows(run("predict", model, csv).out)
    assert found == expected


def test_parquet_in_and_out_gives_the_same(
    run: Run, csv: Path, model: Path, tmp_path: Path
) -> None:
    parquet = tmp_path / "train.parquet"
    pd.read_csv(csv).to_parquet(parquet)
    out = tmp_path / "out.parquet"
    assert run("predict", model, parquet, "--proba", "-o", out) == (0, "", "")
    found = pd.read_parquet(out)
    assert found["p_rise"].dtype == np.float32
    expected = rows(run("predict", model, csv, "--proba").out)
    assert found["name"].tolist() == [row["name"] for row in expected]
    np.testing.assert_array_equal(found["p_rise"], np.float32([r["p_rise"] for r in expected]))
    again = tmp_path / "again.safetensors"
    assert run("fit", "classify", parquet, *COLUMNS, *QUICK, "-o", again).status == 0
    for name, array in elman.load(model).state_dict().items():
        np.testing.assert_array_equal(elman.load(again).state_dict()[name], array)


def test_json_lines_and_tsv_and_gzip_are_read_alike(
    run: Run, csv: Path, model: Path, tmp_path: Path
) -> None:
    import gzip

    expected = run("predict", model, csv, "--proba").out
    data = pd.read_csv(csv)
    lines = data.to_json(orient="records", lines=True, double_precision=15)
    values = [json.loads(line) for line in lines.splitlines()]
    for value, row in zip(values, rows(csv.read_text()), strict=True):
        value |= {"a": float(row["a"]), "b": float(row["b"])}
    (tmp_path / "x.jsonl").write_text("\n".join(map(json.dumps, values)))
    (tmp_path / "x.tsv").write_text(csv.read_text().replace(",", "\t"))
    (tmp_path / "x.csv.gz").write_bytes(gzip.compress(csv.read_bytes()))
    (tmp_path / "bom.csv").write_bytes(b"\xef\xbb\xbf" + csv.read_bytes().replace(b"\n", b"\r\n"))
    for name in ("x.jsonl", "x.tsv", "x.csv.gz", "bom.csv"):
        assert run("predict", model, tmp_path / name, "--proba").out == expected, name
    compressed = gzip.compress(csv.read_bytes())
    assert run("predict", model, "-", "--proba", stdin=compressed).out == expected
    semicolons = csv.read_bytes().replace(b",", b";")
    assert (
        run("predict", model, "-", "--proba", "--separator", ";", stdin=semicolons).out == expected
    )


def test_probabilities_after_every_step(run: Run, csv: Path, model: Path) -> None:
    expected, data = in_python(csv)
    found = rows(run("predict", model, csv, "--steps", "--proba").out)
    assert list(found[0]) == ["name", "day", "prediction", "p_fall", "p_rise"]
    assert len(found) == sum(map(len, data.X))
    p = np.array([row["p_rise"] for row in found], np.float32)
    np.testing.assert_array_equal(p, np.concatenate(expected.predict_steps(data.X))[:, 1])
    assert [row["day"] for row in found] == [str(t) for part in data.times for t in part]


def test_scores_are_scikit_learns(run: Run, csv: Path, model: Path, tmp_path: Path) -> None:
    from sklearn import metrics

    other = tmp_path / "test.csv"
    other.write_text(table(31, seed=1))
    expected, _ = in_python(csv)
    data = frame(other, "way")
    found = {r["metric"]: float(r["value"]) for r in rows(run("evaluate", model, other).out)}
    y, predicted = data.y, expected.predict(data.X)
    log_p = expected.predict_log_proba(data.X).astype(np.float64)
    assert found == pytest.approx(
        {
            "accuracy": metrics.accuracy_score(y, predicted),
            "balanced_accuracy": metrics.balanced_accuracy_score(y, predicted),
            "f1_macro": metrics.f1_score(y, predicted, average="macro"),
            "log_loss": -log_p[np.arange(len(y)), (y == "rise").astype(int)].mean(),
        },
        rel=1e-12,
    )
    by_id = rows(run("evaluate", model, other, "--by-id").out)
    assert [row["correct"] for row in by_id] == [str(int(v)) for v in y == predicted]
    assert np.mean([float(row["log_loss"]) for row in by_id]) == pytest.approx(found["log_loss"])


def test_a_regressor_of_two_targets(run: Run, csv: Path, tmp_path: Path) -> None:
    from sklearn import metrics

    lines = csv.read_text().splitlines()
    doubled = [f"{line},{2 * float(line.split(',')[4])!r}" for line in lines[1:]]
    csv.write_text("\n".join([f"{lines[0]},twice", *doubled]))
    path = tmp_path / "slopes.safetensors"
    columns = ("--id", "name", "--time", "day", "--features", "a,b", "--target", "slope,twice")
    assert run("fit", "regress", csv, *columns, *QUICK, "-o", path).status == 0
    data = frame(csv, "slope")
    y = np.stack([data.y, 2 * data.y], axis=1)
    regressor = RNNRegressor(
        hidden_size=4, max_iter=8, n_iter_no_change=np.inf, standardize=True, random_state=0
    ).fit(data.X, y)
    predicted = regressor.predict(data.X)
    found = rows(run("predict", path, csv).out)
    assert list(found[0]) == ["name", "prediction_slope", "prediction_twice"]
    values = [[float(row["prediction_slope"]), float(row["prediction_twice"])] for row in found]
    np.testing.assert_array_equal(values, predicted)
    scores = {r["metric"]: float(r["value"]) for r in rows(run("evaluate", path, csv).out)}
    assert list(scores) == [
        f"{name} {target}" for target in ("slope", "twice") for name in ("r2", "mae", "rmse")
    ]
    assert scores["r2 slope"] == pytest.approx(metrics.r2_score(y[:, 0], predicted[:, 0]))
    by_id = rows(run("evaluate", path, csv, "--by-id").out)
    errors = [float(row["error_twice"]) for row in by_id]
    np.testing.assert_array_equal(errors, predicted[:, 1] - y[:, 1])
    assert scores["mae twice"] == pytest.approx(np.abs(errors).mean())


def test_flags_and_settings_become_parameters(run: Run, csv: Path, tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    ran = run(
        *("fit", "classify", csv, *COLUMNS, "-o", path, "--cell", "gru", "--hidden-size", 3),
        *("--num-layers", 2, "--bidirectional", "--dropout", "0.25", "--max-iter", 2),
        *("--batch-size", 5, "--learning-rate", "0.02", "--seed", 7, "--class-weight", "balanced"),
        *("--validation", "0.25", "--set", "solver=sgd", "--set", "clip_norm=none"),
        *("--set", "n_iter_no_change=inf", "--set", "standardize=false"),
    )
    assert ran.status == 0
    found = elman.load(path).parameters
    expected = {
        "cell": "gru", "hidden_size": 3, "num_layers": 2, "bidirectional": True, "dropout": 0.25,
        "max_iter": 2, "batch_size": 5, "learning_rate_init": 0.02, "random_state": 7,
        "class_weight": "balanced", "early_stopping": True, "validation_fraction": 0.25,
        "solver": "sgd", "clip_norm": None, "n_iter_no_change": {"float": "inf"},
        "standardize": False,
    }  # fmt: skip
    assert {name: found[name] for name in expected} == expected


def test_runs_repeat_to_the_byte(run: Run, csv: Path, model: Path, tmp_path: Path) -> None:
    other = tmp_path / "again.safetensors"
    run("fit", "classify", csv, *COLUMNS, *QUICK, "-o", other)
    assert other.read_bytes() == model.read_bytes()
    run("fit", "classify", csv, *COLUMNS, *QUICK, "-o", other, "--force", "--seed", 1)
    assert other.read_bytes() != model.read_bytes()


def test_weights_count(run: Run, csv: Path, tmp_path: Path) -> None:
    """A weight of 2 is the sequence twice, a weight of 0 leaves it out."""
    head, *lines = csv.read_text().splitlines()
    names = [line.split(",")[0] for line in lines]
    weight = {name: i % 3 for i, name in enumerate(dict.fromkeys(names))}
    weighted = [f"{line},{weight[name]}" for line, name in zip(lines, names, strict=True)]
    csv.write_text("\n".join([f"{head},w", *weighted]))
    path = tmp_path / "m.safetensors"
    run("fit", "classify", csv, *COLUMNS, "--weight", "w", *QUICK, "-o", path)
    data = frame(csv, "way")
    expected = RNNClassifier(
        hidden_size=4, max_iter=8, n_iter_no_change=np.inf, standardize=True, random_state=0
    ).fit(data.X, data.y, sample_weight=[weight[name] for name in data.ids])
    for name, array in expected.model_.state_dict().items():
        np.testing.assert_array_equal(elman.load(path).state_dict()[name], array)


def test_cross_validation_gives_scores_as_json(run: Run, csv: Path) -> None:
    from sklearn.model_selection import StratifiedKFold, cross_val_score

    ran = run("fit", "classify", csv, *COLUMNS, *QUICK, "--cv", 3, "--quiet")
    assert (ran.status, ran.err) == (0, "")
    found = json.loads(ran.out)
    estimator, data = in_python(csv)
    folds = StratifiedKFold(3, shuffle=True, random_state=0)
    expected = cross_val_score(estimator, data.X, data.y, cv=folds)
    assert found["accuracy"]["folds"] == expected.tolist()
    assert found["accuracy"]["mean"] == pytest.approx(expected.mean())
    assert found["accuracy"]["sd"] == pytest.approx(expected.std(ddof=1))


def test_a_checkpoint_goes_on_to_the_same_bytes(
    run: Run, csv: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from elman.cli._progress import Progress

    class Killed(BaseException):
        pass

    def kill(self: Any, epoch: int, loss: float, score: float | None) -> None:
        if epoch == 6:
            raise Killed

    arguments = ("fit", "classify", csv, *COLUMNS, *QUICK, "--checkpoint", tmp_path / "c")
    other = tmp_path / "again.safetensors"
    with monkeypatch.context() as patched:
        patched.setattr(Progress, "report", kill)
        with pytest.raises(Killed):
            run(*arguments, "-o", other)
    assert not other.exists()
    epochs: list[int] = []
    with monkeypatch.context() as patched:
        patched.setattr(Progress, "report", lambda self, epoch, *_: epochs.append(epoch))
        patched.setattr(Progress, "epochs", 8, raising=False)
        assert run(*arguments, "-o", other).status == 0
    assert 8 in epochs
    assert 1 not in epochs
    for name, array in elman.load(model).state_dict().items():
        np.testing.assert_array_equal(elman.load(other).state_dict()[name], array)


def test_a_file_may_be_what_early_stopping_scores(run: Run, csv: Path, tmp_path: Path) -> None:
    other, path = tmp_path / "dev.csv", tmp_path / "m.safetensors"
    other.write_text(table(10, seed=2))
    ran = run("fit", "classify", csv, *COLUMNS, *QUICK, "-o", path, "--validation", other, "--json")
    assert ran.status == 0
    data, held_out = frame(csv, "way"), frame(other, "way")
    expected = RNNClassifier(
        hidden_size=4, max_iter=8, n_iter_no_change=np.inf, standardize=True, random_state=0,
        early_stopping=True,
    ).fit(data.X, data.y, X_val=held_out.X, y_val=held_out.y)  # fmt: skip
    assert json.loads(ran.out)["held_out"] == expected.best_validation_score_
    for name, array in expected.model_.state_dict().items():
        np.testing.assert_array_equal(elman.load(path).state_dict()[name], array)
    other.write_text(table(10, seed=2).replace("rise", "hover"))
    ran = run("fit", "classify", csv, *COLUMNS, "-o", path, "--force", "--validation", other)
    assert ran.status == 1
    assert f"{other}:2:way: expected a class of the model, fall, rise, got 'hover'" in ran.err


@pytest.mark.parametrize("block", [1, 2, 7, 1000])
@pytest.mark.parametrize("form", ["csv", "arrow", "jsonl", "parquet"])
def test_sorted_data_are_read_in_pieces_with_the_same_answers(
    run: Run, csv: Path, model: Path, tmp_path: Path, monkeypatch: Any, block: int, form: str
) -> None:
    for name in ("_csv", "_jsonl", "_parquet"):
        monkeypatch.setattr(f"elman.cli.{name}.BLOCK", block)
    if form == "arrow":
        monkeypatch.setattr("elman.cli._arrow_csv.LARGE", 0)
        monkeypatch.setattr("elman.cli._arrow_csv._BLOCK", 100 * block)
    data = pd.read_csv(csv)
    paths = {
        "csv": csv,
        "arrow": csv,
        "jsonl": tmp_path / "x.jsonl",
        "parquet": tmp_path / "x.parquet",
    }
    data.to_json(paths["jsonl"], orient="records", lines=True, double_precision=15)
    data.to_parquet(paths["parquet"])
    for options in (["--proba"], ["--steps"]):
        whole = run("predict", model, paths[form], *options)
        pieces = run("predict", model, paths[form], *options, "--sorted")
        assert pieces == whole
    out = tmp_path / "out.parquet"
    assert run("predict", model, paths[form], "--sorted", "-o", out).status == 0
    expected = rows(run("predict", model, paths[form]).out)
    assert pd.read_parquet(out).to_dict("records") == expected


def test_data_that_are_not_sorted_are_told(
    run: Run, csv: Path, model: Path, tmp_path: Path
) -> None:
    lines = csv.read_text().splitlines()
    out = tmp_path / "out.csv"
    out.write_text("as it was")
    data = "\n".join([*lines, lines[1].replace(",0,", ",99,")]).encode()
    ran = run("predict", model, "-", "--sorted", "-o", out, stdin=data)
    assert ran.status == 1
    assert ran.err == (
        f"<stdin>:{len(lines) + 1}:name: expected all rows of name 's0' together, got more of "
        "them; omit --sorted\n"
    )
    assert out.read_text() == "as it was"
