"""The estimators inside scikit-learn's own: searches, pipelines, votes, calibration."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import (
    BaggingClassifier,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline

from elman.datasets import load_japanese_vowels
from elman.estimators import RNNClassifier, RNNRegressor, SequenceScaler


def scaled(model: RNNClassifier) -> Any:
    return make_pipeline(SequenceScaler(), model)


@pytest.mark.parametrize("ragged", [False, True])
def test_pipeline(draw: Any, fast: Any, ragged: bool) -> None:
    X, y, X_test, y_test = draw(ragged)
    X, X_test = ([x * 1000 + 3e4 for x in part] for part in (X, X_test))
    if not ragged:
        X, X_test = np.stack(X), np.stack(X_test)
    pipeline = scaled(fast()).fit(X, y)
    assert pipeline.score(X_test, y_test) > 0.95
    by_hand = SequenceScaler().fit(X)
    model = fast().fit(by_hand.transform(X), y)
    expected = model.predict_proba(by_hand.transform(X_test))
    np.testing.assert_array_equal(pipeline.predict_proba(X_test), expected)
    twin = pickle.loads(pickle.dumps(pipeline))
    np.testing.assert_array_equal(twin.predict_proba(X_test), expected)


@pytest.mark.parametrize("ragged", [False, True])
@pytest.mark.parametrize("n_jobs", [None, 2])
def test_grid_search(draw: Any, fast: Any, ragged: bool, n_jobs: int | None) -> None:
    X, y, X_test, y_test = draw(ragged)
    grid = {"rnnclassifier__learning_rate_init": [1e-9, 0.02]}
    search = GridSearchCV(scaled(fast()), grid, cv=2, error_score="raise", n_jobs=n_jobs)
    search.fit(X, y)
    assert search.best_params_ == {"rnnclassifier__learning_rate_init": 0.02}
    assert search.score(X_test, y_test) > 0.95


def test_grid_search_takes_an_array_of_objects_and_series_of_one_column(
    draw: Any, fast: Any
) -> None:
    X, y, _, _ = draw()
    array = np.empty(len(X), dtype=object)
    for i, sequence in enumerate(X):
        array[i] = sequence[:, 0]
    for form in (array, array.tolist(), [x.tolist() for x in array]):
        scores = cross_val_score(scaled(fast()), form, y, cv=3, error_score="raise")
        assert scores.mean() > 0.9


@pytest.mark.parametrize("ragged", [False, True])
def test_cross_validation(draw: Any, fast: Any, ragged: bool) -> None:
    X, y, _, _ = draw(ragged)
    assert cross_val_score(fast(), X, y, cv=3, error_score="raise").mean() > 0.9
    proba = cross_val_predict(fast(), X, y, cv=3, method="predict_proba")
    assert ((proba[:, 1] > 0.5) == (y == "up")).mean() > 0.9


META: dict[str, Callable[[Any], Any]] = {
    "voting": lambda model: VotingClassifier([("a", model), ("b", scaled(model))], voting="soft"),
    "stacking": lambda model: StackingClassifier([("a", model)], LogisticRegression(), cv=2),
    "calibration": lambda model: CalibratedClassifierCV(model, cv=2),
    "one model": lambda model: CalibratedClassifierCV(model, cv=2, ensemble=False),
}


@pytest.mark.parametrize("ragged", [False, True])
@pytest.mark.parametrize("name", META)
def test_meta_estimators(draw: Any, fast: Any, name: str, ragged: bool) -> None:
    X, y, X_test, y_test = draw(ragged)
    model = META[name](fast()).fit(X, y)
    assert model.score(X_test, y_test) > 0.9
    assert model.predict_proba(X_test).shape == (60, 2)


def test_bagging_of_sequences_of_one_column(draw: Any, fast: Any) -> None:
    X, y, X_test, y_test = draw(ragged=False)
    model = BaggingClassifier(fast(), n_estimators=3, random_state=0).fit(X[:, :, 0], y)
    assert model.score(X_test[:, :, 0], y_test) > 0.9


@pytest.fixture
def sums() -> Callable[..., Any]:
    """Draw sequences, whose targets are the sums of their columns."""

    def drawn(ragged: bool, n: int = 60) -> Any:
        rng = np.random.default_rng(5)
        X = [rng.normal(size=(3 + i % 4 if ragged else 5, 2)) for i in range(n)]
        y = np.array([x.sum() for x in X])
        return (X if ragged else np.stack(X)), y

    return drawn


def quick(**changes: Any) -> RNNRegressor:
    return RNNRegressor(
        **{"hidden_size": 8, "max_iter": 60, "learning_rate_init": 0.02, "random_state": 0}
        | {"n_iter_no_change": 60, "batch_size": 20}
        | changes
    )


@pytest.mark.filterwarnings("ignore:max_iter=.* epochs are over")
@pytest.mark.parametrize("ragged", [False, True])
@pytest.mark.parametrize("n_jobs", [None, 2])
def test_search_of_a_regressor(sums: Any, ragged: bool, n_jobs: int | None) -> None:
    X, y = sums(ragged)
    grid = {"rnnregressor__learning_rate_init": [1e-9, 0.02]}
    pipeline = make_pipeline(SequenceScaler(), quick())
    search = GridSearchCV(pipeline, grid, cv=2, error_score="raise", n_jobs=n_jobs).fit(X, y)
    assert search.best_params_ == {"rnnregressor__learning_rate_init": 0.02}
    assert search.best_score_ > 0.8
    assert cross_val_score(pipeline, X, y, cv=2, error_score="raise").mean() == search.best_score_


@pytest.mark.filterwarnings("ignore:max_iter=.* epochs are over")
@pytest.mark.parametrize("ragged", [False, True])
def test_meta_estimators_of_regressors(sums: Any, ragged: bool) -> None:
    X, y = sums(ragged)
    voted = VotingRegressor([("a", quick()), ("b", quick(random_state=1))]).fit(X, y)
    apart = [quick(random_state=seed).fit(X, y).predict(X) for seed in (0, 1)]
    np.testing.assert_allclose(voted.predict(X), np.mean(apart, axis=0), rtol=1e-12)
    stacked = StackingRegressor([("a", quick())], LinearRegression(), cv=2).fit(X, y)
    assert stacked.score(X, y) > 0.9
    targets = TransformedTargetRegressor(quick(), func=np.cbrt, inverse_func=lambda z: z**3)
    expected = quick().fit(X, np.cbrt(y)).predict(X) ** 3
    np.testing.assert_allclose(targets.fit(X, y).predict(X), expected, rtol=1e-12)


def test_a_model_shows_itself(fast: Any) -> None:
    assert repr(RNNClassifier(hidden_size=8)) == "RNNClassifier(hidden_size=8)"
    assert "SequenceScaler" in scaled(fast())._repr_html_()


@pytest.mark.parametrize("random_state", [0, 1, 2])
def test_speakers_are_known_by_their_vowels(random_state: int) -> None:
    X_train, y_train, X_test, y_test = load_japanese_vowels()
    model = scaled(RNNClassifier(bidirectional=True, random_state=random_state))
    assert model.fit(X_train, y_train).score(X_test, y_test) >= 0.962


def test_without_scikit_learn_the_import_says_what_to_install(
    run_python: Callable[..., str],
) -> None:
    program = """
