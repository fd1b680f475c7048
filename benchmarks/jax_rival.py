"""JAX, as it is measured."""

from __future__ import annotations

from typing import Any

import numpy as np
from problems import Array, Problem
from rival import Rival


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
