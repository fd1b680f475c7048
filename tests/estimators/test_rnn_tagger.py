"""RNNTagger: lists in, lists out, and every number between held to a hand's count."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from seqeval.metrics import f1_score
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, KFold, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import elman
from elman.estimators import RNNTagger, SequenceScaler
from elman.estimators._word_dropout import WordDropout
from elman.train import cross_entropy


def small(**options: Any) -> RNNTagger:
    defaults: dict[str, Any] = {
        "hidden_size": 12,
        "embedding_size": 8,
        "affix_size": 4,
        "batch_size": 8,
        "learning_rate_init": 0.02,
        "max_iter": 20,
        "random_state": 0,
    }
    return RNNTagger(**defaults | options)


def drawn(kind: str, n: int = 60, seed: int = 0) -> tuple[list[Any], list[list[str]]]:
    """Return sequences whose labels depend on a step and on its neighbour on the right.

    A step is "big" or "small", and "!" is added where the next one is big.
    """
    random = np.random.default_rng(seed)
    X: list[Any] = []
    y = []
    for T in random.integers(1, 9, n):
        big = random.integers(0, 2, T).astype(bool)
        if kind == "vectors":
            X.append(np.stack([np.where(big, 1.0, -1.0), random.normal(size=T)], axis=1))
        elif kind == "integers":
            X.append(np.where(big, random.integers(100, 104, T), random.integers(-4, 0, T)))
        else:
            stems = random.choice(["abc", "defg", "hi"], T)
            X.append([f"{stem}{'ing' if b else 'ed'}" for stem, b in zip(stems, big, strict=True)])
        after = np.append(big[1:], False).tolist()
        y.append([("big" if b else "small") + "!" * a for b, a in zip(big, after, strict=True)])
    return X, y


KINDS = pytest.mark.parametrize("kind", ["words", "integers", "vectors"])


def assert_same(found: Any, wanted: Any) -> None:
    assert len(found) == len(wanted)
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(one, other)


# ---- learning -----------------------------------------------------------------------------------


@KINDS
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_labels_are_learned(kind: str, cell: Any) -> None:
    """They need what comes after, which one direction cannot see."""
    X, y = drawn(kind)
    X_test, y_test = drawn(kind, seed=1)
    tagger = small(cell=cell).fit(X, y)
    assert tagger.score(X_test, y_test) > 0.97
    assert tagger.classes_.tolist() == ["big", "big!", "small", "small!"]
    one_way = small(cell=cell, bidirectional=False).fit(X, y)
    assert one_way.score(X_test, y_test) < 0.85


@KINDS
def test_predictions_are_the_likeliest_labels(kind: str) -> None:
    X, y = drawn(kind)
    tagger = small(max_iter=2).fit(X, y)
    found, proba = tagger.predict(X), tagger.predict_proba(X)
    for array in (found, proba):
        assert array.shape == (60,)
        assert array.dtype == object
    for x, labels, p in zip(X, found, proba, strict=True):
        assert type(labels) is list
        assert {type(label) for label in labels} == {str}
        assert p.shape == (len(x), 4)
        np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-6)
        assert labels == tagger.classes_[p.argmax(axis=1)].tolist()
    right = [
        a == b for one, two in zip(found, y, strict=True) for a, b in zip(one, two, strict=True)
    ]
    assert tagger.score(X, y) == np.mean(right)
    weights = np.random.default_rng(2).uniform(size=60)
    by_step = np.concatenate(
        [np.full(len(labels), w) for labels, w in zip(y, weights, strict=True)]
    )
    wanted = np.average(right, weights=by_step)
    assert tagger.score(X, y, weights) == pytest.approx(wanted, rel=1e-12)


@KINDS
def test_a_sequence_does_not_depend_on_those_beside_it(kind: str) -> None:
    X, y = drawn(kind)
    tagger = small(max_iter=1).fit(X, y)
    together = tagger.predict_proba(X)
    assert_same([tagger.predict_proba([x])[0] for x in X], together)


def test_labels_of_numbers_come_back_as_numbers() -> None:
    X, y = drawn("words")
    codes = [[len(label) for label in labels] for labels in y]
    tagger = small().fit(X, codes)
    found = tagger.predict(X)[0]
    assert {type(label) for label in found} == {int}
    assert tagger.score(X, codes) > 0.97
    assert tagger.score(X, [np.array(c) for c in codes]) == tagger.score(X, codes)


def test_arrays_of_two_axes() -> None:
    random = np.random.default_rng(0)
    X = random.integers(0, 5, (40, 6))
    y = np.where(X > 2, "high", "low")
    tagger = small().fit(X, y)
    assert tagger.score(X, y) == 1
    assert tagger.predict(X).shape == (40,)
    one = small(word_dropout=0, max_iter=2)
    same = one.fit(X, y).predict_proba(X)
    as_lists = one.fit(X.tolist(), y.tolist()).predict_proba(X.tolist())
    assert_same(same, as_lists)
    # Of floats, X is sequences of one column, as for the others.
    scaled = small().fit((X - 2.0), y)
    assert scaled.embedding_ is None
    assert scaled.n_features_in_ == 6
    assert scaled.score(X - 2.0, y) == 1


def test_words_that_fit_did_not_see_are_known_by_their_ends() -> None:
    X, y = drawn("words")
    tagger = small().fit(X, y)
    new = [[word.replace("abc", "Xylo") for word in sentence] for sentence in X]
    assert tagger.score(new, y) > 0.97
    plain = small(affix_lengths=(), word_shapes=False).fit(X, y)
    assert plain.model_.features == [["word", 0, 6]]
    assert plain.score(X, y) > 0.97
    other = [["qwerty"] * len(sentence) for sentence in X]
    unknown = plain.predict_proba(other)[0]
    assert_same([unknown[0]], [plain.predict_proba([["zzz"] * len(X[0])])[0][0]])


def test_shapes_tell_capitals() -> None:
    random = np.random.default_rng(0)
    X = [random.choice(["ab", "Ab", "cd", "Cd"], T).tolist() for T in random.integers(1, 6, 40)]
    y = [["name" if word[0].isupper() else "word" for word in sentence] for sentence in X]
    assert small().fit(X, y).score([["Zz", "zz"]], [["name", "word"]]) == 1
    small_letters = small(affix_lengths=(), word_shapes=True).fit(X, y)
    assert [part[:2] for part in small_letters.model_.features] == [["lower", 0], ["shape", 0]]


# ---- word dropout, weights and gradients -------------------------------------------------------


def test_word_dropout_replaces_rare_symbols_more_often() -> None:
    frames = np.array([[1, 1]] * 3 + [[2, 1]], np.int32)
    dropout = WordDropout(0.5, frames, [3, 2])
    x = np.tile(frames, (5000, 1, 1))
    before = x.copy()
    found = dropout(x, np.random.RandomState(0))
    np.testing.assert_array_equal(x, before)
    assert found.dtype == np.int32
    assert set(np.unique(found[..., 0])) == {0, 1, 2}
    assert (found[:, :3, 0] == 0).mean() == pytest.approx(0.5 / 3.5, abs=0.01)
    assert (found[:, 3, 0] == 0).mean() == pytest.approx(0.5 / 1.5, abs=0.02)
    assert (found[..., 1] == 0).mean() == pytest.approx(0.5 / 4.5, abs=0.01)
    # Each feature by itself: that both of a step are replaced is as likely as the product says.
    both = (found[:, :3] == 0).all(axis=-1).mean()
    assert both == pytest.approx(0.5 / 3.5 * 0.5 / 4.5, abs=0.005)


def test_the_unknown_word_is_learned() -> None:
    """Without word dropout its vector stays what was drawn."""
    X, y = drawn("words")
    start = small(max_iter=1, alpha=0, word_dropout=0).fit(X, y)
    plain = small(max_iter=3, alpha=0, word_dropout=0).fit(X, y)
    dropped = small(max_iter=3, alpha=0, word_dropout=30).fit(X, y)
    for f in range(len(start.model_.features)):
        unknown = [getattr(t.embedding_, f"weight_{f}")[0] for t in (start, plain, dropped)]
        np.testing.assert_array_equal(unknown[0], unknown[1])
        assert (unknown[1] != unknown[2]).all()


def test_weights_are_how_often_a_sequence_counts() -> None:
    """In one batch of equally long sequences, twice the weight is the sequence twice."""
    random = np.random.default_rng(0)
    X = random.standard_normal((10, 5, 2))
    y = np.where(X[..., 0] > 0, "up", "down")
    weights = np.array([1, 2] * 5)
    tagger = small(batch_size=99, max_iter=5, dtype="float64")
    one = clone(tagger).fit(X, y, weights)
    two = clone(tagger).fit(np.repeat(X, weights, axis=0), np.repeat(y, weights, axis=0))
    for p, q in zip(one.predict_proba(X), two.predict_proba(X), strict=True):
        np.testing.assert_allclose(p, q, rtol=1e-7)


def test_weight_zero_takes_no_part() -> None:
    X, y = drawn("vectors", n=12)
    one = small(max_iter=3).fit(X, y, [1] * 8 + [0] * 4)
    two = small(max_iter=3).fit(X[:8], y[:8])
    assert one.loss_curve_ == two.loss_curve_
    assert_same(one.predict_proba(X), two.predict_proba(X))


def test_class_weights_are_those_of_steps() -> None:
    """The loss of the first epoch, one batch, is the weighted mean over steps."""
    X, y = drawn("vectors", n=20)
    options: dict[str, Any] = {"batch_size": 99, "max_iter": 1, "alpha": 0, "dtype": "float64"}
    before = small(**options | {"learning_rate_init": 1e-12}).fit(X, y)
    logits = np.concatenate(before.model_.logits(X))
    labels = [label for labels in y for label in labels]
    codes = np.searchsorted(before.classes_, labels)
    counts = np.bincount(codes)
    for class_weight, by_class in [
        ("balanced", len(codes) / (4 * counts)),
        ({"big": 5.0, "small!": 0.0}, np.array([5.0, 1.0, 1.0, 0.0])),
    ]:
        tagger = small(**options, class_weight=class_weight).fit(X, y)
        wanted, _ = cross_entropy(logits, codes, by_class[codes])
        assert tagger.loss_curve_ == [pytest.approx(wanted, rel=1e-6)]


def test_a_class_of_weight_zero_is_never_learned() -> None:
    X, y = drawn("words")
    tagger = small(class_weight={"big!": 0.0}).fit(X, y)
    found = {label for labels in tagger.predict(X) for label in labels}
    assert "big!" not in found


# ---- training goes on ---------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_tagger() -> None:
    X, y = drawn("words")
    states = [small(random_state=s, max_iter=2).fit(X, y).model_.state_dict() for s in (3, 3, 4)]
    assert all(np.array_equal(states[0][n], a) for n, a in states[1].items())
    assert not np.array_equal(
        states[0]["network.rnn.weight_hh_l0"], states[2]["network.rnn.weight_hh_l0"]
    )


@KINDS
def test_warm_start_goes_on(kind: str) -> None:
    X, y = drawn(kind)
    tagger = small(max_iter=2, warm_start=True).fit(X, y)
    before = tagger.score(X, y)
    features = tagger.model_.features
    tagger.set_params(max_iter=20).fit(X[:30], y[:30])
    assert tagger.score(X, y) > max(before, 0.9)
    assert tagger.model_.features == features
    assert len(tagger.loss_curve_) == 22
    with pytest.raises(ValueError, match=r"^y: expected labels among the classes .* 'huge' at seq"):
        tagger.fit(X, [["huge"] * len(labels) for labels in y])
    with pytest.raises(ValueError, match=r"^embedding_size: expected .* goes on from the last fit"):
        tagger.set_params(embedding_size=5).fit(X, y)
    tagger.set_params(embedding_size=8)
    other = "integers" if kind != "integers" else "words"
    with pytest.raises((TypeError, ValueError), match=r"^X[: ]"):
        tagger.fit(*drawn(other))


def test_early_stopping_holds_sequences_out() -> None:
    X, y = drawn("words")
    tagger = small(early_stopping=True, max_iter=6, validation_fraction=0.3).fit(X, y)
    scores = tagger.validation_scores_
    assert scores is not None
    assert tagger.best_validation_score_ == max(scores)
    assert all(0 <= score <= 1 for score in scores)
    with pytest.raises(ValueError, match=r"^validation_fraction: .* holds out 1 of 1"):
        small(early_stopping=True).fit(X[-1:], y[-1:])


def test_labels_held_out_that_fit_does_not_see_are_missed() -> None:
    X, y = drawn("words")
    X_val, y_val = drawn("words", n=20, seed=1)
    y_val[0] = ["huge"] * len(y_val[0])
    tagger = small(early_stopping=True).fit(X, y, X_val=X_val, y_val=y_val)
    assert tagger.classes_.tolist() == ["big", "big!", "small", "small!"]
    assert tagger.best_validation_score_ == tagger.score(X_val, y_val)
    steps = sum(map(len, y_val))
    assert tagger.best_validation_score_ == pytest.approx(1 - len(y_val[0]) / steps, abs=0.02)
    y_val[3] = y_val[3] + ["big"]
    with pytest.raises(ValueError, match=r"^y_val\[3\]: expected 8 labels, one .*, got 9"):
        tagger.fit(X, y, X_val=X_val, y_val=y_val)


def test_a_refit_may_read_other_things() -> None:
    tagger = small(max_iter=1)
    for kind in ("vectors", "words", "integers", "vectors"):
        X, y = drawn(kind)
        tagger.fit(X, y)
        assert tagger.model_.reads == kind
        assert hasattr(tagger, "n_features_in_") == (kind == "vectors")
        assert tagger.predict(X).shape == (60,)


def test_ragged_forms_of_vectors_are_read_as_by_the_classifier() -> None:
    X, y = drawn("vectors")
    frames = [pd.DataFrame(x, columns=["a", "b"]) for x in X]
    tagger = small(standardize=True, max_iter=2).fit(frames, y)
    assert tagger.feature_names_in_.tolist() == ["a", "b"]
    plain = small(standardize=True, max_iter=2).fit(X, y)
    assert_same(tagger.predict_proba(frames), plain.predict_proba(X))
    shifted = [x * [10, 0.1] + [3, 5] for x in X]
    scaled = small(standardize=True, max_iter=2).fit(shifted, y)
    for p, q in zip(scaled.predict_proba(shifted), plain.predict_proba(X), strict=True):
        np.testing.assert_allclose(p, q, rtol=1e-3, atol=1e-5)


# ---- spans --------------------------------------------------------------------------------------


def test_span_f1_is_seqevals() -> None:
    X, y = drawn("words")
    names = {"big": "B-X", "big!": "I-X", "small": "O", "small!": "B-Y"}
    y = [[names[label] for label in labels] for labels in y]
    tagger = small(max_iter=4).fit(X, y)
    wanted = f1_score(y, tagger.predict(X).tolist())
    assert 0.1 < wanted < 1
    assert tagger.span_f1(X, y) == pytest.approx(wanted, abs=1e-12)
    with pytest.raises(ValueError, match=r"^labels: expected labels such as B-PER, .* got 'big"):
        small(max_iter=1).fit(*drawn("words")).span_f1(*drawn("words"))


# ---- scikit-learn -------------------------------------------------------------------------------


@KINDS
def test_cross_validation(kind: str) -> None:
    X, y = drawn(kind)
    scores = cross_val_score(small(), X, y, cv=3, error_score="raise")
    assert scores.shape == (3,)
    assert scores.mean() > 0.9
    found = cross_val_predict(small(), X, y, cv=KFold(3))
    assert found.shape == (60,)
    assert [len(labels) for labels in found] == [len(labels) for labels in y]
    right = [
        a == b for one, two in zip(found, y, strict=True) for a, b in zip(one, two, strict=True)
    ]
    sizes = [sum(len(y[i]) for i in test) for _, test in KFold(3).split(X)]
    assert np.average(scores, weights=sizes) == pytest.approx(np.mean(right), rel=1e-12)


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_grid_search(n_jobs: int | None) -> None:
    X, y = drawn("words")
    grid = {"learning_rate_init": [1e-9, 0.02]}
    search = GridSearchCV(small(), grid, cv=2, error_score="raise", n_jobs=n_jobs).fit(X, y)
    assert search.best_params_ == {"learning_rate_init": 0.02}
    assert search.score(X, y) > 0.95


def test_pipelines() -> None:
    X, y = drawn("words")
    lower = FunctionTransformer(lambda X: [[word.lower() for word in words] for words in X])
    pipeline = make_pipeline(lower, small()).fit(X, y)
    upper = [[word.upper() for word in words] for words in X]
    assert pipeline.predict(upper).tolist() == small().fit(X, y).predict(X).tolist()
    assert pipeline.score(upper, y) > 0.97
    X, y = drawn("vectors")
    scaled = make_pipeline(SequenceScaler(), small()).fit([x * 1000 for x in X], y)
    assert scaled.score([x * 1000 for x in X], y) > 0.97


def test_copies() -> None:
    X, y = drawn("words")
    tagger = small(affix_lengths=(1,), class_weight={"big": 2.0}).fit(X, y)
    assert clone(tagger).get_params() == tagger.get_params()
    assert not hasattr(clone(tagger), "model_")
    twin = pickle.loads(pickle.dumps(tagger))
    assert_same(twin.predict_proba(X), tagger.predict_proba(X))
    assert repr(RNNTagger(hidden_size=8)) == "RNNTagger(hidden_size=8)"
    assert RNNTagger().cell == "gru"
    assert RNNTagger().bidirectional


# ---- mistakes -----------------------------------------------------------------------------------

GOOD = [["the", "cat"], ["a"]]
LABELS = [["D", "N"], ["D"]]


@pytest.mark.parametrize(
    ("X", "y", "kind", "told"),
    [
        (GOOD, None, ValueError, "RNNTagger requires y to be passed"),
        (GOOD, [["D", "N"]], ValueError, "y: expected a list of labels for each .* got 1 for 2"),
        (GOOD, [["D", "N"], ["D", "N"]], ValueError, r"y\[1\]: expected 1 labels, .* got 2"),
        (GOOD, ["DN", "D"], TypeError, r"y\[0\]: .* got 'DN' \(str\); RNNClassifier learns one"),
        (GOOD, [1, 2], TypeError, r"y\[0\]: expected a list of labels, one for each step, got 1"),
        (GOOD, np.array(["D", "N"]), TypeError, r"y\[0\]: expected a list of labels"),
        (GOOD, np.zeros((2, 2, 1)), ValueError, r"y: expected .* got shape \(2, 2, 1\)"),
        (GOOD, "DN", TypeError, "y: expected a list of labels for each sequence, .* got 'DN'"),
        (GOOD, [["D", None], ["D"]], ValueError, "y: .* got None at sequence 0, step 1; leave"),
        (GOOD, [[1, float("nan")], [2]], ValueError, "y: .* got nan at sequence 0, step 1"),
        (GOOD, [["D", 1], ["D"]], ValueError, "y: .* got 'D' and, at sequence 0, step 1, 1; make"),
        (GOOD, [[1, 2], ["D"]], ValueError, "y: .* got 1 and, at sequence 1, step 0, 'D'"),
        (GOOD, [[0.5, 0.25], [0.1]], ValueError, "Unknown label type: continuous"),
        (GOOD, [[["D"], "N"], ["D"]], TypeError, r"y: .* got \['D'\] \(list\) at sequence 0, ste"),
        (GOOD, [["D", "D"], ["D"]], ValueError, "y: expected at least two classes, got 1 class: "),
        ([["the", "cat"], []], [["D", "N"], []], ValueError, r"X\[1\]: expected at least one step"),
        ([["the"], ["a", 3]], [["D"], ["N", "D"]], TypeError, r"X\[1\], step 1: expected a word"),
        (["the", "cat"], ["D", "N"], TypeError, r"X\[0\]: expected a list of steps, got 'the'"),
        ([], [], ValueError, "X: expected at least one sequence, got none"),
        (
            [np.zeros((2, 1)), np.full((1, 1), np.nan)],
            LABELS,
            ValueError,
            "X: expected finite values, got NaN at sequence 1, frame 0, column 0",
        ),
        ([np.zeros((2, 1)), np.zeros((1, 2))], LABELS, ValueError, r"X\[1\]: expected \(T_i, I\)"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told(X: Any, y: Any, kind: Any, told: str) -> None:
    tagger = small()
    with pytest.raises(kind, match=f"^{told}"):
        tagger.fit(X, y)
    assert not hasattr(tagger, "model_")


@pytest.mark.parametrize(
    ("weights", "kind", "told"),
    [
        ([1, -1], ValueError, "Negative values"),
        ([1, 2, 3], ValueError, "sample_weight.shape == "),
        (["a", "b"], TypeError, "sample_weight: expected one number for each of 2 sequences"),
        ([1, 0], ValueError, "y: expected at least two classes among .* a weight above zero"),
        ([0, 0], ValueError, "Sample weights must contain at least one non-zero number"),
    ],
)
def test_weights_that_do_not_fit_are_told(weights: Any, kind: Any, told: str) -> None:
    with pytest.raises(kind, match=f"^{told}"):
        small().fit([["the", "cat"], ["a"]], [["D", "D"], ["N"]], weights)


@pytest.mark.parametrize(
    ("options", "kind", "told"),
    [
        ({"affix_lengths": 3}, TypeError, "affix_lengths: expected a sequence of ints"),
        ({"affix_lengths": "23"}, TypeError, "affix_lengths: expected a sequence of ints"),
        ({"affix_lengths": (2, 0)}, ValueError, r"affix_lengths\[1\]: expected an int greater"),
        ({"embedding_size": 0}, ValueError, "embedding_size: "),
        ({"affix_size": 1.5}, TypeError, "affix_size: "),
        ({"min_count": 0}, ValueError, "min_count: "),
        ({"word_dropout": -1}, ValueError, "word_dropout: "),
        ({"word_dropout": np.inf}, ValueError, "word_dropout: "),
        ({"word_shapes": "yes"}, TypeError, "word_shapes: expected a bool"),
        (
            {"class_weight": "equal"},
            ValueError,
            'class_weight: expected a dict of numbers by label, "',
        ),
        ({"class_weight": {"X": 1}}, ValueError, "class_weight: expected .* got 'X'"),
        (
            {"class_weight": {"D": 0, "N": 0}},
            ValueError,
            "class_weight: expected a class of y with",
        ),
        ({"cell": "GRU"}, ValueError, "cell: "),
    ],
)
def test_parameters_that_make_no_sense_are_told(options: Any, kind: Any, told: str) -> None:
    with pytest.raises(kind, match=f"^{told}"):
        small(**options).fit(GOOD, LABELS)


def test_labels_that_fit_did_not_see_are_missed() -> None:
    tagger = small(max_iter=60).fit(GOOD, LABELS)
    assert tagger.predict(GOOD).tolist() == LABELS
    assert tagger.score(GOOD, [["D", "X"], ["D"]]) == pytest.approx(2 / 3)
    with pytest.raises(ValueError, match=r"^y: expected labels among the classes .* got X, Y"):
        tagger.score(GOOD, [["Y", "X"], ["Y"]])
    with pytest.raises(TypeError, match=r"^y: expected labels among the classes .* got numbers"):
        tagger.score(GOOD, [[0, 1], [0]])
    with pytest.raises(ValueError, match=r"^y\[0\]: expected 2 labels"):
        tagger.score(GOOD, [["D"], ["D"]])
    with pytest.raises(ValueError, match="Sample weights must contain"):
        tagger.score(GOOD, LABELS, [0, 0])


def test_nothing_is_predicted_before_fit() -> None:
    from sklearn.exceptions import NotFittedError

    for method in (small().predict, small().predict_proba):
        with pytest.raises(NotFittedError):
            method(GOOD)
    with pytest.raises(TypeError, match=r"^module: expected a fitted estimator of elman's"):
        elman.save(small(), "nowhere")


def test_after_an_error_the_tagger_is_what_it_was() -> None:
    tagger = small(max_iter=2).fit(GOOD, LABELS)
    before = tagger.predict_proba(GOOD)
    with pytest.raises(ValueError, match="at least two classes"):
        tagger.fit([["x"]], [["D"]])
    assert_same(tagger.predict_proba(GOOD), before)


def test_masked_arrays_are_refused() -> None:
    masked = np.ma.array([1, 99, 2], mask=[0, 1, 0])
    with pytest.raises(ValueError, match=r"X\[0\]: expected an array without masked values"):
        small().fit([masked, [3, 4]], [["a", "b", "a"], ["b", "a"]])
    with pytest.raises(ValueError, match=r"y\[0\]: expected an array without masked values"):
        small().fit([[1, 2, 3], [3, 4]], [masked, [1, 2]])


def test_a_label_that_pandas_misses_is_told() -> None:
    with pytest.raises(ValueError, match="y: expected a label for each step, got <NA> at sequence"):
        small().fit([["a", "b"], ["c"]], [["x", pd.NA], ["y"]])


def test_affix_lengths_of_numpy(tmp_path: Path) -> None:
    words, labels = [["ab", "cd"], ["ef"]], [["x", "y"], ["x"]]
    tagger = small(affix_lengths=np.array([2]), max_iter=1).fit(words, labels)
    tagger.save(tmp_path / "m")
    loaded = RNNTagger.load(tmp_path / "m")
    assert loaded.get_params()["affix_lengths"] == [2]
    assert loaded.predict(words).tolist() == tagger.predict(words).tolist()
