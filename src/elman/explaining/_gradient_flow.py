"""How much of the gradient of the last state reaches each step before it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from elman._typing import FloatArray, Lengths
from elman.explaining import _flow_text, _walk
from elman.explaining._nonfinite import NonFinite, first_nonfinite
from elman.explaining._row import chosen_row
from elman.kernels import Architecture
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
    architecture : elman.kernels.Architecture
    layer_index, direction : int
        Which layer and direction this is of; `layer` returns that of another one.
    row : int, or None without a batch
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
    nonfinite : NonFinite, or None
        Where the first NaN or infinity of the forward pass arose, in all layers.
    """

    architecture: Architecture
    layer_index: int
    direction: int
    row: int | None
    norm: FloatArray
    mean_slope: FloatArray
    saturated: FloatArray
    saturated_gates: dict[str, FloatArray]
    keeps: FloatArray | None
    own_loss: FloatArray | None
    total_loss: FloatArray | None
    stretch: float | None
    spectral_radius: float | None
    nonfinite: NonFinite | None
    _all: list[GradientFlow] = field(default_factory=list)

    @property
    def length(self) -> int:
        """T, the row's valid steps."""
        return len(self.norm)

    @property
    def going_back(self) -> range:
        """Each t from the last state to the first."""
        return range(self.length) if self.direction else range(self.length)[::-1]

    @property
    def share(self) -> FloatArray:
        """The norm at each step, divided by the norm at the last state; shape (T,)."""
        with np.errstate(all="ignore"):
            share: FloatArray = self.norm / self.norm[self.going_back[0]]
        return share

    @property
    def ratio(self) -> FloatArray:
        """The norm at each step, divided by that at the step after it; NaN at the last state."""
        ratio, order = np.full(self.length, np.nan), np.array(self.going_back)
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
        return self.at_far_end ** (1 / (self.length - 1)) if self.length > 1 else math.nan

    @property
    def verdict(self) -> str:
        """What the gradient does on its way back.

        "non-finite" if the forward pass is; "one step" if T is 1; "exploding" if more than 1e3 of
        it is left at the far end, or it overflows; "vanishing" if less than 1e-3 is left, or less
        than half a step; "fading" if less than 0.1 is left; else "healthy".
        """
        if self.nonfinite is not None:
            return "non-finite"
        if self.length == 1:
            return "one step"
        if not self.at_far_end <= EXPLODING:
            return "exploding"
        if self.at_far_end < VANISHING or self.per_step < VANISHING_A_STEP:
            return "vanishing"
        return "fading" if self.at_far_end < FADING else "healthy"

    def layer(self, layer: int, direction: int = 0) -> GradientFlow:
        """Return the flow within another layer, in one direction: 0 forward, 1 reverse.

        Raises
        ------
        TypeError, ValueError
            If either is no int, or there is no such layer or direction.
        """
        return self._all[self.architecture.index_of(layer, direction)]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain lists, numbers and strings, which JSON can hold.

        What is NaN or infinite is None, such as the ratio at the last state.
        """
        names = ["norm", "share", "ratio", "mean_slope", "saturated", "saturated_gates", "keeps"]
        names += ["own_loss", "total_loss", "at_far_end", "per_step", "stretch", "spectral_radius"]
        return {
            "layer": self.layer_index,
            "direction": self.direction,
            "row": self.row,
            "length": self.length,
            "verdict": self.verdict,
            **{name: _plain(getattr(self, name)) for name in names},
            "nonfinite": None if self.nonfinite is None else self.nonfinite._asdict(),
        }

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
    input: Any,
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
        Which row of the batch to measure; a batch of one needs none.

    Returns
    -------
    GradientFlow
        Of the last layer, forward; its method `layer` has the others.

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
    array([0.0061, 0.0739, 1.    ])

    References
    ----------
    https://doi.org/10.1109/72.279181
    """
    chosen = chosen_row(layer, input, hx, lengths, row)
    d_row = None
    if d_output is not None:
        d_row = chosen.of_output(_checked_d_output(layer, chosen.form, d_output))
    a = layer.architecture
    with np.errstate(all="ignore"):  # what is not finite is told in words
        run = chosen.run(layer)
        losses = None if d_row is None else _walk.from_outputs(run, d_row.astype(np.float64))
        nonfinite = first_nonfinite(chosen, run)
        flows: list[GradientFlow] = []
        for k, recurrence in enumerate(run.recurrences):
            weights = run.network.of_recurrences[k]
            is_elman = a.cell.startswith("rnn")
            flow = GradientFlow(
                a,
                *divmod(k, a.directions),
                chosen.index,
                _walk.from_last_state(weights, recurrence).norm,
                *_walk.activations(weights, recurrence),
                *((None, None) if losses is None else losses[k]),
                *(_of_matrix(weights.weight_hh) if is_elman else (None, None)),
                nonfinite,
                flows,
            )
            flows.append(flow)
    return flows[-a.directions]


def _checked_d_output(layer: Recurrent[Any], form: Any, d_output: Any) -> FloatArray:
    """Return d_output as (T, N, D·P); errors are those of the backward of `vjp`."""
    a = layer.architecture
    output = form.restore(form.empty(a.output_size))
    state_n = form.restore_state(
        tuple(np.empty((a.recurrences, form.x.shape[1], n), layer.dtype) for n in a.state_sizes)
    )
    checked, _ = _arguments.checked_gradients(layer._description, (output, state_n), d_output, None)
    read = form.gradients(a, checked, None)
    found: FloatArray = read[0]
    return found


def _of_matrix(weight: FloatArray) -> tuple[float, float]:
    """Return the largest singular value and the spectral radius; NaN of what is not finite."""
    if not np.isfinite(weight).all():
        return math.nan, math.nan
    matrix = weight.astype(np.float64)
    return float(np.linalg.norm(matrix, 2)), float(np.abs(np.linalg.eigvals(matrix)).max())


def _plain(value: Any) -> Any:
    """Return arrays as lists, and None for a number that is not finite."""
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, np.ndarray):
        return [_plain(v) for v in value.tolist()]
    return value if value is None or math.isfinite(value) else None
