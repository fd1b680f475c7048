"""elman.torch's modules give torch's values and gradients, on elman's kernels."""

from __future__ import annotations

import weakref
from functools import partial
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence
from torch_cases import CELLS, LAYERS, apart, counted, flat, gradients, pair

pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections:UserWarning")  # torch's own

TOLERANCE = {torch.float32: 2e-5, torch.float64: 1e-12}


@st.composite
def layers(draw: Any) -> tuple[str, tuple[int, int], dict[str, Any]]:
    name = draw(st.sampled_from(LAYERS))
    sizes = draw(st.integers(1, 9)), draw(st.integers(2, 20))
    options = {
        "num_layers": draw(st.integers(1, 3)),
        "bias": draw(st.booleans()),
        "batch_first": draw(st.booleans()),
        "bidirectional": draw(st.booleans()),
        "dtype": draw(st.sampled_from([torch.float32, torch.float64])),
    }
    if name == "LSTM" and draw(st.booleans()):
        options["proj_size"] = draw(st.integers(1, sizes[1] - 1))
    if name == "RNN":
        options["nonlinearity"] = draw(st.sampled_from(["tanh", "relu"]))
    if options["num_layers"] > 1:
        options["dropout"] = draw(st.sampled_from([0.0, 0.4]))
    return name, sizes, options


def first_state(module: Any, N: int | None, dtype: torch.dtype) -> Any:
    K = module.num_layers * (2 if module.bidirectional else 1)
    P = module.proj_size or module.hidden_size
    sizes = (P, module.hidden_size) if isinstance(module, torch.nn.LSTM) else (P,)
    front = (K,) if N is None else (K, N)
    parts = tuple(torch.randn(*front, size, dtype=dtype) for size in sizes)
    return parts if len(parts) > 1 else parts[0]


def leaf_state(state: Any) -> Any:
    if state is None:
        return None
    if isinstance(state, tuple):
        return tuple(part.clone().requires_grad_() for part in state)
    return state.clone().requires_grad_()


def parts_of(state: Any) -> list[torch.Tensor]:
    return [] if state is None else list(state) if isinstance(state, tuple) else [state]


@given(layers(), st.integers(1, 7), st.integers(2, 6), st.booleans(), st.data())
def test_values_and_gradients_are_torchs(
    layer: Any, T: int, N: int, with_state: bool, data: Any
) -> None:
    name, sizes, options = layer
    torch.manual_seed(data.draw(st.integers(0, 999)))
    dtype = options["dtype"]
    modules = pair(name, *sizes, **options)
    batched = data.draw(st.booleans())
    shape: tuple[int, ...] = (N, T) if options["batch_first"] else (T, N)
    x = torch.randn(*(shape if batched else (T,)), sizes[0], dtype=dtype)
    if data.draw(st.booleans()):  # not contiguous
        x = torch.randn(*x.shape[:-1], 2 * sizes[0], dtype=dtype)[..., ::2]
    state = first_state(modules[0], N if batched else None, dtype) if with_state else None
    found = []
    for module in modules:
        own_x, own_state = x.clone().requires_grad_(), leaf_state(state)
        if not x.is_contiguous():
            own_x = x.detach().requires_grad_()
        torch.manual_seed(7)
        with counted() as runs:
            leaves = [own_x, *parts_of(own_state)]
            found.append(gradients(module, leaves, partial(module, own_x, own_state)))
    assert runs
    assert apart(found[1], found[0]) < TOLERANCE[dtype]


@given(layers(), st.lists(st.integers(1, 7), min_size=1, max_size=6), st.booleans(), st.data())
def test_packed_sequences_give_torchs_values_and_gradients(
    layer: Any, lengths: list[int], with_state: bool, data: Any
) -> None:
    name, sizes, options = layer
    torch.manual_seed(data.draw(st.integers(0, 999)))
    dtype, N = options["dtype"], len(lengths)
    modules = pair(name, *sizes, **options)
    is_sorted = data.draw(st.booleans())
    lengths = sorted(lengths, reverse=True) if is_sorted else lengths
    x = torch.randn(max(lengths), N, sizes[0], dtype=dtype)
    packed = pack_padded_sequence(x, torch.tensor(lengths), enforce_sorted=is_sorted)
    state = first_state(modules[0], N, dtype) if with_state else None
    found = []
    for module in modules:
        values, own_state = packed.data.clone().requires_grad_(), leaf_state(state)
        again = PackedSequence(values, *packed[1:])
        torch.manual_seed(7)
        with counted() as runs:
            leaves = [values, *parts_of(own_state)]
            found.append(gradients(module, leaves, partial(module, again, own_state)))
        result = module(packed)[0]
        assert isinstance(result, PackedSequence)
        assert torch.equal(result.batch_sizes, packed.batch_sizes)
        assert result.sorted_indices is packed.sorted_indices
    assert runs
    assert apart(found[1], found[0]) < TOLERANCE[dtype]


