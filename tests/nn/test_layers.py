"""nn.RNN, nn.GRU and nn.LSTM are torch.nn's: results and gradients over drawn arguments and calls.

torch computes in float64, from the layer's own weights, inputs and dropout masks. Weights are
torch's initial ones, with which an error fades from step to step; a layer's sums have at most 101
terms, so that rounding is within 8 √101 eps / 2 = 40 eps of its values, and each layer adds as
much. Gradients of parameters add T · N such terms; what a dropout mask keeps it multiplies by
1 / (1 - p), and its error as well.

HYPOTHESIS_PROFILE=thorough draws 1,800 cases here and 600 of cells in test_cells.py, 2,400 in all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from strategies import (
    FLOAT64,
    LAYOUTS,
    Array,
    Options,
    generators,
    laid_out,
    layer_options,
    lengths_N,
    parts,
    seeds,
    state_shapes,
    whole,
)
from torch.nn.utils.rnn import (
    pack_padded_sequence,
    pack_sequence,
    pad_packed_sequence,
    unpack_sequence,
)

import elman
from elman import nn

Normal = Callable[..., Array]

# torch warns, where its LSTM has a projection, that it does not call oneDNN.
pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")

dimensions = st.one_of(st.integers(2, 7), st.integers(1, 12))


def normal(layer: Any, generator: np.random.Generator) -> Normal:
    """Return the function that draws an array of a shape, of the layer's dtype."""
    return lambda *shape: generator.standard_normal(shape).astype(layer.dtype)


def tensor(array: Array) -> torch.Tensor:
    """Return a copy in float64 that gradients are taken of."""
    return torch.tensor(array.copy(), dtype=torch.float64, requires_grad=True)


def torch_gradients(
    results: Sequence[torch.Tensor], gradients: Sequence[Array], inputs: Sequence[torch.Tensor]
) -> list[Array]:
    """Take gradients of results backwards; zeros for inputs that no result depends on."""
    weights = [torch.tensor(g.copy(), dtype=torch.float64) for g in gradients]
    found = torch.autograd.grad(results, inputs, weights, allow_unused=True)
    pairs = zip(found, inputs, strict=True)
    return [np.zeros(i.shape) if f is None else f.numpy() for f, i in pairs]


def assert_close(layer: Any, actual: Array, expected: Any, name: str, terms: int = 1) -> None:
    """Compare with torch's tensor or array; `terms` is over how many (step, row) pairs it sums."""
    if isinstance(expected, torch.Tensor):
        expected = expected.detach().numpy()
    kept = 1 - layer.dropout if layer.training else 1
    largest = max(1, np.abs(expected).max(initial=0)) * np.sqrt(max(1, terms))
    atol = 40 * layer.num_layers * np.finfo(layer.dtype).eps * largest / kept
    assert actual.dtype == layer.dtype, name
    np.testing.assert_allclose(actual, expected, rtol=0, atol=atol, err_msg=name)


def assert_states_close(layer: Any, actual: Any, expected: Sequence[Any], name: str) -> None:
    """Compare h, or h and c, or gradients of them."""
    assert isinstance(actual, tuple) == isinstance(layer, nn.LSTM)
    for letter, part, value in zip("hc", parts(actual), expected, strict=False):
        assert_close(layer, part, value, name.format(letter))
    assert len(parts(actual)) == len(expected)


def assert_parameters_close(
    layer: Any, actual: dict[str, Array], expected: list[Array], terms: int
) -> None:
    """Compare gradients of all parameters with torch's, which come in torch's order."""
    assert list(actual) == [name for name, _ in layer.named_parameters()]
    for (name, gradient), value in zip(actual.items(), expected, strict=True):
        assert_close(layer, gradient, value, f"gradient of {name}", terms)


def has_no_kink(layer: Any) -> bool:
    """Tell whether gradients can be compared: rounding to float32 may flip a relu."""
    return getattr(layer, "nonlinearity", "tanh") == "tanh" or layer.dtype == FLOAT64


