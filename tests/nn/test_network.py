"""nn.Network against torch with the same weights and seed, and against finite differences."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import Array

import elman
from elman import nn
from elman.nn import _network
from elman.nn._sequences import Sequences
from elman.train import cross_entropy, squared_error

I, H, K, V, Z = 3, 5, 2, 7, 4
LENGTHS = [4, 1, 6, 3]


class Case(NamedTuple):
    """A network: its layer, options of it, and what it has beside."""

    layer: str = "RNN"
    reads: str = "last"
    embedding: bool = False
    bridge: bool = False
    options: dict[str, Any] = {}  # noqa: RUF012

    def sizes(self) -> tuple[int, int]:
        """Return D·P and the size of the initial state."""
        D = 1 + self.options.get("bidirectional", False)
        P = self.options.get("proj_size", 0) or H
        of_layer = P + H if self.layer == "LSTM" else P
        return D * P, self.options.get("num_layers", 1) * D * of_layer

    def elman(self, seed: int = 1, dtype: Any = np.float64, **changes: Any) -> nn.Network:
        elman.manual_seed(seed)
        options = {"batch_first": True, "dtype": dtype, **self.options, **changes}
        features, start = self.sizes()
        rnn = getattr(nn, self.layer)(I, H, **options)
        return nn.Network(
            rnn,
            nn.Linear(features, K, dtype=dtype),
            nn.Embedding(V, I, dtype=dtype) if self.embedding else None,
            nn.Linear(Z, start, dtype=dtype) if self.bridge else None,
            reads=self.reads,
        )

    def torch(self, seed: int = 1) -> TorchNetwork:
        torch.manual_seed(seed)
        return TorchNetwork(self)

    def x(self, lengths: list[int] = LENGTHS, seed: int = 0) -> list[Array]:
        random = np.random.default_rng(seed)
        if self.embedding:
            return [random.integers(V, size=T) for T in lengths]
        return [random.normal(size=(T, I)) for T in lengths]

    def z(self, N: int = 4) -> Array | None:
        return np.random.default_rng(1).normal(size=(N, Z)) if self.bridge else None


class TorchNetwork(torch.nn.Module):
    """The same in torch, of float64, over a list of sequences."""

    def __init__(self, case: Case) -> None:
        super().__init__()
        self.reads = case.reads
        features, start = case.sizes()
        make = getattr(torch.nn, case.layer)
        self.rnn = make(I, H, batch_first=True, dtype=torch.float64, **case.options)
        self.head = torch.nn.Linear(features, K, dtype=torch.float64)
        self.embedding = torch.nn.Embedding(V, I, dtype=torch.float64) if case.embedding else None
        self.bridge = torch.nn.Linear(Z, start, dtype=torch.float64) if case.bridge else None

    def forward(self, x: list[torch.Tensor], z: torch.Tensor | None) -> Any:
        if self.embedding is not None:
            x = [self.embedding(sequence) for sequence in x]
        packed = torch.nn.utils.rnn.pack_sequence(x, enforce_sorted=False)
        D = 2 if self.rnn.bidirectional else 1
        state = None
        if self.bridge is not None:
            LD, P = self.rnn.num_layers * D, self.rnn.proj_size or H
            start = self.bridge(z)
            h_0 = start[:, : LD * P].reshape(len(x), LD, P).transpose(0, 1).contiguous()
            c_0 = start[:, LD * P :].reshape(len(x), LD, -1).transpose(0, 1).contiguous()
            state = (h_0, c_0) if isinstance(self.rnn, torch.nn.LSTM) else h_0
        output, state_n = self.rnn(packed, state)
        if self.reads == "every":
            padded, lengths = torch.nn.utils.rnn.pad_packed_sequence(output, batch_first=True)
            rows = [padded[i, :T] for i, T in enumerate(lengths)]
            return self.head(torch.cat(rows))
        h_n = state_n[0] if isinstance(state_n, tuple) else state_n
        return self.head(torch.cat(list(h_n[-D:]), dim=1))


STACK = {"num_layers": 2, "bidirectional": True}
CASES = [
    Case(),
    Case(options={"bidirectional": True}),
    Case(options={"num_layers": 2, "nonlinearity": "relu"}),
    Case(options={"num_layers": 3, "bidirectional": True, "bias": False}),
    Case("GRU", options=STACK),
    Case("LSTM", options=STACK),
    Case("LSTM", options={"proj_size": 2, "bidirectional": True}),
    Case("RNN", "every"),
    Case("GRU", "every", options=STACK),
    Case("LSTM", "every", options={"proj_size": 2, **STACK}),
    Case("RNN", embedding=True),
    Case("GRU", "every", embedding=True),
    Case("RNN", bridge=True, options=STACK),
    Case("GRU", "every", bridge=True),
    Case("LSTM", "every", bridge=True, options={"proj_size": 2, **STACK}),
    Case("LSTM", "every", embedding=True, bridge=True),
    Case("LSTM", embedding=True, bridge=True, options=STACK),
]
NOT_IN_TORCH = [
    Case(options={"learn_initial_state": True, **STACK}),
    Case("LSTM", "every", options={"learn_initial_state": True}),
]
each_case = pytest.mark.parametrize("case", CASES, ids=str)


def tensors(x: list[Array], grad: bool = False) -> list[torch.Tensor]:
    return [torch.tensor(a, requires_grad=grad and a.dtype == np.float64) for a in x]


def load(theirs: TorchNetwork, network: nn.Network) -> None:
    theirs.load_state_dict({n: torch.tensor(p) for n, p in network.state_dict().items()})


@each_case
def test_outputs_and_gradients_are_torchs(case: Case) -> None:
    network, theirs, x, z = case.elman(), case.torch(), case.x(), case.z()
    named = dict(theirs.named_parameters())
    assert list(network.state_dict()) == list(named)
    for name, value in network.state_dict().items():
        np.testing.assert_allclose(value, named[name].detach(), rtol=1e-12, err_msg=name)
    load(theirs, network)

    rows, backward = network.rows_vjp(x, z)
    x_t, z_t = tensors(x, grad=True), None if z is None else torch.tensor(z, requires_grad=True)
    expected = theirs(x_t, z_t)
    np.testing.assert_allclose(rows, expected.detach(), rtol=1e-12, atol=1e-14)
    np.testing.assert_array_equal(network.rows(x, z), rows)

    d_rows = np.random.default_rng(2).normal(size=rows.shape)
    expected.backward(torch.tensor(d_rows))
    gradients = backward(d_rows)
    assert list(gradients.parameters) == list(named)
    for name, gradient in gradients.parameters.items():
        np.testing.assert_allclose(gradient, named[name].grad, rtol=1e-10, atol=1e-13, err_msg=name)
    if case.embedding:
        assert gradients.x is None
    else:
        for gradient, sequence in zip(gradients.x, x_t, strict=True):
            np.testing.assert_allclose(gradient, sequence.grad, rtol=1e-10, atol=1e-13)
    fewer = network.rows_vjp(x, z, of_x=False)[1](d_rows)
    assert fewer.x is None
    for name, gradient in gradients.parameters.items():
        np.testing.assert_array_equal(fewer.parameters[name], gradient, err_msg=name)
    if z_t is None:
        assert gradients.z is None
    else:
        np.testing.assert_allclose(gradients.z, z_t.grad, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("case", CASES + NOT_IN_TORCH, ids=str)
@pytest.mark.parametrize("loss", [cross_entropy, squared_error])
def test_every_gradient_is_that_of_finite_differences(case: Case, loss: Any) -> None:
    network, x, z = case.elman(), case.x(), case.z()
    random = np.random.default_rng(3)
    rows, backward = network.rows_vjp(x, z)
    M = len(rows)
    assert (sum(LENGTHS) if case.reads == "every" else 4) == M
    targets = random.integers(K, size=M) if loss is cross_entropy else random.normal(size=(M, K))
    weights = random.uniform(0.5, 2, M)
    gradients = backward(loss(rows, targets, weights)[1])
    parameters = network.state_dict()

    def difference(change: Any) -> float:
        values = []
        for step in (1e-6, -1e-6):
            change(step)
            values.append(loss(network.rows(x, z), targets, weights)[0])
        change(0)
        return float(values[0] - values[1]) / 2e-6

    for name, parameter in parameters.items():
        found = gradients.parameters[name]
        for index in random.permutation(list(np.ndindex(parameter.shape)))[:12]:
            at = tuple(index)

            def change(step: float, name: str = name, at: Any = at) -> None:
                moved = parameters[name].copy()
                moved[at] += step
                network.load_state_dict(parameters | {name: moved})

            np.testing.assert_allclose(
                found[at], difference(change), rtol=1e-6, atol=1e-8, err_msg=name
            )
    arrays = [] if case.embedding else list(zip(x, gradients.x, strict=True))
    arrays += [] if z is None else [(z, gradients.z)]
    for array, gradient in arrays:
        for at in list(np.ndindex(array.shape))[::3]:
            value = array[at]

            def change_input(step: float, array: Any = array, at: Any = at, v: Any = value) -> None:
                array[at] = v + step

            np.testing.assert_allclose(gradient[at], difference(change_input), rtol=1e-6, atol=1e-8)


@each_case
@pytest.mark.parametrize("batch_first", [True, False])
def test_forms_of_x_agree(case: Case, batch_first: bool) -> None:
    """A list, a padded batch with lengths, a batch, one sequence: outputs and gradients."""
    network, x, z = case.elman(batch_first=batch_first), case.x(), case.z()
    padded, lengths = network.sequences(x).pad(np.arange(4), batch_first)
    if case.embedding:  # what comes after a row's length is not read
        valid = np.arange(6) < np.array(LENGTHS)[:, None]
        padded = np.where(valid if batch_first else valid.T, padded, -1)
    rows, rows_backward = network.rows_vjp(padded, z, lengths=lengths)
    output, backward = network.vjp(padded, z, lengths=lengths)
    ragged, ragged_backward = network.vjp(x, z)
    one, one_backward = network.vjp(x[0], None if z is None else z[0])
    np.testing.assert_array_equal(network(padded, z, lengths=lengths), output)
    np.testing.assert_array_equal(network.rows(padded, z, lengths=lengths), rows)

    if case.reads == "last":
        assert (output.shape, one.shape) == ((4, K), (K,))
        np.testing.assert_allclose(ragged, rows, rtol=1e-13)
        np.testing.assert_array_equal(output, rows)
        d_ragged, d_output = ragged, output
    else:
        assert [len(part) for part in ragged] == LENGTHS
        np.testing.assert_allclose(np.concatenate(ragged), rows, rtol=1e-12, atol=1e-14)
        by_sequence = output if batch_first else output.transpose(1, 0, 2)
        for row, part, T in zip(by_sequence, ragged, LENGTHS, strict=True):
            np.testing.assert_allclose(row[:T], part, rtol=1e-12, atol=1e-14)
            assert not row[T:].any()
        d_ragged = ragged
        d_output = output + 1  # a gradient of what is not valid has no effect
        by_sequence = d_output if batch_first else d_output.transpose(1, 0, 2)
        for row, part, T in zip(by_sequence, ragged, LENGTHS, strict=True):
            row[:T] = part
    np.testing.assert_allclose(one, ragged[0], rtol=1e-12, atol=1e-14)

    first, *others = (rows_backward(rows), backward(d_output), ragged_backward(d_ragged))
    for other in others:
        for name, gradient in first.parameters.items():
            np.testing.assert_allclose(
                other.parameters[name], gradient, rtol=1e-10, atol=1e-13, err_msg=name
            )
        if z is not None:
            np.testing.assert_allclose(other.z, first.z, rtol=1e-10, atol=1e-13)
    alone = one_backward(one)
    of_row = network.vjp(x[:1], None if z is None else z[:1])
    of_row = of_row[1](of_row[0])
    for name, gradient in of_row.parameters.items():
        np.testing.assert_allclose(
            alone.parameters[name], gradient, rtol=1e-10, atol=1e-13, err_msg=name
        )
    if z is not None:
        np.testing.assert_allclose(alone.z, of_row.z[0], rtol=1e-10, atol=1e-13)
    if not case.embedding:
        np.testing.assert_allclose(alone.x, of_row.x[0], rtol=1e-10, atol=1e-13)


@given(
    case=st.sampled_from(CASES),
    lengths=st.lists(st.integers(0, 7), min_size=1, max_size=12),
    limit=st.integers(1, 100),
    batch_first=st.booleans(),
    data=st.data(),
)
@settings(max_examples=100)
def test_predict_in_batches_of_any_size_is_a_call_for_each_sequence(
    case: Case, lengths: list[int], limit: int, batch_first: bool, data: Any
) -> None:
    network, x, z = case.elman(batch_first=batch_first), case.x(lengths), case.z(len(lengths))
    rows = np.array(data.draw(st.lists(st.integers(0, len(x) - 1), max_size=9)), dtype=int)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_network, "_PREDICT_VALUES", limit)
        outputs, some = network.predict(x, z=z), network.predict(x, rows, z=z)
    each = [
        network([sequence], None if z is None else z[i : i + 1])[0] for i, sequence in enumerate(x)
    ]
    if case.reads == "last":
        assert outputs.shape == (len(x), K)
        assert some.shape == (len(rows), K)
    assert len(outputs) == len(x)
    assert len(some) == len(rows)
    for found, expected in zip(outputs, each, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)
    for found, row in zip(some, rows, strict=True):
        np.testing.assert_allclose(found, each[row], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("case", [Case(), Case("GRU", "every", embedding=True)], ids=str)
def test_predict_takes_arrays_sequence_by_sequence(case: Case) -> None:
    """(n, T, I), or (n, T), also where the layers are not batch_first."""
    x = np.stack(case.x([4, 4, 4]))
    for batch_first in (True, False):
        network = case.elman(batch_first=batch_first)
        for found, sequence in zip(network.predict(x), x, strict=True):
            np.testing.assert_allclose(found, network(sequence), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("shape", [(3, Z), (5, Z), (4, Z + 1), (Z,), ()])
def test_predict_takes_a_z_for_each_sequence(shape: tuple[int, ...]) -> None:
    """Of all n sequences, also where only some rows are asked for."""
    network = BRIDGED.elman()
    with pytest.raises(RuntimeError, match=r"^z: expected one row for each .* = \(4, 4\), got "):
        network.predict(BRIDGED.x(), np.array([0, 1]), z=np.zeros(shape))


def test_predict_bounds_what_a_layer_puts_out(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(options={"bidirectional": True})
    network, x = case.elman(), case.x([9] * 5 + [1] * 40)
    monkeypatch.setattr(_network, "_PREDICT_VALUES", 200)
    sizes = []

    def pad(self: Sequences, rows: Any, batch_first: bool = True) -> Any:
        padded, lengths = original(self, rows, batch_first)
        sizes.append(padded.shape[0] * padded.shape[1] * 10)
        return padded, lengths

    original = Sequences.pad
    monkeypatch.setattr(Sequences, "pad", pad)
    network.predict(x)
    assert max(sizes) <= 200
    assert len(sizes) < 8


# ---- the module ---------------------------------------------------------------------------------


def test_load_state_dict_takes_all_or_nothing() -> None:
    case = Case(embedding=True, bridge=True)
    network, other = case.elman(1), case.elman(2)
    before, wanted = network.state_dict(), other.state_dict()
    for name in ("head.bias", "rnn.weight_ih_l0", "embedding.weight", "bridge.bias", "tail.bias"):
        with pytest.raises(RuntimeError, match=name):
            network.load_state_dict(wanted | {name: np.zeros(9)})
        assert all(value is before[name] for name, value in network.state_dict().items())
    network.load_state_dict(wanted)
    x, z = case.x(), case.z()
    np.testing.assert_array_equal(network(x, z), other(x, z))


def test_dropout_acts_in_training_mode_alone() -> None:
    case = Case(options={"num_layers": 2, "dropout": 0.5})
    network, x = case.elman(), case.x()
    assert network.train() is network
    assert not np.array_equal(network(x), network(x))
    assert network.eval() is network
    np.testing.assert_array_equal(network(x), network(x))
    assert not network.rnn.training
    assert not network.head.training


@each_case
@pytest.mark.parametrize(
    "how",
    [
        copy.deepcopy,
        lambda network: pickle.loads(pickle.dumps(network)),
        lambda network: from_config(network),
    ],
    ids=["deepcopy", "pickle", "config"],
)
def test_a_copy_computes_the_same(case: Case, how: Any) -> None:
    network, x, z = case.elman(), case.x(), case.z()
    twin = how(network)
    assert repr(twin) == repr(network)
    assert twin.config() == network.config()
    np.testing.assert_array_equal(twin.rows(x, z), network.rows(x, z))


def from_config(network: nn.Network) -> nn.Network:
    config = json.loads(json.dumps(network.config()))
    twin = nn.Network.from_config(config)
    assert not any(parameter.any() for parameter in twin.parameters())
    twin.load_state_dict(network.state_dict())
    return twin


def test_repr_and_config_show_the_parts() -> None:
    network = Case("GRU", "every", embedding=True).elman()
    assert repr(network) == (
        "Network(\n"
        "  reads='every'\n"
        "  (rnn): GRU(3, 5, batch_first=True)\n"
        "  (head): Linear(in_features=5, out_features=2, bias=True)\n"
        "  (embedding): Embedding(7, 3)\n"
        ")"
    )
    assert network.config() == {
        "rnn": {"class": "GRU", "config": network.rnn.config()},
        "head": {"class": "Linear", "config": network.head.config()},
        "embedding": {"class": "Embedding", "config": network.embedding.config()},
        "bridge": None,
        "reads": "every",
    }


@pytest.mark.parametrize("name", ["rnn", "head", "embedding", "bridge", "reads", "dtype"])
def test_parts_stay_as_they_are(name: str) -> None:
    network = Case().elman()
    with pytest.raises(AttributeError, match=rf"^{name}: .*nn\.Network\(rnn, head"):
        setattr(network, name, nn.Linear(5, 2))
    with pytest.raises(AttributeError, match=r"weight_ih_10: .* rnn\.weight_ih_l0\?$"):
        network.weight_ih_10 = np.zeros(3)


RNN, HEAD = nn.RNN(3, 5, bidirectional=True), nn.Linear(10, 2)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (
            lambda: nn.Network(RNN, nn.Linear(5, 2)),
            ValueError,
            r"head: expected in_features = num_directions \* hidden_size = 10, got 5",
        ),
        (
            lambda: nn.Network(nn.LSTM(3, 5, proj_size=2), nn.Linear(5, 2)),
            ValueError,
            r"head: .* num_directions \* proj_size = 2, got 5",
        ),
        (
            lambda: nn.Network(RNN, nn.Linear(10, 2, dtype=np.float64)),
            ValueError,
            "head: expected rnn's dtype float32, got float64",
        ),
        (
            lambda: nn.Network(RNN, HEAD, nn.Embedding(7, 4)),
            ValueError,
            r"embedding: expected embedding_dim = rnn.input_size = 3, got 4",
        ),
        (
            lambda: nn.Network(RNN, HEAD, bridge=nn.Linear(4, 5)),
            ValueError,
            r"bridge: .* num_layers \* num_directions \* \(hidden_size\) = 10, got 5",
        ),
        (
            lambda: nn.Network(nn.LSTM(3, 5, 2, proj_size=2), nn.Linear(2, 1), None, HEAD),
            ValueError,
            r"bridge: .* num_directions \* \(proj_size \+ hidden_size\) = 14, got 2",
        ),
        (
            lambda: nn.Network(
                nn.GRU(3, 2, learn_initial_state=True), nn.Linear(2, 2), bridge=HEAD
            ),
            ValueError,
            "rnn: expected learn_initial_state=False, as the bridge",
        ),
        (lambda: nn.Network(RNN, HEAD, reads="all"), ValueError, "reads: expected 'last' or 'ev"),
        (lambda: nn.Network(HEAD, RNN), TypeError, "rnn: expected nn.RNN or nn.GRU or nn.LSTM"),
        (
            lambda: nn.Network(RNN, nn.Linear),
            TypeError,
            "head: expected nn.Linear, got Linear; pass a layer, not its class",
        ),
        (
            lambda: nn.Network(RNN, HEAD, 27),
            TypeError,
            "embedding: expected nn.Embedding or nn.FeatureEmbedding, got int",
        ),
        (lambda: nn.Network(RNN, HEAD, bridge=RNN), TypeError, "bridge: expected nn.Linear, got R"),
    ],
)
def test_parts_that_do_not_fit_are_refused(make: Any, error: Any, words: str) -> None:
    with pytest.raises(error, match=words):
        make()


SYMBOLS = Case("GRU", "every", embedding=True)
BRIDGED = Case("GRU", "every", bridge=True)


@pytest.mark.parametrize(
    ("case", "x", "z", "lengths", "error", "words"),
    [
        (SYMBOLS, np.zeros((2, 3)), None, None, RuntimeError, "x: expected integers, got dtype fl"),
        (
            SYMBOLS,
            np.zeros((1, 2, 3), int),
            None,
            None,
            ValueError,
            r"x: expected integers \(N, T\)",
        ),
        (SYMBOLS, [[1, 2], [1, 9]], None, None, IndexError, r"x\[1\]: .* got 9 at x\[1\]\[1\]"),
        (
            SYMBOLS,
            [1, 2, 3],
            None,
            None,
            ValueError,
            r"x\[0\]: expected integers \(T_i,\), got 0-D",
        ),
        (SYMBOLS, [], None, None, ValueError, "x: expected at least one sequence"),
        (SYMBOLS, np.array([[1, 2], [3, 9]]), None, None, IndexError, r"got 9 at x\[1, 1\]"),
        (SYMBOLS, np.zeros((2, 3), int), None, [4, 1], ValueError, r"lengths: .* \[0, 3\], got 4"),
        (SYMBOLS, [[1, 2], [1]], None, [2, 1], ValueError, "lengths: expected None when x is a li"),
        (SYMBOLS, np.zeros((2, 0), int), None, None, RuntimeError, "x: expected at least one time"),
        (SYMBOLS, [[1]], np.zeros((1, 4)), None, ValueError, "z: expected None, as the network ha"),
        (
            BRIDGED,
            np.zeros((2, 6, 3)),
            None,
            None,
            ValueError,
            r"z: expected \(N, Z\) = \(2, 4\), for",
        ),
        (BRIDGED, np.zeros((6, 3)), None, None, ValueError, r"z: expected \(Z,\) = \(4,\), for"),
        (
            BRIDGED,
            np.zeros((2, 6, 3)),
            np.zeros((3, 4)),
            None,
            RuntimeError,
            r"\(2, 4\), got \(3, 4\)",
        ),
        (
            BRIDGED,
            [np.zeros((2, 3))],
            np.zeros(4),
            None,
            RuntimeError,
            r"z: .* \(1, 4\), got \(4,\)",
        ),
        (
            BRIDGED,
            [np.zeros((2, 3))],
            np.zeros((1, 4), "f"),
            None,
            ValueError,
            "z: .* dtype float64",
        ),
        (Case(), np.zeros((2, 6, 4)), None, None, RuntimeError, "x: expected input_size = 3"),
        (Case("RNN", "every"), [], None, None, ValueError, "x: expected at least one sequence"),
    ],
)
def test_calls_that_do_not_fit_are_refused(
    case: Case, x: Any, z: Any, lengths: Any, error: Any, words: str
) -> None:
    network = case.elman()
    for call in (network, network.rows, network.vjp, network.rows_vjp):
        with pytest.raises(error, match=words):
            call(x, z, lengths=lengths)


@pytest.mark.parametrize(
    ("x", "d_output", "error", "words"),
    [
        ([4, 2], [np.zeros((4, K))], RuntimeError, "d_output: expected a list of 2 arrays, got 1"),
        ([4, 2], [np.zeros((4, K))] * 2, RuntimeError, r"d_output\[1\]: .*\(2, 2\), got \(4, 2\)"),
        ([4, 2], [np.zeros((4, K), "f")] * 2, ValueError, r"d_output\[0\]: .*dtype float64"),
        (4, np.zeros((2, 4, 3)), RuntimeError, r"d_output: .* \(2, 4, 2\), got \(2, 4, 3\)"),
        (4, np.zeros((2, 4, 2), "f"), ValueError, "d_output: .*dtype float64"),
    ],
)
def test_gradients_that_do_not_fit_are_refused(
    x: Any, d_output: Any, error: Any, words: str
) -> None:
    case = Case("GRU", "every")
    inputs = case.x(x) if isinstance(x, list) else np.zeros((2, 4, I))
    _, backward = case.elman().vjp(inputs)
    with pytest.raises(error, match=words):
        backward(d_output)


def test_a_snapshot_stays_as_it_was_whatever_is_loaded_later() -> None:
    """So a call in another thread runs on all of the old parameters, or on all of the new ones."""
    network = nn.Network(nn.GRU(3, 4), nn.Linear(4, 2))
    x = np.ones((5, 2, 3), np.float32)
    before, snapshot = network(x), network._snapshot()
    network.load_state_dict({name: 2 * p for name, p in network.named_parameters()})
    np.testing.assert_array_equal(snapshot(x), before)
    assert not np.array_equal(network(x), before)
    assert snapshot.rnn is not network.rnn
    assert list(snapshot.state_dict()) == list(network.state_dict())
