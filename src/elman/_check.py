"""Errors that teach: the argument, what was expected, what was given, and the likely fix."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from numbers import Real
from typing import Any

import numpy as np

from elman._typing import FloatArray, IntArray, Lengths

FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


def fail(kind: type[Exception], name: str, expected: str, got: str, fix: str = "") -> Exception:
    """Make the exception ``name: expected …, got …; fix``, for the caller to raise."""
    return kind(f"{name}: expected {expected}, got {got}" + (f"; {fix}" if fix else ""))


def short(value: Any) -> str:
    """Return the repr of any value in one line of at most 60 characters, for a message."""
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else text[:57] + "..."


def size(name: str, value: Any) -> int:
    """Return `value` as an int greater than zero.

    Raises
    ------
    TypeError
        If it is no integer; a bool is none.
    ValueError
        If it is zero or less.
    """
    expected = "an int greater than zero"
    if isinstance(value, bool | np.bool_):
        raise fail(TypeError, name, expected, repr(value))
    try:
        number = operator.index(value)
    except TypeError:
        raise fail(TypeError, name, expected, f"{value!r} ({type(value).__name__})") from None
    if number <= 0:
        raise fail(ValueError, name, expected, str(number))
    return number


def projection(value: Any, hidden_size: int) -> int:
    """Return proj_size as an int in [0, hidden_size); ValueError or TypeError, as in torch."""
    try:
        if isinstance(value, bool | np.bool_):
            raise TypeError
        number = operator.index(value)
    except TypeError:
        expected = "an int, 0 for no projection"
        raise fail(
            TypeError, "proj_size", expected, f"{value!r} ({type(value).__name__})"
        ) from None
    if not 0 <= number < hidden_size:
        expected = f"at least 0 and less than hidden_size = {hidden_size}, 0 for no projection"
        raise fail(ValueError, "proj_size", expected, str(number))
    return number


def no_projection(value: Any) -> None:
    """Hold that proj_size is 0, as only an LSTM may have another one (ValueError, as in torch)."""
    if value != 0:
        fix = "only an LSTM may have a projection: take nn.LSTM"
        raise fail(ValueError, "proj_size", "0", short(value), fix)


def flag(name: str, value: Any, kind: type[Exception] = TypeError) -> bool:
    """Return `value`, which must be a bool."""
    if not isinstance(value, bool | np.bool_):
        raise fail(kind, name, "a bool", f"{value!r} ({type(value).__name__})")
    return bool(value)


def probability(name: str, value: Any) -> float:
    """Return `value` as a float in [0, 1].

    Raises
    ------
    ValueError
        If it is outside, a bool or a string.
    TypeError
        If it is no number otherwise.
    """
    is_number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if not is_number or not 0 <= value <= 1:
        kind = ValueError if is_number or isinstance(value, bool | np.bool_ | str) else TypeError
        raise fail(kind, name, "a number in [0, 1]", f"{value!r} ({type(value).__name__})")
    return float(value)


def number(name: str, value: Any, expected: str, holds: Callable[[Any], bool]) -> None:
    """Hold that `value` is a number, and that `holds` is true of it; `expected` says so in words.

    Raises
    ------
    TypeError
        If it is no real number; a bool is none.
    ValueError
        If it is another number.
    """
    if not isinstance(value, Real) or isinstance(value, bool):
        raise fail(TypeError, name, expected, f"{value!r} ({type(value).__name__})")
    if not holds(value):
        raise fail(ValueError, name, expected, repr(value))


def choice(name: str, value: Any, choices: Sequence[str]) -> str:
    """Return `value`, which must be one of `choices` (ValueError)."""
    if not isinstance(value, str) or value not in choices:
        raise fail(ValueError, name, " or ".join(map(repr, choices)), repr(value))
    return value


def float_dtype(name: str, value: Any) -> np.dtype[Any]:
    """Return `value` as the dtype float32 or float64 (TypeError); None is float32."""
    try:
        dtype = np.dtype(np.float32 if value is None else value)
    except TypeError:
        pass
    else:
        if dtype in FLOATS:
            return dtype
    raise fail(TypeError, name, "numpy.float32 or numpy.float64", repr(value))


def same_dtype(
    name: str,
    value: Any,
    dtype: np.dtype[Any],
    kind: type[Exception] = ValueError,
) -> None:
    """Hold that `value`, an array or what becomes one, has the layer's `dtype`.

    Parameters
    ----------
    name : str
        The argument's name.
    value : object
        The argument as the caller passed it, which decides the fix: a list has no astype.
    dtype : dtype
    kind : class of exception
        What is raised if the dtypes differ.
    """
    array = np.asarray(value)
    if array.dtype == dtype:
        return
    is_list = isinstance(value, list | tuple)
    if array.dtype.kind not in "fiub":
        fix = f"give numbers that numpy.array(…, dtype=numpy.{dtype}) takes"
    elif is_list:
        fix = f"convert it with numpy.array({name}, dtype=numpy.{dtype})"
    elif "[" in name:
        whole = name.partition("[")[0]
        fix = f"convert them all with [a.astype(numpy.{dtype}) for a in {whole}]"
    else:
        fix = f"convert it with {name}.astype(numpy.{dtype})"
    if array.dtype in FLOATS and not is_list:
        fix += f", or make the layer with dtype=numpy.{array.dtype}"
    raise fail(kind, name, f"the layer's dtype {dtype}", str(array.dtype), fix)


def shape(
    name: str, array: np.ndarray[Any, Any], axes: str, expected: tuple[int, ...], fix: str = ""
) -> None:
    """Hold that `array` has the `expected` shape, whose axes are named as `axes` (RuntimeError)."""
    if array.shape != expected:
        raise fail(RuntimeError, name, f"{axes} = {expected}", str(array.shape), fix)


def lengths(value: Lengths, N: int, T: int) -> IntArray:
    """Return lengths as an int64 array of shape (N,), each in [0, T].

    Raises
    ------
    TypeError
        If they are not integers.
    ValueError
        If there are not N of them, or one is outside [0, T].
    """
    array = np.asarray(value)
    if array.size == 0:
        array = array.astype(np.int64)
    if array.dtype.kind not in "iu":
        raise fail(TypeError, "lengths", "integers", f"dtype {array.dtype}")
    if array.shape != (N,):
        raise fail(
            ValueError, "lengths", f"one for each row, shape (N,) = ({N},)", str(array.shape)
        )
    outside = np.flatnonzero((array < 0) | (array > T))
    if len(outside):
        row = int(outside[0])
        raise fail(
            ValueError,
            "lengths",
            f"each in [0, T] = [0, {T}]",
            f"{array[row]} at row {row}",
            "T is axis 1 of x if batch_first, else axis 0",
        )
    return np.ascontiguousarray(array, dtype=np.int64)


def array(name: str, value: Any, expected: str) -> np.ndarray[Any, Any]:
    """Return `value`, whatever holds numbers, as an array.

    Raises
    ------
    TypeError
        If it is None, text, a mapping, or holds other things than numbers.
    ValueError
        If it is a masked array with a masked value.
    """
    if type(value) is np.ndarray and value.dtype.kind in "fiub":
        return value
    unmasked(name, value)
    try:
        found = np.asarray(value)
    except ValueError:  # rows of different lengths
        fix = "a ragged batch is a list of arrays"
        raise fail(TypeError, name, expected, f"a ragged {type(value).__name__}", fix) from None
    if (
        value is None
        or isinstance(value, str | bytes | dict | set)
        or found.dtype.kind not in "fiub"
    ):
        kind = type(value).__name__
        got = kind if found.dtype.kind not in "OUS" or found.ndim == 0 else f"dtype {found.dtype}"
        raise fail(TypeError, name, expected, "None" if value is None else got)
    return found


def unmasked(name: str, value: Any) -> None:
    """Hold that no value of a masked array is masked: NumPy would read what stands under the mask.

    Raises
    ------
    ValueError
        If `value` is a numpy.ma.MaskedArray with a masked value.
    """
    if isinstance(value, np.ma.MaskedArray) and value.mask.any():
        raise fail(
            ValueError,
            name,
            "an array without masked values",
            f"a masked array, {int(value.mask.sum())} of {value.size} values masked",
            f"fill them, as in {name}.filled(0), or leave out the steps that hold them",
        )


def real_array(name: str, value: Any, ndim: int, axes: str) -> FloatArray:
    """Return `value` as an array of `ndim` dimensions, named as `axes` (ValueError)."""
    unmasked(name, value)
    array = np.asarray(value)
    if array.ndim != ndim:
        got, fix = f"{array.ndim}-D, shape {array.shape}", ""
        if array.ndim == 0 and array.dtype.kind not in "biuf":
            got = type(value).__name__
            fix = f"a list of its arrays is list({name}.values())" if got == "dict" else ""
        raise fail(ValueError, name, f"{axes}, {ndim}-D", got, fix)
    return array
