"""RNNRegressor: what each loss leads to, units of targets, weights, and what it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.metrics import r2_score

from elman.estimators import RNNRegressor

pytestmark = pytest.mark.filterwarnings("ignore:max_iter=.* epochs are over")

N = 400


@pytest.fixture(scope="module")
def data() -> Any:
    """Return sequences of several lengths, and what each loss must find: the last value scaled."""
    rng = np.random.default_rng(0)
    X = [rng.uniform(-1, 1, size=(2 + i % 4, 1)) for i in range(N)]
    return X, np.array([x[-1, 0] for x in X]), rng


def made(**changes: Any) -> RNNRegressor:
    options = {"hidden_size": 12, "max_iter": 60, "learning_rate_init": 0.01, "random_state": 0}
    options |= {"learning_rate": "cosine", "n_iter_no_change": 60, "batch_size": 20}
    return RNNRegressor(**{**options, **changes})


def test_squared_error_leads_to_the_mean_and_absolute_error_to_the_median(data: Any) -> None:
    X, last, rng = data
    skewed = rng.exponential(size=N)  # mean 1, median log 2
    y = 3 * last + skewed
    mean = made().fit(X, y).predict(X)
    median = made(loss="absolute_error").fit(X, y).predict(X)
    np.testing.assert_allclose((mean - 3 * last).mean(), 1, atol=0.1)
    np.testing.assert_allclose((median - 3 * last).mean(), np.log(2), atol=0.1)
    assert np.corrcoef(mean, last)[0, 1] > 0.98


@pytest.mark.parametrize("q", [0.1, 0.5, 0.9])
def test_a_quantile_lies_above_its_share(data: Any, q: float) -> None:
    X, last, rng = data
    y = 5 * last + rng.normal(size=N) * (1.5 + last)
    model = made(loss="quantile", quantile=q).fit(X, y)
    assert (y < model.predict(X)).mean() == pytest.approx(q, abs=0.04)


def test_counts(data: Any) -> None:
    X, last, rng = data
    rate = np.exp(1 + 1.5 * last)
    y = rng.poisson(rate)
    found = made(loss="poisson").fit(X, y).predict(X)
    assert found.min() > 0
    np.testing.assert_allclose(found.mean(), y.mean(), rtol=0.02)
    assert np.corrcoef(np.log(found), np.log(rate))[0, 1] > 0.97


def test_several_outputs(data: Any) -> None:
    X, last, _ = data
    length = np.array([len(x) for x in X])
    y = np.stack([1e6 * last, 1e-3 * length, np.full(N, 7.0)], axis=1)
    model = made().fit(X, y)
    found = model.predict(X)
    assert (found.shape, found.dtype) == ((N, 3), np.float64)
    assert r2_score(y[:, :2], found[:, :2], multioutput="raw_values").min() > 0.95
    np.testing.assert_allclose(found[:, 2], 7, atol=0.2)
    assert model.score(X[:50], y[:50]) == pytest.approx(r2_score(y[:50], found[:50]))


def test_the_unit_of_targets_does_not_matter(data: Any) -> None:
    X, last, _ = data
    model = made(max_iter=5).fit(X, last)
    # Powers of two, so that scaling rounds nothing.
    for scale, shift in ((2.0**40, 0.0), (2.0**-40, 0.0), (-8.0, 0.0)):
        other = made(max_iter=5).fit(X, scale * last + shift)
        expected = scale * model.predict(X) + shift
        if scale > 0:
            np.testing.assert_array_equal(other.predict(X), expected)
        else:
            assert np.corrcoef(other.predict(X), expected)[0, 1] > 0.99
    assert model.loss_curve_ == made(max_iter=5).fit(X, 1024 * last).loss_curve_


def test_the_form_of_targets_is_that_of_predictions(data: Any) -> None:
    X, last, _ = data
    flat = made(max_iter=3).fit(X, last)
    column = made(max_iter=3).fit(X, last[:, None])
    assert flat.predict(X[:4]).shape == (4,)
    np.testing.assert_array_equal(column.predict(X[:4]), flat.predict(X[:4])[:, None])
    by_list = made(max_iter=3).fit(X, last.tolist())
    np.testing.assert_array_equal(by_list.predict(X[:4]), flat.predict(X[:4]))


def test_sequences_of_weight_zero_are_as_if_left_out(data: Any) -> None:
    X, last, _ = data
    weight = (np.arange(N) % 2).astype(float)
    spoilt = np.where(weight > 0, last, 1e3)
    weighted = made(max_iter=4).fit(X, spoilt, sample_weight=weight).predict(X)
    left_out = made(max_iter=4).fit(X[1::2], last[1::2]).predict(X)
    np.testing.assert_allclose(weighted, left_out, rtol=1e-4, atol=1e-5)


def test_weights_move_the_mean(data: Any) -> None:
    X, _, rng = data
    y = rng.integers(0, 2, N).astype(float)
    model = made().fit([x * 0 for x in X], y, sample_weight=np.where(y > 0, 3.0, 1.0))
    expected = 3 * y.sum() / (3 * y.sum() + (1 - y).sum())
    np.testing.assert_allclose(model.predict([x * 0 for x in X]).mean(), expected, atol=0.03)


def test_partial_fit_goes_on_with_the_first_scale(data: Any) -> None:
    X, last, _ = data
    model = made()
    for _ in range(30):
        model.partial_fit(X, 10 * last)
    assert model.score(X, 10 * last) > 0.95
    scale = model.model_.target_scale.copy()
    model.partial_fit(X[:20], 1e4 * last[:20])
    np.testing.assert_array_equal(model.model_.target_scale, scale)
    with pytest.raises(ValueError, match="early_stopping: expected False in partial_fit"):
        made(early_stopping=True).partial_fit(X, last)


def test_early_stopping_keeps_the_best_epoch(data: Any) -> None:
    X, _, rng = data
    y = rng.normal(size=N)  # there is nothing to learn but noise
    model = made(early_stopping=True, n_iter_no_change=5, learning_rate="constant").fit(X, y)
    assert model.n_iter_ < 60
    assert model.best_validation_score_ == max(model.validation_scores_)
    assert model.validation_scores_.index(model.best_validation_score_) == model.n_iter_ - 6


def test_warm_start_goes_on(data: Any) -> None:
    X, last, _ = data
    model = made(max_iter=4, warm_start=True).fit(X, last)
    first = model.loss_curve_
    curve = model.fit(X, last).loss_curve_
    assert len(curve) == 8
    assert curve[:4] == first
    assert curve[4] < 2 * first[-1] < first[0]
    with pytest.raises(ValueError, match="y: expected 1 numbers for each sequence"):
        model.fit(X, np.stack([last, last], axis=1))


@pytest.mark.parametrize(
    ("first", "changed", "name"),
    [
        ({"loss": "poisson"}, {"loss": "squared_error"}, "loss"),
        ({}, {"loss": "poisson"}, "loss"),
        ({}, {"standardize": True}, "standardize"),
    ],
)
def test_warm_start_cannot_change_what_outputs_mean(
    data: Any, first: dict[str, Any], changed: dict[str, Any], name: str
) -> None:
    X, last, _ = data
    y = 2 + last
    model = made(max_iter=2, warm_start=True, **first).fit(X, y)
    before = model.predict(X)
    with pytest.raises(ValueError, match=f"^{name}: expected with warm_start=True, .* its"):
        model.set_params(**changed).fit(X, y)
    np.testing.assert_array_equal(model.predict(X), before)


@pytest.mark.parametrize("other", [1, np.random.RandomState(0), np.random.RandomState(1)])
def test_a_checkpoint_is_of_one_seed(data: Any, tmp_path: Path, other: Any) -> None:
    X, last, _ = data
    expected = made(max_iter=2).fit(X, last, checkpoint=tmp_path / "c").predict(X)
    again = made(max_iter=2).fit(X, last, checkpoint=tmp_path / "c").predict(X)
    np.testing.assert_array_equal(again, expected)
    model = made(max_iter=2, random_state=other)
    same = not isinstance(other, int) and other.get_state()[1][0] == 0
    if same:  # it draws what seed 0 does
        np.testing.assert_array_equal(
            model.fit(X, last, checkpoint=tmp_path / "c").predict(X), expected
        )
    else:
        with pytest.raises(ValueError, match=r"checkpoint: expected .* to be of this fit"):
            model.fit(X, last, checkpoint=tmp_path / "c")


def test_a_clone_fits_the_same(data: Any) -> None:
    X, last, _ = data
    model = made(max_iter=2, loss="quantile", quantile=0.3, standardize=True)
    np.testing.assert_array_equal(
        model.fit(X, last).predict(X), clone(model).fit(X, last).predict(X)
    )


@pytest.mark.parametrize(
    ("options", "y", "message"),
    [
        ({}, lambda y: y[:5], "y: expected 400 rows, one for each of X, got 5"),
        ({}, lambda y: np.where(y > 0, np.nan, y), "y contains NaN"),
        ({}, lambda y: np.where(y > 0, np.inf, y), "y contains infinity"),
        ({}, lambda y: y.astype(str) + "a", "could not convert string"),
        ({}, lambda y: y[:, None, None], "dim 3"),
        ({"loss": "huber"}, None, "loss: expected 'squared_error' or"),
        ({"loss": "quantile"}, None, "quantile: expected a number .* pass quantile=0.9"),
        ({"loss": "quantile", "quantile": 2}, None, "^quantile: expected a number between 0 and 1"),
        ({"quantile": 0.5}, None, "quantile: expected None with loss='squared_error'"),
        ({"loss": "poisson"}, None, "y: expected numbers of at least zero .* at sequence"),
        ({"loss": "poisson"}, lambda y: y * 0, "y: expected a number above zero in each column"),
    ],
)
def test_bad_targets_and_losses_are_refused(
    data: Any, options: dict[str, Any], y: Any, message: str
) -> None:
    X, last, _ = data
    with pytest.raises(ValueError, match=message):
        made(**options).fit(X, last if y is None else y(last))


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (-np.ones(N), "Negative values"),
        (np.zeros(N), "at least one non-zero"),
        (np.full(N, np.nan), "NaN"),
        (np.ones(3), "expected"),
        ("balanced", "sample_weight: expected one number for each of 400 sequences"),
    ],
)
def test_bad_weights_are_refused(data: Any, weight: Any, message: str) -> None:
    X, last, _ = data
    with pytest.raises((TypeError, ValueError), match=message):
        made().fit(X, last, sample_weight=weight)
