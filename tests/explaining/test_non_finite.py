"""NaN and infinity: explained up to and through the first, and told where they arise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from explain_cases import Call, calls
from hypothesis import given
from hypothesis import strategies as st

import elman
from elman import nn

KINDS = ("RNN", "GRU", "LSTM")


@given(call=calls, data=st.data())
def test_nan_in_x_is_explained_through_the_first_step_that_has_it(
    call: Call, data: st.DataObject
) -> None:
    """What comes before in every direction is finite and right; the layer itself has it too."""
    if not call.length:
        return
    t = data.draw(st.integers(0, call.length - 1))
    j = data.draw(st.integers(0, call.x.shape[1] - 1))
    value = data.draw(st.sampled_from([np.nan, np.inf, -np.inf]))
    clean = call.explain()
    spoiled = _with(call, t, j, value)
    trace = spoiled.explain()
    a = call.layer.architecture
    assert trace.first_non_finite is not None
    text = " ".join(str(trace).split())
    assert f"First non-finite value: {trace.first_non_finite}." in text
    assert trace.first_non_finite.startswith("W_ih x, layer 0")
    assert trace.first_non_finite.endswith(f"= {np.float32(value)}")
    assert f"t = {t}, " in trace.first_non_finite
    rounding = {"rtol": 0, "atol": 1e-4}  # where float32 is recorded in float32
    np.testing.assert_allclose(trace.h[0, :t], clean.h[0, :t], **rounding)
    assert np.isfinite(trace.h[0, :t]).all()
    assert not np.isfinite(trace.sums_x[0, t]).all()
    if a.bidirectional:
        np.testing.assert_allclose(trace.h[1, t + 1 :], clean.h[1, t + 1 :], **rounding)
    same = np.isfinite(trace.output) == np.isfinite(trace.layer_output)
    assert same.all()
    for part in (trace, trace[t], trace[t].unit(0)):
        assert str(part).isascii()
        assert max(map(len, str(part).split("\n"))) <= 80


def _with(call: Call, t: int, j: int, value: float) -> Call:
    """Return the call with one value of its row's x changed."""
    row = call.options.get("row", 0)
    if isinstance(call.input, list):
        changed: Any = [x.copy() for x in call.input]
        changed[row][t, j] = value
        return call._replace(input=changed)
    changed = call.input.copy()
    if changed.ndim == 1:
        changed[j] = value
    elif changed.ndim == 2:
        changed[(t if hasattr(call.layer, "num_layers") else row), j] = value
    elif call.layer.batch_first:
        changed[row, t, j] = value
    else:
        changed[t, row, j] = value
    return call._replace(input=changed)


def test_the_first_value_is_named_with_its_cause() -> None:
    layer = nn.RNN(3, 8, batch_first=True)
    x = np.ones((2, 5, 3), np.float32)
    x[1, 3, 2] = np.nan
    trace = elman.explain(layer, x, row=1)
    assert trace.first_non_finite == "W_ih x, layer 0, t = 3, unit 0, from x[1, 3, 2] = nan"
    assert "t = 4: left out, after the first value that is not finite" in str(trace)
    assert str(trace[3]).endswith("h' is output[1, 3]; the layer gave nan nan nan nan and so on.")
    assert str(trace[3].unit(0)).endswith("h'[0] is output[1, 3, 0]; the layer gave nan.")
    assert ", where results are finite. " in " ".join(str(trace).split())
    assert elman.explain(layer, x, row=0).first_non_finite is None


@pytest.mark.parametrize(
    ("name", "at", "wanted"),
    [
        ("weight_ih_l0", (5, 1), "W_ih x, layer 0, t = 0, gate n, unit 1, from weight_ih_l0[5, 1]"),
        ("bias_ih_l0", (2,), "W_ih x, layer 0, t = 0, gate z, unit 0, from bias_ih_l0[2]"),
        ("weight_hh_l1", (0, 1), "W_hh h, layer 1, t = 0, gate r, unit 0, from weight_hh_l1[0, 1]"),
        ("bias_hh_l1", (1,), "W_hh h, layer 1, t = 0, gate r, unit 1, from bias_hh_l1[1]"),
    ],
)
def test_a_weight_is_named_as_the_cause(name: str, at: Any, wanted: str) -> None:
    layer = nn.GRU(3, 2, num_layers=2)
    weight = getattr(layer, name).copy()
    weight[at] = np.inf
    setattr(layer, name, weight)
    h_0 = np.ones((2, 2), np.float32)
    trace = elman.explain(layer, np.ones((4, 3), np.float32), h_0)
    assert trace.first_non_finite == f"{wanted} = inf"


def test_an_initial_state_is_named_as_the_cause() -> None:
    layer = nn.LSTM(3, 2, batch_first=True)
    h_0, c_0 = np.zeros((2, 1, 4, 2), np.float32)
    c_0[0, 2, 1] = np.nan
    trace = elman.explain(layer, np.ones((4, 5, 3), np.float32), (h_0, c_0), row=2)
    assert trace.first_non_finite == "c', layer 0, t = 0, unit 1, from c_0[0, 2, 1] = nan"


def test_an_overflow_is_named_as_the_cause() -> None:
    """In float32, which float64 would not show."""
    layer = nn.RNN(1, 1, nonlinearity="relu", bias=False)
    layer.weight_ih_l0 = np.full((1, 1), 1, np.float32)
    layer.weight_hh_l0 = np.full((1, 1), 1e15, np.float32)
    trace = elman.explain(layer, np.ones((5, 1), np.float32))
    np.testing.assert_array_equal(np.isfinite(trace.h[0, :, 0]), [True, True, True, False, False])
    assert trace.first_non_finite == "W_hh h, layer 0, t = 3, unit 0, from an overflow"
    np.testing.assert_array_equal(trace.layer_output, trace.output)


def test_what_json_has_not_becomes_texts_that_float_reads() -> None:
    layer = nn.RNN(1, 1)
    x = np.array([[1], [np.nan], [np.inf]], np.float32)
    found = elman.explain(layer, x).to_dict()
    assert found["x"] == [[1.0], ["nan"], ["inf"]]
    np.testing.assert_array_equal(np.array(found["x"], dtype=float), x)
