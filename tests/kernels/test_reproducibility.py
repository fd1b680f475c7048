"""The native kernels' one order of summation: what may not change a bit.

Of outputs, final states and the gradients of x and h_0: the batch, the row, other rows' lengths,
strides, the direction of time. Of outputs and final states: where a sequence is cut. Of all
results: threads, and running again. Of all results again: the instruction set.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import (
    FLOAT32,
    FLOAT64,
    LAYOUTS,
    Array,
    ElmanCase,
    Sizes,
    backward,
    elman_case,
    elman_cases,
    forward,
    laid_out,
    lengths_N,
)
from threadpoolctl import threadpool_limits

HERE = str(Path(__file__).parent)

# By what the kernels do with them on two threads.
SIZES = [
    Sizes(10, 1, 5, 8),  # one thread
    Sizes(70, 1, 32, 64),  # x projected over chunks of 64 steps
    Sizes(9, 40, 30, 70),  # rows over threads
    Sizes(20, 13, 33, 65),  # so few rows to a thread that x is projected over chunks
    Sizes(12, 1, 20, 260),  # columns over threads
    Sizes(5, 8, 257, 300),
    Sizes(2, 33, 16, 600),  # columns, as W_hh does not fit into a core's cache
    Sizes(66, 3, 7, 130),
    Sizes(3, 2, 513, 128),
]


def results(native: ModuleType, case: ElmanCase) -> dict[str, Array]:
    """Return output, h_n and every gradient, by name."""
    output, h_n, kept = forward(native, case)
    gradients = {f"d_{name}": d for name, d in backward(native, case, kept).items()}
    return {"output": output, "h_n": h_n, **gradients}


def assert_same_bits(actual: Array, expected: Array, name: str = "") -> None:
    """Equal, and zeros of the same sign."""
    np.testing.assert_array_equal(actual, expected, err_msg=name)
    np.testing.assert_array_equal(np.signbit(actual), np.signbit(expected), err_msg=name)


def assert_all_same_bits(actual: dict[str, Array], expected: dict[str, Array]) -> None:
    assert list(actual) == list(expected)
    for name, value in expected.items():
        assert_same_bits(actual[name], value, name)


def sized_cases() -> list[ElmanCase]:
    """One case of each of SIZES and dtypes; lengths, directions and nonlinearities in turn."""
    cases = []
    for i, sizes in enumerate(SIZES):
        generator = np.random.default_rng(i)
        for dtype in (FLOAT32, FLOAT64):
            lengths = generator.integers(0, sizes.T + 1, sizes.N) if len(cases) % 3 else None
            phi = "relu" if len(cases) % 4 == 1 else "tanh"
            reverse = len(cases) % 5 > 2
            cases.append(elman_case(generator, sizes, dtype, phi, True, lengths, reverse))
    return cases


def case_id(case: ElmanCase) -> str:
    return f"{'x'.join(map(str, case.sizes))}-{case.x.dtype}"


each_size = pytest.mark.parametrize("case", sized_cases(), ids=case_id)


# ---- the batch, strides, lengths, direction, cuts ------------------------------------------------


def assert_rows_are_the_same_anywhere(
    native: ModuleType, case: ElmanCase, groups: list[Array]
) -> None:
    """Each group of rows, run as a batch of its own, gives the bits it gives in the whole batch."""
    whole = results(native, case)
    for group in groups:
        part = results(native, case.rows(group))
        for name in ("output", "d_x"):
            assert_same_bits(part[name], whole[name][:, group], name)
        for name in ("h_n", "d_h_0"):
            assert_same_bits(part[name], whole[name][group], name)


@given(data=st.data(), case=elman_cases())
def test_rows_are_the_same_in_any_batch_and_order(
    native: ModuleType, data: st.DataObject, case: ElmanCase
) -> None:
    N = case.sizes.N
    rows = data.draw(st.permutations(range(N)))
    cut = data.draw(st.integers(0, N))
    assert_rows_are_the_same_anywhere(
        native, case, [np.array(rows, int), np.array(rows[:cut], int)]
    )


@each_size
def test_every_row_is_the_same_alone(native: ModuleType, case: ElmanCase) -> None:
    assert_rows_are_the_same_anywhere(native, case, [np.array([n]) for n in range(case.sizes.N)])


@given(data=st.data(), case=elman_cases())
def test_a_row_does_not_depend_on_the_lengths_of_others(
    native: ModuleType, data: st.DataObject, case: ElmanCase
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
        for name in ("h_n", "d_h_0"):
            assert_same_bits(ragged[name][rows], alike[name], name)


@given(case=elman_cases(layouts=["C"]))
def test_strides_do_not_matter(native: ModuleType, case: ElmanCase) -> None:
    expected = results(native, case)
    for layout in LAYOUTS:
        x, d_output = laid_out(case.x, layout), laid_out(case.d_output, layout)
        actual = results(native, case._replace(x=x, d_output=d_output))
        assert_all_same_bits(actual, expected)


@given(case=elman_cases())
def test_reverse_is_forward_on_time_reversed(native: ModuleType, case: ElmanCase) -> None:
    case = case._replace(lengths=None, reverse=False)
    expected = results(native, case)
    actual = results(
        native, case._replace(x=case.x[::-1], d_output=case.d_output[::-1], reverse=True)
    )
    for name in ("output", "d_x"):
        actual[name] = actual[name][::-1]
    assert_all_same_bits(actual, expected)


@given(data=st.data(), case=elman_cases())
def test_a_sequence_may_be_cut_anywhere(
    native: ModuleType, data: st.DataObject, case: ElmanCase
) -> None:
    """Run in two parts, the second from the first one's final state."""
    case = case._replace(lengths=None, reverse=False)
    whole = forward(native, case)
    cut = data.draw(st.integers(1, case.sizes.T))
    first = forward(native, case._replace(x=case.x[:cut]))
    second = forward(native, case._replace(x=case.x[cut:], h_0=first.h_n))
    assert_same_bits(np.concatenate([first.output, second.output]), whole.output)
    assert_same_bits(second.h_n, whole.h_n)


