"""nn.init draws and fills as torch.nn.init's namesakes do after the same seed.

Uniform draws differ by a rounding. Normal ones go through logarithms, roots and cosines that are
not the same to the last bit, and orthogonal matrices through another QR decomposition.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from strategies import FLOAT32, FLOAT64, Array, dtypes, seeds

import elman
from elman import nn
from elman.nn import init

sizes = st.one_of(st.integers(1, 9), st.sampled_from([15, 16, 17, 31, 64]))
matrices = st.tuples(sizes, sizes)
shapes = st.one_of(matrices, st.tuples(sizes), st.tuples(st.integers(1, 5), sizes, sizes))
gains = st.sampled_from([0.5, 1.0, 5 / 3, math.sqrt(2)])
numbers = st.floats(-3, 3)
kaiming = st.fixed_dictionaries(
    {
        "a": st.sampled_from([0.0, 0.1, math.sqrt(5)]),
        "mode": st.sampled_from(["fan_in", "fan_out"]),
        "nonlinearity": st.sampled_from(["leaky_relu", "relu", "tanh", "linear"]),
    }
)
ranges = st.tuples(numbers, numbers).map(sorted).map(lambda ab: {"a": ab[0], "b": ab[1]})
moments = st.fixed_dictionaries({"mean": numbers, "std": st.floats(0, 3)})
gain = gains.map(lambda g: {"gain": g})
nothing = st.just({})

OPTIONS: dict[str, tuple[Any, Any]] = {
    "uniform": (shapes, ranges),
    "normal": (shapes, moments),
    "constant": (shapes, numbers.map(lambda v: {"val": v})),
    "zeros": (shapes, nothing),
    "ones": (shapes, nothing),
    "eye": (matrices, nothing),
    "xavier_uniform": (matrices, gain),
    "xavier_normal": (matrices, gain),
    "kaiming_uniform": (matrices, kaiming),
    "kaiming_normal": (matrices, kaiming),
    "orthogonal": (matrices, gain),
}
DRAWN = [n for n in OPTIONS if n not in ("constant", "zeros", "ones", "eye")]


def zeros(*shape: int, dtype: Any = FLOAT32) -> Array:
    return np.zeros(shape, dtype)


def in_torch(name: str, like: Array, **options: Any) -> Array:
    tensor = torch.empty(like.shape, dtype=getattr(torch, like.dtype.name))
    return getattr(torch.nn.init, f"{name}_")(tensor, **options).numpy()


def tolerance(name: str, expected: Array, options: dict[str, Any]) -> float:
    """Return how far two values may lie apart, relative to the largest there can be."""
    largest = max([1.0, *(abs(v) for v in options.values() if isinstance(v, float))])
    if name == "orthogonal":  # a QR decomposition of n columns: n eps, times its condition
        return float(100 * max(expected.shape) * np.finfo(expected.dtype).eps * largest)
    return float((1e-6 if expected.dtype == FLOAT32 else 1e-14) * 4 * largest)


@given(
    draws=st.lists(
        st.sampled_from(list(OPTIONS)).flatmap(
            lambda name: st.tuples(st.just(name), *OPTIONS[name], dtypes)
        ),
        min_size=1,
        max_size=5,
    ),
    seed=seeds,
    own=st.booleans(),
)
def test_values_are_torchs_after_the_same_seed(draws: Any, seed: int, own: bool) -> None:
    """One after another, of any shapes and dtypes: each draws as much as torch's does.

    Of fewer than 16 values torch draws normal ones in pairs and keeps what is over for the next.
    """
    generator = elman.Generator(seed) if own else elman.manual_seed(seed)
    torch.manual_seed(seed)
    for name, shape, options, dtype in draws:
        like = np.full(shape, 7, dtype)
        with_generator = {"generator": generator} if own and name in DRAWN else {}
        values = getattr(init, name)(like, **options, **with_generator)
        expected = in_torch(name, like, **options)
        assert values.dtype == dtype
        assert values.flags.writeable
        assert values.flags.c_contiguous
        if name == "orthogonal" and min(shape) == max(shape):
            # A square matrix's last column hangs on the small remainder of the others.
            check_orthogonal(values, options["gain"])
        else:
            atol = tolerance(name, expected, options)
            np.testing.assert_allclose(values, expected, rtol=0, atol=atol, err_msg=name)
        assert (like == 7).all()
    drawn = generator.uniform((2,), 1.0, FLOAT64)
    expected = torch.empty(2, dtype=torch.float64).uniform_(-1, 1).numpy()
    np.testing.assert_array_equal(drawn, expected)


def check_orthogonal(values: Array, gain: float) -> None:
    """Hold that the rows or columns, whichever are fewer, are orthonormal but for `gain`."""
    rows, columns = values.shape
    v = values.astype(np.float64)
    product = v @ v.T if rows < columns else v.T @ v
    atol = 20 * max(rows, columns) * np.finfo(values.dtype).eps * gain**2
    np.testing.assert_allclose(product, gain**2 * np.eye(len(product)), rtol=0, atol=atol)


@given(shape=matrices, gain=gains, dtype=dtypes, seed=seeds)
def test_orthogonal_matrices_are_orthogonal(
    shape: tuple[int, int], gain: float, dtype: Any, seed: int
) -> None:
    values = init.orthogonal(zeros(*shape, dtype=dtype), gain, elman.Generator(seed))
    assert values.shape == shape
    check_orthogonal(values, gain)


@pytest.mark.parametrize("shape", [(20, 20), (33, 20), (5, 33), (1, 1)])
@pytest.mark.parametrize("seed", range(5))
def test_orthogonal_matrices_are_torchs(shape: tuple[int, int], seed: int) -> None:
    """In float64, where the last column of a square one is sure as well."""
    elman.manual_seed(seed)
    torch.manual_seed(seed)
    like = zeros(*shape, dtype=FLOAT64)
    np.testing.assert_allclose(
        init.orthogonal(like), in_torch("orthogonal", like), rtol=0, atol=1e-11
    )


@pytest.mark.parametrize("dtype", [FLOAT32, FLOAT64], ids=str)
@pytest.mark.parametrize("n", [1, 2, 3, 7, 8, 15, 16, 17, 31, 32, 33, 100, 1000])
def test_normal_numbers_are_torchs_for_any_count(n: int, dtype: Any) -> None:
    """Three times in a row, with a uniform draw between."""
    elman.manual_seed(2**40 + n)
    torch.manual_seed(2**40 + n)
    for _ in range(3):
        expected = in_torch("normal", zeros(n, dtype=dtype))
        atol = 4e-6 if dtype == FLOAT32 else 1e-14
        np.testing.assert_allclose(init.normal(zeros(n, dtype=dtype)), expected, rtol=0, atol=atol)
        expected = in_torch("uniform", zeros(3, dtype=dtype))
        np.testing.assert_array_equal(init.uniform(zeros(3, dtype=dtype)), expected)


def test_normal_numbers_have_their_moments() -> None:
    """Within four deviations of each, for 100,000 numbers."""
    values = init.normal(zeros(100_000), 2.0, 3.0, elman.Generator(0)).astype(np.float64)
    assert abs(values.mean() - 2) < 4 * 3 / math.sqrt(100_000)
    assert abs(values.std() - 3) < 4 * 3 / math.sqrt(2 * 100_000)


@pytest.mark.parametrize("name", DRAWN)
def test_a_generator_of_its_own_leaves_the_global_one_alone(name: str) -> None:
    draw: Callable[..., Array] = getattr(init, name)
    elman.manual_seed(3)
    expected = draw(zeros(4, 6))
    elman.manual_seed(5)
    np.testing.assert_array_equal(draw(zeros(4, 6), generator=elman.Generator(3)), expected)
    drawn = init.uniform(zeros(2))
    elman.manual_seed(5)
    np.testing.assert_array_equal(init.uniform(zeros(2)), drawn)


def test_values_can_be_assigned() -> None:
    """As the module's documentation says, gate by gate."""
    lstm = nn.LSTM(3, 4)
    gates = np.split(lstm.weight_hh_l0, 4)
    lstm.weight_hh_l0 = np.concatenate([init.orthogonal(gate) for gate in gates])
    for gate in np.split(lstm.weight_hh_l0, 4):
        check_orthogonal(gate, 1.0)


