"""What torch's layers have not: dropout on the recurrent connections, learned initial states.

Recurrent dropout is compared with the cells' equations written in torch's operations, in float64,
with the masks that a generator of the same seed draws: for each layer, then each direction, as it
comes. Rounding is as in test_layers.py, and a mask multiplies by 1 / (1 - p).
"""

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
    FLOAT32,
    FLOAT64,
    LAYERS,
    Array,
    Options,
    generators,
    layer_options,
    lengths_N,
    parts,
    seeds,
    state_shapes,
    whole,
)

import elman
from elman import nn
from elman._random import default_generator
from elman.kernels import dropout_mask

Tensors = list[torch.Tensor]


def step(layer: Any, w: dict[str, torch.Tensor], x: torch.Tensor, state: Tensors, mask: Any) -> Any:
    """Make one step of one row: torch's equations, h times `mask` where W_hh takes it."""
    h = state[0]
    a_x, a_h = w["weight_ih"] @ x, w["weight_hh"] @ (h * mask)
    if layer.bias:
        a_x, a_h = a_x + w["bias_ih"], a_h + w["bias_hh"]
    if isinstance(layer, nn.RNN):
        return [getattr(torch, layer.nonlinearity)(a_x + a_h)]
    if isinstance(layer, nn.GRU):
        (r_x, z_x, n_x), (r_h, z_h, n_h) = a_x.chunk(3), a_h.chunk(3)
        r, z = torch.sigmoid(r_x + r_h), torch.sigmoid(z_x + z_h)
        return [(1 - z) * torch.tanh(n_x + r * n_h) + z * h]
    i, f, g, o = (a_x + a_h).chunk(4)
    c = torch.sigmoid(f) * state[1] + torch.sigmoid(i) * torch.tanh(g)
    h = torch.sigmoid(o) * torch.tanh(c)
    return [w["weight_hr"] @ h if layer.proj_size else h, c]


def run(
    layer: Any,
    parameters: dict[str, torch.Tensor],
    x: torch.Tensor,
    state: Tensors,
    lengths: Array,
    generator: elman.Generator,
) -> tuple[torch.Tensor, Tensors]:
    """Run a layer over x (T, N, I), row by row and step by step; return output and states."""
    T, N, _ = x.shape
    D, P = 1 + layer.bidirectional, state[0].shape[-1]
    final: list[Tensors] = []
    for k in range(layer.num_layers):
        if k > 0 and layer.dropout > 0 and layer.training:
            mask = dropout_mask(generator.bits, tuple(x.shape), layer.dropout, layer.dtype)
            x = x * torch.tensor(mask, dtype=torch.float64)
        outputs = []
        for direction, suffix in enumerate(["", "_reverse"][:D]):
            end = f"_l{k}{suffix}"
            w = {n.removesuffix(end): p for n, p in parameters.items() if n.endswith(end)}
            masks = torch.ones(N, P, dtype=torch.float64)
            if layer.training and layer.recurrent_dropout > 0:
                drawn = dropout_mask(generator.bits, (N, P), layer.recurrent_dropout, layer.dtype)
                masks = torch.tensor(drawn, dtype=torch.float64)
            rows, finals = [], []
            for i in range(N):
                now = [part[k * D + direction, i] for part in state]
                row = [torch.zeros(P, dtype=torch.float64)] * T
                steps = range(lengths[i])
                for t in reversed(steps) if direction else steps:
                    now = step(layer, w, x[t, i], now, masks[i])
                    row[t] = now[0]
                rows.append(torch.stack(row))
                finals.append(now)
            outputs.append(torch.stack(rows, dim=1))
            final.append([torch.stack(part) for part in zip(*finals, strict=True)])
        x = torch.cat(outputs, dim=-1)
    return x, [torch.stack(part) for part in zip(*final, strict=True)]


def tensor(array: Array) -> torch.Tensor:
    return torch.tensor(array, dtype=torch.float64, requires_grad=True)


def assert_close(layer: Any, actual: Array, expected: Any, name: str, terms: int = 1) -> None:
    value = expected.detach().numpy()
    p = max(layer.dropout, layer.recurrent_dropout) if layer.training else 0
    largest = max(1, np.abs(value).max(initial=0)) * np.sqrt(max(1, terms))
    atol = 40 * layer.num_layers * np.finfo(layer.dtype).eps * largest / (1 - p) ** 2
    assert actual.dtype == layer.dtype
    np.testing.assert_allclose(actual, value, rtol=0, atol=atol, err_msg=name)


