"""The grid: which networks on which shapes."""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

import numpy as np

import elman

CELLS = ("RNN", "GRU", "LSTM")
MODES = ("forward", "training")

Array = np.ndarray[Any, Any]


class Shape(NamedTuple):
    """T time steps of N sequences, I values in, H hidden units.

    A step is one time step through what a library has for streaming, its state carried along.
    """

    regime: str
    T: int
    N: int
    I: int
    H: int
    layers: int = 1
    directions: int = 1
    ragged: bool = False
    step: bool = False

    @property
    def name(self) -> str:
        """Return it as text."""
        options = [f"{self.layers} layers"] * (self.layers > 1)
        options += ["bidirectional"] * (self.directions > 1) + ["ragged"] * self.ragged
        return ", ".join([f"{self.T},{self.N},{self.I},{self.H}", *options])


GRID = [
    Shape("tiny", 10, 1, 5, 8),
    Shape("tiny", 10, 1, 5, 8, layers=2),
    Shape("tiny", 10, 1, 5, 8, directions=2),
    Shape("small", 50, 1, 32, 64),
    Shape("long", 1000, 1, 64, 64),
    Shape("long", 1000, 1, 64, 128),
    Shape("long", 1000, 1, 64, 256),
    Shape("step", 1, 1, 256, 256, step=True),
    Shape("step", 1, 1, 512, 512, step=True),
    Shape("step", 1, 1, 1024, 1024, step=True),
    Shape("mid", 28, 32, 28, 128),
    Shape("mid", 100, 32, 64, 128),
    Shape("mid", 100, 64, 64, 256),
    Shape("large", 50, 128, 256, 512),
    Shape("large", 128, 32, 512, 1024),
    Shape("ragged", 100, 64, 64, 256, ragged=True),
]


def grid_points(only: str = "") -> list[tuple[str, Shape, str]]:
    """Return cell, shape and mode of the grid's points whose name has `only` in it.

    Steps are forward only.
    """
    return [
        (cell, shape, mode)
        for shape, cell, mode in itertools.product(GRID, CELLS, MODES)
        if not (shape.step and mode == "training")
        and only in f"{cell} {shape.regime} {shape.name} {mode}"
    ]


class Problem:
    """A network, what goes in, and the gradient of what comes out."""

    def __init__(self, cell: str, shape: Shape, dtype: str = "float32", seed: int = 0) -> None:
        self.cell, self.shape, self.dtype = cell, shape, np.dtype(dtype)
        T, N, I, H, L, D = shape[1:7]
        self.layer = getattr(elman.nn, cell)(
            I,
            H,
            num_layers=L,
            bidirectional=D == 2,
            dtype=dtype,
            generator=elman.Generator(seed),
        )
        generator = np.random.default_rng(seed)
        self.lengths = generator.integers(10, T, N, endpoint=True) if shape.ragged else None
        valid = np.ones((T, N, 1), bool)
        if self.lengths is not None:
            valid = (np.arange(T)[:, None] < self.lengths)[..., None]
        self.x = self._draw(generator, (T, N, I)) * valid
        self.d_output = self._draw(generator, (T, N, D * H)) * valid
        self.h_0 = self._draw(generator, (L * D, N, H))
        self.c_0 = self._draw(generator, (L * D, N, H))

    def _draw(self, generator: np.random.Generator, shape: tuple[int, ...]) -> Array:
        return generator.standard_normal(shape).astype(self.dtype)

    @property
    def state(self) -> Any:
        """The initial state as a layer takes it."""
        return (self.h_0, self.c_0) if self.cell == "LSTM" else self.h_0

    @property
    def flops(self) -> float:
        """Floating-point operations of the products in one forward run."""
        shape, gates = self.shape, {"RNN": 1, "GRU": 3, "LSTM": 4}[self.cell]
        steps = shape.T * shape.N if self.lengths is None else int(self.lengths.sum())
        inputs = shape.I + (shape.layers - 1) * shape.directions * shape.H
        of_step = inputs + shape.layers * shape.H
        return 2.0 * steps * shape.directions * gates * shape.H * of_step

    @property
    def weight_bytes(self) -> int:
        """How many bytes the weights take."""
        return sum(p.nbytes for p in self.layer.parameters())
