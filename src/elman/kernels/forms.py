"""The forms in which a caller may give a network its arguments, and the one form kernels take.

x is an array (T, N, I), or (N, T, I) where the batch is first, or (T, I) for one sequence without
a batch, or a list of arrays (T_i, I), or packed as torch's PackedSequence is: an array (pairs, I)
of the valid rows of each step, step after step, rows of decreasing length. The kernels take
(T, N, I) with lengths. What is read here needs no conversion; whoever calls with something else is
told None, converts or explains it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from elman._typing import FloatArray, IntArray
from elman.kernels.architecture import Architecture


class Form(NamedTuple):
    """A call's arguments as the kernels take them, and the form in which they came.

    x : (T, N, I)
    state : its parts (L·D, N, ·); None stands for the network's initial state
    lengths : int64 (N,), or None where each is T
    batched, batch_first, ragged, packed : whether x has a batch axis, has it first, was a list or
        packed
    """

    x: FloatArray
    state: tuple[FloatArray | None, ...]
    lengths: IntArray | None
    batched: bool
    batch_first: bool
    ragged: bool
    packed: bool = False

    def empty(self, size: int) -> FloatArray:
        """Return an array (T, N, size) that `restore` gives C order."""
        T, N = self.x.shape[:2]
        if self.batch_first:
            return np.empty((N, T, size), self.x.dtype).transpose(1, 0, 2)
        return np.empty((T, N, size), self.x.dtype)

    def restore(self, values: FloatArray) -> Any:
        """Give an array (T, N, ·) the form in which x came."""
        if not self.batched:
            return values[:, 0]
        if self.ragged:
            assert self.lengths is not None
            return [values[:length, i] for i, length in enumerate(self.lengths)]
        if self.packed:
            return values[valid(values, self.lengths)]
        return values.transpose(1, 0, 2) if self.batch_first else values

    def unpack(self, values: FloatArray) -> FloatArray:
        """Return an array of steps, given in the form of x, as (T, N, ·)."""
        if not self.batched:
            return values[:, None]
        if self.packed:
            return padded(values, self.lengths, len(self.x))
        return values.transpose(1, 0, 2) if self.batch_first else values

    def restore_state(self, parts: tuple[FloatArray, ...]) -> Any:
        """Give parts (L·D, N, ·) of a state the form in which callers pass them."""
        parts = parts if self.batched else tuple(part[:, 0] for part in parts)
        return parts if len(parts) > 1 else parts[0]

    def gradients(
        self, architecture: Architecture, d_output: Any, d_state_n: Any
    ) -> tuple[FloatArray | None, tuple[FloatArray | None, ...]] | None:
        """Read gradients of output and state_n, which have their forms; None if they do not fit."""
        d_state = self._d_state(architecture, d_state_n)
        if d_state is None or d_output is None:
            return d_state if d_state is None else (None, d_state)
        like = self.restore(self.empty(architecture.output_size))
        if self.ragged:
            if type(d_output) not in (list, tuple) or len(d_output) != len(like):
                return None
            if not all(map(fits, d_output, like)):
                return None
            found = np.zeros((*self.x.shape[:2], architecture.output_size), self.x.dtype)
            for i, part in enumerate(d_output):
                found[: len(part), i] = part
            return found, d_state
        return (self.unpack(d_output), d_state) if fits(d_output, like) else None

    def _d_state(
        self, architecture: Architecture, d_state_n: Any
    ) -> tuple[FloatArray | None, ...] | None:
        N = self.x.shape[1] if self.batched else None
        return _read_state(architecture, self.x.dtype, d_state_n, N)


def read(
    architecture: Architecture,
    dtype: np.dtype[Any],
    x: Any,
    state: Any,
    lengths: Any,
    batch_first: bool,
    packed: bool = False,
) -> Form | None:
    """Read a call's arguments; None if they need a conversion or do not fit.

    Parameters
    ----------
    architecture : Architecture
    dtype : float32 or float64
    x, state, lengths, batch_first, packed
        As `elman.kernels` documents them for ``run``.
    """
    if packed:
        lengths = _packed_lengths(lengths, len(x)) if _is_array(x, dtype, 2) else None
        if lengths is None or x.shape[1] != architecture.input_size:
            return None
        x = padded(x, lengths, int(lengths[0]))
        batched, batch_first, ragged = True, False, False
    elif type(x) in (list, tuple):
        if lengths is not None or not all(_is_array(a, dtype, 2) for a in x):
            return None
        x, lengths = _padded(x, dtype, architecture.input_size)
        batched, batch_first, ragged = True, True, True
    elif _is_array(x, dtype, 2) and lengths is None:
        x, batched, batch_first, ragged = x[:, None], False, False, False
    elif _is_array(x, dtype, 3):
        batched, ragged = True, False
        x = x.transpose(1, 0, 2) if batch_first else x
    else:
        return None
    if x is None or x.shape[2] != architecture.input_size or x.shape[0] == 0:
        return None
    T, N, _ = x.shape
    if lengths is not None:
        lengths = _read_lengths(lengths, N, T)
        if lengths is None:
            return None
    parts = _read_state(architecture, dtype, state, N if batched else None)
    if parts is None:
        return None
    return Form(x, parts, lengths, batched, batch_first, ragged, packed)


def initial_state(
    architecture: Architecture, dtype: np.dtype[Any], initial: Sequence[FloatArray], N: int
) -> tuple[FloatArray, ...]:
    """Return the state (L·D, N, ·) that a run without one begins from: learned, or zeros."""
    if initial:
        return tuple(np.repeat(part[:, None], N, axis=1) for part in initial)
    shapes = [(architecture.recurrences, N, size) for size in architecture.state_sizes]
    return tuple(np.zeros(shape, dtype) for shape in shapes)


def begin(form: Form, initial: tuple[FloatArray, ...]) -> tuple[FloatArray, ...]:
    """Return the state that a run begins from: the given parts, and the initial others."""
    parts = zip(form.state, initial, strict=True)
    return tuple(own if given is None else given for given, own in parts)


def learned_gradients(
    form: Form, initial: Sequence[FloatArray], d_state: tuple[FloatArray, ...]
) -> list[FloatArray]:
    """Return gradients of learned initial states: sums over rows, zeros for parts given instead."""
    return [
        d_part.sum(axis=1) if given is None else np.zeros(d_part.shape[::2], d_part.dtype)
        for _, given, d_part in zip(initial, form.state, d_state, strict=False)
    ]


def rows_contiguous(array: FloatArray) -> FloatArray:
    """Return `array` with its last axis contiguous in memory, a copy only if it must be."""
    aligned = array.ctypes.data % array.itemsize == 0
    if array.flags.c_contiguous:  # as every empty array is, whatever its strides
        return array if aligned else array.copy(order="C")
    contiguous = array.shape[-1] == 1 or array.strides[-1] == array.itemsize
    aligned = aligned and all(s % array.itemsize == 0 for s in array.strides)
    return array if contiguous and aligned else array.copy(order="C")


def _is_array(value: Any, dtype: np.dtype[Any], ndim: int) -> bool:
    """Tell whether a value is an array that kernels read as it is."""
    if type(value) is not np.ndarray or value.ndim != ndim or value.dtype != dtype:
        return False
    return rows_contiguous(value) is value


def fits(value: Any, like: FloatArray, writable: bool = False) -> bool:
    """Tell whether a value is an array of the dtype and the shape of another one."""
    if not _is_array(value, like.dtype, like.ndim) or value.shape != like.shape:
        return False
    return not writable or bool(value.flags.writeable)


def fits_step(architecture: Architecture, dtype: np.dtype[Any], state: Any) -> bool:
    """Tell whether a state is one that a step may replace, but for L and N."""
    if type(state) is not tuple or len(state) != len(architecture.state_sizes):
        return False
    return all(_is_array(part, dtype, 3) and part.flags.writeable for part in state)


def fit_parameters(architecture: Architecture, dtype: np.dtype[Any], values: Any) -> bool:
    """Tell whether values are a list of arrays like the parameters, which may be added to."""
    shapes = list(architecture.parameter_shapes().values())
    if type(values) is not list or len(values) != len(shapes):
        return False
    return all(
        _is_array(value, dtype, len(shape))
        and value.shape == shape
        and value.flags.c_contiguous
        and value.flags.writeable
        for value, shape in zip(values, shapes, strict=True)
    )


def valid(steps: FloatArray, lengths: IntArray | None) -> Any:
    """Return, to index arrays (T, N, ·), the steps and rows before each row's length, in order."""
    assert lengths is not None
    return np.nonzero(np.arange(len(steps))[:, None] < lengths)


