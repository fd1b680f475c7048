"""What `fit` learns from, checked: sequences, targets, and how much each sequence counts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from elman import _check
from elman._typing import FloatArray, IntArray
from elman.nn import Network
from elman.nn._sequences import Sequences
from elman.train._batches import Random, bucket_batches


class TrainingData(NamedTuple):
    """Sequences to train on. Letters: n sequences.

    sequences : n of them
    y : targets, shape (n, …); or a list of n arrays (T_i, …), one target for each step
    z : vectors (n, Z) for a bridge, or None
    rows : which of the n sequences take part
    weights : shape (n,), with a mean of 1 over `rows`, or None if each sequence counts alike
    mean_weight : the mean over `rows` of the weights as they were given; 1 without weights
    """

    sequences: Sequences
    y: npt.NDArray[Any] | list[npt.NDArray[Any]]
    z: FloatArray | None
    rows: IntArray
    weights: FloatArray | None
    mean_weight: float

    @classmethod
    def checked(
        cls, network: Network, x: Any, y: Any, *, z: Any, sample_weight: Any, rows: Any
    ) -> TrainingData:
        """Check the arguments of `fit` that have these names.

        Raises
        ------
        TypeError, ValueError
            If one is not as `fit` describes it.
        """
        sequences = network.sequences(x)
        if network.embedding is None:
            _check.same_dtype("x", sequences.frames, network.dtype)
            sequences.check_finite("x", "fill them, or leave out the steps that hold them")
        n = len(sequences)
        if network.reads == "every":
            y = _checked_step_targets(y, sequences.lengths)
        else:
            y = _checked_targets(y, n)
        z = _checked_vectors(z, network, n)
        rows = np.arange(n) if rows is None else _checked_rows(rows, n)
        weights, mean = None, 1.0
        if sample_weight is not None:
            weights = _checked_weights(sample_weight, n)
            rows = rows[weights[rows] != 0]
        if not len(rows):
            name, got = ("x", "none") if sample_weight is None else ("sample_weight", "zeros alone")
            expected = "at least one sequence to train on, of a weight above zero"
            raise _check.fail(ValueError, name, expected, got)
        if weights is not None:
            weights, mean = _scaled(weights, rows)
        return cls(sequences, y, z, rows, weights, mean)

    def batches(self, batch_size: int, random: Random | None) -> Iterator[IntArray]:
        """Yield the rows of each batch of an epoch, in their own order if `random` is None."""
        if random is None:
            for start in range(0, len(self.rows), batch_size):
                yield self.rows[start : start + batch_size]
        else:
            for batch in bucket_batches(self.sequences.lengths[self.rows], batch_size, random):
                yield self.rows[batch]

    def targets(self, rows: IntArray) -> npt.NDArray[Any]:
        """Return the targets of a batch: of its sequences, or of all their steps one by one."""
        if isinstance(self.y, list):
            return np.concatenate([self.y[row] for row in rows])
        found: npt.NDArray[Any] = self.y[rows]
        return found

    def weights_of(self, rows: IntArray) -> FloatArray | None:
        """Return the weight of each target of a batch, or None without weights."""
        if self.weights is None:
            return None
        weights = self.weights[rows]
        return (
            np.repeat(weights, self.sequences.lengths[rows])
            if isinstance(self.y, list)
            else weights
        )

    def penalty(self, alpha: float, N: int) -> float:
        """Return the factor of ‖W‖² / 2 in the loss of a batch of N sequences."""
        return alpha / (N * self.mean_weight) if alpha else 0.0

    def check_penalty(self, alpha: float) -> None:
        """Hold that the loss is not lost in the rounding of the penalty (ValueError)."""
        if alpha and alpha * float(np.finfo(np.float64).eps) >= self.mean_weight:
            expected = f"weights that are not vanishingly small beside alpha = {alpha}"
            fix = "divide them by their mean, or take alpha=0"
            raise _check.fail(
                ValueError, "sample_weight", expected, f"a mean of {self.mean_weight:.3g}", fix
            )


def _checked_targets(y: Any, n: int) -> npt.NDArray[Any]:
    _check.unmasked("y", y)
    if y is None:
        raise _check.fail(TypeError, "y", f"one target for each of {n} sequences", "None")
    array: npt.NDArray[Any] = np.asarray(y)
    got = f"{len(array)}" if array.ndim else f"{y!r} ({type(y).__name__})"
    if array.ndim == 0 or len(array) != n:
        raise _check.fail(ValueError, "y", f"one for each of {n} sequences", got)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        row = int(np.argwhere(~np.isfinite(array))[0, 0])
        fix = "leave this sequence out, in x too, or give it a target"
        got = f"{array[row]} at sequence {row}"
        raise _check.fail(ValueError, "y", "finite values", got, fix)
    return array


def _checked_step_targets(y: Any, lengths: IntArray) -> list[npt.NDArray[Any]]:
    """Return targets of every step, an array (T_i, …) for each sequence."""
    expected = "an array (T_i, …) of targets for each sequence, one for each of its steps"
    if y is None or not isinstance(y, list | tuple | np.ndarray) or len(y) != len(lengths):
        got = f"{len(y)} of them" if isinstance(y, list | tuple | np.ndarray) else _check.short(y)
        fix = f"there are {len(lengths)} sequences"
        raise _check.fail(ValueError, "y", expected, got, fix)
    arrays = [np.asarray(part) for part in y]
    for i, (array, length) in enumerate(zip(arrays, lengths, strict=True)):
        if array.ndim == 0 or len(array) != length:
            expected = f"{length} targets, one for each step of sequence {i}"
            raise _check.fail(ValueError, f"y[{i}]", expected, f"shape {array.shape}")
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise _check.fail(ValueError, f"y[{i}]", "finite values", "NaN or infinity")
    return arrays


def _checked_vectors(z: Any, network: Network, n: int) -> FloatArray | None:
    """Return z (n, Z) for a network with a bridge, or None for one without."""
    if network.bridge is None:
        if z is not None:
            expected = "None, as the network has no bridge"
            raise _check.fail(ValueError, "z", expected, _check.short(z))
        return None
    shape = (n, network.bridge.in_features)
    array: FloatArray = _check.array("z", z, f"an array (n, Z) = {shape} for the bridge")
    _check.same_dtype("z", z, network.dtype)
    _check.shape("z", array, "(n, Z)", shape)
    return array


def _checked_rows(value: Any, n: int) -> IntArray:
    rows = np.asarray(value)
    if rows.size == 0:
        return rows.astype(np.int64)
    if rows.dtype.kind not in "iu":
        fix = "numpy.flatnonzero(mask) turns a mask into rows"
        raise _check.fail(TypeError, "rows", "integers", f"dtype {rows.dtype}", fix)
    if rows.ndim != 1 or rows.min() < 0 or rows.max() >= n:
        got = f"shape {rows.shape}, from {rows.min()} to {rows.max()}"
        raise _check.fail(ValueError, "rows", f"integers in [0, n) = [0, {n}), 1-D", got)
    return rows


def _checked_weights(value: Any, n: int) -> FloatArray:
    _check.unmasked("sample_weight", value)
    expected = f"one number for each sequence, shape (n,) = ({n},)"
    try:
        weights = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise _check.fail(TypeError, "sample_weight", expected, _check.short(value)) from None
    if weights.shape != (n,):
        raise _check.fail(ValueError, "sample_weight", expected, str(weights.shape))
    bad = np.flatnonzero(~np.isfinite(weights) | (weights < 0))
    if len(bad):
        got = f"{weights[bad[0]]} at sequence {bad[0]}"
        fix = "a sequence of weight 0 takes no part"
        raise _check.fail(ValueError, "sample_weight", "finite numbers of at least zero", got, fix)
    return weights


def _scaled(weights: FloatArray, rows: IntArray) -> tuple[FloatArray, float]:
    """Return the weights divided by their mean over `rows`, and this mean."""
    largest = float(weights[rows].max())
    # Divided by the largest first, since the sum of very large weights is infinite.
    shares = weights[rows] / largest
    mean_share = float(shares.mean())
    scaled = np.zeros_like(weights)
    scaled[rows] = shares / mean_share
    vanished = rows[scaled[rows] == 0]
    if len(vanished):
        row = int(vanished[0])
        expected = "weights that do not vanish beside each other"
        got = f"{weights[row]:.3g} at sequence {row}, where the largest is {largest:.3g}"
        raise _check.fail(
            ValueError, "sample_weight", expected, got, "take 0 for what must not count"
        )
    return scaled, largest * mean_share
