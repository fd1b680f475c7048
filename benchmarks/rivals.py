"""elman and the libraries it is measured beside, each given the same network.

A rival runs a batch of calls at a time, so that what a library wants entered once (such as torch's
inference mode) is, and gives its results as NumPy arrays for comparison.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
from functools import cache
from typing import Any, ClassVar

import numpy as np
from problems import Array, Problem
from threadpoolctl import LibController, ThreadpoolController

TORCH_FOLDER = "/torch/"


@cache
def elmans_threads() -> list[LibController]:
    """Find the pool of threads that is elman's: OpenMP's, but not the copy that torch brings."""
    return [
        pool
        for pool in ThreadpoolController().lib_controllers
        if pool.user_api == "openmp" and TORCH_FOLDER not in pool.filepath
    ]


class Rival:
    """A network in some library, for forward runs or for training."""

    library: ClassVar[str]
    trains: ClassVar[bool] = True
    pause: ClassVar[float] = 0.01
    """Seconds after a run in which its threads stop spinning."""

    def __init__(self, problem: Problem, threads: int) -> None:
        self.problem, self.threads = problem, threads

    @classmethod
    def version(cls) -> str:
        """Return the library's version."""
        return importlib.metadata.version(cls.library)

    @classmethod
    def installed(cls) -> bool:
        """Tell whether the library can be imported."""
        return importlib.util.find_spec(cls.library) is not None

    def use_threads(self) -> None:
        """Let the library use as many threads as this rival has."""

    def forward(self, times: int) -> Any:
        """Run the network so many times."""
        raise NotImplementedError

    def train(self, times: int) -> Any:
        """Run it, and take the gradients of input, initial state and parameters."""
        raise NotImplementedError

    def output(self) -> Array:
        """Return the output of a forward run, shape (T, N, D·H)."""
        raise NotImplementedError

    def gradients(self) -> list[Array]:
        """Return the gradients: of the input, the initial state, and the parameters in order."""
        raise NotImplementedError


class Elman(Rival):
    """elman's layers; a step through a stream."""

    library = "elman"

    def __init__(self, problem: Problem, threads: int) -> None:
        super().__init__(problem, threads)
        if problem.shape.step:
            self._stream = problem.layer.stream(problem.shape.N)
            self._out = np.empty((problem.shape.N, problem.shape.H), problem.dtype)

    def use_threads(self) -> None:
        for pool in elmans_threads():
            pool.set_num_threads(self.threads)

    def forward(self, times: int) -> Any:
        p, result = self.problem, None
        if p.shape.step:
            x_t, step, out = p.x[0], self._stream.step, self._out
            for _ in range(times):
                step(x_t, out)
            return out
        layer, x, state, lengths = p.layer, p.x, p.state, p.lengths
        for _ in range(times):
            result = layer(x, state, lengths=lengths)
        return result

    def train(self, times: int) -> Any:
        p, result = self.problem, None
        layer, x, state, lengths, d_output = p.layer, p.x, p.state, p.lengths, p.d_output
        for _ in range(times):
            _, backward = layer.vjp(x, state, lengths=lengths)
            result = backward(d_output)
        return result

    def output(self) -> Array:
        if not self.problem.shape.step:
            return np.asarray(self.forward(1)[0])
        self._stream.state = self.problem.state
        return np.asarray(self.forward(1)[None])

    def gradients(self) -> list[Array]:
        found = self.train(1)
        state = found.state if self.problem.cell == "LSTM" else (found.state,)
        return [found.x, *state, *found.parameters.values()]


