"""RNNClassifier: what it learns, keeps, refuses, and how it stops."""

from __future__ import annotations

import copy
import inspect
import io
import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning, NotFittedError
from sklearn.neural_network import MLPClassifier

import elman
from elman import nn
from elman.estimators import RNNClassifier
from elman.train import Adam, cross_entropy


def parameters(model: RNNClassifier) -> dict[str, Any]:
    return nn.Network(model.rnn_, model.head_).state_dict()


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(np.array_equal(value, other[name]) for name, value in one.items())


@pytest.mark.parametrize("ragged", [False, True])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"bidirectional": True, "num_layers": 2, "dropout": 0.2},
        {"nonlinearity": "relu", "learning_rate_init": 0.01},
        {"cell": "gru", "nonlinearity": "relu"},
        {"cell": "lstm", "bidirectional": True, "num_layers": 2, "dropout": 0.2},
    ],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_it_learns(draw: Any, fast: Any, ragged: bool, options: dict[str, Any], dtype: Any) -> None:
    X, y, X_test, y_test = draw(ragged, dtype=dtype)
    model = fast(**options, dtype=np.dtype(dtype).name)
    assert model.fit(X, y) is model
    assert model.score(X_test, y_test) > 0.95
    assert model.classes_.tolist() == ["down", "up"]
    proba, predicted = model.predict_proba(X_test), model.predict(X_test)
    assert proba.dtype == dtype
    np.testing.assert_array_equal(predicted, model.classes_[proba.argmax(axis=1)])
    np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(np.log(proba), model.predict_log_proba(X_test), rtol=1e-4, atol=1e-6)


def test_defaults_learn_without_a_warning(draw: Any) -> None:
    X, y, X_test, y_test = draw(n=100)
    model = RNNClassifier(random_state=0).fit(X, y)
    assert model.score(X_test, y_test) > 0.95
    assert model.n_iter_ < model.max_iter


@pytest.mark.parametrize(
    ("y", "dtype"),
    [
        ([3, 1, 2, 1, 3, 2], int),
        (["c", "a", "b", "a", "c", "b"], str),
        (np.array(["c", "a", "b", "a", "c", "b"], dtype=object), object),
        ([True, False] * 3, bool),
        ([1.0, 2.0] * 3, float),
    ],
)
def test_labels_are_any(y: Any, dtype: Any, fast: Any) -> None:
    X = np.random.default_rng(0).normal(size=(6, 4, 2))
    model = fast(max_iter=300, hidden_size=16, learning_rate_init=0.01).fit(X, y)
    assert model.classes_.tolist() == sorted(set(np.asarray(y).tolist()))
    assert np.issubdtype(model.classes_.dtype, dtype)
    assert model.predict(X).tolist() == np.asarray(y).tolist()
    assert model.predict_proba(X).shape == (6, len(model.classes_))


def test_parameters_of_mlp_classifier_have_its_defaults_where_they_mean_the_same() -> None:
    ours, theirs = RNNClassifier().get_params(), MLPClassifier().get_params()
    differ = {name for name in ours.keys() & theirs.keys() if ours[name] != theirs[name]}
    assert differ == {"batch_size", "learning_rate_init"}
    kinds = {p.kind for p in inspect.signature(RNNClassifier).parameters.values()}
    assert kinds == {inspect.Parameter.KEYWORD_ONLY}


def test_probabilities_so_small_that_they_vanish_have_finite_logarithms(fast: Any) -> None:
    X = np.array([[[1.0]], [[-1.0]]])
    model = fast(max_iter=1).fit(X, [0, 1])
    model.head_.bias = np.array([0.0, 2000.0])
    log_proba = model.predict_log_proba(X)
    assert model.predict_proba(X)[0, 0] == 0
    assert -2010 < log_proba[0, 0] < -1990


def test_a_prediction_depends_on_no_other_sequence(draw: Any, fast: Any) -> None:
    X, y, X_test, _ = draw()
    model = fast(bidirectional=True).fit(X, y)
    alone = np.concatenate([model.predict_proba([x]) for x in X_test])
    np.testing.assert_array_equal(model.predict_proba(X_test), alone)
    order = np.random.default_rng(0).permutation(len(X_test))
    shuffled = model.predict_proba([X_test[i] for i in order])
    np.testing.assert_array_equal(shuffled, alone[order])


# Randomness


