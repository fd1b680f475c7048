"""Plots of states and gates: what they draw, on which Axes, in which colours; what they refuse."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb

import elman
from elman import nn, plots
from elman._drawing import BLUE, ORANGE, PAPER, SCALES
from elman.train import FitResult

mpl.use("agg")


@pytest.fixture(autouse=True)
def no_open_figures() -> Iterator[None]:
    yield
    pyplot.close("all")


@pytest.fixture
def lstm_trace() -> Any:
    """Two layers, two directions, the second row with 4 of 6 steps."""
    lstm = nn.LSTM(3, 5, 2, bidirectional=True, batch_first=True, generator=elman.Generator(0))
    x = np.random.default_rng(0).normal(size=(2, 6, 3)).astype(np.float32)
    return elman.explain(lstm, x, lengths=[6, 4], row=1)


def values_of(ax: Axes) -> Any:
    (image,) = ax.images
    return np.ma.getdata(image.get_array())


def labels_of(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.texts]


def drawn(ax: Axes) -> None:
    """Draw the whole figure: whatever cannot be drawn raises or warns here."""
    ax.figure.canvas.draw()


# ---- states ----------------------------------------------------------------------------------


def test_states_are_drawn_up_to_the_rows_length(lstm_trace: Any) -> None:
    ax = plots.plot_states(lstm_trace, layer=1, direction=1)
    drawn(ax)
    np.testing.assert_array_equal(values_of(ax), lstm_trace.h[3, :4].T)
    assert ax.images[0].get_clim() == (-1, 1)
    assert ax.get_xlim() == (-0.5, 5.5)
    assert ax.get_ylim() == (4.5, -0.5)  # unit 0 on top
    assert ax.images[0].get_extent() == [-0.5, 3.5, 4.5, -0.5]
    (padding,) = [patch for patch in ax.patches if patch.get_hatch()]
    assert (padding.get_x(), padding.get_width()) == (3.5, 2)
    assert ax.get_title(loc="left") == "State h of LSTM(3, 5), layer 1, reverse"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("time step t", "unit")
    assert len(ax.texts) == 20
    expected = f"{lstm_trace.h[3, 0, 0]:.2f}".replace("-", "\N{MINUS SIGN}")
    assert labels_of(ax)[0] == expected
    (bar,) = [other for other in ax.figure.axes if other is not ax]
    assert bar.get_ylabel() == "state h"


def test_states_without_bounds_have_a_scale_of_their_own() -> None:
    rnn = nn.RNN(2, 3, nonlinearity="relu", generator=elman.Generator(2))
    trace = elman.explain(rnn, 9 * np.ones((50, 2), np.float32))
    ax = plots.plot_states(trace)
    drawn(ax)
    largest = trace.h.max()
    assert largest > 2
    assert ax.images[0].get_clim() == (-largest, largest)
    assert not [patch for patch in ax.patches if patch.get_hatch()]
    assert not ax.texts  # too many steps for numbers
    assert ax.get_title(loc="left") == "State h of RNN(2, 3)"


def test_dead_units_and_nan_can_be_drawn() -> None:
    rnn = nn.RNN(2, 3, nonlinearity="relu")
    rnn.bias_ih_l0 = np.full(3, -9, np.float32)
    ax = plots.plot_states(elman.explain(rnn, np.zeros((4, 2), np.float32)))
    drawn(ax)
    assert ax.images[0].get_clim() == (-1, 1)
    assert set(labels_of(ax)) == {"0"}
    x = np.zeros((4, 2), np.float32)
    x[2] = np.nan
    ax = plots.plot_states(elman.explain(nn.RNN(2, 3), x))
    drawn(ax)
    np.testing.assert_array_equal(np.isnan(values_of(ax)).all(axis=0), [False, False, True, True])
    assert labels_of(ax).count("nan") == 6


def test_states_are_drawn_on_the_axes_given(lstm_trace: Any) -> None:
    figure, (left, right) = pyplot.subplots(1, 2)
    assert plots.plot_states(lstm_trace, ax=right) is right
    assert len(left.images) == 0
    assert len(right.images) == 1
    assert pyplot.get_fignums() == [figure.number]


def test_blue_is_negative_and_orange_positive(lstm_trace: Any) -> None:
    image = plots.plot_states(lstm_trace).images[0]
    assert to_hex(image.cmap(image.norm(-1.0))) == BLUE
    assert to_hex(image.cmap(image.norm(0.0))) == PAPER
    assert to_hex(image.cmap(image.norm(1.0))) == ORANGE
    assert image.cmap.N == 129


def test_the_diverging_scale_is_mixed_in_oklab() -> None:
    """By Ottosson's matrices (2020), https://bottosson.github.io/posts/oklab/."""
    to_lms = np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    )

    def roots(colour: str) -> Any:
        c = np.array(to_rgb(colour))
        linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
        return np.cbrt(to_lms @ linear)

    scale = SCALES["diverging"]
    assert len(scale) == 17
    assert (scale[0], scale[8], scale[16]) == (BLUE, PAPER, ORANGE)
    for i, colour in enumerate(scale):
        # OKLab is linear in these cube roots, so that to mix either is the same.
        start, end, share = (0, 8, i / 8) if i <= 8 else (8, 16, i / 8 - 1)
        mixed = (
            np.linalg.inv(to_lms)
            @ ((1 - share) * roots(scale[start]) + share * roots(scale[end])) ** 3
        )
        encoded = np.where(mixed <= 0.0031308, 12.92 * mixed, 1.055 * mixed ** (1 / 2.4) - 0.055)
        np.testing.assert_allclose(to_rgb(colour), encoded, atol=0.6 / 255)


