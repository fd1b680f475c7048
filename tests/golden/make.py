"""Write rnn.npz: what torch.nn.RNN computes, for tests that run without torch.

Run it as ``make golden``. The same torch on the same machine writes the same bytes. Weights, x, h_0
and the gradients that reach output and h_n are of the layer's dtype; torch computes with them in
float64, so that its own rounding is no part of what a float32 layer is compared with.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

Arrays = dict[str, np.ndarray[Any, Any]]

PATH = Path(__file__).with_name("rnn.npz")

# T, N and the lengths of rows; every other entry is an argument of the layer.
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
}  # fmt: skip


def parts(case: dict[str, Any]) -> tuple[int, int, list[int] | None, str, dict[str, Any]]:
    """Return T, N, lengths, dtype and the layer's arguments."""
    layer = dict(case)
    T, N = layer.pop("T"), layer.pop("N")
    return T, N, layer.pop("lengths", None), layer.pop("dtype", "float32"), layer


def inputs(case: dict[str, Any], seed: int) -> Arrays:
    """Draw what the layer is given and the gradients that reach its results, of its dtype."""
    T, N, _, dtype, layer = parts(case)
    torch.manual_seed(seed)
    rnn = torch.nn.RNN(**layer, dtype=getattr(torch, dtype))
    D, H = 2 if rnn.bidirectional else 1, rnn.hidden_size
    shapes = {
        "x": (T, N, rnn.input_size),
        "h_0": (rnn.num_layers * D, N, H),
        "d_output": (T, N, D * H),
        "d_h_n": (rnn.num_layers * D, N, H),
    }
    arrays = {
        name: torch.randn(shape, dtype=rnn.weight_ih_l0.dtype) for name, shape in shapes.items()
    }
    arrays |= {f"parameter.{name}": p.detach() for name, p in rnn.named_parameters()}
    return {name: array.numpy() for name, array in arrays.items()}


def results(case: dict[str, Any], given: Arrays) -> Arrays:
    """Return torch's output, h_n and every gradient, computed in float64."""
    T, _, lengths, _, layer = parts(case)
    rnn = torch.nn.RNN(**layer, dtype=torch.float64)
    rnn.load_state_dict(
        {name: torch.tensor(given[f"parameter.{name}"]) for name, _ in rnn.named_parameters()}
    )
    x, h_0, d_output, d_h_n = (
        torch.tensor(given[name], dtype=torch.float64) for name in ("x", "h_0", "d_output", "d_h_n")
    )
    x.requires_grad_()
    h_0.requires_grad_()
    if lengths is None:
        output, h_n = rnn(x, h_0)
    else:
        packed, h_n = rnn(pack_padded_sequence(x, torch.tensor(lengths), enforce_sorted=False), h_0)
        output, _ = pad_packed_sequence(packed, total_length=T)
    torch.autograd.backward((output, h_n), (d_output, d_h_n))

    found = {"output": output.detach(), "h_n": h_n.detach(), "d_x": x.grad, "d_h_0": h_0.grad}
    found |= {f"d_parameter.{name}": p.grad for name, p in rnn.named_parameters()}
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
