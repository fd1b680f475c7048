"""What does not change about a series: numbers and categories, one row for each id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from elman import _check
from elman._typing import FloatArray
from elman.estimators._panel import ID, checked_frame, checked_ids, numbers
from elman.models import ForecasterModel
from elman.models._moments import moments


class Statics(NamedTuple):
    """What is fitted of a static frame.

    numbers : names of the columns of numbers
    mean, scale : arrays, one value for each of these
    categories : [name, [values]] of the other columns
    """

    numbers: list[str]
    mean: FloatArray
    scale: FloatArray
    categories: list[Any]

    @classmethod
    def of(cls, frame: Any, ids: Sequence[Any]) -> Statics:
        """Return what a frame says of some ids; of None nothing.

        Raises
        ------
        KeyError, TypeError, ValueError
            If it is no frame with ids and complete columns.
        """
        if frame is None:
            return cls([], np.zeros(0), np.ones(0), [])
        names = [name for name in _columns(frame) if name != ID]
        frame = checked_frame("static_df", frame, [ID, *names])
        frame = frame[frame[ID].isin(ids)]
        if not len(frame):
            expected, got = "a row for each id", f"none of id {ids[0]!r}"
            raise _check.fail(ValueError, "static_df", expected, got)
        if not all(isinstance(name, str) for name in names):
            raise _check.fail(TypeError, "static_df", "columns named by texts", str(names))
        own = [name for name in names if getattr(frame[name].dtype, "kind", "O") in "iuf"]
        values = np.stack([numbers("static_df", frame, n) for n in own], axis=1) if own else None
        mean, scale = (np.zeros(0), np.ones(0)) if values is None else moments(values)
        categories = [
            [name, sorted({_plain(value) for value in frame[name].dropna()}, key=str)]
            for name in names
            if name not in own
        ]
        return cls(own, mean, scale, categories)


def encoded(model: ForecasterModel, frame: Any, ids: Sequence[Any]) -> FloatArray:
    """Return what a model reads of the static frame, one row for each id.

    Raises
    ------
    KeyError, TypeError, ValueError
        If a column or an id is not there, a value is missing, or a category was not seen.
    """
    columns = [*model.static, *(name for name, _ in model.categories)]
    if not columns:
        if frame is not None:
            fix = "pass static_df to fit as well"
            raise _check.fail(ValueError, "static_df", "None, as in fit", "a frame", fix)
        return np.zeros((len(ids), 0))
    if frame is None:
        raise _check.fail(ValueError, "static_df", f"a frame with {columns}, as in fit", "None")
    frame = checked_frame("static_df", frame, [ID, *columns])
    found, codes = checked_ids("static_df", frame)
    if len(found) < len(codes):
        twice = found[int(np.argmax(np.bincount(codes) > 1))]
        raise _check.fail(ValueError, "static_df", "one row for each id", f"two of id {twice!r}")
    row_of = {id_: row for row, id_ in enumerate(found)}
    for id_ in ids:
        if id_ not in row_of:
            raise _check.fail(ValueError, "static_df", "a row for each id", f"none of id {id_!r}")
    rows = np.array([row_of[id_] for id_ in ids], np.int64)
    parts = []
    for column, name in enumerate(model.static):
        values = numbers("static_df", frame, name)[rows]
        missing = np.flatnonzero(~np.isfinite(values))
        if len(missing):
            got = f"{values[missing[0]]} of id {ids[missing[0]]!r}"
            raise _check.fail(ValueError, f"static_df[{name!r}]", "finite numbers", got)
        mean, scale = model.static_mean[column], model.static_scale[column]
        parts.append(((values - mean) / scale)[:, None])
    for name, categories in model.categories:
        missing = np.flatnonzero(frame[name].iloc[rows].isna())
        if len(missing):
            got = f"a missing value of id {ids[missing[0]]!r}"
            raise _check.fail(ValueError, f"static_df[{name!r}]", "a category in every row", got)
        own = [_plain(value) for value in frame[name].iloc[rows]]
        for id_, value in zip(ids, own, strict=True):
            if value not in categories:
                expected = f"one of the categories of fit, {_check.short(categories)}"
                raise _check.fail(
                    ValueError, f"static_df[{name!r}]", expected, f"{value!r} of id {id_!r}"
                )
        parts.append(np.array([[float(value == c) for c in categories] for value in own]))
    return np.concatenate(parts, axis=1)


def _columns(frame: Any) -> list[Any]:
    return list(getattr(frame, "columns", []))


def _plain(value: Any) -> Any:
    """Return a category as a text or an int, as a file holds it."""
    value = value.item() if isinstance(value, np.generic) else value
    return value if isinstance(value, int) and not isinstance(value, bool) else str(value)
