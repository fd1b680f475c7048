"""The texts of a trace: exact samples, ASCII in 80 columns of every kind, ledgers that add up."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from explain_cases import Call, calls, explained, made
from hypothesis import given

import elman

RNN_STEP = """\
RNN(5, 2)  layer 0, forward, t = 1 (step 2 of 3)

x = x[0, 1]        2  2  2  2  2
h = output[0, 0]  -0.3520  0.5253

unit 0                                  unit 1
x[0]   0.3643 *  2.0000 =  0.7287       x[0]   0.4241 *  2.0000 =  0.8481
x[1]  -0.3121 *  2.0000 = -0.6242       x[1]  -0.1455 *  2.0000 = -0.2909
x[2]  -0.1371 *  2.0000 = -0.2742       x[2]   0.3597 *  2.0000 =  0.7195
x[3]   0.3319 *  2.0000 =  0.6638       x[3]   0.0983 *  2.0000 =  0.1966
x[4]  -0.6657 *  2.0000 = -1.3314       x[4]  -0.0866 *  2.0000 = -0.1732
b_ih                      -0.0516       b_ih                      -0.0637
  W_ih x + b_ih           -0.8888         W_ih x + b_ih            1.2364
h[0]   0.1961 * -0.3520 = -0.0690       h[0]   0.2583 * -0.3520 = -0.0909
h[1]   0.0349 *  0.5253 =  0.0183       h[1]  -0.2756 *  0.5253 = -0.1447
b_hh                       0.1025       b_hh                      -0.0028
  W_hh h + b_hh            0.0518         W_hh h + b_hh           -0.2385
  sum                     -0.8371         sum                      0.9980
  h' = tanh(sum)          -0.6842         h' = tanh(sum)           0.7607

h' is output[0, 1]; the layer gave -0.684243 0.760743, difference 4e-08."""

GRU_UNIT = """\
                                     reset r  update z     new n
W_ih x + b_ih                        -0.3070   -0.0482   -3.0564
W_hh h + b_hh                        -0.2165   -0.3042    0.1318
r * (W_hh h + b_hh)                                       0.0490
sum                                  -0.5235   -0.3524   -3.0073
sigmoid, sigmoid, tanh                0.3720    0.4128   -0.9951

h' = (1 - z) * n + z * h = 0.5872 * -0.9951 + 0.4128 * -0.6458 = -0.8509
Unit 0 keeps 41% of h and takes 59% of n.
"""

RNN_VECTORS = """\
RNN(5, 2, batch_first=True)
row 0, 3 steps

layer 0, forward

t = 0
  x               1  1  1  1  1
  W_ih x + b_ih  -0.4702   0.5864
  W_hh h + b_hh   0.1025  -0.0028
  sum            -0.3677   0.5836
  h'             -0.3520   0.5253
  layer          -0.3520   0.5253

t = 1
  x               2  2  2  2  2
  W_ih x + b_ih  -0.8888   1.2364
  W_hh h + b_hh   0.0518  -0.2385
  sum            -0.8371   0.9980
  h'             -0.6842   0.7607
  layer          -0.6842   0.7607

t = 2
  x               3  3  3  3  3
  W_ih x + b_ih  -1.3075   1.8865
  W_hh h + b_hh  -0.0052  -0.3892
  sum            -1.3126   1.4973
  h'             -0.8649   0.9047
  layer          -0.8649   0.9047

The layer itself gives the same to 4e-08. Digits are rounded for show only."""


def without_difference(text: str) -> str:
    """Leave out the one figure that is the rounding of the kernels in use."""
    return re.sub(r"\b\de-\d\d\b", "~", text)


def assert_same(text: str, sample: str) -> None:
    assert without_difference(text) == without_difference(sample)
    if elman.kernels.backend == "native":
        assert text == sample


def test_a_step_of_the_notebooks_layer() -> None:
    assert_same(str(explained("RNN")[1]), RNN_STEP)


def test_the_notebooks_layer_as_vectors() -> None:
    assert_same(str(explained("RNN")), RNN_VECTORS)


def test_a_gru_unit() -> None:
    text = str(explained("GRU")[1].unit(0))
    assert text.startswith("GRU(5, 2)  layer 0, forward, t = 1 (step 2 of 3)\n\nx = x[0, 1]  ")
    assert GRU_UNIT in text
    assert "x[4]  -0.6657 *  2.0000 = -1.3314       x[4]  -0.0516 *  2.0000 = -0.1031" in text