@given(
    options=layer_options(),
    p=st.sampled_from([0.25, 1 / 3, 0.5]),
    training=st.booleans(),
    T=st.integers(1, 5),
    N=st.integers(1, 3),
    data=st.data(),
    seed=seeds,
    generator=generators,
)
def test_recurrent_dropout_is_the_equations_with_a_mask(
    options: Options,
    p: float,
    training: bool,
    T: int,
    N: int,
    data: st.DataObject,
    seed: int,
    generator: np.random.Generator,
) -> None:
    """Results, gradients and how much is drawn; with lengths, and with dropout between layers."""
    lengths = data.draw(st.none() | lengths_N(N, T))
    changes = {} if lengths is None else {"dropout": 0.0}
    if options.arguments["num_layers"] * options.arguments["hidden_size"] > 40:
        changes["hidden_size"], changes["proj_size"] = 9, 0
    if options.module != "LSTM":
        changes.pop("proj_size", None)
    layer = options.elman(**changes, recurrent_dropout=p).train(training)

    def draw(*shape: int) -> Array:
        return generator.standard_normal(shape).astype(layer.dtype)

    x = draw(*((N, T) if layer.batch_first else (T, N)), layer.input_size)
    state = [draw(*shape) for shape in state_shapes(layer, N)]
    elman.manual_seed(seed)
    (output, state_n), backward = layer.vjp(x, whole(state), lengths=lengths)
    d_output, d_state_n = draw(*output.shape), [draw(*part.shape) for part in state]
    found = backward(d_output, whole(d_state_n))

    same = elman.Generator(seed)
    x_64, state_64 = tensor(x), [tensor(part) for part in state]
    parameters = {name: tensor(parameter) for name, parameter in layer.named_parameters()}
    expected, expected_n = run(
        layer,
        parameters,
        x_64.transpose(0, 1) if layer.batch_first else x_64,
        state_64,
        np.full(N, T) if lengths is None else lengths,
        same,
    )
    expected = expected.transpose(0, 1) if layer.batch_first else expected
    assert_close(layer, output, expected, "output")
    for letter, part, value in zip("hc", parts(state_n), expected_n, strict=False):
        assert_close(layer, part, value, f"{letter}_n")
    assert draw_one(default_generator) == draw_one(same)

    if getattr(layer, "nonlinearity", "tanh") == "tanh" or layer.dtype == FLOAT64:
        weights = [torch.tensor(d, dtype=torch.float64) for d in (d_output, *d_state_n)]
        pairs = zip([expected, *expected_n], weights, strict=True)
        pairs = [(result, weight) for result, weight in pairs if result.requires_grad]
        torch.autograd.backward(*map(list, zip(*pairs, strict=True)))
        assert_close(layer, found.x, gradient(x_64), "gradient of x")
        for letter, part, value in zip("hc", parts(found.state), state_64, strict=False):
            assert_close(layer, part, gradient(value), f"gradient of {letter}_0")
        assert list(found.parameters) == list(parameters)
        for name, value in parameters.items():
            assert_close(layer, found.parameters[name], gradient(value), name, T * N)


def gradient(tensor: torch.Tensor) -> torch.Tensor:
    return torch.zeros_like(tensor) if tensor.grad is None else tensor.grad  # no step takes it


def draw_one(generator: elman.Generator) -> float:
    return float(generator.uniform((1,), 1.0, FLOAT64)[0])


def small(module: str, **options: Any) -> Any:
    """Return a layer, an LSTM with a projection: two layers, two directions."""
    if module == "LSTM":
        options["proj_size"] = 2
    return getattr(nn, module)(3, 4, num_layers=2, bidirectional=True, **options)


X = np.random.default_rng(0).standard_normal((6, 2, 3)).astype(np.float32)


@pytest.mark.parametrize("module", LAYERS)
def test_recurrent_dropout_is_drawn_in_training_alone(module: str) -> None:
    """In evaluation mode, and at a probability of zero, nothing is drawn and nothing dropped."""
    layer, plain, never = (small(module, recurrent_dropout=p) for p in (0.5, 0.0, 0))
    for other in (layer, never):
        other.load_state_dict(plain.state_dict())
    before = copy.deepcopy(default_generator)
    expected = plain.eval()(X)[0]
    np.testing.assert_array_equal(layer.eval()(X)[0], expected)
    np.testing.assert_array_equal(never.train()(X)[0], expected)
    assert draw_one(copy.deepcopy(default_generator)) == draw_one(before)

    elman.manual_seed(3)
    first, second = layer.train()(X)[0], layer(X)[0]
    assert (first != expected).any()
    assert (first != second).any()
    elman.manual_seed(3)
    np.testing.assert_array_equal(layer(X)[0], first)
    np.testing.assert_array_equal(layer.vjp(X)[0][0], second)


