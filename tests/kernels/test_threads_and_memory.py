"""The native kernels in a process: their threads are OpenMP's, and they give memory back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from kernel_cases import KINDS
from threadpoolctl import threadpool_limits

import elman

PRINT_POOLS = """
from threadpoolctl import threadpool_info

def paths():
    return {pool["filepath"] for pool in threadpool_info() if pool["user_api"] == "openmp"}

import numpy
before = paths()
import elman
print(elman.kernels.backend, len(before), len(paths()))
"""


def test_elmans_threads_are_an_openmp_pool(
    native: ModuleType, run_python: Callable[..., str]
) -> None:
    """Which threadpoolctl, and what limits threads with it, sees once elman is imported."""
    assert run_python(PRINT_POOLS, ELMAN_BACKEND="native").split() == ["native", "0", "1"]


def test_limits_on_openmps_threads_are_limits_on_elmans(native: ModuleType) -> None:
    """As long as they last, and no others: NumPy's are BLAS's."""
    before = native.config()["threads"]
    for threads in (1, 2, 3):
        with threadpool_limits(threads, user_api="openmp"):
            assert native.config()["threads"] == threads
            if elman.kernels.backend == "native":
                assert elman.show_config()["threads"] == threads
        with threadpool_limits(threads):
            assert native.config()["threads"] == threads
    with threadpool_limits(1, user_api="blas"):
        assert native.config()["threads"] == before
    assert native.config()["threads"] == before


@pytest.mark.parametrize("threads", ["1", "2", "3"])
def test_the_environment_sets_the_number_of_threads(
    native: ModuleType, run_python: Callable[..., str], threads: str
) -> None:
    program = "from elman.kernels import native; print(native.config()['threads'])"
    assert run_python(program, OMP_NUM_THREADS=threads).strip() == threads


# What others left in the heap moves these figures, so that each is taken in a process of its own.
PRINT_GROWTH = """
import gc, os
from pathlib import Path

import numpy as np
from elman.kernels import native
from kernel_cases import KINDS, Sizes, make_case, results
from strategies import FLOAT32

def resident_bytes():
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

def case(kind, *sizes, **options):
    return make_case(np.random.default_rng(0), kind, Sizes(*sizes), FLOAT32, **options)

def call(cases, times):
    for _ in range(times):
        for one in cases:
            results(native, one)

{cases}
call(first, {times_first})
before = resident_bytes()
call(cases, {times})
print(resident_bytes() - before)
"""


@pytest.fixture
def growth(native: ModuleType, run_python: Callable[..., str]) -> Callable[..., int]:
    """Return the function that returns by how many bytes calls of some cases make a process grow.

    `first` are called before it is measured: what is made once is not growth.
    """
    if not Path("/proc/self/statm").exists():
        pytest.skip("asks Linux for the memory used")
    here = Path(__file__).parent

    def measure(cases: str, **times: int) -> int:
        program = PRINT_GROWTH.format(cases=cases, **times)
        return int(run_python(program, str(here), str(here.parent)))

    return measure


def test_ten_thousand_calls_leave_no_memory_behind(growth: Callable[..., int]) -> None:
    """Forward and backward of each cell in turn, its weights made ready anew each time.

    1 MB is 100 bytes a call: less than any one array of theirs.
    """
    cases = """
first = cases = [
    case(kind, 3, 2, 5, 8, lengths=lengths, masked=masked)
    for kind in KINDS
    for lengths, masked in ((None, False), ([2, 3], True))
]
"""
    times = 10_000 // (2 * len(KINDS)) + 1
    assert growth(cases, times_first=100, times=times) < 2**20


def test_memory_kept_for_the_next_call_does_not_add_up(growth: Callable[..., int]) -> None:
    """Of calls whose sizes differ too much to share it: 100 MB at once for the longest.

    The process grows by some 50 MB, and by 180 if what no longer fits is kept as well.
    """
    cases = """
first = [case("lstm", 2, 512, 4, 32)]
cases = [case("lstm", T, 512, 4, 32) for T in (320, 160, 80, 40, 20)]
"""
    assert growth(cases, times_first=1, times=2) < 128 * 2**20
