"""How much of the gradient of the last state reaches each step before it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from elman import _check
from elman._typing import FloatArray, Lengths
from elman.explaining import _call, _flow_text, _json, _walk
from elman.explaining._explain import explain
from elman.explaining._record import order
from elman.explaining._trace import Trace
from elman.kernels import reference
from elman.nn import _arguments
from elman.nn._recurrent import Recurrent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

VANISHING, VANISHING_A_STEP, FADING, EXPLODING = 1e-3, 0.5, 0.1, 1e3
"""Where the verdicts begin: of the gradient's share at the far end, and of its ratio a step."""


@dataclass(frozen=True, eq=False, repr=False)
class GradientFlow:
    """The gradient of the last state at each step of one layer in one direction.

    The last state is the one after the last step that the direction makes. Forward this is at
    t = T - 1, where T is the row's length. In the reverse direction it is at t = 0, and going back
    leads to t = T - 1. S is the sum of the last state's values, of h and c together for an LSTM.
    Only paths within this layer and direction count. Printed, it is a table with a verdict.

    Arrays have the shape (T,), float64, and are indexed by t.

    Attributes
    ----------
    trace : Trace
        What the layer computed for the sequence.
    k : int
        layer · D + direction; `layer` returns the flow of another one.
    norm : array
        ‖∂S / ∂(state after step t)‖, for an LSTM of (h, c) as one vector.
    mean_slope : array
        Mean slope over the units of the activation of an Elman cell, of the tanh that makes n of a
        GRU or g of an LSTM. 1 loses nothing.
    saturated : array
        Share of the activations that are saturated: of a tanh or relu with a slope below 0.05, of a
        gate within 0.05 of 0 or 1. Of a GRU or LSTM it counts those of all gates.
    saturated_gates : dict of arrays
        The same for each gate by name; empty for an Elman cell.
    keeps : array, or None for an Elman cell
        Mean over the units of the gate that keeps the state before: z of a GRU, f of an LSTM.
    own_loss : array, or None without d_output
        Norm of what the loss of step t alone adds to the gradient of its h. In a layer below the
        last one, this is what comes down from the layers above at that step.
    total_loss : array, or None without d_output
        Norm of the gradient of all steps' losses with respect to the state after step t.
    stretch : float, or None for a GRU or LSTM
        The largest singular value of W_hh: it stretches no vector by more.
    spectral_radius : float, or None for a GRU or LSTM
        The largest modulus of W_hh's eigenvalues, as background alone. It leaves out the slopes of
        the activation, so it can say the opposite of the truth, which is `norm`.
    """

    trace: Trace
    k: int
    norm: FloatArray
    mean_slope: FloatArray
    saturated: FloatArray
    saturated_gates: dict[str, FloatArray]
    keeps: FloatArray | None
    own_loss: FloatArray | None
    total_loss: FloatArray | None
    stretch: float | None
    spectral_radius: float | None
    _all: list[GradientFlow]

    @property
    def going_back(self) -> range:
        """Each t from the last state to the first."""
        return order(self.trace.architecture, self.k, self.trace.length)[::-1]

    @property
    def share(self) -> FloatArray:
        """The norm at each step, divided by the norm at the last state; shape (T,)."""
        with np.errstate(all="ignore"):
            share: FloatArray = self.norm / self.norm[self.going_back[0]]
        return share

    @property
    def ratio(self) -> FloatArray:
        """The norm at each step, divided by that at the step after it; NaN at the last state."""
        ratio, order = np.full(self.trace.length, np.nan), np.array(self.going_back)
        with np.errstate(all="ignore"):
            ratio[order[1:]] = self.norm[order[1:]] / self.norm[order[:-1]]
        return ratio

    @property
    def at_far_end(self) -> float:
        """The share that reaches the step farthest from the last state."""
        return float(self.share[self.going_back[-1]])

    @property
    def per_step(self) -> float:
        """The geometric mean of the ratios; NaN where T is 1."""
        steps = self.trace.length - 1
        return self.at_far_end ** (1 / steps) if steps else math.nan

    @cached_property
    def verdict(self) -> str:
        """What the gradient does on its way back.

        "non-finite" if a value of the forward pass is NaN or infinite in this layer and direction;
        "one step" if T is 1; "exploding" if more than 1e3 of it is left at the far end, or it
        overflows; "vanishing" if less than 1e-3 is left, or less than half a step; "fading" if less
        than 0.1 is left; else "healthy".
        """
        trace = self.trace
        values = [trace.sums_x, trace.sums_h, trace.h] + ([] if trace.c is None else [trace.c])
        if not all(np.isfinite(array[self.k]).all() for array in values):
            return "non-finite"
        if trace.length == 1:
            return "one step"
        if not self.at_far_end <= EXPLODING:
            return "exploding"
        if self.at_far_end < VANISHING or self.per_step < VANISHING_A_STEP:
            return "vanishing"
        return "fading" if self.at_far_end < FADING else "healthy"

    def layer(self, layer: int, direction: int | str = 0) -> GradientFlow:
        """Return the flow within another layer and direction: 0 or "forward", 1 or "reverse".

        Raises
        ------
        IndexError, ValueError, TypeError
            If there is no such layer or direction.
        """
        return self._all[self.trace.layer(layer, direction).k]

    def to_dict(self) -> dict[str, Any]:
        """Return what was measured as plain lists, numbers and texts, which JSON can hold.

        Numbers that are NaN or infinite become the texts "nan", "inf" and "-inf".
        """
        layer, direction = divmod(self.k, self.trace.architecture.directions)
        found: dict[str, Any] = {
            "layer": layer,
            "direction": ("forward", "reverse")[direction],
            "row": self.trace.row,
            "verdict": self.verdict,
            "first_non_finite": self.trace.first_non_finite,
        }
        names = ["at_far_end", "per_step", "stretch", "spectral_radius", "norm", "share", "ratio"]
        names += ["mean_slope", "saturated", "saturated_gates", "keeps", "own_loss", "total_loss"]
        return found | {name: _json.plain(getattr(self, name)) for name in names}

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the norm at each step on Axes, new ones if None; see `elman.plots`."""
        from elman import plots  # here, as it needs matplotlib

        return plots.plot_gradient_flow(self, ax)

    def __str__(self) -> str:
        return _flow_text.text(self)

    def __repr__(self) -> str:
        return str(self)


def gradient_flow(
    layer: Recurrent[Any],
    input: Any,  # noqa: A002 - as the layers call it
    hx: Any = None,
    *,
    d_output: Any = None,
    lengths: Lengths | None = None,
    row: int | None = None,
) -> GradientFlow:
    """Measure how much of the gradient of the last state reaches each step before it.

    The layer runs, and then the sum of its last state (h, or h and c of an LSTM) is taken backwards
    one step at a time (Hochreiter 1991; Bengio, Simard & Frasconi 1994). Beginning at the last
    state alone matters: a loss of every step adds to the gradient at each, and hides how little
    comes from afar. The steps run as the layer's, in its dtype; what goes back is float64, so that
    it does not end at 1e-45. Dropout is left out.

    Parameters
    ----------
    layer : nn.RNN, nn.GRU or nn.LSTM
    input, hx, lengths
        As in a call of the layer.
    d_output : array like output, or a list of them, optional
        The gradient of a loss with respect to the output. What each step's own loss adds, and what
        all of them are together, is then shown apart, as `own_loss` and `total_loss`.
    row : int, optional
        Which row of the batch, or sequence of the list; needed if there is more than one.

    Returns
    -------
    GradientFlow
        Of the last layer, forward; its method `layer` has the others. ``print(flow)`` tells it all.

    Raises
    ------
    TypeError
        If `layer` is none of these, or an argument has the wrong type.
    ValueError
        If `row` is missing, is not there, or has no valid step, or as in a call.
    RuntimeError
        If a shape does not fit, as in a call and in the backward of `vjp`.

    Examples
    --------
    >>> import numpy as np
    >>> import elman
    >>> rnn = elman.nn.RNN(5, 2, batch_first=True, generator=elman.Generator(1))
    >>> x = np.repeat(np.float32([[[1], [2], [3]]]), 5, axis=2)
    >>> flow = elman.gradient_flow(rnn, x)
    >>> flow.verdict
    'vanishing'
    >>> flow.share.round(4)
    array([0.0061, 0.0741, 1.    ])

    References
    ----------
    https://doi.org/10.1109/72.279181
    """
    if not isinstance(layer, Recurrent):
        raise _call.refused(layer, "nn.RNN, nn.GRU or nn.LSTM")
    trace = explain(layer, input, hx, lengths=lengths, row=row)
    if trace.length == 0:
        name, fix = "x" if trace.ragged else "lengths", "choose another row"
        raise _check.fail(ValueError, name, f"a valid step in row {trace.row}", "none", fix)
    d_row = None if d_output is None else _row_of_d_output(trace, input, d_output)
    with np.errstate(all="ignore"):  # what is NaN or infinite is told in words
        run = _run(trace)
        losses = [None] * len(run.recurrences) if d_row is None else _walk.from_outputs(run, d_row)
        flows: list[GradientFlow] = []
        for k, loss in enumerate(losses):
            recurrence, weights = run.recurrences[k], run.network.of_recurrences[k]
            is_elman = weights.cell.startswith("rnn")
            through = _walk.activations(weights, recurrence)
            flow = GradientFlow(
                trace=trace,
                k=k,
                norm=_walk.from_last_state(weights, recurrence).norm,
                mean_slope=through.mean_slope,
                saturated=through.saturated,
                saturated_gates=through.saturated_gates,
                keeps=through.keeps,
                own_loss=None if loss is None else loss.own,
                total_loss=None if loss is None else loss.total,
                stretch=_walk.stretch(weights.weight_hh) if is_elman else None,
                spectral_radius=_walk.spectral_radius(weights.weight_hh) if is_elman else None,
                _all=flows,
            )
            flows.append(flow)
    return flows[-trace.architecture.directions]


def _run(trace: Trace) -> reference.Run:
    """Run the reference over the sequence's valid steps, in the layer's dtype."""
    network = reference.network(trace.architecture, trace.module._network.weights)
    state = trace.h_0 if trace.c_0 is None else (trace.h_0, trace.c_0)
    run: reference.Run = network.run(trace.x[: trace.length], state, keep=True)[1]
    return run


def _row_of_d_output(trace: Trace, x: Any, d_output: Any) -> FloatArray:
    """Return the valid steps (T, D·P) of d_output, which must be like the output of the call."""
    layer: Recurrent[Any] = trace.module
    size = trace.architecture.output_size

    def output_of(x: Any) -> FloatArray:
        return np.empty((*np.shape(x)[:-1], size), layer.dtype)

    output = [output_of(x_i) for x_i in x] if trace.ragged else output_of(x)
    results = (output, trace.h_n)
    checked, _ = _arguments.checked_gradients(layer._description, results, d_output, None)
    if trace.row is not None:
        is_first = trace.ragged or layer.batch_first
        checked = checked[trace.row] if is_first else checked[:, trace.row]
    valid: FloatArray = checked[: trace.length]
    return valid
