"""Parameters: torch's names, order, shapes and initial values; changed by assignment alone."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from strategies import Array, dtypes, rnn_arguments, seeds

import elman
from elman import nn


def in_torch(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments with torch's dtype."""
    return {**arguments, "dtype": getattr(torch, arguments["dtype"].name)}


@given(arguments=rnn_arguments(), seed=seeds)
def test_the_same_seed_gives_torchs_weights_bit_for_bit(
    arguments: dict[str, Any], seed: int
) -> None:
    """By the same names, in the same order, of two layers made one after the other."""
    elman.manual_seed(seed)
    torch.manual_seed(seed)
    for _ in range(2):
        rnn, expected = nn.RNN(**arguments), torch.nn.RNN(**in_torch(arguments))
        parameters, theirs = list(rnn.named_parameters()), list(expected.named_parameters())
        assert [name for name, _ in parameters] == [name for name, _ in theirs]
        for (name, parameter), (_, value) in zip(parameters, theirs, strict=True):
            np.testing.assert_array_equal(
                parameter, value.detach().numpy(), strict=True, err_msg=name
            )


@given(arguments=rnn_arguments())
def test_parameters_are_listed_as_in_torch(arguments: dict[str, Any]) -> None:
    rnn, theirs = nn.RNN(**arguments), torch.nn.RNN(**in_torch(arguments))
    named = dict(rnn.named_parameters())
    for parameter, (name, value) in zip(rnn.parameters(), named.items(), strict=True):
        assert parameter is value is getattr(rnn, name)
        assert name in dir(rnn)
    assert list(rnn.state_dict()) == list(theirs.state_dict()) == list(named)

    ids = {id(value): name for name, value in named.items()}
    their_ids = {id(value): name for name, value in theirs.named_parameters()}
    assert [[ids[id(w)] for w in weights] for weights in rnn.all_weights] == [
        [their_ids[id(w)] for w in weights] for weights in theirs.all_weights
    ]


@given(arguments=rnn_arguments(), dropout=st.sampled_from([0, 0.25, 1]))
def test_repr_is_torchs(arguments: dict[str, Any], dropout: float) -> None:
    if arguments["num_layers"] > 1:
        arguments["dropout"] = dropout
    assert repr(nn.RNN(**arguments)) == repr(torch.nn.RNN(**in_torch(arguments)))


# ---- assignment ---------------------------------------------------------------------------------

X = np.random.default_rng(0).standard_normal((6, 2, 3)).astype(np.float32)


def small_rnn(**arguments: Any) -> nn.RNN:
    return nn.RNN(3, 4, num_layers=2, bidirectional=True, **arguments)


@pytest.mark.parametrize("name", dict(small_rnn().named_parameters()))
def test_assigning_a_parameter_changes_results_and_gradients(name: str) -> None:
    """After earlier calls forward and backward: nothing made of the old values is used again."""
    rnn = small_rnn()
    (output, h_n), backward = rnn.vjp(X)
    old = backward(output, h_n)
    setattr(rnn, name, getattr(rnn, name) + np.float32(0.25))

    fresh = small_rnn()
    fresh.load_state_dict(rnn.state_dict())
    (expected, expected_h_n), fresh_backward = fresh.vjp(X)
    (actual, actual_h_n), backward = rnn.vjp(X)
    np.testing.assert_array_equal(actual, expected)
    np.testing.assert_array_equal(actual_h_n, expected_h_n)
    assert (actual != output).any()
    new, expected_new = backward(output, h_n), fresh_backward(output, h_n)
    np.testing.assert_array_equal(new.x, expected_new.x)
    assert (new.x != old.x).any()


def test_parameters_are_read_only_and_cannot_be_deleted() -> None:
    rnn = small_rnn()
    listed = [weight for weights in rnn.all_weights for weight in weights]
    for parameter in (*rnn.parameters(), *rnn.state_dict().values(), *listed):
        with pytest.raises(ValueError, match="read-only"):
            parameter[...] = 0
    with pytest.raises(AttributeError, match=r"weight_ih_l0: .* cannot be deleted"):
        del rnn.weight_ih_l0
    assert rnn.weight_ih_l0.shape == (4, 3)


