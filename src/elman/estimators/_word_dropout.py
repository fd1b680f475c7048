"""Word dropout, by which a network learns what to make of words it does not know."""

from __future__ import annotations

from typing import Any

import numpy as np

from elman._typing import IntArray
from elman.models._features import UNKNOWN
from elman.train._batches import Random


class WordDropout:
    """Puts the unknown symbol in the place of others, rare ones more often than frequent ones.

    A symbol that occurs c times is replaced with probability alpha / (alpha + c), each feature by
    itself (Kiperwasser & Goldberg 2016, "Simple and accurate dependency parsing using bidirectional
    LSTM feature representations").

    Parameters
    ----------
    alpha : float of at least zero
    frames : integers, shape (F, features)
        What is trained on, which tells c.
    sizes : list of int
        How many symbols each feature has.
    """

    def __init__(self, alpha: float, frames: IntArray, sizes: list[int]) -> None:
        self.alpha = alpha
        counts = [
            np.bincount(column, minlength=n) for column, n in zip(frames.T, sizes, strict=True)
        ]
        self._rates = np.concatenate([alpha / (alpha + np.maximum(count, 1)) for count in counts])
        self._starts = np.cumsum(sizes) - sizes

    def __call__(self, x: Any, random: Random) -> Any:
        """Return a batch (…, features) with symbols replaced."""
        replaced = random.uniform(size=x.shape) < self._rates[x + self._starts]
        return np.where(replaced, x.dtype.type(UNKNOWN), x)

    def __repr__(self) -> str:
        return f"WordDropout({self.alpha})"
