"""Ledgers: every product on a line, subtotals that add up, the new state in words."""

from __future__ import annotations

import re

import numpy as np
import pytest
from explain_cases import Call, calls, explained, made
from hypothesis import given

import elman
from elman.explaining import _ledger
from elman.explaining._terms import terms


def figures(text: str) -> list[float]:
    return [float(found) for found in re.findall(r"-?\d+\.\d+(?:e[+-]\d+)?", text)]


@given(call=calls)
def test_ledgers_add_up_within_rounding(call: Call) -> None:
    """Terms, others and bias make the subtotals; these make the sum; each is to four places."""
    trace, a = call.explain(), call.layer.architecture
    if not trace.length:
        return
    step = trace.layer(a.num_layers - 1, a.directions - 1)[trace.length // 2]
    for gate in range(a.gates):
        lines = _ledger._ledger(step, a.hidden_size - 1, gate, "").lines
        total, subtotals = 0.0, []
        terms_seen = 0
        for line in lines[:-2]:
            value = float(line.result)
            is_term = not line.label.startswith("  ")
            if is_term:
                total += value
                terms_seen += 1
                if line.weight:
                    product = float(line.weight) * float(line.value)
                    slack = 1e-4 * (1 + abs(float(line.weight)) + abs(float(line.value)))
                    assert abs(product - value) < slack
            elif line.label.startswith("  r * "):
                r, whole = step.gates["r"][a.hidden_size - 1], subtotals.pop()
                assert abs(r * whole - value) < 2e-4 * (1 + abs(whole))
                subtotals.append(value)
            else:
                scale = 1e-5 * (abs(value) + sum(abs(float(x.result)) for x in lines))
                assert abs(total - value) < 1e-4 * (terms_seen + 1) + scale
                subtotals.append(value)
                total, terms_seen = 0.0, 0
        assert len(subtotals) == 2
        scale = 1e-5 * sum(map(abs, subtotals))
        assert abs(sum(subtotals) - float(lines[-2].result)) < 2e-4 + scale
        activation = {"tanh": np.tanh, "sigmoid": lambda a: 1 / (1 + np.exp(-a))}
        activation["relu"] = lambda a: np.maximum(a, 0)
        name = re.search(r"= (\w+)\(sum\)", lines[-1].label)
        assert name is not None
        wanted = activation[name[1]](float(lines[-2].result))
        assert abs(wanted - float(lines[-1].result)) < 2e-4 * max(1, abs(wanted))


def test_of_many_terms_the_largest_six_are_shown_in_order_and_the_rest_summed() -> None:
    weights = np.linspace(-1, 1, 64)
    weights[10] = 5
    lines = terms("x", weights, np.ones(64))
    assert [line.label for line in lines] == [
        "x[0]", "x[1]", "x[2]", "x[10]", "x[62]", "x[63]", "58 others",
    ]  # fmt: skip
    shown = sum(float(line.result) for line in lines)
    assert shown == pytest.approx(weights.sum(), abs=4e-4)
    assert lines[3] == ("x[10]", "5.0000", "5.0000", "1.0000")


def test_a_ledger_of_eight_terms_shows_all() -> None:
    assert [line.label for line in terms("h", np.ones(8), np.ones(8))] == [
        f"h[{j}]" for j in range(8)
    ]


def test_a_projection_has_ledgers_of_its_own() -> None:
    trace = explained("LSTM", proj_size=1)
    text = str(trace[1])
    assert "h'[0] = W_hr[0] hidden" in text
    assert "hidden = o * tanh(c') = " in text
    ledger = text.split("h'[0] = W_hr[0] hidden\n")[1].split("\n\n")[0].split("\n")
    assert [line.split()[0] for line in ledger] == ["hidden[0]", "hidden[1]", "h'[0]"]
    products = [float(line.split()[-1]) for line in ledger]
    assert products[0] + products[1] == pytest.approx(products[2], abs=2e-4)
    assert products[2] == pytest.approx(trace.h[0, 1, 0], abs=1e-4)
    assert "h'[0] = W_hr[0] hidden" in str(trace[1].projected(0))
    with pytest.raises(ValueError, match="expected an LSTM with proj_size, got none; unit"):
        explained("LSTM")[1].projected(0)


def test_lstm_new_state_in_words() -> None:
    trace = explained("LSTM")
    lines = str(trace[1].unit(1)).split("\n")
    (c_line,) = [line for line in lines if line.startswith("c' = f * c + i * g = ")]
    f, c, i, g, c_next = figures(c_line)
    assert f * c + i * g == pytest.approx(c_next, abs=3e-4)
    assert c_next == pytest.approx(trace.c[0, 1, 1], abs=1e-4)
    (h_line,) = [line for line in lines if line.startswith("h' = o * tanh(c') = ")]
    o, tanh_c, h_next = figures(h_line)
    assert o * tanh_c == pytest.approx(h_next, abs=2e-4)
    assert tanh_c == pytest.approx(np.tanh(c_next), abs=2e-4)
    assert (
        f"Unit 1 keeps {trace.gates['f'][0, 1, 1]:.0%} of c, takes {trace.gates['i'][0, 1, 1]:.0%} "
        f"of g and shows {trace.gates['o'][0, 1, 1]:.0%} of tanh(c')."
    ) in lines
    assert "c = trace.c[0, 0]" in str(trace[1])
    assert str(trace[2]).endswith(
        "h_n[0, 0] as well, the state after the last step; c' is c_n[0, 0]."
    )


def test_without_a_bias_there_is_no_line_of_one() -> None:
    text = str(explained("GRU", bias=False)[1]) + str(explained("GRU", bias=False))
    assert "b_ih" not in text
    assert "b_hh" not in text
    assert "  W_ih x     " in text
    assert "r * (W_hh h)" in text


def test_small_and_large_numbers() -> None:
    layer = made("RNN", 2, 1, nonlinearity="relu")
    layer.weight_ih_l0 = np.array([[1e-6, 2]], np.float32)
    trace = elman.explain(layer, np.array([[1, 123456]], np.float32))
    text = str(trace[0])
    assert "x[0]  1.0e-06 *  1.0000 = 1.0e-06" in text
    assert "x[1]   2.0000 * 1.2e+05 = 2.5e+05" in text