def test_repr_is_the_text() -> None:
    trace = explained("LSTM")
    for part in (trace, trace[1], trace[1].unit(0), trace.layer(0)):
        assert repr(part) == str(part)


@given(call=calls)
def test_every_text_is_ascii_in_80_columns(call: Call) -> None:
    trace, a = call.explain(), call.layer.architecture
    texts = [str(trace)]
    for k in range(a.recurrences):
        layer = trace.layer(*divmod(k, a.directions))
        texts.append(str(layer))
        for t in {0, trace.T - 1} if trace.T else ():
            texts += [str(layer[t]), str(layer[t].unit(a.hidden_size - 1))]
            if a.proj_size:
                texts.append(str(layer[t].projected(a.proj_size - 1)))
    for text in texts:
        assert text.isascii()
        assert max(map(len, text.split("\n"))) <= 80, text
        assert len(text.split("\n")) < 400
        assert not any(line.endswith(" ") for line in text.split("\n"))


def test_of_many_units_two_are_opened_and_the_others_named() -> None:
    trace = elman.explain(made("RNN", 3, 64), np.ones((2, 3), np.float32))
    text = str(trace[1])
    assert text.count("unit ") == 2
    assert "62 other units: unit(2) to unit(63) open them." in text
    assert "58 others" in text
    assert "h = output[0]" in text
    assert "... " in text.split("h = output[0]")[1].split("\n")[0]
    assert "h' is output[1]; the layer gave the same to " in text
    assert "unit 63" in str(trace[1].unit(63))


def test_of_many_steps_the_first_and_the_last_are_shown_and_the_others_named() -> None:
    trace = elman.explain(made("RNN", 3, 2), np.ones((100, 3), np.float32))
    text = str(trace)
    shown = [int(t) for t in re.findall(r"^t = (\d+)$", text, re.MULTILINE)]
    left_out = re.search(r"\.\.\. t = (\d+) to (\d+) left out: print trace\[t\] for one", text)
    assert left_out is not None
    first, last = int(left_out[1]), int(left_out[2])
    assert shown == [*range(first), *range(last + 1, 100)]
    assert 0 < first < last < 99
    assert len(text.split("\n")) < 150


def test_of_many_layers_some_are_shown() -> None:
    layer = made("LSTM", 3, 2, num_layers=20, bidirectional=True)
    text = str(elman.explain(layer, np.ones((9, 3), np.float32)))
    assert text.count("\nlayer ") == 8
    assert "32 layers and directions left out: trace.layer(layer, direction) shows one." in text
    assert "layer 19, reverse" in text
    assert len(text.split("\n")) < 500


def test_the_reverse_direction_goes_back_and_ends_at_step_0() -> None:
    trace = explained("RNN", bidirectional=True)
    text = str(trace.layer(0, "reverse"))
    assert [int(t) for t in re.findall(r"^t = (\d+)$", text, re.MULTILINE)] == [2, 1, 0]
    step = str(trace.layer(0, 1)[0])
    assert step.startswith("RNN(5, 2)  layer 0, reverse, t = 0 (step 3 of 3)\n")
    assert "h = output[0, 1, 2:]" in step
    assert "h' is output[0, 0, 2:]; the layer gave " in step
    assert step.endswith("h' is h_n[1, 0] as well, the state after the last step.")
    assert "h = 0 (no h_0)  " in str(trace.layer(0, 1)[2])
    assert "as well" not in str(trace.layer(0, 1)[2])
    unit = str(trace.layer(0, 1)[0].unit(1))
    assert "h'[1] is output[0, 0, 3]; the layer gave " in unit


def test_a_lower_layers_state_is_the_next_ones_input() -> None:
    trace = explained("RNN", num_layers=2, bidirectional=True)
    assert "h' is trace.h[1, 1]; layer 1 reads it as x." in str(trace.layer(0, 1)[1])
    assert "x = trace.h[0:2, 1]" in str(trace.layer(1)[1])
    np.testing.assert_array_equal(trace.layer(1)[1].x, trace.h[0:2, 1].ravel())
    last = str(trace.layer(0, 1)[0])
    assert last.endswith("h' is h_n[1, 0] as well, the state after the last step.")


