"""How the next symbol is drawn from logits."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from elman import _check
from elman._typing import FloatArray


class Choice(NamedTuple):
    """How symbols are drawn: see `LanguageModel.generate`."""

    temperature: float
    top_k: int | None
    top_p: float | None
    random: np.random.RandomState

    @classmethod
    def checked(cls, temperature: Any, top_k: Any, top_p: Any, random_state: Any) -> Choice:
        """Check the arguments of `generate` with these names (TypeError, ValueError)."""
        expected = "a finite number of at least zero"
        _check.number("temperature", temperature, expected, lambda t: 0 <= t < math.inf)
        top_k = None if top_k is None else _check.size("top_k", top_k)
        if top_p is not None:
            _check.number("top_p", top_p, "a number in (0, 1], or None", lambda p: 0 < p <= 1)
        if not isinstance(random_state, np.random.RandomState):
            try:
                random_state = np.random.RandomState(random_state)
            except (TypeError, ValueError):
                expected = "an int, a numpy.random.RandomState or None"
                got = _check.short(random_state)
                raise _check.fail(TypeError, "random_state", expected, got) from None
        return cls(float(temperature), top_k, top_p, random_state)

    def probabilities(self, logits: FloatArray) -> FloatArray:
        """Return the probabilities that symbols are drawn with, in float64.

        >>> choice = Choice.checked(1.0, None, 0.7, 0)
        >>> choice.probabilities(np.log([0.5, 0.3, 0.15, 0.05])).round(3).tolist()
        [0.625, 0.375, 0.0, 0.0]
        """
        logits = logits.astype(np.float64)
        order = np.argsort(-logits, kind="stable")
        if self.temperature == 0:
            best: FloatArray = (np.arange(len(logits)) == order[0]).astype(np.float64)
            return best
        p: FloatArray = np.exp((logits - logits[order[0]]) / self.temperature)
        if self.top_k is not None:
            p[order[self.top_k :]] = 0
        p /= p.sum()
        if self.top_p is not None:
            # The first one always stays; the others while those before make less than top_p.
            before = np.cumsum(p[order]) - p[order]
            p[order[before >= self.top_p]] = 0
            p /= p.sum()
        return p

    def draw(self, logits: FloatArray) -> int:
        """Draw a symbol."""
        p = self.probabilities(logits)
        if not np.isfinite(p).all():
            raise _check.fail(ValueError, "model", "finite logits", "NaN or infinity")
        ends = np.cumsum(p)
        found = np.searchsorted(ends, self.random.random_sample() * ends[-1], side="right")
        return min(int(found), int(np.flatnonzero(p)[-1]))
