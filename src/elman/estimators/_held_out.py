"""The part of the sequences that early stopping holds out."""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from sklearn.model_selection import train_test_split

from elman import _check
from elman._typing import IntArray


class HeldOut(NamedTuple):
    """Sequences of the caller's own to score the network on after each epoch.

    X : sequences
    read : function of the checked sequences and the targets of fit, which returns their targets
    """

    X: Any
    read: Callable[[Any, Any], Any]

    @classmethod
    def of(cls, X: Any, y: Any, read: Callable[[Any, Any], Any]) -> HeldOut | None:
        """Return what the arguments X_val and y_val of fit stand for; None where there are none.

        Raises
        ------
        ValueError
            If there is one of them alone.
        """
        for name, value, other in (("X_val", X, y), ("y_val", y, X)):
            if value is None and other is not None:
                raise _check.fail(ValueError, name, "X_val and y_val, or neither", "None")
        return None if X is None else cls(X, read)


def check_used(early_stopping: bool) -> None:
    """Hold that early stopping scores what is held out (ValueError)."""
    if not early_stopping:
        expected = "True with X_val, which early stopping scores"
        raise _check.fail(ValueError, "early_stopping", expected, "False")


@contextlib.contextmanager
def named_as_held_out() -> Iterator[None]:
    """Let errors about X and y name X_val and y_val."""
    try:
        yield
    except (TypeError, ValueError) as error:
        raise type(error)(re.sub(r"^(Input )?([Xy])\b", r"\1\2_val", str(error))) from None


def hold_out(
    rows: IntArray, fraction: float, random: np.random.RandomState
) -> tuple[IntArray, IntArray]:
    """Divide rows into those to train on and a fraction held out, drawn from all of them.

    Raises
    ------
    ValueError
        If nothing would be left to train on.
    """
    held = math.ceil(fraction * len(rows))
    if not 1 <= held < len(rows):
        expected = "a part that leaves a sequence to train on, and holds one out"
        got = f"{fraction}, which holds out {held} of {len(rows)}"
        raise _check.fail(ValueError, "validation_fraction", expected, got)
    kept, held_out = train_test_split(rows, test_size=fraction, random_state=random)
    return kept, held_out
