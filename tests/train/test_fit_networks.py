"""`fit` of networks that read every step, of symbols, and of vectors by a bridge."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import elman
from elman import nn
from elman.train import Adam, cross_entropy, fit, squared_error


def every_step(K: int = 2, **options: Any) -> nn.Network:
    generator = elman.Generator(3)
    rnn = nn.GRU(2, 6, batch_first=True, dtype=np.float64, generator=generator)
    head = nn.Linear(6, K, dtype=np.float64, generator=generator)
    return nn.Network(rnn, head, reads="every", **options)


def sequences(random: np.random.Generator) -> list[Any]:
    return [random.standard_normal((T, 2)) for T in (5, 3, 0, 4)]


@pytest.mark.parametrize("weights", [None, [1.0, 3.0, 2.0, 0.0]])
def test_a_step_is_that_of_the_valid_rows_alone(weights: Any) -> None:
    """The loss is the mean over all valid steps; padding takes no part in it."""
    random, network, again = np.random.default_rng(0), every_step(), every_step()
    x = sequences(random)
    y = [random.standard_normal((len(a), 2)) for a in x]
    result = fit(
        network, x, y, squared_error, Adam(0.1), random=random, sample_weight=weights,
        shuffle=False, max_iter=1, batch_size=4,
    )  # fmt: skip

    rows = [i for i in range(4) if weights is None or weights[i]]
    of_rows, of_steps = [x[i] for i in rows], None
    if weights is not None:
        of_steps = np.concatenate([np.full(len(x[i]), weights[i] / 2) for i in rows])
    output, backward = again.rows_vjp(of_rows)
    loss, d_output = squared_error(output, np.concatenate([y[i] for i in rows]), of_steps)
    share = 1 if of_steps is None else of_steps.mean()
    gradients = backward(d_output * share).parameters
    expected = Adam(0.1).update(again.state_dict(), gradients)
    assert result.loss_curve == [pytest.approx(loss * share, rel=1e-12)]
    for name, value in network.state_dict().items():
        np.testing.assert_allclose(value, expected[name], rtol=1e-9, atol=1e-12, err_msg=name)


def test_symbols_are_learnt() -> None:
    """After 0 comes 1, then 2, then 0: the network says so at every step but the first."""
    generator = elman.Generator(0)
    rnn = nn.RNN(4, 16, batch_first=True, generator=generator)
    network = nn.Network(
        rnn,
        nn.Linear(16, 3, generator=generator),
        nn.Embedding(3, 4, generator=generator),
        reads="every",
    )
    texts = [np.arange(start, start + T) % 3 for start in range(3) for T in (4, 7, 9)]
    fit(
        network,
        [text[:-1] for text in texts],
        [text[1:] for text in texts],
        cross_entropy,
        Adam(0.02),
        random=np.random.default_rng(0),
        batch_size=4,
        max_iter=60,
    )
    for text in texts:
        np.testing.assert_array_equal(network(text[:-1]).argmax(axis=-1), text[1:])
    found = network.generate(5, np.array([[1, 2]]), temperature=0)
    np.testing.assert_array_equal(found, [[0, 1, 2, 0, 1]])


def test_a_bridge_learns_what_a_sequence_begins_from() -> None:
    """Every step of a sequence is to give its z, of which x tells nothing."""
    generator = elman.Generator(0)
    rnn = nn.GRU(1, 12, batch_first=True, generator=generator)
    head, bridge = nn.Linear(12, 1, generator=generator), nn.Linear(1, 12, generator=generator)
    network = nn.Network(rnn, head, bridge=bridge, reads="every")
    z = np.linspace(-1, 1, 16, dtype=np.float32)[:, None]
    x = np.zeros((16, 6, 1), np.float32)
    y = np.repeat(z[:, None], 6, axis=1)
    result = fit(
        network, x, list(y), squared_error, Adam(0.02), random=np.random.default_rng(0), z=z,
        max_iter=150, batch_size=8,
    )  # fmt: skip
    assert result.loss_curve[-1] < 0.01 * result.loss_curve[0]


def test_what_augment_returns_is_read_in_the_place_of_x() -> None:
    """At each step anew, drawn from `random` after the batches; the data stay as they are."""
    random = np.random.default_rng(0)
    x = sequences(random)
    before = [array.copy() for array in x]
    y = [random.standard_normal((len(a), 2)) for a in x]
    options: dict[str, Any] = {"shuffle": False, "batch_size": 3}

    def noisy(batch: Any, random: Any) -> Any:
        return batch + random.normal(size=batch.shape)

    network, again = every_step(), every_step()
    fit(
        network, x, y, squared_error, Adam(0.1), random=np.random.default_rng(7), augment=noisy,
        max_iter=2, **options,
    )  # fmt: skip
    adam, noise = Adam(0.1), np.random.default_rng(7)
    for _ in range(2):
        for rows in ([0, 1, 2], [3]):
            T = max(len(x[row]) for row in rows)
            drawn = noise.normal(size=(len(rows), T, 2))
            changed = [x[r] + drawn[i, : len(x[r])] for i, r in enumerate(rows)]
            output, backward = again.rows_vjp(changed)
            _, d_output = squared_error(output, np.concatenate([y[r] for r in rows]))
            found = backward(d_output).parameters
            again.load_state_dict(adam.update(again.state_dict(), found))
    for name, value in network.state_dict().items():
        np.testing.assert_allclose(value, again.state_dict()[name], rtol=1e-9, atol=1e-12)
    for array, same in zip(x, before, strict=True):
        np.testing.assert_array_equal(array, same)
    with pytest.raises(TypeError, match=r"^augment: expected a function of a batch"):
        fit(network, x, y, squared_error, Adam(), random=random, augment="noise")


def test_a_checkpoint_tells_what_augments(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    x = sequences(random)
    y = [random.standard_normal((len(a), 2)) for a in x]

    def noisy(batch: Any, random: Any) -> Any:
        return batch + random.normal(size=batch.shape)

    def run(epochs: int, name: str, augment: Any = noisy) -> dict[str, Any]:
        network, random = every_step(), np.random.default_rng(7)
        fit(
            network, x, y, squared_error, Adam(0.1), random=random, augment=augment, max_iter=9,
            n_iter_no_change=math.inf, batch_size=2, checkpoint=tmp_path / name,
            verbose=lambda total, done: Broken(epochs),
        )  # fmt: skip
        return network.state_dict()

    whole = run(9, "whole")
    with pytest.raises(RuntimeError, match="broken off"):
        run(5, "part")
    for name, value in run(9, "part").items():
        np.testing.assert_array_equal(value, whole[name])
    with pytest.raises(ValueError, match=r"^checkpoint: expected .* to be of this fit"):
        run(9, "part", augment=None)


class Broken:
    """Breaks training off after so many epochs, of nine."""

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs

    def __enter__(self) -> Broken:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def report(self, epoch: int, loss: float, score: float | None) -> None:
        if epoch == self.epochs < 9:
            raise RuntimeError("broken off")


def test_wrong_targets_and_vectors_are_told() -> None:
    random, network = np.random.default_rng(0), every_step()
    x = sequences(random)

    def told(y: Any, **options: Any) -> str:
        with pytest.raises((TypeError, ValueError, RuntimeError)) as error:
            fit(network, x, y, squared_error, Adam(), random=random, **options)
        return str(error.value)

    right = [np.zeros((len(a), 2)) for a in x]
    assert told([0, 1, 0, 1]).startswith(
        "y[0]: expected 5 targets, one for each step of sequence 0"
    )
    assert told(right[:3]).startswith("y: expected an array (T_i, …) of targets for each sequence")
    assert told(None).startswith("y: expected an array (T_i, …) of targets")
    assert told([*right[:3], np.full((4, 2), np.nan)]).startswith("y[3]: expected finite values")
    assert told(right, z=np.zeros((4, 2))).startswith("z: expected None, as the network has no")
