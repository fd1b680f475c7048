"""`fit`: train a network on sequences and their targets."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import numpy.typing as npt

from elman import _check
from elman._typing import FloatArray, IntArray
from elman.nn import Network
from elman.train._arguments import check_loss, check_network, check_numbers, check_objects
from elman.train._batches import Random
from elman.train._checkpoint import digest
from elman.train._clip import squared_norm
from elman.train._data import TrainingData
from elman.train._losses import check_targets
from elman.train._objective import Step
from elman.train._optimizer import Optimizer
from elman.train._run import FitResult, run
from elman.train.schedules import Schedule

Loss: TypeAlias = Callable[[FloatArray, Any, Any], tuple[float, FloatArray]]
"""Outputs (N, K), targets and weights or None -> mean loss, gradient (N, K)."""

Augment: TypeAlias = Callable[[npt.NDArray[Any], Random], npt.NDArray[Any]]
"""A batch x and what draws random numbers -> what the network reads in its place."""


def fit(
    network: Network,
    x: Any,
    y: npt.ArrayLike,
    loss: Loss,
    optimizer: Optimizer,
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
    verbose: Any = False,
    schedule: Schedule | None = None,
    augment: Augment | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
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
    optimizer : Adam, AdamW or SGD
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
    verbose : bool, or function
        Whether to show a tqdm bar, or lines if tqdm is not installed. A function of max_iter and
        of the epochs done already returns a context manager of your own, whose
        `report(epoch, loss, score)` is called after each epoch.
    schedule : function, optional
        Of progress, in [0, 1); gives the factor on the learning rate, as those of
        `elman.train.schedules` do. None keeps the rate.
    augment : function, optional
        Of a batch, (N, T, I) or (T, N, I) as `network.rnn` takes it, integers without the axis of I
        for an embedding, and of `random`; returns what the network reads in its place at this step,
        of the same shape and dtype. x itself must stay as it is.
    checkpoint : str or os.PathLike, optional
        A file for the course of the training, replaced after epochs as a whole. A call that finds
        it goes on from there, and ends with the same bits as one that was never broken off, whether
        by Ctrl-C, an error or a killed process. Network, data and arguments must be the same, and
        `random` must be seeded alike. After the end the file stays: delete it to begin again.

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
    check_network(network)
    check_loss(loss)
    check_objects(optimizer=optimizer, random=random, validate=validate, augment=augment)
    check_numbers(alpha=alpha, clip_norm=clip_norm, tol=tol, n_iter_no_change=n_iter_no_change)
    batch_size = _check.size("batch_size", batch_size)
    data = TrainingData.checked(network, x, y, z=z, sample_weight=sample_weight, rows=rows)
    data.check_penalty(alpha)
    check_targets(loss, data.y, data.rows, network.head.out_features)
    return run(
        network,
        SequenceObjective(data, loss, alpha, batch_size, random, shuffle=shuffle, augment=augment),
        optimizer,
        random=random,
        schedule=schedule,
        clip_norm=clip_norm,
        max_iter=max_iter,
        tol=tol,
        n_iter_no_change=n_iter_no_change,
        validate=validate,
        keep_start=keep_start,
        verbose=verbose,
        checkpoint=checkpoint,
    )


class SequenceObjective:
    """The mean loss of sequences' targets, and a penalty on the weights."""

    def __init__(
        self,
        data: TrainingData,
        loss: Loss,
        alpha: float,
        batch_size: int,
        random: Random,
        *,
        shuffle: bool,
        augment: Augment | None,
    ) -> None:
        self._data, self._loss, self._alpha = data, loss, alpha
        self._batch_size, self._random, self._shuffle = batch_size, random, shuffle
        self._augment = augment

    @property
    def steps(self) -> int:
        """How many batches an epoch has."""
        return -(-len(self._data.rows) // self._batch_size)

    def batches(self) -> Iterator[IntArray]:
        """Yield the rows of each batch of an epoch."""
        return self._data.batches(self._batch_size, self._random if self._shuffle else None)

    def step(self, network: Network, rows: IntArray) -> Step | None:
        """Return the loss and the gradients of a batch; None for sequences of no steps' targets."""
        data = self._data
        x, lengths = data.sequences.pad(rows, network.rnn.batch_first)
        if self._augment is not None:
            x = self._augment(x, self._random)
        z = None if data.z is None else data.z[rows]
        output, backward = network.rows_vjp(x, z, lengths=lengths, of_x=False)
        if not len(output):  # sequences of no steps, where each step has a target
            return None
        value, d_output = _weighted(self._loss, output, data, rows)
        gradients = backward(d_output).parameters
        strength = data.penalty(self._alpha, len(rows))
        value += _penalize(strength, network.state_dict(), gradients)
        return Step(value, len(output), gradients)

    def fingerprint(self) -> str:
        """Return a digest of the sequences, the targets and the batches' size."""
        data = self._data
        arrays = [data.sequences.frames, data.sequences.lengths, data.rows]
        arrays += [array for array in (data.z, data.weights) if array is not None]
        targets = data.y if isinstance(data.y, list) else [data.y]
        functions = [getattr(f, "__name__", repr(f)) for f in (self._loss, self._augment)]
        rest = f"{functions} {self._alpha} {self._batch_size} {self._shuffle}"
        return digest([rest.encode(), *arrays, *targets])


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
