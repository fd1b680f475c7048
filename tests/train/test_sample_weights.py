"""How much a sequence counts: alike in whatever batch it is, and at whatever scale weights are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from elman import nn
from elman.train import Adam, cross_entropy, fit

LENGTHS = [4, 1, 6, 3, 3, 5, 2]
TARGETS = np.array([0, 1, 1, 0, 1, 0, 1])
WEIGHTS = np.array([1, 2, 0.5, 1, 3, 1, 0.125])


def trained(network: nn.Network, x: Any, y: Any, **options: Any) -> tuple[Any, dict[str, Any]]:
    """Return the loss curve and the parameters after three epochs."""
    defaults: dict[str, Any] = {"batch_size": 2, "max_iter": 3, "random": np.random.RandomState(0)}
    result = fit(network, x, y, cross_entropy, Adam(lr=0.01), **defaults | options)
    return result.loss_curve, network.state_dict()


def assert_close(one: dict[str, Any], other: dict[str, Any], rtol: float = 1e-9) -> None:
    for name, value in one.items():
        np.testing.assert_allclose(value, other[name], rtol=rtol, atol=1e-13, err_msg=name)


class Recorder(Adam):
    """Adam that keeps the gradients it is given, and changes nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[dict[str, Any]] = []

    def update(self, parameters: Any, gradients: Any) -> Any:
        self.seen.append(dict(gradients))
        return dict(parameters)


