"""What a fitted model says of sequences on many machines, through Dask.

Dask (https://docs.dask.org) cuts a collection into parts, sends each part to a worker, and does the
part of a worker that died again. Here a model is sent along, and predicts part by part. Dask comes
with ``pip install "elman[dask]"``.
"""

from __future__ import annotations

import itertools
import os
import uuid
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from elman import _check, io
from elman.data import from_frame
from elman.models import ForecasterModel

__all__ = ["predict"]

_PIECE = 256
"""So many sequences of a bag are predicted at once."""

_COLLECTION = "a dask bag, array or data frame"
_KINDS = {"Bag": "bag", "Array": "array", "DataFrame": "frame"}
"""Dask's classes."""


def predict(
    model: Any,
    collection: Any,
    *,
    method: str = "predict",
    time: Any = None,
    **options: Any,
) -> Any:
    """Return what a fitted model says of a collection's sequences, computed where they are.

    Nothing is computed yet, as with all of Dask: ``compute()`` brings the answers into memory, and
    ``to_parquet``, ``to_textfiles`` and others write them part by part. The answers have the bits
    of `method` on all sequences at once, on any number of workers.

    Parameters
    ----------
    model : fitted estimator, model, network, or path of a file of ``save``
        It is sent to each worker once. A path is read here, so that workers need not see it.
    collection : dask.bag.Bag, dask.array.Array or dask.dataframe.DataFrame
        A bag's items are the sequences: arrays (T_i, I), lists of words, and so on. An array has
        the shape (n, T, I) or (n, T), cut along n alone. A data frame has a row for each step; its
        index is the sequences' id, as ``set_index`` makes it, so that a part has whole sequences.
        A worker holds a part or two at once. Of a bag whose parts are read as they go it holds 256
        sequences, and the answers.
    method : str, optional
        Which method answers, such as predict_proba.
    time : name of a column
        Of a data frame, and of it alone: what orders the steps of a sequence, as of
        `elman.data.from_frame`. A forecaster reads ``ds`` instead.
    **options
        What else the method takes, such as ``level=[80]`` of a forecaster.

    Returns
    -------
    bag, array or data frame
        Of a bag an answer for each item. Of an array what the method gives, shape (n,) or (n, K).
        Of a data frame a series named after the method, by id; with several numbers for a sequence
        a data frame, of probabilities with a column for each class. A forecaster's has a row for
        each step ahead.

    Raises
    ------
    ModuleNotFoundError
        If Dask is not installed.
    TypeError, ValueError
        If the model is not fitted, has no such method, or cannot read the collection; or the
        collection is cut inside sequences.

    Notes
    -----
    A worker should have one thread, ``threads_per_worker=1``: one sequence after another in one
    thread is what the kernels do best. Dask sets OMP_NUM_THREADS=1 in its workers.

    Examples
    --------
    >>> import elman, numpy as np
    >>> import dask.bag as db
    >>> network = elman.nn.Network(elman.nn.GRU(3, 8), elman.nn.Linear(8, 2))
    >>> sequences = [np.zeros((T, 3), np.float32) for T in (5, 2, 9)]
    >>> bag = elman.distributed.predict(network, db.from_sequence(sequences, npartitions=2))
    >>> answers = bag.compute(scheduler="threads")
    >>> np.array_equal(answers, network.predict(sequences))
    True
    """
    kind = _kind(collection)
    predictor = _predictor(model, method)
    answer = _Answer(method, options)
    if time is not None and kind != "frame":
        expected = f"None, as {kind}s have no columns"
        raise _check.fail(ValueError, "time", expected, repr(time))
    if kind == "bag":
        return collection.map_partitions(answer.of_bag, _sent(predictor))
    if kind == "array" and isinstance(getattr(predictor, "model_", None), ForecasterModel):
        expected, got = "a bag of series, or a data frame, for a forecaster", "an array"
        raise _check.fail(TypeError, "collection", expected, got)
    if kind == "array":
        return _of_array(predictor, collection, answer)
    return _of_frame(predictor, collection, answer, time)


def _kind(collection: Any) -> str:
    """Return "bag", "array" or "frame"."""
    try:
        from dask.base import is_dask_collection
    except ModuleNotFoundError as error:
        message = 'elman.distributed needs Dask; install it with: pip install "elman[dask]"'
        raise ModuleNotFoundError(message, name=error.name) from None
    if is_dask_collection(collection):
        for kind in type(collection).__mro__:
            if kind.__name__ in _KINDS:
                return _KINDS[kind.__name__]
    got = f"{type(collection).__module__}.{type(collection).__qualname__}"
    fix = "dask.bag.from_sequence(X) makes one of a list; model.predict takes what fits in memory"
    raise _check.fail(TypeError, "collection", _COLLECTION, got, fix)


