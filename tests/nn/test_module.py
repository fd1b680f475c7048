"""Modules: attributes that are fixed or checked, children, state dicts of trees, configs."""

from __future__ import annotations

import copy
import inspect
import json
import os
import pathlib
import pickle
import threading
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from hypothesis import given
from strategies import CELLS, LAYERS, Array, Options, module_options

import elman
from elman import nn
from elman._random import default_generator
from elman.nn import _module
from elman.nn._module import Module

X = np.random.default_rng(0).standard_normal((6, 2, 3)).astype(np.float32)


class Pair(Module):
    """Two children, and a parameter of its own before them."""

    _children_classes: ClassVar = {
        "rnn": {"GRU": nn.GRU, "RNN": nn.RNN},
        "head": {"Linear": nn.Linear},
    }
    _fixed = Module._fixed | {"rnn", "head"}

    def __init__(self, rnn: Any, head: Any) -> None:
        super().__init__(None, None, None)
        self._add("scale", np.ones(1, np.float32))
        self.rnn, self.head = rnn, head

    def __call__(self, x: Any) -> Array:
        return self.head(self.rnn(x)[0]) * self.scale


class TorchPair(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(1))
        self.rnn, self.head = torch.nn.GRU(3, 4, 2), torch.nn.Linear(4, 2)


def pair(**options: Any) -> Pair:
    return Pair(nn.GRU(3, 4, 2, **options), nn.Linear(4, 2))


# ---- attributes ---------------------------------------------------------------------------------

FIXED = [
    *[(layer, "hidden_size", 64) for layer in LAYERS + CELLS],
    *[(layer, "input_size", 2) for layer in LAYERS + CELLS],
    *[(layer, "bias", False) for layer in LAYERS + CELLS],
    *[(layer, "dtype", np.float64) for layer in (*LAYERS, *CELLS, "Linear")],
    *[(layer, "num_layers", 3) for layer in LAYERS],
    *[(layer, "bidirectional", True) for layer in LAYERS],
    *[(layer, "learn_initial_state", True) for layer in LAYERS],
    ("LSTM", "proj_size", 3),
    ("RNN", "nonlinearity", "relu"),
    ("RNNCell", "nonlinearity", "relu"),
    ("Linear", "in_features", 5),
    ("Linear", "out_features", 5),
]


@pytest.mark.parametrize(("name", "attribute", "value"), FIXED)
def test_what_describes_a_layer_stays_as_it_is(name: str, attribute: str, value: Any) -> None:
    """Nothing changes, and the error shows the call that makes the wanted layer."""
    layer = getattr(nn, name)(3, 4)
    x = X if name in LAYERS else X[0]
    before, expected = getattr(layer, attribute), layer(x)
    with pytest.raises(AttributeError) as error:
        setattr(layer, attribute, value)
    message = str(error.value)
    assert message.startswith(f"{attribute}: expected no assignment, as it describes the layer")
    wanted = eval(message.partition("make a new layer: ")[2], {"nn": nn, "numpy": np})
    if attribute != "dtype":
        assert getattr(wanted, attribute) == value
    assert getattr(layer, attribute) == before
    with pytest.raises(AttributeError, match=attribute):
        delattr(layer, attribute)
    found = layer(x)
    for part, other in zip(flat(found), flat(expected), strict=True):
        np.testing.assert_array_equal(part, other)


def flat(value: Any) -> list[Array]:
    if isinstance(value, tuple):
        return [array for part in value for array in flat(part)]
    return [value]


def test_the_error_names_the_layer_that_is_wanted() -> None:
    rnn = nn.RNN(5, 8)
    with pytest.raises(AttributeError) as error:
        rnn.hidden_size = 64
    assert str(error.value) == (
        "hidden_size: expected no assignment, as it describes the layer and its weights, got 64; "
        "make a new layer: nn.RNN(5, 64)"
    )
    lstm = nn.LSTM(5, 8, num_layers=2, proj_size=3, batch_first=True, dtype=np.float64)
    with pytest.raises(AttributeError, match="make a new layer") as error:
        lstm.bidirectional = True
    assert str(error.value).endswith(
        "nn.LSTM(5, 8, num_layers=2, batch_first=True, bidirectional=True, proj_size=3, "
        "dtype='float64')"
    )
    with pytest.raises(AttributeError, match=r"bias=array\(\[0., 0.*\.\.\.\)$"):
        rnn.bias = np.zeros(100)


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize(
    ("attribute", "right", "wrong", "error"),
    [
        ("dropout", 0.25, 1.5, ValueError),
        ("dropout", 1, None, TypeError),
        ("recurrent_dropout", 0.25, -1, ValueError),
        ("batch_first", True, 1, TypeError),
        ("training", False, "yes", TypeError),
    ],
)
def test_options_are_checked_when_assigned(
    name: str, attribute: str, right: Any, wrong: Any, error: Any
) -> None:
    layer = getattr(nn, name)(3, 4, 2)
    setattr(layer, attribute, right)
    with pytest.raises(error, match=f"^{attribute}: expected "):
        setattr(layer, attribute, wrong)
    assert getattr(layer, attribute) == right
    assert type(getattr(layer, attribute)) in (bool, float)
    with pytest.raises(AttributeError, match=attribute):
        delattr(layer, attribute)