@pytest.mark.parametrize("batch_size", [1, 2, 3, 7])
@pytest.mark.parametrize("alpha", [0.0, 0.3])
def test_batches_of_an_epoch_add_up_to_the_weighted_mean_of_all(
    make: Any, draw: Any, batch_size: int, alpha: float
) -> None:
    network, x = make(), draw(LENGTHS)
    start = network.state_dict()
    each = [network.vjp(sequence[None]) for sequence in x]
    losses = [cross_entropy(output, [y]) for (output, _), y in zip(each, TARGETS, strict=True)]
    matrices = {name: value for name, value in start.items() if "weight" in name}
    batches = -(-7 // batch_size)
    penalty = alpha / (7 * WEIGHTS.mean())  # of each batch, times its share of the epoch
    expected_loss = sum(w * loss for w, (loss, _) in zip(WEIGHTS, losses, strict=True))
    expected_loss = expected_loss / WEIGHTS.sum() + batches * penalty / 2 * sum(
        (matrix**2).sum() for matrix in matrices.values()
    )

    optimizer = Recorder()
    result = fit(network, x, TARGETS, cross_entropy, optimizer, random=np.random.RandomState(0),
                 sample_weight=WEIGHTS, batch_size=batch_size, shuffle=False, alpha=alpha,
                 max_iter=1)  # fmt: skip
    np.testing.assert_allclose(result.loss_curve, [expected_loss], rtol=1e-12)
    sizes = [len(TARGETS[i : i + batch_size]) for i in range(0, 7, batch_size)]
    for name, value in start.items():
        of_each = [
            backward(d_output).parameters[name]
            for (_, backward), (_, d_output) in zip(each, losses, strict=True)
        ]
        expected = sum(w * g for w, g in zip(WEIGHTS, of_each, strict=True)) / WEIGHTS.sum()
        expected = expected + batches * penalty * (value if name in matrices else 0)
        got = sum(N / 7 * seen[name] for N, seen in zip(sizes, optimizer.seen, strict=True))
        np.testing.assert_allclose(got, expected, rtol=1e-10, atol=1e-14, err_msg=name)


@pytest.mark.parametrize("batch_size", [1, 16, 80])
def test_sequences_of_little_weight_are_not_learnt_though_their_length_is_their_own(
    make: Any, batch_size: int
) -> None:
    """Those of 12 steps say the contrary of those of 8, and fill batches of their own."""
    random = np.random.default_rng(0)
    lengths = np.repeat([8, 12], 40)
    signs = random.choice([-1.0, 1.0], 80)
    x = [
        np.full((T, 3), s) + 0.1 * random.normal(size=(T, 3))
        for T, s in zip(lengths, signs, strict=True)
    ]
    y = np.where(lengths == 8, signs > 0, signs < 0).astype(int)
    network = make()
    fit(network, x, y, cross_entropy, Adam(lr=0.01), random=random, batch_size=batch_size,
        sample_weight=np.where(lengths == 8, 1, 1e-6), max_iter=4 * batch_size + 20,
        n_iter_no_change=np.inf)  # fmt: skip
    right = network.predict(x).argmax(axis=1) == y
    assert right[lengths == 8].all()
    assert not right[lengths == 12].any()


def test_a_batch_of_one_sequence_is_weighted_too(make: Any, draw: Any) -> None:
    x = draw(LENGTHS)
    _, plain = trained(make(), x, TARGETS, batch_size=1)
    _, weighted = trained(make(), x, TARGETS, batch_size=1, sample_weight=WEIGHTS)
    assert np.abs(plain["head.weight"] - weighted["head.weight"]).max() > 1e-4


def test_equal_weights_change_no_bit(make: Any, draw: Any) -> None:
    x = draw(LENGTHS)
    losses, plain = trained(make(), x, TARGETS, alpha=0.0)
    for weight in (1, 0.1, 3.0, 1e-300, 1e300, 5e-324):
        same, weighted = trained(make(), x, TARGETS, sample_weight=np.full(7, weight))
        assert same == losses
        for name, value in plain.items():
            np.testing.assert_array_equal(weighted[name], value, err_msg=name)


@pytest.mark.parametrize("scale", [1e-300, 0.1, 1e300])
def test_the_scale_of_weights_does_not_matter(make: Any, draw: Any, scale: float) -> None:
    x = draw(LENGTHS)
    options = {"sample_weight": WEIGHTS, "clip_norm": 0.5}
    losses, expected = trained(make(), x, TARGETS, **options)
    options["sample_weight"] = WEIGHTS * scale
    same, scaled = trained(make(), x, TARGETS, **options)
    np.testing.assert_allclose(same, losses, rtol=1e-12)
    assert_close(scaled, expected)


def test_an_integer_weight_is_as_many_copies_the_penalty_included(make: Any, draw: Any) -> None:
    """Twice the weight is the sequence twice, if one batch holds all."""
    x, options = draw(LENGTHS), {"batch_size": 20, "alpha": 0.5}
    times = np.array([2, 1, 0, 3, 2, 1, 2])
    rows = np.repeat(np.arange(7), times)
    losses, weighted = trained(make(), x, TARGETS, sample_weight=times, **options)
    copies = [x[row] for row in rows]
    expected_losses, expected = trained(make(), copies, TARGETS[rows], **options)
    np.testing.assert_allclose(losses, expected_losses, rtol=1e-12)
    assert_close(weighted, expected)
    _, doubled = trained(make(), x, TARGETS, sample_weight=2 * times, **options)
    assert np.abs(doubled["head.weight"] - weighted["head.weight"]).max() > 1e-6


def test_a_weight_of_zero_is_no_sequence_in_batches_of_any_size(make: Any, draw: Any) -> None:
    x, kept = draw(LENGTHS), np.flatnonzero(WEIGHTS > 0.5)
    weights = np.where(WEIGHTS > 0.5, WEIGHTS, 0)
    for batch_size in (1, 2, 7):
        options = {"batch_size": batch_size, "alpha": 0.1}
        losses, weighted = trained(make(), x, TARGETS, sample_weight=weights, **options)
        few = [x[row] for row in kept]
        expected_losses, expected = trained(
            make(), few, TARGETS[kept], sample_weight=weights[kept], **options
        )
        np.testing.assert_allclose(losses, expected_losses, rtol=1e-12)
        assert_close(weighted, expected)


def test_the_mean_is_that_of_the_rows_which_take_part(make: Any, draw: Any) -> None:
    x, rows = draw(LENGTHS), np.array([0, 1, 3, 6])
    weights = np.full(7, 1e308)
    weights[rows] = WEIGHTS[rows]
    losses, got = trained(make(), x, TARGETS, rows=rows, sample_weight=weights)
    few = [x[row] for row in rows]
    expected_losses, expected = trained(make(), few, TARGETS[rows], sample_weight=WEIGHTS[rows])
    np.testing.assert_allclose(losses, expected_losses, rtol=1e-12)
    assert_close(got, expected)


@pytest.mark.parametrize(
    ("weights", "alpha", "kind", "message"),
    [
        ([1.0], 0.0, ValueError, r"shape \(n,\) = \(7,\), got \(1,\)"),
        (np.ones((7, 1)), 0.0, ValueError, r"got \(7, 1\)"),
        (
            [1, 1, -2, 1, 1, 1, 1],
            0.0,
            ValueError,
            "numbers of at least zero, got -2.0 at sequence 2",
        ),
        ([1, np.nan] + [1] * 5, 0.0, ValueError, "finite numbers .* got nan at sequence 1"),
        ([1] * 6 + [np.inf], 0.0, ValueError, "finite numbers .* got inf at sequence 6"),
        (["a"] * 7, 0.0, TypeError, r"one number for each sequence, .* got \['a', 'a'"),
        ([0.0] * 7, 0.0, ValueError, "at least one sequence .* got zeros alone"),
        ([1] * 6 + [1e-320], 0.0, None, ""),
        (
            [1e300] * 6 + [1e-30],
            0.0,
            ValueError,
            "got 1e-30 at sequence 6, .* the largest is 1e[+]300",
        ),
        (
            [1e-300] * 7,
            1e-4,
            ValueError,
            "small beside alpha = 0.0001, got a mean of 1e-300; divide",
        ),
        (np.ma.masked_equal([1, 2, 1, 1, 1, 1, 1], 2), 0.0, ValueError, "without masked values"),
    ],
)
def test_weights_that_make_no_sense_are_explained(
    make: Any, draw: Any, weights: Any, alpha: float, kind: Any, message: str
) -> None:
    network, x = make(), draw(LENGTHS)
    if kind is None:
        trained(network, x, TARGETS, sample_weight=weights, alpha=alpha)
        return
    before = network.state_dict()
    with pytest.raises(kind, match=f"^sample_weight: expected .*{message}"):
        trained(network, x, TARGETS, sample_weight=weights, alpha=alpha)
    for name, value in network.state_dict().items():
        np.testing.assert_array_equal(value, before[name])
