"""`explain`: run the reference's cells, keep every value, and compare with the layer's kernels."""

from __future__ import annotations

from typing import Any

import numpy as np

from elman._typing import FloatArray, Lengths
from elman.explaining import _agreement
from elman.explaining._call import (
    Sequence,
    checked_layer,
    sequence_of_cell,
    sequence_of_layer,
)
from elman.explaining._record import Record, record
from elman.explaining._trace import Trace
from elman.kernels import reference
from elman.nn._recurrent import Recurrent


def explain(
    layer: Any,
    input: Any,  # noqa: A002 - as the layers call it
    hx: Any = None,
    *,
    lengths: Lengths | None = None,
    row: int | None = None,
) -> Trace:
    """Record every number that a layer computes for one sequence.

    The NumPy reference of the kernels runs with its values kept, in float64, and the layer's own
    kernels run; the two must agree. Dropout is left out, as in evaluation mode; where the layer
    would use it, the trace says so. NaN and infinity are let through: the trace tells where they
    begin.

    Parameters
    ----------
    layer : nn.RNN, nn.GRU, nn.LSTM, nn.RNNCell, nn.GRUCell or nn.LSTMCell
    input, hx, lengths
        As in a call of the layer: x is (T, N, I), or (N, T, I) if batch_first, or (T, I), or a list
        of arrays (T_i, I); of a cell (N, I) or (I,).
    row : int, optional
        Which row of the batch, or sequence of the list. Needed if there is more than one; negative
        ones count from the end.

    Returns
    -------
    Trace
        ``print(trace)`` shows vectors, ``print(trace[t])`` every multiplication of a step.

    Raises
    ------
    TypeError, ValueError, RuntimeError
        If `layer` is none of these, there is no such row, or the layer would refuse the call.
    RuntimeError
        If the recorded values and the layer's differ by more than 1e-5 in float32 or 1e-12 in
        float64, times the largest value if that is above 1, and times what the network itself
        makes of a rounding of its weights if that is above 1.

    Examples
    --------
    >>> import elman, numpy as np
    >>> rnn = elman.nn.RNN(5, 2, batch_first=True, generator=elman.Generator(1))
    >>> x = np.array([[[1] * 5, [2] * 5, [3] * 5]], np.float32)
    >>> trace = elman.explain(rnn, x)
    >>> trace.h[0].astype(float).round(4).tolist()
    [[-0.352, 0.5253], [-0.6842, 0.7607], [-0.8649, 0.9047]]
    """
    layer = checked_layer(layer)
    read = sequence_of_layer if isinstance(layer, Recurrent) else sequence_of_cell
    sequence = read(layer, input, hx, lengths, row)
    with np.errstate(all="ignore"):  # the trace tells where NaN and infinity arise
        given = _given(layer, sequence)
        exact = _recorded(layer, sequence, np.dtype(np.float64))
        rounded = exact.astype(layer.dtype)
        if not all(np.isfinite(values).all() for values in (*rounded.results(), *given)):
            # Where float32 overflows, float64 does not.
            exact = rounded = _recorded(layer, sequence, layer.dtype)
        apart, growth = _compared(layer, sequence, exact, given)
        differences = np.abs(exact.output - given[0])
    return _trace(layer, sequence, rounded, given, (apart, differences, growth))


def _recorded(layer: Any, sequence: Sequence, dtype: np.dtype[Any], nudge: float = 0) -> Record:
    """Run the reference on the layer's parameters in a dtype, each moved up or down by `nudge`.

    In float64 a float32 layer's record is exact to the digits shown, on whatever machine, and what
    the layer's kernels differ by is their own rounding.
    """

    def converted(arrays: Any) -> list[Any]:
        return [None if array is None else array.astype(dtype) for array in arrays]

    network = layer._network
    weights, initial = converted(network.weights), converted(network.initial)
    if nudge:
        weights = [_agreement.nudged(weight, nudge) for weight in weights]
    walk = reference.network(layer.architecture, weights, initial)
    x, state = sequence.x.astype(dtype), tuple(converted(sequence.state))
    return record(walk, x, state, sequence.length)


