"""The fitting loop: against torch, on a task it must learn, stopping, Ctrl-C and errors."""

from __future__ import annotations

import builtins
import inspect
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import elman
from elman import nn
from elman.train import Adam, _run, cross_entropy, fit, squared_error

LENGTHS = [4, 1, 6, 3, 3, 5, 2]
TARGETS = np.array([0, 1, 1, 0, 1, 0, 1])


def seed() -> np.random.RandomState:
    return np.random.RandomState(0)


def state(network: nn.Network) -> dict[str, Any]:
    return network.state_dict()


def assert_same(one: dict[str, Any], other: dict[str, Any]) -> None:
    for name, value in one.items():
        np.testing.assert_array_equal(value, other[name], err_msg=name)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"num_layers": 2, "bidirectional": True, "nonlinearity": "relu"},
        {"layer": "LSTM", "num_layers": 2},
    ],
)
@pytest.mark.parametrize("loss", [cross_entropy, squared_error])
def test_training_is_torchs(
    make: Any, make_torch: Any, draw: Any, loss: Any, options: dict[str, Any], weighted: bool
) -> None:
    """The same batches, clipping, penalty and Adam give the same losses and parameters."""
    network, theirs, x = make(**options), make_torch(**options), draw(LENGTHS)
    y = TARGETS if loss is cross_entropy else np.random.default_rng(1).normal(size=(7, 2))
    weights = np.array([1, 2, 0.5, 1, 3, 1, 0.1]) if weighted else np.ones(7)
    alpha, clip_norm, epochs = 0.3, 0.5, 6

    optimizer = torch.optim.Adam(theirs.parameters(), lr=0.01)
    curve = []
    for _ in range(epochs):
        total = 0.0
        for rows in np.split(np.arange(7), [3, 6]):
            output, wanted = theirs([x[row] for row in rows]), torch.tensor(y[rows])
            if loss is cross_entropy:
                each = torch.nn.functional.cross_entropy(output, wanted, reduction="none")
            else:
                each = ((output - wanted) ** 2).mean(dim=1)
            w = torch.tensor(weights[rows] / weights.mean())
            matrices = [p for name, p in theirs.named_parameters() if "weight" in name]
            penalty = alpha / 2 * sum((p**2).sum() for p in matrices)
            value = ((each * w).sum() + penalty / weights.mean()) / len(rows)
            optimizer.zero_grad()
            value.backward()
            torch.nn.utils.clip_grad_norm_(theirs.parameters(), clip_norm)
            optimizer.step()
            total += value.item() * len(rows)
        curve.append(total / 7)

    result = fit(
        network, x, y, loss, Adam(lr=0.01), random=seed(), batch_size=3, shuffle=False,
        sample_weight=weights if weighted else None, alpha=alpha, clip_norm=clip_norm,
        max_iter=epochs,
    )  # fmt: skip
    np.testing.assert_allclose(result.loss_curve, curve, rtol=1e-10)
    for name, parameter in theirs.named_parameters():
        np.testing.assert_allclose(
            network.state_dict()[name], parameter.detach(), rtol=1e-8, atol=1e-12, err_msg=name
        )


def which_came_first(n: int, random: np.random.Generator) -> tuple[list[Any], Any]:
    """Draw sequences of 6 to 14 noisy frames with a bump in each column; y is the later bump's."""
    sequences, y = [], random.integers(0, 2, n)
    for last in y:
        T = random.integers(6, 15)
        first_time, last_time = np.sort(random.choice(T, 2, replace=False))
        sequence = random.normal(scale=0.1, size=(T, 2))
        sequence[first_time, 1 - last] += 1
        sequence[last_time, last] += 1
        sequences.append(sequence.astype(np.float32))
    return sequences, y


@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_network_learns_which_of_two_came_first(bidirectional: bool) -> None:
    random = np.random.default_rng(0)
    x, y = which_came_first(300, random)
    x_new, y_new = which_came_first(300, random)
    generator = elman.Generator(0)
    rnn = nn.RNN(2, 16, batch_first=True, bidirectional=bidirectional, generator=generator)
    network = nn.Network(rnn, nn.Linear(32 if bidirectional else 16, 2, generator=generator))
    before = (network.predict(x_new).argmax(axis=1) == y_new).mean()
    result = fit(
        network, x, y, cross_entropy, Adam(lr=0.01), random=random, batch_size=20,
        clip_norm=1.0, max_iter=25,
    )  # fmt: skip
    assert before < 0.7
    assert (network.predict(x_new).argmax(axis=1) == y_new).mean() > 0.9
    assert result.loss_curve[-1] < 0.5 * result.loss_curve[0]
    assert not network.rnn.training