@pytest.mark.parametrize("order", ["C", "F"])
def test_assignment_copies(order: Any) -> None:
    """Later changes of the array that was assigned do nothing."""
    rnn = small_rnn()
    source = np.ones((4, 4), np.float32, order=order)
    rnn.weight_hh_l0 = source
    assert source.flags.writeable
    before = rnn(X)[0]
    source[...] = 2
    np.testing.assert_array_equal(rnn.weight_hh_l0, np.ones((4, 4)))
    np.testing.assert_array_equal(rnn(X)[0], before)


def test_a_state_dict_is_not_touched_by_later_changes() -> None:
    rnn = small_rnn()
    state = rnn.state_dict()
    before = {name: value.copy() for name, value in state.items()}
    rnn.weight_hh_l0 = np.zeros((4, 4), np.float32)
    del state["bias_ih_l1"]
    assert "bias_ih_l1" in rnn.state_dict()
    np.testing.assert_array_equal(state["weight_hh_l0"], before["weight_hh_l0"])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("weight_hh_l0", np.zeros((4, 4))),
        ("weight_hh_l0", np.zeros((4, 3), np.float32)),
        ("weight_hh_l0", np.zeros(16, np.float32)),
        ("bias_ih_l1_reverse", np.float32(0)),
        ("bias_ih_l1_reverse", [0, 0, 0, 0]),
        ("bias_ih_l1_reverse", None),
    ],
)
def test_a_wrong_assignment_is_refused_and_changes_nothing(name: str, value: Any) -> None:
    rnn = small_rnn()
    before, output = getattr(rnn, name), rnn(X)[0]
    with pytest.raises(ValueError, match=f"^{name}: expected "):
        setattr(rnn, name, value)
    assert getattr(rnn, name) is before
    np.testing.assert_array_equal(rnn(X)[0], output)


# ---- state dicts --------------------------------------------------------------------------------


@given(arguments=rnn_arguments(), source_dtype=dtypes)
def test_a_state_dict_can_be_loaded(arguments: dict[str, Any], source_dtype: Any) -> None:
    """From a layer, from torch's, of either dtype; the layer keeps its own dtype."""
    theirs = torch.nn.RNN(**in_torch({**arguments, "dtype": source_dtype}))
    rnn = nn.RNN(**arguments)
    assert rnn.load_state_dict(theirs.state_dict()) == ([], [])
    for name, value in theirs.state_dict().items():
        expected = value.numpy().astype(rnn.dtype)
        np.testing.assert_array_equal(getattr(rnn, name), expected, strict=True)
    assert nn.RNN(**arguments).load_state_dict(rnn.state_dict()) == ([], [])


def changed_state(rnn: nn.RNN, **changes: Any) -> dict[str, Array]:
    """Return the state plus one, with other changes; a change to None leaves the name out."""
    state = {name: value + 1 for name, value in rnn.state_dict().items()} | changes
    return {name: value for name, value in state.items() if value is not None}


def test_names_that_do_not_fit_are_reported_when_not_strict() -> None:
    rnn = small_rnn()
    bias, before = rnn.bias_hh_l1, rnn.weight_ih_l0
    state = changed_state(rnn, bias_hh_l1=None, weight_ih_l7=np.zeros(1))
    keys = rnn.load_state_dict(state, strict=False)
    assert keys.missing_keys == ["bias_hh_l1"]
    assert keys.unexpected_keys == ["weight_ih_l7"]
    assert rnn.bias_hh_l1 is bias
    np.testing.assert_array_equal(rnn.weight_ih_l0, before + 1)


