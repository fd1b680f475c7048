"""A trace as dicts, lists, texts and numbers."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from elman.explaining._trace import Trace

FORMAT = {"format": "elman-trace", "version": 1}


def as_dict(trace: Trace) -> dict[str, Any]:
    """Return a trace's attributes by name; non-finite values are "nan", "inf" or "-inf"."""
    module = trace.module
    layer = {"class": type(module).__name__, "config": module.config(), "repr": repr(module)}
    found: dict[str, Any] = {**FORMAT, "layer": layer}
    for field in fields(trace):
        if field.name not in ("module", "architecture"):
            found[field.name] = plain(getattr(trace, field.name))
    return found


def plain(value: Any) -> Any:
    """Return arrays and tuples as lists; non-finite values as texts."""
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    if isinstance(value, tuple):
        return list(value)
    if not isinstance(value, np.ndarray | float):
        return value
    values = np.asarray(value)
    if np.isfinite(values).all():
        return values.tolist()
    return _texts(values.tolist())


def _texts(value: Any) -> Any:
    """Put texts in the place of numbers that JSON has not."""
    if isinstance(value, list):
        return [_texts(part) for part in value]
    return value if np.isfinite(value) else str(value)
