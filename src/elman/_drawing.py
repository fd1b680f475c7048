"""The look of elman's plots: colours, scales, heat maps, axes. matplotlib is imported when used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from elman import _check
from elman._typing import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, MUTED, PALE, LINE, PAPER = "#22262b", "#62676d", "#c9c8c3", "#e5e2da", "#fbf9f4"
BLUE, ORANGE = "#1d5fa6", "#b3500b"

SCALES = {
    "diverging": [
        BLUE, "#3c72b1", "#5885bb", "#7298c6", "#8dabcf", "#a8bfd9", "#c3d2e2", "#dfe5eb", PAPER,
        "#f4e4d9", "#eccfbe", "#e4baa3", "#dba588", "#d2906e", "#c87b52", "#be6635", ORANGE,
    ],
    "filling": [PAPER, INK],
}  # fmt: skip
"""From blue through paper to orange, mixed in OKLab, where equal steps look equal; and a grey."""

FIGURE = (7.2, 3.4)
WRITTEN = (12, 12)
"""Steps and units up to which its numbers are written in them."""
GRID = (40, 32)
"""Steps and units up to which the cells of a heat map are set apart."""


def axes(ax: Any) -> Axes:
    """Return `ax`, or new Axes if it is None.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    TypeError
        If `ax` is no Axes.
    """
    try:
        from matplotlib import pyplot
        from matplotlib.axes import Axes
    except ImportError as error:
        expected, fix = "an installed package, to draw with", "pip install matplotlib"
        raise _check.fail(ImportError, "matplotlib", expected, str(error), fix) from error
    if ax is None:
        _, ax = pyplot.subplots(figsize=FIGURE, layout="constrained")
    if not isinstance(ax, Axes):
        fix = "one of several Axes is axes[0]" if isinstance(ax, np.ndarray) else ""
        expected = "matplotlib's Axes, or None for new ones"
        raise _check.fail(TypeError, "ax", expected, type(ax).__name__, fix)
    return ax


def heat_map(
    ax: Axes, values: FloatArray, length: int, scale: str, limit: float, label: str
) -> None:
    """Draw values (units, T), those of steps from `length` on hatched, with a bar of the scale."""
    from matplotlib.colors import LinearSegmentedColormap

    units, T = values.shape
    scaled = LinearSegmentedColormap.from_list(scale, SCALES[scale], N=129)
    colours = scaled.with_extremes(bad=PALE)  # NaN
    least = -limit if scale == "diverging" else 0
    image = ax.imshow(
        np.ma.masked_invalid(values[:, :length]),
        cmap=colours,
        vmin=least,
        vmax=limit,
        aspect="auto",
        interpolation="nearest",
        extent=(-0.5, length - 0.5, units - 0.5, -0.5),
    )
    if length < T:
        ax.axvspan(length - 0.5, T - 0.5, facecolor="white", edgecolor=LINE, hatch="////", lw=0)
    ax.set(xlabel="time step t", ylabel="unit", xlim=(-0.5, T - 0.5), ylim=(units - 0.5, -0.5))
    _whole_numbers(ax.xaxis, ax.yaxis)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0, colors=MUTED)
    if _within(values, GRID):
        for edge in np.arange(0.5, T - 1):
            ax.axvline(edge, color="white", linewidth=1.5)
        for edge in np.arange(0.5, units - 1):
            ax.axhline(edge, color="white", linewidth=1.5)
    if _within(values, WRITTEN):
        for (unit, t), value in np.ndenumerate(values[:, :length]):
            colour = _readable(colours(float((value - least) / (limit - least))))
            text = _two_places(float(value))
            ax.text(t, unit, text, ha="center", va="center", color=colour, fontsize="small")
    ticks = np.linspace(least, limit, 5)
    bar = ax.figure.colorbar(image, ax=ax, label=label, ticks=ticks, pad=0.02, fraction=0.05)
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=0, colors=MUTED)


def log_decades(ax: Axes, values: FloatArray) -> None:
    """Make the y axis a log one, that shows every value above zero."""
    ax.set_yscale("log")
    seen = values[np.isfinite(values)]
    least, largest = (seen.min(), seen.max()) if len(seen) else (0.1, 1.0)
    room = max(10.0, largest / least) ** 0.12
    ax.set_ylim(least / room**1.5, largest * room)


def positive(values: FloatArray) -> FloatArray:
    """Return values with NaN for what a log axis cannot show."""
    return np.where(np.isfinite(values) & (values > 0), values, np.nan)


def write_above(ax: Axes, x: float, y: float, text: str) -> None:
    """Write a short text above a point."""
    ax.annotate(
        text, (x, y), (0, 3), textcoords="offset points", ha="center", fontsize="small", color=INK
    )


def power(value: float, digits: int = 2) -> str:
    """Write a number in so many digits, 5.2e-26 as 5.2 × 10 to the power of -26."""
    mantissa, _, exponent = f"{value:.{digits}g}".partition("e")
    return rf"{mantissa}$\times10^{{{int(exponent)}}}$" if exponent else mantissa


def tidy(ax: Axes) -> None:
    """Take away what is not needed around a curve."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(PALE)
    ax.grid(axis="y", color=LINE, linewidth=0.8)
    ax.set_axisbelow(True)
    ax.tick_params(which="both", length=0, colors=MUTED)
    _whole_numbers(ax.xaxis)


def second_scale(ax: Axes, label: str) -> Axes:
    """Return Axes on top of others, with a y axis of their own at the right, in orange."""
    right = ax.twinx()
    right.spines[:].set_visible(False)
    right.tick_params(length=0, colors=MUTED)
    right.set_ylabel(label, color=ORANGE)
    return right


def _within(values: FloatArray, most: tuple[int, int]) -> bool:
    """Tell whether values (units, T) have at most so many steps and units."""
    units, T = values.shape
    return units <= most[1] and bool(most[0] >= T)


def _whole_numbers(*axes: Any) -> None:
    from matplotlib.ticker import MaxNLocator

    for axis in axes:
        axis.set_major_locator(
            MaxNLocator(nbins=10, steps=[1, 2, 5, 10], integer=True, min_n_ticks=1)
        )


def _readable(colour: tuple[float, ...]) -> str:
    """Return black or white, whichever contrasts more with a colour (WCAG 2's luminance)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour[:3]]
    luminance = float(np.dot([0.2126, 0.7152, 0.0722], linear))
    return "black" if (luminance + 0.05) / 0.05 > 1.05 / (luminance + 0.05) else "white"


def _two_places(value: float) -> str:
    """Write a value as the page does: a true minus, and 0 for nought itself."""
    return "0" if value == 0 else f"{value:.2f}".replace("-", "\N{MINUS SIGN}")