def assert_generators_are_level() -> None:
    """Both have drawn as much: what they draw next is the same."""
    expected = torch.nn.Linear(3, 5).weight.detach().numpy()
    np.testing.assert_array_equal(nn.Linear(3, 5).weight, expected)


@given(
    options=layer_options(),
    training=st.booleans(),
    T=dimensions,
    N=st.one_of(dimensions, st.none(), st.just(0)),
    has_state=st.booleans(),
    layout=st.sampled_from(LAYOUTS),
    seed=seeds,
    generator=generators,
)
def test_results_and_gradients_are_torchs(
    options: Options,
    training: bool,
    T: int,
    N: int | None,
    has_state: bool,
    layout: str,
    seed: int,
    generator: np.random.Generator,
) -> None:
    """For a batch or, where N is None, one sequence; from a given state or from zeros.

    From the same seed dropout is torch's too, and forward alone draws it.
    """
    layer = options.elman().train(training)
    twin = options.twin(layer)
    draw = normal(layer, generator)
    batch = () if N is None else (N,)
    x = draw(*((N, T) if batch and layer.batch_first else (T, *batch)), layer.input_size)
    x = laid_out(x, layout) if batch else x
    shapes = state_shapes(layer, *batch)
    state = whole([draw(*shape) for shape in shapes]) if has_state else None

    elman.manual_seed(seed)
    torch.manual_seed(seed)
    (output, state_n), backward = layer.vjp(x, state)
    x_64 = tensor(x)
    state_64 = [tensor(p) for p in (parts(state) if has_state else map(np.zeros, shapes))]
    expected, expected_n = twin(x_64, whole(state_64))
    assert_close(layer, output, expected, "output")
    assert_states_close(layer, state_n, parts(expected_n), "{}_n")

    if has_no_kink(layer):
        gradients = [draw(*output.shape), *(draw(*shape) for shape in shapes)]
        results = [expected, *parts(expected_n)]
        inputs = [x_64, *state_64, *twin.parameters()]
        d_x, *others = torch_gradients(results, gradients, inputs)
        found = backward(gradients[0], whole(gradients[1:]))
        assert_close(layer, found.x, d_x, "gradient of x")
        assert_states_close(layer, found.state, others[: len(shapes)], "gradient of {}_0")
        steps = T * (1 if N is None else N)
        assert_parameters_close(layer, found.parameters, others[len(shapes) :], steps)
    assert_generators_are_level()

    elman.manual_seed(seed)
    called_output, called_n = layer(x, state)
    np.testing.assert_array_equal(called_output, output)
    for called, part in zip(parts(called_n), parts(state_n), strict=True):
        np.testing.assert_array_equal(called, part)


def torch_on_sequences(
    twin: Any, sequences: list[torch.Tensor], state: list[torch.Tensor]
) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """Run torch on a packed batch of those sequences that are not empty, which it would refuse."""
    D = 2 if twin.bidirectional else 1
    size = D * (twin.proj_size or twin.hidden_size)
    outputs = [torch.zeros(0, size, dtype=torch.float64) for _ in sequences]
    rows = [i for i, sequence in enumerate(sequences) if len(sequence)]
    if not rows:
        return outputs, state
    packed = pack_sequence([sequences[i] for i in rows], enforce_sorted=False)
    output, state_n = twin(packed, whole([part[:, rows] for part in state]))
    for i, found in zip(rows, unpack_sequence(output), strict=True):
        outputs[i] = found
    index = torch.tensor(rows)
    pairs = zip(state, parts(state_n), strict=True)
    return outputs, [part.index_copy(1, index, part_n) for part, part_n in pairs]


