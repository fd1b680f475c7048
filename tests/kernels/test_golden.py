"""Both sides of the kernels against torch's stored figures, through nn.RNN's layers and directions.

tests/golden/make.py makes the figures: torch's results in float64, of inputs of the layer's dtype.
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from elman import nn

GOLDEN = Path(__file__).parents[1] / "golden"

Arrays = dict[str, np.ndarray[Any, Any]]


def load() -> tuple[dict[str, dict[str, Any]], Arrays]:
    with np.load(GOLDEN / "rnn.npz") as file:
        arrays = dict(file)
    return json.loads(str(arrays.pop("cases"))), arrays


CASES, FIGURES = load()


def figures(name: str) -> Arrays:
    """Return the arrays of one case by their own names."""
    prefix = f"{name}/"
    return {k.removeprefix(prefix): v for k, v in FIGURES.items() if k.startswith(prefix)}


def layer_on(side: ModuleType, **arguments: Any) -> nn.RNN:
    """Return an nn.RNN that runs on one side's kernels."""

    class RNN(nn.RNN):
        _cell_weights = staticmethod(side.elman_weights)
        _forward = staticmethod(side.elman_forward)
        _backward = staticmethod(side.elman_backward)

    return RNN(**arguments)


@pytest.mark.parametrize("name", CASES)
def test_results_are_torchs(side: ModuleType, name: str) -> None:
    arguments, stored = dict(CASES[name]), figures(name)
    T, N, lengths = arguments.pop("T"), arguments.pop("N"), arguments.pop("lengths", None)
    rnn = layer_on(side, **arguments)
    rnn.load_state_dict({name: stored[f"parameter.{name}"] for name, _ in rnn.named_parameters()})
    assert stored["x"].shape == (T, N, rnn.input_size)

    (output, h_n), backward = rnn.vjp(stored["x"], stored["h_0"], lengths=lengths)
    gradients = backward(stored["d_output"], stored["d_h_n"])
    found = {"output": output, "h_n": h_n, "d_x": gradients.x, "d_h_0": gradients.state}
    found |= {f"d_parameter.{name}": g for name, g in gradients.parameters.items()}

    given = {
        "x",
        "h_0",
        "d_output",
        "d_h_n",
        *(f"parameter.{n}" for n, _ in rnn.named_parameters()),
    }
    assert set(found) == set(stored) - given
    for key, value in found.items():
        # Sums of at most 64 terms: √64 roundings of eps / 2, doubled for the steps before.
        tolerance = 8 * np.finfo(rnn.dtype).eps * max(1, np.abs(stored[key]).max())
        assert value.dtype == rnn.dtype
        np.testing.assert_allclose(value, stored[key], rtol=0, atol=tolerance, err_msg=key)


def test_the_figures_cover_what_they_must() -> None:
    """Every option is on and off, also together with ragged lengths, repeated and out of order."""
    cases = list(CASES.values())
    for option, values in {
        "nonlinearity": {None, "relu"},
        "bias": {None, False},
        "bidirectional": {None, True},
        "num_layers": {None, 2, 3},
        "dtype": {None, "float64"},
    }.items():
        assert {case.get(option) for case in cases} == values
    ragged = [case["lengths"] for case in cases if "lengths" in case]
    assert len(ragged) >= 4
    assert all(lengths != sorted(lengths, reverse=True) for lengths in ragged)
    assert all(len(set(lengths)) < len(lengths) for lengths in ragged)
    assert all(
        case["T"] > 1 and case["N"] > 1 for name, case in CASES.items() if name != "smallest"
    )


def test_torch_still_computes_the_stored_figures() -> None:
    """The script says of the stored cases and inputs what the file holds; the file stays small."""
    spec = importlib.util.spec_from_file_location("make_golden", GOLDEN / "make.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)

    assert script.CASES == CASES
    for name, case in CASES.items():
        stored = figures(name)
        for key, value in script.results(case, stored).items():
            # Both are torch's in float64; another machine may sum in another order.
            np.testing.assert_allclose(value, stored[key], rtol=1e-12, atol=1e-12)
    assert (GOLDEN / "rnn.npz").stat().st_size < 200_000
