"""Checks that every part of the library shares."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from elman import _check

F32, F64 = np.dtype(np.float32), np.dtype(np.float64)


@pytest.mark.parametrize(
    ("name", "given", "dtype", "told"),
    [
        (
            "x",
            np.zeros(2),
            F32,
            "got float64; convert it with x.astype(numpy.float32), "
            "or make the layer with dtype=numpy.float64",
        ),
        (
            "x",
            np.zeros(2, np.float32),
            F64,
            "got float32; convert it with x.astype(numpy.float64), "
            "or make the layer with dtype=numpy.float32",
        ),
        ("x", np.zeros(2, int), F64, "got int64; convert it with x.astype(numpy.float64)"),
        ("x", np.zeros(2, bool), F32, "got bool; convert it with x.astype(numpy.float32)"),
        ("x", np.zeros(2, np.float16), F32, "got float16; convert it with x.astype(numpy.float32)"),
        ("x", [0.0, 1.0], F32, "got float64; convert it with numpy.array(x, dtype=numpy.float32)"),
        ("x", (0, 1), F64, "got int64; convert it with numpy.array(x, dtype=numpy.float64)"),
        (
            "x[1]",
            np.zeros(2, int),
            F32,
            "got int64; convert them all with [a.astype(numpy.float32) for a in x]",
        ),
        ("x", np.array(["a"]), F32, "got <U1; give numbers"),
        ("x", np.array([None]), F32, "got object; give numbers"),
    ],
)
def test_the_fix_for_a_dtype_fits_what_was_given(
    name: str, given: Any, dtype: np.dtype[Any], told: str
) -> None:
    expected = f"{name}: expected the layer's dtype {dtype}, {told}"
    end = "$" if "convert" in told and "or make" not in told else ""
    with pytest.raises(ValueError, match=f"^{re.escape(expected)}{end}"):
        _check.same_dtype(name, given, dtype)
    with pytest.raises(RuntimeError):
        _check.same_dtype(name, np.asarray(given), dtype, RuntimeError)


def test_the_right_dtype_passes() -> None:
    _check.same_dtype("x", np.zeros(2), F64)
    _check.same_dtype("x", [0.0, 0.0], F64)


def test_a_masked_value_is_refused_and_a_mask_of_nothing_is_not() -> None:
    values = np.ma.MaskedArray(np.arange(6.0).reshape(2, 3), mask=np.arange(6).reshape(2, 3) % 2)
    with pytest.raises(
        ValueError, match=r"^x: .* got a masked array, 3 of 6 values masked; .* x\.filled\(0\)"
    ):
        _check.unmasked("x", values)
    _check.unmasked("x", np.ma.MaskedArray(np.arange(6.0)))
    _check.unmasked("x", np.ma.MaskedArray(np.arange(6.0), mask=np.zeros(6, bool)))
    _check.unmasked("x", np.arange(6.0))


@pytest.mark.parametrize(
    ("value", "kind", "got"),
    [
        ("1", TypeError, "'1' (str)"),
        (None, TypeError, "None (NoneType)"),
        (True, TypeError, "True (bool)"),
        (np.zeros(2), TypeError, "array([0., 0.]) (ndarray)"),
        (-1.0, ValueError, "-1.0"),
        (float("nan"), ValueError, "nan"),
    ],
)
def test_a_number_is_one_and_in_range(value: Any, kind: type[Exception], got: str) -> None:
    with pytest.raises(kind, match=f"^lr: expected a number above zero, got {re.escape(got)}$"):
        _check.number("lr", value, "a number above zero", lambda number: number > 0)
    for right in (1, 0.5, np.float32(2), np.int8(3)):
        _check.number("lr", right, "a number above zero", lambda number: number > 0)
