"""One pass of the reference's cells over one sequence, with every value of every step by name.

Letters: T time steps, I input, H hidden, P the size of h (H, or less with a projection), L layers,
D directions, G gates. Recurrence k is layer · D + direction.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from elman._typing import FloatArray
from elman.kernels import State, reference
from elman.kernels.architecture import Architecture

GATE_NAMES = {"rnn_tanh": "", "rnn_relu": "", "gru": "rzn", "lstm": "ifgo"}
"""The letters of each cell's gates, in torch's order."""


class Record(NamedTuple):
    """What one sequence does in a network; arrays are zero after its length.

    h (L·D, T, P), c (L·D, T, H) or None : the state after each step
    gates : by letter, each (L·D, T, H)
    sums_x, sums_h (L·D, T, G·H) : W_ih x + b_ih and W_hh h + b_hh
    hidden (L·D, T, H) or None : o tanh(c'), which a projection takes
    h_0, h_n (L·D, P), c_0, c_n (L·D, H) or None
    output (T, D·P)
    """

    h: FloatArray
    c: FloatArray | None
    gates: dict[str, FloatArray]
    sums_x: FloatArray
    sums_h: FloatArray
    hidden: FloatArray | None
    h_0: FloatArray
    c_0: FloatArray | None
    h_n: FloatArray
    c_n: FloatArray | None
    output: FloatArray

    def results(self) -> list[FloatArray]:
        """Return output, h_n and c_n."""
        found = [self.output, self.h_n]
        return found if self.c_n is None else [*found, self.c_n]

    def astype(self, dtype: np.dtype[Any]) -> Record:
        """Return the values rounded to a dtype."""

        def rounded(value: Any) -> Any:
            if isinstance(value, dict):
                return {name: rounded(array) for name, array in value.items()}
            return None if value is None else value.astype(dtype)

        return Record(*map(rounded, self))


def record(network: reference.Network, x: FloatArray, state: State | None, length: int) -> Record:
    """Run the reference over one sequence and keep every value.

    Parameters
    ----------
    network : reference.Network
    x : array, shape (T, 1, I), T at least 1
    state : parts (L·D, 1, ·), each an array or None, or None
    length : int in [0, T]
        How many steps are valid.
    """
    a = network.architecture
    given = state if state is None or len(state) > 1 else state[0]
    (output, _), run = network.run(x, given, np.array([length]), keep=True)
    T, H = len(x), a.hidden_size

    def empty(*sizes: int) -> FloatArray:
        return np.zeros((a.recurrences, T, *sizes), network.dtype)

    states = [empty(size) for size in a.state_sizes]
    gates = {letter: empty(H) for letter in GATE_NAMES[a.cell]}
    sums_x, sums_h = empty(a.gates * H), empty(a.gates * H)
    hidden = empty(H) if a.proj_size else None
    for k, recurrence in enumerate(run.recurrences):
        steps = [values for _, _, values in recurrence.steps[:length]]
        for s, (t, values) in enumerate(zip(order(a, k, length), steps, strict=True)):
            sums_x[k, t], sums_h[k, t] = values.sum_x[0], values.sum_h[0]
            for letter, gate in gates.items():
                gate[k, t] = getattr(values, letter)[0]
            if hidden is not None:
                hidden[k, t] = values.hidden[0]
            # The state after a step is the one before the next.
            for i, letter in enumerate(a.state_names):
                is_last = s == length - 1
                after = run.state_n[i][k] if is_last else getattr(steps[s + 1], letter)
                states[i][k, t] = after[0]
    h, c = states if len(states) > 1 else (states[0], None)
    h_0, c_0 = _pair(run.state)
    h_n, c_n = _pair(run.state_n)
    return Record(h, c, gates, sums_x, sums_h, hidden, h_0, c_0, h_n, c_n, output[:, 0])


def order(architecture: Architecture, k: int, length: int) -> range:
    """Return the valid steps of recurrence k in the order in which it makes them."""
    is_reverse = k % architecture.directions == 1
    return range(length - 1, -1, -1) if is_reverse else range(length)


def _pair(state: Any) -> tuple[FloatArray, FloatArray | None]:
    """Return (h, c) of the one row, c being None where there is none."""
    parts = [part[:, 0] for part in state]
    return parts[0], parts[1] if len(parts) > 1 else None
