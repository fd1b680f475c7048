"""Interleaved timing: every round takes each rival once, with pauses between them."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Hashable
from typing import Any, NamedTuple, TypeVar

Key = TypeVar("Key", bound=Hashable)

BATCH = 0.01
"""Seconds that calls are repeated for, at least, to be timed together."""

WARM_UP = 0.02
"""Seconds of calls that come before, untimed, where one call takes less.

After a pause a core may be late for some milliseconds, a virtual machine's more so.
"""


class Runner(NamedTuple):
    """What is timed: `run(times)` makes so many calls; `prepare()` comes before, untimed.

    After it come `pause` seconds, in which its threads stop spinning, so that none of them keeps
    the next one from a core.
    """

    prepare: Callable[[], None]
    run: Callable[[int], Any]
    pause: float = 0.01


class Spread(NamedTuple):
    """Seconds a call over all rounds: the median, the quartles around it, and how many rounds."""

    median: float
    lower: float
    upper: float
    rounds: int


def seconds_of(run: Callable[[int], Any], times: int) -> float:
    """Time so many calls; return the seconds of one."""
    begin = time.perf_counter()
    run(times)
    return (time.perf_counter() - begin) / times


def warm_up(run: Callable[[int], Any], times: int) -> None:
    """Make calls, as many at once as will be timed, for some time; none where a few fill it."""
    end = time.perf_counter() + WARM_UP
    while times > 1 and time.perf_counter() < end:
        run(times)


def interleaved(
    runners: dict[Key, Runner], rounds: int = 11, fewest: int = 3, budget: float = 6.0
) -> dict[Key, Spread]:
    """Time the runners side by side.

    Parameters
    ----------
    runners : by any key
    rounds : how many times each is measured
    fewest : how many times at least, if `rounds` would take longer than `budget` seconds
    """
    times, samples = {}, {key: [] for key in runners}
    for key, runner in runners.items():
        runner.prepare()
        runner.run(1)
        warm_up(runner.run, 2)
        times[key] = max(1, int(BATCH / seconds_of(runner.run, 1)))
        time.sleep(runner.pause)
    begin, order, shuffle = time.perf_counter(), list(runners), random.Random(0).shuffle
    for done in range(rounds):
        if done >= fewest and time.perf_counter() - begin > budget:
            break
        shuffle(order)
        for key in order:
            runner = runners[key]
            runner.prepare()
            warm_up(runner.run, times[key])
            samples[key].append(seconds_of(runner.run, times[key]))
            time.sleep(runner.pause)
    return {key: spread(values) for key, values in samples.items()}


def spread(values: list[float]) -> Spread:
    """Summarise the seconds of all rounds."""
    lower, median, upper = statistics.quantiles(values, n=4)
    return Spread(median, lower, upper, len(values))
