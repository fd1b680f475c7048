"""The losses against torch's, against finite differences, and where plain formulas overflow."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from elman.train import cross_entropy, log_softmax, squared_error

LOSSES = {"cross_entropy": cross_entropy, "squared_error": squared_error}


def draw(loss: str, seed: int, N: int, K: int, dtype: Any = np.float64) -> tuple[Any, Any, Any]:
    """Return outputs, targets and weights, one of which is zero."""
    random = np.random.default_rng(seed)
    outputs = random.normal(size=(N, K)).astype(dtype)
    targets = random.integers(0, K, N) if loss == "cross_entropy" else random.normal(size=(N, K))
    weights = random.uniform(0.1, 3, N)
    weights[1:2] = 0
    return outputs, targets, weights


def of_torch(loss: str, outputs: Any, targets: Any, weights: Any) -> tuple[float, Any]:
    z = torch.tensor(outputs, requires_grad=True)
    if loss == "cross_entropy":
        each = torch.nn.functional.cross_entropy(z, torch.tensor(targets), reduction="none")
    else:
        wanted = torch.tensor(targets).to(z.dtype)
        each = torch.nn.functional.mse_loss(z, wanted, reduction="none").mean(dim=1)
    w = torch.ones(len(outputs)) if weights is None else torch.tensor(weights)
    value = (each * w).sum() / w.sum()
    value.backward()
    assert z.grad is not None
    return value.item(), z.grad.numpy()


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("loss", LOSSES)
@given(seed=st.integers(0, 2**32), N=st.integers(1, 7), K=st.integers(1, 5))
def test_loss_and_gradient_are_torchs(loss: str, weighted: bool, seed: int, N: int, K: int) -> None:
    outputs, targets, weights = draw(loss, seed, N, K)
    weights = weights if weighted else None
    value, gradient = LOSSES[loss](outputs, targets, weights)
    expected_value, expected_gradient = of_torch(loss, outputs, targets, weights)
    np.testing.assert_allclose(value, expected_value, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(gradient, expected_gradient, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("loss", LOSSES)
def test_gradient_is_that_of_finite_differences(loss: str) -> None:
    outputs, targets, weights = draw(loss, 0, N=5, K=3)
    _, gradient = LOSSES[loss](outputs, targets, weights)
    differences = np.empty_like(outputs)
    for index in np.ndindex(outputs.shape):
        step = np.zeros_like(outputs)
        step[index] = 1e-6
        above, _ = LOSSES[loss](outputs + step, targets, weights)
        below, _ = LOSSES[loss](outputs - step, targets, weights)
        differences[index] = (above - below) / 2e-6
    np.testing.assert_allclose(gradient, differences, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("loss", LOSSES)
def test_float32_stays_float32_and_is_as_close_as_it_can_be(loss: str) -> None:
    outputs, targets, weights = draw(loss, 1, N=50, K=4, dtype=np.float32)
    value, gradient = LOSSES[loss](outputs, targets, weights)
    exact, exact_gradient = LOSSES[loss](outputs.astype(np.float64), targets, weights)
    assert gradient.dtype == np.float32
    np.testing.assert_allclose(value, exact, rtol=1e-6)
    np.testing.assert_allclose(gradient, exact_gradient, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("loss", LOSSES)
def test_an_integer_weight_is_as_many_repetitions(loss: str) -> None:
    outputs, targets, _ = draw(loss, 2, N=4, K=3)
    weights = np.array([2, 0, 1, 3])
    value, gradient = LOSSES[loss](outputs, targets, weights)
    rows = np.repeat(np.arange(4), weights)
    repeated, repeated_gradient = LOSSES[loss](outputs[rows], targets[rows])
    np.testing.assert_allclose(value, repeated, rtol=1e-14)
    summed = np.zeros_like(outputs)
    np.add.at(summed, rows, repeated_gradient)
    np.testing.assert_allclose(gradient, summed, rtol=1e-13)
    assert (gradient[1] == 0).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_logits_of_any_size_neither_overflow_nor_lose_the_loss(dtype: Any) -> None:
    logits = np.array([[1e4, 0, -1e4], [-1e30, 0, 1e30]], dtype)
    np.testing.assert_allclose(log_softmax(logits), [[0, -1e4, -2e4], [-2e30, -1e30, 0]], rtol=1e-6)
    value, gradient = cross_entropy(logits[:1], [1])
    assert value == 1e4
    np.testing.assert_array_equal(gradient, [[1, -1, 0]])


@given(
    seed=st.integers(0, 2**32),
    N=st.integers(1, 40),
    K=st.integers(1, 70),
    dtype=st.sampled_from([np.float32, np.float64]),
    order=st.sampled_from("CF"),
)
def test_a_row_of_log_softmax_depends_on_no_other_row(
    seed: int, N: int, K: int, dtype: Any, order: Any
) -> None:
    """Every bit is the same for a row alone, in any selection, and in memory of any layout."""
    random = np.random.default_rng(seed)
    logits = random.normal(scale=5, size=(N, K)).astype(dtype)
    expected = log_softmax(np.asarray(logits, order=order))
    rows = random.integers(0, N, random.integers(1, 2 * N + 1))
    np.testing.assert_array_equal(log_softmax(logits[rows]), expected[rows])
    for row in range(N):
        np.testing.assert_array_equal(log_softmax(logits[row : row + 1])[0], expected[row])
    wide = np.empty((N, 2 * K), dtype)[:, ::2]
    wide[...] = logits
    np.testing.assert_array_equal(log_softmax(wide), expected)


def test_arguments_are_left_as_they_are() -> None:
    for loss, function in LOSSES.items():
        arguments = draw(loss, 3, N=4, K=3)
        copies = [argument.copy() for argument in arguments]
        function(*arguments)
        for argument, copy in zip(arguments, copies, strict=True):
            np.testing.assert_array_equal(argument, copy)


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        ({"targets": [0.0, 1.0]}, TypeError, "targets: expected integers, got dtype float64; "),
        ({"targets": [0, 1, 2]}, ValueError, r"targets: .* shape \(N,\) = \(2,\), got \(3,\)"),
        ({"targets": [0, 3]}, ValueError, r"targets: expected each in \[0, K\) = \[0, 3\), got 3"),
        ({"targets": [-1, 0]}, ValueError, "got -1 at row 0"),
        ({"weights": [1.0]}, ValueError, r"weights: .* shape \(N,\) = \(2,\), got \(1,\)"),
        ({"weights": [1.0, -1.0]}, ValueError, "weights: expected finite numbers of at least zero"),
        ({"weights": [0.0, 0.0]}, ValueError, "not all zero, got a minimum of 0.0, a sum of 0.0"),
        ({"weights": [1.0, np.nan]}, ValueError, "weights: expected finite"),
        ({"logits": np.zeros(3)}, ValueError, r"logits: expected \(N, K\), 2-D, got 1-D"),
        ({"logits": np.zeros((0, 3))}, ValueError, "at least one row and one column"),
        ({"logits": np.zeros((2, 3), int)}, ValueError, "logits: expected float32 or float64"),
    ],
)
def test_mistakes_of_cross_entropy_are_explained(
    change: dict[str, Any], kind: type[Exception], message: str
) -> None:
    arguments = {"logits": np.zeros((2, 3)), "targets": [0, 1]} | change
    with pytest.raises(kind, match=message):
        cross_entropy(**arguments)


def test_squared_error_refuses_to_broadcast() -> None:
    with pytest.raises(ValueError, match=r"targets: .* \(N, K\) = \(2, 1\), got \(2,\); add"):
        squared_error(np.zeros((2, 1)), np.zeros(2))
