"""`Trace`: what a layer computed for one sequence, as arrays, text, HTML and JSON."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from elman._typing import FloatArray
from elman.explaining import _finite, _json, _table, _vectors
from elman.explaining._views import TracedLayer, TracedStep, traced_layer
from elman.io import _paths
from elman.kernels import Architecture


@dataclass(frozen=True, eq=False, repr=False)
class Trace:
    """Every number of a layer or cell for one sequence; `elman.explain` makes it.

    Letters: T time steps, I input, H hidden, P the size of h (H, or less with a projection),
    L layers, D directions, G gates (1 of an RNN, 3 of a GRU, 4 of an LSTM). Index k of an axis L·D
    is layer · D + direction, as in h_n. All arrays are read-only and of the layer's dtype, and zero
    after the sequence's length.

    Attributes
    ----------
    module : nn.Module
        The layer or cell, as it was; `layer` opens one of its layers.
    architecture : elman.kernels.Architecture
    parameters : dict of arrays by name
    row : int, or None for a sequence without a batch
    N : int, or None
        Rows of that batch.
    T : int
        Steps of x; 1 for a cell.
    length : int
        How many of them are valid.
    ragged : bool
        Whether the sequence came in a list.
    given : tuple of "h_0", "c_0"
        Which initial states the caller gave; others are learned, or zeros.
    without_dropout : bool
        Whether the layer is in training mode with dropout, which the trace leaves out.
    x : array, shape (T, I)
    h_0 : array, shape (L·D, P)
    c_0 : array, shape (L·D, H), or None
        The states before the first step.
    h : array, shape (L·D, T, P)
    c : array, shape (L·D, T, H), or None
        The states after each step; of the reverse direction the step before t is t + 1.
    gates : dict of arrays by letter, shape (L·D, T, H)
        r, z, n of a GRU; i, f, g, o of an LSTM; none of an RNN.
    sums_x, sums_h : array, shape (L·D, T, G·H)
        W_ih x + b_ih and W_hh h + b_hh, gates in this order.
    hidden : array, shape (L·D, T, H), or None
        o · tanh(c'), which a projection W_hr takes.
    output : array, shape (T, D·P)
    h_n : array, shape (L·D, P)
    c_n : array, shape (L·D, H), or None
        The results, as recorded.
    layer_output, layer_h_n, layer_c_n
        The same, as the layer's kernels gave them.
    difference : float
        The largest difference of the two, before the record was rounded to the layer's dtype.
    differences : float64 array, shape (T, D·P)
        |output - layer_output| before that rounding.
    growth : float
        How many times larger a rounding of the weights becomes on its way through the network,
        where the difference is so large that it had to be found out; else 1.

    Examples
    --------
    >>> import elman, numpy as np
    >>> gru = elman.nn.GRU(3, 2, num_layers=2, bidirectional=True)
    >>> trace = elman.explain(gru, np.ones((4, 3), np.float32))
    >>> trace.h.shape, trace.gates["r"].shape, trace.sums_x.shape, trace.output.shape
    ((4, 4, 2), (4, 4, 2), (4, 4, 6), (4, 4))
    >>> trace.layer(1, 1)[0].h_next.shape
    (2,)
    """

    module: Any
    architecture: Architecture
    parameters: dict[str, FloatArray]
    row: int | None
    N: int | None
    T: int
    length: int
    ragged: bool
    given: tuple[str, ...]
    without_dropout: bool
    x: FloatArray
    h_0: FloatArray
    c_0: FloatArray | None
    h: FloatArray
    c: FloatArray | None
    gates: dict[str, FloatArray]
    sums_x: FloatArray
    sums_h: FloatArray
    hidden: FloatArray | None
    output: FloatArray
    h_n: FloatArray
    c_n: FloatArray | None
    layer_output: FloatArray
    layer_h_n: FloatArray
    layer_c_n: FloatArray | None
    difference: float
    differences: FloatArray
    growth: float

    def __post_init__(self) -> None:
        for value in [getattr(self, f.name) for f in fields(self)] + list(self.gates.values()):
            if isinstance(value, np.ndarray):
                value.flags.writeable = False

    @property
    def first_non_finite(self) -> str | None:
        """Where the first NaN or infinity arises, layer by layer, and from what; None without."""
        return _finite.first(self)

    # ---- parts ------------------------------------------------------------------------------

    def layer(self, layer: int, direction: int | str = 0) -> TracedLayer:
        """Open one layer, counted from 0, in one direction: 0 or "forward", 1 or "reverse".

        Raises
        ------
        IndexError, ValueError, TypeError
            If there is no such layer or direction.
        """
        return traced_layer(self, layer, direction)

    def __len__(self) -> int:
        """Return T."""
        return self.T

    def __getitem__(self, t: int) -> TracedStep:
        """Open step t of the first layer, forward, counted from 0, or from the end if negative.

        Raises
        ------
        IndexError, TypeError
            If there is no such step.
        """
        return self.layer(0)[t]

    # ---- forms ------------------------------------------------------------------------------

    def __str__(self) -> str:
        a = self.architecture
        return _vectors.text(
            self, [self.layer(k, d) for k in range(a.num_layers) for d in range(a.directions)]
        )

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return _table.html_of(self)

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as dicts, lists, texts and numbers, which JSON can hold.

        Values that are NaN or infinite become the texts "nan", "inf" and "-inf", which float() and
        ``numpy.array(..., dtype=float)`` read. The keys are those of the attributes; the module is
        ``layer``, its class, arguments and repr.
        """
        return _json.as_dict(self)

    def to_json(self) -> str:
        """Return `to_dict` as JSON: ASCII alone, keys in their own order."""
        return json.dumps(self.to_dict(), allow_nan=False)

    def to_html(self, path: str | os.PathLike[str]) -> None:
        """Write a page to step through the trace: one file that needs no network.

        A file of that name is replaced once the new one is complete.

        Raises
        ------
        TypeError
            If `path` is no path.
        OSError
            If it cannot be written.
        """
        from elman.explaining._page import page_html

        _paths.replace(_paths.checked(path), [page_html(self).encode()])

    def show(self) -> str:
        """Write the page of `to_html` to a temporary file, open it in the browser, return its path.

        The file stays until the system clears its temporary files.
        """
        import tempfile
        import webbrowser

        path = os.path.join(tempfile.mkdtemp(prefix="elman-"), "trace.html")
        self.to_html(path)
        webbrowser.open(Path(path).as_uri())
        return path