def _given(layer: Any, sequence: Sequence) -> list[FloatArray]:
    """Return what the layer's kernels give without dropout: output (T, D·P), h_n and c_n."""
    network, state = layer._network, _whole(sequence.state)
    if isinstance(layer, Recurrent):
        lengths = np.array([sequence.length], np.int64)
        output, state_n = network.run(sequence.x, state, lengths)
        parts = state_n if isinstance(state_n, tuple) else (state_n,)
        return [output[:, 0], *(part[:, 0] for part in parts)]
    first = tuple(None if part is None else part[0] for part in sequence.state)
    state_n = network.cell(sequence.x[0], _whole(first))
    parts = state_n if isinstance(state_n, tuple) else (state_n,)
    return [parts[0], *parts]


def _compared(
    layer: Any, sequence: Sequence, exact: Record, given: list[FloatArray]
) -> tuple[float, float]:
    """Return how far the record is from what the layer gave, and how rounding grows, or 1.

    Raises
    ------
    RuntimeError
        If that is too far.
    """
    apart = _agreement.difference(exact.results(), given)
    states = [exact.h] if exact.c is None else [exact.h, exact.c]
    allowed = _agreement.TOLERANCE[layer.dtype] * _agreement.largest(states)
    if apart <= allowed:
        return apart, 1.0
    epsilon = float(np.finfo(layer.dtype).eps)
    again = _recorded(layer, sequence, exact.output.dtype, epsilon)
    growth = _agreement.growth(exact.results(), again.results(), epsilon)
    if apart <= allowed * growth:
        return apart, growth
    raise _agreement.disagreement(apart, allowed * growth, layer)


def _whole(parts: tuple[Any, ...]) -> Any:
    """Return a state as callers pass it: h, or (h, c)."""
    return parts if len(parts) > 1 else parts[0]


def _trace(
    layer: Any,
    sequence: Sequence,
    recorded: Record,
    given: list[FloatArray],
    compared: tuple[float, FloatArray, float],
) -> Trace:
    """Put a trace together; `compared` are its difference, differences and growth."""
    T, (difference, differences, growth) = sequence.T, compared

    def steps(values: FloatArray | None) -> Any:
        return None if values is None else values[:, :T]

    a = layer.architecture
    names = a.parameter_shapes() if isinstance(layer, Recurrent) else a.cell_shapes()
    recurrent = getattr(layer, "recurrent_dropout", 0)
    between = getattr(layer, "dropout", 0) if a.num_layers > 1 else 0
    return Trace(
        module=layer,
        architecture=a,
        parameters=dict(zip(names, layer._network.weights, strict=True)),
        row=sequence.row,
        N=sequence.N,
        length=sequence.length,
        T=T,
        ragged=sequence.ragged,
        given=tuple(
            f"{letter}_0"
            for letter, part in zip(a.state_names, sequence.state, strict=True)
            if part is not None
        ),
        without_dropout=layer.training and bool(recurrent or between),
        x=sequence.x[:T, 0],
        h_0=recorded.h_0,
        c_0=recorded.c_0,
        h=recorded.h[:, :T],
        c=steps(recorded.c),
        gates={letter: values[:, :T] for letter, values in recorded.gates.items()},
        sums_x=recorded.sums_x[:, :T],
        sums_h=recorded.sums_h[:, :T],
        hidden=steps(recorded.hidden),
        output=recorded.output[:T],
        h_n=recorded.h_n,
        c_n=recorded.c_n,
        layer_output=given[0][:T],
        layer_h_n=given[1],
        layer_c_n=given[2] if len(given) > 2 else None,
        difference=difference,
        differences=differences[:T],
        growth=growth,
    )
