"""The native kernels in a process: their threads are OpenMP's, and they give memory back."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
from types import ModuleType

import numpy as np
import pytest
from kernel_cases import Sizes, each_kind, make_case, results
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


# ---- when calls use one thread -------------------------------------------------------------------


MS = 10**6  # nanoseconds
START = 100 * MS

Region = tuple[
    int, int, int, int
]  # began, ended, how long threads took, how long the caller worked


def region(began: int, lost: int, took: int = MS) -> Region:
    """Return a region that lost so much: it took longer than 2.5 times its caller's work."""
    return began, began + took, took, (took - lost) * 2 // 5


def alone_for(native: ModuleType, *regions: Region) -> int:
    """Return for how many ns after some regions calls have one thread, within 0.01 ms."""
    warm = region(START - 2 * MS, 0)  # threads are awake, and nothing is lost
    end, low, high = regions[-1][1], 0, 1000 * MS
    if not native._native.throttled_after([warm, *regions], end):
        return 0
    while high - low > MS // 100:
        middle = (low + high) // 2
        if native._native.throttled_after([warm, *regions], end + middle):
            low = middle
        else:
            high = middle
    return low


def about(milliseconds: float) -> object:
    return pytest.approx(milliseconds * MS, abs=MS / 50)


def test_a_region_that_loses_half_a_millisecond_is_followed_by_one_thread(
    native: ModuleType,
) -> None:
    assert alone_for(native, region(START, 0)) == 0
    assert alone_for(native, region(START, MS * 49 // 100)) == 0
    assert alone_for(native, region(START, MS * 51 // 100)) == about(0.5)


def test_losses_of_several_regions_add_up(native: ModuleType) -> None:
    regions = [region(START + k * 2 * MS, MS * 3 // 10) for k in range(2)]
    assert alone_for(native, *regions) == about(0.5)
    saved = region(START + 2 * MS, -MS)
    assert alone_for(native, regions[0], saved, region(START + 4 * MS, MS * 3 // 10)) == 0


def test_each_while_on_one_thread_is_four_times_as_long_up_to_a_limit(native: ModuleType) -> None:
    regions = [region(START + k * 4 * MS, MS * 6 // 10) for k in range(8)]
    for k, expected in enumerate([0.5, 2, 8, 32, 128, 250, 250, 250]):
        assert alone_for(native, *regions[: k + 1]) == about(expected)


def test_what_was_lost_is_forgiven_once_it_is_saved_again(native: ModuleType) -> None:
    lost = [region(START, MS * 6 // 10), region(START + 4 * MS, MS * 6 // 10)]
    saved = region(START + 8 * MS, -2 * MS, took=8 * MS)
    again = [region(START + 17 * MS + k * 4 * MS, MS * 6 // 10) for k in range(2)]
    assert alone_for(native, *lost, saved, *again[:1]) == about(0.5)
    assert alone_for(native, *lost, saved, *again) == about(2)


def test_threads_that_slept_may_wake_up_late(native: ModuleType) -> None:
    """A region after 5 ms without one counts as a loss of a quarter of a millisecond at most."""
    assert alone_for(native, region(START + 10 * MS, 4 * MS, took=5 * MS)) == 0
    late = [region(START + k * 20 * MS, 4 * MS, took=5 * MS) for k in range(1, 4)]
    assert alone_for(native, *late) == about(0.5)


# ---- memory --------------------------------------------------------------------------------------


@pytest.fixture
def counted_memory(native: ModuleType) -> Iterator[Callable[[], tuple[int, int]]]:
    """Return the function that returns how many pieces were allocated and released since now."""
    gc.collect()
    native._native.count_memory(True)
    yield native._native.memory_pieces
    native._native.count_memory(False)


@each_kind
@pytest.mark.parametrize("threads", [1, 2])
def test_calls_release_what_they_allocate(
    native: ModuleType, counted_memory: Callable[[], tuple[int, int]], kind: str, threads: int
) -> None:
    """Forward and backward, with and without lengths and masks, of weights made ready anew."""
    with threadpool_limits(threads, user_api="openmp"):
        for sizes in (Sizes(3, 2, 5, 8), Sizes(4, 40, 30, 70)):
            for lengths, masked in ((None, False), ([2, 3], True)):
                if lengths:
                    lengths = (lengths * sizes.N)[: sizes.N]
                generator = np.random.default_rng(0)
                case = make_case(generator, kind, sizes, FLOAT32, lengths=lengths, masked=masked)
                held = [sys.getrefcount(array) for array in case.arrays()]
                results(native, case)
                gc.collect()
                assert [sys.getrefcount(array) for array in case.arrays()] == held
    allocated, released = counted_memory()
    assert released == allocated > 0


@pytest.mark.skipif(sys.platform != "linux", reason="memory is kept on Linux alone")
def test_memory_kept_for_the_next_call_does_not_add_up(native: ModuleType) -> None:
    """Of calls whose sizes differ too much to share it, the last one's is kept."""
    for T in (320, 160, 80, 40, 20):
        sizes = Sizes(T, 512, 4, 32)
        results(native, make_case(np.random.default_rng(0), "lstm", sizes, FLOAT32))
        d_a = T * 512 * 4 * 32 * 4  # bytes of the one large piece that a call needs
        assert d_a <= native._native.spare_bytes() < 3 * d_a
