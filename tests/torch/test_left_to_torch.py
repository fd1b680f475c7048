"""What the kernels do not hold goes to torch's own code: its values, its errors, its words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch_cases import LAYERS, apart, counted, flat, pair

X = torch.ones(4, 3, 5)

MISTAKES: dict[str, Callable[[Any], Any]] = {
    "x of 4 axes": lambda m: m(torch.ones(1, 4, 3, 5)),
    "another input size": lambda m: m(torch.ones(4, 3, 6)),
    "no steps": lambda m: m(torch.ones(0, 3, 5)),
    "another dtype": lambda m: m(X.double()),
    "a state of another batch": lambda m: m(X, state(m, 1, 2, 7)),
    "a state of another size": lambda m: m(X, state(m, 1, 3, 8)),
    "a state of 2 axes": lambda m: m(X, state(m, 1, 7)),
    "a state of 3 axes without a batch": lambda m: m(X[0], state(m, 1, 3, 7)),
    "a state of another dtype": lambda m: m(X, state(m, 1, 3, 7, dtype=torch.float64)),
    "no tensor": lambda m: m([[1.0] * 5]),
    "no argument": lambda m: m(),
}


def state(module: Any, *shape: int, **options: Any) -> Any:
    zeros = torch.zeros(*shape, **options)
    return (zeros, zeros) if isinstance(module, torch.nn.LSTM) else zeros


@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.parametrize("name", LAYERS)
def test_errors_are_torchs(name: str, mistake: str) -> None:
    of_torch, own = pair(name, 5, 7)
    own(X)  # the short way knows the weights
    with pytest.raises(Exception) as wanted:  # noqa: PT011
        MISTAKES[mistake](of_torch)
    with pytest.raises(type(wanted.value)) as found:
        MISTAKES[mistake](own)
    assert str(found.value) == str(wanted.value) or mistake == "no argument"


@pytest.mark.parametrize("name", LAYERS)
def test_half_precision_and_autocast(name: str) -> None:
    half = pair(name, 5, 7, dtype=torch.bfloat16)
    of_torch, own = pair(name, 5, 7)
    with counted() as runs:
        _compare(half[1], half[0], X.bfloat16())
        with torch.autocast("cpu", dtype=torch.bfloat16):
            _compare(own, of_torch, X)
    assert not runs


def _compare(own: Any, of_torch: Any, x: torch.Tensor) -> None:
    wanted, found = (_results_or_error(module, x) for module in (of_torch, own))
    if isinstance(wanted, str):  # a processor for which torch has no LSTM of half precision
        assert found == wanted
    else:
        assert apart(found, wanted) == 0
        assert found[0].dtype == wanted[0].dtype


def _results_or_error(module: Any, x: torch.Tensor) -> Any:
    try:
        return flat(module(x))
    except RuntimeError as error:
        return str(error)


@pytest.mark.parametrize("name", LAYERS)
def test_tensors_without_memory(name: str) -> None:
    _, own = pair(name, 5, 7)
    with counted() as runs:
        assert own.to("meta")(X.to("meta"))[0].device.type == "meta"
    assert not runs


@pytest.mark.parametrize("name", LAYERS)
def test_a_batch_of_no_rows(name: str) -> None:
    of_torch, own = pair(name, 5, 7)
    results = flat(own(torch.ones(4, 0, 5)))
    assert [r.shape for r in results] == [r.shape for r in flat(of_torch(torch.ones(4, 0, 5)))]


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")  # by torch's forward mode
@pytest.mark.parametrize("name", ["RNN", "GRU"])  # torch has no forward mode of its LSTM
def test_forward_mode(name: str) -> None:
    of_torch, own = pair(name, 5, 7)
    tangent = torch.randn(4, 3, 5)
    found = [torch.func.jvp(lambda x, m=m: m(x)[0], (X,), (tangent,)) for m in (own, of_torch)]
    assert apart(flat(found[0]), flat(found[1])) < 1e-6


@pytest.mark.filterwarnings(
    "ignore:`torch.jit:DeprecationWarning", "ignore::torch.jit.TracerWarning"
)
@pytest.mark.parametrize("name", [*LAYERS, "GRUCell"])
def test_scripts_and_traces_are_torchs(name: str) -> None:
    of_torch, own = pair(name, 5, 7)
    x = X[0] if name == "GRUCell" else X
    model = torch.nn.Sequential(own)
    for made in (torch.jit.script(model), torch.jit.trace(model, x)):
        assert apart(flat(made(x)), flat(of_torch(x))) < 1e-6
    assert type(own).__module__.startswith("elman")


def test_a_tensor_of_another_class_is_torchs() -> None:
    class Logged(torch.Tensor):
        calls: list[str] = []  # noqa: RUF012

        @classmethod
        def __torch_function__(cls, f: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            cls.calls.append(getattr(f, "__name__", ""))
            return super().__torch_function__(f, types, args, kwargs or {})

    of_torch, own = pair("GRU", 5, 7)
    with counted() as runs:
        found = own(X.as_subclass(Logged))[0]
    assert not runs
    assert "gru" in Logged.calls
    assert isinstance(found, Logged)
    assert apart([found.as_subclass(torch.Tensor)], [of_torch(X)[0]]) < 1e-6