def test_random_state_decides_every_bit_and_nothing_else_is_touched(draw: Any, fast: Any) -> None:
    X, y, _, _ = draw()
    options = {"num_layers": 2, "dropout": 0.4, "early_stopping": True, "max_iter": 4}

    def fit(random_state: Any) -> dict[str, Any]:
        return parameters(fast(random_state=random_state, **options).fit(X, y))

    elman.manual_seed(5)
    expected = elman.nn.Linear(2, 2).weight
    elman.manual_seed(5)
    np.random.seed(5)  # noqa: NPY002 - NumPy's own is the one that could be touched
    before = np.random.get_state()[1]  # noqa: NPY002
    one = fit(7)
    np.testing.assert_array_equal(elman.nn.Linear(2, 2).weight, expected)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002

    assert same(one, fit(7))
    assert same(one, fit(np.random.RandomState(7)))
    assert not same(one, fit(8))
    shared = np.random.RandomState(7)
    fit(shared)
    assert not same(one, fit(shared))
    assert not same(fit(None), fit(None))


def test_weights_are_those_elman_draws_from_a_seed(draw: Any, fast: Any) -> None:
    X, y, _, _ = draw()
    model = fast(max_iter=1, learning_rate_init=1e-30).fit(X, y)
    seed = np.random.RandomState(0).randint(2**32, dtype=np.uint32)
    generator = elman.Generator(int(seed))
    rnn = elman.nn.RNN(2, 8, dtype=np.float64, generator=generator)
    head = elman.nn.Linear(8, 2, dtype=np.float64, generator=generator)
    for layer, fitted in ((rnn, model.rnn_), (head, model.head_)):
        for name, value in layer.named_parameters():
            np.testing.assert_allclose(getattr(fitted, name), value, atol=1e-25)


# Weights of samples


def test_sample_weight_counts(draw: Any, fast: Any) -> None:
    X, y, _, _ = draw()
    options = {"batch_size": 1000, "alpha": 0.5}
    integers = np.random.default_rng(0).integers(0, 4, len(X))
    rows = np.repeat(np.arange(len(X)), integers)
    weighted = fast(**options).fit(X, y, sample_weight=integers)
    repeated = fast(**options).fit([X[i] for i in rows], y[rows])
    np.testing.assert_allclose(weighted.loss_curve_, repeated.loss_curve_, rtol=1e-9)
    np.testing.assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), rtol=1e-7)
    unweighted = fast(**options).fit(X, y)
    assert abs(unweighted.predict_proba(X) - weighted.predict_proba(X)).max() > 1e-4


def test_held_out_sequences_are_weighted_too(draw: Any, fast: Any) -> None:
    X, y, _, _ = draw()
    weights = np.where(y == "up", 1.0, 0.0)
    weights[np.flatnonzero(y == "down")[:2]] = 1e-9
    model = fast(early_stopping=True, validation_fraction=0.3, max_iter=1)
    # Nearly all weight is on "up", which one epoch of training finds out.
    model.set_params(learning_rate_init=0.1).fit(X, y, sample_weight=weights)
    assert model.best_validation_score_ > 0.999


@pytest.mark.parametrize("batch_size", [1, 8, 160])
def test_sequences_of_little_weight_do_not_count_in_batches_of_any_size(
    fast: Any, batch_size: int
) -> None:
    """Those of 12 steps are labelled the other way round than those of 8."""
    random = np.random.default_rng(0)
    lengths, signs = np.repeat([8, 12], 40), random.choice([-1.0, 1.0], 80)
    X = [s + 0.1 * random.normal(size=(T, 1)) for T, s in zip(lengths, signs, strict=True)]
    y, heavy = np.where(lengths == 8, signs, -signs), lengths == 8
    model = fast(max_iter=100, batch_size=batch_size, alpha=0)
    model.fit(X, y, sample_weight=np.where(heavy, 1, 1e-6))
    right = model.predict(X) == y
    assert right[heavy].all()
    assert not right[~heavy].any()