def test_shuffling_is_drawn_from_random_alone_and_matters(make: Any, draw: Any) -> None:
    def train(seed: int, shuffle: bool = True) -> dict[str, Any]:
        elman.manual_seed(seed)
        np.random.seed(seed)  # noqa: NPY002 - to show that it does not matter
        network = make()
        random = np.random.RandomState(seed)
        fit(network, draw(LENGTHS), TARGETS, cross_entropy, Adam(), random=random, batch_size=2,
            max_iter=3, shuffle=shuffle)  # fmt: skip
        return state(network)

    assert_same(train(1), train(1))
    assert not np.array_equal(train(1)["head.bias"], train(2)["head.bias"])
    assert_same(train(1, shuffle=False), train(2, shuffle=False))


def test_arrays_lists_and_rows_agree(make: Any, draw: Any) -> None:
    x = draw([5] * 6)
    y, options = TARGETS[:6], {"batch_size": 2, "max_iter": 3}
    networks = [make(), make(), make(batch_first=False), make()]
    fit(networks[0], x, y, cross_entropy, Adam(), random=seed(), **options)
    fit(networks[1], np.stack(x), y, cross_entropy, Adam(), random=seed(), **options)
    fit(networks[2], np.stack(x), y, cross_entropy, Adam(), random=seed(), **options)
    more, order = draw([2, 5, 7], seed=3), np.array([1, 3, 4, 5, 7, 8])
    mixed = [more[0], x[0], more[1], *x[1:4], more[2], *x[4:]]
    y_mixed = np.zeros(9, int)
    y_mixed[order] = y
    fit(networks[3], mixed, y_mixed, cross_entropy, Adam(), random=seed(), rows=order, **options)
    for network in networks[1:]:
        for name, value in state(network).items():
            np.testing.assert_allclose(value, state(networks[0])[name], rtol=1e-10, atol=1e-14)


def test_a_weight_of_zero_takes_no_part(make: Any, draw: Any) -> None:
    x = draw(LENGTHS)
    weighted, without = make(), make()
    weights = np.array([1, 0, 1, 0, 1, 1, 0])
    kept = np.flatnonzero(weights)
    fit(weighted, x, TARGETS, cross_entropy, Adam(), random=seed(), batch_size=2, max_iter=3,
        sample_weight=weights)  # fmt: skip
    fit(without, [x[row] for row in kept], TARGETS[kept], cross_entropy, Adam(), random=seed(),
        batch_size=2, max_iter=3)  # fmt: skip
    for name, value in state(weighted).items():
        np.testing.assert_allclose(value, state(without)[name], rtol=1e-12)


# Stopping


def scripted(scores: list[float]) -> tuple[Callable[[nn.Network], float], list[dict[str, Any]]]:
    """Return a `validate` that gives these scores, and the states it sees."""
    seen: list[dict[str, Any]] = []

    def validate(network: nn.Network) -> float:
        assert not network.rnn.training
        seen.append(network.state_dict())
        return scores[len(seen) - 1]

    return validate, seen


def test_the_best_epoch_is_restored_and_improvements_below_tol_do_not_count(
    make: Any, draw: Any
) -> None:
    # Epochs 3 and 4 improve by tol, the three after them by less or not.
    validate, seen = scripted([0.5, 0.625, 0.5, 0.75, 0.8125, 0.84375, 0.625, 0.99])
    network = make()
    result = fit(network, draw(LENGTHS), TARGETS, cross_entropy, Adam(), random=seed(), tol=0.125,
                 n_iter_no_change=3, validate=validate)  # fmt: skip
    assert result.validation_scores == [0.5, 0.625, 0.5, 0.75, 0.8125, 0.84375, 0.625]
    assert result.n_iter == len(result.loss_curve) == 7
    assert (result.converged, result.interrupted) == (True, False)
    assert result.best_score == 0.84375
    assert_same(state(network), seen[5])
    assert not np.array_equal(seen[5]["head.bias"], seen[6]["head.bias"])