@pytest.mark.parametrize(
    ("make", "name", "meant"),
    [
        (lambda: nn.RNN(3, 4), "weight_ih_10", "weight_ih_l0"),
        (lambda: nn.RNN(3, 4), "bias_hh_0", "bias_hh_l0"),
        (lambda: nn.RNN(3, 4), "weight_hh_l1", "weight_hh_l0"),
        (lambda: nn.GRU(3, 4), "droput", "dropout"),
        (lambda: nn.GRUCell(3, 4), "weight_hh_l0", "weight_hh"),
        (lambda: nn.Linear(3, 4), "weigth", "weight"),
        (pair, "weight_hh_l1", "rnn.weight_hh_l1"),
    ],
)
def test_a_name_that_is_nearly_a_parameters_is_refused(
    make: Callable[[], Module], name: str, meant: str
) -> None:
    module = make()
    with pytest.raises(AttributeError, match=rf"^{name}: .* do you mean {meant}\?$"):
        setattr(module, name, np.zeros(4, np.float32))
    assert name not in vars(module)


@pytest.mark.parametrize("module", [nn.RNN(3, 4), nn.LSTMCell(3, 4), nn.Linear(3, 4), pair()])
def test_attributes_of_a_callers_own_are_kept(module: Any) -> None:
    module.note = 1
    module.note += 1
    assert module.note == 2
    del module.note
    assert not hasattr(module, "note")


@pytest.mark.parametrize("value", [3, np.random.default_rng(3), torch.Generator()])
@pytest.mark.parametrize("name", [*LAYERS, *CELLS, "Linear"])
def test_a_generator_of_another_kind_is_refused(name: str, value: Any) -> None:
    with pytest.raises(TypeError, match=r"^generator: expected an elman.Generator or None") as e:
        getattr(nn, name)(3, 4, generator=value)
    assert str(e.value).endswith("make one with elman.Generator(seed)")
    with pytest.raises(TypeError, match=r"^generator: expected an elman.Generator"):
        nn.init.normal(np.zeros(3), generator=value)


# ---- calls --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*LAYERS, *CELLS, "Linear"])
def test_forward_is_a_call(name: str) -> None:
    layer = getattr(nn, name)(3, 4)
    x = X if name in LAYERS else X[0]
    for part, other in zip(flat(layer.forward(x)), flat(layer(x)), strict=True):
        np.testing.assert_array_equal(part, other)


# ---- children -----------------------------------------------------------------------------------


def test_names_and_modules_are_torchs() -> None:
    module, theirs = pair(), TorchPair()
    assert list(module.state_dict()) == list(theirs.state_dict())
    assert [name for name, _ in module.named_parameters()] == list(module.state_dict())
    assert [n for n, _ in module.named_modules()] == [n for n, _ in theirs.named_modules()]
    assert list(module.named_children()) == [("rnn", module.rnn), ("head", module.head)]
    assert list(module.children()) == [module.rnn, module.head]
    assert list(module.modules()) == [module, module.rnn, module.head]
    for (name, value), parameter in zip(
        module.named_parameters("net"), module.parameters(), strict=True
    ):
        owner, last = module, name
        for last in name.split(".")[1:]:
            owner = getattr(owner, last)
        assert owner is value is parameter
        assert name.startswith("net.")
    module.load_state_dict(theirs.state_dict())
    for name, value in theirs.state_dict().items():
        np.testing.assert_array_equal(module.state_dict()[name], value)
    expected = theirs.head(theirs.rnn(torch.tensor(X))[0]).detach()
    np.testing.assert_allclose(module(X), expected, atol=1e-6)