@pytest.mark.parametrize("module", LAYERS)
def test_recurrent_dropout_of_one_drops_every_recurrent_product(module: str) -> None:
    """As though W_hh were zero. Each row has the same mask at all steps and a mask of its own."""
    layer, without = small(module, recurrent_dropout=1), small(module)
    weights = layer.state_dict()
    without.load_state_dict(
        {n: np.zeros_like(w) if n.startswith("weight_hh") else w for n, w in weights.items()}
    )
    # Sums of 101 terms at most in two layers: as in test_layers.py.
    np.testing.assert_allclose(layer(X)[0], without(X)[0], rtol=0, atol=80 * 1.2e-7)


def test_recurrent_dropout_keeps_its_mask_from_step_to_step() -> None:
    """W_hh is the identity: what is dropped once is dropped at each step, of that row alone."""
    layer = nn.RNN(1, 50, nonlinearity="relu", bias=False, recurrent_dropout=0.5)
    layer.weight_ih_l0 = np.ones((50, 1), np.float32)
    layer.weight_hh_l0 = np.eye(50, dtype=np.float32)
    elman.manual_seed(3)
    output, _ = layer(np.ones((4, 3, 1), np.float32))
    mask = dropout_mask(elman.Generator(3).bits, (3, 50), 0.5, FLOAT32)
    # h_t = 1 + 2 h_{t-1} where the mask keeps, else 1.
    for t, kept in enumerate([1, 3, 7, 15]):
        np.testing.assert_array_equal(output[t], np.where(mask > 0, kept, 1))
    assert (mask[0] != mask[1]).any()


@pytest.mark.parametrize("option", [{"recurrent_dropout": 0.25}, {"learn_initial_state": True}])
@pytest.mark.parametrize("module", LAYERS)
def test_repr_shows_them(module: str, option: dict[str, Any]) -> None:
    ((name, value),) = option.items()
    assert repr(getattr(nn, module)(3, 4, **option)) == f"{module}(3, 4, {name}={value})"


# ---- learned initial states ---------------------------------------------------------------------


def initial_shapes(layer: Any) -> dict[str, tuple[int, ...]]:
    return dict(zip(["h_0", "c_0"], state_shapes(layer), strict=False))


def randomise(layer: Any, generator: np.random.Generator) -> list[Array]:
    """Set the learned initial states to drawn ones and return them."""
    drawn = []
    for name, shape in initial_shapes(layer).items():
        drawn.append(generator.standard_normal(shape).astype(layer.dtype))
        setattr(layer, name, drawn[-1])
    return drawn


@given(options=layer_options(), seed=seeds)
def test_learned_initial_states_are_parameters_after_the_others(
    options: Options, seed: int
) -> None:
    """Zero at first, and nothing is drawn for them; the state dict has them."""
    layer = options.elman(learn_initial_state=True, generator=elman.Generator(seed))
    plain = options.elman(generator=elman.Generator(seed))
    names = [name for name, _ in plain.named_parameters()]
    shapes = initial_shapes(layer)
    assert [name for name, _ in layer.named_parameters()] == [*names, *shapes]
    for name, shape in shapes.items():
        np.testing.assert_array_equal(
            getattr(layer, name), np.zeros(shape, layer.dtype), strict=True
        )
    for name in names:
        np.testing.assert_array_equal(getattr(layer, name), getattr(plain, name))

    randomise(layer, np.random.default_rng(0))
    other = options.elman(learn_initial_state=True)
    assert other.load_state_dict(layer.state_dict()) == ([], [])
    for name, parameter in layer.named_parameters():
        np.testing.assert_array_equal(getattr(other, name), parameter, strict=True)
    keys = plain.load_state_dict(layer.state_dict(), strict=False)
    assert keys == ([], list(shapes))


