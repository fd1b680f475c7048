"""The training loop: epochs of steps, until the loss or a held-out score stands still."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from elman import _check
from elman.nn._module import Module
from elman.train._arguments import check_numbers, check_objects, checked_score
from elman.train._batches import Random
from elman.train._checkpoint import Checkpoints, Course, fingerprint
from elman.train._clip import clip_by_global_norm
from elman.train._objective import Objective
from elman.train._optimizer import Optimizer
from elman.train._progress import Progress
from elman.train._watch import Watch
from elman.train.schedules import Schedule


class FitResult(NamedTuple):
    """What came of `fit` or `run`.

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


def run(
    network: Any,
    objective: Objective,
    optimizer: Optimizer,
    *,
    random: Random,
    schedule: Schedule | None = None,
    clip_norm: float | None = None,
    max_iter: int = 200,
    tol: float = 1e-4,
    n_iter_no_change: float = 10,
    validate: Callable[[Any], float] | None = None,
    keep_start: bool = False,
    verbose: Any = False,
    checkpoint: Any = None,
) -> FitResult:
    """Train a module on an objective of your own; `fit` does so on sequences and targets.

    Parameters
    ----------
    network : nn.Module
        Changed, and left in evaluation mode. After an error it has the parameters it came with.
    objective : Objective
        Has `steps`, how many batches an epoch has; `batches()`, which yields those of one epoch;
        `step(network, batch)`, which returns a `Step` of the loss, the number of targets and the
        gradients, or None; and `fingerprint()`, a text that tells its data from others.
    optimizer : Adam, AdamW or SGD
    random : numpy.random.RandomState or numpy.random.Generator
        What the objective draws from. Dropout draws from the network's own generator.
    schedule : function, optional
        Of progress, in [0, 1); gives the factor on the optimiser's learning rate, as those of
        `elman.train.schedules` do. None keeps the rate.
    clip_norm, max_iter, tol, n_iter_no_change, validate, keep_start, verbose, checkpoint
        As of `fit`.

    Returns
    -------
    FitResult

    Raises
    ------
    TypeError, ValueError
        As of `fit`.

    Warns
    -----
    UserWarning
        If Ctrl-C ends training, as `fit` does.
    """
    check_objects(optimizer=optimizer, random=random, validate=validate)
    check_numbers(clip_norm=clip_norm, tol=tol, n_iter_no_change=n_iter_no_change)
    max_iter = _check.size("max_iter", max_iter)
    rate = Rate(optimizer, schedule, max_iter * objective.steps)

    drawn = None if checkpoint is None else fingerprint(random)

    def identity() -> list[Any]:
        return [
            *(network.config(), objective.fingerprint(), optimizer.config(), rate.described()),
            drawn,
            *(clip_norm, max_iter, tol, n_iter_no_change, validate is not None, keep_start),
        ]

    start, optimizer_start = network.state_dict(), optimizer.state
    course = Course(network, optimizer, random)
    files = Checkpoints(checkpoint, identity)
    losses, scores = Watch(tol), Watch(tol)
    watch = losses if validate is None else scores
    interrupted = False
    try:
        goes_on = files.resume(course)
        if validate is not None and keep_start and not goes_on:
            course.start_score = checked_score(validate(network.eval()), epoch=0)
        scores.start_from(course.start_score)
        losses.replay([-value for value in course.losses])
        scores.replay(course.scores)
        with Progress.of(verbose, max_iter, done=len(course.losses)) as progress:
            while len(course.losses) < max_iter and watch.epochs_without < n_iter_no_change:
                rate.steps_done = len(course.losses) * objective.steps
                value = _epoch(network.train(), objective, optimizer, rate, clip_norm)
                network.eval()
                score = None
                if validate is not None:
                    score = checked_score(validate(network), epoch=len(course.losses) + 1)
                    course.scores.append(score)
                course.losses.append(value)
                losses.add(-value)
                if score is None or scores.add(score):
                    course.best = network.state_dict()
                progress.report(len(course.losses), value, score)
                files.write(course)
        files.write(course, last=True)
    except KeyboardInterrupt:
        interrupted = True
    except BaseException:
        network.eval().load_state_dict(start)
        optimizer.state = optimizer_start
        raise
    finally:
        rate.restore()
    network.eval().load_state_dict(course.best)
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


class Rate:
    """The optimiser's learning rate, which a schedule may change at every step.

    Parameters
    ----------
    optimizer : Optimizer
    schedule : function of progress in [0, 1), or None
    steps : int
        How many steps there may be.
    """

    def __init__(self, optimizer: Optimizer, schedule: Schedule | None, steps: int) -> None:
        self._optimizer, self._schedule, self._steps = optimizer, schedule, steps
        self._lr = optimizer.lr
        self.steps_done = 0

    def set(self) -> None:
        """Set the rate of the next step, and count it."""
        if self._schedule is not None:
            progress = min(self.steps_done / self._steps, 1.0)
            self._optimizer.lr = self._lr * self._schedule(progress)
        self.steps_done += 1

    def restore(self) -> None:
        """Set the rate that the optimiser came with."""
        self._optimizer.lr = self._lr

    def described(self) -> list[float] | None:
        """Return values of the schedule, by which a checkpoint tells it from others."""
        schedule = self._schedule
        return None if schedule is None else [schedule(i / 16) for i in range(16)]


def _epoch(
    network: Module,
    objective: Objective,
    optimizer: Optimizer,
    rate: Rate,
    clip_norm: float | None,
) -> float:
    """Make a step for each batch; return the mean loss."""
    total, targets = 0.0, 0
    take = network._updater()
    # An overflow is found and explained after the epoch.
    with np.errstate(over="ignore", invalid="ignore"):
        for batch in objective.batches():
            rate.set()
            found = objective.step(network, batch)
            if found is None:
                continue
            gradients = found.gradients
            if clip_norm is not None:
                gradients, _ = clip_by_global_norm(gradients, clip_norm)
            take(optimizer.update(network.state_dict(), gradients))
            total += found.loss * found.targets
            targets += found.targets
    mean = total / targets if targets else 0.0
    lost = [name for name, p in network.named_parameters() if not np.isfinite(p).all()]
    if lost or not math.isfinite(mean):
        got = f"NaN or infinity in {', '.join(lost)}" if lost else f"a loss of {mean}"
        fix = "scale the inputs, or take a smaller learning rate or clip_norm"
        raise _check.fail(ValueError, "training", "finite values", got, fix)
    return mean
