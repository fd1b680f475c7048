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
from strategies import (
    CELLS,
    LAYERS,
    Array,
    Options,
    dtypes,
    layer_options,
    module_options,
    parts,
    seeds,
    state_shapes,
    whole,
)

import elman
from elman import nn


@given(options=module_options, seed=seeds, own=st.booleans())
def test_the_same_seed_gives_torchs_weights_bit_for_bit(
    options: Options, seed: int, own: bool
) -> None:
    """By the same names, in the same order, of two made one after the other.

    From elman.manual_seed, or from a generator of their own.
    """
    generator = elman.Generator(seed) if own else None
    elman.manual_seed(0 if own else seed)
    torch.manual_seed(seed)
    for _ in range(2):
        module, expected = options.elman(generator=generator), options.torch()
        parameters, theirs = list(module.named_parameters()), list(expected.named_parameters())
        assert [name for name, _ in parameters] == [name for name, _ in theirs]
        for (name, parameter), (_, value) in zip(parameters, theirs, strict=True):
            np.testing.assert_array_equal(
                parameter, value.detach().numpy(), strict=True, err_msg=name
            )


@given(options=module_options)
def test_parameters_are_listed_as_in_torch(options: Options) -> None:
    module, theirs = options.elman(), options.torch()
    named = dict(module.named_parameters())
    for parameter, (name, value) in zip(module.parameters(), named.items(), strict=True):
        assert parameter is value is getattr(module, name)
        assert name in dir(module)
    assert list(module.state_dict()) == list(theirs.state_dict()) == list(named)


@given(options=layer_options())
def test_all_weights_are_listed_as_in_torch(options: Options) -> None:
    layer, theirs = options.elman(learn_initial_state=True), options.torch()
    ids = {id(value): name for name, value in layer.named_parameters()}
    their_ids = {id(value): name for name, value in theirs.named_parameters()}
    assert [[ids[id(w)] for w in weights] for weights in layer.all_weights] == [
        [their_ids[id(w)] for w in weights] for weights in theirs.all_weights
    ]


@given(options=module_options, dropout=st.sampled_from([0, 0.25, 1]))
def test_repr_is_torchs(options: Options, dropout: float) -> None:
    changes = {"dropout": dropout} if options.arguments.get("num_layers", 1) > 1 else {}
    assert repr(options.elman(**changes)) == repr(options.torch(**changes))


# ---- assignment ---------------------------------------------------------------------------------

X = np.random.default_rng(0).standard_normal((6, 2, 3)).astype(np.float32)


MODULES = LAYERS + CELLS


def small(module: str, **arguments: Any) -> Any:
    """Return a cell, or a layer of two layers and directions, an LSTM with a projection."""
    if module in LAYERS:
        arguments = {"num_layers": 2, "bidirectional": True, **arguments}
    if module == "LSTM":
        arguments = {"proj_size": 2, **arguments}
    return getattr(nn, module)(3, 4, **arguments)


def x_of(module: Any) -> Array:
    """Return X, or one step of it for a cell."""
    return X if hasattr(module, "num_layers") else X[0]


def results(module: Any) -> list[Array]:
    """Return output and final states of a layer, or the state of a cell."""
    found = module(x_of(module))
    output, state = found if hasattr(module, "num_layers") else ((), found)
    return [np.array(output), *parts(state)]


def gradients(module: Any) -> list[Array]:
    """Return all gradients of ones."""
    found, backward = module.vjp(x_of(module))
    *output, state = found if hasattr(module, "num_layers") else (found,)
    ones = [np.ones_like(part) for part in (*output, *parts(state))]
    gradients = backward(*ones[: len(output)], whole(ones[len(output) :]))
    return [gradients.x, *parts(gradients.state), *gradients.parameters.values()]


def assert_same(actual: list[Array], expected: list[Array]) -> None:
    for a, e in zip(actual, expected, strict=True):
        np.testing.assert_array_equal(a, e)


def differ(actual: list[Array], expected: list[Array]) -> bool:
    return any((a != e).any() for a, e in zip(actual, expected, strict=True))


@pytest.mark.parametrize(
    ("module", "name"),
    [(module, name) for module in MODULES for name, _ in small(module).named_parameters()],
)
def test_assigning_a_parameter_changes_results_and_gradients(module: str, name: str) -> None:
    """After earlier calls forward and backward: nothing made of the old values is used again."""
    changed = small(module)
    state = [np.ones(s, np.float32) for s in state_shapes(changed, 2)]
    old_results, old_gradients = results(changed), gradients(changed)
    old_step = parts(changed(x_of(changed), whole(state)))
    setattr(changed, name, getattr(changed, name) + np.float32(0.25))

    fresh = small(module)
    fresh.load_state_dict(changed.state_dict())
    assert_same(results(changed), results(fresh))
    assert_same(gradients(changed), gradients(fresh))
    assert differ(gradients(changed), old_gradients)
    if module in LAYERS:
        assert differ(results(changed), old_results)
    else:
        # W_hh of one step from zeros is of no effect.
        assert differ(list(parts(changed(x_of(changed), whole(state)))), list(old_step))


@pytest.mark.parametrize("module", MODULES)
def test_parameters_are_read_only_and_cannot_be_deleted(module: str) -> None:
    rnn = small(module)
    listed = [weight for weights in getattr(rnn, "all_weights", []) for weight in weights]
    for parameter in (*rnn.parameters(), *rnn.state_dict().values(), *listed):
        with pytest.raises(ValueError, match="read-only"):
            parameter[...] = 0
    for name, value in rnn.named_parameters():
        with pytest.raises(AttributeError, match=rf"{name}: .* cannot be deleted"):
            delattr(rnn, name)
        assert getattr(rnn, name) is value