def test_the_scale_of_weights_is_told_where_it_leaves_the_penalty_alone(
    draw: Any, fast: Any
) -> None:
    X, y, _, _ = draw()
    tiny = np.full(60, 1e-300)
    expected = parameters(fast(alpha=0).fit(X, y))
    assert same(parameters(fast(alpha=0).fit(X, y, sample_weight=tiny)), expected)
    with pytest.raises(ValueError, match=r"sample_weight: expected .* got a mean of 1e-300; "):
        fast().fit(X, y, sample_weight=tiny)
    huge = fast(alpha=0, early_stopping=True).fit(X, y, sample_weight=np.full(60, 1e308))
    assert (
        huge.validation_scores_ == fast(alpha=0, early_stopping=True).fit(X, y).validation_scores_
    )


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1.0, 2.0], r"sample_weight.shape == \(2,\), expected \(4,\)"),
        ([1.0, -1.0, 1.0, 1.0], "Negative values"),
        ([0.0] * 4, "zero"),
        ([1.0, 0.0, 1.0, 0.0], "at least two classes among sequences of a weight above zero"),
    ],
)
def test_weights_that_make_no_sense_are_refused(weights: Any, message: str, fast: Any) -> None:
    with pytest.raises(ValueError, match=message):
        fast().fit(np.zeros((4, 3, 2)), [0, 1, 0, 1], sample_weight=weights)


# What is kept


def test_fitted_attributes_are_mlp_classifiers(draw: Any, fast: Any) -> None:
    X, y, _, _ = draw()
    model = fast().fit(X, y)
    assert model.n_features_in_ == 2
    assert model.n_iter_ == len(model.loss_curve_) == 15
    assert model.loss_ == model.loss_curve_[-1]
    assert model.best_loss_ == min(model.loss_curve_)
    assert model.validation_scores_ is None
    assert model.best_validation_score_ is None
    theirs = MLPClassifier(n_iter_no_change=1, tol=1e9).fit(np.eye(4), [0, 1, 0, 1])
    names = {name for name in vars(theirs) if name.endswith("_") and not name.startswith("_")}
    assert names - set(vars(model)) == {
        "coefs_", "intercepts_", "n_layers_", "n_outputs_", "out_activation_", "t_"
    }  # fmt: skip


def test_the_penalty_is_part_of_the_loss(draw: Any, fast: Any) -> None:
    X, y, _, _ = draw()
    model = fast(alpha=3.0, batch_size=60, max_iter=1).fit(X, y)
    start = fast(batch_size=60, max_iter=1, alpha=0.0).fit(X, y)
    seed = int(np.random.RandomState(0).randint(2**32, dtype=np.uint32))
    generator = elman.Generator(seed)
    rnn = elman.nn.RNN(2, 8, dtype=np.float64, generator=generator)
    head = elman.nn.Linear(8, 2, dtype=np.float64, generator=generator)
    squares = sum((w**2).sum() for w in (rnn.weight_ih_l0, rnn.weight_hh_l0, head.weight))
    assert model.loss_ - start.loss_ == pytest.approx(3.0 / 2 * squares / 60)


def test_a_fitted_model_can_be_pickled_copied_and_cloned(draw: Any, fast: Any) -> None:
    X, y, X_test, _ = draw()
    model = fast(num_layers=2, dropout=0.3).fit(X, y)
    expected = model.predict_proba(X_test)
    for twin in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        np.testing.assert_array_equal(twin.predict_proba(X_test), expected)
        assert twin.get_params() == model.get_params()
    with pytest.raises(NotFittedError):
        clone(model).predict(X_test)
    buffer = io.BytesIO()
    pickle.dump(model, buffer)
    assert len(buffer.getvalue()) < 20_000


def test_before_fit_nothing_is_looked_at() -> None:
    for use in ("predict", "predict_proba", "predict_log_proba"):
        with pytest.raises(NotFittedError):
            getattr(RNNClassifier(), use)("no sequences at all")


def test_a_failed_fit_leaves_a_fitted_network_as_it_was(draw: Any, fast: Any) -> None:
    X, y, X_test, _ = draw()
    model = fast(warm_start=True).fit(X, y)
    expected = model.predict_proba(X_test)
    model.set_params(learning_rate_init=1e200)
    with pytest.raises(ValueError, match="gradients: expected finite values"):
        model.fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(X_test), expected)
    assert model.n_iter_ == 15


# Going on


