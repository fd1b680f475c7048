"""Hypothesis generators, named by the shape of what they draw, and one Elman layer to draw.

Letters: T time steps, N batch, I input, H hidden, L layers, D directions. Sizes, lengths and
options are drawn one by one, so that they shrink; the values of an array come from one seed.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Sequence
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

from elman.kernels.reference import ElmanKept, ElmanWeights

Array = np.ndarray[Any, Any]

FLOAT32, FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)
dtypes = st.sampled_from([FLOAT32, FLOAT64])
nonlinearities = st.sampled_from(["tanh", "relu"])
generators = st.integers(0, 2**32 - 1).map(np.random.default_rng)

# Where a kernel may change its mind: lanes of a vector, panels of columns, segments of a sum.
EDGES = [31, 32, 33, 63, 64, 65, 127, 128, 129, 255, 256, 257, 511, 512, 513, 600]
widths = st.one_of(
    st.integers(1, 40), st.integers(1, 40), st.integers(1, 40), st.sampled_from(EDGES)
)
steps = st.one_of(st.integers(2, 9), st.integers(1, 9), st.sampled_from([63, 64, 65, 70]))
batches = st.one_of(st.integers(2, 9), st.integers(0, 40))
WORK = 2**24  # multiply-adds at most in one drawn run

Sizes = namedtuple("Sizes", "T N I H")


def lengths_N(N: int, T: int) -> st.SearchStrategy[Array]:
    """Draw N lengths in [0, T], in any order; 0, T and repeated ones are frequent."""
    length = st.one_of(st.sampled_from([0, 1, T]), st.integers(0, T))
    return st.lists(length, min_size=N, max_size=N).map(lambda n: np.array(n, np.int64))


LAYOUTS = ["C", "batch first", "reversed in T", "sliced", "wide"]


def laid_out(values: Array, layout: str) -> Array:
    """Return an array equal to `values` (T, N, I) with other strides; what lies between is NaN."""
    T, N, size = values.shape
    if layout == "batch first":
        array = np.empty((N, T, size), values.dtype).transpose(1, 0, 2)
    elif layout == "reversed in T":
        array = np.empty_like(values, order="C")[::-1]
    elif layout == "sliced":
        array = np.full((2 * T, 3 * N, size), np.nan, values.dtype)[1::2, ::3]
    elif layout == "wide":
        array = np.full((T, N, 3 + size + 4), np.nan, values.dtype)[..., 3 : 3 + size]
    else:
        array = np.empty_like(values, order="C")
    array[...] = values
    return array


class ElmanCase(NamedTuple):
    """One Elman layer in one direction, all it is given, and gradients to take backwards."""

    weights: ElmanWeights
    x: Array
    h_0: Array
    lengths: Array | None
    reverse: bool
    d_output: Array
    d_h_n: Array

    @property
    def sizes(self) -> Sizes:
        return Sizes(*self.x.shape, self.h_0.shape[1])

    def astype(self, dtype: Any) -> ElmanCase:
        """Return the same case with every array of floats converted."""
        weights = [None if w is None else w.astype(dtype) for w in self.weights[:4]]
        return self._replace(
            weights=ElmanWeights(*weights, self.weights.nonlinearity),
            x=self.x.astype(dtype, order="C"),
            h_0=self.h_0.astype(dtype),
            d_output=self.d_output.astype(dtype, order="C"),
            d_h_n=self.d_h_n.astype(dtype),
        )

    def rows(self, rows: Any) -> ElmanCase:
        """Return the case of these rows of the batch, as views where NumPy gives views."""
        return self._replace(
            x=self.x[:, rows],
            h_0=np.ascontiguousarray(self.h_0[rows]),
            lengths=None if self.lengths is None else np.ascontiguousarray(self.lengths[rows]),
            d_output=self.d_output[:, rows],
            d_h_n=np.ascontiguousarray(self.d_h_n[rows]),
        )

    def valid(self) -> Array:
        """Return which steps are valid, bool (T, N)."""
        T, N, _, _ = self.sizes
        lengths = np.full(N, T) if self.lengths is None else self.lengths
        return np.arange(T)[:, None] < lengths


class Run(NamedTuple):
    """What `forward` filled and kept."""

    output: Array
    h_n: Array
    kept: ElmanKept


def forward(side: ModuleType, case: ElmanCase) -> Run:
    """Run the kernels of `side` into buffers of NaN."""
    T, N, _, H = case.sizes
    output, h_n = np.full((T, N, H), np.nan, case.x.dtype), np.full((N, H), np.nan, case.x.dtype)
    weights = side.elman_weights(*case.weights)
    kept = side.elman_forward(
        weights, case.x, (case.h_0,), output, (h_n,), case.lengths, case.reverse, True
    )
    return Run(output, h_n, kept)


def backward(side: ModuleType, case: ElmanCase, kept: ElmanKept) -> dict[str, Array]:
    """Take the case's gradients backwards; return the gradients by name."""
    weights = side.elman_weights(*case.weights)
    d_x, (d_h_0,), d_weights = side.elman_backward(weights, kept, case.d_output, (case.d_h_n,))
    gradients = {"x": d_x, "h_0": d_h_0}
    for name in ElmanWeights._fields[:4]:
        if getattr(case.weights, name) is not None:
            gradients[name] = getattr(d_weights, name)
    return gradients


