"""Parameters of estimators, as the files of fitted models hold them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def plain(value: Any) -> Any:
    """Return a parameter without NumPy and pandas: numbers, lists, and names of frequencies."""
    if isinstance(value, np.generic):
        return value.item()
    if hasattr(value, "freqstr"):
        return value.freqstr
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, list | tuple):
        return type(value)(map(plain, value)) if type(value) in (list, tuple) else list(value)
    if isinstance(value, dict):
        return {plain(key): plain(part) for key, part in value.items()}
    return value


def is_json(value: Any) -> bool:
    """Tell whether a file can hold a parameter."""
    if isinstance(value, list | tuple):
        return all(map(is_json, value))
    if isinstance(value, dict):
        return all(map(is_json, (*value.keys(), *value.values())))
    return value is None or isinstance(value, str | bool | int | float)


def as_json(value: Any) -> Any:
    """Return a parameter as a file holds it; infinity, NaN and tuples are no JSON."""
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": repr(value)}
    if isinstance(value, dict) and not all(isinstance(key, str) for key in value):
        return {"pairs": [list(pair) for pair in value.items()]}
    return {"tuple": list(value)} if isinstance(value, tuple) else value


def from_json(value: Any) -> Any:
    """Undo `as_json`."""
    if isinstance(value, dict) and value.keys() == {"float"}:
        return float(value["float"])
    if isinstance(value, dict) and value.keys() == {"tuple"}:
        return tuple(value["tuple"])
    if isinstance(value, dict) and value.keys() == {"pairs"}:
        return dict(value["pairs"])
    return value
