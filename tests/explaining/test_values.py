"""What `elman.explain` records is what the equations say, and what torch and the layer compute."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from explain_cases import Call, calls, cell_calls, expected, layer_calls
from hypothesis import given
from strategies import Array, Options

import elman
from elman import nn
from elman.kernels import backend


def assert_close(actual: Array, wanted: Array, dtype: Any, largest: float = 1) -> None:
    atol = 64 * np.finfo(dtype).eps * max(1, largest)
    np.testing.assert_allclose(actual, wanted, rtol=0, atol=atol)
    assert actual.dtype == dtype


def assert_as_given(actual: Array, given: Array) -> None:
    """Hold that a row's results are those of the batch: to the bit, where kernels promise that."""
    if backend == "native":
        np.testing.assert_array_equal(actual, given)
    else:
        assert_close(actual, given, given.dtype, np.abs(given).max(initial=1))


@given(call=calls)
def test_every_value_is_that_of_the_equations(call: Call) -> None:
    trace, wanted = call.explain(), expected(call)
    dtype, largest = call.layer.dtype, max(1, np.abs(wanted["h"]).max(initial=0))
    largest = max(largest, np.abs(wanted["sums_x"]).max(initial=0))
    for name in ("h", "sums_x", "sums_h", "output", "h_n"):
        assert_close(getattr(trace, name), wanted[name], dtype, largest)
    assert set(trace.gates) == set(wanted) - {"h", "c", "sums_x", "sums_h", "output", "h_n", "c_n"}
    for letter, values in trace.gates.items():
        assert_close(values, wanted[letter], dtype, largest)
    if wanted["c_n"] is None:
        assert trace.c is trace.c_0 is trace.c_n is trace.layer_c_n is None
    else:
        assert_close(trace.c, wanted["c"], dtype, largest)
        assert_close(trace.c_n, wanted["c_n"], dtype, largest)
    np.testing.assert_array_equal(trace.x, call.x)
    assert len(call.x) == trace.T
    assert trace.length == call.length


@given(call=layer_calls())
def test_results_are_the_layers_own_and_agree(call: Call) -> None:
    """The layer is called in evaluation mode, as whoever asks for the trace would call it."""
    trace = call.explain()
    options = {n: v for n, v in call.options.items() if n != "row"}
    training = call.layer.training
    output, state_n = call.layer.eval()(call.input, call.hx, **options)
    call.layer.train(training)
    row = trace.row
    if row is not None:
        output = output[row] if trace.ragged or call.layer.batch_first else output[:, row]
    assert_as_given(trace.layer_output, output)
    parts = state_n if isinstance(state_n, tuple) else (state_n,)
    for given_n, part in zip((trace.layer_h_n, trace.layer_c_n), parts, strict=False):
        assert_as_given(given_n, part if row is None else part[:, row])
    largest = np.abs(trace.h).max(initial=1)
    assert trace.difference <= {4: 1e-5, 8: 1e-12}[call.layer.dtype.itemsize] * largest
    rounding = np.finfo(call.layer.dtype).eps * largest
    apart = np.abs(trace.output.astype(float) - trace.layer_output)
    np.testing.assert_allclose(trace.differences, apart, rtol=0, atol=rounding)
    assert trace.difference >= trace.differences.max(initial=0)


@given(call=cell_calls())
def test_a_cells_result_is_its_own(call: Call) -> None:
    trace, result = call.explain(), call.layer(call.input, call.hx)
    h = result[0] if isinstance(result, tuple) else result
    assert_as_given(trace.layer_output[0], np.atleast_2d(h)[trace.row or 0])
    assert trace.difference < (1e-5 if trace.h.dtype == np.float32 else 1e-12)


@given(call=layer_calls())
def test_torch_computes_the_same(call: Call) -> None:
    """torch runs in float64, without dropout, on the row's valid steps alone."""
    trace, a = call.explain(), call.layer.architecture
    arguments = {n: getattr(call.layer, n) for n in ("bias", "bidirectional", "num_layers")}
    kind = type(call.layer).__name__
    if kind == "RNN":
        arguments["nonlinearity"] = call.layer.nonlinearity
    if kind == "LSTM":
        arguments["proj_size"] = call.layer.proj_size
    options = Options(kind, {"input_size": a.input_size, "hidden_size": a.hidden_size, **arguments})
    twin = options.torch(dtype=np.float64)
    weights = {n: torch.tensor(p) for n, p in call.layer.named_parameters() if n[1:] != "_0"}
    twin.load_state_dict(weights)
    if call.length == 0:
        np.testing.assert_array_equal(trace.h_n, trace.h_0)
        assert not trace.output.any()
        return
    parts = [torch.tensor(p.astype(float)) for p in (trace.h_0, trace.c_0) if p is not None]
    with torch.no_grad():
        output, state_n = twin(
            torch.tensor(call.x[: call.length].astype(float)),
            tuple(parts) if len(parts) > 1 else parts[0],
        )
    h_n = state_n[0] if isinstance(state_n, tuple) else state_n
    largest = max(1, float(output.abs().max()))
    assert_close(trace.output[: call.length], output.numpy(), trace.x.dtype, largest)
    assert_close(trace.h_n, h_n.numpy(), trace.x.dtype, max(largest, float(h_n.abs().max())))
    assert not trace.output[call.length :].any()


