"""How gradients flow back: every number of it, norms against torch's autograd."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from gradient_flows import by_autograd, scalar_relu
from hypothesis import given
from hypothesis import strategies as st
from strategies import FLOAT64, Options, generators, layer_options, state_shapes, whole

import elman
from elman import nn


@given(
    options=layer_options(dtype=FLOAT64, dropout=0.0),
    T=st.integers(1, 6),
    N=st.integers(1, 3),
    generator=generators,
    data=st.data(),
)
def test_norms_are_those_of_autograd(
    options: Options, T: int, N: int, generator: np.random.Generator, data: st.DataObject
) -> None:
    layer = options.elman()
    row, length = data.draw(st.integers(0, N - 1)), data.draw(st.integers(1, T))
    lengths = generator.integers(0, T + 1, N)
    lengths[row] = length
    first = options.arguments["batch_first"]
    batch = (N, T) if first else (T, N)
    x = generator.normal(size=(*batch, layer.input_size))
    d_output = generator.normal(size=(*batch, layer.architecture.output_size))
    state = [generator.normal(size=shape) for shape in state_shapes(layer, N)]

    flow = elman.gradient_flow(layer, x, whole(state), d_output=d_output, lengths=lengths, row=row)

    at = np.s_[row, :length] if first else np.s_[:length, row]
    of_row = [part[:, row] for part in state]
    expected = by_autograd(options, layer, x[at], of_row, d_output[at])
    a = layer.architecture
    assert flow.k == a.recurrences - a.directions
    for k in range(a.recurrences):
        one = flow.layer(*divmod(k, a.directions))
        assert one.k == k
        np.testing.assert_allclose(one.norm, expected.norm[k], rtol=1e-9, atol=1e-13)
        np.testing.assert_allclose(one.own_loss, expected.own_loss[k], rtol=1e-9, atol=1e-13)
        np.testing.assert_allclose(one.total_loss, expected.total_loss[k], rtol=1e-9, atol=1e-13)


def test_a_list_and_one_sequence_give_the_row_of_a_batch() -> None:
    gru = nn.GRU(3, 4, bidirectional=True, batch_first=True, dtype=np.float64)
    generator = np.random.default_rng(0)
    x = generator.normal(size=(2, 5, 3))
    d = generator.normal(size=(2, 5, 8))
    batch = elman.gradient_flow(gru, x, d_output=d, lengths=[2, 4], row=1)
    ragged = elman.gradient_flow(gru, [x[0, :2], x[1, :4]], d_output=[d[0, :2], d[1, :4]], row=1)
    single = elman.gradient_flow(gru, x[1, :4], d_output=d[1, :4])
    for other in (ragged, single):
        assert other.norm.shape == (4,)
        np.testing.assert_array_equal(other.norm, batch.norm)
        np.testing.assert_array_equal(other.own_loss, batch.own_loss)
        np.testing.assert_array_equal(other.total_loss, batch.total_loss)


def test_what_goes_back_in_float32_does_not_underflow() -> None:
    rnn = nn.RNN(2, 3, generator=elman.Generator(0))
    x = np.random.default_rng(0).normal(size=(250, 2)).astype(np.float32)
    flow = elman.gradient_flow(rnn, x)
    double = nn.RNN(2, 3, dtype=np.float64)
    double.load_state_dict({n: p.astype(np.float64) for n, p in rnn.named_parameters()})
    expected = elman.gradient_flow(double, x.astype(np.float64))
    assert 0 < flow.norm[0] < 1e-80
    np.testing.assert_allclose(np.log(flow.norm), np.log(expected.norm), rtol=1e-4, atol=1e-4)


def test_the_notebooks_loop_vanishes_though_its_spectral_radius_is_above_one() -> None:
    """h = tanh(Wx x + Wh h + b), T = 10, I = 4, H = 8, all drawn by np.random.random."""
    random = np.random.RandomState(1)
    x, w_x, w_h, b = (random.random_sample(n) for n in [(10, 4), (8, 4), (8, 8), (8,)])
    h, jacobian = np.zeros(8), np.eye(8)
    for t in range(10):
        h = np.tanh(w_x @ x[t] + w_h @ h + b)
        if t:
            jacobian = (1 - h**2)[:, None] * w_h @ jacobian
    assert np.linalg.norm(jacobian, 2) == pytest.approx(5.05e-26, rel=1e-2)

    rnn = nn.RNN(4, 8, dtype=np.float64)
    rnn.load_state_dict(
        {"weight_ih_l0": w_x, "weight_hh_l0": w_h, "bias_ih_l0": b, "bias_hh_l0": np.zeros(8)}
    )
    flow = elman.gradient_flow(rnn, x)
    np.testing.assert_allclose(flow.trace.h[0, -1], h, rtol=1e-14)
    # Values near 1 have few digits left in 1 - h².
    assert flow.norm[0] == pytest.approx(np.linalg.norm(jacobian.sum(axis=0)), rel=1e-6)
    assert flow.spectral_radius == pytest.approx(4.25, abs=0.01)
    assert flow.verdict == "vanishing"
    assert flow.saturated[1:].mean() > 0.9
    assert "spectral radius of 4.2 would suggest growth" in str(flow)


# ---- per step --------------------------------------------------------------------------------


def test_ratio_and_share_go_from_the_last_state_back() -> None:
    flow = scalar_relu(0.8, 4)
    np.testing.assert_allclose(flow.norm, [0.512, 0.64, 0.8, 1])
    np.testing.assert_allclose(flow.share, [0.512, 0.64, 0.8, 1])
    np.testing.assert_allclose(flow.ratio, [0.8, 0.8, 0.8, np.nan])
    assert list(flow.going_back) == [3, 2, 1, 0]
    assert flow.at_far_end == pytest.approx(0.512)
    assert flow.per_step == pytest.approx(0.8)


def test_the_reverse_direction_goes_the_other_way() -> None:
    rnn = nn.RNN(1, 1, nonlinearity="relu", bidirectional=True, dtype=np.float64)
    for name, parameter in rnn.named_parameters():
        setattr(rnn, name, np.full_like(parameter, 0.5 if "hh" in name else 1.0))
    flow = elman.gradient_flow(rnn, np.ones((3, 1)))
    assert list(flow.going_back) == [2, 1, 0]
    reverse = flow.layer(0, "reverse")
    assert list(reverse.going_back) == [0, 1, 2]
    np.testing.assert_allclose(flow.norm, [0.25, 0.5, 1])
    np.testing.assert_allclose(reverse.norm, [1, 0.5, 0.25])
    np.testing.assert_allclose(reverse.ratio, [np.nan, 0.5, 0.5])
    assert reverse.at_far_end == 0.25
    assert reverse is flow.layer(0, 1)
    assert str(reverse).split("\n")[1:4] == [
        "(RNN(1, 1), layer 0, reverse, 3 steps)",
        "  t = 0   1         1",
        "  t = 1   0.5       0.5      x 0.5 in this step",
    ]


@pytest.mark.parametrize("kind", ["tanh", "relu", "GRU", "LSTM"])
def test_slopes_and_saturation_are_those_of_the_traced_values(kind: str) -> None:
    options: dict[str, Any] = {"dtype": np.float64, "generator": elman.Generator(3)}
    layer: Any
    if kind in ("tanh", "relu"):
        layer = nn.RNN(4, 30, nonlinearity=kind, **options)
    else:
        layer = getattr(nn, kind)(4, 30, **options)
    x = np.random.default_rng(0).normal(0, 20, (7, 4))
    flow = elman.gradient_flow(layer, x)
    h, gates = flow.trace.h[0], flow.trace.gates
    if not gates:
        slope = 1 - h**2 if kind == "tanh" else (h > 0).astype(float)
        saturated = slope < 0.05
        assert flow.saturated_gates == {}
        assert flow.keeps is None
    else:
        squashed = "n" if kind == "GRU" else "g"
        slope = 1 - gates[squashed][0] ** 2
        by_gate = {
            name: slope < 0.05 if name == squashed else (gate[0] < 0.05) | (gate[0] > 0.95)
            for name, gate in gates.items()
        }
        saturated = np.concatenate(list(by_gate.values()), axis=1)
        assert flow.saturated_gates.keys() == by_gate.keys()
        for name, share in by_gate.items():
            np.testing.assert_allclose(flow.saturated_gates[name], share.mean(axis=1))
        np.testing.assert_allclose(flow.keeps, gates["zf"[kind == "LSTM"]][0].mean(axis=1))
        assert flow.stretch is None
        assert flow.spectral_radius is None
    np.testing.assert_allclose(flow.mean_slope, slope.mean(axis=1))
    np.testing.assert_allclose(flow.saturated, saturated.mean(axis=1))
    assert 0.1 < flow.saturated.mean() < 0.9  # so that the thresholds have been between them


def test_stretch_is_not_the_spectral_radius() -> None:
    rnn = nn.RNN(1, 2, dtype=np.float64)
    rnn.weight_hh_l0 = np.array([[0.5, 10], [0, -0.25]])
    flow = elman.gradient_flow(rnn, np.zeros((2, 1)))
    assert flow.spectral_radius == pytest.approx(0.5)
    assert flow.stretch == pytest.approx(math.sqrt(np.linalg.eigvalsh(
        rnn.weight_hh_l0 @ rnn.weight_hh_l0.T).max()))  # fmt: skip
