"""No result is ever of weights that were: whatever changed them, and however."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch.nn.utils import parametrizations
from torch_cases import apart, counted, data_in_place, flat, pair


def optimiser_step(module: Any) -> None:
    for parameter in module.parameters():
        parameter.grad = torch.ones_like(parameter)
    torch.optim.Adam(module.parameters(), lr=0.1).step()


def fused_step(module: Any) -> None:
    for parameter in module.parameters():
        parameter.grad = torch.ones_like(parameter)
    torch.optim.Adam(module.parameters(), lr=0.1, fused=True).step()


def load_state_dict(module: Any) -> None:
    module.load_state_dict({k: v * 2 + 0.1 for k, v in module.state_dict().items()})


def load_and_assign(module: Any) -> None:
    state = {k: v * 2 + 0.1 for k, v in module.state_dict().items()}
    module.load_state_dict(state, assign=True)


def in_place(module: Any) -> None:
    with torch.no_grad():
        weight_of(module).add_(0.1)


def data_assigned(module: Any) -> None:
    weight_of(module).data = weight_of(module).data * 1.5


def data_assigned_often(module: Any) -> None:
    """So that memory comes back to where it was before."""
    for _ in range(8):
        flat(module(torch.ones(4, 9, 5)))
        weight_of(module).data = weight_of(module).data * 1.05


def data_transposed(module: Any) -> None:
    """The same memory, read otherwise."""
    hidden = module.weight_hh_l0.shape[1]
    square = module.weight_hh_l0.data[:hidden].t()
    module.weight_hh_l0.data[:hidden] = square.clone()


def one_value_of_a_bias(module: Any) -> None:
    module.bias_hh_l0.data[-1] += 0.1


def through_numpy(module: Any) -> None:
    weight_of(module).detach().numpy()[...] *= 1.5


def negative_zero_is_another_number(module: Any) -> None:
    module.bias_ih_l0.data.zero_()
    flat(module(torch.ones(4, 9, 5)))
    module.bias_ih_l0.data.neg_()


def parameter_replaced(module: Any) -> None:
    module.weight_hh_l0 = torch.nn.Parameter(weight_of(module).detach() * 1.5)


def parametrized(module: Any) -> None:
    parametrizations.weight_norm(module, "weight_hh_l0")
    module.parametrizations.weight_hh_l0.original0.data.mul_(1.5)


def reset(module: Any) -> None:
    torch.manual_seed(99)
    module.reset_parameters()


def there_and_back(module: Any) -> None:
    module.double()
    weight_of(module).data.mul_(1.5)
    module.float()


def of_another_memory(module: Any) -> None:
    """Parameters as views of one vector, as some optimisers and averages have them."""
    vector = torch.nn.utils.parameters_to_vector(module.parameters()).detach() * 1.5
    torch.nn.utils.vector_to_parameters(vector, module.parameters())
    vector.mul_(0.9)


def weight_of(module: Any) -> torch.Tensor:
    weight: torch.Tensor = module.weight_hh_l0
    return weight


CHANGES = [
    optimiser_step, fused_step, load_state_dict, load_and_assign, in_place, data_in_place,
    data_assigned, data_assigned_often, data_transposed, one_value_of_a_bias, through_numpy,
    negative_zero_is_another_number, parameter_replaced, parametrized, reset, there_and_back,
    of_another_memory,
]  # fmt: skip


@pytest.mark.parametrize("gradients", [True, False], ids=["training", "without gradients"])
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_changed_weight_is_seen_at_the_next_call(
    change: Callable[[Any], None], gradients: bool
) -> None:
    torch.manual_seed(0)
    of_torch, own = pair("GRU", 5, 7)
    x = torch.randn(4, 9, 5)
    with torch.set_grad_enabled(gradients):
        before = flat(own(x))
        for module in (of_torch, own):
            change(module)
        with counted() as runs:
            after = flat(own(x))
        assert runs
        assert apart(after, flat(of_torch(x))) < 1e-6
    if change is not negative_zero_is_another_number:
        assert apart(after, before) > 1e-3


def test_another_process_may_change_shared_weights() -> None:
    of_torch, own = pair("GRU", 5, 7)
    own.share_memory()
    x = torch.randn(4, 9, 5)
    own(x)
    process = torch.multiprocessing.get_context("spawn").Process(target=data_in_place, args=(own,))
    process.start()
    process.join(60)
    assert process.exitcode == 0
    data_in_place(of_torch)
    assert apart(flat(own(x)), flat(of_torch(x))) < 1e-6


def test_functional_call_takes_the_weights_that_it_gives() -> None:
    of_torch, own = pair("LSTM", 5, 7)
    x = torch.randn(4, 9, 5)
    before = flat(own(x))
    others = {name: 1.5 * p.detach() for name, p in own.named_parameters()}
    found = flat(torch.func.functional_call(own, others, (x,)))
    assert apart(found, flat(torch.func.functional_call(of_torch, others, (x,)))) < 1e-6
    assert apart(flat(own(x)), before) == 0


def test_layers_that_share_a_weight_do_not_mix() -> None:
    _, first = pair("GRU", 5, 7)
    of_torch, second = pair("GRU", 5, 7)
    second.weight_hh_l0 = first.weight_hh_l0
    of_torch.weight_hh_l0 = first.weight_hh_l0
    x = torch.randn(4, 9, 5)
    for _ in range(2):
        first(x)
        assert apart(flat(second(x)), flat(of_torch(x))) < 1e-6


def test_weights_between_forward_and_backward_are_the_runs() -> None:
    """torch would go back through the new weights; here those are used that gave the output."""
    _, own = pair("GRU", 5, 7)
    x = torch.randn(4, 9, 5, requires_grad=True)
    (wanted,) = torch.autograd.grad(own(x)[0].sin().sum(), x)
    loss = own(x)[0].sin().sum()
    data_in_place(own)
    (found,) = torch.autograd.grad(loss, x)
    assert torch.equal(found, wanted)
