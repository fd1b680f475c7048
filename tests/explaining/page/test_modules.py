"""The page's modules under node: their own tests, and their arithmetic against elman's."""

import json
import subprocess
from pathlib import Path

import numpy as np
import page_cases
import pytest

from elman.explaining._page import page_data

HERE = Path(__file__).parent


def test_the_modules_own_tests_pass(node):
    done = subprocess.run([node, "--test", str(HERE)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "# pass 0" not in done.stdout


@pytest.fixture(scope="module")
def calculate(node):
    """Return the function that gives what the page calculates of [{data, edits}, …]."""

    def calculate(cases):
        done = subprocess.run(
            [node, str(HERE / "calculate.mjs")],
            input=json.dumps(cases),
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return calculate


def states(found, like):
    """Return the page's states as an array, zero after the length as a trace's are."""
    zero = [0.0] * like.shape[2]
    return np.array([[zero if step is None else step for step in lane] for lane in found])


def test_states_are_those_of_every_network(calculate):
    traces = [page_cases.case(name).trace for name in page_cases.CASES]
    found = calculate([{"data": page_data(trace), "edits": []} for trace in traces])
    for trace, page in zip(traces, found, strict=True):
        np.testing.assert_allclose(states(page["h"], trace.h), trace.h, atol=1e-6)
        np.testing.assert_allclose(page["output"], trace.layer_output, atol=1e-6)
        np.testing.assert_allclose(page["h_n"], trace.layer_h_n, atol=1e-6)
        if trace.c is not None:
            np.testing.assert_allclose(states(page["c"], trace.c), trace.c, atol=1e-6)
        assert page["difference"] < 1e-6


def test_float64_networks_are_computed_from_their_own_bits(calculate):
    traces = [page_cases.case(name, np.float64).trace for name in page_cases.A_FEW]
    found = calculate([{"data": page_data(trace), "edits": []} for trace in traces])
    for trace, page in zip(traces, found, strict=True):
        np.testing.assert_allclose(states(page["h"], trace.h), trace.h, atol=1e-14)


def test_gradients_are_those_of_vjp(calculate):
    traces = [page_cases.case(name).trace for name in page_cases.CASES]
    found = calculate([{"data": page_data(trace), "edits": []} for trace in traces])
    for trace, page in zip(traces, found, strict=True):
        for k in range(trace.architecture.recurrences):
            expected = page_cases.gradients_of_last_state(trace, k)
            for t, parts in expected.items():
                np.testing.assert_allclose(page["d_h"][k][t], parts[0], rtol=1e-5, atol=1e-6)
                norm = np.linalg.norm(np.concatenate(parts))
                np.testing.assert_allclose(page["norms"][k][t], norm, rtol=1e-5, atol=1e-6)
            assert len(page["norms"][k]) == trace.length


def test_an_edit_of_any_kind_is_computed_as_elman_does(calculate):
    cases, expected = [], []
    for name in page_cases.A_FEW:
        case = page_cases.case(name)
        data = page_data(case.trace)
        states_0 = ["h_0"] if case.trace.c_0 is None else ["h_0", "c_0"]
        for array in [*data["parameters"], "x", *states_0]:
            cases.append({"data": data, "edits": [{"name": array, "index": 1, "value": 0.75}]})
            expected.append(page_cases.edited(page_cases.case(name), array, 1, 0.75).trace.h)
    for page, h in zip(calculate(cases), expected, strict=True):
        np.testing.assert_allclose(states(page["h"], h), h, atol=1e-6)
