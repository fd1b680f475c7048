"""Initial states and gradients of final ones, as callers pass them."""

from __future__ import annotations

from typing import Any

import numpy as np

from elman import _check
from elman._typing import FloatArray
from elman.kernels import Architecture
from elman.kernels.forms import rows_contiguous


def check_dimensions(
    architecture: Architecture, state: Any, N: int | None, names: str = "{}_0"
) -> None:
    """Hold that each part of a state has as many axes as x asks for; N is None without a batch.

    Raises
    ------
    TypeError
        If an LSTM's state is no pair, or another one's is.
    RuntimeError
        If a part has another number of axes.
    """
    parts = parts_of(architecture, state, names)
    for letter, part, size in zip(
        architecture.state_names, parts, architecture.state_sizes, strict=True
    ):
        if part is None:
            continue
        name = names.format(letter)
        expected = _shape(architecture, N, size)
        shape = _check.array(name, part, f"an array {_axes(architecture, name, N)}").shape
        if len(shape) != len(expected):
            of_x = "one sequence without a batch" if N is None else "a batch"
            fix = f"x is {of_x}"
            if shape == (N,) and name.endswith("_0"):
                fix = "do you mean lengths=? hx is the initial state"
            raise _check.fail(
                RuntimeError,
                name,
                f"{_axes(architecture, name, N)} = {expected}, {len(expected)}-D",
                f"{len(shape)}-D, shape {shape}",
                fix,
            )


def checked(
    architecture: Architecture,
    dtype: np.dtype[Any],
    state: Any,
    N: int | None,
    batch_first: bool,
    names: str = "{}_0",
) -> Any:
    """Return a state, whose dimensions are right, as the network takes it.

    Parameters
    ----------
    architecture : Architecture
    dtype : float32 or float64
    state : array, or (h, c) of an LSTM, whose parts may be None; or None
    N : int, or None without a batch
    batch_first : bool
        Whether x has its batch first; states never have.
    names : str
        What a part is called in an error, {} being h or c.

    Raises
    ------
    RuntimeError
        If a dtype is not `dtype`, or a shape not (L·D, N, ·), or (L·D, ·) without a batch.
    """
    if state is None:
        return None
    found: list[FloatArray | None] = []
    for letter, part, size in zip(
        architecture.state_names,
        parts_of(architecture, state, names),
        architecture.state_sizes,
        strict=True,
    ):
        if part is None:
            found.append(None)
            continue
        name, array = names.format(letter), np.asarray(part)
        expected = _shape(architecture, N, size)
        _check.same_dtype(name, part, dtype, RuntimeError)
        fix = _likely_fix(architecture, name, array.shape, expected, batch_first)
        _check.shape(name, array, _axes(architecture, name, N), expected, fix)
        found.append(rows_contiguous(array))
    return tuple(found) if len(found) > 1 else found[0]


def _shape(architecture: Architecture, N: int | None, size: int) -> tuple[int, ...]:
    K = architecture.recurrences
    return (K, size) if N is None else (K, N, size)


def parts_of(architecture: Architecture, state: Any, names: str) -> tuple[Any, ...]:
    """Return (h,), or (h, c) of an LSTM, which must be given as a pair."""
    h, given_as_pair = names.format("h"), isinstance(state, tuple | list)
    if len(architecture.state_sizes) == 1:
        if given_as_pair and any(isinstance(part, np.ndarray) for part in state):
            fix = f"only an LSTM has a c: pass {h} alone"
            raise _check.fail(TypeError, h, "one array", f"{len(state)} of them", fix)
        return (state,)
    if state is None:
        return (None, None)
    if not given_as_pair or len(state) != 2:
        pair = f"({h}, {names.format('c')})"
        got = f"{len(state)} of them" if given_as_pair else type(state).__name__
        name = "d_state_n" if names.startswith("d_") else "hx"
        raise _check.fail(TypeError, name, f"a pair {pair}", got, "either part may be None")
    return tuple(state)


def _axes(architecture: Architecture, name: str, N: int | None) -> str:
    """Name the axes of a part of the state."""
    last = "proj_size" if architecture.proj_size and "h_" in name else "hidden_size"
    return f"(num_layers * num_directions, {'' if N is None else 'N, '}{last})"


def _likely_fix(
    architecture: Architecture,
    name: str,
    given: tuple[int, ...],
    expected: tuple[int, ...],
    batch_first: bool,
) -> str:
    """Guess what went wrong with a shape that is not `expected`."""
    if len(expected) == 3 and (given[1], given[0], given[2]) == expected:
        return f"{name} is never batch-first"
    if architecture.bidirectional and given[0] == architecture.num_layers:
        return "a bidirectional layer has a state for each layer and direction"
    if len(expected) == 3 and given[1] != expected[1]:
        return f"N is axis {int(not batch_first)} of x with batch_first={batch_first}"
    return ""
