"""An estimator with the parameters that the command's options give."""

from __future__ import annotations

import argparse
import difflib
import inspect
import json
import math
from typing import Any

from elman.cli._errors import UsageError

_FLAGS = (
    "cell",
    "hidden_size",
    "num_layers",
    "bidirectional",
    "dropout",
    "max_iter",
    "batch_size",
    "learning_rate_init",
    "early_stopping",
    "class_weight",
    "unit",
    "embedding_size",
    "h",
    "freq",
    "season_length",
    "level",
    "intervals",
)
"""Options that are parameters of an estimator, if they are given."""

_INSTEAD = {
    "random_state": "pass --seed",
    "verbose": "pass --quiet, or nothing",
    "warm_start": "a checkpoint goes on: pass --checkpoint",
}
"""Parameters that the command line sets by itself."""


def make_estimator(cls: Any, options: argparse.Namespace, **defaults: Any) -> Any:
    """Make an estimator.

    Parameters
    ----------
    cls : class of elman.estimators
    options : of ``elman fit``
    **defaults : parameters, which options may change

    Raises
    ------
    UsageError
        If there is no such parameter, it is given twice, or its value does not fit.
    """
    given = {name: getattr(options, name, None) for name in _FLAGS}
    found = {name: value for name, value in given.items() if value is not None}
    validation = getattr(options, "validation", None)
    if validation is not None:
        found["early_stopping"] = True
    if isinstance(validation, float):
        found["validation_fraction"] = validation
    known = inspect.signature(cls).parameters
    for text in options.set:
        name, value = _setting(text, list(known))
        if name in found:
            raise UsageError(f"--set {text}: expected {name} once, got it by another option too")
        found[name] = value
    estimator = cls(**{**defaults, **found}, random_state=options.seed)
    try:
        estimator._check_parameters()
    except (TypeError, ValueError) as error:
        raise UsageError(str(error)) from None
    return estimator


def _setting(text: str, known: list[str]) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    name = name.strip().replace("-", "_")
    if not equals:
        raise UsageError(f"--set {text}: expected NAME=VALUE, as in --set solver=sgd")
    if name in _INSTEAD:
        raise UsageError(f"--set {text}: expected another parameter; {_INSTEAD[name]}")
    if name not in known:
        near = difflib.get_close_matches(name, known, 1)
        fix = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
        raise UsageError(
            f"--set {text}: expected a parameter of the estimator, got {name!r}; {fix}"
        )
    return name, _value(value.strip())


def _value(text: str) -> Any:
    """Return a value as JSON has it, or as Python writes it, else the text.

    >>> [_value(text) for text in ("1", "0.5", "true", "None", "inf", "sgd")]
    [1, 0.5, True, None, inf, 'sgd']
    """
    words = {"true": True, "false": False, "none": None, "null": None, "inf": math.inf}
    if text.lower() in words:
        return words[text.lower()]
    try:
        return json.loads(text)
    except ValueError:
        return text
