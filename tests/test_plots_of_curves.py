"""Plots of gradient flow and of loss curves: what they draw and what they refuse."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.colors import to_hex

import elman
from elman import nn, plots
from elman._drawing import PALE
from elman.train import FitResult

mpl.use("agg")


@pytest.fixture(autouse=True)
def no_open_figures() -> Iterator[None]:
    yield
    pyplot.close("all")


def labels_of(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.texts]


def drawn(ax: Axes) -> None:
    """Draw the whole figure: whatever cannot be drawn raises or warns here."""
    ax.figure.canvas.draw()


# ---- gradient flow ---------------------------------------------------------------------------


def test_gradient_flow_has_a_bar_for_each_step() -> None:
    rnn = nn.RNN(5, 2, batch_first=True, generator=elman.Generator(1))
    x = np.repeat(np.array([[[1], [2], [3]]], np.float32), 5, axis=2)
    flow = elman.gradient_flow(rnn, x)
    ax = flow.plot()
    drawn(ax)
    bars: Any = ax.patches
    np.testing.assert_allclose([bar.get_height() for bar in bars], flow.norm)
    np.testing.assert_allclose([bar.get_x() + bar.get_width() / 2 for bar in bars], [0, 1, 2])
    assert [to_hex(bar.get_facecolor()) == PALE for bar in bars] == [True, True, False]
    assert ax.get_yscale() == "log"
    low, high = ax.get_ylim()
    assert low < flow.norm.min()
    assert high > flow.norm.max()
    assert labels_of(ax) == ["0.0086", "0.105", "1.41"]
    assert ax.get_title(loc="left") == "Vanishing: × 0.078 a step"
    assert ax.get_title(loc="right") == "RNN(5, 2)   ← going back"
    assert ax.get_xlabel() == "time step t"
    assert "norm" in ax.get_ylabel()
    _, given = pyplot.subplots()
    assert flow.plot(given) is given


def test_gradient_flow_shows_losses_apart_and_the_reverse_direction() -> None:
    gru = nn.GRU(3, 4, bidirectional=True, generator=elman.Generator(0))
    x = np.ones((20, 3), np.float32)
    d_output = np.random.default_rng(0).normal(size=(20, 8)).astype(np.float32)
    flow = elman.gradient_flow(gru, x, d_output=d_output).layer(0, 1)
    ax = plots.plot_gradient_flow(flow)
    drawn(ax)
    lines = {line.get_label(): line.get_ydata() for line in ax.lines}
    np.testing.assert_allclose(lines["losses of all steps"], flow.total_loss)
    np.testing.assert_allclose(lines["loss of that step alone"], flow.own_loss)
    legend = ax.get_legend()
    assert legend is not None
    names = {text.get_text() for text in legend.get_texts()}
    assert names == {"last state's sum", *lines}
    assert "going back →" in ax.get_title(loc="right")
    bars: Any = ax.patches
    assert to_hex(bars[0].get_facecolor()) != PALE
    assert not ax.texts


def test_gradient_flow_of_noughts_nan_and_one_step_can_be_drawn() -> None:
    rnn = nn.RNN(2, 3, nonlinearity="relu")
    rnn.bias_ih_l0 = np.full(3, -9, np.float32)
    ax = elman.gradient_flow(rnn, np.zeros((4, 2), np.float32)).plot()
    drawn(ax)
    assert labels_of(ax) == ["0", "0", "0", "1.73"]
    heights = [bar.get_height() for bar in ax.patches]
    np.testing.assert_allclose(heights, [np.nan] * 3 + [3**0.5])
    x = np.full((4, 2), np.nan, np.float32)
    ax = elman.gradient_flow(nn.RNN(2, 3), x).plot()
    drawn(ax)
    assert labels_of(ax)[:3] == ["nan"] * 3
    assert ax.get_title(loc="left") == "Non-finite"
    ax = elman.gradient_flow(rnn, np.zeros((1, 2), np.float32)).plot()
    drawn(ax)
    assert ax.get_title(loc="left") == "One step"


# ---- loss curve ------------------------------------------------------------------------------


def test_loss_curve_of_a_fitted_estimator() -> None:
    from elman.estimators import RNNClassifier

    generator = np.random.default_rng(0)
    x = generator.normal(size=(60, 5, 2))
    y = (x[:, :, 0].mean(axis=1) > 0).astype(int)
    # No epoch improves by so much: training ends after the fifth that does not.
    options: dict[str, Any] = {"tol": 1e9, "n_iter_no_change": 5, "random_state": 0}
    estimator = RNNClassifier(early_stopping=True, **options).fit(x, y)
    ax = plots.plot_loss_curve(estimator)
    drawn(ax)
    (line,) = ax.lines
    epochs = np.arange(1, estimator.n_iter_ + 1)
    assert len(epochs) >= 5
    np.testing.assert_array_equal(line.get_xdata(), epochs)
    np.testing.assert_array_equal(line.get_ydata(), estimator.loss_curve_)
    (right,) = [other for other in ax.figure.axes if other is not ax]
    scores, best = right.lines
    assert estimator.validation_scores_ is not None
    np.testing.assert_array_equal(scores.get_ydata(), estimator.validation_scores_)
    np.testing.assert_array_equal(scores.get_xdata(), epochs)
    epoch = int(np.argmax(estimator.validation_scores_)) + 1
    assert list(best.get_xdata()) == [epoch]
    assert best.get_ydata()[0] == estimator.best_validation_score_
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "training loss")
    assert right.get_ylabel() == "validation score"

    estimator = RNNClassifier(**options).fit(x, y)
    ax = plots.plot_loss_curve(estimator)
    assert len(ax.figure.axes) == 1
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), estimator.loss_curve_)


def test_loss_curve_of_a_fit_result() -> None:
    result = FitResult([3.0, 2.0, 1.0], [0.5, 0.75, 0.7], 1.0, 0.75, False, False)
    ax = plots.plot_loss_curve(result)
    drawn(ax)
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [3, 2, 1])
    right = ax.figure.axes[1]
    np.testing.assert_array_equal(right.lines[0].get_ydata(), [0.5, 0.75, 0.7])
    assert "0.75, epoch 2" in right.get_title(loc="right")
    ax = plots.plot_loss_curve(FitResult([3.0], None, 3.0, None, False, True))
    drawn(ax)
    assert ax.lines[0].get_marker() == "o"  # a line of one point would not be seen
    assert ax.get_title(loc="left") == "1 epoch"


def test_what_has_no_loss_curve_is_refused() -> None:
    from sklearn.pipeline import make_pipeline

    from elman.estimators import RNNClassifier, SequenceScaler

    with pytest.raises(ValueError, match=r"estimator: expected one that is fitted.*call fit first"):
        plots.plot_loss_curve(RNNClassifier())
    with pytest.raises(TypeError, match=r"got a Pipeline; give its last step, pipeline\[-1\]"):
        plots.plot_loss_curve(make_pipeline(SequenceScaler(), RNNClassifier()))
    with pytest.raises(TypeError, match="estimator: expected a fitted estimator or a FitResult"):
        plots.plot_loss_curve([3, 2, 1])
    with pytest.raises(ValueError, match="at least one finished epoch"):
        plots.plot_loss_curve(FitResult([], None, None, None, False, True))
    assert pyplot.get_fignums() == []  # nothing half done


# ---- forecasts -------------------------------------------------------------------------------


def told() -> tuple[Any, Any]:
    """Return a forecast of two series, and what is known of them."""
    days = pd.date_range("2025-03-01", periods=5)
    numbers = np.arange(5.0)
    columns = {"": 0.0, "-lo-90": -9.0, "-lo-80": -8.0, "-hi-80": 8.0, "-hi-90": 9.0}
    frames = [
        pd.DataFrame(
            {
                "unique_id": id_,
                "ds": days,
                **{f"RNNForecaster{n}": numbers + d for n, d in columns.items()},
            }
        )
        for id_ in "ab"
    ]
    before = pd.date_range("2025-02-01", periods=28)
    actual = pd.DataFrame({"unique_id": "b", "ds": before, "y": np.arange(28.0)})
    return pd.concat(frames, ignore_index=True), actual[::-1]


def test_a_forecast_is_drawn_with_its_intervals_after_what_was() -> None:
    forecast, actual = told()
    ax = plots.plot_forecast(forecast, actual, id="b")
    drawn(ax)
    known, median = ax.lines
    np.testing.assert_array_equal(known.get_ydata(), np.arange(28.0))
    np.testing.assert_array_equal(median.get_ydata(), np.arange(5.0))
    wide, narrow = (band.get_paths()[0].vertices[:, 1] for band in ax.collections)
    assert (wide.min(), wide.max(), narrow.min(), narrow.max()) == (-9, 13, -8, 12)
    legend = ax.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == [
        "actual",
        "90 %",
        "80 %",
        "forecast",
    ]
    assert ax.get_title(loc="left") == "b"


def test_a_forecast_without_intervals_or_dates_is_drawn() -> None:
    forecast, _ = told()
    plain = forecast[["unique_id", "ds", "RNNForecaster"]].assign(ds=np.tile(np.arange(5), 2))
    ax = plots.plot_forecast(plain[:1])
    drawn(ax)
    assert len(ax.lines) == 1
    assert not ax.collections
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), [0])


def test_what_is_no_forecast_is_not_drawn() -> None:
    forecast, actual = told()
    with pytest.raises(TypeError, match=r"^forecast: expected a frame as RNNForecaster.predict"):
        plots.plot_forecast(actual[["ds", "y"]])
    with pytest.raises(TypeError, match=r"^forecast: .* got ndarray"):
        plots.plot_forecast(np.zeros(3))
    with pytest.raises(ValueError, match=r"^id: expected one of the series \['a', 'b'\], got 'c'"):
        plots.plot_forecast(forecast, id="c")