def elman_weights_HI(
    generator: np.random.Generator, sizes: Sizes, dtype: Any, bias: bool, nonlinearity: str
) -> ElmanWeights:
    """Draw weights whose W_hh at most halves an error, forward and backward.

    Its absolute row sums and column sums are at most 1/2, so what one step errs by, all steps
    after it together err by as much again at most: the error of a run is twice that of a step.
    """

    def uniform(*shape: int) -> Array:
        return generator.uniform(-1, 1, shape)

    H = sizes.H
    weight_hh = uniform(H, H)
    weight_hh *= 0.49 / max(abs(weight_hh).sum(axis=0).max(), abs(weight_hh).sum(axis=1).max())
    weights = [uniform(H, sizes.I) / np.sqrt(sizes.I), weight_hh]
    weights += [uniform(H), uniform(H)] if bias else [None, None]
    return ElmanWeights(*(w if w is None else w.astype(dtype) for w in weights), nonlinearity)


def elman_case(
    generator: np.random.Generator,
    sizes: Sizes,
    dtype: Any,
    nonlinearity: str = "tanh",
    bias: bool = True,
    lengths: Sequence[int] | Array | None = None,
    reverse: bool = False,
    layout: str = "C",
) -> ElmanCase:
    """Make a case of the sizes (T, N, I, H)."""
    T, N, _, H = sizes

    def normal(*shape: int) -> Array:
        return generator.standard_normal(shape).astype(dtype)

    return ElmanCase(
        elman_weights_HI(generator, sizes, dtype, bias, nonlinearity),
        laid_out(normal(T, N, sizes.I), layout),
        normal(N, H),
        None if lengths is None else np.array(lengths, np.int64),
        reverse,
        laid_out(normal(T, N, H), layout),
        normal(N, H),
    )


@st.composite
def elman_cases(
    draw: st.DrawFn, dtypes: Any = dtypes, layouts: Sequence[str] = LAYOUTS, work: int = WORK
) -> ElmanCase:
    """Draw a case of any sizes, options, lengths and layout, of at most `work` multiply-adds."""
    inputs, H = draw(widths), draw(widths)
    T = min(draw(steps), max(1, work // (H * (H + inputs))))
    N = min(draw(batches), max(1, work // (T * H * (H + inputs))))
    return elman_case(
        draw(generators),
        Sizes(T, N, inputs, H),
        draw(dtypes),
        draw(nonlinearities),
        draw(st.booleans()),
        draw(st.one_of(st.none(), lengths_N(N, T), lengths_N(N, T))),
        draw(st.booleans()),
        draw(st.sampled_from(layouts)),
    )


seeds = st.one_of(
    st.integers(0, 2**32 - 1),
    st.integers(-(2**63), 2**64 - 1),
    st.sampled_from([0, 1, -1, 2**32 - 1, 2**32, 2**64 - 1, -(2**63)]),
)


@st.composite
def rnn_arguments(draw: st.DrawFn, **fixed: Any) -> dict[str, Any]:
    """Draw arguments of nn.RNN, but for dropout; dtype is NumPy's. Those given are as they are."""
    arguments = {
        "input_size": draw(st.integers(1, 9)),
        "hidden_size": draw(st.one_of(st.integers(1, 9), st.sampled_from([16, 17, 33]))),
        "num_layers": draw(st.sampled_from([2, 1, 3])),
        "nonlinearity": draw(nonlinearities),
        "bias": draw(st.booleans()),
        "batch_first": draw(st.booleans()),
        "bidirectional": draw(st.booleans()),
        "dtype": draw(dtypes),
    }
    return arguments | fixed
