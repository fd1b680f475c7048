"""SequenceScaler against StandardScaler on the frames, for every form of X."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from elman.estimators import SequenceScaler

OPTIONS = [{}, {"with_mean": False}, {"with_std": False}, {"with_mean": False, "with_std": False}]


def ragged(dtype: Any = np.float64) -> list[Any]:
    random = np.random.default_rng(0)
    X = [random.normal(loc=[5, -3, 0], scale=[2, 0.1, 1], size=(T, 3)) for T in (4, 1, 7)]
    for sequence in X:
        sequence[:, 2] = 8  # has no variance
    return [sequence.astype(dtype) for sequence in X]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("options", OPTIONS)
def test_a_list_is_scaled_as_its_frames(options: dict[str, Any], dtype: Any) -> None:
    X = ragged(dtype)
    frames = np.concatenate(X)
    scaler, theirs = SequenceScaler(**options), StandardScaler(**options)
    scaled = scaler.fit_transform(X)
    expected = theirs.fit_transform(frames)
    assert isinstance(scaled, list)
    assert [x.shape for x in scaled] == [x.shape for x in X]
    np.testing.assert_array_equal(np.concatenate(scaled), expected, strict=True)
    for name in ("mean_", "var_", "scale_"):
        ours, wanted = getattr(scaler, name), getattr(theirs, name)
        assert (ours is None) == (wanted is None)
        np.testing.assert_array_equal(ours, wanted)
    assert scaler.n_samples_seen_ == 12
    assert scaler.n_features_in_ == 3
    for back, x in zip(scaler.inverse_transform(scaled), X, strict=True):
        np.testing.assert_allclose(back, x, rtol=1e-5 if dtype == np.float32 else 1e-12, atol=1e-12)
        assert back.dtype == dtype


def test_scaled_frames_have_mean_0_and_variance_1_and_constants_become_0() -> None:
    scaler = SequenceScaler()
    frames = np.concatenate(scaler.fit_transform(ragged()))
    np.testing.assert_allclose(frames.mean(axis=0), 0, atol=1e-14)
    np.testing.assert_allclose(frames.std(axis=0), [1, 1, 0], rtol=1e-12)
    assert scaler.scale_ is not None
    assert scaler.scale_[2] == 1


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(5, 4, 3), (5, 4)])
def test_an_array_stays_an_array(shape: tuple[int, ...], dtype: Any) -> None:
    X = np.random.default_rng(0).normal(3, 2, shape).astype(dtype)
    columns = X.reshape(-1, 3 if X.ndim == 3 else 1)
    scaler = SequenceScaler().fit(X)
    expected = StandardScaler().fit_transform(columns).reshape(shape)
    np.testing.assert_array_equal(scaler.transform(X), expected, strict=True)
    assert scaler.mean_ is not None
    assert scaler.mean_.shape == columns.shape[1:]
    np.testing.assert_allclose(scaler.inverse_transform(expected), X, rtol=1e-5)
    assert scaler.n_features_in_ == shape[-1]


def test_other_forms_come_back_as_they_are() -> None:
    scaler = SequenceScaler().fit(np.arange(6.0).reshape(2, 3))
    ragged_columns = [np.array([0.0, 5.0]), np.array([1.0])]
    scaled = scaler.transform(ragged_columns)
    assert [x.shape for x in scaled] == [(2,), (1,)]
    np.testing.assert_allclose(scaled[0], (ragged_columns[0] - 2.5) / np.arange(6).std())

    for equal in (True, False):
        array = np.empty(2, dtype=object)
        for i in range(2):
            array[i] = np.ones((3 if equal else 2 + i, 1))
        came_back = scaler.transform(array)
        assert (came_back.dtype, came_back.shape) == (object, (2,))
        assert [x.shape for x in came_back] == [x.shape for x in array]


def test_partial_fit_in_parts_is_fit() -> None:
    X = ragged()
    whole, parts = SequenceScaler().fit(X), SequenceScaler()
    assert parts.partial_fit(X[:1]) is parts
    parts.partial_fit(X[1:]).partial_fit([np.zeros((0, 3))])
    for name in ("mean_", "var_", "scale_"):
        np.testing.assert_allclose(getattr(parts, name), getattr(whole, name), rtol=1e-12)
    assert parts.n_samples_seen_ == whole.n_samples_seen_ == 12
    with pytest.raises(ValueError, match="X has 2 features, but SequenceScaler is expecting 3"):
        parts.partial_fit([np.zeros((1, 2))])
    # fit forgets what was seen.
    np.testing.assert_array_equal(parts.fit(X[:1]).mean_, SequenceScaler().fit(X[:1]).mean_)


def test_x_is_left_as_it_is_unless_copy_is_false() -> None:
    for make in (lambda: ragged(), lambda: np.stack([ragged()[0]] * 2), lambda: ragged()[0]):
        X, before = make(), make()
        scaler = SequenceScaler().fit(X)
        scaler.inverse_transform(scaler.transform(X))
        for x, x_before in zip(X, before, strict=True):
            np.testing.assert_array_equal(x, x_before)
    X = np.stack([ragged()[0]] * 2)
    expected = SequenceScaler().fit_transform(X)
    scaler = SequenceScaler(copy=False).fit(X)
    assert np.shares_memory(scaler.transform(X), X)
    np.testing.assert_array_equal(X, expected)


def test_names_of_columns_come_out() -> None:
    scaler = SequenceScaler().fit(ragged())
    assert scaler.get_feature_names_out().tolist() == ["x0", "x1", "x2"]
    assert scaler.get_feature_names_out(["a", "b", "c"]).tolist() == ["a", "b", "c"]
    frame = pd.DataFrame(np.eye(3), columns=["p", "q", "r"])
    scaled = SequenceScaler().set_output(transform="pandas").fit_transform(frame)
    assert scaled.columns.tolist() == ["p", "q", "r"]


@pytest.mark.parametrize("container", ["pandas", "default"])
def test_lists_and_arrays_of_three_axes_are_never_made_a_data_frame(container: str) -> None:
    """Whatever set_output or the configuration asks for, alone and in a pipeline."""
    three = np.stack([ragged()[0]] * 2)
    many = np.empty(3, dtype=object)
    many[:] = ragged()
    with config_context(transform_output=container):
        for X in (ragged(), three, many, [x[:, 0] for x in ragged()]):
            for scaler in (
                SequenceScaler(),
                SequenceScaler().set_output(transform=container),
                make_pipeline(SequenceScaler(), SequenceScaler()),
            ):
                expected = StandardScaler().set_output(transform="default").fit_transform(
                    np.concatenate([x.reshape(len(x), -1) for x in X])
                )  # fmt: skip
                for scaled in (scaler.fit_transform(X), scaler.fit(X).transform(X)):
                    assert type(scaled) is type(X)
                    assert [type(x) for x in scaled] == [np.ndarray] * len(X)
                    assert [x.shape for x in scaled] == [x.shape for x in X]
                    frames = np.concatenate([x.reshape(len(x), -1) for x in scaled])
                    np.testing.assert_allclose(frames, expected, rtol=1e-12, atol=1e-14)


def test_data_frames_come_back_as_data_frames() -> None:
    days = pd.date_range("2025-01-01", periods=5)
    X = [
        pd.DataFrame({"a": [1.0, 2, 6], "b": [0.0, 1, 0]}, index=days[:3]),
        pd.DataFrame({"a": [3.0, 5], "b": [1.0, 1]}, index=days[3:]),
    ]
    scaler = SequenceScaler().fit(X)
    found = scaler.transform(X)
    whole = pd.concat(X)
    expected = (whole - whole.mean()) / whole.std(ddof=0)
    for part, frame in zip(found, (expected[:3], expected[3:]), strict=True):
        pd.testing.assert_frame_equal(part, frame, check_freq=False)
    for part, frame in zip(scaler.inverse_transform(found), X, strict=True):
        pd.testing.assert_frame_equal(part, frame)


def test_tables_are_made_a_data_frame() -> None:
    X = np.arange(12.0).reshape(3, 4) ** 2
    expected = SequenceScaler().fit_transform(X)
    for frame in (X, pd.DataFrame(X, columns=list("pqrs"), index=[7, 8, 9]), X.tolist()):
        names = list("pqrs") if isinstance(frame, pd.DataFrame) else ["x0", "x1", "x2", "x3"]
        with config_context(transform_output="pandas"):
            for scaler in (SequenceScaler(), make_pipeline(SequenceScaler())):
                for scaled in (scaler.fit_transform(frame), scaler.fit(frame).transform(frame)):
                    assert scaled.columns.tolist() == names
                    np.testing.assert_array_equal(scaled, expected)
                    index = frame.index if isinstance(frame, pd.DataFrame) else range(3)
                    assert scaled.index.tolist() == list(index)
    # A scaler of one column has no names for T steps.
    scaler = SequenceScaler().set_output(transform="pandas").fit([X[0], X[1, :2]])
    assert isinstance(scaler.transform(X), np.ndarray)


def test_before_fit_nothing_is_looked_at() -> None:
    for use in ("transform", "inverse_transform", "get_feature_names_out"):
        with pytest.raises(NotFittedError):
            getattr(SequenceScaler(), use)("no sequences at all")
    with pytest.raises(NotFittedError):
        clone(SequenceScaler().fit(ragged())).transform(ragged())
