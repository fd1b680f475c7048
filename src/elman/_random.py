"""Random numbers as torch's CPU generator draws them: MT19937, one stream, a documented order.

Every draw below takes the very words that torch takes, so that a seed gives the same network in
both. torch's own source says how many words each draw costs (ATen's ``CPUGeneratorImpl`` and
``TransformationHelper``): one for a float32 uniform, two for a float64 one or a Bernoulli trial.
"""

from __future__ import annotations

import math
import operator
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from elman._typing import FloatArray

if TYPE_CHECKING:
    import numpy.typing as npt

_21_BITS, _24_BITS, _32 = np.uint64(2**21 - 1), np.uint64(2**24 - 1), np.uint64(32)

_BLOCK = 2**16  # values drawn at once

_SEED_MIN, _SEED_MAX = -(2**63), 2**64 - 1


class Generator:
    """A stream of random numbers equal to ``torch.Generator``'s on the CPU.

    Parameters
    ----------
    seed : int, optional
        In [-2**63, 2**64 - 1], taken modulo 2**32, as torch does. None asks the operating system.

    Raises
    ------
    ValueError
        If the seed is outside that range.
    """

    def __init__(self, seed: int | None = None) -> None:
        self._bits: np.random.MT19937 | None = None
        self._spare: list[float] = []
        if seed is not None:
            self.manual_seed(seed)

    def manual_seed(self, seed: int) -> Generator:
        """Start the stream again from `seed`; return the generator."""
        try:
            seed = operator.index(seed)
        except TypeError:
            raise TypeError(f"seed: expected an int, got {type(seed).__name__}") from None
        if not _SEED_MIN <= seed <= _SEED_MAX:
            raise ValueError(f"seed: expected an int in [-2**63, 2**64 - 1], got {seed}")
        # MT19937 takes the state alone; only RandomState seeds as init_genrand does.
        seeded: Any = np.random.RandomState(seed % 2**32).get_state(legacy=False)
        bits = np.random.MT19937()
        bits.state = seeded  # before it is seen: a thread that draws must not meet it half done
        self._bits = bits
        self._spare = []
        return self

    @property
    def bits(self) -> np.random.MT19937:
        """The bit generator of NumPy that the words come from."""
        if self._bits is None:
            self.manual_seed(int.from_bytes(os.urandom(4), "little"))
            assert self._bits is not None
        return self._bits

    @property
    def state(self) -> dict[str, Any]:
        """What the numbers to come depend on; assign it to have them once more."""
        return {"bits": self.bits.state, "spare": list(self._spare)}

    @state.setter
    def state(self, state: dict[str, Any]) -> None:
        bits = np.random.MT19937()
        bits.state = state["bits"]
        self._bits, self._spare = bits, list(state["spare"])

    def _words(self, n: int) -> npt.NDArray[np.uint64]:
        """Draw the next `n` 32-bit words, each in an element of 64 bits."""
        words: npt.NDArray[np.uint64] = self.bits.random_raw(n)
        return words

    def uniform(
        self, shape: tuple[int, ...], bound: float, dtype: np.dtype[np.floating]
    ) -> FloatArray:
        """Draw from U(-bound, bound), in row-major order.

        torch computes ``u * (b - a) + a`` with one rounding, a fused multiply-add in its AVX2 and
        AVX-512 builds. For a = -b that is ``b * (2 u - 1)``, whose second factor is exact.
        """
        values = np.empty(math.prod(shape), dtype)
        # In blocks, between which Ctrl-C is seen, and which fit the caches.
        for begin in range(0, len(values), _BLOCK):
            block = values[begin : begin + _BLOCK]
            if dtype == np.float32:
                centred = (self._words(len(block)) & _24_BITS).astype(np.int32) - 2**23
                block[:] = np.float32(bound) * (centred.astype(np.float32) * np.float32(2.0**-23))
            else:
                wide = bits_53(self.bits, len(block)).astype(np.int64) - 2**52
                block[:] = np.float64(bound) * (wide.astype(np.float64) * 2.0**-52)
        return values.reshape(shape)

    def normal(self, shape: tuple[int, ...], dtype: np.dtype[np.floating]) -> FloatArray:
        """Draw from N(0, 1) by Box & Muller's method, within rounding of what torch draws.

        Of 16 values and more, torch turns uniform ones in groups of 16 into normal ones in place,
        the last 16 drawn anew if the groups do not come out even; fewer it draws in pairs.
        """
        n = math.prod(shape)
        if n < 16:
            return self._few_normal(n).astype(dtype).reshape(shape)
        values = self._unit(n, dtype)
        _to_normal(values[: n - n % 16].reshape(-1, 16))
        if n % 16:
            values[-16:] = self._unit(16, dtype)
            _to_normal(values[-16:].reshape(1, 16))
        return values.reshape(shape)

    def _unit(self, n: int, dtype: np.dtype[np.floating]) -> FloatArray:
        """Draw from U(0, 1)."""
        if dtype == np.float32:
            return (self._words(n) & _24_BITS).astype(np.float32) * np.float32(2.0**-24)
        return bits_53(self.bits, n) * 2.0**-53

    def _few_normal(self, n: int) -> FloatArray:
        """Draw in pairs; the second of a pair that is not needed is kept for the next time."""
        values = self._spare
        while len(values) < n:
            u = bits_53(self.bits, 2) * 2.0**-53
            radius, angle = math.sqrt(-2 * math.log1p(-u[1])), 2 * math.pi * u[0]
            values += [radius * math.cos(angle), radius * math.sin(angle)]
        self._spare = values[n:]
        return np.array(values[:n])


