"""What callers give a layer, explained where it does not fit and converted where it does.

A layer's network takes what needs no conversion. Whatever it declines comes here, and goes back to
it as arrays that it takes.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from elman import _check
from elman._typing import FloatArray, IntArray, Lengths
from elman.kernels import Architecture
from elman.kernels.forms import rows_contiguous
from elman.nn import _state


class Description(NamedTuple):
    """What a layer takes: its architecture, its dtype, and whether a batch is (N, T, ·)."""

    architecture: Architecture
    dtype: np.dtype[Any]
    batch_first: bool


def checked_call(
    layer: Description, x: Any, state: Any, lengths: Lengths | None
) -> tuple[Any, Any, IntArray | None]:
    """Return x, state and lengths as `layer`'s network takes them.

    Raises
    ------
    TypeError
        If x is no array, an LSTM's state no pair, or `lengths` are not integers.
    ValueError
        If the number of dimensions or the dtype of x, or `lengths`, do not fit.
    RuntimeError
        If the last axis of x or a state does not fit, or T is 0.
    """
    N = _checked_dimensions(layer, x)
    _state.check_dimensions(layer.architecture, state, N)
    if isinstance(x, list | tuple):
        if lengths is not None:
            expected = "None when x is a list, which has lengths of its own"
            raise _check.fail(ValueError, "lengths", expected, "both")
        x = [_checked_x(layer, f"x[{i}]", sequence) for i, sequence in enumerate(x)]
    else:
        x = _checked_x(layer, "x", x)
        if x.ndim == 2 and lengths is not None:
            expected, fix = "None for a sequence without a batch", "slice x instead"
            raise _check.fail(ValueError, "lengths", expected, "lengths", fix)
        T = x.shape[1 if layer.batch_first and x.ndim == 3 else 0]
        if T == 0:
            raise _check.fail(RuntimeError, "x", "at least one time step", "T = 0")
        if lengths is not None:
            lengths = _check.lengths(lengths, x.shape[0 if layer.batch_first else 1], T)
    checked = _state.checked(layer.architecture, layer.dtype, state, N, layer.batch_first)
    return x, checked, lengths


def checked_gradients(
    layer: Description, results: tuple[Any, Any], d_output: Any, d_state_n: Any
) -> tuple[Any, Any]:
    """Return gradients of (output, state_n), or None for zeros, as the network takes them.

    Raises
    ------
    ValueError, RuntimeError, TypeError
        If a dtype, a shape or the number of arrays is not that of the results.
    """
    output, state_n = results
    if d_output is not None:
        d_output = _checked_d_output(layer, d_output, output)
    first = state_n[0] if isinstance(state_n, tuple) else state_n
    N = first.shape[1] if first.ndim == 3 else None
    _state.check_dimensions(layer.architecture, d_state_n, N, "d_{}_n")
    d_state = _state.checked(
        layer.architecture, layer.dtype, d_state_n, N, layer.batch_first, "d_{}_n"
    )
    return d_output, d_state


def _checked_dimensions(layer: Description, x: Any) -> int | None:
    """Return N, or None without a batch; ValueError if x has neither 2 nor 3 axes."""
    if isinstance(x, list | tuple):
        return len(x)
    axes = "(N, T, input_size)" if layer.batch_first else "(T, N, input_size)"
    expected = f"{axes}, or (T, input_size) without a batch"
    shape = _check.array("x", x, f"an array {expected}, or a list of arrays").shape
    if len(shape) not in (2, 3):
        raise _check.fail(ValueError, "x", expected, f"{len(shape)}-D, shape {shape}")
    return None if len(shape) == 2 else shape[0 if layer.batch_first else 1]


def _checked_x(layer: Description, name: str, x: Any) -> FloatArray:
    array = _check.array(name, x, "an array (T_i, input_size)")
    if name != "x" and array.ndim != 2:
        got, fix = f"{array.ndim}-D, shape {array.shape}", "a list holds one array per sequence"
        raise _check.fail(ValueError, name, "(T_i, input_size)", got, fix)
    _check.same_dtype(name, x, layer.dtype)
    I = layer.architecture.input_size
    if array.shape[-1] != I:
        axes = [axis for axis, n in enumerate(array.shape) if n == I]
        fix = f"axis {axes[0]} has that size: is it the input's?" if axes else ""
        expected = f"input_size = {I} on the last axis"
        raise _check.fail(RuntimeError, name, expected, f"shape {array.shape}", fix)
    return rows_contiguous(array)


def _checked_d_output(layer: Description, d_output: Any, output: Any) -> Any:
    if not isinstance(output, list):
        return _checked_like(layer, "d_output", d_output, output, "the shape of output")
    if not isinstance(d_output, list | tuple) or len(d_output) != len(output):
        is_list = isinstance(d_output, list | tuple | np.ndarray)
        got = f"{len(d_output)} of them" if is_list else _check.short(d_output)
        expected = f"a list of {len(output)} arrays"
        raise _check.fail(RuntimeError, "d_output", expected, got)
    return [
        _checked_like(layer, f"d_output[{i}]", part, like, "the shape of its output")
        for i, (part, like) in enumerate(zip(d_output, output, strict=True))
    ]


def _checked_like(
    layer: Description, name: str, value: Any, like: FloatArray, axes: str
) -> FloatArray:
    array = _check.array(name, value, f"an array of {axes}")
    _check.same_dtype(name, value, layer.dtype)
    _check.shape(name, array, axes, like.shape)
    return rows_contiguous(array)
