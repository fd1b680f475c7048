"""What may be X: every form of the same sequences gives the same, and mistakes are explained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import elman
from elman.estimators import RNNClassifier, RNNRegressor, SequenceScaler


def objects(X: list[Any]) -> Any:
    """Return an array of objects, as indexing may make of a list."""
    array = np.empty(len(X), dtype=object)
    for i, sequence in enumerate(X):
        array[i] = sequence
    return array


def test_forms_of_one_length_give_the_same_network(draw: Any, fast: Any) -> None:
    X, y, X_test, _ = draw(ragged=False)
    expected = fast().fit(X, y).predict_proba(X_test)
    for form in (
        list,
        tuple,
        objects,
        pd.Series,
        np.ndarray.tolist,
        np.asfortranarray,
        lambda X: X.astype(object),
        lambda X: [pd.DataFrame(x, columns=["a", "b"]) for x in X],
        lambda X: X[::-1][::-1],
    ):
        same = fast().fit(form(list(X) if form is pd.Series else X), y)
        assert same.n_features_in_ == 2
        proba = same.predict_proba(form(list(X_test) if form is pd.Series else X_test))
        np.testing.assert_array_equal(proba, expected)


def test_forms_of_many_lengths_give_the_same_network(draw: Any, fast: Any) -> None:
    X, y, X_test, _ = draw()
    expected = fast().fit(X, y).predict_proba(X_test)
    for form in (tuple, objects, pd.Series, lambda X: [x.tolist() for x in X]):
        np.testing.assert_array_equal(fast().fit(form(X), y).predict_proba(form(X_test)), expected)


def test_forms_of_one_column_give_the_same_network(draw: Any, fast: Any) -> None:
    X, y, X_test, _ = draw(ragged=False)
    X, X_test = X[:, :, 0], X_test[:, :, 0]
    models = {
        8: fast().fit(X, y),  # n_features_in_ is T for an array (n, T), as scikit-learn wants
        1: fast().fit(X[:, :, np.newaxis], y),
    }
    expected = models[8].predict_proba(X_test)
    for n_features, model in models.items():
        assert model.n_features_in_ == n_features
        for form in (
            lambda X: X,
            lambda X: X[:, :, np.newaxis],
            lambda X: X.tolist(),
            list,
            objects,
            lambda X: [x[:, np.newaxis] for x in X],
        ):
            np.testing.assert_array_equal(model.predict_proba(form(X_test)), expected)
    ragged = [X_test[0, :3], X_test[1, :5]]
    alone = [models[1].predict_proba(x[np.newaxis]) for x in ragged]
    np.testing.assert_allclose(models[8].predict_proba(ragged), np.vstack(alone), rtol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "X",
    [
        np.zeros((4, 3, 2), np.float32),
        np.zeros((4, 3), np.float32),
        [np.zeros((3, 2), np.float32)] * 4,
        np.zeros((4, 3, 2)),
        np.zeros((4, 3, 2), int),
        np.zeros((4, 3, 2), np.float16),
        [np.zeros((3, 2), int)] * 4,
        [np.zeros((3, 2), np.float32)] * 3 + [np.zeros((1, 2))],
        [np.zeros((3, 2), np.float32)] * 3 + [np.zeros((1, 2), np.int8)],
        [[[0, 1], [1, 0]]] * 4,
    ],
)
def test_the_parameter_decides_the_networks_dtype(X: Any, dtype: Any) -> None:
    options: dict[str, Any] = {"max_iter": 1, "n_iter_no_change": np.inf, "random_state": 0}
    model = RNNClassifier(hidden_size=2, dtype=dtype, **options)
    model.fit(X, [0, 1, 0, 1])
    assert model.rnn_.dtype == model.head_.dtype == dtype
    for probabilities in (model.predict_proba(X), model.predict_log_proba(X)):
        assert probabilities.dtype == dtype


def test_predictions_are_in_the_networks_dtype(draw: Any, fast: Any) -> None:
    X, y, X_test, _ = draw(dtype=np.float32)
    model = fast(dtype="float32").fit(X, y)
    double = [x.astype(np.float64) for x in X_test]
    assert model.predict_proba(double).dtype == np.float32
    np.testing.assert_array_equal(model.predict_proba(double), model.predict_proba(X_test))


def test_empty_sequences_are_sequences(draw: Any, fast: Any) -> None:
    X, y, _, _ = draw()
    empty = np.zeros((0, 2))
    model = fast().fit([*X, empty, empty], [*y, "up", "up"])
    assert model.predict_proba([X[0], empty]).shape == (2, 2)
    # The states of an empty sequence are zero, so that the head's bias alone decides.
    logits = np.exp(model.head_.bias)
    np.testing.assert_allclose(model.predict_proba([empty])[0], logits / logits.sum(), rtol=1e-12)
    scaler = SequenceScaler().fit([*X, empty])
    assert [len(x) for x in scaler.transform([empty, X[0]])] == [0, len(X[0])]
    assert scaler.transform([empty])[0].shape == (0, 2)
    assert scaler.inverse_transform([empty])[0].shape == (0, 2)


def spoiled(form: str, value: float, frame: int) -> Any:
    """Return X of a form, with a value at sequence 2, column 0 of a frame, and NaN after it."""
    if form == "list":
        X = [np.zeros((T, 2)) for T in (4, 0, 3, 2)]
        X[2][frame, 0] = value
        X[3][0, 1] = np.nan
        return X
    X = np.zeros((4, 3, 2)) if form == "3-D" else np.zeros((4, 6))
    X[2, frame] = value
    return X


@pytest.mark.parametrize(("value", "name"), [(np.nan, "NaN"), (np.inf, "inf"), (-np.inf, "inf")])
@pytest.mark.parametrize("form", ["list", "3-D", "2-D"])
@pytest.mark.parametrize("frame", [0, 2])
def test_what_is_not_finite_is_found(
    frame: int, form: str, value: float, name: str, fast: Any
) -> None:
    X, y = spoiled(form, value, frame), [0, 1, 0, 1]
    more = "" if form == "2-D" else " and 1 more NaN or inf"
    place = f"X: expected finite values, got {name} at sequence 2, frame {frame}, column 0{more}; "
    for estimator in (fast(max_iter=1), SequenceScaler()):
        with pytest.raises(ValueError, match=place + type(estimator).__name__):
            estimator.fit(X, y)
        estimator.fit([np.nan_to_num(x, posinf=0, neginf=0) for x in X], y)
        with pytest.raises(ValueError, match=place):
            getattr(estimator, "transform", getattr(estimator, "predict", None))(X)


def test_finite_values_whose_sum_is_not_are_taken() -> None:
    X = np.full((2, 3, 1), 3e38, np.float32)
    assert SequenceScaler(with_mean=False, with_std=False).fit(X).transform(X).max() == X.max()


@pytest.mark.parametrize(
    ("X", "kind", "message"),
    [
        ([], ValueError, "X: expected at least one sequence"),
        (np.zeros((0, 3, 2)), ValueError, "X: expected at least one sequence"),
        (np.zeros((0, 3)), ValueError, "0 sample"),
        (np.zeros((4, 3, 0)), ValueError, r"0 feature\(s\)"),
        (np.zeros((4, 0, 2)), ValueError, "X: expected at least one frame"),
        ([np.zeros((0, 2))] * 4, ValueError, "X: expected at least one frame"),
        (np.zeros(4), ValueError, "Expected 2D array, got 1D array instead"),
        (np.zeros((4, 3, 2, 1)), ValueError, r"X: expected an array .*, got 4-D"),
        ([1.0, 2.0, 3.0, 4.0], ValueError, "Expected 2D array, got 1D array instead"),
        (
            [np.zeros((3, 2))] * 3 + [np.zeros((3, 1))],
            ValueError,
            r"X\[3\]: .* \(T_i, 2\), as X\[0",
        ),
        ([np.zeros((3, 2))] * 3 + [np.zeros(3)], ValueError, r"X\[3\]: .* got shape \(3, 1\)"),
        (np.zeros((4, 3, 2), complex), ValueError, "Complex data not supported"),
        ([np.zeros((3, 2), complex)] * 4, ValueError, "Complex data not supported"),
        ([np.array([["a", "b"]])] * 4, ValueError, "could not convert string|not compatible with"),
    ],
)
def test_what_is_no_sequences_is_refused(
    X: Any, kind: type[Exception], message: str, fast: Any
) -> None:
    for estimator in (fast(), SequenceScaler()):
        with pytest.raises(kind, match=message):
            estimator.fit(X, [0, 1, 0, 1])


@pytest.mark.parametrize("name", ["RNNClassifier", "SequenceScaler"])
def test_another_number_of_columns_is_refused(name: str, draw: Any, fast: Any) -> None:
    estimator = fast(max_iter=1) if name == "RNNClassifier" else SequenceScaler()
    use = "predict" if name == "RNNClassifier" else "transform"
    three, y = draw()[:2]
    says = f"X has {{}} features, but {name} is expecting {{}} features as input"

    estimator.fit(three, y)
    for X, got in (([np.zeros((3, 4))], 4), (np.zeros((2, 3, 1)), 1), ([np.zeros(5)], 1)):
        with pytest.raises(ValueError, match=says.format(got, 2)):
            getattr(estimator, use)(X)
    # One sequence that is not in a list looks like many of one column.
    with pytest.raises(ValueError, match=says.format(1, 2) + r"; .* X\[np.newaxis\]"):
        getattr(estimator, use)(three[0])

    estimator.fit(np.zeros((4, 6)) + np.arange(4)[:, None], [0, 1, 0, 1])
    with pytest.raises(ValueError, match=says.format(5, 6)):
        getattr(estimator, use)(np.zeros((2, 5)))
    with pytest.raises(ValueError, match=says.format(2, 1)):
        getattr(estimator, use)(np.zeros((2, 5, 2)))


@pytest.mark.parametrize("name", ["RNNClassifier", "SequenceScaler"])
def test_names_of_a_data_frames_columns_are_kept_and_forgotten(
    name: str, draw: Any, fast: Any
) -> None:
    estimator = fast(max_iter=1) if name == "RNNClassifier" else SequenceScaler()
    X, y, _, _ = draw(ragged=False)
    frame = pd.DataFrame(X[:, :, 0], columns=[f"t{t}" for t in range(8)])
    estimator.fit(frame, y)
    assert estimator.feature_names_in_.tolist() == [f"t{t}" for t in range(8)]
    assert estimator.n_features_in_ == 8
    with pytest.raises(ValueError, match="feature names should match"):
        getattr(estimator, "transform", getattr(estimator, "predict", None))(
            frame.rename(columns={"t0": "other"})
        )
    estimator.fit(X, y)
    assert not hasattr(estimator, "feature_names_in_")
    assert estimator.n_features_in_ == 2


# ---- huge values -------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:max_iter=.* epochs are over")
def test_values_beyond_float32(tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(20, 5, 2))
    up = X[:, -1, 0] > 0
    large = np.where(up, 1e200, -1e200)
    X[3, 2, 1] = 1e300
    options: Any = {"hidden_size": 4, "max_iter": 60, "random_state": 0, "n_iter_no_change": 60}
    options |= {"learning_rate_init": 0.03}
    for model, y in ((RNNClassifier(**options), up), (RNNRegressor(**options), large)):
        with pytest.raises(ValueError, match=r"X: .* float32 .* got 1e\+300 at sequence 3, f"):
            model.fit(X, y)
        model.set_params(standardize=True).fit(X, y)
        assert ((model.predict(X) > 0) == up).all()
        with pytest.raises(ValueError, match=r"X: .* float32 .* at sequence 1, frame 0, column 0"):
            model.predict([X[0], [[-1e290, 0]]])
        model.save(tmp_path / "model.safetensors")
        np.testing.assert_array_equal(
            elman.load(tmp_path / "model.safetensors").predict(X), model.predict(X)
        )
    model.set_params(standardize=False, dtype="float64").fit(X, large)
    assert ((model.predict(X) > 0) == up).all()


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (
            [[[1, 2], [3]]] * 8,
            r"X\[0\]: expected an array .*, got a list of 2 that",
        ),
        (
            [np.ones((2, 2)), None] * 4,
            r"X\[1\]: expected an array .*, got None",
        ),
    ],
)
def test_a_sequence_that_is_none(X: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RNNClassifier().fit(X, [0, 1] * 4)


def test_held_out_targets_that_are_missing_are_named() -> None:
    X, y = np.ones((8, 3, 2)), np.arange(8.0)
    with pytest.raises(ValueError, match="Input y_val contains NaN"):
        RNNRegressor(early_stopping=True).fit(X, y, X_val=X, y_val=y * np.nan)