@pytest.mark.parametrize("order", ["C", "F"])
def test_assignment_copies(order: Any) -> None:
    """Later changes of the array that was assigned do nothing."""
    rnn = small("RNN")
    source = np.ones((4, 4), np.float32, order=order)
    rnn.weight_hh_l0 = source
    assert source.flags.writeable
    before = rnn(X)[0]
    source[...] = 2
    np.testing.assert_array_equal(rnn.weight_hh_l0, np.ones((4, 4)))
    np.testing.assert_array_equal(rnn(X)[0], before)


def test_a_state_dict_is_not_touched_by_later_changes() -> None:
    rnn = small("RNN")
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
    rnn = small("RNN")
    before, output = getattr(rnn, name), rnn(X)[0]
    with pytest.raises(ValueError, match=f"^{name}: expected "):
        setattr(rnn, name, value)
    assert getattr(rnn, name) is before
    np.testing.assert_array_equal(rnn(X)[0], output)


# ---- state dicts --------------------------------------------------------------------------------


@given(options=module_options, source_dtype=dtypes)
def test_a_state_dict_can_be_loaded(options: Options, source_dtype: Any) -> None:
    """From a module, from torch's, of either dtype; the module keeps its own dtype."""
    theirs, module = options.torch(dtype=source_dtype), options.elman()
    assert module.load_state_dict(theirs.state_dict()) == ([], [])
    for name, value in theirs.state_dict().items():
        expected = value.numpy().astype(module.dtype)
        np.testing.assert_array_equal(getattr(module, name), expected, strict=True)
    assert options.elman().load_state_dict(module.state_dict()) == ([], [])


def changed_state(rnn: Any, **changes: Any) -> dict[str, Array]:
    """Return the state plus one, with other changes; a change to None leaves the name out."""
    state = {name: value + 1 for name, value in rnn.state_dict().items()} | changes
    return {name: value for name, value in state.items() if value is not None}


def test_names_that_do_not_fit_are_reported_when_not_strict() -> None:
    rnn = small("RNN")
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
    rnn = small("RNN")
    before, output = rnn.state_dict(), rnn(X)[0]
    with pytest.raises(RuntimeError) as error:
        rnn.load_state_dict(changed_state(rnn, **changes), strict)
    for words in [repr(rnn), *told]:
        assert words in str(error.value)
    for name, value in rnn.state_dict().items():
        assert value is before[name]
    np.testing.assert_array_equal(rnn(X)[0], output)


# ---- copies -------------------------------------------------------------------------------------

COPIES = {
    "deepcopy": copy.deepcopy,
    "pickle": lambda module: pickle.loads(pickle.dumps(module)),
    "copy": copy.copy,
}


@pytest.mark.parametrize("how", COPIES)
@pytest.mark.parametrize("module", MODULES)
def test_a_copy_computes_the_same_and_lives_alone(module: str, how: str) -> None:
    """Whether or not it was called before: what was made ready for the kernels is not copied."""
    elman.manual_seed(0)  # with which no relu is zero throughout
    arguments = {"dropout": 0.25} if module in LAYERS else {}
    if module.startswith("RNN"):
        arguments["nonlinearity"] = "relu"
    original = small(module, **arguments).eval()
    before = COPIES[how](original)
    expected, expected_gradients = results(original), gradients(original)
    for twin in (before, COPIES[how](original)):
        assert repr(twin) == repr(original)
        assert not twin.training
        assert_same(results(twin), expected)
        assert_same(gradients(twin), expected_gradients)
        for name, parameter in list(twin.named_parameters()):
            setattr(twin, name, np.zeros_like(parameter))
        assert differ(results(twin), expected)
        assert_same(results(original), expected)
        assert_same(gradients(original), expected_gradients)


@pytest.mark.parametrize("how", COPIES)
@pytest.mark.parametrize("module", MODULES)
def test_a_copys_parameters_are_read_only(module: str, how: str) -> None:
    for parameter in COPIES[how](small(module)).parameters():
        with pytest.raises(ValueError, match="read-only"):
            parameter[...] = 0


@pytest.mark.parametrize("how", COPIES)
@pytest.mark.parametrize("module", LAYERS)
@pytest.mark.parametrize("option", ["dropout", "recurrent_dropout"])
def test_a_copy_draws_its_masks_from_the_global_generator_too(
    module: str, how: str, option: str
) -> None:
    """A layer without a generator of its own obeys elman.manual_seed, and so does its copy."""
    rnn = small(module, **{option: 0.5})
    twin = COPIES[how](rnn)
    elman.manual_seed(5)
    expected = rnn(X)[0]
    elman.manual_seed(5)
    np.testing.assert_array_equal(twin(X)[0], expected)


@pytest.mark.parametrize("how", ["deepcopy", "pickle"])
@pytest.mark.parametrize("module", LAYERS)
def test_a_copy_takes_its_own_generator_along(module: str, how: str) -> None:
    """A copy of the generator, at the same position."""
    rnn = small(module, dropout=0.5, generator=elman.Generator(3))
    rnn(X)
    twin = COPIES[how](rnn)
    for _ in range(2):
        np.testing.assert_array_equal(twin(X)[0], rnn(X)[0])


# ---- modes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", MODULES)
def test_modes_are_torchs(module: str) -> None:
    rnn = small(module)
    assert rnn.training
    assert rnn.eval() is rnn
    assert not rnn.training
    assert rnn.train() is rnn
    assert rnn.training
    assert not rnn.train(False).training
