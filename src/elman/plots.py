"""Pictures of states, gates, gradients and training, on matplotlib's Axes.

Each function draws on the Axes it is given, or on new ones, and returns them. matplotlib is
imported when one of them is called.

    >>> import elman
    >>> axes = elman.plots.plot_states(elman.explain(layer, x))  # doctest: +SKIP
    >>> axes.figure.savefig("states.png")  # doctest: +SKIP

Blue is negative and orange positive, in a scale that is symmetric about zero. A gate between 0 and
1 is a grey that fills up. Letters: T time steps, P size of h, L layers, D directions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from elman import _check, _drawing
from elman._drawing import BLUE, INK, MUTED, ORANGE, PALE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from elman.explaining import GradientFlow, Trace
    from elman.explaining._views import TracedLayer

__all__ = ["plot_forecast", "plot_gates", "plot_gradient_flow", "plot_loss_curve", "plot_states"]

FEW_STEPS = 12
"""Up to so many bars have their value written above."""
TANH_GATES = ("n", "g")


def plot_states(
    trace: Any, *, layer: int = 0, direction: int | str = 0, ax: Axes | None = None
) -> Axes:
    """Draw the state h of a layer after each step: steps across, units down.

    The scale is -1 to 1, or the largest |h| to either side where that is more, or where h has no
    bounds: with relu or a projection. Steps after the row's length are hatched.

    Parameters
    ----------
    trace : elman.explaining.Trace, as `elman.explain` returns it
    layer : int
    direction : int or str
        0 or "forward", 1 or "reverse".
    ax : matplotlib.axes.Axes, optional
        New ones if None.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    TypeError
        If `trace` is none, or `ax` no Axes.
    IndexError, ValueError, TypeError
        If there is no such layer or direction.
    ImportError
        If matplotlib is not installed.
    """
    traced, a = _traced_layer(trace, layer, direction), trace.architecture
    h = trace.h[traced.k]
    largest = float(np.abs(h[np.isfinite(h)]).max(initial=0))
    bounded = a.cell != "rnn_relu" and not a.proj_size
    limit = max(largest, 1.0) if bounded else largest or 1.0
    ax = _drawing.axes(ax)
    _drawing.heat_map(ax, h.T, trace.length, "diverging", limit, "state h")
    ax.set_title(f"State h of {_name(traced)}", loc="left")
    return ax


def plot_gates(
    trace: Trace, gate: str, *, layer: int = 0, direction: int | str = 0, ax: Axes | None = None
) -> Axes:
    """Draw a gate of a GRU or LSTM at each step: steps across, units down.

    Parameters
    ----------
    trace : elman.explaining.Trace, as `elman.explain` returns it
    gate : "r", "z" or "n" of a GRU; "i", "f", "g" or "o" of an LSTM
        n and g, which are a tanh, are drawn from -1 to 1, the others from 0 to 1.
    layer, direction, ax
        As for `plot_states`.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If there is no such gate.
    TypeError, IndexError, ImportError
        As `plot_states`.
    """
    traced = _traced_layer(trace, layer, direction)
    if not trace.gates:
        fix = "an Elman cell has none: plot_states shows all it has"
        raise _check.fail(ValueError, "trace", "a GRU or LSTM, which have gates", "an RNN", fix)
    values = trace.gates[_check.choice("gate", gate, list(trace.gates))][traced.k]
    kind, scale = ("candidate", "diverging") if gate in TANH_GATES else ("gate", "filling")
    ax = _drawing.axes(ax)
    _drawing.heat_map(ax, values.T, trace.length, scale, 1, f"{kind} {gate}")
    ax.set_title(f"{kind.capitalize()} {gate} of {_name(traced)}", loc="left")
    return ax


def plot_gradient_flow(flow: GradientFlow, ax: Axes | None = None) -> Axes:
    """Draw the norm of the last state's gradient at each step, on a log axis.

    The bar of the last state is dark. Where the flow was measured with d_output, points show what
    the loss of each step alone adds, and a line the gradient of all of them.

    Parameters
    ----------
    flow : elman.explaining.GradientFlow, as `elman.gradient_flow` returns it
    ax : matplotlib.axes.Axes, optional
        New ones if None.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    TypeError
        If `flow` is none, or `ax` no Axes.
    ImportError
        If matplotlib is not installed.
    """
    if not hasattr(flow, "going_back"):
        expected = "what elman.gradient_flow returns"
        raise _check.fail(TypeError, "flow", expected, type(flow).__name__)
    ax = _drawing.axes(ax)
    t, norm = np.arange(len(flow.norm)), _drawing.positive(flow.norm)
    colours = np.where(t == flow.going_back[0], INK, PALE)
    ax.bar(t, norm, 0.84, color=colours.tolist(), zorder=2, label="last state's sum")
    curves = [norm]
    if flow.own_loss is not None and flow.total_loss is not None:
        own, total = _drawing.positive(flow.own_loss), _drawing.positive(flow.total_loss)
        ax.plot(t, total, color=BLUE, linewidth=1.8, zorder=3, label="losses of all steps")
        ax.plot(t, own, "o", color=ORANGE, markersize=4, zorder=4, label="loss of that step alone")
        curves += [own, total]
    _drawing.log_decades(ax, np.concatenate(curves))
    if len(flow.norm) <= FEW_STEPS:
        for step, value in enumerate(flow.norm):
            height = norm[step] if np.isfinite(norm[step]) else ax.get_ylim()[0]
            text = _drawing.power(float(value), 3 if value >= 0.01 else 2)
            _drawing.write_above(ax, step, float(height), text)
    ax.set(
        xlabel="time step t",
        ylabel="norm of the gradient",
        xlim=(-0.6, len(flow.norm) - 0.4),
    )
    rate = f": × {_drawing.power(flow.per_step)} a step" if np.isfinite(flow.per_step) else ""
    ax.set_title(f"{flow.verdict.capitalize()}{rate}", loc="left")
    arrow = "going back →" if flow.going_back[0] == 0 < flow.going_back[-1] else "← going back"
    traced = flow.trace.layer(*divmod(flow.k, flow.trace.architecture.directions))
    ax.set_title(f"{_name(traced)}   {arrow}", loc="right", fontsize="medium", color=MUTED)
    _drawing.tidy(ax)
    if len(curves) > 1:
        ax.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=3)
    return ax


def plot_loss_curve(estimator: Any, ax: Axes | None = None) -> Axes:
    """Draw the training loss after each epoch, and validation scores if there are any.

    Scores have an axis of their own at the right, as their unit is another one. Their best epoch is
    marked.

    Parameters
    ----------
    estimator : a fitted elman estimator, or elman.train.FitResult
        Anything with loss_curve_, and validation_scores_ if there are any.
    ax : matplotlib.axes.Axes, optional
        New ones if None.

    Returns
    -------
    matplotlib.axes.Axes
        That of the loss.

    Raises
    ------
    TypeError
        If `estimator` has no loss curve, or `ax` is no Axes.
    ValueError
        If it is not fitted, or no epoch was finished.
    ImportError
        If matplotlib is not installed.
    """
    losses, scores = _curves(estimator)
    ax = _drawing.axes(ax)
    epochs = np.arange(1, len(losses) + 1)
    marker = "o" if len(losses) < 3 else ""
    ax.plot(epochs, losses, color=BLUE, linewidth=2, marker=marker)
    ax.set(xlabel="epoch", ylabel="training loss")
    ax.set_title(f"{len(losses)} epochs" if len(losses) > 1 else "1 epoch", loc="left")
    _drawing.tidy(ax)
    if scores:
        ax.yaxis.label.set_color(BLUE)
        right = _drawing.second_scale(ax, "validation score")
        scored = epochs[-len(scores) :]
        right.plot(scored, scores, color=ORANGE, linewidth=1.6, marker=marker)
        best = int(np.argmax(scores))
        right.plot(scored[[best]], [scores[best]], "o", color=ORANGE, markersize=7)
        text = f"best score {scores[best]:.3g}, epoch {scored[best]}"
        right.set_title(text, loc="right", fontsize="medium", color=ORANGE)
    return ax


def plot_forecast(
    forecast: Any,
    actual: Any = None,
    *,
    id: Any = None,  # noqa: A002 - the column's name is unique_id
    ax: Axes | None = None,
) -> Axes:
    """Draw the forecast of a series with its intervals, after what came before.

    Parameters
    ----------
    forecast : pandas.DataFrame
        As `RNNForecaster.predict` returns it. Intervals are those of its columns.
    actual : pandas.DataFrame, optional
        What is known of the series, with columns unique_id, ds and y: before the forecast, beside
        it, or both.
    id : str or int, optional
        Which series; None is the first of the forecast.
    ax : matplotlib.axes.Axes, optional
        New ones if None.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    TypeError
        If `forecast` has no such columns, or `ax` is no Axes.
    ValueError
        If the series is not in the forecast.
    ImportError
        If matplotlib is not installed.
    """
    names = [str(name) for name in getattr(forecast, "columns", [])]
    own = [name for name in names if f"{name}-lo-" in " ".join(names)] or names[2:3]
    if names[:2] != ["unique_id", "ds"] or not own:
        expected = "a frame as RNNForecaster.predict returns it"
        raise _check.fail(TypeError, "forecast", expected, type(forecast).__name__)
    id = forecast.unique_id.iloc[0] if id is None else id  # noqa: A001
    rows = forecast[forecast.unique_id == id]
    if not len(rows):
        known = _check.short(list(forecast.unique_id.unique()))
        raise _check.fail(ValueError, "id", f"one of the series {known}", repr(id))
    ax = _drawing.axes(ax)
    prefix = f"{own[0]}-lo-"
    levels = sorted((n.removeprefix(prefix) for n in names if n.startswith(prefix)), key=float)
    times = rows.ds.to_numpy()
    if actual is not None:
        known = actual[actual.unique_id == id].sort_values("ds")
        ax.plot(known.ds.to_numpy(), known.y.to_numpy(), color=INK, linewidth=1.4, label="actual")
    for i, level in enumerate(reversed(levels)):
        lo, hi = rows[f"{own[0]}-lo-{level}"], rows[f"{own[0]}-hi-{level}"]
        shade = 0.16 + 0.16 * i
        ax.fill_between(times, lo, hi, color=BLUE, alpha=shade, linewidth=0, label=f"{level} %")
    marker = "o" if len(times) < 2 else ""
    ax.plot(times, rows[own[0]], color=BLUE, linewidth=2, marker=marker, label="forecast")
    ax.set_title(str(id), loc="left")
    ax.legend(frameon=False, loc="upper left", labelcolor=MUTED)
    _drawing.tidy(ax)
    if times.dtype.kind == "M":
        from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

        locator = AutoDateLocator(minticks=4, maxticks=9)
        ax.xaxis.set_major_locator(locator)
        ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    return ax


def _traced_layer(trace: Trace, layer: int, direction: int | str) -> TracedLayer:
    """Return the view of one layer and direction of a trace."""
    if not hasattr(trace, "layer_output"):
        expected = "what elman.explain returns"
        raise _check.fail(TypeError, "trace", expected, type(trace).__name__)
    return trace.layer(layer, direction)


def _name(layer: TracedLayer) -> str:
    """Name the layer and direction: "GRU(5, 2), layer 1, reverse", what there is one of left out.

    `layer` is the view of it that a trace gives.
    """
    a = layer.trace.architecture
    parts = [f"{type(layer.trace.module).__name__}({a.input_size}, {a.hidden_size})"]
    if a.num_layers > 1:
        parts.append(f"layer {layer.layer}")
    if a.bidirectional:
        parts.append(("forward", "reverse")[layer.direction])
    return ", ".join(parts)


def _curves(estimator: Any) -> tuple[list[float], list[float]]:
    """Return the losses and the validation scores, a list without any if there are none."""
    for suffix in ("_", ""):
        losses = getattr(estimator, f"loss_curve{suffix}", None)
        if losses is not None:
            if not len(losses):
                raise _check.fail(ValueError, "estimator", "at least one finished epoch", "none")
            return list(losses), list(getattr(estimator, f"validation_scores{suffix}", None) or [])
    kind = type(estimator).__name__
    if hasattr(estimator, "steps"):
        fix = "give its last step, pipeline[-1]"
        raise _check.fail(TypeError, "estimator", "one with loss_curve_", f"a {kind}", fix)
    if hasattr(estimator, "fit"):
        fix = "call fit first"
        raise _check.fail(
            ValueError, "estimator", "one that is fitted", f"{kind} without loss_curve_", fix
        )
    expected = "a fitted estimator or a FitResult"
    raise _check.fail(TypeError, "estimator", expected, kind)