@pytest.mark.parametrize("dtype", [FLOAT32, FLOAT64], ids=str)
@pytest.mark.parametrize("value", [1.0, 0.0, -2.5])
def test_the_forget_gates_bias_is_set_alone(value: float, dtype: Any) -> None:
    """The second of four gates i, f, g, o; the LSTM then forgets as that bias says."""
    bias = np.arange(12, dtype=dtype)
    bias.flags.writeable = False
    new = init.forget_gate_bias(bias, value)
    assert new.dtype == dtype
    expected = [0, 1, 2, value, value, value, 6, 7, 8, 9, 10, 11]
    np.testing.assert_array_equal(new, np.array(expected, dtype), strict=True)
    np.testing.assert_array_equal(init.forget_gate_bias(bias), init.forget_gate_bias(bias, 1.0))

    lstm = nn.LSTM(2, 3, dtype=dtype)
    for name, parameter in list(lstm.named_parameters()):
        setattr(lstm, name, np.zeros_like(parameter))
    lstm.bias_ih_l0 = init.forget_gate_bias(lstm.bias_ih_l0, value)
    c_0 = np.ones((1, 1, 3), dtype)
    _, (_, c_n) = lstm(np.zeros((1, 1, 2), dtype), (np.zeros_like(c_0), c_0))
    np.testing.assert_allclose(c_n, 1 / (1 + math.exp(-value)), rtol=1e-6)


