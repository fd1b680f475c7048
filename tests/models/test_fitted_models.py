"""Fitted models in files: the same answers to the bit, on NumPy alone, and nothing half right."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from damaged_files import rewrite

import elman
from elman.estimators import RNNClassifier, RNNRegressor
from elman.io import ModelFileError
from elman.models import ClassifierModel, RegressorModel

OPTIONS: dict[str, Any] = {
    "hidden_size": 4,
    "max_iter": 3,
    "n_iter_no_change": np.inf,
    "random_state": 0,
}


def drawn(n: int = 20, columns: int = 3) -> list[Any]:
    random = np.random.default_rng(0)
    return [random.standard_normal((T, columns)) for T in random.integers(1, 9, n)]


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize(
    "labels",
    [["a", "b"], [3, -1], [1.0, 2.0], [True, False], np.array(["x", "ÿ"], dtype=object)],
    ids=["str", "int", "float", "bool", "object"],
)
def test_a_classifier_comes_back_as_it_was(
    tmp_path: Path, cell: Any, standardize: bool, bidirectional: bool, labels: Any
) -> None:
    X = drawn()
    y = np.array([labels[len(x) % 2] for x in X])
    classifier = RNNClassifier(
        **OPTIONS, cell=cell, standardize=standardize, bidirectional=bidirectional
    ).fit(X, y)
    path = tmp_path / "model.safetensors"
    classifier.save(path)
    model = elman.load(path)
    assert type(model) is ClassifierModel
    for found in (model, RNNClassifier.load(path), RNNClassifier.from_model(model)):
        np.testing.assert_array_equal(found.classes_, classifier.classes_)
        np.testing.assert_array_equal(found.predict(X), classifier.predict(X))
        np.testing.assert_array_equal(found.predict_proba(X), classifier.predict_proba(X))
    assert RNNClassifier.load(path).get_params() == classifier.get_params()
    again = tmp_path / "again.safetensors"
    elman.save(model, again)
    assert again.read_bytes() == path.read_bytes()


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "poisson", "quantile"])
@pytest.mark.parametrize("outputs", [0, 1, 3])
def test_a_regressor_comes_back_as_it_was(tmp_path: Path, loss: Any, outputs: int) -> None:
    X = drawn()
    sums = np.array([np.abs(x).sum() for x in X])
    y = np.stack([sums * (k + 1) for k in range(outputs)], axis=1) if outputs else sums
    quantile = 0.9 if loss == "quantile" else None
    regressor = RNNRegressor(**OPTIONS, loss=loss, quantile=quantile).fit(X, y)
    path = tmp_path / "model.safetensors"
    elman.save(regressor, path)
    model = elman.load(path)
    assert type(model) is RegressorModel
    assert model.predict(X).shape == y.shape
    np.testing.assert_array_equal(model.predict(X), regressor.predict(X))
    np.testing.assert_array_equal(RNNRegressor.load(path).predict(X), regressor.predict(X))


def test_steps_are_what_the_beginnings_say(tmp_path: Path) -> None:
    X = [*drawn(6), np.zeros((0, 3))]
    for bidirectional in (False, True):
        classifier = RNNClassifier(**OPTIONS, bidirectional=bidirectional)
        classifier.fit(X, [0, 1, 2, 0, 1, 2, 0])
        steps = classifier.predict_steps(X)
        assert [len(part) for part in steps] == [len(x) for x in X]
        for x, part in zip(X, steps, strict=True):
            for t in range(len(x)):
                wanted = classifier.predict_proba([x[: t + 1]])[0]
                np.testing.assert_array_equal(part[t], wanted)


def test_loading_and_predicting_need_numpy_alone(
    tmp_path: Path, run_python: Callable[..., str]
) -> None:
    X = drawn()
    classifier = RNNClassifier(**OPTIONS).fit(X, [len(x) % 2 for x in X])
    path = tmp_path / "model.safetensors"
    classifier.save(path)
    program = f"""
