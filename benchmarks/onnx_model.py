"""A benchmark's network as an ONNX model."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import NodeProto, TensorProto, helper, numpy_helper
from problems import Array, Problem

GATES = {"RNN": [0], "GRU": [1, 0, 2], "LSTM": [0, 3, 1, 2]}
"""Where ONNX's gates are in torch's order: z r h of r z n, and i o f c of i f g o."""


def onnx_inputs(problem: Problem) -> dict[str, Array]:
    """Return the model's inputs by name."""
    found = {"x": problem.x, "h_0": problem.h_0}
    if problem.cell == "LSTM":
        found["c_0"] = problem.c_0
    if problem.lengths is not None:
        found["lengths"] = problem.lengths.astype(np.int32)
    return found


def onnx_model(problem: Problem) -> bytes:
    """Return the model, serialised; its output has shape (T, N, D·H)."""
    T, N, _, H, L, D = problem.shape[1:7]
    inputs = onnx_inputs(problem)
    state = [name for name in inputs if name in ("h_0", "c_0")]
    constants = {"axes": np.array([1]), "shape": np.array([T, N, D * H])}
    nodes, x = [], "x"
    if L > 1:
        for name in state:
            parts = [f"{name}_{k}" for k in range(L)]
            nodes.append(helper.make_node("Split", [name], parts, axis=0, num_outputs=L))
    for k in range(L):
        constants |= _weights(problem, k)
        initial = [f"{name}_{k}" if L > 1 else name for name in state]
        lengths = "lengths" if "lengths" in inputs else ""
        arguments = [x, f"w_{k}", f"r_{k}", f"b_{k}", lengths, *initial]
        x = f"o_{k}"
        nodes += _layer_nodes(problem, k, arguments, x)
    kinds = {np.dtype(np.float32): TensorProto.FLOAT, np.dtype(np.int32): TensorProto.INT32}
    values = [
        helper.make_tensor_value_info(name, kinds[value.dtype], value.shape)
        for name, value in inputs.items()
    ]
    output = helper.make_tensor_value_info(x, TensorProto.FLOAT, (T, N, D * H))
    used = {name for node in nodes for name in node.input}
    tensors = [numpy_helper.from_array(v, k) for k, v in constants.items() if k in used]
    graph = helper.make_graph(nodes, "network", values, [output], tensors)
    opset = helper.make_opsetid("", 18)
    return bytes(helper.make_model(graph, opset_imports=[opset], ir_version=9).SerializeToString())


def _layer_nodes(problem: Problem, k: int, arguments: list[str], output: str) -> list[NodeProto]:
    """Return the nodes of layer k, from its arguments to its output (T, N, D·H)."""
    D = problem.shape.directions
    options: dict[str, Any] = {"linear_before_reset": 1} if problem.cell == "GRU" else {}
    options |= {"direction": "bidirectional" if D == 2 else "forward"}
    options |= {"hidden_size": problem.shape.H}
    nodes = [helper.make_node(problem.cell, arguments, [f"y_{k}"], **options)]
    if D == 1:  # y is (T, D, N, H)
        return [*nodes, helper.make_node("Squeeze", [f"y_{k}", "axes"], [output])]
    return [
        *nodes,
        helper.make_node("Transpose", [f"y_{k}"], [f"t_{k}"], perm=[0, 2, 1, 3]),
        helper.make_node("Reshape", [f"t_{k}", "shape"], [output]),
    ]


def _weights(problem: Problem, k: int) -> dict[str, Array]:
    """Return the constants of layer k."""
    bias = [_stack(problem, "bias_ih", k), _stack(problem, "bias_hh", k)]
    return {
        f"w_{k}": _stack(problem, "weight_ih", k),
        f"r_{k}": _stack(problem, "weight_hh", k),
        f"b_{k}": np.concatenate(bias, axis=1),
    }


def _stack(problem: Problem, name: str, layer: int) -> Array:
    """Return a parameter of all directions, its gates in ONNX's order."""
    order, parts = GATES[problem.cell], []
    for suffix in ("", "_reverse")[: problem.shape.directions]:
        gates = np.split(getattr(problem.layer, f"{name}_l{layer}{suffix}"), len(order))
        parts.append(np.concatenate([gates[i] for i in order]))
    return np.stack(parts)