def test_a_sequence_may_be_run_step_by_step(native: ModuleType) -> None:
    case = elman_case(np.random.default_rng(0), Sizes(70, 2, 40, 150), FLOAT32)
    whole, h = forward(native, case), case.h_0
    for t in range(70):
        _, h, _ = forward(native, case._replace(x=case.x[t : t + 1], h_0=h))
        assert_same_bits(h, whole.output[t])


# ---- threads -------------------------------------------------------------------------------------


def results_on(threads: int, native: ModuleType, case: ElmanCase) -> dict[str, Array]:
    with threadpool_limits(threads, user_api="openmp"):
        assert native.config()["threads"] == threads
        return results(native, case)


@each_size
@pytest.mark.parametrize("threads", [2, 3])
def test_threads_do_not_matter(native: ModuleType, case: ElmanCase, threads: int) -> None:
    assert_all_same_bits(results_on(threads, native, case), results_on(1, native, case))


@given(case=elman_cases(), threads=st.integers(2, 4))
def test_threads_do_not_matter_to_any_case(
    native: ModuleType, case: ElmanCase, threads: int
) -> None:
    assert_all_same_bits(results_on(threads, native, case), results_on(1, native, case))


@each_size
def test_running_again_gives_the_same(native: ModuleType, case: ElmanCase) -> None:
    expected = results_on(2, native, case)
    for _ in range(5):
        assert_all_same_bits(results_on(2, native, case), expected)


def test_calls_from_several_threads_at_once_do_not_meet(native: ModuleType) -> None:
    cases = sized_cases()
    expected = [results(native, case) for case in cases]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(2):
            found = list(pool.map(lambda case: results(native, case), cases))
            for actual, one_by_one in zip(found, expected, strict=True):
                assert_all_same_bits(actual, one_by_one)


