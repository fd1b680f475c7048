"""Schedules of the learning rate: functions of progress that give a factor on it.

Progress is the share of all steps that are done, in [0, 1]: 0 at the first step. A schedule can be
pickled.

    >>> from elman.train import schedules
    >>> schedule = schedules.cosine(warmup=0.1)
    >>> [round(schedule(progress), 3) for progress in (0, 0.05, 0.1, 0.55, 1)]
    [0.0, 0.5, 1.0, 0.5, 0.0]
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

from elman import _check

__all__ = ["Schedule", "constant", "cosine", "one_cycle"]

Schedule: TypeAlias = Callable[[float], float]
"""Progress in [0, 1] -> factor on the learning rate."""


def constant(warmup: float = 0.0) -> Schedule:
    """Return the schedule that stays at 1.

    Parameters
    ----------
    warmup : float in [0, 1)
        The share of training in which the factor first rises, in a straight line from 0 to 1.

    Returns
    -------
    function of progress in [0, 1]

    Raises
    ------
    TypeError, ValueError
        If warmup is no number, or out of range.
    """
    return partial(_constant, warmup=_checked_warmup(warmup))


def cosine(warmup: float = 0.0, final: float = 0.0) -> Schedule:
    """Return the schedule that falls from 1 to `final` along half a wave of the cosine.

    Loshchilov & Hutter 2017 ("SGDR: stochastic gradient descent with warm restarts"), without
    restarts, as torch's CosineAnnealingLR with eta_min = final · lr.

    Parameters
    ----------
    warmup : float in [0, 1)
        The share of training in which the factor first rises, in a straight line from 0 to 1.
    final : float in [0, 1]
        The factor at the end.

    Returns
    -------
    function of progress in [0, 1]

    Raises
    ------
    TypeError, ValueError
        If an argument is no number, or out of range.
    """
    _check.number("final", final, "a number in [0, 1]", lambda value: 0 <= value <= 1)
    return partial(_cosine, warmup=_checked_warmup(warmup), final=float(final))


def one_cycle(
    warmup: float = 0.3, div_factor: float = 25.0, final_div_factor: float = 1e4
) -> Schedule:
    """Return the schedule that rises to 1 and falls far below where it began.

    Smith & Topin 2019 ("Super-convergence: very fast training of neural networks using large
    learning rates"), both ways along half a wave of the cosine, as torch's OneCycleLR has it. The
    learning rate is the greatest one, max_lr there. Momentum stays as it is, as with
    cycle_momentum=False.

    Parameters
    ----------
    warmup : float in [0, 1)
        The share of training in which the factor rises, pct_start in torch.
    div_factor : float of at least 1
        The factor begins at 1 / div_factor, or at 1 without warmup.
    final_div_factor : float of at least 1
        It ends at 1 / (div_factor · final_div_factor).

    Returns
    -------
    function of progress in [0, 1]

    Raises
    ------
    TypeError, ValueError
        If an argument is no number, or out of range.
    """
    for name, value in {"div_factor": div_factor, "final_div_factor": final_div_factor}.items():
        expected = "a finite number of at least 1"
        _check.number(name, value, expected, lambda number: 1 <= number < math.inf)
    first = 1 / float(div_factor)
    final = first / float(final_div_factor)
    return partial(_one_cycle, warmup=_checked_warmup(warmup), first=first, final=final)


def _constant(progress: float, *, warmup: float) -> float:
    _check_progress(progress)
    return float(progress) / warmup if progress < warmup else 1.0


def _cosine(progress: float, *, warmup: float, final: float) -> float:
    _check_progress(progress)
    if progress < warmup:
        return float(progress) / warmup
    return _half_wave(1.0, final, (progress - warmup) / (1 - warmup))


def _one_cycle(progress: float, *, warmup: float, first: float, final: float) -> float:
    _check_progress(progress)
    if progress < warmup:
        return _half_wave(first, 1.0, progress / warmup)
    return _half_wave(1.0, final, (progress - warmup) / (1 - warmup))


def _half_wave(start: float, end: float, share: float) -> float:
    """Return what lies between start and end after a share of half a wave of the cosine."""
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2


def _checked_warmup(value: Any) -> float:
    _check.number("warmup", value, "a number in [0, 1)", lambda number: 0 <= number < 1)
    return float(value)


def _check_progress(value: Any) -> None:
    _check.number("progress", value, "a number in [0, 1]", lambda number: 0 <= number <= 1)