import sys, numpy as np, elman
model = elman.load({str(path)!r})
print(model.predict([np.zeros((4, 3)), np.ones((1, 3))]).tolist())
print(sorted({{"sklearn", "pandas", "scipy", "matplotlib"}} & set(sys.modules)))
"""
    wanted = classifier.predict([np.zeros((4, 3)), np.ones((1, 3))]).tolist()
    assert run_python(program).splitlines() == [str(wanted), "[]"]


def test_what_a_model_does_not_fit_is_told(tmp_path: Path) -> None:
    frames = [pd.DataFrame(x, columns=["a", "b", "c"]) for x in drawn()]
    classifier = RNNClassifier(**OPTIONS).fit(frames, [len(x) % 2 for x in frames])
    path = tmp_path / "model.safetensors"
    classifier.save(path)
    model = elman.load(path)
    np.testing.assert_array_equal(model.predict(frames), classifier.predict(frames))
    assert RNNClassifier.load(path).feature_names_in_.tolist() == ["a", "b", "c"]
    with pytest.raises(ValueError, match=r"^X: expected the columns \['a', 'b', 'c'\], got"):
        model.predict([frame[["b", "a", "c"]] for frame in frames])
    with pytest.raises(ValueError, match=r"^X: expected 3 values at each step, as in fit, got 2"):
        model.predict([np.zeros((4, 2))])
    with pytest.raises(ValueError, match=r"^X: expected finite values, got NaN at sequence 1"):
        model.predict([np.zeros((4, 3)), np.full((4, 3), np.nan)])
    with pytest.raises(TypeError, match=r"^model: expected a RegressorModel, got ClassifierModel"):
        RNNRegressor.load(path)
    with pytest.raises(TypeError, match=r"^module: expected a fitted estimator .* fit first"):
        RNNClassifier().save(path)


def test_parameters_that_json_lacks_are_left_out_and_infinity_is_kept(tmp_path: Path) -> None:
    X = drawn()
    weights = {0: 1.0, 1: 3.0}
    state = np.random.RandomState(0)
    options = OPTIONS | {"random_state": state}
    classifier = RNNClassifier(**options, class_weight=weights)
    classifier.fit(X, [len(x) % 2 for x in X]).save(tmp_path / "model")
    found = RNNClassifier.load(tmp_path / "model").get_params()
    assert found["n_iter_no_change"] == np.inf
    assert found["random_state"] is None
    assert found["class_weight"] == weights


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda c: c.update(labels=["str", ["a"]]), "at least two labels"),
        (lambda c: c.update(labels=["str", ["a", "b", "c"]]), "out_features = 3"),
        (lambda c: c.update(labels=["int", ["a", "b"]]), "labels of kind int"),
        (lambda c: c.update(labels=["code", ["a", "b"]]), r"\[kind, at least two labels\]"),
        (lambda c: c.update(columns=[3, None]), r"\[size, names, flat\]"),
        (lambda c: c.update(columns=[2, None, False]), "input_size = 2"),
        (lambda c: c.update(columns=[3, ["a"], False]), r"got \[3, \['a'\], False\]"),
        (lambda c: c.update(standardize=1), "standardize"),
        (lambda c: c.update(standardize=True), "mean of F64"),
        (lambda c: c.update(parameters=[]), "an object of JSON"),
        (lambda c: c["network"].update({"class": "GRU"}), "network"),
        (lambda c: c.pop("table"), "the arguments of ClassifierModel"),
    ],
)
def test_a_file_that_lies_is_refused(tmp_path: Path, change: Any, told: str) -> None:
    """Even with the right digest, as a file is not trusted."""
    X = drawn()
    path = tmp_path / "model"
    RNNClassifier(**OPTIONS).fit(X, ["ab"[len(x) % 2] for x in X]).save(path)
    rewrite(path, change)
    with pytest.raises(ModelFileError, match=told):
        elman.load(path)
