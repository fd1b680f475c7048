"""Write torch.npz: what torch's RNN, GRU and LSTM compute, for tests that run without torch.

Run it as ``make golden``. The same torch on the same machine writes the same bytes. Weights, x, the
initial states and the gradients that reach output and the final states are of the layer's dtype;
torch computes with them in float64, so that its own rounding is no part of what a float32 layer is
compared with.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

Arrays = dict[str, np.ndarray[Any, Any]]

PATH = Path(__file__).with_name("torch.npz")

# The layer ("RNN" if there is no entry), T, N and the lengths of rows; every other entry is an
# argument of the layer.
CASES: dict[str, dict[str, Any]] = {
    "smallest": {"T": 1, "N": 1, "input_size": 1, "hidden_size": 1},
    "tanh": {"T": 9, "N": 4, "input_size": 3, "hidden_size": 5},
    "relu": {"T": 9, "N": 4, "input_size": 3, "hidden_size": 5, "nonlinearity": "relu"},
    "no bias, two layers": {
        "T": 7, "N": 3, "input_size": 6, "hidden_size": 4, "bias": False, "num_layers": 2,
    },
    "two directions, float64": {
        "T": 6, "N": 5, "input_size": 4, "hidden_size": 7, "bidirectional": True,
        "dtype": "float64",
    },
    "ragged": {
        "T": 8, "N": 6, "input_size": 4, "hidden_size": 5, "lengths": [3, 8, 1, 8, 5, 3],
    },
    "ragged, two directions": {
        "T": 8, "N": 5, "input_size": 4, "hidden_size": 6, "bidirectional": True,
        "lengths": [2, 7, 4, 7, 1],
    },
    "ragged relu, two layers and directions, float64": {
        "T": 7, "N": 5, "input_size": 3, "hidden_size": 6, "num_layers": 2,
        "nonlinearity": "relu", "bidirectional": True, "dtype": "float64",
        "lengths": [5, 7, 2, 2, 6],
    },
    "ragged, three layers, two directions, no bias": {
        "T": 6, "N": 4, "input_size": 5, "hidden_size": 3, "num_layers": 3, "bias": False,
        "bidirectional": True, "lengths": [6, 1, 4, 4],
    },
    "wider than a vector": {"T": 20, "N": 3, "input_size": 21, "hidden_size": 19},
    "GRU": {"layer": "GRU", "T": 9, "N": 4, "input_size": 3, "hidden_size": 5},
    "GRU, no bias, two layers": {
        "layer": "GRU", "T": 7, "N": 3, "input_size": 6, "hidden_size": 4, "bias": False,
        "num_layers": 2,
    },
    "GRU, ragged, two layers and directions": {
        "layer": "GRU", "T": 8, "N": 5, "input_size": 4, "hidden_size": 6, "num_layers": 2,
        "bidirectional": True, "lengths": [2, 7, 4, 7, 1],
    },
    "GRU, ragged, wider than a vector, float64": {
        "layer": "GRU", "T": 9, "N": 4, "input_size": 5, "hidden_size": 11, "dtype": "float64",
        "lengths": [5, 9, 5, 7],
    },
    "LSTM": {"layer": "LSTM", "T": 9, "N": 4, "input_size": 3, "hidden_size": 5},
    "LSTM, no bias, two layers": {
        "layer": "LSTM", "T": 7, "N": 3, "input_size": 6, "hidden_size": 4, "bias": False,
        "num_layers": 2,
    },
    "LSTM, ragged, two layers and directions": {
        "layer": "LSTM", "T": 8, "N": 5, "input_size": 4, "hidden_size": 5, "num_layers": 2,
        "bidirectional": True, "lengths": [2, 7, 4, 7, 1],
    },
    "LSTM, ragged, wider than a vector, float64": {
        "layer": "LSTM", "T": 9, "N": 4, "input_size": 5, "hidden_size": 11, "dtype": "float64",
        "lengths": [5, 9, 5, 7],
    },
    "LSTM with a projection": {
        "layer": "LSTM", "T": 9, "N": 4, "input_size": 3, "hidden_size": 5, "proj_size": 2,
    },
    "LSTM with a projection, no bias, ragged, two layers and directions": {
        "layer": "LSTM", "T": 8, "N": 5, "input_size": 4, "hidden_size": 6, "proj_size": 4,
        "num_layers": 2, "bidirectional": True, "bias": False, "lengths": [2, 7, 4, 7, 1],
    },
    "LSTM with a projection, ragged, wider than a vector, float64": {
        "layer": "LSTM", "T": 9, "N": 4, "input_size": 5, "hidden_size": 11, "proj_size": 9,
        "dtype": "float64", "lengths": [5, 9, 5, 7],
    },
}  # fmt: skip


def parts(case: dict[str, Any]) -> tuple[int, int, list[int] | None, str, str, dict[str, Any]]:
    """Return T, N, lengths, dtype, and the layer's name and arguments."""
    rest = dict(case)
    T, N, lengths = rest.pop("T"), rest.pop("N"), rest.pop("lengths", None)
    return T, N, lengths, rest.pop("dtype", "float32"), rest.pop("layer", "RNN"), rest


