"""Absolute error, Poisson deviance and quantile loss against scikit-learn's, torch's and others."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn._loss.loss import AbsoluteError, HalfPoissonLoss, PinballLoss
from sklearn.metrics import mean_absolute_error, mean_pinball_loss, mean_poisson_deviance

from elman.nn import RNN, Linear, Network
from elman.train import Adam, absolute_error, fit, poisson, quantile

QUANTILES = (0.1, 0.5, 0.7)
LOSSES = {
    "absolute_error": absolute_error,
    "poisson": poisson,
    "quantile": quantile(0.3),
    "quantiles": quantile(QUANTILES),
}


def draw(loss: str, seed: int, N: int, K: int, dtype: Any = np.float64) -> tuple[Any, Any, Any]:
    """Return outputs, K targets of each row and weights, one of which is zero."""
    random = np.random.default_rng(seed)
    outputs = random.normal(size=(N, K * (3 if loss == "quantiles" else 1))).astype(dtype)
    targets = random.normal(size=(N, K))
    if loss == "poisson":
        targets = random.poisson(2.0, size=(N, K)).astype(np.float64)
    weights = random.uniform(0.1, 3, N)
    weights[1:2] = 0
    return outputs, targets, weights


def of_scikit_learn(loss: str, outputs: Any, targets: Any, weights: Any) -> float:
    """Return the value that scikit-learn's metric has."""
    if loss == "absolute_error":
        return float(mean_absolute_error(targets, outputs, sample_weight=weights))
    if loss == "poisson":
        K = outputs.shape[1]
        columns = [
            mean_poisson_deviance(targets[:, k], np.exp(outputs[:, k]), sample_weight=weights)
            for k in range(K)
        ]
        return float(np.mean(columns)) / 2
    if loss == "quantile":
        return float(mean_pinball_loss(targets, outputs, sample_weight=weights, alpha=0.3))
    parts = [
        mean_pinball_loss(targets, outputs[:, i::3], sample_weight=weights, alpha=q)
        for i, q in enumerate(QUANTILES)
    ]
    return float(np.mean(parts))


