"""Checks of what `fit` is given beside the data."""

from __future__ import annotations

import inspect
import math
from numbers import Real
from typing import Any

import numpy as np

from elman import _check
from elman.nn import GRU, LSTM, RNN, Network
from elman.train._batches import check_random
from elman.train._optimizer import Optimizer


def check_objects(*, optimizer: Any, random: Any, validate: Any, augment: Any = None) -> None:
    """Hold that the arguments of `fit` with these names are what it describes (TypeError)."""
    _check_optimizer(optimizer)
    check_random(random)
    if validate is not None and not callable(validate):
        expected = "a function of the network that returns a score, or None"
        raise _check.fail(TypeError, "validate", expected, _described(validate))
    if augment is not None and not callable(augment):
        expected = "a function of a batch and of random that returns a batch, or None"
        raise _check.fail(TypeError, "augment", expected, _described(augment))


def check_numbers(*, alpha: Any = 0, clip_norm: Any, tol: Any, n_iter_no_change: Any) -> None:
    """Hold that the arguments of `fit` with these names are in range (TypeError, ValueError)."""
    expected = "a finite number of at least zero"
    _check.number("alpha", alpha, expected, lambda value: 0 <= value < math.inf)
    _check.number("tol", tol, "a number", lambda value: not math.isnan(value))
    expected = "a number of at least 1, or math.inf for never"
    _check.number("n_iter_no_change", n_iter_no_change, expected, lambda value: value >= 1)
    if clip_norm is not None:
        _check.number(
            "clip_norm", clip_norm, "a number above zero, or None", lambda value: value > 0
        )


def check_network(value: Any) -> None:
    """Hold that a network with a head was given (TypeError)."""
    if isinstance(value, Network):
        return
    name = f"{type(value).__module__}.{type(value).__qualname__}"
    fix = ""
    if isinstance(value, RNN | GRU | LSTM):
        name = f"a bare nn.{type(value).__name__}"
        fix = "give it a head, as in nn.Network(layer, nn.Linear(layer.hidden_size, K))"
    elif inspect.isclass(value):
        name = f"the class {value.__name__}"
    raise _check.fail(TypeError, "network", "an nn.Network", name, fix)


def check_loss(value: Any) -> None:
    """Hold that the loss is a function (TypeError)."""
    if not callable(value):
        fix = "pass the function itself: train.cross_entropy for classes, train.squared_error"
        raise _check.fail(
            TypeError, "loss", "a function of outputs, targets, weights", _described(value), fix
        )


def _check_optimizer(value: Any) -> None:
    """Hold that the optimiser is an object with a method `update` and a `state` (TypeError)."""
    if inspect.isclass(value):
        fix = f"call it: {value.__name__}(lr=0.001)"
        raise _check.fail(TypeError, "optimizer", "an object", f"the class {value.__name__}", fix)
    if not isinstance(value, Optimizer):
        fix = "pass train.Adam(lr=0.001)"
        expected = "a train.Adam, AdamW or SGD"
        raise _check.fail(TypeError, "optimizer", expected, _described(value), fix)


def checked_score(value: Any, epoch: int) -> float:
    """Return what `validate` returned as a float.

    Raises
    ------
    TypeError
        If it is no number.
    ValueError
        If it is NaN or infinite, as no epoch would then be the best.
    """
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    expected = "a function that returns one finite number, the greater the better"
    when = f"after epoch {epoch}" if epoch else "before the first epoch"
    if not isinstance(value, Real):
        got = f"{type(value).__name__} {when}"
        if isinstance(value, np.ndarray):
            got = f"an array of shape {value.shape} {when}"
        fix = "did you forget to return?" if value is None else "return its mean, as a float"
        raise _check.fail(TypeError, "validate", expected, got, fix)
    score = float(value)
    if not np.isfinite(score):
        fix = "look at what it divides by, and whether the outputs it sees are finite"
        raise _check.fail(ValueError, "validate", expected, f"{score} {when}", fix)
    return score


def _described(value: Any) -> str:
    return f"{_check.short(value)} ({type(value).__name__})"
