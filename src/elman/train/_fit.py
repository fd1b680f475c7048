"""The fitting loop: epochs of mini-batches, until the loss or a held-out score stands still."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from elman import _check
from elman._typing import FloatArray, IntArray
from elman.nn._sequences import Sequences
from elman.train._adam import Adam
from elman.train._batches import Random, bucket_batches
from elman.train._clip import clip_by_global_norm
from elman.train._network import ManyToOne
from elman.train._progress import Progress

Loss: TypeAlias = Callable[[FloatArray, Any, Any], tuple[float, FloatArray]]
"""Outputs (N, K), targets and weights or None -> mean loss, gradient (N, K)."""


class FitResult(NamedTuple):
    """What came of `fit`.

    loss_curve : the mean training loss of each finished epoch, penalty included
    validation_scores : what `validate` returned after each epoch, or None without it
    best_loss, best_score : the least and the greatest of these; None if there is none
    converged : whether improvement ended before `max_iter` did
    interrupted : whether Ctrl-C ended it
    """

    loss_curve: list[float]
    validation_scores: list[float] | None
    best_loss: float | None
    best_score: float | None
    converged: bool
    interrupted: bool

    @property
    def n_iter(self) -> int:
        """How many epochs were finished."""
        return len(self.loss_curve)


def fit(
    network: ManyToOne,
    x: Any,
    y: npt.ArrayLike,
    loss: Loss,
    optimizer: Adam,
    *,
    random: Random,
    sample_weight: npt.ArrayLike | None = None,
    rows: IntArray | None = None,
    batch_size: int = 32,
    shuffle: bool = True,
    alpha: float = 0.0,
    clip_norm: float | None = None,
    max_iter: int = 200,
    tol: float = 1e-4,
    n_iter_no_change: float = 10,
    validate: Callable[[ManyToOne], float] | None = None,
    verbose: bool = False,
) -> FitResult:
    """Train a network; it is left in evaluation mode.

    Parameters
    ----------
    network : ManyToOne
        Changed. After an error it has the parameters it came with.
    x : array, shape (n, T, I), list of n arrays (T_i, I), or Sequences, of the network's dtype
    y : array, shape (n, …)
        Targets as `loss` takes them.
    loss : cross_entropy, squared_error or a function like them
    optimizer : Adam
    random : numpy.random.RandomState or numpy.random.Generator
        Shuffles the batches. Dropout draws from the generator of `network.rnn`.
    sample_weight : numbers of at least zero, shape (n,), optional
        A sequence of weight zero takes no part.
    rows : integers in [0, n), optional
        Which sequences to train on; None is all of them.
    batch_size : int
        How many sequences, of similar length, make a step.
    shuffle : bool
        Whether batches are drawn anew for each epoch (see `bucket_batches`) or always follow the
        order of the rows.
    alpha : float of at least zero
        Strength of the L2 penalty alpha / 2 · ‖W‖² / Σ_i w_i on the weights W, not the biases, of a
        batch's loss.
    clip_norm : float above zero, optional
        Greatest norm of the gradients together (see `clip_by_global_norm`).
    max_iter : int
        Greatest number of epochs.
    tol : float
    n_iter_no_change : int, or math.inf for never
        Training ends when for so many epochs in a row neither the loss nor, if there is `validate`,
        its score instead, is better than the best before by at least `tol`.
    validate : function of the network, optional
        Called after each epoch, in evaluation mode; returns a score, greater being better. The
        network is then left with the parameters of its best epoch (Prechelt 1998, "Early stopping,
        but when?"), else with those of the last one.
    verbose : bool
        Whether to show a tqdm bar, or lines if tqdm is not installed.

    Returns
    -------
    FitResult

    Raises
    ------
    ValueError
        If an argument does not fit, or the loss or a parameter is no longer finite.

    Warns
    -----
    UserWarning
        If Ctrl-C ends training. The network then has the parameters of the last finished epoch, or
        of the best one if there is `validate`, and `fit` returns as ever.
    """
    data = _Data.read(x, y, sample_weight, rows)
    batch_size, max_iter = _check.size("batch_size", batch_size), _check.size("max_iter", max_iter)
    start, optimizer_start = network.state_dict(), optimizer.state
    best = start
    losses, scores = _Watch(tol), _Watch(tol)
    watch = losses if validate is None else scores
    interrupted = False
    try:
        with Progress(max_iter, verbose) as progress:
            while len(losses.values) < max_iter and watch.epochs_without < n_iter_no_change:
                batches = data.batches(batch_size, random if shuffle else None)
                value = _epoch(network.train(), data, batches, loss, optimizer, alpha, clip_norm)
                network.eval()
                score = None if validate is None else float(validate(network))
                losses.add(-value)
                if score is None or scores.add(score):
                    best = network.state_dict()
                progress.report(len(losses.values), value, score)
    except KeyboardInterrupt:
        interrupted = True
    except BaseException:
        network.eval().load_state_dict(start)
        optimizer.state = optimizer_start
        raise
    network.eval().load_state_dict(best)
    if interrupted:
        warnings.warn("Training interrupted by user.", UserWarning, stacklevel=2)
    return FitResult(
        loss_curve=[-value for value in losses.values],
        validation_scores=None if validate is None else scores.values,
        best_loss=-losses.best if losses.values else None,
        best_score=scores.best if scores.values else None,
        converged=watch.epochs_without >= n_iter_no_change,
        interrupted=interrupted,
    )


def _epoch(
    network: ManyToOne,
    data: _Data,
    batches: Iterator[IntArray],
    loss: Loss,
    optimizer: Adam,
    alpha: float,
    clip_norm: float | None,
) -> float:
    """Make a step for each batch; return the mean loss."""
    total = weight = 0.0
    # What overflows is found out below, and explained.
    with np.errstate(over="ignore", invalid="ignore"):
        for rows in batches:
            x, lengths = data.sequences.pad(rows, network.rnn.batch_first)
            weights = None if data.weights is None else data.weights[rows]
            output, backward = network.vjp(x, lengths=lengths)
            value, d_output = loss(output, data.y[rows], weights)
            batch_weight = float(len(rows) if weights is None else weights.sum())

            parameters, gradients = network.state_dict(), backward(d_output).parameters
            value += _penalize(alpha / batch_weight, parameters, gradients)
            if clip_norm is not None:
                gradients, _ = clip_by_global_norm(gradients, clip_norm)
            network.load_state_dict(optimizer.update(parameters, gradients))
            total += value * batch_weight
            weight += batch_weight
    mean = total / weight
    lost = [name for name, p in network.named_parameters() if not np.isfinite(p).all()]
    if lost or not math.isfinite(mean):
        got = f"NaN or infinity in {', '.join(lost)}" if lost else f"a loss of {mean}"
        fix = "scale the inputs, or take a smaller learning rate or clip_norm"
        raise _check.fail(ValueError, "training", "finite values", got, fix)
    return mean


def _penalize(
    strength: float, parameters: dict[str, FloatArray], gradients: dict[str, FloatArray]
) -> float:
    """Add the gradient of strength / 2 · ‖W‖² to the gradients; return the penalty."""
    penalty = 0.0
    if strength:
        for name, parameter in parameters.items():
            if ".weight" in name:
                gradients[name] = gradients[name] + strength * parameter
                penalty += strength / 2 * float(np.vdot(parameter, parameter))
    return penalty


class _Data(NamedTuple):
    """What to learn from: rows are those that take part."""

    sequences: Sequences
    y: npt.NDArray[Any]
    weights: FloatArray | None
    rows: IntArray

    @classmethod
    def read(cls, x: Any, y: Any, weights: Any, rows: IntArray | None) -> _Data:
        sequences, y = Sequences.read(x), np.asarray(y)
        n = len(sequences)
        if len(y) != n:
            raise _check.fail(ValueError, "y", f"one for each of {n} sequences", f"{len(y)}")
        rows = np.arange(n) if rows is None else np.asarray(rows)
        if weights is not None:
            weights = np.asarray(weights, dtype=np.float64)
            if weights.shape != (n,):
                expected = f"one for each sequence, shape (n,) = ({n},)"
                raise _check.fail(ValueError, "sample_weight", expected, str(weights.shape))
            rows = rows[weights[rows] != 0]
        if not len(rows):
            expected = "at least one sequence to train on, of a weight above zero"
            raise _check.fail(ValueError, "x", expected, "none")
        return cls(sequences, y, weights, rows)

    def batches(self, batch_size: int, random: Random | None) -> Iterator[IntArray]:
        """Yield the rows of each batch of an epoch, in their own order if `random` is None."""
        if random is None:
            for start in range(0, len(self.rows), batch_size):
                yield self.rows[start : start + batch_size]
        else:
            for batch in bucket_batches(self.sequences.lengths[self.rows], batch_size, random):
                yield self.rows[batch]


class _Watch:
    """A series of values, greater being better, and for how long it has stood still."""

    def __init__(self, tol: float) -> None:
        self.tol = tol
        self.values: list[float] = []
        self.best = -math.inf
        self.epochs_without = 0

    def add(self, value: float) -> bool:
        """Add an epoch's value; return whether it is the best so far."""
        self.values.append(value)
        self.epochs_without = 0 if value >= self.best + self.tol else self.epochs_without + 1
        is_best = value > self.best
        self.best = max(self.best, value)
        return is_best