def test_digits_contrast_with_every_colour_of_the_scale() -> None:
    generator = elman.Generator(0)
    rnn = nn.RNN(1, 10, generator=generator)
    trace = elman.explain(rnn, np.linspace(-9, 9, 12, dtype=np.float32)[:, None])
    ax = plots.plot_states(trace)
    image = ax.images[0]
    assert len(ax.texts) == 120
    assert {text.get_color() for text in ax.texts} == {"black", "white"}
    for text in ax.texts:
        t, unit = map(int, text.get_position())
        background = image.cmap(image.norm(trace.h[0, t, unit]))
        assert contrast(background, text.get_color()) >= 4.5


def contrast(one: Any, other: Any) -> float:
    """WCAG 2.2's contrast ratio."""

    def luminance(colour: Any) -> float:
        c = np.array(to_rgb(colour))
        linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


# ---- gates -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("gate", "limits"), [("f", (0, 1)), ("o", (0, 1)), ("g", (-1, 1))])
def test_gates_are_drawn(lstm_trace: Any, gate: str, limits: tuple[int, int]) -> None:
    ax = plots.plot_gates(lstm_trace, gate, direction="reverse")
    drawn(ax)
    np.testing.assert_array_equal(values_of(ax), lstm_trace.gates[gate][1, :4].T)
    assert ax.images[0].get_clim() == limits
    kind = "Candidate" if gate == "g" else "Gate"
    assert ax.get_title(loc="left") == f"{kind} {gate} of LSTM(3, 5), layer 0, reverse"


def test_a_gate_fills_up_without_a_hue(lstm_trace: Any) -> None:
    cmap = plots.plot_gates(lstm_trace, "i").images[0].cmap
    shades = np.array([to_rgb(cmap(level)) for level in np.linspace(0, 1, 20)])
    assert (np.diff(shades.sum(axis=1)) < 0).all()
    assert np.ptp(shades, axis=1).max() < 0.05


def test_gates_that_are_not_there_are_refused(lstm_trace: Any) -> None:
    with pytest.raises(ValueError, match="gate: expected 'i' or 'f' or 'g' or 'o', got 'z'"):
        plots.plot_gates(lstm_trace, "z")
    trace = elman.explain(nn.RNN(2, 3), np.zeros((4, 2), np.float32))
    with pytest.raises(ValueError, match=r"trace: expected a GRU or LSTM.*plot_states"):
        plots.plot_gates(trace, "z")


# ---- arguments and matplotlib ----------------------------------------------------------------


def test_what_is_no_trace_flow_or_axes_is_refused(lstm_trace: Any) -> None:
    with pytest.raises(TypeError, match=r"trace: expected what .*explain returns, got ndarray"):
        plots.plot_states(lstm_trace.h)
    with pytest.raises(TypeError, match=r"flow: expected what elman\.gradient_flow returns"):
        plots.plot_gradient_flow(lstm_trace)
    with pytest.raises(IndexError, match="layer: "):
        plots.plot_states(lstm_trace, layer=2)
    with pytest.raises(TypeError, match=r"ax: expected matplotlib's Axes.*got Figure"):
        plots.plot_states(lstm_trace, ax=pyplot.figure())
    _, several = pyplot.subplots(1, 2)
    with pytest.raises(TypeError, match=r"ax: .*axes\[0\]"):
        plots.plot_loss_curve(FitResult([1.0], None, 1.0, None, False, False), several)


def test_without_matplotlib_the_error_says_what_to_do(
    lstm_trace: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for draw in (
        lambda: plots.plot_states(lstm_trace),
        lambda: plots.plot_loss_curve(SimpleNamespace(loss_curve_=[1.0])),
    ):
        with pytest.raises(ImportError, match=r"matplotlib: expected .*pip install matplotlib"):
            draw()


def test_importing_plots_does_not_import_matplotlib(run_python: Callable[..., str]) -> None:
    program = "import sys, elman; elman.plots.plot_states; print('matplotlib' in sys.modules)"
    assert run_python(program).strip() == "False"
