"""Adam against torch.optim.Adam, step by step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from elman.train import Adam

SHAPES = {"weight": (4, 3), "bias": (4,)}


def draw(random: np.random.Generator, dtype: Any) -> dict[str, Any]:
    return {name: random.normal(size=shape).astype(dtype) for name, shape in SHAPES.items()}


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"lr": 0.05, "betas": (0.8, 0.95), "eps": 1e-3},
        {"weight_decay": 0.3},
        {"lr": 0.0},
        {"betas": (0.0, 0.0)},
    ],
)
@pytest.mark.parametrize(("dtype", "rtol"), [(np.float32, 2e-6), (np.float64, 1e-13)])
def test_every_step_is_torchs(options: dict[str, Any], dtype: Any, rtol: float) -> None:
    random = np.random.default_rng(0)
    parameters = draw(random, dtype)
    theirs = {name: torch.tensor(value, requires_grad=True) for name, value in parameters.items()}
    adam, torch_adam = Adam(**options), torch.optim.Adam(theirs.values(), **options)
    for step in range(30):
        # Gradients of very different sizes, so that eps and both means matter.
        gradients = {
            name: g * dtype(10.0 ** (step % 5 - 3)) for name, g in draw(random, dtype).items()
        }
        for name, tensor in theirs.items():
            tensor.grad = torch.tensor(gradients[name])
        torch_adam.step()
        parameters = adam.update(parameters, gradients)
        for name, value in parameters.items():
            assert value.dtype == dtype
            np.testing.assert_allclose(value, theirs[name].detach(), rtol=rtol, atol=rtol)
            state = torch_adam.state[theirs[name]]
            np.testing.assert_allclose(adam.state[name].exp_avg, state["exp_avg"], rtol, rtol)
            np.testing.assert_allclose(adam.state[name].exp_avg_sq, state["exp_avg_sq"], rtol, rtol)


def test_defaults_are_torchs() -> None:
    adam, defaults = Adam(), torch.optim.Adam([torch.zeros(1)]).defaults
    for name in ("lr", "betas", "eps", "weight_decay"):
        assert getattr(adam, name) == defaults[name]


def test_update_changes_neither_parameters_nor_gradients_nor_an_older_state() -> None:
    random = np.random.default_rng(1)
    parameters, gradients = draw(random, np.float64), draw(random, np.float64)
    adam = Adam(lr=0.1, weight_decay=0.1)
    new = adam.update(parameters, gradients)
    remembered = {name: state.exp_avg.copy() for name, state in adam.state.items()}
    state = adam.state
    arrays = [*parameters.values(), *gradients.values(), *new.values()]
    for array in arrays:
        array.flags.writeable = False
    adam.update(new, gradients)
    for name, value in remembered.items():
        np.testing.assert_array_equal(state[name].exp_avg, value)
        assert (state[name].step, adam.state[name].step) == (1, 2)


def test_a_parameter_without_gradient_is_frozen_and_counts_its_own_steps() -> None:
    random = np.random.default_rng(2)
    parameters, gradients = draw(random, np.float64), draw(random, np.float64)
    adam = Adam(lr=0.1)
    only_weight = adam.update(parameters, {"weight": gradients["weight"]})
    np.testing.assert_array_equal(only_weight["bias"], parameters["bias"])
    # Adam's first step is lr in the direction of the gradient's sign, whatever its size.
    both = adam.update(only_weight, gradients)
    np.testing.assert_allclose(
        both["bias"], parameters["bias"] - 0.1 * np.sign(gradients["bias"]), rtol=1e-5
    )
    assert (adam.state["weight"].step, adam.state["bias"].step) == (2, 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lr": -1.0}, "lr: expected a finite number of at least zero, got -1.0"),
        ({"lr": np.nan}, "lr: "),
        ({"eps": -1e-8}, "eps: "),
        ({"weight_decay": -1}, "weight_decay: "),
        ({"betas": (0.9, 1.0)}, r"betas\[1\]: expected a number in \[0, 1\), got 1.0"),
        ({"betas": (-0.1, 0.9)}, r"betas\[0\]: "),
        ({"betas": (0.9,)}, r"betas: expected two numbers in \[0, 1\), got \(0.9,\)"),
    ],
)
def test_numbers_out_of_range_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Adam(**options)


@pytest.mark.parametrize(
    ("gradients", "kind", "message"),
    [
        ({"bias": np.zeros(3)}, ValueError, r"gradients\['bias'\]: .* \(4,\), got float64 \(3,\)"),
        ({"bias": np.zeros(4, np.float32)}, ValueError, r"got float32 \(4,\)"),
        ({"other": np.zeros(4)}, KeyError, "expected names of parameters, got 'other'"),
    ],
)  # fmt: skip
def test_gradients_that_do_not_fit_are_refused_and_nothing_is_remembered(
    gradients: dict[str, Any], kind: type[Exception], message: str
) -> None:
    adam = Adam()
    with pytest.raises(kind, match=message):
        adam.update(
            {"weight": np.zeros(4), "bias": np.zeros(4)}, {"weight": np.ones(4)} | gradients
        )
    assert adam.state == {}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"lr": "0.1"}, r"lr: expected a finite number of at least zero, got '0.1' \(str\)"),
        ({"betas": ("a", 0.9)}, r"betas\[0\]: expected a number in \[0, 1\), got 'a'"),
    ],
)
def test_what_is_no_number_is_told(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        Adam(**arguments)
