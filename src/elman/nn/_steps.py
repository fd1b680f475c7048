"""The valid steps of a batch as rows, one sequence after another, and back."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np

from elman import _check
from elman._typing import Lengths


class Steps(NamedTuple):
    """Where the valid steps of a batch stand. Letters: T steps, N sequences, M valid steps in all.

    shape : (N, T), or (T, N) if not `batch_first`, or (T,) for a sequence without a batch; of one
        value for each sequence (N,), or () without a batch
    batch_first : bool
    valid : bools (N, T), or None if all steps are valid
    parts : of a list of arrays, how many steps each has; None otherwise
    """

    shape: tuple[int, ...]
    batch_first: bool
    valid: Any = None
    parts: list[int] | None = None

    @classmethod
    def of(cls, x: Any, axes: int, lengths: Lengths | None, batch_first: bool) -> Self:
        """Describe x, an array of `axes` axes of steps, or a list of arrays, one a sequence."""
        if isinstance(x, list):
            return cls((), batch_first, parts=[len(sequence) for sequence in x])
        shape = x.shape[:axes]
        if lengths is None or axes == 1:
            return cls(shape, batch_first)
        N, T = shape if batch_first else shape[::-1]
        valid = np.arange(T) < _check.lengths(lengths, N, T)[:, None]
        return cls(shape, batch_first, None if valid.all() else valid)

    def rows(self, values: Any) -> Any:
        """Return the valid steps (M, …) of values that have x's form, with axes (…) of their own.

        Those of one sequence follow each other, and the sequences are in their order.
        """
        if self.parts is not None:
            return np.concatenate(values)
        if len(self.shape) < 2:
            return values.reshape(-1, values.shape[-1])
        by_sequence = values if self.batch_first else values.swapaxes(0, 1)
        if self.valid is not None:
            return by_sequence[self.valid]
        return by_sequence.reshape(-1, *by_sequence.shape[2:])

    def restore(self, rows: Any) -> Any:
        """Undo `rows`; what is not valid is zero."""
        if self.parts is not None:
            return np.split(rows, np.cumsum(self.parts)[:-1])
        if len(self.shape) < 2:
            return rows.reshape(*self.shape, rows.shape[-1])
        N, T = self.shape if self.batch_first else self.shape[::-1]
        if self.valid is None:
            by_sequence = rows.reshape(N, T, *rows.shape[1:])
        else:
            by_sequence = np.zeros((N, T, *rows.shape[1:]), rows.dtype)
            by_sequence[self.valid] = rows
        return by_sequence if self.batch_first else by_sequence.swapaxes(0, 1)

    def checked_rows(self, name: str, values: Any, features: int, dtype: np.dtype[Any]) -> Any:
        """Return `rows` of a caller's values, each step of which has `features` values.

        Raises
        ------
        ValueError
            If a dtype is another.
        RuntimeError
            If a shape, or the number of arrays, is another.
        """
        if self.parts is None:
            array = np.asarray(values)
            _check.same_dtype(name, array, dtype)
            _check.shape(name, array, "the shape of output", (*self.shape, features))
            return self.rows(array)
        if len(values) != len(self.parts):
            expected = f"a list of {len(self.parts)} arrays"
            raise _check.fail(RuntimeError, name, expected, f"{len(values)} of them")
        arrays = [np.asarray(part) for part in values]
        for i, (array, T) in enumerate(zip(arrays, self.parts, strict=True)):
            _check.same_dtype(f"{name}[{i}]", array, dtype)
            _check.shape(f"{name}[{i}]", array, "the shape of its output", (T, features))
        return self.rows(arrays)
