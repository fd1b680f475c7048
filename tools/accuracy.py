"""Write docs/accuracy.md: how far elman and torch are from the truth, side by side.

Run it as ``make accuracy``. The truth is the reference kernels in extended precision (64 bits of
mantissa), on the very weights and inputs of the layer. Both libraries compute the same network; the
error is the largest absolute difference from the truth over outputs and final states, and the
table's figure is its mean over some draws of weights and inputs, as the largest of a few thousand
rounding errors varies from draw to draw.
"""

from __future__ import annotations

import itertools
import platform
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

import elman
from elman import nn
from elman.kernels import reference

PATH = Path(__file__).parents[1] / "docs" / "accuracy.md"

MODULES: dict[str, dict[str, Any]] = {
    "RNN": {},
    "RNN relu": {"nonlinearity": "relu"},
    "GRU": {},
    "LSTM": {},
    "LSTM proj": {"proj_size": 8},
}
HIDDEN_SIZES, LENGTHS, LAYERS = (16, 64, 256), (10, 100), (1, 2)
DTYPES = (np.float32, np.float64)
N, I = 4, 32
DRAWS = {10: 32, 100: 8}
"""By T: the largest of fewer rounding errors varies more from draw to draw."""


class Row(NamedTuple):
    """One network, and the errors of both libraries, in eps of the dtype."""

    module: str
    H: int
    T: int
    layers: int
    directions: int
    dtype: str
    elman: float
    torch: float


def grid() -> Iterator[tuple[str, int, int, int, int, Any]]:
    """Yield every network: module, H, T, layers, directions, dtype."""
    yield from itertools.product(MODULES, HIDDEN_SIZES, LENGTHS, LAYERS, (1, 2), DTYPES)


def truth(layer: Any, x: np.ndarray[Any, Any]) -> list[np.ndarray[Any, Any]]:
    """Return output and final states of a layer in extended precision."""
    weights = [p.astype(np.longdouble) for p in layer.parameters()]
    network = reference.network(layer.architecture, weights)
    output, state_n = network.run(x.astype(np.longdouble))
    return [output, *(state_n if isinstance(state_n, tuple) else (state_n,))]


def errors(name: str, H: int, T: int, layers: int, directions: int, dtype: Any) -> Row:
    """Measure one network."""
    options = MODULES[name] | {"num_layers": layers, "bidirectional": directions == 2}
    found: dict[str, list[float]] = {"elman": [], "torch": []}
    for seed in range(DRAWS[T]):
        elman.manual_seed(seed)
        layer = getattr(nn, name.split()[0])(I, H, dtype=dtype, **options)
        theirs = getattr(torch.nn, name.split()[0])(
            I, H, dtype=getattr(torch, np.dtype(dtype).name), **options
        )
        theirs.load_state_dict({k: torch.tensor(v) for k, v in layer.state_dict().items()})
        x = np.random.default_rng(seed).standard_normal((T, N, I)).astype(dtype)
        exact = truth(layer, x)
        with torch.inference_mode():
            torch_results = theirs(torch.tensor(x))
        for library, (output, state) in {"elman": layer(x), "torch": torch_results}.items():
            arrays = [output, *(state if isinstance(state, tuple) else (state,))]
            off = [np.abs(np.asarray(a) - e).max() for a, e in zip(arrays, exact, strict=True)]
            found[library].append(float(max(off)) / float(np.finfo(dtype).eps))
    means = {library: float(np.mean(values)) for library, values in found.items()}
    return Row(name, H, T, layers, directions, np.dtype(dtype).name, **means)


def write(rows: list[Row]) -> None:
    """Write the page."""
    ratios = [row.elman / row.torch for row in rows]
    lines = [
        "# Accuracy",
        "",
        "The largest error over outputs and final states, in eps of the dtype (1.2e-7 for float32,",
        f"2.2e-16 for float64), mean of {DRAWS[10]} draws for T = 10 and {DRAWS[100]} for T = 100;",
        f"N = {N}, I = {I}, torch's initial weights.",
        "The truth is the same network in extended precision. `make accuracy` makes this page.",
        "",
        f"Measured on {platform.machine()} ({elman.show_config()['isa']} kernels) beside torch",
        f"{torch.__version__}. elman's error is {min(ratios):.2f} times torch's at least,",
        f"{max(ratios):.2f} at most, {np.exp(np.mean(np.log(ratios))):.2f} in the geometric mean.",
        "",
        "| module | H | T | layers | directions | dtype | elman | torch | ratio |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {' | '.join(map(str, row[:6]))} | {row.elman:.2f} | {row.torch:.2f} | "
        f"{row.elman / row.torch:.2f} |"
        for row in rows
    ]
    PATH.write_text("\n".join(lines) + "\n")


def main() -> None:
    """Measure the grid and write the page."""
    warnings.filterwarnings("ignore", "LSTM with projections is not supported with oneDNN")
    rows = []
    for network in grid():
        rows.append(errors(*network))
        print(*rows[-1], file=sys.stderr)
    write(rows)
    print(PATH)


if __name__ == "__main__":
    main()
