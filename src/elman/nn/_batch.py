"""What callers pass as x, in the one form the kernels take, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from elman import _check
from elman._typing import FloatArray, IntArray, Lengths

if TYPE_CHECKING:
    from elman.nn._recurrent import Recurrent


class Batch(NamedTuple):
    """A checked input.

    x (T, N, I), last axis contiguous; lengths (N,) or None; whether there is a batch axis, whether
    it came first, and whether x came as a list.
    """

    x: FloatArray
    lengths: IntArray | None
    batched: bool
    batch_first: bool
    ragged: bool

    def empty(self, size: int) -> FloatArray:
        """Return an array (T, N, size), laid out in memory so that `restore` gives C order."""
        T, N = self.x.shape[:2]
        if self.batch_first:
            return np.empty((N, T, size), self.x.dtype).transpose(1, 0, 2)
        return np.empty((T, N, size), self.x.dtype)

    @property
    def longest_first(self) -> Any:
        """An index that puts rows in the kernels' order: by decreasing length, or all as they are.

        Parts of a batch in this order are run in it too, so that nothing is summed otherwise.
        """
        return slice(None) if self.lengths is None else np.argsort(-self.lengths, kind="stable")

    def part(self, times: slice) -> Batch:
        """Return some of the time steps, rows longest first."""
        rows, lengths = self.longest_first, self.lengths
        if lengths is not None:
            lengths = np.clip(lengths[rows] - times.start, 0, times.stop - times.start)
        return self._replace(x=self.x[times][:, rows], lengths=lengths)

    def restore(self, values: FloatArray) -> Any:
        """Give an array (T, N, …) the form in which x came."""
        if not self.batched:
            return values[:, 0]
        if self.ragged:
            assert self.lengths is not None
            return [values[:length, i] for i, length in enumerate(self.lengths)]
        return values.transpose(1, 0, 2) if self.batch_first else values

    def read_gradient(self, name: str, gradient: Any, like: FloatArray) -> FloatArray:
        """Return a gradient (T, N, …) from one in the form in which x came."""
        if self.ragged:
            return self._read_ragged_gradient(name, gradient, like)
        gradient = np.asarray(gradient)
        expected = self.restore(like).shape
        _check.same_dtype(name, gradient, like.dtype)
        _check.shape(name, gradient, "the shape of output", expected)
        if not self.batched:
            gradient = gradient[:, None]
        elif self.batch_first:
            gradient = gradient.transpose(1, 0, 2)
        return rows_contiguous(gradient)

    def _read_ragged_gradient(self, name: str, gradient: Any, like: FloatArray) -> FloatArray:
        parts = self.restore(like)
        if len(gradient) != len(parts):
            raise _check.fail(
                RuntimeError, name, f"a list of {len(parts)} arrays", f"{len(gradient)} of them"
            )
        padded = np.zeros(like.shape, like.dtype)
        for i, (part, out) in enumerate(zip(gradient, parts, strict=True)):
            array = np.asarray(part)
            _check.same_dtype(f"{name}[{i}]", array, like.dtype)
            _check.shape(f"{name}[{i}]", array, "the shape of its output", out.shape)
            padded[: len(array), i] = array
        return padded


def check_dimensions(layer: Recurrent, x: Any) -> int | None:
    """Return N, or None without a batch; ValueError if x has neither 2 nor 3 axes."""
    if isinstance(x, list | tuple):
        return len(x)
    shape = np.shape(x)
    if len(shape) not in (2, 3):
        axes = "(N, T, input_size)" if layer.batch_first else "(T, N, input_size)"
        expected = f"{axes}, or (T, input_size) without a batch"
        raise _check.fail(ValueError, "x", expected, f"{len(shape)}-D, shape {shape}")
    return None if len(shape) == 2 else shape[0 if layer.batch_first else 1]


def read(layer: Recurrent, x: Any, lengths: Lengths | None) -> Batch:
    """Check x, whose dimensions are right, and lengths for `layer`.

    Raises
    ------
    ValueError
        If a dtype of x or `lengths` do not fit.
    RuntimeError
        If the last axis of x does not fit, or T is 0.
    """
    if isinstance(x, list | tuple):
        if lengths is not None:
            raise _check.fail(
                ValueError, "lengths", "None when x is a list, which has lengths of its own", "both"
            )
        return _read_ragged(layer, x)

    x = np.asarray(x)
    _check.same_dtype("x", x, layer.dtype)
    _check_last_axis(layer, "x", x)
    batched = x.ndim == 3
    batch_first = layer.batch_first and batched
    if not batched:
        if lengths is not None:
            raise _check.fail(
                ValueError,
                "lengths",
                "None for a sequence without a batch",
                "lengths",
                "slice x instead",
            )
        x = x[:, None]
    elif batch_first:
        x = x.transpose(1, 0, 2)
    T, N, _ = x.shape
    if T == 0:
        raise _check.fail(RuntimeError, "x", "at least one time step", "T = 0")
    checked = None if lengths is None else _check.lengths(lengths, N, T)
    return Batch(rows_contiguous(x), checked, batched, batch_first, ragged=False)


def _read_ragged(layer: Recurrent, sequences: list[Any] | tuple[Any, ...]) -> Batch:
    arrays = [np.asarray(sequence) for sequence in sequences]
    for i, array in enumerate(arrays):
        name = f"x[{i}]"
        if array.ndim != 2:
            raise _check.fail(
                ValueError,
                name,
                "(T_i, input_size)",
                f"{array.ndim}-D, shape {array.shape}",
                "a list holds one array for each sequence",
            )
        _check.same_dtype(name, array, layer.dtype)
        _check_last_axis(layer, name, array)
    lengths = np.array([len(array) for array in arrays], dtype=np.int64)
    x = np.zeros((len(arrays), max([1, *lengths]), layer.input_size), layer.dtype)
    for row, array in zip(x, arrays, strict=True):
        row[: len(array)] = array
    return Batch(x.transpose(1, 0, 2), lengths, batched=True, batch_first=True, ragged=True)


def _check_last_axis(layer: Recurrent, name: str, x: FloatArray) -> None:
    if x.shape[-1] != layer.input_size:
        axes = [axis for axis, n in enumerate(x.shape) if n == layer.input_size]
        fix = f"axis {axes[0]} has that size: is it the input's?" if axes else ""
        expected = f"input_size = {layer.input_size} on the last axis"
        raise _check.fail(RuntimeError, name, expected, f"shape {x.shape}", fix)


def rows_contiguous(array: FloatArray) -> FloatArray:
    """Return `array` with its last axis contiguous in memory, a copy only if it must be."""
    contiguous = array.shape[-1] <= 1 or array.strides[-1] == array.itemsize
    return array if contiguous and _aligned(array) else np.ascontiguousarray(array)


def _aligned(array: FloatArray) -> bool:
    return array.flags.aligned and all(stride % array.itemsize == 0 for stride in array.strides)