@pytest.mark.parametrize(
    ("changes", "strict", "told"),
    [
        ({"bias_hh_l1": None, "bias_ih_l0": None}, True, ["missing", "bias_hh_l1", "bias_ih_l0"]),
        ({"weight_ih_l7": np.zeros(1)}, True, ["unexpected", "weight_ih_l7"]),
        ({"bias_hh_l1": np.zeros(5)}, True, ["bias_hh_l1", "(4,)", "(5,)"]),
        ({"bias_hh_l1": np.zeros(5)}, False, ["bias_hh_l1", "(4,)", "(5,)"]),
        ({"bias_hh_l1": np.zeros(4, int)}, False, ["bias_hh_l1", "float32 or float64", "int64"]),
        (
            {"weight_ih_l0": np.zeros((4, 2)), "bias_hh_l1": None, "x": np.zeros(1)},
            True,
            ["weight_ih_l0", "(4, 3)", "(4, 2)", "missing bias_hh_l1", "unexpected x"],
        ),
    ],
)
def test_a_state_dict_that_does_not_fit_loads_nothing(
    changes: dict[str, Any], strict: bool, told: list[str]
) -> None:
    """Everything wrong with it is told, with the layer it was for."""
    rnn = small_rnn()
    before, output = rnn.state_dict(), rnn(X)[0]
    with pytest.raises(RuntimeError) as error:
        rnn.load_state_dict(changed_state(rnn, **changes), strict)
    for words in [repr(rnn), *told]:
        assert words in str(error.value)
    for name, value in rnn.state_dict().items():
        assert value is before[name]
    np.testing.assert_array_equal(rnn(X)[0], output)


# ---- copies -------------------------------------------------------------------------------------


def copies(rnn: nn.RNN) -> dict[str, nn.RNN]:
    return {"deepcopy": copy.deepcopy(rnn), "pickle": pickle.loads(pickle.dumps(rnn))}


@pytest.mark.parametrize("how", ["deepcopy", "pickle"])
def test_a_copy_computes_the_same_and_lives_alone(how: str) -> None:
    rnn = small_rnn(nonlinearity="relu", dropout=0.25).eval()
    expected = rnn(X)[0]
    twin = copies(rnn)[how]
    assert repr(twin) == repr(rnn)
    assert not twin.training
    np.testing.assert_array_equal(twin(X)[0], expected)
    twin.weight_hh_l0 = np.zeros((4, 4), np.float32)
    assert (twin(X)[0] != expected).any()
    np.testing.assert_array_equal(rnn(X)[0], expected)


@pytest.mark.parametrize("how", ["deepcopy", "pickle"])
def test_a_copys_parameters_are_read_only(how: str) -> None:
    for parameter in copies(small_rnn())[how].parameters():
        with pytest.raises(ValueError, match="read-only"):
            parameter[...] = 0


@pytest.mark.parametrize("how", ["deepcopy", "pickle"])
def test_a_copy_draws_its_masks_from_the_global_generator_too(how: str) -> None:
    """A layer without a generator of its own obeys elman.manual_seed, and so does its copy."""
    rnn = small_rnn(dropout=0.5)
    twin = copies(rnn)[how]
    elman.manual_seed(5)
    expected = rnn(X)[0]
    elman.manual_seed(5)
    np.testing.assert_array_equal(twin(X)[0], expected)


@pytest.mark.parametrize("how", ["deepcopy", "pickle"])
def test_a_copy_takes_its_own_generator_along(how: str) -> None:
    """A copy of the generator, at the same position."""
    rnn = small_rnn(dropout=0.5, generator=elman.Generator(3))
    rnn(X)
    twin = copies(rnn)[how]
    for _ in range(2):
        np.testing.assert_array_equal(twin(X)[0], rnn(X)[0])


def test_results_always_follow_from_the_parameters() -> None:
    """Also where two layers may share them, as after copy.copy: no old panel is used."""
    rnn = small_rnn()
    rnn(X)
    twin = copy.copy(rnn)
    twin.weight_hh_l0 = np.zeros((4, 4), np.float32)
    for layer in (rnn, twin):
        fresh = small_rnn()
        fresh.load_state_dict(layer.state_dict())
        np.testing.assert_array_equal(layer(X)[0], fresh(X)[0])


# ---- modes --------------------------------------------------------------------------------------


def test_modes_are_torchs() -> None:
    rnn = small_rnn()
    assert rnn.training
    assert rnn.eval() is rnn
    assert not rnn.training
    assert rnn.train() is rnn
    assert rnn.training
    assert not rnn.train(False).training
