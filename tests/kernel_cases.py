"""One layer of any cell in one direction, as the kernels take it, to make, to draw and to run.

Letters: T time steps, N batch, I input, H hidden, P the size of h: H, or less with a projection.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import strategies as st
from strategies import (
    LAYOUTS,
    WORK,
    Array,
    batches,
    dtypes,
    generators,
    laid_out,
    lengths_N,
    parts,
    steps,
    whole,
    widths,
)

from elman.kernels import GATES, Architecture, Masks, State, Weights

KINDS = (*GATES, "lstm_projected")
"""The cells, the LSTM once without and once with a projection."""

each_kind = pytest.mark.parametrize("kind", KINDS)


class Sizes(NamedTuple):
    """P is for an LSTM with a projection, and then by default about half of H."""

    T: int
    N: int
    I: int
    H: int
    P: int | None = None


class Case(NamedTuple):
    """One layer in one direction, all it is given, and gradients to take backwards."""

    weights: Weights
    x: Array
    state: State
    lengths: Array | None
    reverse: bool
    mask: Array | None
    d_output: Array
    d_state_n: State

    @property
    def sizes(self) -> Sizes:
        H = len(self.weights.weight_ih) // self.weights.gates
        return Sizes(*self.x.shape, H, self.state[0].shape[1])

    def map(self, of_weights: Callable, of_state: Callable, of_x: Callable) -> Case:
        """Return the case with functions applied to the arrays of floats, by what they belong to.

        `of_x` is applied to x and d_output, of axes (T, N, ·), `of_state` to all (N, ·).
        """
        weights = [None if w is None else of_weights(w) for w in self.weights[1:]]
        return self._replace(
            weights=Weights(self.weights.cell, *weights),
            x=of_x(self.x),
            state=tuple(map(of_state, self.state)),
            mask=None if self.mask is None else of_state(self.mask),
            d_output=of_x(self.d_output),
            d_state_n=tuple(map(of_state, self.d_state_n)),
        )

    def astype(self, dtype: Any) -> Case:
        """Return the same case with every array of floats converted."""

        def convert(array: Array) -> Array:
            return array.astype(dtype, order="C")

        return self.map(convert, convert, convert)

    def rows(self, rows: Any) -> Case:
        """Return the case of these rows of the batch, as views where NumPy gives views."""
        lengths = None if self.lengths is None else np.ascontiguousarray(self.lengths[rows])
        case = self._replace(lengths=lengths)
        return case.map(np.asarray, lambda a: np.ascontiguousarray(a[rows]), lambda a: a[:, rows])

    def laid_out(self, layout: str) -> Case:
        """Return the same case with other strides of all that has rows of the batch."""
        return self.map(
            np.asarray,
            lambda a: laid_out(a[None], layout)[0],
            lambda a: laid_out(a, layout),
        )

    def valid(self) -> Array:
        """Return which steps are valid, bool (T, N)."""
        T, N, *_ = self.sizes
        lengths = np.full(N, T) if self.lengths is None else self.lengths
        return np.arange(T)[:, None] < lengths

    def arrays(self) -> list[Array]:
        """Return every array there is."""
        arrays = [self.x, *self.state, self.lengths, self.mask, self.d_output, *self.d_state_n]
        return [a for a in (*arrays, *self.weights[1:]) if a is not None]


class Run(NamedTuple):
    """What a run of a network gave, of one direction, and the run itself."""

    output: Array
    state_n: State
    run: Any


def architecture_of(case: Case) -> Architecture:
    """Return that of one layer; with two directions where the case is about the reverse one."""
    _, _, inputs, H, P = case.sizes
    weights = case.weights
    projection = 0 if weights.weight_hr is None else P
    bias = weights.bias_ih is not None
    return Architecture(weights.cell, inputs, H, 1, case.reverse, bias, projection)


def network_of(side: ModuleType, case: Case) -> Any:
    """Make the network of a case on one side of the kernels."""
    weights = [w for w in case.weights[1:] if w is not None]
    return side.network(architecture_of(case), weights * (1 + case.reverse))


def forward(side: ModuleType, case: Case, keep: bool = True) -> Run:
    """Run one layer in the case's direction on `side`."""
    D = 1 + case.reverse
    masks = None if case.mask is None else Masks(None, [case.mask] * D)
    state = tuple(np.stack([part] * 2) if case.reverse else part[None] for part in case.state)
    found = network_of(side, case).run(case.x, whole(state), case.lengths, masks, keep)
    (output, state_n), run = found if keep else (found, None)
    P = case.sizes.P
    return Run(output[..., -P:], tuple(part[-1] for part in parts(state_n)), run)


def backward(side: ModuleType, case: Case, run: Any) -> dict[str, Array]:
    """Take the case's gradients backwards; return the gradients by name."""
    return take_back(case, run, case.d_output, case.d_state_n)


def gradients_of(case: Case, d_output: Array | None, d_state_n: Any) -> tuple[Any, Any]:
    """Return gradients of the case's direction as its network's run takes them.

    None stands for zeros, also as a part of d_state_n. Of two directions, the other one has zeros.
    """

    def with_other(gradient: Array | None, axis: int) -> Array | None:
        if gradient is None or not case.reverse:
            return gradient
        return np.concatenate([np.zeros_like(gradient, order="C"), gradient], axis)

    d_state_n = [None] * len(case.state) if d_state_n is None else d_state_n
    parts_n = [None if part is None else with_other(part[None], 0) for part in d_state_n]
    return with_other(d_output, 2), whole(parts_n)


