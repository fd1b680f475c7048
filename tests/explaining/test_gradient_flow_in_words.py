"""How gradients flow back, in words: the sample, verdicts, causes, forms, errors."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from gradient_flows import scalar_relu

import elman
from elman import nn

X_123 = np.repeat(np.array([[[1], [2], [3]]], np.float32), 5, axis=2)
"""Three steps of 1s, 2s and 3s, (1, 3, 5)."""

SAMPLE = """\
Gradient of the last state's sum, going back   (RNN(5, 2), 3 steps)
  t = 2   1.41      1
  t = 1   0.105     0.074    x 0.074 in this step
  t = 0   0.0086    0.0061   x 0.082 in this step
Vanishing: x 0.078 a step; ten steps would leave 8e-12.
Why: tanh's mean slope is 0.35 (1 loses nothing);
     W_hh stretches by at most 0.40.
The number is exact: as the weights stand, the last state hardly depends on
early steps, so training can hardly learn that it should.
People use a GRU or LSTM, shorter spans, an orthogonal W_hh."""


def seeded_rnn() -> nn.RNN:
    return nn.RNN(5, 2, batch_first=True, generator=elman.Generator(1))


# ---- verdicts and words ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("w", "T", "verdict"),
    [
        (0.9, 10, "healthy"),  # 0.39 is left
        (0.5, 3, "healthy"),  # just half a step
        (0.499, 3, "vanishing"),  # 0.25 is left, but less than half a step
        (0.75, 9, "healthy"),  # 0.1001
        (0.75, 10, "fading"),
        (0.75, 25, "fading"),  # 0.001003
        (0.75, 26, "vanishing"),
        (1.0, 50, "healthy"),
        (2.0, 10, "healthy"),  # 512
        (2.0, 11, "exploding"),  # 1024
        (0.5, 1, "one step"),
    ],
)
def test_verdicts_begin_where_they_should(w: float, T: int, verdict: str) -> None:
    flow = scalar_relu(w, T)
    assert flow.at_far_end == pytest.approx(w ** (T - 1))
    assert flow.verdict == verdict
    assert flow.to_dict()["verdict"] == verdict


def test_text_of_the_notebooks_layer() -> None:
    assert str(elman.gradient_flow(seeded_rnn(), X_123)) == SAMPLE


def test_the_numbers_of_the_sample() -> None:
    """By hand, from the layer's own states."""
    rnn = seeded_rnn()
    h = rnn(X_123)[0][0].astype(np.float64)
    w = rnn.weight_hh_l0.astype(np.float64)
    d = [None, None, np.ones(2)]
    for t in (2, 1):
        d[t - 1] = (d[t] * (1 - h[t] ** 2)) @ w
    flow = elman.gradient_flow(rnn, X_123)
    np.testing.assert_allclose(flow.norm, [np.linalg.norm(v) for v in d], rtol=1e-6)
    assert (1 - h[1:] ** 2).mean() == pytest.approx(0.35, abs=0.005)


def test_many_steps_are_left_out_and_said_to_be() -> None:
    lines = str(scalar_relu(0.9, 40)).split("\n")
    steps = [line for line in lines if line.startswith(("  t", "  ..."))]
    assert len(steps) == 13
    assert steps[6] == "  ... 28 steps left out; .norm has them"
    assert steps[5].startswith("  t = 34 ")
    assert steps[7].startswith("  t =  5 ")
    assert len([line for line in str(scalar_relu(0.9, 13)).split("\n") if "t =" in line]) == 13


@pytest.mark.parametrize("T", [1, 2, 30, 1200])
@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM"])
def test_text_is_ascii_and_fits_a_terminal(kind: str, T: int) -> None:
    layer = getattr(nn, kind)(1000, 3, 2, bidirectional=True, generator=elman.Generator(0))
    generator = np.random.default_rng(0)
    x = generator.normal(size=(T, 1000)).astype(np.float32)
    d_output = 1e4 * generator.normal(size=(T, 6)).astype(np.float32)
    for one in (elman.gradient_flow(layer, x), elman.gradient_flow(layer, x, d_output=d_output)):
        for flow in (one, one.layer(0), one.layer(1, 1)):
            text = str(flow)
            assert text.isascii()
            assert max(map(len, text.split("\n"))) <= 80
            assert repr(flow) == text
    assert "own loss" in str(one)