class Torch(Rival):
    """torch.nn's layers; ragged sequences packed beforehand, which is not timed."""

    library = "torch"

    def __init__(self, problem: Problem, threads: int) -> None:
        import torch

        super().__init__(problem, threads)
        shape = problem.shape
        self._torch = torch
        self._layer = getattr(torch.nn, problem.cell)(
            shape.I,
            shape.H,
            num_layers=shape.layers,
            bidirectional=shape.directions == 2,
            dtype=getattr(torch, problem.dtype.name),
        )
        weights = {k: torch.tensor(v) for k, v in problem.layer.state_dict().items()}
        self._layer.load_state_dict(weights)
        self._x = torch.tensor(problem.x)
        self._d_output = torch.tensor(problem.d_output)
        self._state = [torch.tensor(problem.h_0), torch.tensor(problem.c_0)][: self._parts]
        self._packed = self._x
        if problem.lengths is not None:
            self._packed = self._pack(self._x)
            self._d_output = self._pack(self._d_output).data

    @property
    def _parts(self) -> int:
        return 2 if self.problem.cell == "LSTM" else 1

    def _pack(self, x: Any) -> Any:
        lengths = self._torch.tensor(self.problem.lengths)
        pack = self._torch.nn.utils.rnn.pack_padded_sequence
        return pack(x, lengths, enforce_sorted=False)

    def use_threads(self) -> None:
        self._torch.set_num_threads(self.threads)

    def forward(self, times: int) -> Any:
        layer, x, result = self._layer, self._packed, None
        state = tuple(self._state) if self._parts == 2 else self._state[0]
        with self._torch.inference_mode():
            for _ in range(times):
                result = layer(x, state)
                if self.problem.shape.step:
                    state = result[1]
        return result

    def train(self, times: int) -> Any:
        leaves = [a.detach().requires_grad_() for a in [self._x, *self._state]]
        packed = leaves[0]
        if self.problem.lengths is not None:
            data = self._packed.data.detach().requires_grad_()
            packed = self._torch.nn.utils.rnn.PackedSequence(data, *self._packed[1:])
            leaves[0] = data
        state = tuple(leaves[1:]) if self._parts == 2 else leaves[1]
        leaves += list(self._layer.parameters())
        result = None
        for _ in range(times):
            output, _ = self._layer(packed, state)
            output = output if self.problem.lengths is None else output.data
            result = self._torch.autograd.grad(output, leaves, self._d_output)
        return result

    def _unpack(self, packed: Any) -> Any:
        pad = self._torch.nn.utils.rnn.pad_packed_sequence
        return pad(packed, total_length=self.problem.shape.T)[0]

    def output(self) -> Array:
        output = self.forward(1)[0]
        return np.asarray(output if self.problem.lengths is None else self._unpack(output))

    def gradients(self) -> list[Array]:
        found = list(self.train(1))
        if self.problem.lengths is not None:
            packed = self._torch.nn.utils.rnn.PackedSequence(found[0], *self._packed[1:])
            found[0] = self._unpack(packed)
        return [np.asarray(gradient) for gradient in found]


class OnnxRuntime(Rival):
    """onnxruntime's RNN, GRU and LSTM, their weights constants, which it packs once."""

    library = "onnxruntime"
    trains = False
    pause = 0.06  # its threads keep a core busy for 40 ms

    GATES: ClassVar = {"RNN": [0], "GRU": [1, 0, 2], "LSTM": [0, 3, 1, 2]}
    """Where ONNX's gates are in torch's order: z r h of r z n, and i o f c of i f g o."""

    def __init__(self, problem: Problem, threads: int) -> None:
        import onnxruntime

        super().__init__(problem, threads)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(self._model(), options)
        parts = {"h_0": problem.h_0, "c_0": problem.c_0}
        names = [i.name for i in self._session.get_inputs()]
        self._inputs = {"x": problem.x, **{k: v for k, v in parts.items() if k in names}}
        if problem.lengths is not None:
            self._inputs["lengths"] = problem.lengths.astype(np.int32)

    def _stack(self, name: str, layer: int) -> Array:
        """Return a parameter of all directions, its gates in ONNX's order."""
        p, parts = self.problem, []
        for suffix in ("", "_reverse")[: p.shape.directions]:
            gates = np.split(getattr(p.layer, f"{name}_l{layer}{suffix}"), len(self.GATES[p.cell]))
            parts.append(np.concatenate([gates[i] for i in self.GATES[p.cell]]))
        return np.stack(parts)

    def _model(self) -> bytes:
        from onnx import TensorProto, helper, numpy_helper

        p = self.problem
        T, N, I, H, L, D = p.shape[1:7]
        state = ["h_0", "c_0"] if p.cell == "LSTM" else ["h_0"]
        inputs = [("x", (T, N, I)), *((name, (L * D, N, H)) for name in state)]
        values = [helper.make_tensor_value_info(k, TensorProto.FLOAT, s) for k, s in inputs]
        lengths = "lengths" if p.lengths is not None else ""
        if lengths:
            values.append(helper.make_tensor_value_info(lengths, TensorProto.INT32, (N,)))
        constants = {"axes": np.array([1]), "shape": np.array([T, N, D * H])}
        nodes, x = [], "x"
        split = [
            helper.make_node("Split", [s], [f"{s}_{k}" for k in range(L)], axis=0) for s in state
        ]
        for split_node in split:
            if L > 1:
                split_node.attribute.append(helper.make_attribute("num_outputs", L))
                nodes.append(split_node)
        for k in range(L):
            constants[f"w_{k}"] = self._stack("weight_ih", k)
            constants[f"r_{k}"] = self._stack("weight_hh", k)
            bias = [self._stack("bias_ih", k), self._stack("bias_hh", k)]
            constants[f"b_{k}"] = np.concatenate(bias, axis=1)
            initial = [f"{s}_{k}" if L > 1 else s for s in state]
            options: dict[str, Any] = {"linear_before_reset": 1} if p.cell == "GRU" else {}
            options["direction"] = "bidirectional" if D == 2 else "forward"
            arguments = [x, f"w_{k}", f"r_{k}", f"b_{k}", lengths, *initial]
            nodes.append(helper.make_node(p.cell, arguments, [f"y_{k}"], hidden_size=H, **options))
            # (T, D, N, H) to (T, N, D·H)
            if D == 2:
                nodes.append(
                    helper.make_node("Transpose", [f"y_{k}"], [f"t_{k}"], perm=[0, 2, 1, 3])
                )
                nodes.append(helper.make_node("Reshape", [f"t_{k}", "shape"], [f"o_{k}"]))
            else:
                nodes.append(helper.make_node("Squeeze", [f"y_{k}", "axes"], [f"o_{k}"]))
            x = f"o_{k}"
        output = helper.make_tensor_value_info(x, TensorProto.FLOAT, (T, N, D * H))
        used = {name for node in nodes for name in node.input}
        tensors = [numpy_helper.from_array(v, k) for k, v in constants.items() if k in used]
        graph = helper.make_graph(nodes, "network", values, [output], tensors)
        opset = helper.make_opsetid("", 18)
        return bytes(
            helper.make_model(graph, opset_imports=[opset], ir_version=9).SerializeToString()
        )

    def forward(self, times: int) -> Any:
        run, inputs, result = self._session.run, self._inputs, None
        for _ in range(times):
            result = run(None, inputs)
        return result

    def output(self) -> Array:
        return np.asarray(self.forward(1)[0])


