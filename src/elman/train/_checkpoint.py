"""A fit that survives: its course on disk, from which it goes on with the same bits."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from elman import _check
from elman._random import Generator
from elman._typing import FloatArray
from elman.io import _checkpoint, _paths
from elman.nn._module import Module
from elman.train._batches import Random
from elman.train._optimizer import Optimizer

_SHARE = 0.05
"""How much of a fit's time may go into writing checkpoints, about."""


class Course:
    """How far a fit has come: all that changes while it runs.

    network, optimizer, random : what trains, and draws the batches
    losses, scores : one value for each finished epoch
    best : the parameters to end with, of the best epoch or the last
    """

    def __init__(self, network: Module, optimizer: Optimizer, random: Random) -> None:
        self.network = network
        self.optimizer = optimizer
        self.random = random
        self.losses: list[float] = []
        self.scores: list[float] = []
        self.start_score = -math.inf
        self.best = network.state_dict()

    def generators(self) -> list[Generator]:
        """Return the generators that dropout draws from, each once."""
        found = {id(m._generator): m._generator for m in self.network.modules()}
        return list(found.values())


class Checkpoints:
    """The file of one fit; `path` None writes nothing.

    Parameters
    ----------
    path : str, os.PathLike or None
    identity : function that returns JSON
        What makes the fit this one: its network, data and arguments. A file of another fit is
        refused. It is called only where there is a path.
    """

    def __init__(self, path: Any, identity: Callable[[], Any]) -> None:
        self._path = None if path is None else _paths.checked(path)
        if path is not None:
            self._identity = digest([json.dumps(identity(), sort_keys=True).encode()])
        self._written, self._cost = -math.inf, 0.0

    def resume(self, course: Course) -> bool:
        """Bring the course to where the file left it; return whether there is a file.

        Raises
        ------
        ModelFileError, ValueError
            If the file is damaged, or of another fit.
        """
        found = None if self._path is None else _checkpoint.read(self._path)
        if found is None:
            return False
        record, arrays = found
        if record.get("identity") != self._identity:
            expected = f"{self._path} to be of this fit: this network, data and parameters"
            fix = "delete the file to begin again, or give another path"
            raise _check.fail(ValueError, "checkpoint", expected, "one of another fit", fix)
        course.network.load_state_dict(_part(arrays, "network."))
        course.optimizer.load_state_dict(_part(arrays, "optimizer."))
        course.best = _part(arrays, "best.") or course.network.state_dict()
        course.losses[:], course.scores[:] = record["losses"], record["scores"]
        course.start_score = float(record["start_score"])
        _set_random(course.random, _checkpoint.unpacked(record["random"]))
        for generator, state in zip(course.generators(), record["generators"], strict=True):
            generator.state = _checkpoint.unpacked(state)
        return True

    def write(self, course: Course, *, last: bool = False) -> None:
        """Write the course after an epoch, unless this would take too much of the fit's time."""
        now = time.monotonic()
        if self._path is None or (not last and now - self._written < self._cost / _SHARE):
            return
        network = course.network.state_dict()
        arrays = {f"network.{name}": array for name, array in network.items()}
        if any(course.best[name] is not array for name, array in network.items()):
            arrays |= {f"best.{name}": array for name, array in course.best.items()}
        arrays |= {f"optimizer.{n}": a for n, a in course.optimizer.state_dict().items()}
        record = {
            "identity": self._identity,
            "losses": course.losses,
            "scores": course.scores,
            "start_score": repr(course.start_score),
            "random": _checkpoint.packed(_random_state(course.random)),
            "generators": [_checkpoint.packed(g.state) for g in course.generators()],
        }
        _checkpoint.write(self._path, record, arrays)
        self._written = time.monotonic()
        self._cost = self._written - now


def digest(parts: Iterable[bytes | memoryview | np.ndarray[Any, Any]]) -> str:
    """Return the SHA-256 of data one after another."""
    found = hashlib.sha256()
    for part in parts:
        found.update(np.ascontiguousarray(part).data if isinstance(part, np.ndarray) else part)
    return found.hexdigest()


def fingerprint(random: Random) -> str:
    """Return a digest of what random numbers are to be drawn."""
    return digest([repr(_checkpoint.packed(_random_state(random))).encode()])


def _part(arrays: Mapping[str, FloatArray], prefix: str) -> dict[str, FloatArray]:
    return {n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)}


def _random_state(random: Random) -> Any:
    if isinstance(random, np.random.Generator):
        return random.bit_generator.state
    return random.get_state(legacy=False)


def _set_random(random: Random, state: Any) -> None:
    if isinstance(random, np.random.Generator):
        random.bit_generator.state = state
    else:
        random.set_state(state)
