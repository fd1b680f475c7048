"""nn.RNN is torch.nn.RNN: results and gradients over drawn arguments and forms of x.

torch computes in float64, from the layer's own weights and inputs. Weights are torch's initial
ones, with which an error fades from step to step; a layer's sums have at most 101 terms, so that
rounding is within 8 √101 eps / 2 = 40 eps of its values, and each layer adds as much. Gradients of
parameters add T · N such terms.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from strategies import (
    FLOAT64,
    LAYOUTS,
    Array,
    generators,
    laid_out,
    lengths_N,
    rnn_arguments,
)

from elman import nn

Twin = Callable[[nn.RNN, dict[str, Any]], torch.nn.RNN]
Normal = Callable[..., Array]

dimensions = st.one_of(st.integers(2, 7), st.integers(1, 12))


def normal(rnn: nn.RNN, generator: np.random.Generator) -> Normal:
    """Return the function that draws an array of a shape, of the layer's dtype."""
    return lambda *shape: generator.standard_normal(shape).astype(rnn.dtype)


def state_shape(rnn: nn.RNN, *batch: int) -> tuple[int, ...]:
    return (rnn.num_layers * (2 if rnn.bidirectional else 1), *batch, rnn.hidden_size)


def tensor(array: Array) -> torch.Tensor:
    """Return a copy in float64 that gradients are taken of."""
    return torch.tensor(array.copy(), dtype=torch.float64, requires_grad=True)


def torch_gradients(
    results: list[torch.Tensor], gradients: list[Array], inputs: list[torch.Tensor]
) -> list[Array]:
    """Take gradients of results backwards; zeros for inputs that no result depends on."""
    weights = [torch.tensor(g.copy(), dtype=torch.float64) for g in gradients]
    found = torch.autograd.grad(results, inputs, weights, allow_unused=True)
    pairs = zip(found, inputs, strict=True)
    return [np.zeros(i.shape) if f is None else f.numpy() for f, i in pairs]


def assert_close(rnn: nn.RNN, actual: Array, expected: Any, name: str, terms: int = 1) -> None:
    """Compare with torch's tensor or array; `terms` is over how many (step, row) pairs it sums."""
    if isinstance(expected, torch.Tensor):
        expected = expected.detach().numpy()
    largest = max(1, np.abs(expected).max(initial=0))
    atol = 40 * rnn.num_layers * np.finfo(rnn.dtype).eps * largest * np.sqrt(max(1, terms))
    assert actual.dtype == rnn.dtype, name
    np.testing.assert_allclose(actual, expected, rtol=0, atol=atol, err_msg=name)


def assert_parameters_close(
    rnn: nn.RNN, actual: dict[str, Array], expected: list[Array], terms: int
) -> None:
    """Compare gradients of all parameters with torch's, which come in torch's order."""
    assert list(actual) == [name for name, _ in rnn.named_parameters()]
    for (name, gradient), value in zip(actual.items(), expected, strict=True):
        assert_close(rnn, gradient, value, f"gradient of {name}", terms)


def has_no_kink(rnn: nn.RNN) -> bool:
    """Tell whether gradients can be compared: rounding to float32 may flip a relu."""
    return rnn.nonlinearity == "tanh" or rnn.dtype == FLOAT64


@given(
    arguments=rnn_arguments(),
    T=dimensions,
    N=st.one_of(dimensions, st.none(), st.just(0)),
    has_h_0=st.booleans(),
    layout=st.sampled_from(LAYOUTS),
    generator=generators,
)
def test_results_and_gradients_are_torchs(
    torch_twin: Twin,
    arguments: dict[str, Any],
    T: int,
    N: int | None,
    has_h_0: bool,
    layout: str,
    generator: np.random.Generator,
) -> None:
    """For a batch or, where N is None, one sequence; from a given state or from zeros."""
    rnn = nn.RNN(**arguments)
    twin = torch_twin(rnn, arguments)
    draw = normal(rnn, generator)
    batch = () if N is None else (N,)
    x = draw(*((N, T) if batch and rnn.batch_first else (T, *batch)), rnn.input_size)
    x = laid_out(x, layout) if batch else x
    h_0 = draw(*state_shape(rnn, *batch)) if has_h_0 else None

    (output, h_n), backward = rnn.vjp(x, h_0)
    x_64, h_64 = tensor(x), tensor(np.zeros(h_n.shape) if h_0 is None else h_0)
    expected = twin(x_64, h_64)
    assert_close(rnn, output, expected[0], "output")
    assert_close(rnn, h_n, expected[1], "h_n")

    called_output, called_h_n = rnn(x, h_0)
    np.testing.assert_array_equal(called_output, output)
    np.testing.assert_array_equal(called_h_n, h_n)

    if has_no_kink(rnn):
        gradients = [draw(*output.shape), draw(*h_n.shape)]
        inputs = [x_64, h_64, *twin.parameters()]
        d_x, d_h_0, *d_parameters = torch_gradients(list(expected), gradients, inputs)
        found = backward(*gradients)
        assert_close(rnn, found.x, d_x, "gradient of x")
        assert_close(rnn, found.state, d_h_0, "gradient of h_0")
        assert_parameters_close(rnn, found.parameters, d_parameters, T * (1 if N is None else N))