def take_back(case: Case, run: Any, d_output: Array | None, d_state_n: Any) -> dict[str, Array]:
    """Take gradients of the case's direction backwards; return those of what it was given."""
    d_x, d_state, of_parameters = run.backward(*gradients_of(case, d_output, d_state_n))
    names = list(architecture_of(case).cell_shapes())
    gradients = {"x": d_x}
    gradients |= {f"{c}_0": part[-1] for c, part in zip("hc", parts(d_state), strict=False)}
    return gradients | dict(zip(names, of_parameters[-len(names) :], strict=True))


def results(side: ModuleType, case: Case) -> dict[str, Array]:
    """Return output, final states and every gradient, by name."""
    output, state_n, run = forward(side, case)
    gradients = {f"d_{name}": d for name, d in backward(side, case, run).items()}
    return {"output": output, **dict(zip(("h_n", "c_n"), state_n, strict=False)), **gradients}


def weights_of(
    generator: np.random.Generator, kind: str, sizes: Sizes, dtype: Any, bias: bool
) -> Weights:
    """Draw weights that let no error grow from step to step, forward or backward.

    The absolute row sums and column sums of each gate's W_hh and of W_hr are bounded. At Elman's
    1/2, what one step errs by, all steps after it together err by as much again at most. GRU and
    LSTM also carry the state beside W_hh, so errors of all steps add up. Of GRU's h' = (1 - z) n +
    z h, where |h| <= 1 and q is what r multiplies, an error e of h becomes at most
    z e + (1 - z) (1 + |q| / 4 + 2 z) s e <= e, for W_hh's sums s <= 3/10.
    """
    _, _, inputs, H, P = sizes
    cell = kind.removesuffix("_projected")
    G = GATES[cell]

    def uniform(*shape: int) -> Array:
        return generator.uniform(-1, 1, shape)

    def bounded(matrix: Array, bound: float) -> Array:
        sums = abs(matrix).sum(axis=-1).max(), abs(matrix).sum(axis=-2).max()
        return matrix * (bound / max(sums))

    weight_ih = uniform(G * H, inputs) / np.sqrt(inputs)
    weight_hh = bounded(uniform(G, H, P), 0.49 if G == 1 else 0.3).reshape(G * H, P)
    biases = [uniform(G * H), uniform(G * H)] if bias else [None, None]
    weight_hr = bounded(uniform(P, H), 0.99) if kind == "lstm_projected" else None
    arrays = [weight_ih, weight_hh, *biases, weight_hr]
    return Weights(cell, *(w if w is None else w.astype(dtype) for w in arrays))


def make_case(
    generator: np.random.Generator,
    kind: str,
    sizes: Sizes,
    dtype: Any,
    bias: bool = True,
    lengths: Sequence[int] | Array | None = None,
    reverse: bool = False,
    masked: bool = False,
    layout: str = "C",
) -> Case:
    """Make a case of the sizes."""
    T, N, inputs, H, P = sizes
    P = (P or H // 2 + 1) if kind == "lstm_projected" else H

    def normal(*shape: int) -> Array:
        return generator.standard_normal(shape).astype(dtype)

    def state() -> State:
        parts = [(N, P), (N, H)] if kind.startswith("lstm") else [(N, P)]
        return tuple(generator.uniform(-1, 1, part).astype(dtype) for part in parts)

    return Case(
        weights_of(generator, kind, Sizes(T, N, inputs, H, P), dtype, bias),
        laid_out(normal(T, N, inputs), layout),
        state(),
        None if lengths is None else np.array(lengths, np.int64),
        reverse,
        # Of any factors that let nothing grow, zeros among them, as dropout has.
        generator.uniform(-1, 1, (N, P)).round(1).astype(dtype) if masked else None,
        laid_out(normal(T, N, P), layout),
        tuple(normal(*part.shape) for part in state()),
    )


@st.composite
def cases(
    draw: st.DrawFn,
    kinds: Sequence[str] = KINDS,
    dtypes: Any = dtypes,
    layouts: Sequence[str] = LAYOUTS,
    work: int = WORK,
    least_work: int = 0,
) -> Case:
    """Draw a case of any cell, sizes, options, lengths and layout.

    It takes at most `work` multiply-adds. Sizes are raised until the products with W_hh alone take
    `least_work`.
    """
    kind = draw(st.sampled_from(kinds))
    inputs, H = draw(widths), draw(widths)
    if least_work:
        H = max(H, 40)
    if kind == "lstm_projected":
        H = max(H, 2)
    P = draw(st.integers(1, H - 1)) if kind == "lstm_projected" else H
    G = GATES[kind.removesuffix("_projected")]
    T = min(draw(steps), max(1, work // (G * H * (P + inputs))))
    N = min(draw(batches), max(1, work // (T * G * H * (P + inputs))))
    if least_work:
        P, N = max(P, 20), max(N, 1)
        T = max(T, -(-least_work // (N * G * H * P)))
    return make_case(
        draw(generators),
        kind,
        Sizes(T, N, inputs, H, P),
        draw(dtypes),
        bias=draw(st.booleans()),
        lengths=draw(st.one_of(st.none(), lengths_N(N, T), lengths_N(N, T))),
        reverse=draw(st.booleans()),
        masked=draw(st.booleans()),
        layout=draw(st.sampled_from(layouts)),
    )