def test_a_child_may_come_later_change_and_go() -> None:
    """As in torch. Copies have children of their own."""
    module, first, second = pair(), nn.Linear(2, 2), nn.Linear(2, 2)
    module.tail = first
    assert list(module.children()) == [module.rnn, module.head, first]
    module.tail = second
    assert list(module.children()) == [module.rnn, module.head, second]
    shallow = copy.copy(module)
    shallow.more = nn.Linear(2, 2)
    assert list(module.children()) == [module.rnn, module.head, second]
    for copied in (copy.deepcopy(module), pickle.loads(pickle.dumps(module)), module._snapshot()):
        assert list(copied.children()) == [copied.rnn, copied.head, copied.tail]
        assert not {*copied.modules()} & {*module.modules()}
        assert list(copied.state_dict()) == list(module.state_dict())
    module.tail = None
    assert list(module.children()) == [module.rnn, module.head]
    module.tail = first
    del module.tail
    assert list(module.children()) == [module.rnn, module.head]
    assert not any(name.startswith("tail") for name in module.state_dict())


def test_repr_nests_as_torchs() -> None:
    assert repr(pair()).replace("Pair", "TorchPair") == repr(TorchPair())
    outer = Pair(pair(), nn.Linear(4, 2))
    assert repr(outer).splitlines()[:3] == [
        "Pair(",
        "  (rnn): Pair(",
        "    (rnn): GRU(3, 4, num_layers=2)",
    ]


def test_modes_reach_all_modules() -> None:
    outer = Pair(pair(), nn.Linear(4, 2))
    assert outer.eval() is outer
    assert not any(module.training for module in outer.modules())
    outer.train()
    assert all(module.training for module in outer.modules())
    with pytest.raises(ValueError, match="mode: expected a bool"):
        outer.train(None)
    assert all(module.training for module in outer.modules())


def test_a_module_that_is_held_twice_is_listed_once() -> None:
    module = pair()
    module.other = module.rnn
    module.itself = module
    assert list(module.state_dict()) == list(pair().state_dict())
    assert len(list(module.modules())) == 3
    module.load_state_dict(module.state_dict())


@pytest.mark.parametrize("how", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_a_copy_of_a_tree_computes_the_same_and_lives_alone(how: Callable[[Any], Any]) -> None:
    module = pair()
    expected = module(X)
    twin = how(module)
    assert twin.rnn is not module.rnn
    np.testing.assert_array_equal(twin(X), expected)
    for parameter in twin.parameters():
        with pytest.raises(ValueError, match="read-only"):
            parameter[...] = 0
    twin.load_state_dict({name: value * 0 for name, value in twin.state_dict().items()})
    np.testing.assert_array_equal(twin(X), np.zeros((6, 2, 2)))
    np.testing.assert_array_equal(module(X), expected)


# ---- state dicts --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"head.bias": np.zeros(7)}, ["head.bias: expected (2,), got (7,)"]),
        ({"rnn.weight_ih_l1": np.zeros(7)}, ["rnn.weight_ih_l1: expected (12, 4), got (7,)"]),
        ({"tail.bias": np.zeros(2), "head.other": 0, 5: 0}, ["tail.bias, head.other, 5"]),
        ({"scale": None, "head.bias": None}, ["missing scale, head.bias"]),
        (
            {"scale": np.zeros(1, int), "rnn.bias_ih_l0": None},
            ["scale: expected float32 or float64, got int64", "missing rnn.bias_ih_l0"],
        ),
    ],
)
def test_a_tree_takes_all_or_nothing(changes: dict[Any, Any], told: list[str]) -> None:
    module = pair()
    before, expected = module.state_dict(), module(X)
    state = {name: value + 1 for name, value in before.items()} | changes
    state = {name: value for name, value in state.items() if value is not None}
    with pytest.raises(RuntimeError) as error:
        module.load_state_dict(state)
    for words in told:
        assert words in str(error.value)
    assert all(value is before[name] for name, value in module.state_dict().items())
    np.testing.assert_array_equal(module(X), expected)