def torch_on_sequences(
    twin: torch.nn.RNN, sequences: list[torch.Tensor], h_0: torch.Tensor
) -> tuple[list[torch.Tensor], torch.Tensor]:
    """Run torch on a packed batch of those sequences that are not empty, which it would refuse."""
    D = 2 if twin.bidirectional else 1
    outputs = [torch.zeros(0, D * twin.hidden_size, dtype=torch.float64) for _ in sequences]
    rows = [i for i, sequence in enumerate(sequences) if len(sequence)]
    if not rows:
        return outputs, h_0
    packed = torch.nn.utils.rnn.pack_sequence([sequences[i] for i in rows], enforce_sorted=False)
    output, h_n = twin(packed, h_0[:, rows])
    for i, found in zip(rows, torch.nn.utils.rnn.unpack_sequence(output), strict=True):
        outputs[i] = found
    return outputs, h_0.index_copy(1, torch.tensor(rows), h_n)


@given(
    data=st.data(),
    arguments=rnn_arguments(),
    T=dimensions,
    N=st.one_of(dimensions, st.just(0)),
    generator=generators,
)
def test_lists_of_sequences_are_torchs_packed_batches(
    torch_twin: Twin,
    data: st.DataObject,
    arguments: dict[str, Any],
    T: int,
    N: int,
    generator: np.random.Generator,
) -> None:
    """Of any lengths in any order; an empty one keeps its state, and torch need not refuse it."""
    rnn = nn.RNN(**arguments)
    twin = torch_twin(rnn, arguments)
    draw = normal(rnn, generator)
    lengths = data.draw(lengths_N(N, T))
    x, h_0 = [draw(length, rnn.input_size) for length in lengths], draw(*state_shape(rnn, N))

    (output, h_n), backward = rnn.vjp(x, h_0)
    x_64, h_64 = [tensor(sequence) for sequence in x], tensor(h_0)
    expected, expected_h_n = torch_on_sequences(twin, x_64, h_64)
    assert isinstance(output, list)
    assert len(output) == N
    for i in range(N):
        assert_close(rnn, output[i], expected[i], f"output[{i}]")
    assert_close(rnn, h_n, expected_h_n, "h_n")

    if has_no_kink(rnn):
        d_output, d_h_n = [draw(*o.shape) for o in output], draw(*h_n.shape)
        rows = [i for i in range(N) if lengths[i]]
        *d_x, d_h_0 = torch_gradients(
            [*(expected[i] for i in rows), expected_h_n],
            [*(d_output[i] for i in rows), d_h_n],
            [*x_64, h_64],
        )
        found = backward(d_output, d_h_n)
        for i in range(N):
            assert_close(rnn, found.x[i], d_x[i], f"gradient of x[{i}]")
        assert_close(rnn, found.state, d_h_0, "gradient of h_0")


@given(
    data=st.data(),
    arguments=rnn_arguments(),
    T=dimensions,
    N=dimensions,
    generator=generators,
)
def test_padded_batches_with_lengths_are_torchs_packed_batches(
    torch_twin: Twin,
    data: st.DataObject,
    arguments: dict[str, Any],
    T: int,
    N: int,
    generator: np.random.Generator,
) -> None:
    """Gradients of parameters as well; no row is empty, for torch's sake."""
    rnn = nn.RNN(**arguments)
    twin = torch_twin(rnn, arguments)
    draw = normal(rnn, generator)
    lengths = np.maximum(data.draw(lengths_N(N, T)), 1)
    batch = (N, T) if rnn.batch_first else (T, N)
    x, h_0 = draw(*batch, rnn.input_size), draw(*state_shape(rnn, N))

    (output, h_n), backward = rnn.vjp(x, h_0, lengths=lengths.tolist())
    x_64, h_64 = tensor(x), tensor(h_0)
    packed = torch.nn.utils.rnn.pack_padded_sequence(
        x_64, torch.tensor(lengths), rnn.batch_first, enforce_sorted=False
    )
    packed, expected_h_n = twin(packed, h_64)
    expected, _ = torch.nn.utils.rnn.pad_packed_sequence(packed, rnn.batch_first, total_length=T)
    assert_close(rnn, output, expected, "output")
    assert_close(rnn, h_n, expected_h_n, "h_n")
    for row, length in zip(
        output if rnn.batch_first else output.swapaxes(0, 1), lengths, strict=True
    ):
        assert not row[length:].any()

    if has_no_kink(rnn):
        gradients = [draw(*output.shape), draw(*h_n.shape)]
        inputs = [x_64, h_64, *twin.parameters()]
        d_x, d_h_0, *d_parameters = torch_gradients([expected, expected_h_n], gradients, inputs)
        found = backward(*gradients)
        assert_close(rnn, found.x, d_x, "gradient of x")
        assert_close(rnn, found.state, d_h_0, "gradient of h_0")
        assert_parameters_close(rnn, found.parameters, d_parameters, int(lengths.sum()))
