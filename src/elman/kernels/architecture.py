"""What a recurrent network is made of: its cell, its sizes, and the names of its parameters."""

from __future__ import annotations

from typing import NamedTuple

from elman.kernels.cells import GATES


class Architecture(NamedTuple):
    """The description of a recurrent network, which everything above the kernels takes.

    Letters: I input, H hidden, P the size of h (H, or less with a projection), L layers,
    D directions. A network has L·D recurrences; number ``k = layer · D + direction`` is how torch
    orders parameters and states.

    cell : "rnn_tanh", "rnn_relu", "gru" or "lstm", whose gates number G = 1, 1, 3 or 4
    input_size, hidden_size : I and H
    num_layers : L
    bidirectional : whether D is 2
    bias : whether there are b_ih and b_hh
    proj_size : P of an LSTM with a projection, else 0
    """

    cell: str
    input_size: int
    hidden_size: int
    num_layers: int = 1
    bidirectional: bool = False
    bias: bool = True
    proj_size: int = 0

    @property
    def directions(self) -> int:
        """D."""
        return 2 if self.bidirectional else 1

    @property
    def recurrences(self) -> int:
        """L·D."""
        return self.num_layers * self.directions

    @property
    def gates(self) -> int:
        """G."""
        return GATES[self.cell]

    @property
    def state_sizes(self) -> tuple[int, ...]:
        """The last axis of each part of the state: (P,), or (P, H) for the (h, c) of an LSTM."""
        P = self.proj_size or self.hidden_size
        return (P, self.hidden_size) if self.cell == "lstm" else (P,)

    @property
    def state_names(self) -> tuple[str, ...]:
        """The letter of each part of the state: ("h",), or ("h", "c") for an LSTM."""
        return ("h", "c") if self.cell == "lstm" else ("h",)

    @property
    def output_size(self) -> int:
        """The last axis of the output, D·P."""
        return self.directions * self.state_sizes[0]

    @property
    def suffixes(self) -> tuple[str, ...]:
        """What the names of recurrence k's parameters end in: _l0, _l0_reverse, _l1, …"""
        directions = ("", "_reverse")[: self.directions]
        return tuple(f"_l{layer}{d}" for layer in range(self.num_layers) for d in directions)

    def inputs(self, k: int) -> int:
        """How many values recurrence k reads at each step: I in the first layer, then D·P."""
        return self.input_size if k < self.directions else self.output_size

    def cell_shapes(self, k: int = 0) -> dict[str, tuple[int, ...]]:
        """Return the shape of each parameter of recurrence k by its name without suffix."""
        n, P = self.gates * self.hidden_size, self.state_sizes[0]
        shapes: dict[str, tuple[int, ...]] = {"weight_ih": (n, self.inputs(k)), "weight_hh": (n, P)}
        if self.bias:
            shapes |= {"bias_ih": (n,), "bias_hh": (n,)}
        if self.proj_size:
            shapes["weight_hr"] = (P, self.hidden_size)
        return shapes

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shape of each parameter by its name, in torch's order."""
        return {
            name + suffix: shape
            for k, suffix in enumerate(self.suffixes)
            for name, shape in self.cell_shapes(k).items()
        }

    def initial_shapes(self) -> dict[str, tuple[int, int]]:
        """Return the shapes of learned initial states by name: h_0 (L·D, P) and c_0 (L·D, H)."""
        parts = zip(self.state_names, self.state_sizes, strict=True)
        return {f"{letter}_0": (self.recurrences, size) for letter, size in parts}