def inputs(case: dict[str, Any], seed: int) -> Arrays:
    """Draw what the layer is given and the gradients that reach its results, of its dtype."""
    T, N, _, dtype, name, arguments = parts(case)
    torch.manual_seed(seed)
    layer = getattr(torch.nn, name)(**arguments, dtype=getattr(torch, dtype))
    D, H = 2 if layer.bidirectional else 1, layer.hidden_size
    P = layer.proj_size or H
    shapes = {
        "x": (T, N, layer.input_size),
        "h_0": (layer.num_layers * D, N, P),
        "d_output": (T, N, D * P),
        "d_h_n": (layer.num_layers * D, N, P),
    }
    if name == "LSTM":
        shapes["c_0"] = shapes["d_c_n"] = (layer.num_layers * D, N, H)
    arrays = {
        name: torch.randn(shape, dtype=layer.weight_ih_l0.dtype) for name, shape in shapes.items()
    }
    arrays |= {f"parameter.{name}": p.detach() for name, p in layer.named_parameters()}
    return {name: array.numpy() for name, array in arrays.items()}


def results(case: dict[str, Any], given: Arrays) -> Arrays:
    """Return torch's output, final states and every gradient, computed in float64."""
    T, _, lengths, _, name, arguments = parts(case)
    layer = getattr(torch.nn, name)(**arguments, dtype=torch.float64)
    layer.load_state_dict(
        {name: torch.tensor(given[f"parameter.{name}"]) for name, _ in layer.named_parameters()}
    )
    letters = "hc" if name == "LSTM" else "h"

    def tensors(*names: str) -> list[torch.Tensor]:
        return [torch.tensor(given[name], dtype=torch.float64) for name in names]

    x, d_output = tensors("x", "d_output")
    state, d_state_n = (
        tensors(*(f"{c}_0" for c in letters)),
        tensors(*(f"d_{c}_n" for c in letters)),
    )
    for leaf in (x, *state):
        leaf.requires_grad_()
    state_0 = tuple(state) if name == "LSTM" else state[0]
    if lengths is None:
        output, state_n = layer(x, state_0)
    else:
        packed = pack_padded_sequence(x, torch.tensor(lengths), enforce_sorted=False)
        packed_output, state_n = layer(packed, state_0)
        output, _ = pad_packed_sequence(packed_output, total_length=T)
    state_n = state_n if name == "LSTM" else (state_n,)
    torch.autograd.backward((output, *state_n), (d_output, *d_state_n))

    found = {"output": output.detach(), "d_x": x.grad}
    for letter, part, part_n in zip(letters, state, state_n, strict=True):
        found |= {f"{letter}_n": part_n.detach(), f"d_{letter}_0": part.grad}
    found |= {f"d_parameter.{name}": p.grad for name, p in layer.named_parameters()}
    return {name: array.numpy() for name, array in found.items()}


def is_smooth(case: dict[str, Any], given: Arrays) -> bool:
    """Tell whether no relu is so near its kink that rounding to float32 may take it across.

    Then weights changed by a hundred times that rounding change no gradient by much.
    """
    exact = results(case, given)
    for seed in range(5):
        generator = np.random.default_rng(seed)
        moved = {
            name: array * (1 + 1e-5 * generator.standard_normal(array.shape))
            if name.startswith("parameter.")
            else array
            for name, array in given.items()
        }
        for name, array in results(case, moved).items():
            if not np.allclose(array, exact[name], rtol=0, atol=1e-3):
                return False
    return True


def make() -> Arrays:
    """Return all arrays, named "case/array", and the cases themselves as JSON."""
    arrays: Arrays = {"cases": np.array(json.dumps(CASES))}
    for name, case in CASES.items():
        given = next(given for seed in range(100) if is_smooth(case, given := inputs(case, seed)))
        for key, array in (given | results(case, given)).items():
            arrays[f"{name}/{key}"] = array
    return arrays


if __name__ == "__main__":
    torch.set_num_threads(1)
    np.savez_compressed(PATH, **make())
    print(f"{PATH}: {PATH.stat().st_size} bytes")
