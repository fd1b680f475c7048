"""Gradients of gradients, torch.func, checkpoints, the compiler and the exporter."""

from __future__ import annotations

import io
from typing import Any

import pytest
import torch
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence
from torch.utils.checkpoint import checkpoint
from torch_cases import LAYERS, apart, counted, flat, gradients, pair

import elman.torch
from elman.torch import _ops
from elman.torch._networks import Options

DOUBLE = torch.float64
each_layer = pytest.mark.parametrize("name", LAYERS)


def with_weights(module: Any, *state: torch.Tensor) -> Any:
    """Return a function of x and the parameters."""
    names = [name for name, _ in module.named_parameters()]

    def call(x: torch.Tensor, *parameters: torch.Tensor) -> Any:
        given = dict(zip(names, parameters, strict=True))
        return tuple(flat(torch.func.functional_call(module, given, (x, *state))))

    return call


@each_layer
@pytest.mark.parametrize("batch_first", [True, False])
def test_gradients_and_their_gradients_in_float64(name: str, batch_first: bool) -> None:
    torch.manual_seed(3)
    options = {"bidirectional": True, "batch_first": batch_first, "dtype": DOUBLE}
    own = getattr(elman.torch, name)(2, 3, 2, **options)
    x = torch.randn(3, 2, 2, dtype=DOUBLE, requires_grad=True)
    leaves = [x, *(p.detach().clone().requires_grad_() for p in own.parameters())]
    with counted() as runs:
        assert torch.autograd.gradcheck(with_weights(own), leaves)
        assert torch.autograd.gradgradcheck(with_weights(own), leaves)
    assert runs


@pytest.mark.parametrize("name", ["GRUCell", "LSTMCell"])
def test_gradients_of_cells_in_float64(name: str) -> None:
    torch.manual_seed(3)
    own = getattr(elman.torch, name)(2, 3, dtype=DOUBLE)
    x = torch.randn(8, 2, dtype=DOUBLE, requires_grad=True)
    leaves = [x, *(p.detach().clone().requires_grad_() for p in own.parameters())]
    with counted() as runs:
        assert torch.autograd.gradcheck(with_weights(own), leaves)
        assert torch.autograd.gradgradcheck(with_weights(own), leaves)
    assert runs


@each_layer
@pytest.mark.filterwarnings("ignore:LSTM with projections:UserWarning")
def test_gradients_of_gradients_of_packed_sequences(name: str) -> None:
    """With dropout, whose masks are the same in both, and a projection."""
    torch.manual_seed(3)
    options: dict[str, Any] = {"num_layers": 2, "dropout": 0.4, "bidirectional": True}
    options |= {"proj_size": 2} if name == "LSTM" else {}
    found = []
    for module in pair(name, 4, 3, dtype=DOUBLE, **options):
        x = torch.linspace(-1, 1, 5 * 3 * 4, dtype=DOUBLE).view(5, 3, 4)
        packed = pack_padded_sequence(x, torch.tensor([5, 1, 3]), enforce_sorted=False)
        data = packed.data.clone().requires_grad_()
        torch.manual_seed(5)
        with counted() as runs:
            y = module(PackedSequence(data, *packed[1:]))[0].data
        (d_x,) = torch.autograd.grad(y.sin().sum(), data, create_graph=True)
        found.append(list(torch.autograd.grad(d_x.pow(2).sum(), [data, *module.parameters()])))
    assert runs
    assert apart(found[1], found[0]) < 1e-10


@each_layer
def test_functions_of_gradients(name: str) -> None:
    of_torch, own = pair(name, 2, 3, dtype=DOUBLE)
    x = torch.randn(3, 2, 2, dtype=DOUBLE)

    def loss(module: Any) -> Any:
        return lambda x: module(x)[0].sin().sum()

    assert apart([torch.func.grad(loss(own))(x)], [torch.func.grad(loss(of_torch))(x)]) < 1e-12
    hessian = torch.autograd.functional.hessian(loss(of_torch), x)
    assert apart([torch.func.jacrev(torch.func.jacrev(loss(own)))(x)], [hessian]) < 1e-12
    again = torch.autograd.functional.hessian(loss(own), x)
    assert apart([again], [hessian]) < 1e-12


