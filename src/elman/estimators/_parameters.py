"""Checks of an estimator's parameters, which its constructor only stores."""

from __future__ import annotations

import math
from collections.abc import Callable
from numbers import Integral, Real
from typing import Any

import numpy as np

from elman import _check

_SIZES = ("hidden_size", "num_layers", "batch_size", "max_iter")
_FLAGS = ("bidirectional", "shuffle", "warm_start", "early_stopping", "nesterovs_momentum")
_CHOICES = {
    "cell": ("rnn", "gru", "lstm"),
    "nonlinearity": ("tanh", "relu"),
    "solver": ("adam", "adamw", "sgd"),
    "learning_rate": ("constant", "cosine", "one_cycle"),
    "dtype": ("float32", "float64"),
}
_NUMBERS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "alpha": ("a finite number of at least zero", lambda value: 0 <= value < math.inf),
    "learning_rate_init": ("a finite number above zero", lambda value: 0 < value < math.inf),
    "tol": ("a finite number of at least zero", lambda value: 0 <= value < math.inf),
    "validation_fraction": ("a number between 0 and 1", lambda value: 0 < value < 1),
    "momentum": ("a number in [0, 1)", lambda value: 0 <= value < 1),
    "beta_1": ("a number in [0, 1)", lambda value: 0 <= value < 1),
    "beta_2": ("a number in [0, 1)", lambda value: 0 <= value < 1),
    "epsilon": ("a finite number above zero", lambda value: 0 < value < math.inf),
    "n_iter_no_change": (
        "an int greater than zero, or numpy.inf for never",
        lambda value: value >= 1 and (isinstance(value, Integral) or value == math.inf),
    ),
    "clip_norm": ("a number above zero, or None", lambda value: value > 0),
    "verbose": ("a bool or an int of at least zero", lambda value: value >= 0),
}


def check_parameters(estimator: Any) -> None:
    """Hold that an estimator's parameters have types and values that make sense.

    Raises
    ------
    TypeError
        If a size or a flag has the wrong type.
    ValueError
        If a value is out of range.
    """
    for name, choices in _CHOICES.items():
        _check.choice(name, getattr(estimator, name), choices)
    _check.probability("dropout", estimator.dropout)
    _check.probability("recurrent_dropout", estimator.recurrent_dropout)
    for name in _SIZES:
        _check.size(name, getattr(estimator, name))
    for name in _FLAGS:
        _check.flag(name, getattr(estimator, name))
    for name, (expected, holds) in _NUMBERS.items():
        value = getattr(estimator, name)
        if (name == "clip_norm" and value is None) or (name == "verbose" and callable(value)):
            continue
        is_number = isinstance(value, Real) and (
            name == "verbose" or not isinstance(value, bool | np.bool_)
        )
        if not is_number or not holds(value):
            raise _check.fail(ValueError, name, expected, f"{value!r} ({type(value).__name__})")
