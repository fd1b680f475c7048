"""Hypothesis generators, named by the shape of what they draw; modules of elman and of torch.

Letters: T time steps, N batch, I input, H hidden, L layers, D directions. Sizes, lengths and
options are drawn one by one, so that they shrink; the values of an array come from one seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from hypothesis import strategies as st

from elman import nn

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


seeds = st.one_of(
    st.integers(0, 2**32 - 1),
    st.integers(-(2**63), 2**64 - 1),
    st.sampled_from([0, 1, -1, 2**32 - 1, 2**32, 2**64 - 1, -(2**63)]),
)


LAYERS = ("RNN", "GRU", "LSTM")
CELLS = ("RNNCell", "GRUCell", "LSTMCell")


class Options(NamedTuple):
    """A recurrent module of elman.nn and torch.nn, by name, and arguments; dtype is NumPy's."""

    module: str
    arguments: dict[str, Any]

    def elman(self, **changes: Any) -> Any:
        return getattr(nn, self.module)(**{**self.arguments, **changes})

    def torch(self, **changes: Any) -> Any:
        arguments = {**self.arguments, **changes}
        arguments["dtype"] = getattr(torch, np.dtype(arguments["dtype"]).name)
        return getattr(torch.nn, self.module)(**arguments)

    def twin(self, layer: Any) -> Any:
        """Return torch's module of the weights and mode of `layer`, in float64.

        In float64 torch's own rounding is out of the way: what differs is elman's error.
        """
        twin = self.torch(dtype=FLOAT64)
        twin.load_state_dict({name: torch.tensor(p) for name, p in layer.named_parameters()})
        return twin.train(layer.training)


@st.composite
def layer_options(draw: st.DrawFn, modules: Sequence[str] = LAYERS, **fixed: Any) -> Options:
    """Draw a layer and its arguments. Those given are as they are."""
    module = draw(st.sampled_from(modules))
    H = draw(st.one_of(st.integers(1, 9), st.sampled_from([16, 17, 33])))
    arguments = {
        "input_size": draw(st.integers(1, 9)),
        "hidden_size": H,
        "num_layers": draw(st.sampled_from([2, 1, 3])),
        "bias": draw(st.booleans()),
        "batch_first": draw(st.booleans()),
        "bidirectional": draw(st.booleans()),
        "dtype": draw(dtypes),
    }
    if module == "RNN":
        arguments["nonlinearity"] = draw(nonlinearities)
    if module == "LSTM":
        arguments["proj_size"] = draw(st.one_of(st.just(0), st.integers(0, H - 1)))
    arguments |= fixed
    if arguments["num_layers"] > 1 and "dropout" not in fixed:
        arguments["dropout"] = draw(st.sampled_from([0.0, 0.3, 0.5]))
    return Options(module, arguments)


@st.composite
def cell_options(draw: st.DrawFn, **fixed: Any) -> Options:
    """Draw a cell and its arguments. Those given are as they are."""
    module = draw(st.sampled_from(CELLS))
    arguments = {
        "input_size": draw(st.integers(1, 9)),
        "hidden_size": draw(st.one_of(st.integers(1, 9), st.sampled_from([16, 17, 33]))),
        "bias": draw(st.booleans()),
        "dtype": draw(dtypes),
    }
    if module == "RNNCell":
        arguments["nonlinearity"] = draw(nonlinearities)
    return Options(module, arguments | fixed)


module_options = st.one_of(layer_options(), cell_options())


def state_shapes(layer: Any, *batch: int) -> list[tuple[int, ...]]:
    """Return the shapes of h, or of h and c, of a layer or a cell."""
    sizes = [getattr(layer, "proj_size", 0) or layer.hidden_size]
    if isinstance(layer, nn.LSTM | nn.LSTMCell):
        sizes.append(layer.hidden_size)
    LD = (layer.num_layers * (1 + layer.bidirectional),) if hasattr(layer, "num_layers") else ()
    return [(*LD, *batch, size) for size in sizes]


def parts(state: Any) -> tuple[Any, ...]:
    """Return (h,), or (h, c)."""
    return state if isinstance(state, tuple) else (state,)


def whole(parts: Sequence[Any]) -> Any:
    """Return h, or (h, c): a state as callers pass it."""
    return tuple(parts) if len(parts) > 1 else parts[0]