@given(call=layer_calls())
def test_a_steps_values_are_those_of_the_trace(call: Call) -> None:
    """Each step begins from the state of the step before, the reverse direction's from t + 1."""
    trace, a = call.explain(), call.layer.architecture
    for k in range(a.recurrences):
        layer = trace.layer(*divmod(k, a.directions))
        steps = list(range(call.length))
        h = trace.h_0[k]
        for t in steps[::-1] if layer.direction else steps:
            step = layer[t]
            np.testing.assert_array_equal(step.h, h)
            weights = call.layer.all_weights[k]
            wanted = weights[0].astype(float) @ step.x + weights[1].astype(float) @ step.h
            if a.bias:
                wanted += weights[2].astype(float) + weights[3]
            scale = max(1, np.abs(wanted).max())
            assert_close((step.sum_x + step.sum_h), wanted, trace.x.dtype, 4 * scale)
            h = step.h_next
        if steps:
            np.testing.assert_array_equal(h, trace.h_n[k])


def notebook() -> tuple[Any, Array]:
    """The layer and x that the fourth notebook works through by hand."""
    elman.manual_seed(1)
    rnn = nn.RNN(5, 2, batch_first=True)
    return rnn, np.array([[[1] * 5, [2] * 5, [3] * 5]], np.float32)


def test_the_notebooks_forward_pass_by_hand() -> None:
    """Input, x W_ihᵀ + b_ih and output at each step, as torch printed them there."""
    rnn, x = notebook()
    assert repr(rnn) == "RNN(5, 2, batch_first=True)"
    trace = elman.explain(rnn, x)
    np.testing.assert_array_equal(trace.x, x[0])
    sums = [[-0.4701929, 0.58639044], [-0.88883156, 1.2364398], [-1.3074702, 1.8864892]]
    output = [[-0.3519801, 0.52525216], [-0.68424344, 0.76074266], [-0.8649416, 0.9046636]]
    np.testing.assert_allclose(trace.sums_x[0], sums, rtol=0, atol=2e-7)
    np.testing.assert_allclose(trace.output, output, rtol=0, atol=1e-7)
    np.testing.assert_allclose(trace.layer_output, output, rtol=0, atol=2e-7)
    assert 0 < trace.difference < 1e-7


def test_a_trace_stays_as_it_was() -> None:
    """Neither x nor the layer is held: what is assigned to them later does not show."""
    rnn, x = notebook()
    trace = elman.explain(rnn, x)
    before = str(trace[1])
    x[:] = 7
    rnn.weight_ih_l0 = np.zeros((2, 5), np.float32)
    rnn.dropout = 0.5
    assert str(trace[1]) == before
    assert trace.parameters["weight_ih_l0"].any()
    assert trace.module.weight_ih_l0.any()
    for name in ("x", "h", "sums_x", "output", "differences"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(trace, name)[0] = 1


@pytest.mark.parametrize("dropouts", [{"dropout": 0.5}, {"recurrent_dropout": 0.5}])
def test_dropout_is_left_out_and_said_so(dropouts: dict[str, float]) -> None:
    layer = nn.GRU(3, 4, num_layers=2, **dropouts)
    x = np.ones((5, 3), np.float32)
    state = elman.Generator(3)
    trace = elman.explain(layer, x)
    assert layer.training
    assert trace.without_dropout
    assert "Dropout is left out, as in eval()." in str(trace)
    np.testing.assert_array_equal(trace.layer_output, layer.eval()(x)[0])
    quiet = elman.explain(layer, x)
    assert not quiet.without_dropout
    assert "Dropout" not in str(quiet)
    assert state is not None


def test_explaining_draws_no_random_number() -> None:
    elman.manual_seed(3)
    layer = nn.GRU(3, 4, num_layers=2, dropout=0.5)
    elman.explain(layer, np.ones((5, 3), np.float32))
    drawn = nn.RNN(2, 2).weight_ih_l0
    elman.manual_seed(3)
    nn.GRU(3, 4, num_layers=2, dropout=0.5)
    np.testing.assert_array_equal(nn.RNN(2, 2).weight_ih_l0, drawn)
