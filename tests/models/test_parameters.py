"""Parameters of estimators in files: NumPy's and pandas' come back as Python's own."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from elman.models._parameters import as_json, from_json, is_json, plain


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float64(0.5), 0.5),
        (np.array([80, 90]), [80, 90]),
        (pd.Index(["a", "b"]), ["a", "b"]),
        (pd.offsets.MonthBegin(), "MS"),
        ((80, np.int64(90)), (80, 90)),
        ({0: np.float32(2), 1: 1}, {0: 2.0, 1: 1}),
        ({"a": 2.0}, {"a": 2.0}),
        (math.inf, math.inf),
        (None, None),
        ("x", "x"),
    ],
)
def test_a_parameter_comes_back(value: Any, expected: Any) -> None:
    found = plain(value)
    assert is_json(found)
    back = from_json(json.loads(json.dumps(as_json(found))))
    assert back == expected
    assert type(back) is type(expected)


@pytest.mark.parametrize("value", [np.random.RandomState(0), object(), {1: object()}, [print]])
def test_what_json_cannot_hold(value: Any) -> None:
    assert not is_json(plain(value))
