"""Schedules against torch's, at every step; their ends; what they refuse."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from elman.train import schedules

LR = 0.25


def of_torch(make: Callable[[Any], Any], steps: int) -> list[float]:
    """Return the learning rates of so many steps under one of torch's schedulers, over LR."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=LR)
    scheduler = make(optimizer)
    rates = []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"] / LR)
        optimizer.step()
        scheduler.step()
    return rates


@pytest.mark.parametrize("final", [0.0, 0.1, 1.0])
def test_cosine_is_torchs(final: float) -> None:
    ours = schedules.cosine(final=final)
    make = torch.optim.lr_scheduler.CosineAnnealingLR
    expected = of_torch(lambda optimizer: make(optimizer, T_max=50, eta_min=final * LR), steps=51)
    np.testing.assert_allclose([ours(i / 50) for i in range(51)], expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(
    ("pct_start", "options"),
    [(0.3, {}), (0.5, {"div_factor": 4.0, "final_div_factor": 10.0}), (0.12, {})],
)
def test_one_cycle_is_torchs(pct_start: float, options: dict[str, float]) -> None:
    """Torch counts to the last step, and puts the peak one step before pct_start."""
    steps = 50
    ours = schedules.one_cycle((pct_start * steps - 1) / (steps - 1), **options)
    expected = of_torch(
        lambda optimizer: torch.optim.lr_scheduler.OneCycleLR(
            optimizer, LR, total_steps=steps, pct_start=pct_start, cycle_momentum=False, **options
        ),
        steps - 1,
    )
    found = [ours(i / (steps - 1)) for i in range(steps - 1)]
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    assert max(found) == 1.0


def test_defaults_of_one_cycle_are_torchs() -> None:
    schedule = schedules.one_cycle()
    np.testing.assert_allclose(schedule(0), 1 / 25, rtol=1e-15)
    np.testing.assert_allclose(schedule(0.3), 1, rtol=1e-15)
    np.testing.assert_allclose(schedule(1), 1 / 25 / 1e4, rtol=1e-15)


def test_warmup_rises_in_a_straight_line_and_the_rest_is_as_without() -> None:
    for make in (schedules.constant, schedules.cosine):
        warm, plain = make(warmup=0.2), make()
        assert [warm(p) for p in (0, 0.05, 0.1, 0.15)] == pytest.approx([0, 0.25, 0.5, 0.75])
        for progress in (0, 0.25, 0.5, 1):
            assert warm(0.2 + 0.8 * progress) == pytest.approx(plain(progress), abs=1e-15)
    assert schedules.constant()(0) == 1.0


@given(
    warmup=st.floats(0, 1, exclude_max=True),
    final=st.floats(0, 1),
    progress=st.floats(0, 1),
)
def test_factors_lie_in_0_to_1_and_a_pickle_gives_the_same(
    warmup: float, final: float, progress: float
) -> None:
    for schedule in (
        schedules.constant(warmup),
        schedules.cosine(warmup, final),
        schedules.one_cycle(warmup),
    ):
        factor = schedule(progress)
        assert 0 <= factor <= 1
        assert pickle.loads(pickle.dumps(schedule))(progress) == factor
    assert schedules.cosine(warmup, final)(1) == final


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (lambda: schedules.constant(1.0), ValueError, r"warmup: expected a number in \[0, 1\)"),
        (lambda: schedules.cosine(warmup=-0.1), ValueError, "warmup: .* got -0.1"),
        (lambda: schedules.cosine(warmup="0.1"), TypeError, r"got '0.1' \(str\)"),
        (lambda: schedules.cosine(final=1.5), ValueError, r"final: expected .* \[0, 1\], got 1.5"),
        (lambda: schedules.one_cycle(math.nan), ValueError, "warmup: .* got nan"),
        (lambda: schedules.one_cycle(div_factor=0.5), ValueError, "div_factor: .* at least 1"),
        (lambda: schedules.one_cycle(final_div_factor=math.inf), ValueError, "final_div_factor: "),
        (lambda: schedules.constant()(1.5), ValueError, r"progress: expected a number in \[0, 1\]"),
        (lambda: schedules.cosine()(math.nan), ValueError, "progress: .* got nan"),
        (lambda: schedules.one_cycle()(None), TypeError, r"progress: .* got None \(NoneType\)"),
    ],
)
def test_numbers_out_of_range_are_refused(
    make: Callable[[], Any], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        make()
