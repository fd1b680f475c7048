"""Many sequences, of one length or of many, and padded batches of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from elman import _check
from elman._typing import FloatArray, IntArray


class Sequences:
    """Sequences of I columns, laid end to end. Letters: n sequences, F frames in all of them.

    Parameters
    ----------
    frames : array, shape (F, I), or integers, shape (F,), for a network with an embedding
        Kept, not copied.
    lengths : integers of at least zero, shape (n,)
        How many frames each sequence has; they add up to F.
    """

    def __init__(self, frames: FloatArray, lengths: IntArray) -> None:
        self.frames = frames
        self.lengths = lengths
        self._starts = np.cumsum(lengths) - lengths
        # None if the lengths differ.
        self._T = int(lengths[0]) if len(lengths) and (lengths == lengths[0]).all() else None

    @classmethod
    def checked(cls, x: Any, integers: bool = False) -> Sequences:
        """Return sequences from an array (n, T, I), without a copy, or a list of arrays (T_i, I).

        Where `integers` is true, there is no axis of I: shapes are (n, T) and (T_i,).

        Raises
        ------
        ValueError
            If an array has another number of dimensions, or those of a list differ in I or dtype.
        """
        if isinstance(x, Sequences):
            return x
        axes, inputs = (1, "") if integers else (2, ", I")
        if not isinstance(x, list | tuple):
            x = _check.real_array("x", x, axes + 1, f"(n, T{inputs})")
            n, T = x.shape[:2]
            return cls(x.reshape(n * T, *x.shape[2:]), np.full(n, T))
        if not x:
            raise _check.fail(ValueError, "x", "at least one sequence", "an empty list")
        shape = f"(T_i{inputs or ','})"
        arrays = [_check.real_array(f"x[{i}]", a, axes, shape) for i, a in enumerate(x)]
        first = arrays[0]
        for i, array in enumerate(arrays):
            if array.shape[1:] != first.shape[1:] or array.dtype != first.dtype:
                expected = f"{_columns(first)}, as in x[0]"
                raise _check.fail(ValueError, f"x[{i}]", expected, _columns(array))
        return cls(np.concatenate(arrays), np.array([len(array) for array in arrays]))

    def __len__(self) -> int:
        """Return n."""
        return len(self.lengths)

    def astype(self, dtype: np.dtype[Any]) -> Sequences:
        """Return the sequences in another dtype; themselves if they have it already.

        Raises
        ------
        ValueError
            If a value is too large for it; the error tells which.
        """
        if self.frames.dtype == dtype:
            return self
        try:
            with np.errstate(over="raise"):
                return Sequences(self.frames.astype(dtype), self.lengths)
        except FloatingPointError:
            most = float(np.finfo(dtype).max)
            frame, column = np.argwhere(np.abs(self.frames) > most)[0]
            got = f"{float(self.frames[frame, column]):g} at {self._place(frame, column)}"
            expected = f"values that {np.dtype(dtype)} holds, up to {most:.2g}"
            fix = "divide the column, as standardize=True does, or take dtype='float64'"
            raise _check.fail(ValueError, "X", expected, got, fix) from None

    def check_finite(self, name: str, fix: str) -> None:
        """Hold that no value is NaN or infinite.

        Parameters
        ----------
        name : str
            The argument's name.
        fix : str
            What the error says one may do.

        Raises
        ------
        ValueError
            It tells the sequence, frame and column of the first such value.
        """
        # NaN and infinity pass through one sum. It may overflow without them.
        with np.errstate(over="ignore", invalid="ignore"):
            if np.isfinite(self.frames.sum()):
                return
        bad = np.argwhere(~np.isfinite(self.frames))
        if not len(bad):
            return
        value = "NaN" if np.isnan(self.frames[tuple(bad[0])]) else "inf"
        more = f" and {len(bad) - 1} more NaN or inf" if len(bad) > 1 else ""
        got = f"{value} at {self._place(*bad[0])}{more}"
        raise _check.fail(ValueError, name, "finite values", got, fix)

    def _place(self, frame: Any, column: Any) -> str:
        sequence = int(np.searchsorted(np.cumsum(self.lengths), frame, side="right"))
        return f"sequence {sequence}, frame {frame - self._starts[sequence]}, column {column}"

    def pad(self, rows: IntArray, batch_first: bool = True) -> tuple[FloatArray, IntArray | None]:
        """Make a batch, as the layers take it.

        What stands in x after a row's length is arbitrary: the layers do not read it.

        Parameters
        ----------
        rows : integers in [0, n), shape (N,)
            Which sequences.
        batch_first : bool
            Whether x is (N, T, I) or (T, N, I).

        Returns
        -------
        x : array, shape (N, T, I) or (T, N, I), T being the longest of the rows, at least 1;
            (N, T) or (T, N) of integers
        lengths : integers, shape (N,), or None where each is T
        """
        lengths = self.lengths[rows]
        T = max(1, int(lengths.max()))
        if self._T == T:
            x = self.frames.reshape(len(self), T, *self.frames.shape[1:])[rows]
        elif len(self.frames):
            at = self._starts[rows][:, None] + np.arange(T)
            x = self.frames.take(at, axis=0, mode="clip")
        else:
            x = np.zeros((len(lengths), T, *self.frames.shape[1:]), self.frames.dtype)
        all_long = bool((lengths == T).all())
        return x if batch_first else x.swapaxes(0, 1), None if all_long else lengths


def _columns(array: FloatArray) -> str:
    """Say how many columns of what an array has."""
    return f"{array.shape[1]} columns of {array.dtype}" if array.ndim == 2 else str(array.dtype)