@pytest.mark.parametrize("name", [*CELLS, "RNNCell"])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("N", [1, 9, None])
def test_cells_give_torchs_values_and_gradients(name: str, bias: bool, N: int | None) -> None:
    torch.manual_seed(1)
    modules = pair(name, 5, 7, bias=bias)
    front = () if N is None else (N,)
    x, h, c = (torch.randn(*front, size) for size in (5, 7, 7))
    for given_state in (False, True):
        found = []
        for module in modules:
            leaves = [t.clone().requires_grad_() for t in (x, h, c)][: 3 if name[0] == "L" else 2]
            state: Any = tuple(leaves[1:]) if name[0] == "L" else leaves[1]
            with counted() as runs:
                found.append(
                    gradients(
                        module,
                        leaves if given_state else leaves[:1],
                        partial(module, leaves[0], *([state] if given_state else [])),
                    )
                )
        assert bool(runs) == (name in CELLS and N == 9)
        assert apart(found[1], found[0]) < 1e-6


@pytest.mark.parametrize("name", LAYERS)
def test_without_gradients_values_are_the_same(name: str) -> None:
    of_torch, own = pair(name, 5, 7, num_layers=2, bidirectional=True)
    x = torch.randn(4, 3, 5)
    wanted = flat(own(x))
    with torch.no_grad(), counted() as runs:
        assert apart(flat(own(x)), wanted) == 0
    assert runs
    with torch.inference_mode():
        assert apart(flat(own(x)), wanted) == 0
        assert flat(own(x))[0].is_inference()
    for parameter in own.parameters():
        parameter.requires_grad_(False)
    assert apart(flat(own(x)), flat(of_torch(x))) < 1e-6
    assert not own(x)[0].requires_grad


@pytest.mark.parametrize("name", LAYERS)
def test_gradients_of_some_alone(name: str) -> None:
    """As of frozen weights, of a state, of h_n alone, and of nothing that reaches the loss."""
    of_torch, own = pair(name, 5, 7)
    for module in (of_torch, own):
        module.weight_ih_l0.requires_grad_(False)
        x = torch.ones(4, 3, 5, requires_grad=True)
        flat(module(x))[1].pow(2).sum().backward()
        assert module.weight_ih_l0.grad is None
        module.x_grad = x.grad
    found, wanted = ([m.x_grad, m.weight_hh_l0.grad] for m in (own, of_torch))
    assert apart(found, wanted) < 1e-6


@pytest.mark.parametrize("name", LAYERS)
def test_a_loss_may_go_back_twice(name: str) -> None:
    _, own = pair(name, 5, 7, num_layers=2)
    x = torch.randn(4, 3, 5, requires_grad=True)
    loss = own(x)[0].sin().sum()
    (first,) = torch.autograd.grad(loss, x, retain_graph=True)
    (second,) = torch.autograd.grad(loss, x)
    assert torch.equal(first, second)
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        torch.autograd.grad(loss, x)


@pytest.mark.parametrize("name", LAYERS)
def test_what_changed_in_place_cannot_go_back(name: str) -> None:
    _, own = pair(name, 5, 7)
    x = torch.randn(4, 3, 5)
    for change in (lambda y: y.mul_(2), lambda y: own.weight_hh_l0.detach().add_(1)):
        y = own(x)[0]
        loss = y.sin().sum()
        with torch.no_grad():
            change(y)
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            loss.backward()


def test_a_gradient_that_is_one_number_for_all_is_taken() -> None:
    of_torch, own = pair("GRU", 5, 7)
    for module in (of_torch, own):
        module(torch.ones(4, 3, 5))[0].sum().backward()  # an expanded tensor
    assert apart([own.weight_hh_l0.grad], [of_torch.weight_hh_l0.grad]) < 1e-6


def test_memory_of_a_run_is_free_after_its_backward() -> None:

    _, own = pair("LSTM", 5, 7)
    with counted():
        y = own(torch.randn(4, 3, 5))[0]
    saved = y.grad_fn.saved_tensors
    (workspace,) = [t for t in saved if t is not None and t.dim() == 1 and t.numel() > 300]
    gone = weakref.ref(workspace)
    del workspace, saved
    loss = y.sum()
    loss.backward()
    assert gone() is None, "the graph is alive, what it saved is not"


def test_the_packed_network_is_free_with_its_module() -> None:
    from elman.torch import _networks

    _, own = pair("LSTM", 5, 7)
    own(torch.randn(4, 3, 5))
    key = id(own.weight_hh_l0)
    assert key in _networks._entries
    del own
    assert key not in _networks._entries