@each_layer
def test_vmap_over_sequences_and_over_weights(name: str) -> None:
    of_torch, own = pair(name, 5, 7, num_layers=2)
    xs = torch.randn(3, 4, 2, 5)
    found = torch.func.vmap(lambda x: own(x)[0], in_dims=1)(xs.movedim(0, 1))
    assert apart([found], [torch.stack([of_torch(x)[0] for x in xs])]) < 1e-6

    others = [pair(name, 5, 7, num_layers=2)[0] for _ in range(3)]
    weights, _ = torch.func.stack_module_state(others)
    found = torch.func.vmap(lambda w, x: torch.func.functional_call(own, w, (x,))[0])(weights, xs)
    wanted = torch.stack([m(x)[0] for m, x in zip(others, xs, strict=True)])
    assert apart([found], [wanted]) < 1e-6


@each_layer
def test_gradients_of_each_sample(name: str) -> None:
    of_torch, own = pair(name, 5, 7)
    xs = torch.randn(3, 4, 2, 5)

    def loss(parameters: Any, x: torch.Tensor) -> torch.Tensor:
        return torch.func.functional_call(own, parameters, (x,))[0].sin().sum()

    parameters = dict(own.named_parameters())
    found = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0))(parameters, xs)
    for i, x in enumerate(xs):
        of_torch.zero_grad()
        of_torch(x)[0].sin().sum().backward()
        wanted = [p.grad for p in of_torch.parameters()]
        assert apart([found[n][i] for n in parameters], wanted) < 2e-6


@each_layer
@pytest.mark.parametrize("reentrant", [True, False])
def test_checkpoints(name: str, reentrant: bool) -> None:
    of_torch, own = pair(name, 5, 7, num_layers=2, dropout=0.5)
    x = torch.randn(4, 3, 5, requires_grad=True)
    found = []
    for call in (of_torch, lambda x: checkpoint(own, x, use_reentrant=reentrant)):
        torch.manual_seed(5)
        x.grad = None
        call(x)[0].sin().sum().backward()
        found.append(x.grad)
    assert apart([found[1]], [found[0]]) < 1e-6


@each_layer
def test_what_is_saved_may_be_packed_elsewhere(name: str) -> None:
    _, own = pair(name, 5, 7, num_layers=2)
    x = torch.randn(4, 3, 5, requires_grad=True)
    (wanted,) = torch.autograd.grad(own(x)[0].sin().sum(), x)
    hooks = torch.autograd.graph.saved_tensors_hooks(
        lambda tensor: tensor.detach().numpy().copy(), torch.from_numpy
    )
    with hooks:
        loss = own(x)[0].sin().sum()
    assert torch.equal(torch.autograd.grad(loss, x)[0], wanted)


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")  # by torch's compiler
@pytest.mark.parametrize("backend", ["aot_eager", pytest.param("inductor", marks=pytest.mark.slow)])
@each_layer
def test_the_compiler_takes_the_whole_graph(name: str, backend: str) -> None:
    torch._dynamo.reset()
    found = []
    for module in pair(name, 5, 7, num_layers=2, bidirectional=True):
        own = isinstance(module, getattr(elman.torch, name))
        call = torch.compile(module, fullgraph=True, backend=backend) if own else module
        x = torch.linspace(-1, 1, 60).view(4, 3, 5).requires_grad_()
        found.append(gradients(module, [x], lambda c=call, x=x: c(x)))
        with torch.no_grad():
            found[-1] += flat(call(x))
    assert apart(found[1], found[0]) < 2e-6


