"""elman.Generator draws what torch's generator draws, bit for bit, and as much of it."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from strategies import FLOAT32, FLOAT64, dtypes, seeds

import elman
from elman import Generator
from elman._random import default_generator
from elman.kernels import dropout_mask

# From 16 on torch fills some distributions several numbers at a time.
counts = st.one_of(st.integers(0, 40), st.sampled_from([15, 16, 17, 100, 1000]))
probabilities = st.sampled_from([0.1, 1 / 3, 0.5, 0.9])


def torch_generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def torch_uniform(generator: torch.Generator, shape: Any, bound: float, dtype: Any) -> np.ndarray:
    numbers = torch.empty(shape, dtype=getattr(torch, dtype.name))
    return numbers.uniform_(-bound, bound, generator=generator).numpy()


@given(
    seed=seeds,
    draws=st.lists(st.tuples(counts, dtypes, st.floats(1e-3, 1e3)), min_size=1, max_size=4),
)
def test_uniform_numbers_are_torchs_bit_for_bit(
    seed: int, draws: list[tuple[int, Any, float]]
) -> None:
    """One draw after another, of any sizes and dtypes: each takes as many words as torch's."""
    ours, theirs = Generator(seed), torch_generator(seed)
    for n, dtype, bound in draws:
        expected = torch_uniform(theirs, (n,), bound, dtype)
        np.testing.assert_array_equal(ours.uniform((n,), bound, dtype), expected, strict=True)


@given(seed=seeds, shape=st.lists(st.integers(0, 6), max_size=3).map(tuple), dtype=dtypes)
def test_uniform_numbers_fill_arrays_in_row_major_order(
    seed: int, shape: tuple[int, ...], dtype: Any
) -> None:
    expected = torch_uniform(torch_generator(seed), shape, 1.0, dtype)
    np.testing.assert_array_equal(Generator(seed).uniform(shape, 1.0, dtype), expected, strict=True)


@pytest.mark.parametrize("dtype", [FLOAT32, FLOAT64], ids=str)
def test_many_uniform_numbers_are_torchs_too(dtype: Any) -> None:
    """They are drawn in blocks of 2¹⁶."""
    shape = (3, 2**16 - 5)
    expected = torch_uniform(torch_generator(5), shape, 0.5, dtype)
    np.testing.assert_array_equal(Generator(5).uniform(shape, 0.5, dtype), expected, strict=True)


@pytest.mark.parametrize("dtype", [FLOAT32, FLOAT64], ids=str)
def test_uniform_numbers_lie_within_the_bound(dtype: Any) -> None:
    numbers = Generator(0).uniform((100_000,), 0.25, dtype)
    assert -0.25 <= numbers.min() < -0.2499
    assert 0.2499 < numbers.max() < 0.25
    # The mean of n numbers of variance bound² / 3 is within four of its deviations.
    assert abs(numbers.mean(dtype=np.float64)) < 4 * 0.25 / np.sqrt(3 * 100_000)


@given(seed=seeds, draws=st.lists(st.tuples(counts, dtypes, probabilities), min_size=1, max_size=4))
def test_dropout_masks_are_torchs_bit_for_bit(
    seed: int, draws: list[tuple[int, Any, float]]
) -> None:
    ours = Generator(seed)
    torch.manual_seed(seed)
    for n, dtype, p in draws:
        ones = torch.ones(n, dtype=getattr(torch, dtype.name))
        expected = torch.nn.functional.dropout(ones, p).numpy()
        np.testing.assert_array_equal(
            dropout_mask(ours.bits, (n,), p, dtype), expected, strict=True
        )
    np.testing.assert_array_equal(ours.uniform((3,), 0.5, FLOAT32) + 0.5, torch.rand(3).numpy())


@pytest.mark.parametrize("dtype", [FLOAT32, FLOAT64], ids=str)
@pytest.mark.parametrize("p", [0.0, 1.0])
def test_a_certain_mask_takes_no_random_number(dtype: Any, p: float) -> None:
    """As in torch, where all is kept or all is dropped."""
    ours = Generator(7)
    torch.manual_seed(7)
    expected = torch.nn.functional.dropout(torch.ones(4, 5, dtype=getattr(torch, dtype.name)), p)
    mask = dropout_mask(ours.bits, (4, 5), p, dtype)
    np.testing.assert_array_equal(mask, expected.numpy(), strict=True)
    np.testing.assert_array_equal(ours.uniform((3,), 0.5, FLOAT32) + 0.5, torch.rand(3).numpy())


