"""Sequences that a network makes itself: each output is the next input."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from elman import _check
from elman._random import Generator, checked_generator, default_generator
from elman._typing import FloatArray, IntArray
from elman.nn._bridge import checked_z
from elman.nn._feature_embedding import FeatureEmbedding
from elman.nn._symbols import checked_symbols

if TYPE_CHECKING:
    from elman.nn._network import Network


class Choice(NamedTuple):
    """How the next integer is chosen from logits; see `Network.generate`."""

    temperature: float
    top_k: int | None
    generator: Generator

    @classmethod
    def checked(cls, network: Network, temperature: Any, top_k: Any, generator: Any) -> Choice:
        """Check the arguments of `Network.generate`."""
        source = checked_generator(generator) or default_generator
        if network.embedding is None:
            for name, value in {"temperature": temperature, "top_k": top_k}.items():
                if value is not None:
                    expected = "None, as a network without an embedding draws nothing"
                    raise _check.fail(ValueError, name, expected, _check.short(value))
        is_number = isinstance(temperature, int | float | np.number) and temperature is not True
        if temperature is None:
            temperature = 1.0
        elif not is_number or not 0 <= temperature < math.inf:
            kind = ValueError if is_number else TypeError
            expected = "a finite number of at least 0, 0 for the likeliest"
            raise _check.fail(kind, "temperature", expected, _check.short(temperature))
        top_k = None if top_k is None else _check.size("top_k", top_k)
        return cls(float(temperature), top_k, source)

    def of(self, logits: FloatArray) -> IntArray:
        """Return an integer in [0, K) for each row of logits (N, K)."""
        if not self.temperature:
            likeliest: IntArray = np.argmax(logits, axis=1)
            return likeliest
        likeliest_first = np.argsort(-logits, axis=1, kind="stable")[:, : self.top_k]
        values = np.take_along_axis(logits, likeliest_first, axis=1).astype(np.float64)
        # Subtracting the greatest first, so that a small temperature cannot overflow.
        with np.errstate(over="ignore"):
            weights = np.exp((values - values[:, :1]) / self.temperature)
        up_to = np.cumsum(weights, axis=1)
        unit = self.generator.uniform((len(logits),), 0.5, np.dtype(np.float64)) + 0.5
        drawn = unit * up_to[:, -1]
        # The product may be rounded up to the whole sum, hence the minimum.
        position = np.minimum((up_to <= drawn[:, None]).sum(axis=1), up_to.shape[1] - 1)
        chosen: IntArray = np.take_along_axis(likeliest_first, position[:, None], axis=1)[:, 0]
        return chosen


def generate(network: Network, steps: int, x: Any, z: Any, choice: Choice) -> Any:
    """Do what `Network.generate` says."""
    _check_sizes(network)
    x = _vectors(network, x, z)
    batched, batch_first = x.ndim == 3, network.rnn.batch_first
    by_time = x[:, None] if not batched else x.swapaxes(0, 1) if batch_first else x
    stream = network.rnn.stream(by_time.shape[1])
    z = checked_z(network.bridge, z, x, batch_first)
    if network.bridge is not None:
        stream.state = network._state(network.bridge(np.atleast_2d(z)))
    for x_of_start in by_time[:-1]:
        stream.step(x_of_start)
    x_t: FloatArray = by_time[-1]
    found: list[Any] = []
    for step in range(steps):
        y_t = network.head(stream.step(x_t))
        if not np.isfinite(y_t).all():
            got = f"NaN or infinity at step {step}"
            raise _check.fail(ValueError, "outputs", "finite values", got)
        if network.embedding is None:
            x_t = y_t
            found.append(y_t)
        else:
            symbols = choice.of(y_t)
            x_t = network.embedding(symbols)
            found.append(symbols)
    outputs = np.stack(found)
    if not batched:
        return outputs[:, 0]
    return outputs.swapaxes(0, 1) if batch_first else outputs


def _check_sizes(network: Network) -> None:
    """Hold that an output can be an input."""
    K, I = network.head.out_features, network.rnn.input_size
    if network.embedding is None:
        if K != I:
            expected = f"out_features = rnn.input_size = {I}, as each output is the next input"
            raise _check.fail(ValueError, "head", expected, str(K))
    elif isinstance(network.embedding, FeatureEmbedding):
        expected = "nn.Embedding, as each output is the next input"
        raise _check.fail(TypeError, "embedding", expected, "nn.FeatureEmbedding")
    elif network.embedding.num_embeddings < K:
        expected = f"out_features of at most num_embeddings = {network.embedding.num_embeddings}"
        raise _check.fail(ValueError, "head", expected, str(K))


def _vectors(network: Network, x: Any, z: Any) -> FloatArray:
    """Return what `rnn` takes for the beginning x, which has at least one step."""
    batch_first = network.rnn.batch_first
    if isinstance(x, list | tuple):
        array = _symbols_of(x) if network.embedding is not None else None
        if array is None:
            fix = "generate from each alone where their lengths differ"
            raise _check.fail(TypeError, "x", "an array", type(x).__name__, fix)
        x = array
    if x is None:
        if network.embedding is not None:
            expected = "at least one integer for each sequence to begin with"
            raise _check.fail(ValueError, "x", expected, "None")
        N = np.shape(z)[:-1] if network.bridge is not None else ()
        shape = (*N, 1, network.rnn.input_size) if batch_first else (1, *N, network.rnn.input_size)
        return np.zeros(shape, network.dtype)
    x = np.asarray(x)
    if network.embedding is not None:
        symbols, _ = checked_symbols(network.embedding, x, None, batch_first)
        x = network.embedding(symbols)
    elif x.ndim not in (2, 3):
        axes = "(N, T, input_size)" if batch_first else "(T, N, input_size)"
        expected = f"{axes}, or (T, input_size) without a batch"
        raise _check.fail(ValueError, "x", expected, f"{x.ndim}-D, shape {x.shape}")
    if x.shape[1 if batch_first and x.ndim == 3 else 0] == 0:
        raise _check.fail(RuntimeError, "x", "at least one time step", "T = 0")
    vectors: FloatArray = x
    return vectors


def _symbols_of(x: list[Any] | tuple[Any, ...]) -> Any:
    """Return lists of symbols as an array, or None if they differ in length."""
    try:
        return np.asarray(x)
    except ValueError:
        return None