def test_warm_start_goes_on_where_fit_ended(draw: Any, fast: Any) -> None:
    X, y, _, _ = draw()
    cold = fast().fit(X, y)
    assert same(parameters(cold), parameters(cold.fit(X, y)))
    warm = fast(warm_start=True).fit(X, y)
    first = parameters(warm)
    assert same(first, parameters(cold))
    warm.set_params(learning_rate_init=1e-30).fit(X, y)
    for name, value in parameters(warm).items():
        np.testing.assert_allclose(value, first[name], atol=1e-25)
    assert warm.n_iter_ == 15
    assert warm.loss_curve_[:15] == cold.loss_curve_
    assert len(warm.loss_curve_) == 30
    assert warm.loss_curve_[15] < warm.loss_curve_[0] / 2
    warm.fit([x.astype(np.float32) for x in X], y)
    assert warm.rnn_.dtype == np.float64


def test_warm_start_holds_out_the_same_part(draw: Any, fast: Any) -> None:
    X, y, _, _ = draw()
    model = fast(warm_start=True, early_stopping=True, max_iter=2, learning_rate_init=1e-30)
    scores = model.fit(X, y).validation_scores_
    assert model.fit(X, y).validation_scores_ == scores * 2


def test_warm_start_with_early_stopping_never_ends_worse_than_it_began(
    draw: Any, fast: Any
) -> None:
    X, y, X_test, _ = draw()
    model = fast(warm_start=True, early_stopping=True, validation_fraction=0.3).fit(X, y)
    best, kept, proba = (
        model.best_validation_score_, parameters(model), model.predict_proba(X_test)
    )  # fmt: skip
    assert best > 0.9
    # Steps so large that no epoch comes near.
    model.set_params(learning_rate_init=50.0, max_iter=3, clip_norm=None).fit(X, y)
    assert max(model.validation_scores_[-3:]) < best
    assert model.best_validation_score_ == best
    assert same(parameters(model), kept)
    np.testing.assert_array_equal(model.predict_proba(X_test), proba)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"hidden_size": 9}, "hidden_size: .* from the last fit, its 8, got 9"),
        ({"bidirectional": True}, "bidirectional: .* its False, got True"),
        ({"num_layers": 2}, "num_layers: "),
        ({"cell": "gru"}, "cell: .* its 'rnn', got 'gru'"),
        ({"nonlinearity": "relu"}, "nonlinearity: .* its 'tanh', got 'relu'"),
    ],
)
def test_warm_start_refuses_another_network(
    draw: Any, fast: Any, changes: dict[str, Any], message: str
) -> None:
    X, y, _, _ = draw()
    model = fast(warm_start=True, max_iter=1).fit(X, y)
    with pytest.raises(ValueError, match=message):
        model.set_params(**changes).fit(X, y)


def test_warm_start_refuses_other_classes_and_columns(draw: Any, fast: Any) -> None:
    X, y, _, _ = draw()
    model = fast(warm_start=True, max_iter=1).fit(X, y)
    with pytest.raises(
        ValueError, match=r"y: .* its classes \['down' 'up'\], got \['high' 'low'\]"
    ):
        model.fit(X, np.where(y == "up", "high", "low"))
    with pytest.raises(ValueError, match="X has 1 features, but RNNClassifier is expecting 2"):
        model.fit([x[:, :1] for x in X], y)


def test_warm_start_takes_another_dropout(draw: Any, fast: Any) -> None:
    X, y, _, _ = draw()
    model = fast(warm_start=True, max_iter=1, num_layers=2, dropout=0.5).fit(X, y)
    model.set_params(dropout=0).fit(X, y)
    assert model.rnn_.dropout == 0


# Stopping


