"""The native kernels in a process: their threads are OpenMP's, and they give memory back."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from kernel_cases import KINDS, Sizes, make_case, results
from strategies import FLOAT32
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


def resident_bytes() -> int:
    """Return how much memory of this process is in RAM."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="asks Linux for the memory used")
def test_ten_thousand_calls_leave_no_memory_behind(native: ModuleType) -> None:
    """Forward and backward of each cell in turn, its weights made ready anew each time.

    1 MB is 100 bytes a call: less than any one array of theirs.
    """
    generator = np.random.default_rng(0)
    cases = [
        make_case(generator, kind, Sizes(3, 2, 5, 8), FLOAT32, lengths=lengths, masked=masked)
        for kind in KINDS
        for lengths, masked in ((None, False), ([2, 3], True))
    ]

    def call(times: int) -> None:
        for i in range(times):
            results(native, cases[i % len(cases)])

    call(1_000)
    gc.collect()
    before = resident_bytes()
    call(10_000)
    gc.collect()
    assert resident_bytes() - before < 2**20


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="asks Linux for the memory used")
def test_memory_kept_for_the_next_call_does_not_add_up(native: ModuleType) -> None:
    """Of calls that need other sizes each: 13 MB and more between forward and backward."""
    generator = np.random.default_rng(0)
    cases = [make_case(generator, "lstm", Sizes(T, 64, 8, 256), FLOAT32) for T in (40, 61, 90)]

    def call(times: int) -> None:
        for _ in range(times):
            for case in cases:
                results(native, case)

    call(2)
    gc.collect()
    before = resident_bytes()
    call(5)
    gc.collect()
    assert resident_bytes() - before < 2**23