def padded(values: FloatArray, lengths: IntArray | None, T: int) -> FloatArray:
    """Return packed values (pairs, ·) as (T, N, ·), zero after each row's length."""
    assert lengths is not None
    found = np.zeros((T, len(lengths), values.shape[1]), values.dtype)
    found[valid(found, lengths)] = values
    return found


def _packed_lengths(lengths: Any, pairs: int) -> IntArray | None:
    """Return the lengths of packed rows: decreasing, of so many valid (step, row) pairs."""
    found = None if lengths is None else _read_lengths(lengths, len(lengths), pairs)
    if found is None or found.sum() != pairs or np.any(np.diff(found) > 0):
        return None
    return found if len(found) and found[0] > 0 else None


def _padded(
    sequences: Sequence[FloatArray], dtype: np.dtype[Any], input_size: int
) -> tuple[FloatArray | None, IntArray]:
    """Return sequences as one array (T, N, I) and their lengths; None if one has another I."""
    lengths = np.array([len(sequence) for sequence in sequences], dtype=np.int64)
    if any(sequence.shape[1] != input_size for sequence in sequences):
        return None, lengths
    x = np.zeros((len(sequences), max([1, *lengths]), input_size), dtype)
    for row, sequence in zip(x, sequences, strict=True):
        row[: len(sequence)] = sequence
    return x.transpose(1, 0, 2), lengths


def _read_lengths(lengths: Any, N: int, T: int) -> IntArray | None:
    if type(lengths) is list:
        if not all(type(length) is int and 0 <= length <= T for length in lengths):
            return None
        lengths = np.array(lengths, dtype=np.int64)
    if not _is_array(lengths, np.dtype(np.int64), 1) or lengths.shape != (N,):
        return None
    return None if np.any((lengths < 0) | (lengths > T)) else lengths


def _read_state(
    architecture: Architecture, dtype: np.dtype[Any], state: Any, N: int | None
) -> tuple[FloatArray | None, ...] | None:
    """Return each part as (L·D, N, ·); N is None without a batch, where parts are (L·D, ·)."""
    sizes = architecture.state_sizes
    if state is None:
        return (None,) * len(sizes)
    parts = state if len(sizes) > 1 else (state,)
    if type(parts) is not tuple or len(parts) != len(sizes):
        return None
    found: list[FloatArray | None] = []
    for part, size in zip(parts, sizes, strict=True):
        shape = (architecture.recurrences, size)
        expected = shape if N is None else (shape[0], N, size)
        if part is not None and not (
            _is_array(part, dtype, len(expected)) and part.shape == expected
        ):
            return None
        found.append(part[:, None] if part is not None and N is None else part)
    return tuple(found)
