"""Linear layers on both sides of the kernels: values, gradients, and bits that nothing changes."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import FLOAT32, FLOAT64, Array, dtypes, generators, widths
from threadpoolctl import threadpool_limits

from elman.kernels import reference

rows = st.one_of(st.integers(0, 9), st.sampled_from([47, 48, 49, 255, 256, 257, 600]))


class Case:
    """A linear layer of K inputs and n outputs, M rows, and the gradient of their outputs."""

    def __init__(
        self, generator: np.random.Generator, M: int, K: int, n: int, dtype: Any, bias: bool = True
    ) -> None:
        def normal(*shape: int) -> Array:
            return generator.standard_normal(shape).astype(dtype)

        self.weight, self.bias = normal(n, K), normal(n) if bias else None
        self.x, self.d_y = normal(M, K), normal(M, n)

    def results(self, side: ModuleType, rows: Any = slice(None)) -> list[Array]:
        """Return y, d_x, d_weight and d_bias, if there is one, of some rows."""
        layer = side.linear(self.weight, self.bias)
        x, d_y = self.x[rows], self.d_y[rows]
        found = [layer.run(x), *layer.backward(x, d_y)]
        return [array for array in found if array is not None]


cases = st.builds(Case, generators, rows, widths, widths, dtypes, st.booleans())


@given(case=cases)
def test_values_and_gradients_are_those_in_float64(side: ModuleType, case: Case) -> None:
    """Within λ √n u times the sums of absolute terms; see test_values_and_gradients.py."""
    x, w, d_y = (a.astype(FLOAT64) for a in (case.x, case.weight, case.d_y))
    b = 0 if case.bias is None else case.bias.astype(FLOAT64)
    expected = [x @ w.T + b, d_y @ w, d_y.T @ x, d_y.sum(axis=0)]
    x, w, d_y, b = (np.abs(a) for a in (x, w, d_y, b))
    terms = [x @ w.T + b, d_y @ w, d_y.T @ x, d_y.sum(axis=0)]
    M, K, n = len(x), len(w.T), len(w)
    eps = np.finfo(case.x.dtype).eps
    found = case.results(side)
    assert len(found) == (3 if case.bias is None else 4)
    for actual, exact, sums, count in zip(found, expected, terms, (K, n, M, M), strict=False):
        assert actual.dtype == case.x.dtype
        tolerance = 4 * np.sqrt(count + 1) * eps * sums + np.finfo(case.x.dtype).tiny
        assert (np.abs(actual - exact) <= tolerance).all()


@given(case=cases, data=st.data())
def test_a_rows_bits_are_the_same_in_any_batch(
    native: ModuleType, case: Case, data: st.DataObject
) -> None:
    M = len(case.x)
    y, d_x = case.results(native)[:2]
    some = data.draw(st.lists(st.integers(0, max(0, M - 1)), max_size=M))
    part = case.results(native, np.array(some, int))
    np.testing.assert_array_equal(part[0], y[some])
    np.testing.assert_array_equal(part[1], d_x[some])


@pytest.mark.parametrize("dtype", [FLOAT32, FLOAT64])
@pytest.mark.parametrize(("M", "K", "n"), [(700, 300, 70), (3, 900, 1100), (5000, 64, 9)])
def test_threads_and_running_again_change_no_bit(
    native: ModuleType, dtype: Any, M: int, K: int, n: int
) -> None:
    case = Case(np.random.default_rng(0), M, K, n, dtype)
    with threadpool_limits(1, user_api="openmp"):
        expected = case.results(native)
    for threads in (1, 2, 3):
        with threadpool_limits(threads, user_api="openmp"):
            for found, value in zip(case.results(native), expected, strict=True):
                np.testing.assert_array_equal(found, value)


def test_strides_between_rows_are_taken(native: ModuleType) -> None:
    case = Case(np.random.default_rng(0), 40, 6, 5, FLOAT32)
    expected = case.results(native, slice(None, None, 2))
    copies = Case(np.random.default_rng(0), 40, 6, 5, FLOAT32)
    copies.x, copies.d_y = case.x[::2].copy(), case.d_y[::2].copy()
    for found, value in zip(copies.results(native), expected, strict=True):
        np.testing.assert_array_equal(found, value)


def test_what_needs_a_conversion_is_declined(native: ModuleType) -> None:
    case = Case(np.random.default_rng(0), 4, 6, 5, FLOAT32)
    layer = native.linear(case.weight, case.bias)
    x = case.x
    for other in (None, x.astype(FLOAT64), x[:, :5], x[0], np.asfortranarray(x), x.tolist()):
        assert layer.run(other) is None
        assert layer.backward(other, case.d_y) is None
    for other in (None, case.d_y[:3], case.d_y.astype(FLOAT64)):
        assert layer.backward(x, other) is None
    with pytest.raises(ValueError, match="bias"):
        native.linear(case.weight, case.bias[:3].copy())
    with pytest.raises(ValueError, match="weight"):
        native.linear(np.asfortranarray(case.weight), case.bias)


def test_the_references_gradients_are_finite_differences() -> None:
    """A linear layer's differences have no error but rounding."""
    case = Case(np.random.default_rng(0), 7, 5, 4, FLOAT64)
    _, d_x, d_weight, d_bias = case.results(reference)
    generator = np.random.default_rng(1)
    by = [generator.standard_normal(a.shape) for a in (case.x, case.weight, case.bias)]

    def project(step: float) -> float:
        layer = reference.linear(case.weight + step * by[1], case.bias + step * by[2])
        return float(np.vdot(case.d_y, layer.run(case.x + step * by[0])))

    slope = project(0.5) - project(-0.5)
    found = sum(map(np.vdot, (d_x, d_weight, d_bias), by))
    assert found == pytest.approx(slope, rel=1e-12)
