"""AdamW and SGD against torch's, step by step; the state of every optimiser and its way back."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from elman.train import SGD, Adam, AdamW, Optimizer

SHAPES = {"rnn.weight": (4, 3), "bias": (4,), "scale": (1,)}


def draw(random: np.random.Generator, dtype: Any = np.float64) -> dict[str, Any]:
    return {name: np.asarray(random.normal(size=s), dtype) for name, s in SHAPES.items()}


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("AdamW", {}),
        ("AdamW", {"lr": 0.05, "betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.3}),
        ("AdamW", {"lr": 0.05, "weight_decay": 0.0}),
        ("AdamW", {"lr": 0.0, "weight_decay": 0.5}),
        ("SGD", {}),
        ("SGD", {"lr": 0.1, "weight_decay": 0.2}),
        ("SGD", {"lr": 0.1, "momentum": 0.9}),
        ("SGD", {"lr": 0.1, "momentum": 0.7, "weight_decay": 0.2}),
        ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
        ("SGD", {"lr": 0.1, "momentum": 0.6, "nesterov": True, "weight_decay": 0.2}),
    ],
)
@pytest.mark.parametrize(("dtype", "rtol"), [(np.float32, 2e-6), (np.float64, 1e-13)])
def test_every_step_is_torchs(name: str, options: dict[str, Any], dtype: Any, rtol: float) -> None:
    random = np.random.default_rng(0)
    parameters = draw(random, dtype)
    theirs = {name: torch.tensor(value, requires_grad=True) for name, value in parameters.items()}
    ours = {"AdamW": AdamW, "SGD": SGD}[name](**options)
    torchs = getattr(torch.optim, name)(theirs.values(), **options)
    for step in range(30):
        ours.lr = torchs.param_groups[0]["lr"] = ours.lr * 0.97  # as a schedule does
        scale = dtype(10.0 ** (step % 5 - 3))
        gradients = {name: g * scale for name, g in draw(random, dtype).items()}
        for name, tensor in theirs.items():
            tensor.grad = torch.tensor(gradients[name])
        torchs.step()
        parameters = ours.update(parameters, gradients)
        for name, value in parameters.items():
            assert value.dtype == dtype
            np.testing.assert_allclose(value, theirs[name].detach(), rtol=rtol, atol=rtol)


@pytest.mark.parametrize("name", ["Adam", "AdamW", "SGD"])
def test_defaults_are_torchs(name: str) -> None:
    ours = {"Adam": Adam, "AdamW": AdamW, "SGD": SGD}[name]()
    defaults = getattr(torch.optim, name)([torch.zeros(1)]).defaults
    for key, value in ours.config().items():
        assert value == (list(defaults[key]) if key == "betas" else defaults[key])


MAKERS: dict[str, Callable[[], Optimizer]] = {
    "adam": lambda: Adam(0.1, weight_decay=0.1),
    "adamw": lambda: AdamW(0.1, (0.8, 0.99)),
    "sgd": lambda: SGD(0.1, weight_decay=0.1),
    "momentum": lambda: SGD(0.1, momentum=0.9),
    "nesterov": lambda: SGD(0.1, momentum=0.9, nesterov=True),
}


def trained(optimizer: Optimizer, steps: int, dtype: Any = np.float64) -> dict[str, Any]:
    """Return parameters after so many steps; one parameter is frozen in the first."""
    random = np.random.default_rng(1)
    parameters = draw(random, dtype)
    for step in range(steps):
        gradients = draw(random, dtype)
        if step == 0:
            del gradients["bias"]
        parameters = optimizer.update(parameters, gradients)
    return parameters


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", MAKERS)
def test_a_loaded_state_goes_on_with_the_same_bits(name: str, dtype: Any) -> None:
    first = MAKERS[name]()
    parameters = trained(first, 3, dtype)
    again = type(first)(**json.loads(json.dumps(first.config())))
    assert again.config() == first.config()
    again.load_state_dict(first.state_dict())
    random = np.random.default_rng(2)
    other = dict(parameters)
    for _ in range(4):
        gradients = draw(random, dtype)
        parameters = first.update(parameters, gradients)
        other = again.update(other, gradients)
        for key, value in parameters.items():
            np.testing.assert_array_equal(other[key], value)
    for key, array in first.state_dict().items():
        np.testing.assert_array_equal(again.state_dict()[key], array)


@pytest.mark.parametrize("name", MAKERS)
def test_pickle_gives_the_same(name: str) -> None:
    first = MAKERS[name]()
    parameters = trained(first, 2)
    again = pickle.loads(pickle.dumps(first))
    gradients = draw(np.random.default_rng(3))
    expected = first.update(parameters, gradients)
    for key, value in again.update(parameters, gradients).items():
        np.testing.assert_array_equal(value, expected[key])


def test_names_and_kinds_of_the_state() -> None:
    adam, sgd = Adam(), SGD(momentum=0.5)
    trained(adam, 3)
    trained(sgd, 1)
    state = adam.state_dict()
    fields = ("step", "exp_avg", "exp_avg_sq")
    assert set(state) == {f"{field}.{name}" for field in fields for name in SHAPES}
    assert (state["step.rnn.weight"], state["step.bias"]) == (3.0, 2.0)
    assert state["step.bias"].dtype == np.float64
    assert set(sgd.state_dict()) == {"momentum_buffer.rnn.weight", "momentum_buffer.scale"}
    assert SGD().state_dict() == {}


@pytest.mark.parametrize("name", MAKERS)
def test_state_dict_is_a_copy_and_loading_copies(name: str) -> None:
    optimizer = MAKERS[name]()
    parameters = trained(optimizer, 2)
    state = optimizer.state_dict()
    kept = {key: array.copy() for key, array in state.items()}
    optimizer.load_state_dict(state)
    optimizer.update(parameters, parameters)
    for key, array in state.items():
        np.testing.assert_array_equal(array, kept[key])
    optimizer.load_state_dict(state)
    for array in state.values():
        array[...] = 0
    for key, array in optimizer.state_dict().items():
        np.testing.assert_array_equal(array, kept[key])


@pytest.mark.parametrize("name", MAKERS)
def test_update_changes_no_argument_and_no_older_state(name: str) -> None:
    optimizer = MAKERS[name]()
    parameters = trained(optimizer, 2)
    gradients = draw(np.random.default_rng(4))
    older, arrays = optimizer.state, optimizer.state_dict()
    for array in [*parameters.values(), *gradients.values()]:
        array.flags.writeable = False
    optimizer.update(optimizer.update(parameters, gradients), gradients)
    optimizer.state = older
    for key, array in optimizer.state_dict().items():
        np.testing.assert_array_equal(array, arrays[key])


def test_a_buffer_does_not_share_memory_with_a_gradient() -> None:
    sgd, gradient = SGD(momentum=0.5), np.ones(2)
    sgd.update({"bias": np.zeros(2)}, {"bias": gradient})
    gradient[:] = 7
    np.testing.assert_array_equal(sgd.state["bias"].momentum_buffer, [1, 1])


ONE = {"step.b": np.array(2.0), "exp_avg.b": np.ones(2), "exp_avg_sq.b": np.ones(2)}


@pytest.mark.parametrize(
    ("optimizer", "arrays", "message"),
    [
        (SGD(), ONE, "state of SGD: expected no arrays, got 'step.b'; is this the state of an"),
        (SGD(momentum=0.9), ONE, r"expected 'momentum_buffer.NAME', got 'step.b'"),
        (Adam(), {"momentum_buffer.b": np.ones(2)}, "state of Adam: expected 'step.NAME' or 'exp_"),
        (Adam(), {"step": np.array(1.0)}, "got 'step'"),
        (Adam(), {"step.": np.array(1.0)}, "got 'step.'"),
        (Adam(), {"step.b": np.array(2.0)}, "state: expected an array 'exp_avg.b' too, got none"),
        (AdamW(), ONE | {"exp_avg_sq.b": np.ones(3)}, r"state\['exp_avg_sq.b'\]: expected float64"),
        (Adam(), ONE | {"exp_avg_sq.b": np.ones(2, np.float32)}, r"got float32 \(2,\)"),
        (Adam(), ONE | {"exp_avg.b": np.ones(2, int)}, "expected float32 or float64, got int64"),
        (Adam(), ONE | {"step.b": np.array(0.0)}, r"state\['step.b'\]: expected one number, a cou"),
        (Adam(), ONE | {"step.b": np.array(1.5)}, r"got array\(1.5\)"),
        (Adam(), ONE | {"step.b": np.array(np.nan)}, r"got array\(nan\)"),
        (Adam(), ONE | {"step.b": np.array(np.inf)}, r"got array\(inf\)"),
        (Adam(), ONE | {"step.b": np.ones(2)}, "expected one number"),
        (Adam(), ONE | {"step.b": np.array("2")}, "expected one number"),
    ],
)
def test_a_state_that_does_not_fit_is_refused_and_the_old_one_kept(
    optimizer: Optimizer, arrays: dict[str, Any], message: str
) -> None:
    optimizer.state = {}
    trained(optimizer, 1)
    before = optimizer.state
    with pytest.raises(ValueError, match=message):
        optimizer.load_state_dict(arrays)
    assert optimizer.state is before


@pytest.mark.parametrize("parameter", [np.ones(3), np.ones(2, np.float32)])
def test_a_state_of_other_parameters_is_refused(parameter: Any) -> None:
    adam = Adam()
    adam.load_state_dict(ONE)
    expected = rf"state\['b'\]: expected {parameter.dtype} .*, got float64 \(2,\)"
    with pytest.raises(ValueError, match=expected):
        adam.update({"b": parameter}, {"b": parameter})
    np.testing.assert_array_equal(adam.state_dict()["step.b"], 2)


@pytest.mark.parametrize("name", MAKERS)
def test_gradients_that_do_not_fit_are_refused_and_nothing_is_remembered(name: str) -> None:
    optimizer = MAKERS[name]()
    parameters = {"a": np.zeros(4), "b": np.zeros(4)}
    with pytest.raises(KeyError, match="expected names of parameters, got 'other'"):
        optimizer.update(parameters, {"a": np.ones(4), "other": np.ones(4)})
    with pytest.raises(ValueError, match=r"gradients\['b'\]: expected float64 \(4,\), got"):
        optimizer.update(parameters, {"a": np.ones(4), "b": np.ones(4, np.float32)})
    assert optimizer.state == {}


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (lambda: SGD(-1), ValueError, "lr: expected a finite number of at least zero, got -1"),
        (lambda: SGD(momentum=1.5), ValueError, r"momentum: expected a number in \[0, 1\]"),
        (lambda: SGD(momentum=np.nan), ValueError, "momentum: .* got nan"),
        (lambda: SGD(momentum="much"), TypeError, "momentum: .* got 'much'"),
        (lambda: SGD(nesterov=True), ValueError, "momentum: expected above zero with nesterov"),
        (lambda: SGD(momentum=0.9, nesterov=1), TypeError, r"nesterov: expected a bool, got 1"),
        (lambda: SGD(weight_decay=np.inf), ValueError, "weight_decay: .* got inf"),
        (lambda: AdamW(weight_decay=-0.1), ValueError, "weight_decay: .* got -0.1"),
        (lambda: AdamW(betas=(0.9, 1)), ValueError, r"betas\[1\]: "),
    ],
)
def test_arguments_out_of_range_are_refused(
    make: Callable[[], Any], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        make()


def test_the_text_of_an_optimizer_is_its_call() -> None:
    text = "SGD(lr=0.1, momentum=0.9, nesterov=False, weight_decay=0.0)"
    assert repr(SGD(0.1, momentum=0.9)) == text
