"""Batches: each sequence once, little padding, and no order favoured."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.train import bucket_batches


def padding(lengths: Any, batches: list[Any]) -> float:
    """Return the share of padded frames."""
    padded = sum(len(batch) * lengths[batch].max() for batch in batches)
    return 1 - lengths.sum() / padded


@given(
    lengths=st.lists(st.integers(0, 50), min_size=1, max_size=60),
    batch_size=st.integers(1, 70),
    seed=st.integers(0, 2**32 - 1),
    noise=st.sampled_from([0.0, 0.1, 1.0]),
)
def test_every_sequence_is_in_one_batch_once(
    lengths: list[int], batch_size: int, seed: int, noise: float
) -> None:
    random = np.random.RandomState(seed)
    batches = bucket_batches(np.array(lengths), batch_size, random, noise=noise)
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(lengths)))
    sizes = sorted(len(batch) for batch in batches)
    full, rest = divmod(len(lengths), batch_size)
    assert sizes == [rest] * (rest > 0) + [batch_size] * full


def test_batches_hold_sequences_of_similar_length() -> None:
    random = np.random.RandomState(0)
    lengths = random.randint(1, 1000, 1000)
    shuffled = np.split(random.permutation(1000), np.arange(20, 1000, 20))
    assert padding(lengths, bucket_batches(lengths, 20, random)) < 0.12
    assert padding(lengths, bucket_batches(lengths, 20, random, noise=0)) < 0.03
    assert padding(lengths, shuffled) > 0.4


def test_batches_are_not_in_order_of_length_and_differ_between_epochs() -> None:
    random = np.random.RandomState(0)
    lengths = np.arange(200)
    epochs = [bucket_batches(lengths, 10, random) for _ in range(50)]
    firsts = [batches[0].mean() for batches in epochs]
    assert abs(np.corrcoef(np.arange(20), [b.mean() for b in epochs[0]])[0, 1]) < 0.9
    assert min(firsts) < 50
    assert max(firsts) > 150
    # The same sequences do not always meet.
    met = {frozenset(batch.tolist()) for batches in epochs for batch in batches}
    assert len(met) > 800


def test_the_short_batch_is_not_always_the_longest_sequences() -> None:
    random = np.random.RandomState(0)
    lengths = np.arange(25)
    short = [min(bucket_batches(lengths, 10, random), key=len).mean() for _ in range(40)]
    assert min(short) < 4
    assert max(short) > 20


@pytest.mark.parametrize("noise", [0.0, 0.1])
def test_equal_lengths_are_divided_in_every_way_alike(noise: float) -> None:
    random = np.random.RandomState(0)
    counts = np.zeros((6, 6))
    n = 3000
    for _ in range(n):
        order = np.concatenate(bucket_batches(np.full(6, 9), 2, random, noise=noise))
        counts[np.arange(6), order] += 1
    # Each sequence is at each place in a sixth of the epochs; five standard deviations.
    assert np.abs(counts - n / 6).max() < 5 * np.sqrt(n * 5 / 36)


def test_random_is_the_only_source_of_randomness() -> None:
    lengths = np.arange(40) % 7
    for make in (np.random.RandomState, np.random.default_rng):
        one, same, other = (bucket_batches(lengths, 6, make(seed)) for seed in (1, 1, 2))
        for a, b in zip(one, same, strict=True):
            np.testing.assert_array_equal(a, b)
        assert any(len(a) != len(b) or (a != b).any() for a, b in zip(one, other, strict=True))


def test_sizes_and_noise_are_checked() -> None:
    random = np.random.RandomState(0)
    with pytest.raises(ValueError, match="batch_size: expected an int greater than zero, got 0"):
        bucket_batches(np.ones(3, int), 0, random)
    with pytest.raises(ValueError, match=r"noise: expected a number in \[0, 1\], got 2"):
        bucket_batches(np.ones(3, int), 1, random, noise=2)


def test_a_seed_for_random_is_told() -> None:
    with pytest.raises(TypeError, match=r"random: .* got 3 \(int\); pass .*default_rng\(3\)"):
        bucket_batches(np.ones(3, int), 1, 3)  # type: ignore[arg-type]