class Jax(Rival):
    """A scan over time, compiled by JAX; it uses all cores, however many threads are asked for."""

    library = "jax"

    def __init__(self, problem: Problem, threads: int) -> None:
        import jax

        super().__init__(problem, threads)
        self._jax = jax
        self._parameters = [[jax.device_put(p) for p in ps] for ps in problem.layer.all_weights]
        self._x, self._d_output = jax.device_put(problem.x), jax.device_put(problem.d_output)
        state = problem.state if problem.cell == "LSTM" else (problem.state,)
        self._state = tuple(jax.device_put(part) for part in state)
        self._forward = jax.jit(self._network)
        self._gradients = jax.jit(self._pull_back)

    def _step(self, parameters: Any, state: Any, x_t: Any) -> Any:
        jnp, nn = self._jax.numpy, self._jax.nn
        w_ih, w_hh, b_ih, b_hh = parameters
        h, of_x = state[0], x_t @ w_ih.T + b_ih
        of_h = h @ w_hh.T + b_hh
        if self.problem.cell == "RNN":
            return (jnp.tanh(of_x + of_h),)
        if self.problem.cell == "GRU":
            (r_x, z_x, n_x), (r_h, z_h, n_h) = jnp.split(of_x, 3, -1), jnp.split(of_h, 3, -1)
            r, z = nn.sigmoid(r_x + r_h), nn.sigmoid(z_x + z_h)
            n = jnp.tanh(n_x + r * n_h)
            return ((1 - z) * n + z * h,)
        i, f, g, o = jnp.split(of_x + of_h, 4, -1)
        c = nn.sigmoid(f) * state[1] + nn.sigmoid(i) * jnp.tanh(g)
        return (nn.sigmoid(o) * jnp.tanh(c), c)

    def _network(self, x: Any, state: Any, parameters: Any) -> Any:
        jnp, D = self._jax.numpy, self.problem.shape.directions
        T = x.shape[0]
        valid = None
        if self.problem.lengths is not None:
            valid = jnp.arange(T)[:, None, None] < jnp.asarray(self.problem.lengths)[:, None]

        for layer in range(self.problem.shape.layers):
            outputs = []
            for direction in range(D):
                k = layer * D + direction

                def step(carried: Any, inputs: Any, k: int = k) -> Any:
                    x_t, valid_t = inputs
                    new = self._step(parameters[k], carried, x_t)
                    if valid_t is not None:
                        new = tuple(
                            jnp.where(valid_t, a, b) for a, b in zip(new, carried, strict=True)
                        )
                        return new, jnp.where(valid_t, new[0], 0)
                    return new, new[0]

                initial = tuple(part[k] for part in state)
                _, output = self._jax.lax.scan(step, initial, (x, valid), reverse=direction == 1)
                outputs.append(output)
            x = jnp.concatenate(outputs, -1)
        return x

    def _pull_back(self, x: Any, state: Any, parameters: Any, d_output: Any) -> Any:
        _, backward = self._jax.vjp(self._network, x, state, parameters)
        return backward(d_output)

    def forward(self, times: int) -> Any:
        result = None
        for _ in range(times):
            result = self._forward(self._x, self._state, self._parameters).block_until_ready()
        return result

    def train(self, times: int) -> Any:
        result = None
        for _ in range(times):
            result = self._jax.block_until_ready(
                self._gradients(self._x, self._state, self._parameters, self._d_output)
            )
        return result

    def output(self) -> Array:
        return np.asarray(self.forward(1))

    def gradients(self) -> list[Array]:
        d_x, d_state, d_parameters = self.train(1)
        of_all = [d for of_layer in d_parameters for d in of_layer]
        return [np.asarray(d) for d in (d_x, *d_state, *of_all)]


RIVALS: tuple[type[Rival], ...] = (Elman, Torch, OnnxRuntime, Jax)
