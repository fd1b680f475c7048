"""Data frames and what else is a table: names of columns, and tables that are no sequences."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline

from elman.data import from_channels_first, from_frame
from elman.estimators import RNNClassifier, SequenceScaler

RANDOM = np.random.default_rng(0)
LONG = "what may be a long table, with a row for each step: "


def frames(X: Any, columns: Any = ("a", "b")) -> list[Any]:
    return [pd.DataFrame(x, columns=list(columns)) for x in X]


def use(estimator: Any, X: Any) -> Any:
    return getattr(estimator, "transform", getattr(estimator, "predict_proba", None))(X)


@pytest.fixture(params=["RNNClassifier", "SequenceScaler"])
def estimator(request: Any, fast: Any) -> Any:
    return fast(max_iter=1) if request.param == "RNNClassifier" else SequenceScaler()


# Names of columns


def test_a_list_of_frames_has_its_names_kept_and_held(estimator: Any, draw: Any) -> None:
    X, y, X_test, _ = draw()
    estimator.fit(frames(X), y)
    assert estimator.feature_names_in_.tolist() == ["a", "b"]
    assert estimator.n_features_in_ == 2
    expected = use(estimator.fit(X, y), X_test)
    assert not hasattr(estimator, "feature_names_in_")
    got = use(estimator.fit(frames(X), y), frames(X_test))
    for one, other in zip(got, expected, strict=True):
        np.testing.assert_array_equal(one, other)

    turned = [frame[["b", "a"]] for frame in frames(X_test)]
    with pytest.raises(ValueError, match="must be in the same order"):
        use(estimator, turned)
    with pytest.raises(ValueError, match=r"feature names should match[\s\S]*unseen at fit[\s\S]*c"):
        use(estimator, frames(X_test, "ac"))
    with pytest.raises(ValueError, match="feature names should match"):
        use(estimator, frames([np.zeros((3, 3))], "abc"))
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        use(estimator, X_test)


def test_names_are_held_when_a_fit_goes_on(draw: Any, fast: Any) -> None:
    X, y, _, _ = draw()
    model = fast(warm_start=True, max_iter=1).fit(frames(X), y)
    with pytest.raises(ValueError, match="must be in the same order"):
        model.fit([frame[["b", "a"]] for frame in frames(X)], y)
    scaler = SequenceScaler().partial_fit(frames(X))
    with pytest.raises(ValueError, match="must be in the same order"):
        scaler.partial_fit([frame[["b", "a"]] for frame in frames(X)])


def test_an_array_of_frames_and_columns_without_names(estimator: Any, draw: Any) -> None:
    X, y, X_test, _ = draw()
    one_by_one = np.empty(len(X), dtype=object)
    for i, frame in enumerate(frames(X)):
        one_by_one[i] = frame
    assert estimator.fit(one_by_one, y).feature_names_in_.tolist() == ["a", "b"]
    estimator.fit(frames(X, (0, 1)), y)
    assert not hasattr(estimator, "feature_names_in_")
    use(estimator, X_test)
    with pytest.raises(TypeError, match="names are only supported if all input features have str"):
        estimator.fit(frames(X, ("a", 1)), y)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda f: f[["b", "a"]], r"the columns \['a', 'b'\], as X\[0\], got \['b', 'a'\]; bring"),
        (lambda f: f.rename(columns={"b": "c"}), r"as X\[0\], got \['a', 'c'\]"),
        (lambda f: f[["a"]], r"as X\[0\], got \['a'\]"),
        (lambda f: f.to_numpy(), r"DataFrame, as X\[0\], got ndarray; make all data fr"),
        (lambda f: f.assign(b="x"), r"columns of numbers, got column 'b', of .*'x'; drop it, or,"),
    ],
)
@pytest.mark.parametrize("fitted", [False, True])
def test_frames_of_a_list_agree(
    estimator: Any, draw: Any, change: Any, told: str, fitted: bool
) -> None:
    X, y, _, _ = draw()
    given = frames(X)
    if fitted:
        estimator.fit(given, y)
    given[3] = change(given[3])
    with pytest.raises(ValueError, match=rf"^X\[3\]: expected .*{told}"):
        use(estimator, given) if fitted else estimator.fit(given, y)


def test_a_frame_after_arrays_is_told(estimator: Any, draw: Any) -> None:
    X, y, _, _ = draw()
    with pytest.raises(ValueError, match=r"^X\[1\]: expected ndarray, as X\[0\], got DataFrame"):
        estimator.fit([X[0], *frames(X[1:])], y)


def test_a_pipeline_holds_names_of_frames(draw: Any, fast: Any) -> None:
    X, y, X_test, y_test = draw()
    pipeline = make_pipeline(SequenceScaler(), fast()).fit(frames(X), y)
    assert pipeline.score(frames(X_test), y_test) > 0.95
    with pytest.raises(ValueError, match="must be in the same order"):
        pipeline.predict([frame[["b", "a"]] for frame in frames(X_test)])


# What is no sequences


@pytest.mark.parametrize(
    ("X", "told"),
    [
        (None, "None"),
        ("sequences.csv", r"'sequences.csv' \(str\)"),
        (3.5, r"3.5 \(float\)"),
        ({"a": np.zeros((3, 2))}, r"dict; pass its sequences, list\(X.values\(\)\)"),
        (iter([np.zeros((3, 2))]), r"list_iterator; pass list\(X\)"),
        ((x for x in [np.zeros((3, 2))]), r"generator; pass list\(X\)"),
        (
            pd.DataFrame({"who": [1, 1, 2], "u": [0.0, 1, 2]}).groupby("who"),
            r"DataFrameGroupBy; pass elman.data.from_frame\(frame, id=..., time=...\).X, of the fr",
        ),
    ],
)
def test_what_is_no_sequences_at_all_is_told(estimator: Any, X: Any, told: str) -> None:
    with pytest.raises(TypeError, match=rf"^X: expected an array \(n, T, I\) .*, got {told}"):
        estimator.fit(X, [0, 1])


def test_channels_before_time_are_told(estimator: Any) -> None:
    told = r"; if time is the last axis, elman\.data\.from_channels_first\(X\) turns the axes"
    X, y = RANDOM.normal(size=(4, 7, 2)), [0, 1, 0, 1]
    estimator.fit(X, y)
    with pytest.raises(ValueError, match=f"X has 7 features, but .* is expecting 2 .*{told}"):
        use(estimator, X.transpose(0, 2, 1))
    ragged = [x[:T] for x, T in zip(X, (3, 5, 7, 2), strict=True)]
    turned = [x.T for x in ragged]
    for call in (lambda: estimator.fit(turned, y), lambda: use(estimator, turned)):
        with pytest.raises(ValueError, match=rf"^X\[1\]: .* got shape \(2, 5\){told}"):
            call()
    estimator.fit(from_channels_first(turned), y)
    assert estimator.n_features_in_ == 2


def test_a_sequence_that_is_no_array_is_told(estimator: Any) -> None:
    told = r"^X\[1\]: expected an array \(T_i, I\) or \(T_i,\), got a list of 2 that differ in len"
    with pytest.raises(ValueError, match=told):
        estimator.fit([np.zeros((3, 2)), [[1.0, 2.0], [3.0]]], [0, 1])


@pytest.mark.parametrize("shape", [(4, 3, 2), (4, 6)])
def test_masked_values_are_refused(estimator: Any, shape: tuple[int, ...]) -> None:
    y = [0, 1, 0, 1]
    X = np.ma.MaskedArray(RANDOM.normal(size=shape), mask=False)
    estimator.fit(X, y)
    X[1, 2] = np.ma.masked
    told = r"X: expected an array without masked values, .*; fill them, as in X\.filled\(0\), or"
    for call in (lambda: estimator.fit(X, y), lambda: use(estimator, X)):
        with pytest.raises(ValueError, match=told):
            call()
    estimator.fit(list(np.zeros((4, 3, 2)) + np.arange(4)[:, None, None]), y)
    with pytest.raises(ValueError, match=r"^X\[1\]: expected an array without masked values"):
        use(estimator, [np.zeros((2, 2)), np.ma.masked_equal(np.eye(2), 0)])


# Long tables


def long_table(n: int = 12, T: int = 10) -> pd.DataFrame:
    return pd.DataFrame({
        "patient_id": np.repeat(np.arange(n), T),
        "day": np.tile(np.arange(T), n),
        "pulse": RANDOM.normal(size=n * T),
        "sugar": RANDOM.normal(size=n * T),
    })  # fmt: skip


@pytest.mark.parametrize(
    ("X", "told"),
    [
        (
            long_table(),
            "column 'patient_id' looks like an id; if so, make sequences of it with elm",
        ),
        (long_table().drop(columns="patient_id"), "column 0 counts upwards"),
        (long_table().to_numpy(), "column 1 counts upwards"),
        (long_table()[["pulse", "sugar"]], "sequences of 2 steps are very short"),
        (RANDOM.normal(size=(100, 3)), "sequences of 3 steps are very short"),
        (RANDOM.normal(size=(100, 1)), "sequences of 1 steps are very short"),
        (pd.DataFrame({"ds": [0, 1, 2, 3], "y": [3.0, 1, 4, 1]}), "column 'ds' looks like a time"),
        (
            pd.DataFrame(RANDOM.normal(size=(4, 3)), columns=["ID", "u", "v"]),
            "column 'ID' looks like an ",
        ),
        (
            pd.DataFrame(RANDOM.normal(size=(4, 2)), columns=["userId", "u"]),
            "column 'userId' looks",
        ),
        (
            pd.DataFrame(RANDOM.normal(size=(4, 2)), columns=["u", "time_step"]),
            "column 'time_step'",
        ),
        (
            pd.DataFrame(RANDOM.normal(size=(4, 2)), columns=["u", "Timestamp"]),
            "column 'Timestamp'",
        ),
    ],
)
def test_a_long_table_is_warned_of(estimator: Any, X: Any, told: str) -> None:
    with pytest.warns(UserWarning, match=f"^X: expected .* {LONG}{told}") as seen:
        estimator.fit(X, np.arange(len(X)) % 2)
    assert len(seen) == 1
    assert seen[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        use(estimator, X)


@pytest.mark.parametrize(
    "X",
    [
        RANDOM.normal(size=(99, 3)),
        RANDOM.normal(size=(500, 4)),
        RANDOM.normal(size=(30, 100)).cumsum(axis=1),
        np.lib.stride_tricks.sliding_window_view(np.arange(100.0), 5).copy(),
        np.sort(RANDOM.normal(size=(200, 6)), axis=0),
        np.repeat(np.arange(4.0), 25)[:, None] + np.zeros(8),
        np.tile(np.arange(8.0), (50, 1)),
        RANDOM.integers(0, 3, (300, 12)),
        pd.DataFrame(RANDOM.normal(size=(50, 6)), columns=[f"t{t}" for t in range(6)]),
        pd.DataFrame(RANDOM.normal(size=(50, 4)), columns=["2024-01", "2024-02", "2024-03", "mid"]),
        pd.DataFrame(RANDOM.normal(size=(50, 4)), columns=["paid", "valid", "steps", "uptime"]),
        pd.DataFrame(RANDOM.normal(size=(50, 4))),
    ],
)
def test_sequences_of_one_column_are_not_warned_of(estimator: Any, X: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        estimator.fit(X, np.arange(len(X)) % 2)


def test_the_helper_it_names_makes_sequences(draw: Any, fast: Any) -> None:
    X, y, X_test, y_test = draw()
    table = pd.concat([
        pd.DataFrame({"who": i, "t": range(len(x)), "u": x[:, 0], "v": x[:, 1], "label": label})
        for i, (x, label) in enumerate(zip(X, y, strict=True))
    ])  # fmt: skip
    data = from_frame(table.sample(frac=1, random_state=0), id="who", time="t", target="label")
    assert fast().fit(data.X, data.y).score(X_test, y_test) > 0.95


def test_labels_of_sequences_for_a_long_table_are_told(fast: Any) -> None:
    table = long_table()
    with (
        pytest.warns(UserWarning, match=LONG),
        pytest.raises(ValueError, match=r"^y: expected 120 labels, .* elman\.data\.from_frame"),
    ):
        fast().fit(table, np.arange(12) % 2)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"patient_id": "p1"}, "column 'patient_id', of .*'p1'; drop it, or, if it is an id"),
        ({"day": pd.Timestamp("2024-01-01")}, "column 'day', of datetime64"),
    ],
)
def test_columns_that_are_no_numbers_are_told(
    estimator: Any, change: dict[str, Any], told: str
) -> None:
    with pytest.raises(ValueError, match=f"^X: expected columns of numbers, got {told}"):
        estimator.fit(long_table().assign(**change), np.arange(120) % 2)


def test_ids_in_a_list_of_frames_are_warned_of(estimator: Any) -> None:
    parts = [part for _, part in long_table().groupby("patient_id")]
    told = r"^X: expected columns that change with time, got column 'patient_id', which numbers"
    with pytest.warns(UserWarning, match=told) as seen:
        estimator.fit(parts, np.arange(12) % 2)
    assert seen[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        estimator.fit([part.drop(columns="patient_id") for part in parts], np.arange(12) % 2)
        # Such a column may be what a sequence is about, too.
        estimator.fit([part.assign(patient_id=i % 3) for i, part in enumerate(parts)],
                      np.arange(12) % 2)  # fmt: skip
        estimator.fit([part.rename(columns={"patient_id": "age"}) for part in parts],
                      np.arange(12) % 2)  # fmt: skip


def test_a_pipeline_warns_of_the_callers_line() -> None:
    model = make_pipeline(SequenceScaler(), RNNClassifier(max_iter=1, n_iter_no_change=np.inf))
    with pytest.warns(UserWarning, match=LONG) as seen:
        model.fit(long_table(), np.arange(120) % 2)
    assert {warning.filename for warning in seen} == {__file__}