def test_text_tells_what_each_verdict_means() -> None:
    assert "Exploding: x 2 a step; ten steps would make 1e+03." in str(scalar_relu(2.0, 12))
    assert "People clip the gradient's norm" in str(scalar_relu(2.0, 12))
    healthy = str(scalar_relu(0.9, 5))
    assert "Healthy: x 0.9 a step; ten steps would leave 0.3." in healthy
    assert "People" not in healthy
    assert "but faintly" in str(scalar_relu(0.75, 12))
    assert "One step" in str(scalar_relu(0.75, 1))
    gru = nn.GRU(1, 4, generator=elman.Generator(0))
    text = str(elman.gradient_flow(gru, np.zeros((40, 1), np.float32)))
    assert "z keeps 0." in text
    assert "or start z near 1" in text
    assert "GRU or LSTM" not in text


def test_a_gradient_past_the_largest_float_explodes() -> None:
    rnn = nn.RNN(1, 1, bias=False, dtype=np.float64)
    rnn.weight_hh_l0 = np.full((1, 1), 1e150)
    flow = elman.gradient_flow(rnn, np.zeros((5, 1)))
    assert flow.trace.first_non_finite is None
    np.testing.assert_allclose(flow.norm[2:], [1e300, 1e150, 1])
    assert flow.norm[1] == math.inf
    assert flow.verdict == "exploding"
    assert "Exploding: past the largest number of float64 at t = 1." in str(flow)
    assert json.loads(json.dumps(flow.to_dict(), allow_nan=False))["norm"][1] == "inf"


def test_a_gradient_of_nought_vanishes() -> None:
    rnn = nn.RNN(1, 1, nonlinearity="relu", dtype=np.float64)
    rnn.bias_ih_l0 = np.array([-9.0])
    flow = elman.gradient_flow(rnn, np.zeros((4, 1)))
    np.testing.assert_array_equal(flow.norm, [0, 0, 0, 1])
    assert flow.verdict == "vanishing"
    assert "Vanishing: x 0 a step; ten steps would leave 0." in str(flow)
    assert "nan" not in str(flow)


def test_the_dict_holds_what_was_measured() -> None:
    lstm = nn.LSTM(3, 4, bidirectional=True, dtype=np.float64, generator=elman.Generator(0))
    x, d_output = np.ones((5, 2, 3)), np.ones((5, 2, 8))
    flow = elman.gradient_flow(lstm, x, d_output=d_output, row=1).layer(0, 1)
    found = json.loads(json.dumps(flow.to_dict(), allow_nan=False))
    assert (found["layer"], found["direction"], found["row"]) == (0, "reverse", 1)
    assert found["norm"] == flow.norm.tolist()
    assert found["ratio"][0] == "nan"
    assert found["ratio"][1:] == flow.ratio[1:].tolist()
    assert found["saturated_gates"].keys() == set("ifgo")
    for name in ("share", "mean_slope", "saturated", "keeps", "own_loss", "total_loss"):
        assert found[name] == getattr(flow, name).tolist()
    assert found["at_far_end"] == flow.at_far_end
    assert found["first_non_finite"] is None


# ---- NaN and infinity ------------------------------------------------------------------------


def test_nan_in_x_is_found() -> None:
    x = np.ones((1, 5, 5), np.float32)
    x[0, 3, 2] = np.nan
    flow = elman.gradient_flow(seeded_rnn(), x)
    line = "first non-finite value: W_ih x, layer 0, t = 3, unit 0, from x[0, 3, 2] = nan"
    assert flow.verdict == "non-finite"
    assert line in str(flow).split("\n")
    assert str(flow).endswith("\nUntil this is mended, the gradients above mean nothing.")
    assert flow.to_dict()["first_non_finite"] in line


def test_infinity_in_a_weight_is_found() -> None:
    gru = nn.GRU(2, 8, 2, generator=elman.Generator(0))
    weight = gru.weight_ih_l1.copy()
    weight[8 + 6, 3] = np.inf
    gru.weight_ih_l1 = weight
    flow = elman.gradient_flow(gru, np.ones((4, 2), np.float32))
    assert flow.verdict == "non-finite"
    found = flow.trace.first_non_finite
    assert found is not None
    assert found.startswith("W_ih x, layer 1, t = 0, gate z, unit 6, from weight_ih_l1[14, 3]")
    lines = str(flow).split("\n")
    assert " ".join(lines[-3:-1]) == f"first non-finite value: {found}"
    # The layer below is well, and what is measured there holds.
    assert flow.layer(0).verdict == "healthy"
    assert f"first non-finite value: {found}" in " ".join(str(flow.layer(0)).split("\n"))


