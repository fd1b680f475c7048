"""The parameters of a cell: their names, in torch's order, and shapes."""

from __future__ import annotations

from collections.abc import Mapping

from elman._typing import FloatArray
from elman.kernels import GATES, Weights


def shapes(
    cell: str, input_size: int, hidden_size: int, bias: bool, proj_size: int = 0
) -> dict[str, tuple[int, ...]]:
    """Return the shape of each parameter by its name, without suffix."""
    n = GATES[cell] * hidden_size
    parameters: dict[str, tuple[int, ...]] = {
        "weight_ih": (n, input_size),
        "weight_hh": (n, proj_size or hidden_size),
    }
    if bias:
        parameters |= {"bias_ih": (n,), "bias_hh": (n,)}
    if proj_size:
        parameters["weight_hr"] = (proj_size, hidden_size)
    return parameters


def weights(cell: str, parameters: Mapping[str, FloatArray], suffix: str = "") -> Weights:
    """Gather a cell's parameters, whose names end in `suffix`, for the kernels."""
    return Weights(
        cell,
        parameters["weight_ih" + suffix],
        parameters["weight_hh" + suffix],
        parameters.get("bias_ih" + suffix),
        parameters.get("bias_hh" + suffix),
        parameters.get("weight_hr" + suffix),
    )


def by_name(weights: Weights, suffix: str = "") -> dict[str, FloatArray]:
    """Undo `weights`."""
    fields = zip(Weights._fields[1:], weights[1:], strict=True)
    return {name + suffix: value for name, value in fields if value is not None}
