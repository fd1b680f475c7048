"""The part of the sequences that early stopping holds out."""

from __future__ import annotations

import math

import numpy as np
from sklearn.model_selection import train_test_split

from elman import _check
from elman._typing import IntArray


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