@given(
    data=st.data(),
    options=layer_options(),
    T=dimensions,
    N=st.one_of(dimensions, st.just(0)),
    generator=generators,
)
def test_lists_of_sequences_are_torchs_packed_batches(
    data: st.DataObject, options: Options, T: int, N: int, generator: np.random.Generator
) -> None:
    """Of any lengths in any order; an empty one keeps its state, and torch need not refuse it."""
    layer = options.elman().eval()
    twin = options.twin(layer)
    draw = normal(layer, generator)
    lengths = data.draw(lengths_N(N, T))
    x = [draw(length, layer.input_size) for length in lengths]
    state = [draw(*shape) for shape in state_shapes(layer, N)]

    (output, state_n), backward = layer.vjp(x, whole(state))
    x_64, state_64 = [tensor(sequence) for sequence in x], [tensor(part) for part in state]
    expected, expected_n = torch_on_sequences(twin, x_64, state_64)
    assert isinstance(output, list)
    assert len(output) == N
    for i in range(N):
        assert_close(layer, output[i], expected[i], f"output[{i}]")
    assert_states_close(layer, state_n, expected_n, "{}_n")

    if has_no_kink(layer):
        d_output = [draw(*o.shape) for o in output]
        d_state_n = [draw(*part.shape) for part in state]
        rows = [i for i in range(N) if lengths[i]]
        inputs = [*x_64, *state_64, *twin.parameters()]
        gradients = torch_gradients(
            [*(expected[i] for i in rows), *expected_n],
            [*(d_output[i] for i in rows), *d_state_n],
            inputs,
        )
        found = backward(d_output, whole(d_state_n))
        for i in range(N):
            assert_close(layer, found.x[i], gradients[i], f"gradient of x[{i}]")
        d_state, d_parameters = gradients[N : N + len(state)], gradients[N + len(state) :]
        assert_states_close(layer, found.state, d_state, "gradient of {}_0")
        assert_parameters_close(layer, found.parameters, d_parameters, int(lengths.sum()))


@given(
    data=st.data(),
    options=layer_options(),
    longest_first=st.booleans(),
    T=dimensions,
    N=dimensions,
    seed=seeds,
    generator=generators,
)
def test_padded_batches_with_lengths_are_torchs_packed_batches(
    data: st.DataObject,
    options: Options,
    longest_first: bool,
    T: int,
    N: int,
    seed: int,
    generator: np.random.Generator,
) -> None:
    """No row is empty, for torch's sake; the longest first, dropout is torch's as well.

    How torch packs rows of equal lengths that are not in order is nobody's promise.
    """
    layer = options.elman().train(longest_first)
    twin = options.twin(layer)
    draw = normal(layer, generator)
    lengths = np.maximum(data.draw(lengths_N(N, T)), 1)
    lengths = np.sort(lengths)[::-1].copy() if longest_first else lengths
    batch = (N, T) if layer.batch_first else (T, N)
    x, state = draw(*batch, layer.input_size), [draw(*s) for s in state_shapes(layer, N)]

    elman.manual_seed(seed)
    torch.manual_seed(seed)
    (output, state_n), backward = layer.vjp(x, whole(state), lengths=lengths.tolist())
    x_64, state_64 = tensor(x), [tensor(part) for part in state]
    packed = pack_padded_sequence(
        x_64, torch.tensor(lengths), layer.batch_first, enforce_sorted=longest_first
    )
    packed, expected_n = twin(packed, whole(state_64))
    expected, _ = pad_packed_sequence(packed, layer.batch_first, total_length=T)
    assert_close(layer, output, expected, "output")
    assert_states_close(layer, state_n, parts(expected_n), "{}_n")
    rows = output if layer.batch_first else output.swapaxes(0, 1)
    for row, length in zip(rows, lengths, strict=True):
        assert not row[length:].any()

    if has_no_kink(layer):
        gradients = [draw(*output.shape), *(draw(*part.shape) for part in state)]
        inputs = [x_64, *state_64, *twin.parameters()]
        results = [expected, *parts(expected_n)]
        d_x, *others = torch_gradients(results, gradients, inputs)
        found = backward(gradients[0], whole(gradients[1:]))
        assert_close(layer, found.x, d_x, "gradient of x")
        assert_states_close(layer, found.state, others[: len(state)], "gradient of {}_0")
        d_parameters = others[len(state) :]
        assert_parameters_close(layer, found.parameters, d_parameters, int(lengths.sum()))
    assert_generators_are_level()