@pytest.mark.parametrize(
    ("scores", "best", "kept", "epochs"),
    [
        ([0.75, 0.5, 0.75, 0.625], 0.75, 0, 3),
        ([0.75, 0.5, 0.76, 0.75], 0.76, 2, 3),
        ([0.5, 0.5, 0.75, 0.5, 0.5, 0.5], 0.75, 2, 5),
    ],
)
def test_a_network_that_comes_trained_competes_with_the_epochs(
    make: Any, draw: Any, scores: list[float], best: float, kept: int, epochs: int
) -> None:
    """The first score is the start's; a better one by tol = 0.125 counts as getting on."""
    validate, seen = scripted(scores)
    network = make()
    start = state(network)
    result = fit(network, draw(LENGTHS), TARGETS, cross_entropy, Adam(), random=seed(), tol=0.125,
                 n_iter_no_change=3, validate=validate, keep_start=True)  # fmt: skip
    assert_same(seen[0], start)
    assert_same(state(network), seen[kept])
    assert result.best_score == best
    assert result.validation_scores == scores[1:]
    assert result.n_iter == epochs
    assert result.converged


def test_without_validation_the_loss_decides_and_the_last_epoch_stays(
    make: Any, draw: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    losses = iter([5.0, 4.0, 3.95, 3.9, 2.0, 2.5, 1.95, 1.0])
    monkeypatch.setattr(_run, "_epoch", lambda *_, **__: next(losses))
    result = fit(make(), draw(LENGTHS), TARGETS, cross_entropy, Adam(), random=seed(), tol=0.1,
                 n_iter_no_change=2)  # fmt: skip
    assert result.loss_curve == [5.0, 4.0, 3.95, 3.9]
    assert result.validation_scores is None
    assert result.best_score is None
    assert result.best_loss == 3.9
    assert result.converged


def test_training_may_go_on_for_ever_but_for_max_iter(make: Any, draw: Any) -> None:
    validate, _ = scripted([0.5] * 30)
    result = fit(make(), draw(LENGTHS), TARGETS, cross_entropy, Adam(lr=0.0), random=seed(),
                 max_iter=30, n_iter_no_change=math.inf, validate=validate)  # fmt: skip
    assert len(result.loss_curve) == 30
    assert not result.converged


def test_dropout_is_active_in_training_alone(make: Any, draw: Any) -> None:
    modes = []

    def loss(output: Any, y: Any, weights: Any) -> Any:
        modes.append(network.rnn.training)
        return cross_entropy(output, y, weights)

    def validate(network: nn.Network) -> float:
        modes.append(network.rnn.training)
        return 0.0

    network = make(num_layers=2, dropout=0.5)
    fit(network, draw(LENGTHS), TARGETS, loss, Adam(), random=seed(), max_iter=2, validate=validate)
    assert modes == [True, False, True, False]
    assert not network.rnn.training


# Ctrl-C and errors


class InterruptedAdam(Adam):
    """Adam that is interrupted, or fails, at its k-th update."""

    def __init__(self, k: int, error: type[BaseException] = KeyboardInterrupt) -> None:
        super().__init__(lr=0.05)
        self.left = k
        self.error = error

    def update(self, parameters: Any, gradients: Any) -> Any:
        self.left -= 1
        if self.left == 0:
            raise self.error
        return super().update(parameters, gradients)


@pytest.mark.parametrize("epochs", [0, 1, 3])
def test_ctrl_c_leaves_the_last_finished_epoch(make: Any, draw: Any, epochs: int) -> None:
    options = {"batch_size": 2, "shuffle": False, "random": seed()}
    network, expected = make(), make()
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        # Four batches make an epoch; the third of the next one is interrupted.
        result = fit(network, draw(LENGTHS), TARGETS, cross_entropy,
                     InterruptedAdam(4 * epochs + 3), **options)  # fmt: skip
    if epochs:
        fit(expected, draw(LENGTHS), TARGETS, cross_entropy, Adam(lr=0.05), max_iter=epochs,
            **options)  # fmt: skip
    assert_same(state(network), state(expected))
    assert len(result.loss_curve) == epochs
    assert (result.converged, result.interrupted) == (False, True)
    assert (result.best_loss is None) == (epochs == 0)
    assert not network.rnn.training


def test_ctrl_c_with_validation_leaves_the_best_epoch(make: Any, draw: Any) -> None:
    validate, seen = scripted([0.5, 0.9, 0.6])
    network = make()
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        result = fit(network, draw(LENGTHS), TARGETS, cross_entropy, InterruptedAdam(4),
                     random=seed(), validate=validate)  # fmt: skip
    assert_same(state(network), seen[1])
    assert result.validation_scores == [0.5, 0.9, 0.6]
    assert result.best_score == 0.9


def test_after_an_error_network_and_optimiser_are_as_before(make: Any, draw: Any) -> None:
    network = make()
    optimizer = InterruptedAdam(6, ZeroDivisionError)
    before = state(network)
    with pytest.raises(ZeroDivisionError):
        fit(network, draw(LENGTHS), TARGETS, cross_entropy, optimizer, random=seed(), batch_size=2)
    assert_same(state(network), before)
    assert optimizer.state == {}
    assert not network.rnn.training


@pytest.mark.parametrize("clip_norm", [None, 1.0])
def test_diverging_is_an_error_that_says_so(make: Any, draw: Any, clip_norm: Any) -> None:
    network = make(nonlinearity="relu")
    before = state(network)
    with pytest.raises(ValueError, match=r"expected finite values, got .*; scale the inputs, or"):
        fit(network, draw(LENGTHS), TARGETS, cross_entropy, Adam(lr=1e200), random=seed(),
            clip_norm=clip_norm)  # fmt: skip
    assert_same(state(network), before)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y": [0, 1]}, "y: expected one for each of 7 sequences, got 2"),
        ({"sample_weight": [1.0]}, r"sample_weight: .* shape \(n,\) = \(7,\), got \(1,\)"),
        ({"sample_weight": np.zeros(7)}, "at least one sequence to train on, of a weight above"),
        ({"rows": np.array([], int)}, "x: expected at least one sequence to train on"),
        ({"batch_size": 0}, "batch_size: expected an int greater than zero, got 0"),
        ({"max_iter": 0}, "max_iter: expected an int greater than zero, got 0"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(
    make: Any, draw: Any, change: dict[str, Any], message: str
) -> None:
    arguments = {"x": draw(LENGTHS), "y": TARGETS, "random": seed()} | change
    with pytest.raises(ValueError, match=message):
        fit(make(), loss=cross_entropy, optimizer=Adam(), **arguments)


# Progress


def test_a_bar_shows_loss_and_score(
    make: Any, draw: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    validate, _ = scripted([0.25, 0.75])
    result = fit(make(), draw(LENGTHS), TARGETS, cross_entropy, Adam(), random=seed(), max_iter=2,
                 validate=validate, verbose=True)  # fmt: skip
    out, err = capsys.readouterr()
    assert out == ""
    assert "2/2" in err
    assert f"loss={result.loss_curve[-1]:.4g}, score=0.75" in err


def test_without_tqdm_lines_show_them(
    make: Any, draw: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_tqdm(name: str, *arguments: Any) -> Any:
        if name == "tqdm":
            raise ImportError(name)
        return original(name, *arguments)

    original = builtins.__import__
    monkeypatch.setattr(builtins, "__import__", no_tqdm)
    validate, _ = scripted([0.25, 0.75])
    one, two = fit(make(), draw(LENGTHS), TARGETS, cross_entropy, Adam(), random=seed(), max_iter=2,
                   validate=validate, verbose=True).loss_curve  # fmt: skip
    assert capsys.readouterr() == (
        f"Iteration 1, loss = {one:.8f}, validation score = 0.250000\n"
        f"Iteration 2, loss = {two:.8f}, validation score = 0.750000\n",
        "",
    )


def test_silence_is_the_default(make: Any, draw: Any, capsys: pytest.CaptureFixture[str]) -> None:
    fit(make(), draw(LENGTHS), TARGETS, cross_entropy, Adam(), random=seed(), max_iter=2)
    assert capsys.readouterr() == ("", "")


def test_training_needs_neither_scikit_learn_nor_tqdm(run_python: Callable[..., str]) -> None:
    program = """
import sys, numpy as np, elman
from elman import nn, train
network = nn.Network(nn.RNN(3, 4, batch_first=True), nn.Linear(4, 2))
x = np.zeros((5, 6, 3), np.float32)
train.fit(network, x, [0, 1, 0, 1, 1], train.cross_entropy, train.Adam(),
          random=np.random.RandomState(0), max_iter=2)
print(sorted({"sklearn", "scipy", "tqdm", "torch"} & set(sys.modules)))
"""
    assert run_python(program).strip() == "[]"


def test_public_names_are_these_and_documented() -> None:
    from elman import train

    assert train.__all__ == [
        "SGD", "Adam", "AdamState", "AdamW", "FitResult", "Objective", "Optimizer", "SGDState",
        "Sequences", "Step", "absolute_error", "bucket_batches", "clip_by_global_norm",
        "cross_entropy", "fit", "log_softmax", "poisson", "quantile", "run", "schedules",
        "squared_error",
    ]  # fmt: skip
    assert all(inspect.getdoc(getattr(train, name)) for name in train.__all__)