import sys
sys.modules["sklearn"] = None
try:
    import elman.estimators
except ImportError as error:
    print(error)
"""
    assert 'pip install "elman[sklearn]"' in run_python(program)


def test_public_names_are_these() -> None:
    import elman.estimators

    assert elman.estimators.__all__ == [
        "RNNClassifier",
        "RNNForecaster",
        "RNNLanguageModel",
        "RNNRegressor",
        "RNNTagger",
        "SequenceScaler",
    ]


@pytest.mark.parametrize(("n_jobs", "most"), [(1, 2), (2, 3)])
def test_a_search_warns_once_and_not_once_for_each_fit(
    run_python: Callable[..., str], n_jobs: int, most: int
) -> None:
    # One warning of each process that fits, and one of the fit with the best parameters.
    def told(filters: str) -> int:
        printed = run_python(SEARCH, N_JOBS=str(n_jobs), PYTHONWARNINGS=filters)
        return sum("ConvergenceWarning: " in line for line in printed.splitlines())

    assert 2 <= told("default") <= most
    assert told("always") == 17


SEARCH = """
import os
os.dup2(1, 2)
import numpy as np
from sklearn.model_selection import GridSearchCV
from elman.estimators import RNNClassifier
X = [np.full((T, 1), T) for T in range(3, 15)]
search = GridSearchCV(RNNClassifier(max_iter=1), {"hidden_size": [2, 3, 4, 5]}, cv=4)
search.set_params(n_jobs=int(os.environ['N_JOBS'])).fit(X, [0, 1] * 6)
"""