def test_the_compiler_follows_changed_weights() -> None:
    torch._dynamo.reset()
    of_torch, own = pair("GRU", 5, 7)
    compiled = torch.compile(own, fullgraph=True, backend="aot_eager")
    x = torch.randn(4, 3, 5)
    for _ in range(3):
        with torch.no_grad():
            assert apart(flat(compiled(x)), flat(of_torch(x))) < 1e-6
        for module in (of_torch, own):
            module.weight_hh_l0.data.mul_(1.5)


@each_layer
@pytest.mark.filterwarnings("ignore:The tensor attributes self._flat_weights")  # by torch's forward
def test_exported_programs_run_on_the_kernels(name: str) -> None:
    of_torch, own = pair(name, 5, 7, num_layers=2, batch_first=True)
    N, T = torch.export.Dim("N", min=2), torch.export.Dim("T", min=2)
    x = torch.randn(3, 4, 5)
    file = io.BytesIO()
    torch.export.save(torch.export.export(own, (x,), dynamic_shapes=({0: N, 1: T},)), file)
    file.seek(0)
    program = torch.export.load(file)
    assert "elman.forward.default" in {str(node.target) for node in program.graph.nodes}
    x = torch.randn(6, 9, 5)
    with counted() as runs:
        found = program.module()(x)
    assert runs
    assert apart(flat(found), flat(of_torch(x))) < 1e-6


@each_layer
@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("form", ["steps", "packed", "cell"])
def test_operators_keep_torchs_rules(name: str, layers: int, form: str) -> None:
    """Schema, fake tensors, autograd and the compiler's view of both operators."""
    if form == "cell" and layers > 1:
        pytest.skip("a cell has one layer")
    module = getattr(torch.nn, name)(5, 7, layers, dtype=DOUBLE)
    cell = {"RNN": "rnn_tanh", "GRU": "gru", "LSTM": "lstm"}[name]
    options = Options(cell, True, layers, False, False)
    weights = [p.detach().clone().requires_grad_() for p in module.parameters()]
    shape = {"steps": (4, 3, 5), "packed": (6, 5), "cell": (3, 5)}[form]
    x = torch.randn(*shape, dtype=DOUBLE, requires_grad=True)
    front = (3,) if form == "cell" else (layers, 3)
    parts = 2 if name == "LSTM" else 1
    state = [torch.randn(*front, 7, dtype=DOUBLE, requires_grad=True) for _ in range(parts)]
    batch_sizes = torch.tensor([3, 2, 1]) if form == "packed" else None
    masks = [torch.rand(*shape[:-1], 7, dtype=DOUBLE) for _ in range(layers - 1)]
    given = (x, state, weights, batch_sizes, masks, *options)
    torch.library.opcheck(torch.ops.elman.forward.default, (*given, True))
    torch.library.opcheck(torch.ops.elman.forward.default, (*given, False))

    def plain(value: Any) -> Any:
        if isinstance(value, list):
            return [plain(v) for v in value]
        return value.detach() if isinstance(value, torch.Tensor) else value

    given = tuple(map(plain, given))
    output, state_n, workspace = torch.ops.elman.forward(*given, True)
    more = (output, workspace, torch.rand_like(output), [None] + [p * 2 for p in state_n[1:]])
    for of_x in (True, False):
        torch.library.opcheck(torch.ops.elman.backward.default, (*given, *more, of_x))


@each_layer
def test_a_workspace_is_as_long_as_its_fake_one(name: str) -> None:
    _, own = pair(name, 5, 7, num_layers=3, bidirectional=True)
    cell = {"RNN": "rnn_tanh", "GRU": "gru", "LSTM": "lstm"}[name]
    options = Options(cell, True, 3, True, False)
    weights = [p.detach() for p in own.parameters()]
    x = torch.randn(4, 3, 5)
    for masks in ([], [torch.ones(4, 3, 14)] * 2):
        workspace = torch.ops.elman.forward(x, [], weights, None, masks, *options, True)[2]
        assert len(workspace) == _ops.workspace_values(options, weights, 12, masks)
