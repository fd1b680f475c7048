"""Predictions on a cluster of two processes: the same bits, whatever happens to a worker."""

from __future__ import annotations

import os
import resource
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dask.array as da
import dask.bag as db
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
from dask.delayed import delayed
from distributed import Client, LocalCluster, wait
from joblib import parallel_config
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

import elman
from elman import nn
from elman.estimators import (
    RNNClassifier,
    RNNForecaster,
    RNNLanguageModel,
    RNNRegressor,
    RNNTagger,
    SequenceScaler,
)

pytestmark = [
    pytest.mark.filterwarnings("ignore:max_iter=.* epochs are over"),
    pytest.mark.filterwarnings("ignore::ResourceWarning:distributed"),
]


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster,
        Client(cluster) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def X() -> Any:
    return np.random.default_rng(0).normal(size=(700, 9, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def classifier(X: Any) -> RNNClassifier:
    y = np.array(["left", "middle", "right"])[X[:, -1].argmax(axis=1)]
    return RNNClassifier(hidden_size=8, max_iter=2, random_state=0).fit(X[:200], y[:200])


def table(X: Any, seed: int = 0) -> pd.DataFrame:
    """Return X as a long table of shuffled rows."""
    n, T, I = X.shape
    rows = pd.DataFrame(X.reshape(-1, I), columns=[f"x{i}" for i in range(I)])
    rows["key"] = np.repeat([f"s{i:03}" for i in range(n)], T)
    rows["step"] = np.tile(np.arange(T), n)
    return rows.sample(frac=1, random_state=seed)


# ---- the same bits as in one process ------------------------------------------------------------


@pytest.mark.parametrize("method", ["predict", "predict_proba", "predict_log_proba"])
def test_a_bag(client: Client, X: Any, classifier: RNNClassifier, method: str) -> None:
    ragged = [x[: 1 + i % 9] for i, x in enumerate(X)]
    found = elman.distributed.predict(
        classifier, db.from_sequence(ragged, npartitions=2), method=method
    )
    np.testing.assert_array_equal(found.compute(), getattr(classifier, method)(ragged))


def test_a_bag_of_answers_for_every_step(client: Client, X: Any, classifier: RNNClassifier) -> None:
    bag = db.from_sequence(list(X[:20]), npartitions=3)
    found = elman.distributed.predict(classifier, bag, method="predict_steps").compute()
    for one, other in zip(found, classifier.predict_steps(X[:20]), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_bag_with_empty_parts(client: Client, X: Any, classifier: RNNClassifier) -> None:
    bag = db.from_sequence(list(enumerate(X[:40])), npartitions=4)
    some = bag.filter(lambda item: item[0] >= 20).map(lambda item: item[1])
    found = elman.distributed.predict(classifier, some).compute()
    assert found == classifier.predict(X[20:40]).tolist()


@pytest.mark.parametrize("method", ["predict", "predict_proba"])
@pytest.mark.parametrize("n_axes", [2, 3])
def test_an_array(
    client: Client, X: Any, classifier: RNNClassifier, method: str, n_axes: int
) -> None:
    if n_axes == 2:
        X = X[:, :, 0]
        y = np.array(["down", "up"])[(X[:, -1] > 0).astype(int)]
        classifier = RNNClassifier(hidden_size=4, max_iter=2, random_state=0).fit(X, y)
    cut = da.from_array(X, chunks=(300, *X.shape[1:]))
    found = elman.distributed.predict(classifier, cut, method=method)
    wanted = getattr(classifier, method)(X)
    assert (found.shape, found.dtype) == (wanted.shape, wanted.dtype)
    np.testing.assert_array_equal(found.compute(), wanted, strict=True)


def test_an_array_of_unknown_length(client: Client, X: Any, classifier: RNNClassifier) -> None:
    cut = da.from_array(X, chunks=(100, -1, -1))
    found = elman.distributed.predict(classifier, cut[cut[:, 0, 0] > 0]).compute()
    np.testing.assert_array_equal(found, classifier.predict(X[X[:, 0, 0] > 0]))


def test_an_array_with_empty_chunks(client: Client, X: Any, classifier: RNNClassifier) -> None:
    cut = da.from_array(X, chunks=(100, -1, -1))
    some = cut[da.arange(700, chunks=100) >= 650]
    for method in ("predict", "predict_proba"):
        found = elman.distributed.predict(classifier, some, method=method).compute()
        np.testing.assert_array_equal(found, getattr(classifier, method)(X[650:]), strict=True)


def test_a_pipeline(client: Client, X: Any) -> None:
    y = X[:, -1, 0] > 0
    pipeline = make_pipeline(SequenceScaler(), RNNClassifier(max_iter=2, random_state=0))
    pipeline.fit(X[:100], y[:100])
    cut = da.from_array(X, chunks=(300, -1, -1))
    found = elman.distributed.predict(pipeline, cut).compute()
    np.testing.assert_array_equal(found, pipeline.predict(X))


def test_several_numbers_of_a_regressor(client: Client, X: Any) -> None:
    regressor = RNNRegressor(hidden_size=4, max_iter=2, random_state=0).fit(X, X[:, -1, :2])
    cut = da.from_array(X, chunks=(256, -1, -1))
    found = elman.distributed.predict(regressor, cut)
    assert found.shape == (700, 2)
    np.testing.assert_array_equal(found.compute(), regressor.predict(X), strict=True)
    frame = dd.from_pandas(table(X), npartitions=3).set_index("key")
    rows = elman.distributed.predict(regressor, frame, time="step").compute()
    assert rows.columns.tolist() == ["0", "1"]
    np.testing.assert_array_equal(rows, regressor.predict(X))


def test_words_of_a_tagger(client: Client) -> None:
    sentences = [["dogs", "chase", "cats"], ["cats", "sleep"], ["dogs", "sleep"]] * 20
    labels = [["N", "V", "N"], ["N", "V"], ["N", "V"]] * 20
    tagger = RNNTagger(hidden_size=4, max_iter=3, random_state=0).fit(sentences, labels)
    found = elman.distributed.predict(tagger, db.from_sequence(sentences, npartitions=4))
    assert found.compute() == tagger.predict(sentences).tolist()


def test_a_network(client: Client, X: Any) -> None:
    network = nn.Network(nn.LSTM(3, 5, batch_first=True), nn.Linear(5, 4)).eval()
    cut = da.from_array(X, chunks=(500, -1, -1))
    found = elman.distributed.predict(network, cut).compute()
    np.testing.assert_array_equal(found, network.predict(X), strict=True)


def test_a_file(client: Client, X: Any, classifier: RNNClassifier, tmp_path: Path) -> None:
    """The file is read at once: workers never see it."""
    path = tmp_path / "model.safetensors"
    classifier.save(path)
    found = elman.distributed.predict(path, da.from_array(X, chunks=(350, -1, -1)))
    path.unlink()
    np.testing.assert_array_equal(found.compute(), classifier.predict(X))


# ---- tables ------------------------------------------------------------------------------------


def test_a_table(client: Client, X: Any, classifier: RNNClassifier) -> None:
    frame = dd.from_pandas(table(X), npartitions=5).set_index("key")
    found = elman.distributed.predict(classifier, frame, time="step")
    assert found.divisions == frame.divisions
    got = found.compute()
    wanted = pd.Series(classifier.predict(X), name="predict")
    wanted.index = pd.Index([f"s{i:03}" for i in range(700)], name="key", dtype=got.index.dtype)
    pd.testing.assert_series_equal(got, wanted.astype(got.dtype))
    p = elman.distributed.predict(classifier, frame, time="step", method="predict_proba")
    assert p.columns.tolist() == ["left", "middle", "right"]
    np.testing.assert_array_equal(p.compute(), classifier.predict_proba(X), strict=False)


def test_a_table_with_parts_that_hold_nothing(
    client: Client, X: Any, classifier: RNNClassifier
) -> None:
    frame = dd.from_pandas(table(X[:50]), npartitions=5).set_index("key")
    few = frame[frame.x0 > 10]
    found = elman.distributed.predict(classifier, few, time="step").compute()
    assert (len(found), found.name) == (0, "predict")


@pytest.mark.parametrize("kind", ["int64", "category", "datetime64[ns]"])
def test_ids_of_any_kind(client: Client, X: Any, classifier: RNNClassifier, kind: str) -> None:
    rows = table(X[:50]).sort_values("key")
    rows["key"] = rows.key.str[1:].astype(int) if kind != "category" else rows.key
    frame = dd.from_pandas(rows.astype({"key": kind}).set_index("key"), npartitions=1)
    found = elman.distributed.predict(classifier, frame, time="step")
    assert found.compute().index.dtype == frame.index.dtype == found.index.dtype
    np.testing.assert_array_equal(found.compute(), classifier.predict(X[:50]))


def test_columns_are_found_by_their_names(client: Client, X: Any) -> None:
    rows = table(X[:60]).sort_values(["key", "step"])
    names = ["x0", "x1", "x2"]
    parts = [part[names] for _, part in rows.groupby("key")]
    y = X[:60, -1, 0]
    regressor = RNNRegressor(hidden_size=4, max_iter=2, random_state=0).fit(parts, y)
    shuffled = rows[["x2", "key", "x0", "step", "x1"]].assign(other=1.0)
    frame = dd.from_pandas(shuffled, npartitions=2).set_index("key")
    found = elman.distributed.predict(regressor, frame, time="step").compute()
    np.testing.assert_array_equal(found, regressor.predict(parts))
    with pytest.raises(KeyError, match="x2"):
        elman.distributed.predict(regressor, frame.drop(columns="x2"), time="step")


def test_a_pipelines_columns_are_found_by_their_names(client: Client, X: Any) -> None:
    rows = table(X[:60]).sort_values(["key", "step"])
    parts = [part[["x0", "x1", "x2"]] for _, part in rows.groupby("key")]
    y = X[:60, -1, 0] > 0
    pipeline = make_pipeline(SequenceScaler(), RNNClassifier(max_iter=2, random_state=0))
    pipeline.fit(parts, y)
    frame = dd.from_pandas(rows[["x2", "key", "x0", "step", "x1"]], npartitions=2).set_index("key")
    for model in (pipeline, GridSearchCV(pipeline, {}, cv=2).fit(parts, y)):
        found = elman.distributed.predict(model, frame, time="step", method="predict_proba")
        np.testing.assert_array_equal(found.compute(), pipeline.predict_proba(parts))


def series(freq: str = "W-SUN") -> pd.DataFrame:
    rng = np.random.default_rng(1)
    dates = pd.date_range("2020-01-05", periods=40, freq=freq)
    return pd.DataFrame(
        {
            "unique_id": np.repeat(list("abcdef"), 40),
            "ds": np.tile(dates, 6),
            "y": 100 + rng.normal(size=240).cumsum(),
        }
    )


def test_a_forecaster(client: Client, tmp_path: Path) -> None:
    rows = series()
    known = rows[rows.unique_id < "d"]
    forecaster = RNNForecaster(h=4, max_iter=2, hidden_size=4, random_state=0).fit(known)
    path = tmp_path / "forecaster.safetensors"
    forecaster.save(path)
    frame = dd.from_pandas(rows, npartitions=4).set_index("unique_id")
    for model in (forecaster, path):
        found = elman.distributed.predict(model, frame, level=[80]).compute()
        pd.testing.assert_frame_equal(found.reset_index(), forecaster.predict(rows, level=[80]))


def test_a_bag_of_series(client: Client) -> None:
    lists = [part.y.to_numpy() for _, part in series().groupby("unique_id")]
    forecaster = RNNForecaster(h=4, max_iter=2, hidden_size=4, random_state=0).fit(lists)
    bag = db.from_sequence(lists, npartitions=2)
    wanted = forecaster.predict(lists)
    found = elman.distributed.predict(forecaster, bag)
    np.testing.assert_array_equal(found.compute(), wanted)


# ---- a worker that dies --------------------------------------------------------------------------


def test_a_killed_workers_part_is_done_again(
    client: Client, X: Any, classifier: RNNClassifier, tmp_path: Path
) -> None:
    def part(number: int) -> list[Any]:
        time.sleep(0.2)
        (tmp_path / f"{number}-{os.getpid()}").touch()
        return list(X[number * 35 : number * 35 + 35])

    bag = db.from_delayed([delayed(part)(i) for i in range(20)])
    found = client.compute(elman.distributed.predict(classifier, bag, method="predict_proba"))
    deadline = time.monotonic() + 60
    while len(done := list(tmp_path.iterdir())) < 6:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    victim = int(done[0].name.partition("-")[2])
    os.kill(victim, signal.SIGKILL)
    np.testing.assert_array_equal(found.result(timeout=60), classifier.predict_proba(X))
    read = [name.name.partition("-") for name in tmp_path.iterdir()]
    assert {int(number) for number, _, _ in read} == set(range(20))
    again = len(read) - 20
    assert again >= 1  # what the dead worker had found was lost, and is found again
    client.wait_for_workers(2, timeout=60)
    assert str(victim) not in {str(pid) for pid in client.run(os.getpid).values()}


@pytest.mark.slow
def test_what_is_larger_than_memory(X: Any, classifier: RNNClassifier) -> None:
    """4 GB are read and scored by a worker that takes less than a tenth of it."""
    chunk, count = 50_000, 80

    def made(block_info: Any = None) -> Any:
        (number, *_) = block_info[None]["chunk-location"]
        rng = np.random.default_rng(number)
        return rng.normal(size=(chunk, 90, 3)).astype(np.float32)

    def peak_memory() -> int:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

    shape = ((chunk,) * count, (90,), (3,))
    large = da.map_blocks(
        made, chunks=shape, dtype=np.float32, meta=np.zeros((0, 0, 0), np.float32)
    )
    assert large.nbytes == pytest.approx(4.3e9, rel=0.01)
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0", memory_limit="1GiB"
        ) as cluster,
        Client(cluster) as client,
    ):
        start = client.run(peak_memory)
        found = elman.distributed.predict(classifier, large).compute()
        grown = [peak - start[worker] for worker, peak in client.run(peak_memory).items()]
    assert len(grown) == 2
    assert max(grown) < 0.43e9
    wanted = classifier.predict(made(block_info={None: {"chunk-location": (7, 0, 0)}}))
    np.testing.assert_array_equal(found[7 * chunk : 8 * chunk], wanted)


# ---- searches ------------------------------------------------------------------------------------


def test_a_search_on_a_cluster_gives_the_same_scores(client: Client, X: Any) -> None:
    y = (X[:60, -1, 0] > 0).astype(int)
    grid = {"hidden_size": [2, 5], "cell": ["rnn", "gru"]}
    estimator = RNNClassifier(max_iter=3, random_state=0)
    here = GridSearchCV(estimator, grid, cv=2).fit(X[:60], y)
    with parallel_config("dask"):
        there = GridSearchCV(estimator, grid, cv=2).fit(X[:60], y)
    assert len(set(here.cv_results_["mean_test_score"])) > 1
    for name in ("split0_test_score", "split1_test_score"):
        np.testing.assert_array_equal(there.cv_results_[name], here.cv_results_[name])
    assert there.best_params_ == here.best_params_
    np.testing.assert_array_equal(
        there.best_estimator_.predict_proba(X), here.best_estimator_.predict_proba(X)
    )


# ---- bad input -----------------------------------------------------------------------------------


def test_workers_have_one_thread(client: Client) -> None:
    threads = client.run(os.environ.get, "OMP_NUM_THREADS")
    assert list(threads.values()) == ["1", "1"]


def test_bad_input(X: Any, classifier: RNNClassifier) -> None:
    bag = db.from_sequence(list(X[:4]), npartitions=2)
    rows = table(X[:20])
    frame = dd.from_pandas(rows, npartitions=2).set_index("key")
    unnamed = dd.from_pandas(rows.set_index("key").rename_axis(None), npartitions=2)
    predict: Callable[..., Any] = elman.distributed.predict
    for arguments, options, error, message in [
        ((classifier, X), {}, TypeError, r"collection: expected a dask bag, array or data frame"),
        ((classifier, list(X)), {}, TypeError, r"got builtins.list; dask.bag.from_sequence"),
        ((RNNClassifier(), bag), {}, ValueError, r"model: expected a fitted one"),
        (("nowhere", bag), {}, FileNotFoundError, "nowhere"),
        ((None, bag), {}, TypeError, "model: expected a fitted estimator, .* got a NoneType"),
        ((classifier, delayed(X)), {}, TypeError, "collection: expected a dask bag"),
        ((classifier, frame.x0), {}, TypeError, "collection: expected a dask bag"),
        ((classifier, bag), {"method": 3}, ValueError, "method: expected .* got 3"),
        ((classifier, bag), {"method": "transform"}, ValueError, r"method: expected .*'predict'"),
        ((classifier, bag), {"time": "step"}, ValueError, r"time: expected None, as bags"),
        ((classifier, da.from_array(X, chunks=(9, 3, 3))), {}, ValueError, r"rechunk\(\{0: 'a"),
        ((classifier, da.from_array(X[0, 0])), {}, ValueError, r"expected an array \(n, T, I\)"),
        ((classifier, da.from_array(X[:, :, :2])), {}, ValueError, "expected 3 values"),
        (
            (classifier, da.from_array(X)),
            {"method": "predict_steps"},
            ValueError,
            "method: expected a method whose answers form an array",
        ),
        ((classifier, frame), {}, ValueError, "time: expected the name of the column that"),
        ((classifier, frame), {"time": "when"}, KeyError, "when"),
        ((classifier, frame.reset_index()), {"time": "step"}, ValueError, "an index without"),
        ((classifier, frame.clear_divisions()), {"time": "step"}, ValueError, "are unknown"),
        ((classifier, unnamed), {"time": "step"}, ValueError, "an index without a name"),
    ]:
        with pytest.raises(error, match=message):
            predict(*arguments, **options)


def test_what_a_worker_cannot_read_is_told(
    client: Client, X: Any, classifier: RNNClassifier
) -> None:
    spoilt = X[:8].copy()
    spoilt[5, 2, 1] = np.nan
    bag = db.from_sequence(list(spoilt), npartitions=1)
    found = client.compute(elman.distributed.predict(classifier, bag))
    wait(found)
    with pytest.raises(ValueError, match="got NaN at sequence 5, frame 2"):
        found.result()


def test_models_and_methods_that_do_not_fit_are_refused() -> None:
    text = RNNLanguageModel(max_iter=1, hidden_size=4, random_state=0).fit("the cat sat. " * 20)
    bag = db.from_sequence(["the", "cat"])
    for method in ("predict", "perplexity"):
        with pytest.raises(
            TypeError, match=r"model: expected a fitted estimator, .* that predicts"
        ):
            elman.distributed.predict(text, bag, method=method)
    forecaster = RNNForecaster(h=4, max_iter=1, hidden_size=2, random_state=0).fit(series())
    frame = dd.from_pandas(series(), npartitions=2).set_index("unique_id")
    with pytest.raises(ValueError, match=r"method: expected .* one of .*, got .update."):
        elman.distributed.predict(forecaster, frame, method="update")
    with pytest.raises(TypeError, match="collection: expected a bag of series, or a data frame"):
        elman.distributed.predict(forecaster, da.zeros((2, 40)))


def test_forecasters_with_covariates_known_ahead_are_refused() -> None:
    rows = series().assign(price=1.0)
    frame = dd.from_pandas(rows, npartitions=2).set_index("unique_id")
    forecaster = RNNForecaster(h=4, max_iter=1, hidden_size=2, future=["price"], random_state=0)
    forecaster.fit(rows)
    with pytest.raises(ValueError, match=r"model: expected .*; call collection\.map_partitions"):
        elman.distributed.predict(forecaster, frame)