def test_the_callers_floating_point_mode_holds_on_all_threads(native: ModuleType) -> None:
    """With flush-to-zero set on the caller alone, one thread and two must agree on tiny numbers."""
    import torch

    case = elman_case(np.random.default_rng(0), Sizes(6, 40, 30, 70), FLOAT32, bias=False)
    tiny = np.float32(2.0**-135)
    case = case._replace(x=case.x * tiny, h_0=case.h_0 * tiny, d_output=case.d_output * tiny)
    kept_tiny = results_on(1, native, case)
    assert torch.set_flush_denormal(True)
    try:
        one, two = results_on(1, native, case), results_on(2, native, case)
    finally:
        torch.set_flush_denormal(False)
    assert kept_tiny["output"].any()
    assert not one["output"].any()
    assert_all_same_bits(two, one)


# ---- other processes -----------------------------------------------------------------------------


def test_a_forked_child_computes_the_same(
    native: ModuleType, run_python: Callable[..., str]
) -> None:
    """After the parent used threads: OpenMP's would hang in the child."""
    program = """
import os
from elman.kernels import native
from test_reproducibility import digest, sized_cases
before = digest(native, sized_cases())
child = os.fork()
if child == 0:
    os._exit(0 if digest(native, sized_cases()) == before else 1)
_, status = os.waitpid(child, 0)
print(os.waitstatus_to_exitcode(status), native.config()["threads"])
"""
    assert run_python(program, HERE, OMP_NUM_THREADS="2").split() == ["0", "2"]


def digest(native: ModuleType, cases: list[ElmanCase]) -> str:
    """Return the SHA-256 of all results of some cases."""
    hashed = hashlib.sha256()
    for case in cases:
        for name, array in results(native, case).items():
            hashed.update(f"{name} {array.shape} {array.dtype}".encode())
            hashed.update(np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<")))
    return hashed.hexdigest()


def whole_numbers_case(sizes: Sizes, dtype: np.dtype, phi: str, ragged: bool) -> ElmanCase:
    """Return a case whose numbers come from integers alone, the same wherever they are made."""
    start = 0

    def numbers(*shape: int) -> Array:
        nonlocal start
        n = np.arange(start, start + np.prod(shape, dtype=int), dtype=np.uint64)
        start += n.size
        mixed = (n + 1) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(31)
        bits = (mixed * np.uint64(0xBF58476D1CE4E5B9)) >> np.uint64(40)
        return (bits.astype(np.float64) * 2.0**-23 - 1).astype(dtype).reshape(shape)

    T, N, inputs, H = sizes
    case = elman_case(np.random.default_rng(0), Sizes(1, 1, 1, 1), dtype, phi)
    scale = dtype.type(2.0 ** -np.ceil(np.log2(H) / 2))
    return case._replace(
        weights=case.weights._replace(
            weight_ih=numbers(H, inputs) * scale,
            weight_hh=numbers(H, H) * scale,
            bias_ih=numbers(H) * scale,
            bias_hh=numbers(H) * scale,
        ),
        x=numbers(T, N, inputs),
        h_0=numbers(N, H),
        lengths=np.arange(N) * 7 % (T + 1) if ragged else None,
        reverse=ragged,
        d_output=numbers(T, N, H),
        d_h_n=numbers(N, H),
    )


def whole_numbers_cases() -> list[ElmanCase]:
    sizes = [(70, 1, 5, 8), (4, 3, 33, 31), (3, 14, 40, 70), (5, 2, 270, 129), (2, 7, 9, 257)]
    sizes += [(2, 1, 3, 513), (2, 2, 600, 20)]
    dtypes = (FLOAT32, FLOAT64)
    return [
        whole_numbers_case(Sizes(*size), dtype, "relu" if i % 3 == 1 else "tanh", i % 2 == 0)
        for i, size in enumerate(sizes)
        for dtype in dtypes
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


PINNED = {1: "cd6bdcde19dfdbd4a305542c48db387ec7f90a6539dbd990a505753868a8d022"}
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