@given(
    options=layer_options(),
    T=st.integers(1, 5),
    N=st.none() | st.integers(0, 5),
    form=st.sampled_from(["array", "lengths", "list"]),
    data=st.data(),
    generator=generators,
)
def test_a_call_without_a_state_begins_from_the_learned_one(
    options: Options,
    T: int,
    N: int | None,
    form: str,
    data: st.DataObject,
    generator: np.random.Generator,
) -> None:
    """As if it were given; its gradient is that of the state summed over rows, else zero."""
    layer = options.elman(learn_initial_state=True).eval()
    learned = randomise(layer, generator)
    batch = () if N is None else (N,)
    shape = (N, T) if batch and layer.batch_first else (T, *batch)
    x = generator.standard_normal((*shape, layer.input_size)).astype(layer.dtype)
    lengths = None
    if N is not None and form == "lengths":
        lengths = data.draw(lengths_N(N, T))
    if N is not None and form == "list":
        x = list(x if layer.batch_first else x.swapaxes(0, 1))
    given_state = [p if N is None else np.repeat(p[:, None], N, axis=1) for p in learned]

    (output, state_n), backward = layer.vjp(x, lengths=lengths)
    (expected, expected_n), given_backward = layer.vjp(x, whole(given_state), lengths=lengths)
    for o, e in zip([*output, *parts(state_n)], [*expected, *parts(expected_n)], strict=True):
        np.testing.assert_array_equal(o, e)
    np.testing.assert_array_equal(parts(layer(x, lengths=lengths)[1])[0], parts(expected_n)[0])

    found, given_found = backward(output, state_n), given_backward(output, state_n)
    assert list(found.parameters) == [name for name, _ in layer.named_parameters()]
    for name, array in given_found.parameters.items():
        if name in ("h_0", "c_0"):
            np.testing.assert_array_equal(array, np.zeros_like(getattr(layer, name)), strict=True)
        else:
            np.testing.assert_array_equal(found.parameters[name], array)
    for name, d_part in zip(initial_shapes(layer), parts(given_found.state), strict=True):
        expected_gradient = d_part if N is None else d_part.sum(axis=1)
        np.testing.assert_array_equal(found.parameters[name], expected_gradient, strict=True)


def test_a_part_of_the_state_may_be_learned() -> None:
    """(h, None) begins from h and the learned c, whose gradient alone is not zero."""
    lstm = nn.LSTM(3, 4, learn_initial_state=True)
    _, learned = randomise(lstm, np.random.default_rng(1))
    h = np.ones((1, 2, 4), np.float32)
    (output, state_n), backward = lstm.vjp(X, (h, None))
    expected, _ = lstm(X, (h, np.repeat(learned[:, None], 2, axis=1)))
    np.testing.assert_array_equal(output, expected)
    gradients = backward(output, state_n)
    assert not gradients.parameters["h_0"].any()
    np.testing.assert_array_equal(gradients.parameters["c_0"], gradients.state[1].sum(axis=1))
    assert gradients.parameters["c_0"].all()


@pytest.mark.parametrize("module", LAYERS)
def test_gradients_of_learned_initial_states_are_finite_differences(module: str) -> None:
    """Central ones in float64, whose error is of the order of 1e-6² and of eps / 1e-6."""
    layer = small(module, learn_initial_state=True, dtype=np.float64)
    randomise(layer, np.random.default_rng(2))
    x, generator = X.astype(np.float64), np.random.default_rng(3)
    (output, state_n), backward = layer.vjp(x)
    weights = [generator.standard_normal(a.shape) for a in (output, *parts(state_n))]
    gradients = backward(weights[0], whole(weights[1:])).parameters

    def loss() -> float:
        output, state_n = layer(x)
        pairs = zip(weights, (output, *parts(state_n)), strict=True)
        return sum(float((w * a).sum()) for w, a in pairs)

    for name in initial_shapes(layer):
        value = getattr(layer, name)
        for index in np.ndindex(value.shape):
            values = []
            for sign in (1, -1):
                moved = value.copy()
                moved[index] += sign * 1e-6
                setattr(layer, name, moved)
                values.append(loss())
            setattr(layer, name, value)
            difference = (values[0] - values[1]) / 2e-6
            assert abs(gradients[name][index] - difference) < 1e-7, (name, index)


@pytest.mark.parametrize("module", LAYERS)
def test_copies_of_a_layer_learn_on_their_own(module: str) -> None:
    layer = small(module, learn_initial_state=True)
    randomise(layer, np.random.default_rng(4))
    expected = layer(X)[0]
    for twin in (copy.deepcopy(layer), copy.copy(layer), pickle.loads(pickle.dumps(layer))):
        np.testing.assert_array_equal(twin(X)[0], expected)
        twin.h_0 = np.zeros_like(twin.h_0)
        assert (twin(X)[0] != expected).any()
        np.testing.assert_array_equal(layer(X)[0], expected)
