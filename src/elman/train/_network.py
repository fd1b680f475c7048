"""A network that reads a sequence and gives one vector of outputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self

import numpy as np

from elman import _check
from elman._typing import FloatArray, IntArray, Lengths
from elman.nn import GRU, LSTM, RNN, Gradients, Linear
from elman.nn._sequences import Sequences

_PREDICT_VALUES = 2**21
"""How many values a layer's output may have in `ManyToOne.predict` (16 MB in float64)."""


class ManyToOne:
    """Recurrent layers, whose last states feed a linear head.

    A sequence's last state in each direction is the one after the last step that direction makes:
    h_n of the last layer, forward and reverse (Schuster & Paliwal 1997), concatenated.

        output = W [h_n forward, h_n reverse] + b

    Letters: T time steps, N sequences, I input, H hidden, L layers, D directions, K outputs.

    Parameters
    ----------
    rnn : nn.RNN, nn.GRU or nn.LSTM
    head : nn.Linear
        With D·H in_features (D·P with a projection), K out_features and the dtype of `rnn`.

    Raises
    ------
    ValueError
        If the two do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from elman import nn
    >>> from elman.train import ManyToOne
    >>> rnn = nn.RNN(5, 8, batch_first=True, bidirectional=True)
    >>> network = ManyToOne(rnn, nn.Linear(16, 3))
    >>> network(np.zeros((2, 10, 5), np.float32)).shape
    (2, 3)
    """

    def __init__(self, rnn: RNN | GRU | LSTM, head: Linear) -> None:
        self._D = 2 if rnn.bidirectional else 1
        size = "proj_size" if rnn.proj_size else "hidden_size"
        features = self._D * getattr(rnn, size)
        if head.in_features != features:
            expected = f"in_features = num_directions * {size} = {features}"
            raise _check.fail(ValueError, "head", expected, str(head.in_features))
        if head.dtype != rnn.dtype:
            raise _check.fail(ValueError, "head", f"rnn's dtype {rnn.dtype}", str(head.dtype))
        self.rnn = rnn
        self.head = head

    def __call__(self, x: Any, *, lengths: Lengths | None = None) -> FloatArray:
        """Return the outputs, shape (N, K), or (K,) for a sequence without a batch.

        Parameters
        ----------
        x, lengths
            As `rnn` takes them.
        """
        _, state_n = self.rnn(x, lengths=lengths)
        return self.head(self._last_states(_h(state_n)))

    def vjp(
        self, x: Any, *, lengths: Lengths | None = None
    ) -> tuple[FloatArray, Callable[[FloatArray], Gradients]]:
        """Return the outputs and the function that takes gradients backwards.

        Parameters
        ----------
        x, lengths
            As `rnn` takes them.

        Returns
        -------
        output : array, shape (N, K), or (K,)
        backward : function of d_output, shaped like output
            Returns `nn.Gradients`, its parameters by the names of `state_dict`.
        """
        (_, state_n), rnn_backward = self.rnn.vjp(x, lengths=lengths)
        h_n = _h(state_n)
        output, head_backward = self.head.vjp(self._last_states(h_n))

        def backward(d_output: FloatArray) -> Gradients:
            head = head_backward(d_output)
            d_h_n = np.zeros_like(h_n)
            d_h_n[-self._D :] = np.split(head.x, self._D, axis=-1)
            rnn = rnn_backward(None, (d_h_n, None) if isinstance(state_n, tuple) else d_h_n)
            return Gradients(rnn.x, rnn.state, _join(rnn.parameters, head.parameters))

        return output, backward

    def predict(self, x: Any, rows: IntArray | None = None) -> FloatArray:
        """Return the outputs of many sequences, in batches that bound the memory it takes.

        Parameters
        ----------
        x : array, shape (n, T, I), list of n arrays (T_i, I), or Sequences
        rows : integers in [0, n), optional
            Which sequences; None is all of them.

        Returns
        -------
        array, shape (n, K), or (len(rows), K)
        """
        sequences = Sequences.read(x)
        rows = np.arange(len(sequences)) if rows is None else rows
        output = np.empty((len(rows), self.head.out_features), self.rnn.dtype)
        longest_first = np.argsort(-sequences.lengths[rows], kind="stable")
        width = max(self.head.in_features, self.rnn.input_size)
        start = 0
        while start < len(rows):
            T = max(1, int(sequences.lengths[rows[longest_first[start]]]))
            batch = longest_first[start : start + max(1, _PREDICT_VALUES // (T * width))]
            padded, lengths = sequences.pad(rows[batch], self.rnn.batch_first)
            output[batch] = self(padded, lengths=lengths)
            start += len(batch)
        return output

    def _last_states(self, h_n: FloatArray) -> FloatArray:
        """Return the last layer's states of shape (N, D·H) or (D·H,) from h_n."""
        return np.concatenate(list(h_n[-self._D :]), axis=-1)

    # ---- parameters, under the names they have in a torch module of the same two attributes ----

    def named_parameters(self) -> Iterator[tuple[str, FloatArray]]:
        """Iterate over (name, parameter): rnn.weight_ih_l0, …, head.weight, head.bias."""
        yield from self.state_dict().items()

    def state_dict(self) -> dict[str, FloatArray]:
        """Return the parameters by name; read-only arrays, which no later change touches."""
        return _join(self.rnn.state_dict(), self.head.state_dict())

    def load_state_dict(self, state_dict: Mapping[str, FloatArray]) -> None:
        """Take all parameters from `state_dict`, or, after an error (RuntimeError), none."""
        parts: dict[str, dict[str, FloatArray]] = {"rnn": {}, "head": {}}
        unexpected = []
        for name, value in state_dict.items():
            layer, _, rest = name.partition(".")
            if layer in parts:
                parts[layer][rest] = value
            else:
                unexpected.append(name)
        if unexpected:
            expected = "names that begin with rnn. or head."
            raise _check.fail(RuntimeError, "state_dict", expected, ", ".join(unexpected))
        before = self.rnn.state_dict()
        self.rnn.load_state_dict(parts["rnn"])
        try:
            self.head.load_state_dict(parts["head"])
        except RuntimeError:
            self.rnn.load_state_dict(before)
            raise

    def train(self, mode: bool = True) -> Self:
        """Set training mode, in which dropout is active; return the network."""
        self.rnn.train(mode)
        self.head.train(mode)
        return self

    def eval(self) -> Self:
        """Set evaluation mode, in which dropout does nothing; return the network."""
        return self.train(False)

    def __repr__(self) -> str:
        return f"ManyToOne({self.rnn!r}, {self.head!r})"


def _h(state: Any) -> FloatArray:
    """Return h of a layer's state, which is (h, c) in an LSTM."""
    h: FloatArray = state[0] if isinstance(state, tuple) else state
    return h


def _join(rnn: Mapping[str, FloatArray], head: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    named = {f"rnn.{name}": value for name, value in rnn.items()}
    return named | {f"head.{name}": value for name, value in head.items()}
