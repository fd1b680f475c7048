"""What a forecaster learns from: windows of many series. Letters: h steps ahead, Q quantiles."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from elman._typing import FloatArray, IntArray
from elman.models import ForecasterModel
from elman.models._memory import Series
from elman.models._seasonal import naive
from elman.nn import Network
from elman.train import Step, quantile
from elman.train._batches import Random


class Steps(NamedTuple):
    """The steps of all series, end to end. Letters: M steps, n series.

    frames : array, shape (M, I), what the network reads
    values : array, shape (M,), transformed, missing ones filled
    effects : array, shape (M,), what covariates are thought to add, in units of the scale
    scale : array, shape (M,)
    seen : bools, shape (M,), whether a value is there
    lengths : integers, shape (n,)
    """

    frames: FloatArray
    values: FloatArray
    effects: FloatArray
    scale: FloatArray
    seen: npt.NDArray[np.bool_]
    lengths: IntArray

    @classmethod
    def of(cls, model: ForecasterModel, series: Sequence[Series]) -> Steps:
        """Return the steps of some series, as a model reads them."""
        frames, values, effects, scales = [], [], [], []
        for one in series:
            base, reading = model.read(one)
            future = model.scaled_future(one.future)
            frames.append(model.frames(base, future)[0])
            effects.append(future @ model.effect)
            values.append(reading.values)
            scales.append(reading.scale)
        return cls(
            np.concatenate(frames),
            np.concatenate(values),
            np.concatenate(effects),
            np.concatenate(scales),
            ~np.isnan(np.concatenate([one.values for one in series])),
            np.array([len(one.values) for one in series]),
        )


class Drawn(NamedTuple):
    """Windows: what is read, how long each is, and for each valid step the targets, (·, h).

    known : bools, like targets
    """

    x: FloatArray
    lengths: IntArray
    targets: FloatArray
    known: npt.NDArray[np.bool_]


def least_steps(model: ForecasterModel, unseen: int) -> int:
    """Return how many steps a series must have to be learned from, the last `unseen` left out."""
    T = np.arange(2 * (unseen + _ahead(model)) + 2)
    return int(np.argmax(T - unseen - _ahead(model) > np.maximum(_first(model, T), 0)))


def _ahead(model: ForecasterModel) -> int:
    return model.h if model.future else 1  # what is known ahead must be complete


def _first(model: ForecasterModel, lengths: IntArray) -> Any:
    """Return the first step that has a loss, of series of some lengths."""
    return np.minimum(model.season_length, lengths // 2)


class Windows:
    """The pinball loss of what follows on every step of windows of the series.

    Each batch draws series, each as likely as any other, and a window of each. A target is a value
    that is seen; the loss of step t begins after min(m, half of the series) steps, once s_t means
    something.

    Parameters
    ----------
    model : ForecasterModel
    steps : Steps
    unseen : int
        How many steps at the end of each series are no targets.
    batch_size, window, steps_per_epoch : int
    random : numpy.random.RandomState
    last : int, optional
        If it is given, the last so many of the other steps alone are targets.
    """

    def __init__(
        self,
        model: ForecasterModel,
        steps: Steps,
        unseen: int,
        batch_size: int,
        window: int,
        steps_per_epoch: int,
        random: Random,
        last: int | None = None,
    ) -> None:
        self.steps = steps_per_epoch
        self._steps, self._random = steps, random
        self._h, self._m = model.h, model.season_length
        self._loss = quantile(model.quantiles)
        self._N, self._T = batch_size, window
        starts = np.cumsum(steps.lengths) - steps.lengths
        self._ends = starts + steps.lengths - unseen
        lengths = steps.lengths - unseen - _ahead(model)
        self._first = _first(model, steps.lengths)
        if last is not None:
            self._first = np.maximum(lengths - last, 0)
        keep = np.flatnonzero((lengths > 0) & (lengths > self._first))
        self._starts, self._ends = starts[keep], self._ends[keep]
        self._lengths, self._first = lengths[keep], self._first[keep]
        self._unseen = unseen

    def __len__(self) -> int:
        """Return how many series have something to learn from."""
        return len(self._starts)

    def batches(self) -> Iterator[Any]:
        """Yield the windows of each batch: the series, and the first step in it."""
        for _ in range(self.steps):
            rows = np.asarray(self._random.uniform(size=self._N) * len(self)).astype(np.int64)
            room = np.maximum(self._lengths[rows] - self._T, 0)
            begins = np.asarray(self._random.uniform(size=self._N) * (room + 1)).astype(np.int64)
            yield rows, begins

    def step(self, network: Network, batch: Any) -> Step | None:
        """Return the loss of a batch and its gradients."""
        drawn = self._drawn(*batch)
        count = int(drawn.known.sum())
        if not count:
            return None
        outputs, backward = network.rows_vjp(drawn.x, lengths=drawn.lengths, of_x=False)
        loss, d_outputs = self._pinball(outputs, drawn)
        return Step(loss, count, backward(d_outputs).parameters)

    def score(self, network: Network) -> float:
        """Return minus the mean loss of what the last window of each series tells."""
        total, count = 0.0, 0
        for rows in np.array_split(np.arange(len(self)), -(-len(self) // self._N)):
            drawn = self._drawn(rows, np.maximum(self._lengths[rows] - self._T, 0))
            known = int(drawn.known.sum())
            if known:
                outputs = network.rows(drawn.x, lengths=drawn.lengths)
                total += self._pinball(outputs, drawn)[0] * known
                count += known
        return -total / count

    def _pinball(self, outputs: FloatArray, drawn: Drawn) -> tuple[float, FloatArray]:
        Q = len(self._loss.quantiles)
        known = drawn.known.reshape(-1)
        loss, slopes = self._loss(outputs.reshape(-1, Q), drawn.targets.reshape(-1, 1), known)
        return loss, slopes.reshape(outputs.shape)

    def _drawn(self, rows: IntArray, begins: IntArray) -> Drawn:
        """Return what some windows read and should tell."""
        lengths = np.minimum(self._lengths[rows], self._T)
        valid = np.arange(lengths.max()) < lengths[:, None]
        at = np.where(valid, begins[:, None] + np.arange(lengths.max()), 0)
        steps, starts = self._steps, self._starts[rows]
        x = steps.frames[starts[:, None] + at]

        at = at[valid]
        starts = np.repeat(starts, lengths)
        origins = starts + at
        wanted = origins[:, None] + np.arange(1, self._h + 1)
        known = wanted < np.repeat(self._ends[rows], lengths)[:, None]
        known &= (at >= np.repeat(self._first[rows], lengths))[:, None]
        wanted = np.where(known, wanted, origins[:, None])
        known &= steps.seen[wanted]
        base = naive(origins, starts, self._h, self._m)
        targets = (steps.values[wanted] - steps.values[base]) / steps.scale[origins][:, None]
        targets -= steps.effects[wanted] - steps.effects[base]
        return Drawn(x, lengths, targets, known)

    def fingerprint(self) -> str:
        """Return a digest of the series and of how windows are drawn."""
        sizes = (self._h, self._m, self._N, self._T, self.steps, self._unseen, self._loss.quantiles)
        found = hashlib.sha256(repr(sizes).encode())
        for array in self._steps:
            found.update(np.ascontiguousarray(array).data)
        return found.hexdigest()
