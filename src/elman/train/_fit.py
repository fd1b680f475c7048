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
from elman.nn import Network
from elman.train._adam import Adam
from elman.train._arguments import check_numbers, check_objects, checked_score
from elman.train._batches import Random
from elman.train._clip import clip_by_global_norm, squared_norm
from elman.train._data import TrainingData
from elman.train._losses import check_targets
from elman.train._progress import Progress
from elman.train._watch import Watch

Loss: TypeAlias = Callable[[FloatArray, Any, Any], tuple[float, FloatArray]]
"""Outputs (N, K), targets and weights or None -> mean loss, gradient (N, K)."""


class FitResult(NamedTuple):
    """What came of `fit`.

    loss_curve : the mean training loss of each finished epoch, penalty included
    validation_scores : what `validate` returned after each epoch, or None without it
    best_loss, best_score : the least and the greatest of these, with the score of the network as it
        came if it competes (`keep_start`); None if there is none
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
    network: Network,
    x: Any,
    y: npt.ArrayLike,
    loss: Loss,
    optimizer: Adam,
    *,
    random: Random,
    z: npt.ArrayLike | None = None,
    sample_weight: npt.ArrayLike | None = None,
    rows: IntArray | None = None,
    batch_size: int = 32,
    shuffle: bool = True,
    alpha: float = 0.0,
    clip_norm: float | None = None,
    max_iter: int = 200,
    tol: float = 1e-4,
    n_iter_no_change: float = 10,
    validate: Callable[[Network], float] | None = None,
    keep_start: bool = False,
    verbose: bool = False,
) -> FitResult:
    """Train a network; it is left in evaluation mode.

    Parameters
    ----------
    network : Network
        Changed. After an error it has the parameters it came with.
    x : array, shape (n, T, I), list of n arrays (T_i, I), or Sequences, of the network's dtype
        With an embedding integers: (n, T), or a list of n arrays (T_i,).
    y : array, shape (n, …)
        Targets as `loss` takes them. For a network that reads every step, a list of n arrays
        (T_i, …), a target for each step; what pads a batch never reaches the loss.
    loss : cross_entropy, squared_error or a function like them
    optimizer : Adam
    random : numpy.random.RandomState or numpy.random.Generator
        Shuffles the batches. Dropout draws from the generator of `network.rnn`.
    z : array, shape (n, Z), of the network's dtype
        What the bridge makes initial states of, for a network with a bridge and only then.
    sample_weight : numbers of at least zero, shape (n,), optional
        How much each sequence counts. They are divided by their mean over the sequences that take
        part; a batch's loss is Σ_i w_i loss_i / N over its N targets. So a sequence counts alike
        in whatever batch it is. A sequence of weight zero takes no part.
    rows : integers in [0, n), optional
        Which sequences to train on; None is all of them.
    batch_size : int
        How many sequences, of similar length, make a step.
    shuffle : bool
        Whether batches are drawn anew for each epoch (see `bucket_batches`) or always follow the
        order of the rows.
    alpha : float of at least zero
        Strength of the L2 penalty alpha / 2 · ‖W‖² / (N · m) on the weights W, not the biases, of a
        batch's loss; m is the mean that the sample weights had, 1 without them. So twice the weight
        is the same as the sequence twice, as in scikit-learn, if one batch holds all sequences.
    clip_norm : float above zero, optional
        Greatest norm of the gradients together (see `clip_by_global_norm`).
    max_iter : int
        Greatest number of epochs.
    tol : float
    n_iter_no_change : int, or math.inf for never
        Training ends when for so many epochs in a row neither the loss nor, if there is `validate`,
        its score instead, is better than the best before by at least `tol`.
    validate : function of the network, optional
        Called after each epoch, in evaluation mode; returns a score, a finite number, greater being
        better. The network is then left with the parameters of its best epoch (Prechelt 1998,
        "Early stopping, but when?"), else with those of the last one.
    keep_start : bool
        Whether the network as it came competes with the epochs, for one that has been trained
        before. `validate` then scores it before the first epoch too, and it is left as it came if
        no epoch is better.
    verbose : bool
        Whether to show a tqdm bar, or lines if tqdm is not installed.

    Returns
    -------
    FitResult

    Raises
    ------
    TypeError, ValueError
        If an argument does not fit, `validate` returns no finite number, or the loss or a parameter
        is no longer finite.

    Warns
    -----
    UserWarning
        If Ctrl-C ends training. The network then has the parameters of the last finished epoch, or
        of the best one if there is `validate`, and `fit` returns as ever.
    """
    check_objects(network, loss=loss, optimizer=optimizer, random=random, validate=validate)
    check_numbers(alpha=alpha, clip_norm=clip_norm, tol=tol, n_iter_no_change=n_iter_no_change)
    batch_size, max_iter = _check.size("batch_size", batch_size), _check.size("max_iter", max_iter)
    data = TrainingData.checked(network, x, y, z=z, sample_weight=sample_weight, rows=rows)
    data.check_penalty(alpha)
    check_targets(loss, data.y, data.rows, network.head.out_features)
    start, optimizer_start = network.state_dict(), optimizer.state
    best = start
    losses, scores = Watch(tol), Watch(tol)
    watch = losses if validate is None else scores
    interrupted = False
    try:
        if validate is not None and keep_start:
            scores.start_from(checked_score(validate(network.eval()), epoch=0))
        with Progress(max_iter, verbose) as progress:
            while len(losses.values) < max_iter and watch.epochs_without < n_iter_no_change:
                batches = data.batches(batch_size, random if shuffle else None)
                value = _epoch(
                    network.train(),
                    data,
                    batches,
                    loss=loss,
                    optimizer=optimizer,
                    alpha=alpha,
                    clip_norm=clip_norm,
                )
                network.eval()
                score = None
                if validate is not None:
                    score = checked_score(validate(network), epoch=len(losses.values) + 1)
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
        best_score=scores.best if scores.best > -math.inf else None,
        converged=watch.epochs_without >= n_iter_no_change,
        interrupted=interrupted,
    )


def _epoch(
    network: Network,
    data: TrainingData,
    batches: Iterator[IntArray],
    *,
    loss: Loss,
    optimizer: Adam,
    alpha: float,
    clip_norm: float | None,
) -> float:
    """Make a step for each batch; return the mean loss."""
    total, targets = 0.0, 0
    # An overflow is found and explained after the epoch.
    with np.errstate(over="ignore", invalid="ignore"):
        for rows in batches:
            x, lengths = data.sequences.pad(rows, network.rnn.batch_first)
            z = None if data.z is None else data.z[rows]
            output, backward = network.rows_vjp(x, z, lengths=lengths)
            if not len(output):  # sequences of no steps, where each step has a target
                continue
            value, d_output = _weighted(loss, output, data, rows)
            parameters, gradients = network.state_dict(), backward(d_output).parameters
            value += _penalize(data.penalty(alpha, len(rows)), parameters, gradients)
            if clip_norm is not None:
                gradients, _ = clip_by_global_norm(gradients, clip_norm)
            network.load_state_dict(optimizer.update(parameters, gradients))
            total += value * len(output)
            targets += len(output)
    mean = total / targets if targets else 0.0
    lost = [name for name, p in network.named_parameters() if not np.isfinite(p).all()]
    if lost or not math.isfinite(mean):
        got = f"NaN or infinity in {', '.join(lost)}" if lost else f"a loss of {mean}"
        fix = "scale the inputs, or take a smaller learning rate or clip_norm"
        raise _check.fail(ValueError, "training", "finite values", got, fix)
    return mean


def _weighted(
    loss: Loss, output: FloatArray, data: TrainingData, rows: IntArray
) -> tuple[float, FloatArray]:
    """Return Σ_i w_i loss_i / M over a batch of M targets, and its gradient.

    `loss` divides by Σ_i w_i of the batch. Undoing this keeps what the batch counts beside others.
    """
    weights = data.weights_of(rows)
    value, d_output = loss(output, data.targets(rows), weights)
    if weights is None:
        return value, d_output
    share = float(weights.mean())
    return value * share, d_output if share == 1 else d_output * share


def _penalize(
    strength: float, parameters: dict[str, FloatArray], gradients: dict[str, FloatArray]
) -> float:
    """Add the gradient of strength / 2 · ‖W‖² to the gradients; return the penalty."""
    penalty = 0.0
    if strength:
        for name, parameter in parameters.items():
            if ".weight" in name:
                gradients[name] = gradients[name] + strength * parameter
                penalty += strength / 2 * squared_norm(parameter)
    return penalty
