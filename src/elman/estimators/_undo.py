"""Fitting that changes nothing if it fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def unchanged_after_error(estimator: Any) -> Iterator[None]:
    """Give an estimator the attributes it had before, if what is done here raises."""
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise
