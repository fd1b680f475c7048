"""The native kernels' one order of summation: what may not change a bit, whatever the cell.

Of outputs, final states and the gradients of x, h_0 and c_0: the batch, the row, other rows'
lengths, strides, the direction of time. Of outputs and final states: where a sequence is cut. Of
all results: threads, and running again. Of all results again: the instruction set.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from kernel_cases import (
    KINDS,
    Case,
    Sizes,
    cases,
    each_kind,
    forward,
    make_case,
    results,
)
from strategies import FLOAT32, FLOAT64, LAYOUTS, Array, lengths_N
from threadpoolctl import ThreadpoolController

from elman.kernels import GATES, reference

HERE = str(Path(__file__).parent)

# By what the kernels do with them on two threads, for most cells.
SIZES = [
    Sizes(10, 1, 5, 8),  # one thread
    Sizes(70, 1, 32, 64),  # x projected over chunks of 64 steps
    Sizes(2, 33, 16, 20),
]
THREADED_SIZES = [
    Sizes(0, 40, 30, 70),  # rows, which threads take in turns
    Sizes(0, 13, 33, 30),  # so few rows to one of three threads that x is projected over chunks
    Sizes(0, 1, 20, 260),  # columns over threads
    Sizes(0, 8, 257, 300),
    Sizes(0, 33, 16, 600),  # columns, as W_hh does not fit into a core's cache, taken one by one
    Sizes(0, 50, 9, 570),  # and rows in two groups
    Sizes(0, 4, 7, 130),
    Sizes(0, 4, 513, 128),
]
WORTH_THREADS = 10**6
"""How many multiply-adds with W_hh are enough for more threads than one."""


def assert_same_bits(actual: Array, expected: Array, name: str = "") -> None:
    """Equal, and zeros of the same sign."""
    np.testing.assert_array_equal(actual, expected, err_msg=name)
    np.testing.assert_array_equal(np.signbit(actual), np.signbit(expected), err_msg=name)


def assert_all_same_bits(actual: dict[str, Array], expected: dict[str, Array]) -> None:
    assert list(actual) == list(expected)
    for name, value in expected.items():
        assert_same_bits(actual[name], value, name)


def long_enough(kind: str, sizes: Sizes) -> Sizes:
    """Return the sizes with as many steps as are worth threads."""
    _, N, inputs, H, _ = sizes
    P = H // 2 + 1 if kind == "lstm_projected" else H
    per_step = N * GATES[kind.removesuffix("_projected")] * H * P
    return Sizes(max(4, -(-WORTH_THREADS // per_step)), N, inputs, H, P)


def sized_cases() -> list[Case]:
    """One case of each kind and size; dtypes, lengths, directions and masks in turn."""
    sizes_of_kinds = [(kind, sizes) for sizes in SIZES for kind in KINDS]
    sizes_of_kinds += [(k, long_enough(k, sizes)) for sizes in THREADED_SIZES for k in KINDS]
    found = []
    for i, (kind, sizes) in enumerate(sizes_of_kinds):
        generator = np.random.default_rng(i)
        lengths = generator.integers(0, sizes.T + 1, sizes.N) if i % 3 else None
        case = make_case(
            generator,
            kind,
            sizes,
            FLOAT64 if i % 2 else FLOAT32,
            lengths=lengths,
            reverse=i % 7 > 3,
            masked=i % 4 > 1,
        )
        found.append(case)
    return found


def case_id(case: Case) -> str:
    kind = case.weights.cell + ("_projected" if case.weights.weight_hr is not None else "")
    return f"{kind}-{'x'.join(map(str, case.sizes))}-{case.x.dtype}"


each_size = pytest.mark.parametrize("case", sized_cases(), ids=case_id)


# ---- the batch, strides, lengths, direction, cuts ------------------------------------------------


OF_STATE = {"h_n", "c_n", "d_h_0", "d_c_0"}


def assert_rows_are_the_same_anywhere(native: ModuleType, case: Case, groups: list[Array]) -> None:
    """Each group of rows, run as a batch of its own, gives the bits it gives in the whole batch."""
    whole = results(native, case)
    for group in groups:
        part = results(native, case.rows(group))
        for name in ("output", "d_x"):
            assert_same_bits(part[name], whole[name][:, group], name)
        for name in OF_STATE & set(whole):
            assert_same_bits(part[name], whole[name][group], name)


@given(data=st.data(), case=cases())
def test_rows_are_the_same_in_any_batch_and_order(
    native: ModuleType, data: st.DataObject, case: Case
) -> None:
    N = case.sizes.N
    rows = data.draw(st.permutations(range(N)))
    cut = data.draw(st.integers(0, N))
    assert_rows_are_the_same_anywhere(
        native, case, [np.array(rows, int), np.array(rows[:cut], int)]
    )


@each_size
def test_every_row_is_the_same_alone(native: ModuleType, case: Case) -> None:
    assert_rows_are_the_same_anywhere(native, case, [np.array([n]) for n in range(case.sizes.N)])


@given(data=st.data(), case=cases())
def test_a_row_does_not_depend_on_the_lengths_of_others(
    native: ModuleType, data: st.DataObject, case: Case
) -> None:
    """A row of some length is, to the bit, that many steps in a batch where all have as many."""
    T, N = case.sizes.T, case.sizes.N
    case = case._replace(lengths=data.draw(lengths_N(N, T)))
    ragged = results(native, case)
    for length in np.unique(case.lengths[case.lengths > 0]):
        rows = np.flatnonzero(case.lengths == length)
        part = case.rows(rows)
        part = part._replace(x=part.x[:length], d_output=part.d_output[:length], lengths=None)
        alike = results(native, part)
        for name in ("output", "d_x"):
            assert_same_bits(ragged[name][:length, rows], alike[name], name)
        for name in OF_STATE & set(ragged):
            assert_same_bits(ragged[name][rows], alike[name], name)


@given(case=cases(layouts=["C"]))
def test_strides_do_not_matter(native: ModuleType, case: Case) -> None:
    expected = results(native, case)
    for layout in LAYOUTS[1:]:
        assert_all_same_bits(results(native, case.laid_out(layout)), expected)


@given(case=cases())
def test_reverse_is_forward_on_time_reversed(native: ModuleType, case: Case) -> None:
    case = case._replace(lengths=None, reverse=False)
    expected = results(native, case)
    actual = results(
        native, case._replace(x=case.x[::-1], d_output=case.d_output[::-1], reverse=True)
    )
    for name in ("output", "d_x"):
        actual[name] = actual[name][::-1]
    assert_all_same_bits(actual, expected)


@given(data=st.data(), case=cases())
def test_a_sequence_may_be_cut_anywhere(
    native: ModuleType, data: st.DataObject, case: Case
) -> None:
    """Run in two parts, the second from the first one's final state."""
    assume(case.sizes.T > 1)
    case = case._replace(lengths=None, reverse=False)
    whole = forward(native, case)
    cut = data.draw(st.integers(1, case.sizes.T - 1))
    first = forward(native, case._replace(x=case.x[:cut], d_output=case.d_output[:cut]))
    rest = case._replace(x=case.x[cut:], d_output=case.d_output[cut:], state=first.state_n)
    second = forward(native, rest)
    assert_same_bits(np.concatenate([first.output, second.output]), whole.output)
    for part, expected in zip(second.state_n, whole.state_n, strict=True):
        assert_same_bits(part, expected)


@each_kind
def test_a_sequence_may_be_run_step_by_step(native: ModuleType, kind: str) -> None:
    generator = np.random.default_rng(0)
    case = make_case(generator, kind, Sizes(70, 2, 40, 150), FLOAT32, masked=True)
    whole, state = forward(native, case), case.state
    for t in range(70):
        _, state, _ = forward(native, case._replace(x=case.x[t : t + 1], state=state), keep=False)
        assert_same_bits(state[0], whole.output[t])
    for part, expected in zip(state, whole.state_n, strict=True):
        assert_same_bits(part, expected)


# ---- threads -------------------------------------------------------------------------------------


@cache
def pools(native: ModuleType) -> ThreadpoolController:
    """Find this process's pools of threads, once, as it takes long."""
    return ThreadpoolController()


@contextmanager
def steered_threads(threads: int, native: ModuleType, part_at: int = -1) -> Iterator[None]:
    """Give calls all of so many threads, whatever time they lost before.

    Threads part at the first step that ends at round `part_at` of their barrier or later. At -1
    they never do.
    """
    with pools(native).limit(limits=threads, user_api="openmp"):
        assert native.config()["threads"] == threads
        native._native.steer_threads(unthrottled=True, part_at=part_at)
        try:
            yield
        finally:
            native._native.steer_threads()


def results_on(threads: int, native: ModuleType, case: Case) -> dict[str, Array]:
    with steered_threads(threads, native):
        return results(native, case)


@each_size
@pytest.mark.parametrize("threads", [2, 3])
def test_threads_do_not_matter(native: ModuleType, case: Case, threads: int) -> None:
    assert_all_same_bits(results_on(threads, native, case), results_on(1, native, case))


@given(case=cases(work=2**21, least_work=WORTH_THREADS), threads=st.integers(2, 4))
def test_threads_do_not_matter_to_any_case(native: ModuleType, case: Case, threads: int) -> None:
    assert_all_same_bits(results_on(threads, native, case), results_on(1, native, case))


@each_size
def test_running_again_gives_the_same(native: ModuleType, case: Case) -> None:
    expected = results_on(2, native, case)
    for _ in range(3):
        assert_all_same_bits(results_on(2, native, case), expected)


def test_calls_from_several_threads_at_once_do_not_meet(native: ModuleType) -> None:
    cases = sized_cases()
    expected = [results(native, case) for case in cases]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(2):
            found = list(pool.map(lambda case: results(native, case), cases))
            for actual, one_by_one in zip(found, expected, strict=True):
                assert_all_same_bits(actual, one_by_one)


@each_kind
def test_the_callers_floating_point_mode_holds_on_all_threads(
    native: ModuleType, kind: str
) -> None:
    """With flush-to-zero set on the caller alone, one thread and two must agree on tiny numbers."""
    import torch

    sizes = long_enough(kind, Sizes(0, 40, 30, 70))
    case = make_case(np.random.default_rng(0), kind, sizes, FLOAT32, bias=False)
    tiny = np.float32(2.0**-135)
    case = case.map(np.asarray, lambda a: a * tiny, lambda a: a * tiny)
    kept_tiny = results_on(1, native, case)
    assert torch.set_flush_denormal(True)
    try:
        one, two = results_on(1, native, case), results_on(2, native, case)
    finally:
        torch.set_flush_denormal(False)
    assert kept_tiny["output"].any()
    assert not one["output"].any()
    assert_all_same_bits(two, one)


@pytest.mark.skipif(
    platform.machine() not in ("x86_64", "AMD64"), reason="values stay tiny on other processors"
)
@each_kind
def test_gradients_that_vanish_become_zero(native: ModuleType, kind: str) -> None:
    """Not numbers too small for a normal one, each of which takes a processor very long."""
    sizes = long_enough(kind, Sizes(0, 30, 20, 70))._replace(T=200)
    case = make_case(np.random.default_rng(0), kind, sizes, FLOAT32, bias=False)
    small = np.float32(0.05)
    case = case.map(lambda a: a * small, lambda a: a * small, np.asarray)
    case.d_output[:-1] = 0
    one, two = results_on(1, native, case), results_on(2, native, case)
    assert_all_same_bits(two, one)
    least = np.finfo(np.float32).tiny
    exact = results(reference, case.astype(FLOAT64))
    vanished = 0
    for name in ("d_x", "d_h_0"):
        found = np.abs(one[name])
        assert not ((found > 0) & (found < least)).any()
        vanished += int(((found == 0) & (exact[name] != 0)).sum())
        np.testing.assert_allclose(one[name], exact[name], rtol=0, atol=1e-5)
    assert vanished > 100


@pytest.mark.parametrize("case", sized_cases(), ids=case_id)
def test_threads_are_used_where_these_tests_need_them(native: ModuleType, case: Case) -> None:
    """Else sizes that are not worth threads any more would prove nothing."""
    with steered_threads(2, native):
        before, _ = native._native.thread_counts()
        forward(native, case)
        after, _ = native._native.thread_counts()
    assert (after > before) == (case.sizes[:4] not in [sizes[:4] for sizes in SIZES])


PART_AT = [1, 2, 3, 8, 1000]
"""Rounds of a barrier: the first, some early ones, and one after the last."""


@pytest.mark.parametrize("part_at", PART_AT)
@pytest.mark.parametrize("threads", [2, 4])
@each_kind
def test_threads_may_part_at_any_step(
    native: ModuleType, kind: str, threads: int, part_at: int
) -> None:
    """The caller then does the rest alone, forward and backward, and no bit changes."""
    sizes, lengths = Sizes(20, 3, 20, 260, 260), [20, 5, 18]
    case = make_case(np.random.default_rng(0), kind, sizes, FLOAT32, lengths=lengths, masked=True)
    expected = results_on(1, native, case)
    with steered_threads(threads, native, part_at):
        _, before = native._native.thread_counts()
        found = results(native, case)
        _, after = native._native.thread_counts()
    assert after - before == (2 if part_at < 1000 else 0)
    assert_all_same_bits(found, expected)


@pytest.mark.parametrize("part_at", [1, 2, 3])
@each_kind
def test_threads_that_share_parts_of_a_step_may_part(
    native: ModuleType, kind: str, part_at: int
) -> None:
    case = make_case(np.random.default_rng(0), kind, Sizes(4, 33, 16, 600, 300), FLOAT32)
    expected = results_on(1, native, case)
    with steered_threads(2, native, part_at):
        _, before = native._native.thread_counts()
        found = results(native, case)
        _, after = native._native.thread_counts()
    assert after - before == 2
    assert_all_same_bits(found, expected)


# ---- other processes -----------------------------------------------------------------------------


def test_a_forked_child_computes_the_same(
    native: ModuleType, run_python: Callable[..., str]
) -> None:
    """After the parent used threads: OpenMP's would hang in the child."""
    program = """
import os
from elman.kernels import native
from test_reproducibility import digest, sized_cases
cases = sized_cases()[::2]
before = digest(native, cases)
child = os.fork()
if child == 0:
    os._exit(0 if digest(native, cases) == before else 1)
_, status = os.waitpid(child, 0)
print(os.waitstatus_to_exitcode(status), native.config()["threads"])
"""
    assert run_python(program, HERE, OMP_NUM_THREADS="2").split() == ["0", "2"]


def digest(native: ModuleType, cases: list[Case]) -> str:
    """Return the SHA-256 of all results of some cases."""
    hashed = hashlib.sha256()
    for case in cases:
        for name, array in results(native, case).items():
            hashed.update(f"{name} {array.shape} {array.dtype}".encode())
            hashed.update(np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<")))
    return hashed.hexdigest()


def whole_numbers_case(kind: str, sizes: Sizes, dtype: np.dtype, i: int) -> Case:
    """Return a case whose numbers come from integers alone, the same wherever they are made."""
    start = 0

    def numbers(like: Array) -> Array:
        nonlocal start
        n = np.arange(start, start + like.size, dtype=np.uint64)
        start += n.size
        mixed = (n + 1) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(31)
        bits = (mixed * np.uint64(0xBF58476D1CE4E5B9)) >> np.uint64(40)
        return (bits.astype(np.float64) * 2.0**-23 - 1).astype(dtype).reshape(like.shape)

    T, N, _, H, _ = sizes
    scale = dtype.type(2.0 ** -np.ceil(np.log2(H) / 2))
    case = make_case(
        np.random.default_rng(0),
        kind,
        sizes,
        dtype,
        bias=i % 5 > 0,
        lengths=np.arange(N) * 7 % (T + 1) if i % 2 else None,
        reverse=i % 2 > 0,
        masked=i % 3 > 0,
    )
    return case.map(lambda a: numbers(a) * scale, numbers, numbers)


# On both sides of where the order of summation changes: n = 64 and 128, K = 32, 128, 192 and 256.
WHOLE_NUMBERS_SIZES = [
    Sizes(70, 1, 5, 8),
    Sizes(4, 3, 33, 64),
    Sizes(3, 14, 40, 70),
    Sizes(2, 2, 32, 65),
    Sizes(2, 3, 129, 128),
    Sizes(2, 2, 128, 129),
    Sizes(2, 1, 31, 130),
    Sizes(2, 7, 193, 257),
    Sizes(2, 1, 192, 140),
    Sizes(1, 2, 257, 140),
    Sizes(2, 1, 140, 513),
    Sizes(65, 5, 3, 4),
]


def whole_numbers_cases() -> list[Case]:
    return [
        whole_numbers_case(kind, sizes, dtype, i)
        for i, sizes in enumerate(WHOLE_NUMBERS_SIZES)
        for kind in KINDS
        for dtype in (FLOAT32, FLOAT64)
    ]


ISA_FLAGS = {
    "x86-64-v2": {"sse4_2", "ssse3", "popcnt", "cx16"},
    "x86-64-v3": {"avx2", "fma", "bmi1", "bmi2", "f16c", "movbe", "abm"},
    "x86-64-v4": {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"},
}


def isas_of_this_machine() -> list[str]:
    cpuinfo = Path("/proc/cpuinfo")
    words = set(cpuinfo.read_text().split()) if cpuinfo.exists() else set()
    return [isa for isa, flags in ISA_FLAGS.items() if flags <= words]


PINNED = {1: "889525c25a141ad8b7d0af87d968828d816f1699289f09fb3e43e1fbd7d17a8f"}
"""The digest of `whole_numbers_cases` by version of the order of summation."""

PRINT_DIGEST = """
from elman.kernels import native
from test_reproducibility import digest, whole_numbers_cases
print(native.config()["isa"], digest(native, whole_numbers_cases()))
"""


@pytest.mark.parametrize("isa", ISA_FLAGS)
def test_the_instruction_set_does_not_matter(
    native: ModuleType, run_python: Callable[..., str], isa: str
) -> None:
    """Every build gives the pinned bits, so the order's version is raised when bits change."""
    if isa not in isas_of_this_machine():
        pytest.skip(f"this machine does not run {isa}")
    used, found = run_python(PRINT_DIGEST, HERE, ELMAN_ISA=isa).split()
    assert used == isa
    assert found == PINNED[native.config()["summation_order"]]
