"""Mini-batches of sequences that are about equally long."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from elman import _check
from elman._typing import IntArray

Random: TypeAlias = np.random.RandomState | np.random.Generator


def check_random(value: Any) -> None:
    """Hold that `random` draws numbers (TypeError)."""
    if isinstance(value, np.random.RandomState | np.random.Generator):
        return
    seed = value if isinstance(value, int | np.integer) and not isinstance(value, bool) else 0
    expected = "a numpy.random.Generator or numpy.random.RandomState"
    got = f"{value!r} ({type(value).__name__})"
    fix = f"pass numpy.random.default_rng({seed})"
    raise _check.fail(TypeError, "random", expected, got, fix)


def bucket_batches(
    lengths: IntArray, batch_size: int, random: Random, *, noise: float = 0.1
) -> list[IntArray]:
    """Divide sequences into shuffled mini-batches with little padding.

    The sequences are sorted by their lengths, each length first multiplied by a random number
    within `noise` of 1, and cut into batches, which are then shuffled. Neighbours change from epoch
    to epoch, and where all lengths are equal every division is as likely as any other.

    Parameters
    ----------
    lengths : integers, shape (n,)
    batch_size : int
        How many sequences a batch has; one of the batches has what remains.
    random : numpy.random.RandomState or numpy.random.Generator
    noise : float in [0, 1]

    Returns
    -------
    list of integer arrays
        Rows in [0, n), each exactly once.
    """
    check_random(random)
    batch_size, noise = _check.size("batch_size", batch_size), _check.probability("noise", noise)
    n = len(lengths)
    # 1 is added so that empty sequences are shuffled too.
    keys = (np.asarray(lengths) + 1) * random.uniform(1 - noise, 1 + noise, n)
    shuffled = random.permutation(n)
    rows = shuffled[np.argsort(keys[shuffled], kind="stable")]
    sizes = np.full(-(-n // batch_size), batch_size)
    sizes[:1] -= -n % batch_size
    # The short batch has the shortest sequences in one epoch, the longest in another.
    batches = np.split(rows, np.cumsum(random.permutation(sizes))[:-1])
    return [batches[i] for i in random.permutation(len(sizes))]