def test_nan_in_an_initial_state_is_found() -> None:
    lstm = nn.LSTM(2, 3, bidirectional=True, generator=elman.Generator(0))
    h_0, c_0 = np.zeros((2, 2, 3), np.float32), np.zeros((2, 2, 3), np.float32)
    h_0[1, 1, 2] = np.nan
    x = np.ones((4, 2, 2), np.float32)
    flow = elman.gradient_flow(lstm, x, (h_0, c_0), row=1, lengths=[4, 3])
    assert flow.trace.first_non_finite == (
        "W_hh h, layer 0, reverse, t = 2, gate i, unit 0, from h_0[1, 1, 2] = nan"
    )
    assert flow.layer(0, 1).verdict == "non-finite"
    assert flow.verdict in ("healthy", "fading")
    assert elman.gradient_flow(lstm, x, (h_0, c_0), row=0).trace.first_non_finite is None


# ---- errors ----------------------------------------------------------------------------------


def test_what_is_no_layer_is_refused() -> None:
    x = np.zeros((3, 5), np.float32)
    with pytest.raises(TypeError, match=r"nn.RNN, nn.GRU or nn.LSTM, got GRUCell; a cell makes"):
        elman.gradient_flow(nn.GRUCell(5, 2), x)
    with pytest.raises(TypeError, match=r"layer: expected nn.RNN.*got Network.*network\.rnn"):
        elman.gradient_flow(nn.Network(nn.RNN(5, 2), nn.Linear(2, 1)), x)
    with pytest.raises(TypeError, match=r"layer: expected nn.RNN.*got str"):
        elman.gradient_flow("rnn", x)


def test_rows_that_are_missing_or_not_there_are_refused() -> None:
    rnn, x = nn.RNN(5, 2), np.zeros((3, 4, 5), np.float32)
    with pytest.raises(ValueError, match=r"row: .*got None"):
        elman.gradient_flow(rnn, x)
    with pytest.raises(ValueError, match=r"row: .*got 4"):
        elman.gradient_flow(rnn, x, row=4)
    with pytest.raises(TypeError, match="row: "):
        elman.gradient_flow(rnn, x, row="first")
    with pytest.raises(ValueError, match="row: expected None"):
        elman.gradient_flow(rnn, x[:, 0], row=0)
    with pytest.raises(ValueError, match="lengths: expected a valid step in row 1, got none"):
        elman.gradient_flow(rnn, x, lengths=[3, 0, 1, 1], row=1)
    with pytest.raises(ValueError, match="x: expected a valid step in row 1, got none"):
        elman.gradient_flow(rnn, [x[:, 0], x[:0, 0]], row=1)


def test_shapes_that_do_not_fit_are_refused() -> None:
    rnn, x = nn.RNN(5, 2), np.zeros((3, 4, 5), np.float32)
    with pytest.raises(RuntimeError, match="x: expected input_size = 5"):
        elman.gradient_flow(rnn, x[..., :4], row=0)
    with pytest.raises(RuntimeError, match="h_0: expected"):
        elman.gradient_flow(rnn, x, np.zeros((1, 3, 2), np.float32), row=0)
    with pytest.raises(RuntimeError, match=r"d_output: .*\(3, 4, 2\), got \(4, 3, 2\)"):
        elman.gradient_flow(rnn, x, d_output=np.zeros((4, 3, 2), np.float32), row=0)
    with pytest.raises(ValueError, match="d_output: expected the layer's dtype"):
        elman.gradient_flow(rnn, x, d_output=np.zeros((3, 4, 2)), row=0)
    with pytest.raises(RuntimeError, match="d_output: expected a list of 2 arrays"):
        elman.gradient_flow(rnn, [x[:, 0], x[:2, 1]], d_output=x, row=0)
    with pytest.raises(RuntimeError, match=r"d_output: .*\(3, 2\), got \(3, 5\)"):
        elman.gradient_flow(rnn, x[:, 0], d_output=x[:, 0])


def test_layers_that_are_not_there_are_refused() -> None:
    flow = elman.gradient_flow(nn.RNN(5, 2, num_layers=2), np.zeros((3, 5), np.float32))
    assert flow.layer(1) is flow
    with pytest.raises(IndexError, match="layer: "):
        flow.layer(2)
    with pytest.raises(IndexError, match="direction: "):
        flow.layer(0, 1)