def gradients_of_scikit_learn(loss: str, outputs: Any, targets: Any, weights: Any) -> Any:
    """Return the gradient of the weighted mean, column by column, of its losses."""
    columns = []
    for column in range(outputs.shape[1]):
        k, q = (column // 3, QUANTILES[column % 3]) if loss == "quantiles" else (column, 0.3)
        found = {
            "absolute_error": AbsoluteError(),
            "poisson": HalfPoissonLoss(),
        }.get(loss) or PinballLoss(quantile=q)
        raw = np.ascontiguousarray(outputs[:, column])
        y = np.ascontiguousarray(targets[:, k])
        columns.append(found.gradient(y_true=y, raw_prediction=raw, sample_weight=weights))
    total = len(outputs) if weights is None else weights.sum()
    return np.stack(columns, axis=1) / (total * outputs.shape[1])


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("loss", LOSSES)
@given(seed=st.integers(0, 2**32), N=st.integers(1, 7), K=st.integers(1, 4))
def test_loss_and_gradient_are_those_of_scikit_learn(
    loss: str, weighted: bool, seed: int, N: int, K: int
) -> None:
    outputs, targets, weights = draw(loss, seed, N, K)
    weights = weights if weighted else None
    value, gradient = LOSSES[loss](outputs, targets, weights)
    expected = of_scikit_learn(loss, outputs, targets, weights)
    np.testing.assert_allclose(value, expected, rtol=1e-11, atol=1e-14)
    expected_gradient = gradients_of_scikit_learn(loss, outputs, targets, weights)
    np.testing.assert_allclose(gradient, expected_gradient, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(
    ("loss", "make"),
    [("absolute_error", torch.nn.L1Loss), ("poisson", torch.nn.PoissonNLLLoss)],
)
def test_gradient_is_torchs(loss: str, make: Callable[[], Any]) -> None:
    outputs, targets, _ = draw(loss, 1, N=6, K=3)
    z = torch.tensor(outputs, requires_grad=True)
    make()(z, torch.tensor(targets)).backward()
    _, gradient = LOSSES[loss](outputs, targets)
    np.testing.assert_allclose(gradient, z.grad, rtol=1e-13)


@pytest.mark.parametrize("loss", LOSSES)
@given(seed=st.integers(0, 2**32))
def test_gradient_is_that_of_finite_differences(loss: str, seed: int) -> None:
    outputs, targets, weights = draw(loss, seed, N=4, K=2)
    if loss != "poisson":
        # No output is so near its target that a difference reaches over the kink.
        Q = outputs.shape[1] // targets.shape[1]
        wanted = np.repeat(targets, Q, axis=1)
        outputs = wanted + np.copysign(np.abs(outputs - wanted) + 1e-3, outputs - wanted)
    _, gradient = LOSSES[loss](outputs, targets, weights)
    differences = np.empty_like(outputs)
    for index in np.ndindex(outputs.shape):
        step = np.zeros_like(outputs)
        step[index] = 1e-5
        above, _ = LOSSES[loss](outputs + step, targets, weights)
        below, _ = LOSSES[loss](outputs - step, targets, weights)
        differences[index] = (above - below) / 2e-5
    np.testing.assert_allclose(gradient, differences, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("loss", LOSSES)
def test_float32_stays_float32_and_is_as_close_as_it_can_be(loss: str) -> None:
    outputs, targets, weights = draw(loss, 1, N=50, K=4, dtype=np.float32)
    targets = targets.astype(np.float32)
    value, gradient = LOSSES[loss](outputs, targets, weights)
    exact, exact_gradient = LOSSES[loss](outputs.astype(np.float64), targets, weights)
    assert gradient.dtype == np.float32
    np.testing.assert_allclose(value, exact, rtol=1e-6)
    np.testing.assert_allclose(gradient, exact_gradient, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("order", ["F", "strided"])
def test_memory_of_any_layout_gives_the_same_bits_and_arguments_stay(loss: str, order: str) -> None:
    arguments = draw(loss, 3, N=5, K=3)
    value, gradient = LOSSES[loss](*arguments)
    outputs = np.repeat(arguments[0], 2, axis=1)[:, ::2]
    if order == "F":
        outputs = np.asfortranarray(outputs)
    copies = [outputs.copy(), *(argument.copy() for argument in arguments[1:])]
    other_value, other_gradient = LOSSES[loss](outputs, *arguments[1:])
    assert value == other_value
    np.testing.assert_array_equal(gradient, other_gradient)
    for argument, copy in zip([outputs, *arguments[1:]], copies, strict=True):
        np.testing.assert_array_equal(argument, copy)


@pytest.mark.parametrize("loss", ["absolute_error", "quantile", "quantiles"])
def test_gradient_is_zero_where_the_target_is_met(loss: str) -> None:
    outputs = np.full((2, 3), 4.0)
    value, gradient = LOSSES[loss](outputs, np.full((2, 1 if loss == "quantiles" else 3), 4.0))
    assert value == 0
    np.testing.assert_array_equal(gradient, np.zeros((2, 3)))


@pytest.mark.parametrize("loss", LOSSES)
def test_a_weight_of_zero_leaves_a_row_out(loss: str) -> None:
    outputs, targets, _ = draw(loss, 4, N=3, K=2)
    value, gradient = LOSSES[loss](outputs, targets, [1, 0, 1])
    without, expected = LOSSES[loss](outputs[[0, 2]], targets[[0, 2]])
    np.testing.assert_allclose(value, without, rtol=1e-14)
    np.testing.assert_allclose(gradient[[0, 2]], expected, rtol=1e-14)
    np.testing.assert_array_equal(gradient[1], 0)


@pytest.mark.parametrize(("dtype", "rtol"), [(np.float32, 1e-5), (np.float64, 1e-12)])
def test_poisson_keeps_its_digits_near_a_large_target(dtype: Any, rtol: float) -> None:
    """The plain formula takes 1e6-fold values from each other: all digits are lost in float32."""
    y = np.array([[1e6]], dtype)
    z = np.log(y) + dtype(0.25)
    value, _ = poisson(z, y)
    d = float(z[0, 0] - np.log(y)[0, 0])
    np.testing.assert_allclose(value, 1e6 * (np.expm1(d) - d), rtol=rtol)


def test_poisson_of_zero_is_the_mean_and_never_negative() -> None:
    assert poisson(np.array([[-800.0]]), [[0]])[0] == 0.0
    np.testing.assert_allclose(poisson(np.array([[2.0]]), [[0]])[0], np.exp(2), rtol=1e-15)
    assert poisson(np.log(np.array([[3.0]])), [[3]])[0] == 0.0


def test_a_quantile_loss_is_least_at_the_quantile() -> None:
    y = np.arange(101.0)[:, None]
    for q in (0.1, 0.5, 0.8):
        values = [quantile(q)(np.full((101, 1), p), y)[0] for p in np.arange(101.0)]
        assert np.argmin(values) == 100 * q


def test_several_quantiles_are_ordered_target_by_target() -> None:
    outputs = np.array([[1.0, 2.0, 30.0, 40.0]])
    value, gradient = quantile([0.25, 0.75])(outputs, [[1.0, 40.0]])
    # Only p = 2 (of target 1, q = 0.75) and p = 30 (of target 40, q = 0.25) miss.
    assert value == (0.25 * 1 + 0.25 * 10) / 4
    np.testing.assert_array_equal(gradient, [[0, 0.25 / 4, -0.25 / 4, 0]])


def test_a_quantile_loss_is_what_its_quantiles_are() -> None:
    loss = quantile([0.1, 0.9])
    again = pickle.loads(pickle.dumps(loss))
    assert again == loss
    assert hash(again) == hash(loss)
    assert loss != quantile(0.1)
    assert repr(loss) == "QuantileLoss(quantiles=(0.1, 0.9))"
    assert quantile(np.array([0.1, 0.9])) == loss


@pytest.mark.parametrize(
    ("q", "kind", "message"),
    [
        (0, ValueError, r"^q: expected a number in \(0, 1\), got 0"),
        (1.0, ValueError, r"^q: expected a number in \(0, 1\), got 1.0"),
        (np.nan, ValueError, "got nan"),
        ("0.5", TypeError, r"got '0.5' \(str\)"),
        (None, TypeError, "got None"),
        ([], ValueError, "q: expected at least one number"),
        ([0.5, 1.5], ValueError, r"q\[1\]: expected a number in \(0, 1\), got 1.5"),
    ],
)
def test_quantiles_out_of_range_are_refused(q: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        quantile(q)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(
    ("targets", "kind", "message"),
    [
        (np.zeros(2), ValueError, r"targets: .* \(N, K\) = \(2, 1\), got \(2,\); add"),
        (np.zeros((3, 1)), ValueError, r"targets: .* \(2, 1\), got \(3, 1\)"),
        (np.array([["a"], ["b"]]), TypeError, "targets: expected numbers, got dtype <U1"),
        (np.array([[None], [1.0]]), TypeError, "targets: expected numbers, got dtype object"),
    ],
)
def test_targets_that_do_not_fit_are_refused(
    loss: str, targets: Any, kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        LOSSES[loss](np.zeros((2, 3 if loss == "quantiles" else 1)), targets)


@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf])
def test_poisson_names_the_target_that_is_no_count(bad: float) -> None:
    expected = rf"targets: expected finite numbers of at least zero, got {bad} at row 1; take"
    with pytest.raises(ValueError, match=expected):
        poisson(np.zeros((3, 2)), [[0, 1], [2, bad], [3, 4]])


def test_outputs_that_are_no_multiple_of_the_quantiles_are_refused() -> None:
    with pytest.raises(ValueError, match=r"predictions: .* a multiple of Q = 2 quantiles .*got 3"):
        quantile([0.1, 0.9])(np.zeros((2, 3)), np.zeros((2, 1)))


def network(K: int) -> Network:
    return Network(RNN(2, 3, batch_first=True, dtype=np.float64), Linear(3, K, dtype=np.float64))


@pytest.mark.parametrize(
    ("loss", "K", "y", "message"),
    [
        (poisson, 1, [[1.0], [2.0], [-3.0]], "y: .* at least zero, got -3.0 at sequence 2"),
        (absolute_error, 2, [[1.0], [2.0], [3.0]], r"y: .* \(N, K\) = \(3, 2\), got \(3, 1\)"),
        (quantile([0.1, 0.9]), 2, [[1, 2], [2, 3], [3, 4]], r"y: .* \(3, 1\), got \(3, 2\)"),
        (quantile([0.1, 0.9]), 3, [[1], [2], [3]], "outputs: .* multiple of Q = 2 .*, got 3"),
    ],
)
def test_fit_checks_targets_before_it_begins(loss: Any, K: int, y: Any, message: str) -> None:
    made = network(K)
    before = {name: array.copy() for name, array in made.state_dict().items()}
    random = np.random.default_rng(0)
    with pytest.raises(ValueError, match=message):
        fit(made, np.zeros((3, 4, 2)), np.array(y), loss, Adam(), random=random, batch_size=1)
    for name, array in made.state_dict().items():
        np.testing.assert_array_equal(array, before[name])
