"""Held-out data of the caller's own, which early stopping scores in place of a part of X."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from elman.estimators import RNNClassifier, RNNLanguageModel, RNNRegressor, RNNTagger

OPTIONS: dict[str, Any] = {
    "hidden_size": 6,
    "max_iter": 12,
    "n_iter_no_change": np.inf,
    "learning_rate": "constant",
    "early_stopping": True,
    "random_state": 0,
}


def sequences(n: int, seed: int) -> list[Any]:
    random = np.random.default_rng(seed)
    return [random.standard_normal((T, 2)) for T in random.integers(2, 7, n)]


X, X_VAL = sequences(30, 0), sequences(12, 1)


def scored_after_each_epoch(estimator: Any, y: Any, y_val: Any, score: Any, **more: Any) -> None:
    """The scores are those of the networks after each epoch, and the best is kept."""
    found = estimator.fit(X, y, X_val=X_VAL, y_val=y_val, **more)
    assert found.n_iter_ == 12
    for epochs in (1, 5):
        shorter = type(estimator)(**{**OPTIONS, "early_stopping": False, "max_iter": epochs})
        shorter.fit(X, y, **more)  # all of X trains
        assert found.loss_curve_[:epochs] == shorter.loss_curve_
        assert found.validation_scores_[epochs - 1] == pytest.approx(score(shorter), rel=1e-6)
    assert found.best_validation_score_ == max(found.validation_scores_)
    assert found.best_validation_score_ == pytest.approx(score(found), rel=1e-6)


def test_a_classifier_is_scored_by_accuracy() -> None:
    y, y_val = ([int(x.sum() > 0) for x in part] for part in (X, X_VAL))
    scored_after_each_epoch(
        RNNClassifier(**OPTIONS), y, y_val, lambda fitted: fitted.score(X_VAL, y_val)
    )


def test_a_regressor_is_scored_by_its_loss_in_the_scale_of_y() -> None:
    y, y_val = ([float(3 + 5 * x.sum()) for x in part] for part in (X, X_VAL))

    def score(fitted: Any) -> float:
        errors = (fitted.predict(X_VAL) - y_val) / np.std(y)
        return -float(np.mean(errors**2))

    scored_after_each_epoch(RNNRegressor(**OPTIONS), y, y_val, score)


def test_a_tagger_is_scored_by_accuracy_over_steps() -> None:
    y, y_val = ([(x[:, 0] > 0).astype(int) for x in part] for part in (X, X_VAL))
    scored_after_each_epoch(
        RNNTagger(**OPTIONS), y, y_val, lambda fitted: fitted.score(X_VAL, y_val)
    )


def test_a_language_model_is_scored_by_nats() -> None:
    text, other = "to be or not to be. " * 20, "not to be or to be. " * 4
    options = {**OPTIONS, "max_iter": 3, "batch_size": 4, "sequence_length": 16}
    found = RNNLanguageModel(**options).fit(text, X_val=other)
    assert found.best_validation_score_ == pytest.approx(found.score(other), rel=1e-6)
    with pytest.raises(ValueError, match=r"^text: expected chars among .* got 'z'"):
        RNNLanguageModel(**options).fit(text, X_val="zoo")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y_val": None}, "^y_val: expected X_val and y_val, or neither, got None"),
        ({"X_val": None}, "^X_val: expected X_val and y_val, or neither, got None"),
        ({"y_val": [0] * 11}, "^y_val: expected 12 labels"),
        ({"y_val": [7] * 12}, "^y_val: expected labels among the classes"),
        ({"X_val": [np.zeros((2, 3))] * 12}, "^X_val? has 3 features"),
        ({"X_val": [np.full((2, 2), np.nan)] * 12}, "^X_val: expected"),
    ],
)
def test_held_out_data_that_do_not_fit(change: dict[str, Any], message: str) -> None:
    y, y_val = ([int(x.sum() > 0) for x in part] for part in (X, X_VAL))
    classifier = RNNClassifier(**OPTIONS)
    with pytest.raises(ValueError, match=message):
        classifier.fit(X, y, **{"X_val": X_VAL, "y_val": y_val, **change})
    assert not hasattr(classifier, "model_")


def test_without_early_stopping_they_would_be_of_no_use() -> None:
    y, y_val = ([int(x.sum() > 0) for x in part] for part in (X, X_VAL))
    classifier = RNNClassifier(**{**OPTIONS, "early_stopping": False})
    with pytest.raises(ValueError, match=r"^early_stopping: expected True with X_val"):
        classifier.fit(X, y, X_val=X_VAL, y_val=y_val)


def test_targets_of_another_form_are_refused() -> None:
    y, y_val = ([float(x.sum()) for x in part] for part in (X, X_VAL))
    with pytest.raises(ValueError, match=r"^y_val: expected 1 numbers for each sequence"):
        RNNRegressor(**OPTIONS).fit(X, y, X_val=X_VAL, y_val=np.stack([y_val, y_val], axis=1))