def _predictor(model: Any, method: str) -> Any:
    """Return what is sent to the workers: of an estimator what it fitted, which is all they need.

    A forecaster's series are read by its estimator.
    """
    if isinstance(model, str | os.PathLike):
        model = io.load(model)
    fitted = getattr(model, "model_", model)
    if fitted is model and hasattr(model, "save") and hasattr(model, "fit"):
        got = f"a {type(model).__name__} that is not"
        raise _check.fail(ValueError, "model", "a fitted one", got, "call its fit first")
    if isinstance(fitted, ForecasterModel):
        from elman.estimators import RNNForecaster  # which needs scikit-learn

        fitted = RNNForecaster.from_model(fitted)
    if method not in _METHODS or not callable(getattr(fitted, method, None)):
        found = [name for name in _METHODS if callable(getattr(fitted, name, None))]
        if not found:
            expected = "a fitted estimator, model or network that predicts, or the path of one"
            raise _check.fail(TypeError, "model", expected, f"a {type(fitted).__name__}")
        expected = f"a method of {type(fitted).__name__}, one of {found}"
        raise _check.fail(ValueError, "method", expected, repr(method))
    return fitted


_METHODS = ("predict", "predict_proba", "predict_log_proba", "predict_steps", "decision_function")


def _sent(predictor: Any) -> Any:
    """Return the predictor as one node of Dask's graph, which each worker is sent once."""
    from dask.delayed import delayed

    return delayed(predictor, name=f"model-{uuid.uuid4().hex}", traverse=False)


class _Answer:
    """Calls a predictor's method on parts of collections.

    Parameters
    ----------
    method : str
    options : dict
        Keyword arguments of the method.
    """

    def __init__(self, method: str, options: dict[str, Any]) -> None:
        self.method = method
        self.options = options

    def of_array(self, X: Any, predictor: Any, empty: Any = None) -> Any:
        """Return the answers for sequences in memory; `empty` of none, where it is given."""
        if empty is not None and not len(X):
            return empty
        call: Callable[..., Any] = getattr(predictor, self.method)
        return call(X, **self.options)

    def of_bag(self, part: Iterable[Any], predictor: Any) -> list[Any]:
        """Return an answer for each sequence; they are read in pieces, which bounds the memory."""
        answers: list[Any] = []
        rest = iter(part)
        while piece := list(itertools.islice(rest, _PIECE)):
            found = self.of_array(piece, predictor)
            if isinstance(found, dict):
                rows = zip(*found.values(), strict=True)
                answers += [dict(zip(found, row, strict=True)) for row in rows]
            else:
                answers += list(found)
        return answers

    def of_frame(
        self, part: Any, predictor: Any, time: Any, values: list[Any], empty: Any = None
    ) -> Any:
        """Return the answers for the sequences of a table, by id; `empty` where it has none."""
        if not len(part):
            return empty
        name = part.index.name
        table = from_frame(part.reset_index(), id=name, time=time, values=values, step=None)
        X = table.X
        if hasattr(predictor, "feature_names_in_"):
            import pandas as pd

            X = [pd.DataFrame(x, columns=table.columns) for x in X]
        found = self.of_array(X, predictor)
        return self._framed(found, predictor, table.ids, part.index)

    def _framed(self, found: Any, predictor: Any, ids: Any, like: Any) -> Any:
        """Return answers as a series or, of several numbers each, as a data frame."""
        import pandas as pd

        index = pd.Index(ids, dtype=like.dtype, name=like.name)
        if isinstance(found, np.ndarray) and found.ndim == 2:
            labels = getattr(predictor, "classes_", None) if "proba" in self.method else None
            names = range(found.shape[1]) if labels is None else labels
            return pd.DataFrame(found, index=index, columns=[str(name) for name in names])
        if isinstance(found, list):
            found = pd.Series(found, index=index, dtype=object)
        return pd.Series(found, index=index, name=self.method)

    def of_series(self, part: Any, predictor: Any, empty: Any) -> Any:
        """Return a forecaster's answers for the series of a table, by id."""
        if not len(part):
            return empty
        name = part.index.name
        return self.of_array(part.reset_index(), predictor).set_index(name)