@pytest.mark.parametrize("failing", ["rnn", "head"])
def test_an_error_in_the_middle_of_the_change_undoes_it(
    failing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a MemoryError or Ctrl-C would come, when some modules have new values already."""
    module = pair()
    before, expected = module.state_dict(), module(X)

    def fail(self: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(type(getattr(module, failing)), "_parameters_replaced", fail)
        with pytest.raises(KeyboardInterrupt):
            module.load_state_dict({name: value + 1 for name, value in before.items()})
    assert all(value is before[name] for name, value in module.state_dict().items())
    np.testing.assert_array_equal(module(X), expected)
    module.load_state_dict({name: value * 0 for name, value in before.items()})
    np.testing.assert_array_equal(module(X), np.zeros((6, 2, 2)))


@pytest.mark.parametrize(
    ("value", "fix"),
    [
        ("gru.safetensors", "to read a file, call elman.load('gru.safetensors')"),
        (pathlib.PurePosixPath("a/b"), "elman.load(PurePosixPath('a/b'))"),
        ([np.zeros(3)], "state_dict() of a module"),
        (None, "state_dict() of a module"),
        (nn.GRU(3, 4), "take its state_dict()"),
    ],
)
def test_a_state_dict_of_another_kind_is_refused(value: Any, fix: str) -> None:
    module = nn.GRU(3, 4)
    with pytest.raises(TypeError, match=r"^state_dict: expected a mapping of names") as error:
        module.load_state_dict(value)
    assert fix in str(error.value)
    assert f"({type(value).__name__})" in str(error.value)


class SpiedLock:
    """A lock that tells, before it is taken, that somebody asks for it."""

    def __init__(self) -> None:
        self.lock, self.asked = threading.RLock(), threading.Event()

    def __enter__(self) -> None:
        self.asked.set()
        self.lock.acquire()

    def __exit__(self, *_: Any) -> None:
        self.lock.release()


def test_state_dicts_of_a_tree_are_of_one_load(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that reads while another is in the middle of a change waits for its end."""
    module, found = pair(), []
    zeros = {name: value * 0 for name, value in module.state_dict().items()}
    lock, asked_or_done = SpiedLock(), threading.Event()
    monkeypatch.setattr(_module, "_lock", lock)

    def read() -> None:
        found.append(module.state_dict())
        asked_or_done.set()

    reader = threading.Thread(target=read)
    original = nn.GRU._parameters_replaced

    def replaced(self: Any) -> None:
        original(self)
        lock.asked = asked_or_done
        reader.start()
        asked_or_done.wait()

    monkeypatch.setattr(nn.GRU, "_parameters_replaced", replaced)
    module.load_state_dict(zeros)
    reader.join()
    for name, value in found[0].items():
        np.testing.assert_array_equal(value, zeros[name])


def test_a_signals_handler_may_use_the_module_that_is_changing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As one that saves a model before the process is ended. It runs in the same thread."""
    module, original, found = pair(), nn.GRU._parameters_replaced, []

    def replaced(self: Any) -> None:
        original(self)
        found.extend([module.state_dict(), module._snapshot()(X)])

    monkeypatch.setattr(nn.GRU, "_parameters_replaced", replaced)
    module.load_state_dict({name: value * 2 for name, value in module.state_dict().items()})
    np.testing.assert_array_equal(found[0]["rnn.weight_hh_l0"], module.rnn.weight_hh_l0)
    assert found[1].shape == (6, 2, 2)


FORK = """
import os, threading
import numpy as np
from elman import nn
from elman.nn import _module

network = nn.Network(nn.GRU(3, 4), nn.Linear(4, 2))
held, ended = threading.Event(), threading.Event()

def hold():
    with _module._lock:
        held.set()
        ended.wait()

threading.Thread(target=hold).start()
held.wait()
child = os.fork()
if child == 0:
    os._exit(0 if network(np.ones((5, 1, 3), np.float32)).shape == (1, 2) else 1)
ended.set()
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_does_not_wait_for_a_thread_it_has_not(
    run_python: Callable[..., str],
) -> None:
    assert run_python("import warnings; warnings.simplefilter('ignore')\n" + FORK).split() == ["0"]


# ---- configs ------------------------------------------------------------------------------------


@given(options=module_options)
def test_a_config_makes_a_module_of_the_same_structure(options: Options) -> None:
    """Through JSON; its parameters are zero and no random number is drawn."""
    extra = {"recurrent_dropout": 0.5, "learn_initial_state": True}
    module = options.elman(**(extra if options.module in LAYERS else {}))
    elman.manual_seed(3)
    expected = default_generator.uniform((4,), 1.0, np.dtype(np.float32))
    elman.manual_seed(3)
    twin = type(module).from_config(json.loads(json.dumps(module.config())))
    np.testing.assert_array_equal(
        default_generator.uniform((4,), 1.0, np.dtype(np.float32)), expected
    )
    assert repr(twin) == repr(module)
    assert twin.config() == module.config()
    for (name, value), (own, parameter) in zip(
        twin.named_parameters(), module.named_parameters(), strict=True
    ):
        assert name == own
        np.testing.assert_array_equal(value, np.zeros_like(parameter), strict=True)
    twin.load_state_dict(module.state_dict())
    x = np.ones((3, 2, module.input_size), module.dtype)
    for layer in (twin, module):
        elman.manual_seed(5)  # a dropout mask comes from the default generator again
        if layer is twin:
            found = flat(layer(x if options.module in LAYERS else x[0]))
        else:
            again = flat(layer(x if options.module in LAYERS else x[0]))
    for part, other in zip(found, again, strict=True):
        np.testing.assert_array_equal(part, other)


def test_configs_hold_the_constructors_arguments() -> None:
    assert nn.Linear(3, 4, bias=False, dtype=np.float64).config() == {
        "in_features": 3, "out_features": 4, "bias": False, "dtype": "float64",
    }  # fmt: skip
    assert nn.LSTM(3, 4, proj_size=2).config() == {
        "input_size": 3, "hidden_size": 4, "num_layers": 1, "bias": True, "batch_first": False,
        "dropout": 0.0, "bidirectional": False, "proj_size": 2, "dtype": "float32",
        "recurrent_dropout": 0.0, "learn_initial_state": False,
    }  # fmt: skip
    module = pair(dropout=0.5)
    config = module.config()
    assert config == {
        "rnn": {"class": "GRU", "config": module.rnn.config()},
        "head": {"class": "Linear", "config": module.head.config()},
    }
    twin = Pair.from_config(json.loads(json.dumps(config)))
    assert repr(twin) == repr(module)
    assert not any(value.any() for name, value in twin.state_dict().items() if name != "scale")


@pytest.mark.parametrize(
    ("make", "changes", "error", "words"),
    [
        (pair, {"rnn": 3}, TypeError, "^rnn in config of Pair: expected a mapping of class and"),
        (pair, {"rnn": {"class": "GRU"}}, TypeError, "^rnn in config of Pair: expected a mapping"),
        (
            pair,
            {"rnn": {"class": "os.system", "config": {}}},
            ValueError,
            "^rnn in config of Pair: expected 'GRU' or 'RNN', got 'os.system'",
        ),
        (
            lambda: nn.Linear(3, 4),
            {"bias": None, "units": 3},
            ValueError,
            "^config of Linear: expected in_features, .*, got without bias and also units$",
        ),
        (lambda: nn.GRU(3, 4), {"hidden_size": "4"}, TypeError, "^hidden_size: expected an int"),
        (lambda: nn.GRU(3, 4), {"generator": 1}, ValueError, "got also generator$"),
        (lambda: nn.GRU(3, 4), {"dtype": "float16"}, TypeError, "^dtype: expected numpy.float32"),
        (lambda: nn.GRU(3, 4), {"dropout": "0"}, ValueError, "^dropout: expected a number"),
    ],
)
def test_a_config_that_does_not_fit_is_refused(
    make: Callable[[], Module], changes: dict[str, Any], error: Any, words: str
) -> None:
    module = make()
    config = {n: v for n, v in (module.config() | changes).items() if v is not None}
    with pytest.raises(error, match=words):
        type(module).from_config(config)
    with pytest.raises(TypeError, match="expected a mapping of arguments"):
        type(module).from_config("Linear")  # type: ignore[arg-type]


# ---- torch's names ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["RNN", "GRU", "LSTM", "RNNCell", "GRUCell", "LSTMCell", "Linear"])
def test_a_call_takes_torchs_names(name: str) -> None:
    module = getattr(nn, name)(3, 4)
    _, word, *_ = inspect.signature(getattr(torch.nn, name).forward).parameters
    x = X if name in LAYERS else X[0]
    np.testing.assert_array_equal(module.forward(**{word: x})[0], module(x)[0])


def test_an_embedding_takes_torchs_name() -> None:
    module = nn.Embedding(5, 3)
    np.testing.assert_array_equal(module(input=[1, 4]), module.weight[[1, 4]])