def test_early_stopping_keeps_the_best_network_and_never_trains_on_the_held_out_part(
    draw: Any, fast: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    X, y, _, _ = draw()
    X = [x + 100 * i for i, x in enumerate(X)]  # so that a sequence can be recognised
    trained_on: set[int] = set()
    vjp = nn.Network.rows_vjp

    def spy(self: Any, x: Any, z: Any = None, **options: Any) -> Any:
        trained_on.update(np.rint(x[:, :3].mean(axis=(1, 2)) / 100).astype(int).tolist())
        return vjp(self, x, z, **options)

    monkeypatch.setattr(nn.Network, "rows_vjp", spy)
    model = fast(early_stopping=True, validation_fraction=0.2, n_iter_no_change=4, max_iter=100)
    model.fit(X, y)
    assert len(trained_on) == 48
    held_out = sorted(set(range(60)) - trained_on)
    # As many of each class as there are in all of y.
    assert abs((y[held_out] == "up").sum() - 12 * (y == "up").mean()) <= 1
    scores = model.validation_scores_
    assert model.best_validation_score_ == max(scores)
    assert model.n_iter_ == len(scores) == len(model.loss_curve_) < 100
    assert model.best_loss_ is None
    assert model.score([X[i] for i in held_out], y[held_out]) == max(scores)


def test_epochs_that_run_out_are_told(draw: Any, fast: Any) -> None:
    X, y, _, _ = draw()
    with pytest.warns(ConvergenceWarning, match="max_iter=2 epochs are over") as record:
        fast(max_iter=2, n_iter_no_change=5).fit(X, y)
    assert record[0].filename == __file__


class Interrupt:
    """Adam.update that raises KeyboardInterrupt at its k-th call."""

    def __init__(self, k: int) -> None:
        self.left = k
        self.update = Adam.update

    def __get__(self, adam: Any, kind: Any = None) -> Any:
        def update(parameters: Any, gradients: Any) -> Any:
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt
            return self.update(adam, parameters, gradients)

        return update


@pytest.mark.parametrize("epochs", [0, 1, 4])
def test_ctrl_c_leaves_a_fitted_model_of_the_last_finished_epoch(
    draw: Any, fast: Any, epochs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    X, y, X_test, _ = draw()
    options = {"batch_size": 10}
    expected = fast(max_iter=max(epochs, 1), **options)
    if epochs == 0:
        expected.set_params(learning_rate_init=1e-30)
    expected.fit(X, y)
    # Six batches make an epoch; the third of the next one is interrupted.
    monkeypatch.setattr(Adam, "update", Interrupt(6 * epochs + 3))
    model = fast(**options)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        assert model.fit(X, y) is model
    np.testing.assert_allclose(
        model.predict_proba(X_test), expected.predict_proba(X_test), rtol=1e-12
    )
    assert model.n_iter_ == epochs
    assert model.loss_curve_ == expected.loss_curve_[:epochs]
    assert np.isnan(model.loss_) == np.isnan(model.best_loss_) == (epochs == 0)


def test_ctrl_c_with_early_stopping_leaves_the_best_network(
    draw: Any, fast: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    X, y, X_test, _ = draw()
    options = {"early_stopping": True, "validation_fraction": 0.2, "batch_size": 100}
    scores = iter([0.5, 0.9, 0.6])
    monkeypatch.setattr("elman.estimators._labels.accuracy_score", lambda *_, **__: next(scores))
    monkeypatch.setattr(Adam, "update", Interrupt(4))
    model = fast(**options)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        model.fit(X, y)
    assert model.validation_scores_ == [0.5, 0.9, 0.6]
    assert model.best_validation_score_ == 0.9
    monkeypatch.undo()
    two_epochs = fast(**options, max_iter=2, tol=0)
    monkeypatch.setattr("elman.estimators._labels.accuracy_score", lambda *_, **__: next(rising))
    rising = iter([0.5, 0.9])
    two_epochs.fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(X_test), two_epochs.predict_proba(X_test))


def test_verbose_shows_a_bar(draw: Any, fast: Any, capsys: pytest.CaptureFixture[str]) -> None:
    X, y, _, _ = draw()
    fast(max_iter=2).fit(X, y)
    assert capsys.readouterr() == ("", "")
    model = fast(max_iter=2, verbose=1, early_stopping=True).fit(X, y)
    shown = capsys.readouterr().err
    assert "2/2" in shown
    assert f"loss={model.loss_:.4g}, score={model.validation_scores_[-1]:.4g}" in shown


# Mistakes


@pytest.mark.parametrize(
    ("changes", "kind", "message"),
    [
        ({"cell": "mlp"}, ValueError, "cell: expected 'rnn' or 'gru' or 'lstm', got 'mlp'"),
        ({"nonlinearity": "sigmoid"}, ValueError, "nonlinearity: expected 'tanh' or 'relu'"),
        ({"hidden_size": 0}, ValueError, "hidden_size: expected an int greater than zero, got 0"),
        ({"hidden_size": 2.5}, TypeError, "hidden_size: "),
        ({"num_layers": -1}, ValueError, "num_layers: "),
        ({"batch_size": "auto"}, TypeError, "batch_size: expected an int"),
        ({"max_iter": 0}, ValueError, "max_iter: "),
        ({"bidirectional": 1}, TypeError, "bidirectional: expected a bool"),
        ({"shuffle": None}, TypeError, "shuffle: "),
        ({"dropout": 1.5}, ValueError, "dropout: "),
        ({"alpha": -1.0}, ValueError, "alpha: expected a finite number of at least zero, got -1.0"),
        ({"learning_rate_init": 0}, ValueError, "learning_rate_init: "),
        ({"learning_rate_init": "0.1"}, ValueError, r"learning_rate_init: .* got '0.1' \(str\)"),
        ({"tol": -1}, ValueError, "tol: "),
        ({"tol": True}, ValueError, "tol: "),
        ({"beta_1": 1}, ValueError, r"beta_1: expected a number in \[0, 1\), got 1"),
        ({"beta_2": -0.1}, ValueError, "beta_2: "),
        ({"epsilon": 0}, ValueError, "epsilon: "),
        ({"n_iter_no_change": 2.5}, ValueError, "n_iter_no_change: expected an int .* numpy.inf"),
        ({"n_iter_no_change": 0}, ValueError, "n_iter_no_change: "),
        ({"clip_norm": 0}, ValueError, "clip_norm: expected a number above zero, or None"),
        ({"validation_fraction": 1.0}, ValueError, "validation_fraction: "),
        ({"verbose": -1}, ValueError, "verbose: "),
        ({"verbose": None}, ValueError, "verbose: "),
        ({"random_state": "a"}, ValueError, "random_state|seed"),
    ],
)
def test_parameters_are_checked_by_fit(
    draw: Any, fast: Any, changes: dict[str, Any], kind: type[Exception], message: str
) -> None:
    X, y, _, _ = draw(n=8)
    model = fast(**changes)
    with pytest.raises(kind, match=message):
        model.fit(X, y)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (None, "requires y to be passed, but the target y is None"),
        ([0.5, 1.5, 2.5, 3.5], "Unknown label type: continuous"),
        ([1, 1, 1, 1], "y: expected at least two classes, got 1 class: 1"),
        ([0, 1, 0], "y: expected 4 labels, one for each of X, got 3; .* elman.data.from_frame"),
        ([0, 1, np.nan, 1], "y: expected a label for each sequence, got nan at sequence 2; leave"),
        ([0, 1, np.inf, 1], "Input y contains infinity"),
        (
            np.array(["a", None, "b", None], dtype=object),
            "y: expected a label for each sequence, got None at sequence 1 and 1 more; ",
        ),
        (["a", None, "b", "a"], "y: expected a label for each sequence, got None at sequence 1; "),
        (pd.Series(["a", "b", pd.NA, "a"], dtype="string"), "y: .* got <NA> at sequence 2; "),
        (pd.Series(["a", "b", None, "a"]), "y: expected a label .* at sequence 2; "),
        (
            np.array(["a", 1, "b", 1], dtype=object),
            "y: expected labels that are all texts or all numbers, got 'a' and 1; ",
        ),
        (np.zeros((4, 3), int), r"y: expected one label for each sequence, .* got shape \(4, 3\)"),
        ([[0, 1, 1]] * 4, r"y: .* got 4 times a list; .* \[labels\[-1\] for labels in y\]"),
        ([[0, 1], [1], [0, 0], [1]], "y: expected one label .* got 4 times a list; "),
        ([np.zeros(3), np.zeros(2)] * 2, "y: expected one label .* got 4 times a ndarray; "),
        (pd.DataFrame(np.zeros((4, 2))), r"y: expected one label .* got shape \(4, 2\)"),
        (np.ma.masked_equal([0, 1, 0, 2], 2), "y: expected an array without masked values"),
        ("abcd", "y should be a 1d array"),
    ],
)
def test_labels_that_are_none_are_refused(y: Any, message: str, fast: Any) -> None:
    with pytest.raises(ValueError, match=message):
        fast().fit(np.zeros((4, 3, 2)), y)