@given(seed=seeds, draws=st.lists(st.tuples(counts, dtypes), min_size=1, max_size=5))
def test_normal_numbers_are_torchs_within_rounding(seed: int, draws: list[tuple[int, Any]]) -> None:
    """And take as many words: fewer than 16 are drawn in pairs, and what is over is kept.

    Logarithms, roots and cosines round otherwise: 4e-6 and 1e-14 of numbers below 10.
    """
    ours = Generator(seed)
    theirs = torch_generator(seed)
    for n, dtype in draws:
        expected = torch.empty(n, dtype=getattr(torch, dtype.name)).normal_(generator=theirs)
        numbers = ours.normal((n,), dtype)
        assert numbers.dtype == dtype
        atol = 4e-6 if dtype == FLOAT32 else 1e-14
        np.testing.assert_allclose(numbers, expected.numpy(), rtol=0, atol=atol)
    expected = torch_uniform(theirs, (3,), 1.0, FLOAT64)
    np.testing.assert_array_equal(ours.uniform((3,), 1.0, FLOAT64), expected)


def test_seeding_again_forgets_the_normal_number_left_over() -> None:
    """A copy does not: it goes on with it."""
    generator = Generator(3)
    first = generator.normal((3,), FLOAT64)
    fourth = copy.deepcopy(generator).normal((1,), FLOAT64)
    np.testing.assert_array_equal(generator.normal((1,), FLOAT64), fourth)
    generator.manual_seed(3)
    np.testing.assert_array_equal(generator.normal((3,), FLOAT64), first)
    np.testing.assert_array_equal(generator.manual_seed(3).normal((4,), FLOAT64), [*first, *fourth])


# ---- seeds ---------------------------------------------------------------------------------------


def draw(generator: Generator) -> list[float]:
    return generator.uniform((5,), 1.0, FLOAT64).tolist()


@given(seed=st.integers(0, 2**32 - 1), turns=st.integers(-(2**31), 2**31))
def test_seeds_act_modulo_2_to_the_32(seed: int, turns: int) -> None:
    assert draw(Generator(seed + turns * 2**32)) == draw(Generator(seed))


def test_different_seeds_give_different_numbers() -> None:
    assert len({tuple(draw(Generator(seed))) for seed in range(100)}) == 100


def test_seeding_again_starts_the_stream_again() -> None:
    generator = Generator(3)
    first, second = draw(generator), draw(generator)
    assert first != second
    assert generator.manual_seed(np.int64(3)) is generator
    assert (draw(generator), draw(generator)) == (first, second)


def test_without_a_seed_each_generator_is_another() -> None:
    unseeded = Generator()
    assert draw(unseeded) != draw(Generator())
    assert draw(unseeded) != draw(unseeded)


def test_manual_seed_seeds_the_default_generator() -> None:
    assert elman.manual_seed(5) is default_generator
    assert draw(default_generator) == draw(Generator(5))


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda g: pickle.loads(pickle.dumps(g))])
def test_a_copy_goes_on_from_the_same_position_alone(duplicate: Any) -> None:
    generator = Generator(3)
    draw(generator)
    twin = duplicate(generator)
    assert draw(twin) == draw(generator)
    draw(twin)
    assert draw(twin) != draw(generator)


@pytest.mark.parametrize("seed", [2**64, -(2**63) - 1])
def test_a_seed_out_of_torchs_range_is_an_error(seed: int) -> None:
    for seeded in (Generator, elman.manual_seed, Generator(0).manual_seed):
        with pytest.raises(ValueError, match=r"^seed: expected .*-2\*\*63, 2\*\*64 - 1.*got -?\d+"):
            seeded(seed)
    with pytest.raises(ValueError, match="Overflow"):
        torch.manual_seed(seed)


@pytest.mark.parametrize("seed", [1.5, "1"])
def test_a_seed_that_is_no_integer_is_an_error_and_changes_nothing(seed: Any) -> None:
    generator = Generator(3)
    with pytest.raises(TypeError, match=r"^seed: expected an int, got (float|str)"):
        generator.manual_seed(seed)
    assert draw(generator) == draw(Generator(3))


def test_a_generator_is_seeded_before_it_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that draws while another seeds would read beyond a state that is half written."""
    generator, seen = Generator(1), []
    before = generator.bits

    numpys = np.random.MT19937

    class MT19937(numpys):  # whose name NumPy looks at
        @property
        def state(self) -> Any:
            return super().state

        @state.setter
        def state(self, value: Any) -> None:
            seen.append(generator.bits)
            numpys.state.__set__(self, value)

    monkeypatch.setattr(np.random, "MT19937", MT19937)
    generator.manual_seed(2)
    assert seen == [before]
    monkeypatch.undo()
    np.testing.assert_array_equal(
        generator.uniform((3,), 0.5, FLOAT32), Generator(2).uniform((3,), 0.5, FLOAT32)
    )