@pytest.mark.parametrize(
    ("form", "x_name", "output_name", "h_name"),
    [
        ("batch first", "x[1, 2]", "output[1, 2]", "h_0[0, 1]"),
        ("time first", "x[2, 1]", "output[2, 1]", "h_0[0, 1]"),
        ("list", "x[1][2]", "output[1][2]", "h_0[0, 1]"),
        ("single", "x[2]", "output[2]", "h_0[0]"),
    ],
)
def test_names_can_be_typed(form: str, x_name: str, output_name: str, h_name: str) -> None:
    """Each name, evaluated, gives the very numbers that the text shows."""
    generator = np.random.default_rng(0)
    layer = made("RNN", 3, 2, batch_first=form == "batch first")
    x: Any = generator.standard_normal((3, 2, 3)).astype(np.float32)
    h_0 = generator.standard_normal((1, 2, 2)).astype(np.float32)
    row: int | None = 1
    if form == "batch first":
        x = np.ascontiguousarray(x.transpose(1, 0, 2))
    elif form == "list":
        x = [x[:, 0].copy(), x[:, 1].copy()]
    elif form == "single":
        x, h_0, row = x[:, 1].copy(), h_0[:, 1].copy(), None
    trace, (output, _) = elman.explain(layer, x, h_0, row=row), layer(x, h_0)
    first, last = str(trace[0]), str(trace[2])
    assert f"h = {h_name}" in first
    assert f"x = {x_name}" in last
    assert f"h' is {output_name}; " in last
    names = {"x": x, "output": output, "h_0": h_0}
    np.testing.assert_array_equal(eval(x_name, names), trace[2].x)
    np.testing.assert_allclose(eval(output_name, names), trace.layer_output[2], rtol=1e-6)
    np.testing.assert_array_equal(eval(h_name, names), trace[0].h)


def test_padding_is_said_to_be_padding() -> None:
    layer = made("GRU", 3, 2, batch_first=True)
    x = np.full((2, 5, 3), np.nan, np.float32)
    x[1, :3] = 1
    trace = elman.explain(layer, x, lengths=[0, 3], row=1)
    assert trace.first_non_finite is None
    assert "row 1, 5 steps, of which 3 valid" in str(trace)
    assert "t = 3 to 4: padding, which is not read; output is 0 there" in str(trace)
    step = " ".join(str(trace[4]).split())
    assert "This step is padding: the sequence has 3 valid steps" in step
    assert "h_n[0, 1] is the state after t = 2." in step
    assert str(trace[4].unit(1)) == str(trace[4])
    assert "t = 4" in str(trace[-1]).split("\n")[0]
    empty = elman.explain(layer, x, lengths=[0, 3], row=0)
    assert "t = 0 to 4: padding" in str(empty)
    assert "h_n[0, 0] is the initial state." in " ".join(str(empty[0]).split())


def test_initial_states_are_shown_where_they_were_given_or_learned() -> None:
    layer = made("RNN", 3, 2, learn_initial_state=True)
    layer.h_0 = np.array([[0.25, -0.5]], np.float32)
    x = np.ones((2, 3), np.float32)
    learned = elman.explain(layer, x)
    assert "h = h_0[0] (learned)   0.2500  -0.5000" in str(learned[0])
    assert "  h_0   0.2500  -0.5000" in str(learned)
    own = elman.explain(layer, x, np.array([[1, 0.5]], np.float32))
    assert "h = h_0[0]   1.0000  0.5000" in str(own[0])
    none = elman.explain(made("RNN", 3, 2), x)
    assert "h = 0 (no h_0)   0  0" in str(none[0])
    assert "h_0" not in str(none)


def test_a_cell_is_one_step() -> None:
    cell = made("LSTMCell", 3, 2)
    x = np.ones((4, 3), np.float32)
    hx = tuple(np.full((4, 2), v, np.float32) for v in (0.25, 0.75))
    trace = elman.explain(cell, x, hx, row=3)
    text = str(trace[0])
    assert text.startswith("LSTMCell(3, 2)  one step\n\nx = x[3]")
    assert "h = hx[0][3]   0.2500  0.2500\nc = hx[1][3]   0.7500  0.7500" in text
    assert "h' is the first of what the call returns; the cell gave " in text
    assert "t = 0" not in text + str(trace)
    assert str(trace).startswith("LSTMCell(3, 2)\nrow 3\n\n")
    assert "The cell itself gives the same to " in str(trace)
