"""One sequence of a call: the row of the batch that is looked at, and how its values are named."""

from __future__ import annotations

import operator
from typing import Any, NamedTuple

import numpy as np

from elman import _check
from elman._typing import FloatArray, Lengths
from elman.kernels import forms, reference
from elman.nn import _arguments
from elman.nn._cell import RecurrentCell
from elman.nn._recurrent import Recurrent


class Row(NamedTuple):
    """One sequence of a call, up to its length.

    form : the whole call, as the kernels take it
    index : int, the row of the batch, or None for a sequence without a batch
    length : int, at least 1
    x : array, shape (length, I)
    state : h_0 (L·D, P), or with it c_0 (L·D, H) for an LSTM
    """

    form: forms.Form
    index: int | None
    length: int
    x: FloatArray
    state: tuple[FloatArray, ...]

    def run(self, layer: Recurrent[Any]) -> reference.Run:
        """Run the reference over the row, without dropout, and keep every step's values."""
        own = layer._network
        network = reference.network(layer.architecture, own.weights, own.initial)
        state = self.state if len(self.state) > 1 else self.state[0]
        run: reference.Run = network.run(self.x, state, keep=True)[1]
        return run

    def of_output(self, values: FloatArray) -> FloatArray:
        """Return the row (length, D·P) of values like the call's output (T, N, D·P)."""
        return values[: self.length, self.index or 0]

    def x_at(self, t: int, i: int) -> str:
        """Write input i of step t as the caller would, such as ``x[0, 3, 2]``."""
        if self.index is None:
            return f"x[{t}, {i}]"
        if self.form.ragged:
            return f"x[{self.index}][{t}, {i}]"
        return (
            f"x[{self.index}, {t}, {i}]" if self.form.batch_first else f"x[{t}, {self.index}, {i}]"
        )

    def state_at(self, part: int, k: int, j: int) -> str:
        """Write value j of an initial state of recurrence k, such as ``h_0[1, 0, 5]``."""
        given = self.form.state[part] is not None and self.index is not None
        return f"{'hc'[part]}_0[{k}, {f'{self.index}, ' if given else ''}{j}]"


def chosen_row(layer: Any, input: Any, hx: Any, lengths: Lengths | None, row: int | None) -> Row:
    """Return the row of a call that is looked at.

    Raises
    ------
    TypeError
        If `layer` is no nn.RNN, nn.GRU or nn.LSTM, `row` no int, or an argument no array.
    ValueError
        If a batch of more than one row comes without `row`, the row is not there or has no valid
        step, or as in a call of the layer.
    RuntimeError
        As in a call of the layer.
    """
    _check_layer(layer)
    x, state, lengths = _arguments.checked_call(layer._description, input, hx, lengths)
    form = forms.read(layer.architecture, layer.dtype, x, state, lengths, layer.batch_first)
    assert form is not None  # as everything was checked and converted
    index = _checked_row(row, form)
    at = index or 0
    length = int(form.x.shape[0] if form.lengths is None else form.lengths[at])
    if length == 0:
        expected, got = f"at least one valid step in row {at}", "0"
        raise _check.fail(ValueError, "lengths", expected, got, "choose another row")
    N = form.x.shape[1]
    initial = forms.initial_state(layer.architecture, layer.dtype, layer._network.initial, N)
    parts = forms.begin(form, initial)
    return Row(
        form,
        index,
        length,
        np.ascontiguousarray(form.x[:length, at]),
        tuple(np.ascontiguousarray(part[:, at]) for part in parts),
    )


def _check_layer(layer: Any) -> None:
    if isinstance(layer, Recurrent):
        return
    fix = ""
    if isinstance(layer, RecurrentCell):
        fix = "a cell makes one step: give the layer and a sequence"
    elif isinstance(getattr(layer, "rnn", None), Recurrent):
        fix = "give its recurrent layers, .rnn, and the input that they take"
    expected, got = "nn.RNN, nn.GRU or nn.LSTM", _check.short(layer)
    raise _check.fail(TypeError, "layer", expected, got, fix)


def _checked_row(row: Any, form: forms.Form) -> int | None:
    """Return the row's index, or None without a batch."""
    N = form.x.shape[1]
    if not form.batched:
        if row is None:
            return None
        expected = "None for a sequence without a batch"
        raise _check.fail(ValueError, "row", expected, _check.short(row))
    expected = f"an int in [0, N) = [0, {N})"
    if row is None:
        if N == 1:
            return 0
        fix = "say which row of the batch to look at"
        raise _check.fail(ValueError, "row", expected, "None", fix)
    try:
        index = operator.index(row)
    except TypeError:
        raise _check.fail(TypeError, "row", expected, _check.short(row)) from None
    if not 0 <= index < N:
        raise _check.fail(ValueError, "row", expected, str(index))
    return index