@pytest.mark.parametrize("y", [[["up"], ["down"]] * 2, pd.DataFrame({"y": ["up", "down"] * 2})])
def test_labels_may_be_a_column(y: Any, fast: Any) -> None:
    X = np.arange(4.0)[:, None, None] % 2
    with pytest.warns(DataConversionWarning, match="A column-vector y was passed"):
        model = fast(max_iter=30).fit(X, y)
    assert model.predict(X).tolist() == ["up", "down"] * 2


def test_after_a_mistake_a_fitted_model_is_as_it_was(draw: Any, fast: Any) -> None:
    X, y, _, _ = draw()
    frames = [pd.DataFrame(x, columns=["a", "b"]) for x in X]
    model = fast().fit(frames, y)
    before, expected = dict(vars(model)), model.predict_proba([frames[0]])
    for mistake in (
        lambda: model.fit([x[:, :1] for x in X], y[:-1]),
        lambda: model.fit(X[0][:, 0], y),
        lambda: model.set_params(learning_rate_init=1e200, clip_norm=1e300).fit(X[0][None], [y[0]]),
    ):
        with pytest.raises(ValueError, match=r"y: |Expected 2D"):
            mistake()
        model.set_params(learning_rate_init=0.02, clip_norm=1.0)
        assert vars(model) == before
        np.testing.assert_array_equal(model.predict_proba([frames[0]]), expected)


