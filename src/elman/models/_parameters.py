"""Parameters of estimators, as the files of fitted models hold them."""

from __future__ import annotations

import math
from typing import Any


def is_json(value: Any) -> bool:
    """Tell whether a file can hold a parameter."""
    if isinstance(value, list | tuple):
        return all(map(is_json, value))
    if isinstance(value, dict):
        return all(isinstance(key, str) and is_json(part) for key, part in value.items())
    return value is None or isinstance(value, str | bool | int | float)


def as_json(value: Any) -> Any:
    """Return a parameter as a file holds it; infinity, NaN and tuples are no JSON."""
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": repr(value)}
    return {"tuple": list(value)} if isinstance(value, tuple) else value


def from_json(value: Any) -> Any:
    """Undo `as_json`."""
    if isinstance(value, dict) and value.keys() == {"float"}:
        return float(value["float"])
    if isinstance(value, dict) and value.keys() == {"tuple"}:
        return tuple(value["tuple"])
    return value