def _of_array(predictor: Any, X: Any, answer: _Answer) -> Any:
    import dask.array as da

    if X.ndim not in (2, 3):
        raise _check.fail(ValueError, "collection", "an array (n, T, I) or (n, T)", f"{X.shape}")
    if any(len(chunks) > 1 for chunks in X.chunks[1:]):
        whole = ", ".join(f"{axis}: -1" for axis in range(1, X.ndim))
        expected, got = "chunks along n alone, of whole sequences", f"chunks {X.chunks}"
        fix = f"call collection.rechunk({{0: 'auto', {whole}}})"
        raise _check.fail(ValueError, "collection", expected, got, fix)
    sample = answer.of_array(np.zeros((2, *X.shape[1:]), X.dtype), predictor)
    if not isinstance(sample, np.ndarray):
        expected, got = "a method whose answers form an array", repr(answer.method)
        fix = "make a bag of the array, dask.bag.from_delayed(list(X.to_delayed().ravel()))"
        raise _check.fail(ValueError, "method", expected, got, fix)
    return da.map_blocks(
        answer.of_array,
        X,
        _sent(predictor),
        empty=sample[:0],
        dtype=sample.dtype,
        drop_axis=list(range(sample.ndim, X.ndim)),
        chunks=(X.chunks[0], *((size,) for size in sample.shape[1:])),
        meta=sample[:0],
    )


def _of_frame(predictor: Any, frame: Any, answer: _Answer, time: Any) -> Any:
    from dask.dataframe.dispatch import meta_nonempty

    _check_whole(frame)
    if isinstance(getattr(predictor, "model_", None), ForecasterModel):
        empty = _no_forecast(predictor, frame._meta, answer, time)
        return frame.map_partitions(answer.of_series, _sent(predictor), empty, meta=empty)
    if time is None:
        expected, got = "the name of the column that orders a sequence's steps", "None"
        fix = "number the steps before set_index, after which rows may stand in another order"
        raise _check.fail(ValueError, "time", expected, got, fix)
    values = _values(predictor, frame, time)
    rows = meta_nonempty(frame._meta.reset_index(drop=True)).iloc[:1].rename_axis("id")
    empty = answer.of_frame(rows, predictor, time, values).iloc[:0]
    empty.index = frame._meta.index
    return frame.map_partitions(answer.of_frame, _sent(predictor), time, values, empty, meta=empty)


def _check_whole(frame: Any) -> None:
    """Hold that no sequence lies in two parts of a frame (ValueError)."""
    expected = "an index of ids by which the frame is cut, so that no sequence lies in two parts"
    fix = "call collection.set_index of the column of ids"
    got = ""
    if frame.index.name is None:
        got = "an index without a name"
    elif not frame.known_divisions:
        got = f"the index {frame.index.name!r}, whose divisions are unknown"
    else:
        starts = frame.divisions[:-1]
        twice = [one for one, other in itertools.pairwise(starts) if one == other]
        if twice:
            got, fix = f"id {twice[0]!r} at the start of two parts", "put its rows into one part"
    if got:
        raise _check.fail(ValueError, "collection", expected, got, fix)


def _values(predictor: Any, frame: Any, time: Any) -> list[Any]:
    """Return the columns that the model reads: those of its fit by name, else all but the time."""
    columns = getattr(predictor, "columns", None)
    names = columns[1] if columns else getattr(predictor, "feature_names_in_", None)
    return [name for name in frame.columns if name != time] if names is None else list(names)


def _no_forecast(forecaster: Any, rows: Any, answer: _Answer, time: Any) -> Any:
    """Return a frame of no forecasts, with the columns that forecasts will have."""
    model = forecaster.model_
    if time is not None:
        expected = "None, as a forecaster reads the column ds"
        raise _check.fail(ValueError, "time", expected, repr(time))
    if model.form != "frame" or model.future or model.static or model.categories:
        expected = "a forecaster that reads unique_id, ds, y and covariates of the past alone"
        fix = "call collection.map_partitions with a function that calls its predict"
        raise _check.fail(ValueError, "model", expected, "another", fix)
    if rows.index.name != "unique_id":
        raise _check.fail(ValueError, "collection", "the index unique_id", repr(rows.index.name))
    empty = answer.of_array(None, forecaster).iloc[:0].set_index("unique_id")
    return empty.set_index(empty.index.astype(rows.index.dtype))
