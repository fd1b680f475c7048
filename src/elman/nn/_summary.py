"""What a recurrent layer is made of, and what a call of it takes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from elman import _check
from elman.kernels import Architecture
from elman.nn._recurrent import Recurrent


class SummaryRow(NamedTuple):
    """One layer in one direction, or the total.

    parameters : how many numbers
    output_shape : of that layer and direction, as its input's axes are; of the total, of the call
    multiply_adds : of the matrix products of one call
    forward_bytes : of output and final state
    training_bytes : of what forward keeps for backward beside these, and of all gradients

    All but the name and the parameters are None in a summary without a size.
    """

    name: str
    parameters: int
    output_shape: tuple[int, ...] | None = None
    multiply_adds: int | None = None
    forward_bytes: int | None = None
    training_bytes: int | None = None


class Summary(NamedTuple):
    """A table, printed as text or shown as HTML in a notebook.

    rows : one for each layer and direction
    total : SummaryRow
    """

    title: str
    rows: list[SummaryRow]
    total: SummaryRow

    def __str__(self) -> str:
        table = self._table()
        widths = [max(len(line[column]) for line in table) for column in range(len(table[0]))]
        lines = [
            "  ".join(
                cell.ljust(width) if column < 2 - (len(line) == 2) else cell.rjust(width)
                for column, (cell, width) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in table
        ]
        rule = "-" * max(map(len, lines))
        return "\n".join([self.title, rule, lines[0], rule, *lines[1:-1], rule, lines[-1]])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        import html  # here, as few need it and it adds to the time that `import elman` takes

        head, *body = self._table()
        rows = ["<tr>" + "".join(f"<th>{html.escape(cell)}</th>" for cell in head) + "</tr>"]
        rows += [
            "<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in line) + "</tr>" for line in body
        ]
        caption = f"<caption>{html.escape(self.title)}</caption>"
        return f"<table>{caption}{''.join(rows)}</table>"

    def _table(self) -> list[list[str]]:
        head = ["layer", "output", "parameters", "multiply-adds", "forward", "training"]
        lines = [
            [
                row.name,
                str(row.output_shape),
                f"{row.parameters:,}",
                f"{row.multiply_adds or 0:,}",
                _in_units(row.forward_bytes or 0),
                _in_units(row.training_bytes or 0),
            ]
            for row in [*self.rows, self.total]
        ]
        if self.total.output_shape is None:
            return [[line[0], line[2]] for line in [head, *lines]]
        return [head, *lines]


def summary(layer: Recurrent[Any], input_size: Sequence[int] | None = None) -> Summary:
    """Count what a recurrent layer has, and what a call of it takes.

    Parameters
    ----------
    layer : nn.RNN, nn.GRU or nn.LSTM
    input_size : ints, optional
        The shape of x: (T, N, I), or (N, T, I) if batch_first, or (T, I) without a batch. Without
        it the parameters alone are counted.

    Returns
    -------
    Summary

    Raises
    ------
    TypeError
        If `layer` is none of these, or `input_size` no shape.
    ValueError, RuntimeError
        If x of that shape could not be given to the layer.

    Examples
    --------
    >>> import elman
    >>> elman.summary(elman.nn.RNN(10, 5, batch_first=True), input_size=(1, 4, 10))
    RNN(10, 5, batch_first=True), x (1, 4, 10)
    --------------------------------------------------------------
    layer  output     parameters  multiply-adds  forward  training
    --------------------------------------------------------------
    0      (1, 4, 5)          85            300    100 B     700 B
    --------------------------------------------------------------
    total  (1, 4, 5)          85            300    100 B     700 B
    """
    if not isinstance(layer, Recurrent):
        fix = "pass its layers: network.rnn" if hasattr(layer, "rnn") else ""
        got = type(layer).__name__
        raise _check.fail(TypeError, "layer", "nn.RNN, nn.GRU or nn.LSTM", got, fix)
    a = layer.architecture
    initial = sum(map(math.prod, a.initial_shapes().values())) if layer.learn_initial_state else 0
    if input_size is None:
        rows = [SummaryRow(_name(a, k), _count(a, k)) for k in range(a.recurrences)]
        total = SummaryRow("total", sum(row.parameters for row in rows) + initial)
        return Summary(repr(layer), rows, total)
    shape = _checked_shape(layer, input_size)
    T, N = (shape[0], 1) if len(shape) == 2 else shape[:2]
    if layer.batch_first and len(shape) == 3:
        T, N = N, T
    rows = [_row(layer, k, T * N, N, (*shape[:-1], a.state_sizes[0])) for k in range(a.recurrences)]
    total = SummaryRow(
        "total",
        sum(row.parameters for row in rows) + initial,
        (*shape[:-1], a.output_size),
        sum(row.multiply_adds or 0 for row in rows),
        sum(row.forward_bytes or 0 for row in rows),
        sum(row.training_bytes or 0 for row in rows) + initial * layer.dtype.itemsize,
    )
    return Summary(f"{layer!r}, x {shape}", rows, total)


def _checked_shape(layer: Recurrent[Any], input_size: Any) -> tuple[int, ...]:
    expected = "the shape of x, as (T, N, I)"
    if isinstance(input_size, np.ndarray) and input_size.ndim > 1:
        got = f"an array of shape {input_size.shape}"
        raise _check.fail(TypeError, "input_size", expected, got, "pass x.shape")
    if isinstance(input_size, str) or not np.iterable(input_size):
        raise _check.fail(TypeError, "input_size", expected, _check.short(input_size))
    if any(isinstance(n, list | tuple) for n in input_size):
        fix = "a list of sequences is padded to one x: give the shape of that"
        raise _check.fail(TypeError, "input_size", expected, _check.short(input_size), fix)
    shape = tuple(_check.size("input_size", n) for n in input_size)
    if len(shape) not in (2, 3):
        raise _check.fail(ValueError, "input_size", "2 or 3 axes, as of x", str(shape))
    if shape[-1] != layer.input_size:
        on_last = f"the layer's input_size, {layer.input_size}, on the last axis"
        raise _check.fail(RuntimeError, "input_size", on_last, str(shape))
    return shape


def _name(a: Architecture, k: int) -> str:
    layer, direction = divmod(k, a.directions)
    return f"{layer}" + ("" if a.directions == 1 else (" forward", " reverse")[direction])


def _count(a: Architecture, k: int) -> int:
    """Return how many parameters recurrence k has."""
    return sum(map(math.prod, a.cell_shapes(k).values()))


def _row(
    layer: Recurrent[Any], k: int, steps: int, N: int, output_shape: tuple[int, ...]
) -> SummaryRow:
    """Describe recurrence k; `steps` is T·N."""
    a = layer.architecture
    H, P, parameters = a.hidden_size, a.state_sizes[0], _count(a, k)
    products = sum(math.prod(shape) for shape in a.cell_shapes(k).values() if len(shape) == 2)
    state = N * sum(a.state_sizes)
    forward = steps * P + state
    # d_a, for a GRU a second time for its third gate, and d_h where there is a projection.
    sums = a.gates * H + (H if a.cell == "gru" else 0) + (P if a.proj_size else 0)
    kept = layer._network.kept_values * H
    training = forward + steps * (kept + sums + a.inputs(k)) + state + parameters
    bytes_each = layer.dtype.itemsize
    return SummaryRow(
        _name(a, k),
        parameters,
        output_shape,
        steps * products,
        forward * bytes_each,
        training * bytes_each,
    )


def _in_units(n: float) -> str:
    """Write bytes in B, kB, MB or GB (powers of 1000)."""
    units = ["B", "kB", "MB", "GB"]
    while n >= 1000 and len(units) > 1:
        n, units = n / 1000, units[1:]
    return f"{n:.3g} {units[0]}"