@pytest.mark.parametrize(
    ("y", "fraction", "message"),
    [
        ([0] * 11 + [1], 0.5, "y: expected two sequences of each class or more, .* of class 1"),
        ([0, 1, 2] * 4, 0.1, "validation_fraction: .* of 3 classes, got 0.1, which holds out 2 of"),
        ([0, 1, 2] * 4, 0.8, "validation_fraction: .* got 0.8, which holds out 10 of 12"),
    ],
)
def test_a_part_that_cannot_be_held_out_is_told(
    y: Any, fraction: float, message: str, fast: Any
) -> None:
    model = fast(early_stopping=True, validation_fraction=fraction)
    with pytest.raises(ValueError, match=message):
        model.fit(np.zeros((12, 3, 2)), y)


@pytest.mark.parametrize("fraction", [0.25, 0.75])
def test_the_smallest_parts_are_held_out(fraction: float, fast: Any) -> None:
    model = fast(early_stopping=True, validation_fraction=fraction, max_iter=1)
    assert model.fit(np.zeros((12, 3, 2)), [0, 1, 2] * 4).validation_scores_ == [
        pytest.approx(1 / 3)
    ]


@pytest.mark.parametrize("weights", ["balanced", [np.zeros((2, 2)), np.zeros((3, 2))] * 2])
def test_weights_that_are_no_numbers_are_told(weights: Any, fast: Any) -> None:
    message = "^sample_weight: expected one number for each of 4 sequences, got ('balanced'|a list)"
    with pytest.raises(TypeError, match=message):
        fast().fit(np.zeros((4, 3, 2)), [0, 1, 0, 1], sample_weight=weights)


def test_dropout_between_no_layers_is_told(draw: Any, fast: Any) -> None:
    X, y, _, _ = draw(n=8)
    with pytest.warns(UserWarning, match="dropout=0.5 has no effect with num_layers=1"):
        fast(dropout=0.5, max_iter=1).fit(X, y)


def test_loss_of_the_fitted_network_is_the_last_epochs_when_nothing_moves(
    draw: Any, fast: Any
) -> None:
    X, y, _, _ = draw()
    model = fast(max_iter=1, learning_rate_init=1e-30, alpha=0.0).fit(X, y)
    network = nn.Network(model.rnn_, model.head_)
    loss, _ = cross_entropy(network.predict(X), np.searchsorted(model.classes_, y))
    assert model.loss_ == pytest.approx(loss, rel=1e-12)


# ---- labels that are none ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("y", "kind", "message"),
    [
        (["a", "b", np.nan] * 4, ValueError, "y: expected a label for each sequence, got nan at"),
        (["a", None, "b"] * 4, ValueError, "y: expected a label for each sequence, got None at"),
        (["a", 1, "b"] * 4, ValueError, "y: expected labels that are all texts or all numbers"),
        (
            np.array(["2020", "2021", "2022"] * 4, "M8[D]"),
            TypeError,
            r"y: expected labels that are texts or numbers, got datetime64\[D\]; make texts",
        ),
    ],
)
def test_labels_that_are_none(fast: Any, y: Any, kind: Any, message: str) -> None:
    X = np.random.default_rng(0).normal(size=(12, 4, 2))
    with pytest.raises(kind, match=message):
        fast().fit(X, y)


@pytest.mark.parametrize("labels", [[1, 2, 3], [True, False]])
def test_objects_that_are_numbers_are_labels(fast: Any, labels: list[Any]) -> None:
    X = np.random.default_rng(0).normal(size=(12, 4, 2))
    y = np.array(labels * (12 // len(labels)), dtype=object)
    assert fast(max_iter=1).fit(X, y).classes_.tolist() == sorted(labels)
