"""Initial values of parameters, by torch.nn.init's names, less the underscore.

Parameters are read-only, so these functions return a new array for the layer's attribute:

    gru.weight_hh_l0 = init.orthogonal(gru.weight_hh_l0)

The numbers are those torch draws after the same seed (normal ones within rounding).
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from elman import _check
from elman._random import Generator, checked_generator, default_generator
from elman._typing import FloatArray

__all__ = [
    "constant",
    "eye",
    "forget_gate_bias",
    "kaiming_normal",
    "kaiming_uniform",
    "normal",
    "ones",
    "orthogonal",
    "uniform",
    "xavier_normal",
    "xavier_uniform",
    "zeros",
]


def uniform(
    like: FloatArray, a: float = 0.0, b: float = 1.0, generator: Generator | None = None
) -> FloatArray:
    """Draw from U(a, b).

    Parameters
    ----------
    like : array
        Whose shape and dtype to take; its values do not matter.
    a, b : float
    generator : elman.Generator, optional
        None is the one that `elman.manual_seed` seeds.
    """
    half = (b - a) / 2
    return _source(generator).uniform(like.shape, half, like.dtype) + like.dtype.type(a + half)


def normal(
    like: FloatArray, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> FloatArray:
    """Draw from a normal distribution; arguments as of `uniform`."""
    values = _source(generator).normal(like.shape, like.dtype)
    return (values * like.dtype.type(std) + like.dtype.type(mean)).astype(like.dtype, copy=False)


def constant(like: FloatArray, val: float) -> FloatArray:
    """Fill with `val`."""
    return np.full(like.shape, val, like.dtype)


def zeros(like: FloatArray) -> FloatArray:
    """Fill with zeros."""
    return constant(like, 0.0)


def ones(like: FloatArray) -> FloatArray:
    """Fill with ones."""
    return constant(like, 1.0)


def eye(like: FloatArray) -> FloatArray:
    """Return ones on the diagonal and zeros elsewhere.

    For W_hh of an RNN with relu: Le, Jaitly & Hinton 2015, "A simple way to initialize recurrent
    networks of rectified linear units".
    """
    _matrix(like)
    return np.eye(*like.shape, dtype=like.dtype)


def xavier_uniform(
    like: FloatArray, gain: float = 1.0, generator: Generator | None = None
) -> FloatArray:
    """Draw from U(-a, a), a = gain √(6 / (fan_in + fan_out)) (Glorot & Bengio 2010)."""
    fan_out, fan_in = _matrix(like)
    bound = math.sqrt(3.0) * gain * math.sqrt(2.0 / float(fan_in + fan_out))
    return _source(generator).uniform(like.shape, bound, like.dtype)


def xavier_normal(
    like: FloatArray, gain: float = 1.0, generator: Generator | None = None
) -> FloatArray:
    """Draw from N(0, σ²), σ = gain √(2 / (fan_in + fan_out)) (Glorot & Bengio 2010)."""
    fan_out, fan_in = _matrix(like)
    return normal(like, std=gain * math.sqrt(2.0 / float(fan_in + fan_out)), generator=generator)


def kaiming_uniform(
    like: FloatArray,
    a: float = 0.0,
    mode: Literal["fan_in", "fan_out"] = "fan_in",
    nonlinearity: Literal["leaky_relu", "relu", "tanh", "linear"] = "leaky_relu",
    generator: Generator | None = None,
) -> FloatArray:
    """Draw from U(-b, b), b = gain √(3 / fan) (He et al. 2015); `a` is a leaky relu's slope."""
    std = _kaiming_std(like, a, mode, nonlinearity)
    return _source(generator).uniform(like.shape, math.sqrt(3.0) * std, like.dtype)


def kaiming_normal(
    like: FloatArray,
    a: float = 0.0,
    mode: Literal["fan_in", "fan_out"] = "fan_in",
    nonlinearity: Literal["leaky_relu", "relu", "tanh", "linear"] = "leaky_relu",
    generator: Generator | None = None,
) -> FloatArray:
    """Draw from N(0, σ²), σ = gain / √fan (He et al. 2015); `a` is a leaky relu's slope."""
    return normal(like, std=_kaiming_std(like, a, mode, nonlinearity), generator=generator)


def orthogonal(
    like: FloatArray, gain: float = 1.0, generator: Generator | None = None
) -> FloatArray:
    """Draw a matrix with orthonormal rows or columns, whichever are fewer, times gain.

    Saxe, McClelland & Ganguli 2014, "Exact solutions to the nonlinear dynamics of learning in deep
    linear neural networks". For weights of several gates, give each gate its own:

        gates = np.split(lstm.weight_hh_l0, 4)
        lstm.weight_hh_l0 = np.concatenate([init.orthogonal(gate) for gate in gates])
    """
    rows, columns = _matrix(like)
    drawn = _source(generator).normal((rows, columns), like.dtype)
    q, r = np.linalg.qr(drawn.T if rows < columns else drawn)
    q = q * np.sign(np.diag(r))  # makes the factorisation, and so the draw, unique
    return np.ascontiguousarray((q.T if rows < columns else q) * like.dtype.type(gain))


def forget_gate_bias(bias: FloatArray, value: float = 1.0) -> FloatArray:
    """Return the biases of an LSTM with those of the forget gate set to `value`.

    At 1 or more an LSTM remembers from the start (Gers, Schmidhuber & Cummins 2000; Jozefowicz,
    Zaremba & Sutskever 2015). The gate's sum has two biases; set one to what you want and the other
    to zero:

        lstm.bias_ih_l0 = init.forget_gate_bias(lstm.bias_ih_l0, 1.0)
        lstm.bias_hh_l0 = init.forget_gate_bias(lstm.bias_hh_l0, 0.0)

    Parameters
    ----------
    bias : array, shape (4·H,), gates i, f, g, o
    value : float

    Raises
    ------
    ValueError
        If it is no array of four gates.
    """
    if bias.ndim != 1 or len(bias) % 4:
        raise _check.fail(ValueError, "bias", "shape (4·H,) of an LSTM", str(bias.shape))
    H = len(bias) // 4
    new = np.array(bias)
    new[H : 2 * H] = value
    return new


def _source(generator: Generator | None) -> Generator:
    return checked_generator(generator) or default_generator


def _matrix(like: FloatArray) -> tuple[int, int]:
    """Return the shape of `like`, (fan_out, fan_in), which must be a matrix."""
    if like.ndim != 2:
        raise _check.fail(ValueError, "like", "a matrix, 2-D", f"{like.ndim}-D, shape {like.shape}")
    return like.shape[0], like.shape[1]


def _kaiming_std(like: FloatArray, a: float, mode: str, nonlinearity: str) -> float:
    gains: dict[str, float] = {
        "leaky_relu": math.sqrt(2.0 / (1 + a**2)),
        "relu": math.sqrt(2.0),
        "tanh": 5.0 / 3,
        "linear": 1.0,
    }
    fan_out, fan_in = _matrix(like)
    fan = {"fan_in": fan_in, "fan_out": fan_out}[_check.choice("mode", mode, ["fan_in", "fan_out"])]
    return gains[_check.choice("nonlinearity", nonlinearity, list(gains))] / math.sqrt(fan)
