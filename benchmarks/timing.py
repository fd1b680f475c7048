"""Interleaved timing: every round takes each runner once, with pauses between them."""

from __future__ import annotations

import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol, Self, TypeVar

Key = TypeVar("Key", bound=Hashable)

WARM_UP = 0.02
"""Seconds of untimed calls before each measurement of a short call.

After a pause a core may be late for some milliseconds, a virtual machine's more so.
"""


class Timed(Protocol):
    """What `interleaved` times: a `Runner`, or one in another process (workers.py)."""

    def calibrate(self) -> int:
        """Run it for the first time; return how many calls make a measurement."""

    def sample(self, times: int) -> float:
        """Measure so many calls together; return the seconds of one."""


class Runner(NamedTuple):
    """What is timed: `run(times)` makes so many calls; `prepare()` comes before, untimed.

    A measurement is as many calls as fill `batch` seconds, after `warm_up` seconds of the same.
    After it come `pause` seconds, in which its threads stop spinning, so that none of them keeps
    the next one from a core.
    """

    prepare: Callable[[], None]
    run: Callable[[int], Any]
    pause: float = 0.01
    batch: float = 0.01
    warm_up: float = WARM_UP

    def calibrate(self) -> int:
        self.prepare()
        self.run(1)
        self._warm_up(2)
        times = max(1, int(self.batch / seconds_of(self.run, 1)))
        time.sleep(self.pause)
        return times

    def sample(self, times: int) -> float:
        self.prepare()
        self._warm_up(times)
        seconds = seconds_of(self.run, times)
        time.sleep(self.pause)
        return seconds

    def _warm_up(self, times: int) -> None:
        """Repeat a batch of calls for some time; a single long call needs none of it."""
        end = time.perf_counter() + self.warm_up
        while times > 1 and time.perf_counter() < end:
            self.run(times)

    def briefly(self) -> Self:
        """Return it with measurements of about 2 ms, for short calls on one thread.

        Many brief measurements spread what other processes take over all runners alike, and most
        of them fit between two turns of another process.
        """
        return self._replace(pause=0.0, batch=0.001, warm_up=0.001)


def repeated(call: Callable[[], Any]) -> Runner:
    """Return a runner that makes the same short call, on one thread, again and again."""

    def run(times: int) -> Any:
        result = None
        for _ in range(times):
            result = call()
        return result

    return Runner(lambda: None, run).briefly()


class Spread(NamedTuple):
    """Seconds a call over all rounds: median, quartiles, the least; and how many rounds."""

    median: float
    lower: float
    upper: float
    least: float
    rounds: int


def seconds_of(run: Callable[[int], Any], times: int) -> float:
    """Time so many calls; return the seconds of one."""
    begin = time.perf_counter()
    run(times)
    return (time.perf_counter() - begin) / times


def interleaved(
    runners: Mapping[Key, Timed], rounds: int = 11, fewest: int = 3, budget: float = 6.0
) -> dict[Key, Spread]:
    """Time the runners side by side.

    Parameters
    ----------
    runners : by any key
    rounds : how many times each is measured
    fewest : how many times at least, if `rounds` would take longer than `budget` seconds
    """
    times = {key: runner.calibrate() for key, runner in runners.items()}
    samples: dict[Key, list[float]] = {key: [] for key in runners}
    begin, order, shuffle = time.perf_counter(), list(runners), random.Random(0).shuffle
    for done in range(rounds):
        if done >= fewest and time.perf_counter() - begin > budget:
            break
        shuffle(order)
        for key in order:
            samples[key].append(runners[key].sample(times[key]))
    return {key: spread(values) for key, values in samples.items()}


def spread(values: list[float]) -> Spread:
    """Summarise the seconds of all rounds."""
    lower, median, upper = statistics.quantiles(values, n=4, method="inclusive")
    return Spread(median, lower, upper, min(values), len(values))


@contextmanager
def busy_process() -> Iterator[None]:
    """Keep one core busy with another process for as long as the context lasts."""
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as other:
        try:
            yield
        finally:
            other.kill()
