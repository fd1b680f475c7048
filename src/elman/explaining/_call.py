"""What callers give `explain`, checked as the layer itself checks it, and the one row taken out."""

from __future__ import annotations

import operator
from typing import Any, NamedTuple

import numpy as np

from elman import _check
from elman._typing import FloatArray
from elman.kernels import forms
from elman.nn import Network
from elman.nn._arguments import checked_call
from elman.nn._cell import RecurrentCell
from elman.nn._recurrent import Recurrent


class Sequence(NamedTuple):
    """One sequence, and how it came.

    x : (T, 1, I), C-contiguous, T at least 1
    state : parts (L·D, 1, ·), each None if it was not given
    length : valid steps
    T : steps of x; 0 for an empty sequence of a list
    row : which row of the batch, or None without a batch
    ragged : whether it came in a list of sequences
    N : rows of the batch, or None without one
    """

    x: FloatArray
    state: tuple[FloatArray | None, ...]
    length: int
    T: int
    row: int | None
    ragged: bool
    N: int | None


def checked_layer(layer: Any) -> Any:
    """Return the layer or cell as it is now, whatever is assigned to it later.

    Raises
    ------
    TypeError
        If it is no recurrent layer or cell.
    """
    if isinstance(layer, Recurrent | RecurrentCell):
        return layer._snapshot()
    raise refused(layer, "nn.RNN, nn.GRU, nn.LSTM or a cell of these")


def refused(layer: Any, expected: str) -> Exception:
    """Make the error for what is no layer as expected."""
    fix = ""
    if isinstance(layer, Network):
        fix = "explain its recurrent layers: pass network.rnn, and x as these take it"
    elif isinstance(layer, RecurrentCell):
        fix = "a cell makes one step: pass the layer, and a sequence"
    elif isinstance(layer, type):
        fix = "pass a layer, not its class"
    elif hasattr(layer, "rnn_"):
        fix = "explain its recurrent layers: pass estimator.rnn_, and x as it was scaled"
    elif type(layer).__module__.partition(".")[0] == "torch":
        fix = "make elman's layer of the same arguments and load the state_dict into it"
    got = layer.__name__ if isinstance(layer, type) else type(layer).__name__
    return _check.fail(TypeError, "layer", expected, got, fix)


def sequence_of_layer(layer: Any, x: Any, hx: Any, lengths: Any, row: Any) -> Sequence:
    """Read the arguments of a call of a layer, and take out a row."""
    a, batch_first = layer.architecture, layer.batch_first
    form = forms.read(a, layer.dtype, x, hx, lengths, batch_first)
    if form is None:
        x, hx, lengths = checked_call(layer._description, x, hx, lengths)
        form = forms.read(a, layer.dtype, x, hx, lengths, batch_first)
        assert form is not None
    T, N, _ = form.x.shape
    rows = N if form.batched else None
    row = checked_row(row, rows)
    i = row or 0
    length = T if form.lengths is None else int(form.lengths[i])
    if form.ragged:
        T = length
    # An empty sequence has a step too, which is not valid, as the kernels take T from 1 on.
    x = np.array(form.x[: max(1, T), i : i + 1], order="C")
    state = tuple(None if part is None else _row(part, i) for part in form.state)
    return Sequence(x, state, length, T, row, form.ragged, rows)


def sequence_of_cell(cell: Any, x: Any, hx: Any, lengths: Any, row: Any) -> Sequence:
    """Read the arguments of a call of a cell, which is one step, and take out a row."""
    if lengths is not None:
        raise _check.fail(ValueError, "lengths", "None for a cell, which makes one step", "lengths")
    x, hx = cell._checked_call(x, hx)
    N = len(x) if x.ndim == 2 else None
    row = checked_row(row, N)
    i = row or 0
    parts = hx if isinstance(hx, tuple) else (hx,) * len(cell.architecture.state_sizes)
    state = tuple(None if part is None else _row(np.atleast_2d(part)[None], i) for part in parts)
    x = np.array(np.atleast_2d(x)[None, i : i + 1], order="C")
    return Sequence(x, state, 1, 1, row, False, N)


def checked_row(row: Any, N: int | None) -> int | None:
    """Return which row of the batch to explain; None without a batch, where N is None.

    Raises
    ------
    TypeError
        If `row` is no integer.
    ValueError
        If there is no such row, or `row` is missing for a batch of more than one.
    """
    if N is None:
        if row is not None:
            expected = "None for a sequence without a batch"
            raise _check.fail(ValueError, "row", expected, _check.short(row))
        return None
    if N == 0:
        raise _check.fail(ValueError, "x", "a batch with a row to explain", "an empty batch")
    rows = f"a row of the batch, 0 to {N - 1}" if N > 1 else "0, the only row of the batch"
    if row is None:
        if N > 1:
            fix = "one sequence is explained at a time: pass row=0 for the first"
            raise _check.fail(ValueError, "row", rows, "None", fix)
        return 0
    if isinstance(row, bool | np.bool_):
        raise _check.fail(TypeError, "row", rows, repr(row))
    try:
        number = operator.index(row)
    except TypeError:
        raise _check.fail(TypeError, "row", rows, _check.short(row)) from None
    if not -N <= number < N:
        raise _check.fail(ValueError, "row", rows, str(number))
    return number % N


def _row(part: FloatArray, i: int) -> FloatArray:
    """Return row i of a part (L·D, N, ·) of a state as (L·D, 1, ·)."""
    return np.array(part[:, i : i + 1], order="C")