MATRIX_ALONE = [n for n in OPTIONS if OPTIONS[n][0] is matrices]


@pytest.mark.parametrize("name", MATRIX_ALONE)
@pytest.mark.parametrize("shape", [(), (4,), (2, 3, 4)])
def test_matrices_alone_have_two_axes(name: str, shape: tuple[int, ...]) -> None:
    """And of what is refused nothing is drawn."""
    elman.manual_seed(3)
    with pytest.raises(ValueError, match=rf"^like: expected a matrix, 2-D, got {len(shape)}-D"):
        getattr(init, name)(zeros(*shape))
    np.testing.assert_array_equal(
        init.uniform(zeros(2)), init.uniform(zeros(2), generator=seed_3())
    )
    if shape == (4,):
        with pytest.raises(ValueError):  # noqa: PT011 torch's words are its own
            in_torch(name, zeros(*shape))


def seed_3() -> elman.Generator:
    return elman.Generator(3)


@pytest.mark.parametrize("name", ["kaiming_uniform", "kaiming_normal"])
@pytest.mark.parametrize("options", [{"mode": "fan"}, {"nonlinearity": "gelu"}, {"mode": None}])
def test_a_wrong_choice_is_refused(name: str, options: dict[str, Any]) -> None:
    ((argument, value),) = options.items()
    with pytest.raises(
        ValueError, match=rf"^{argument}: expected 'fan_in' or |^{argument}: .* got {value!r}"
    ):
        getattr(init, name)(zeros(3, 4), **options)
    with pytest.raises(ValueError if value else (ValueError, AttributeError)):
        in_torch(name, zeros(3, 4), **options)


@pytest.mark.parametrize("shape", [(), (6,), (4, 2), (0, 4)])
def test_a_forget_gate_needs_a_bias_of_four_gates(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"^bias: expected shape \(4·H,\) of an LSTM, got \("):
        init.forget_gate_bias(zeros(*shape))