def bits_53(bits: np.random.MT19937, n: int) -> npt.NDArray[np.uint64]:
    """Draw `n` integers of 53 bits, each from two words, the higher one first."""
    words = bits.random_raw(2 * n)
    found: npt.NDArray[np.uint64] = words[::2] & _21_BITS
    found <<= _32
    found |= words[1::2]
    return found


def _to_normal(groups: FloatArray) -> None:
    """Make 8 pairs of uniform values in each row into normal ones, in place."""
    one = groups.dtype.type(1)
    radius = np.sqrt(-2 * np.log(one - groups[:, :8]))
    angle = 2 * np.pi * groups[:, 8:].astype(groups.dtype)
    groups[:, :8], groups[:, 8:] = radius * np.cos(angle), radius * np.sin(angle)


class ZeroGenerator(Generator):
    """Gives zeros for what layers draw, for parameters whose values come from elsewhere."""

    def uniform(
        self, shape: tuple[int, ...], bound: float, dtype: np.dtype[np.floating]
    ) -> FloatArray:
        """Return zeros."""
        return np.zeros(shape, dtype)

    def normal(self, shape: tuple[int, ...], dtype: np.dtype[np.floating]) -> FloatArray:
        """Return zeros."""
        return np.zeros(shape, dtype)


default_generator = Generator()


def checked_generator(value: Any) -> Generator | None:
    """Return `value`, which must be a Generator or None.

    Raises
    ------
    TypeError
        If it is anything else, such as a seed or one of NumPy's generators.
    """
    if value is None or isinstance(value, Generator):
        return value
    got = f"{value!r:.60} ({type(value).__module__}.{type(value).__name__})"
    fix = "make one with elman.Generator(seed)"
    raise TypeError(f"generator: expected an elman.Generator or None, got {got}; {fix}")


def manual_seed(seed: int) -> Generator:
    """Seed the generator that layers draw their weights and dropout masks from.

    After it, layers made in the same order as in a torch program that begins with
    ``torch.manual_seed(seed)`` have the very same weights.

    Parameters
    ----------
    seed : int
        In [-2**63, 2**64 - 1], taken modulo 2**32, as torch does.

    Returns
    -------
    Generator
        The default generator.

    Examples
    --------
    >>> import elman
    >>> _ = elman.manual_seed(1)
    >>> elman.nn.RNN(5, 2).bias_ih_l0
    array([-0.05155428, -0.06365894], dtype=float32)
    """
    return default_generator.manual_seed(seed)
