"""Both sides of the kernels against torch's stored figures, through nn's layers and directions.

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

from elman import kernels, nn

GOLDEN = Path(__file__).parents[1] / "golden"

Arrays = dict[str, np.ndarray[Any, Any]]


def load() -> tuple[dict[str, dict[str, Any]], Arrays]:
    with np.load(GOLDEN / "torch.npz") as file:
        arrays = dict(file)
    return json.loads(str(arrays.pop("cases"))), arrays


CASES, FIGURES = load()


def figures(name: str) -> Arrays:
    """Return the arrays of one case by their own names."""
    prefix = f"{name}/"
    return {k.removeprefix(prefix): v for k, v in FIGURES.items() if k.startswith(prefix)}


@pytest.mark.parametrize("name", CASES)
def test_results_are_torchs(side: ModuleType, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(kernels, "network", side.network)
    arguments, stored = dict(CASES[name]), figures(name)
    T, N, lengths = arguments.pop("T"), arguments.pop("N"), arguments.pop("lengths", None)
    layer = getattr(nn, arguments.pop("layer", "RNN"))(**arguments)
    parameters = [name for name, _ in layer.named_parameters()]
    layer.load_state_dict({name: stored[f"parameter.{name}"] for name in parameters})
    assert stored["x"].shape == (T, N, layer.input_size)

    letters = "hc" if isinstance(layer, nn.LSTM) else "h"

    def state_of(key: str) -> Any:
        """Return an LSTM's pair, or the one array of others."""
        state = tuple(stored[key.format(letter)] for letter in letters)
        return state if letters == "hc" else state[0]

    (output, state_n), backward = layer.vjp(stored["x"], state_of("{}_0"), lengths=lengths)
    gradients = backward(stored["d_output"], state_of("d_{}_n"))
    found = {"output": output, "d_x": gradients.x}
    for key, state in (("{}_n", state_n), ("d_{}_0", gradients.state)):
        state_parts = state if letters == "hc" else (state,)
        for letter, part in zip(letters, state_parts, strict=True):
            found[key.format(letter)] = part
    found |= {f"d_parameter.{name}": g for name, g in gradients.parameters.items()}

    given = {"x", "d_output", *(f"parameter.{name}" for name in parameters)}
    given |= {key.format(c) for c in letters for key in ("{}_0", "d_{}_n")}
    assert set(found) == set(stored) - given
    for key, value in found.items():
        # Sums of at most 64 terms: √64 roundings of eps / 2, doubled for the steps before.
        tolerance = 8 * np.finfo(layer.dtype).eps * max(1, np.abs(stored[key]).max())
        assert value.dtype == layer.dtype
        np.testing.assert_allclose(value, stored[key], rtol=0, atol=tolerance, err_msg=key)


def test_the_figures_cover_what_they_must() -> None:
    """Every option is on and off, also together with ragged lengths, repeated and out of order."""
    by_layer = {
        layer: [case for case in CASES.values() if case.get("layer", "RNN") == layer]
        for layer in ("RNN", "GRU", "LSTM")
    }
    assert sum(map(len, by_layer.values())) == len(CASES)
    for layer, cases in by_layer.items():
        values_of = {
            "bias": {None, False},
            "bidirectional": {None, True},
            "num_layers": {None, 2, 3} if layer == "RNN" else {None, 2},
            "dtype": {None, "float64"},
            "nonlinearity": {None, "relu"} if layer == "RNN" else {None},
            "proj_size": {None, 2, 4, 9} if layer == "LSTM" else {None},
        }
        for option, values in values_of.items():
            assert {case.get(option) for case in cases} == values
        ragged = [case["lengths"] for case in cases if "lengths" in case]
        assert len(ragged) >= (2 if layer == "GRU" else 4)
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
    assert (GOLDEN / "torch.npz").stat().st_size < 400_000
