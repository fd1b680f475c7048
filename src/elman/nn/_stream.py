"""Streams: a recurrent layer that is given one time step at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from elman import _check, kernels
from elman._typing import FloatArray

if TYPE_CHECKING:
    from elman.nn._recurrent import Recurrent


class Stream:
    """Steps of a unidirectional layer, whose state it keeps; made by ``layer.stream(batch_size)``.

    The outputs of its steps are, to the bit, those of the layer on the whole sequences in
    evaluation mode. It runs on the weights that the layer had when the stream was made.

    Letters: N batch, I input, H hidden, P the size of h (H, or proj_size), L layers.

    Examples
    --------
    >>> import elman, numpy as np
    >>> gru = elman.nn.GRU(3, 4)
    >>> x = np.ones((10, 1, 3), np.float32)
    >>> stream = gru.stream(batch_size=1)
    >>> steps = [stream.step(x_t) for x_t in x]
    >>> output, h_n = gru(x)
    >>> np.array_equal(steps, output), np.array_equal(stream.state, h_n)
    (True, True)
    """

    def __init__(self, layer: Recurrent, batch_size: int) -> None:
        if layer.bidirectional:
            raise ValueError(
                "stream: expected a unidirectional layer, got a bidirectional one; its reverse "
                "direction begins at the last step, which a stream has not seen"
            )
        N = _check.size("batch_size", batch_size)
        self._layer = layer
        self._parameters = layer.state_dict()
        self._weights = [layer._weights(suffix) for suffix in layer._suffixes]
        self._initial = layer._initial_state(N)
        self._state = tuple(part.copy() for part in self._initial)
        self._bind()

    def _bind(self) -> None:
        """Lay out, once, what each layer's step reads and writes."""
        layer, N = self._layer, self.batch_size
        sizes = (layer.input_size, layer.hidden_size, layer.proj_size)
        self._network = kernels.network(self._weights, 1, *sizes)
        self._h_c = (*self._state, None)[:2]
        self._x = np.empty((1, N, layer.input_size), layer.dtype)
        self._output = np.empty((1, N, layer._state_sizes[0]), layer.dtype)
        hidden = [np.empty_like(self._output) for _ in range(layer.num_layers - 1)]
        arrays = [self._x, *hidden, self._output]
        states = [tuple(part[k] for part in self._state) for k in range(layer.num_layers)]
        self._steps = [
            (weights, x, state, output, state)
            for weights, x, state, output in zip(
                self._weights, arrays, states, arrays[1:], strict=False
            )
        ]

    @property
    def batch_size(self) -> int:
        """N, how many sequences run side by side."""
        return int(self._state[0].shape[1])

    def step(self, x_t: Any, out: FloatArray | None = None) -> FloatArray:
        """Make one time step.

        Parameters
        ----------
        x_t : array of the layer's dtype, shape (N, I)
        out : array of the layer's dtype, shape (N, P), optional
            Where to write the output; the step then allocates no array.

        Returns
        -------
        array, shape (N, P); `out`, or a new one
            The last layer's h.

        Raises
        ------
        ValueError, RuntimeError
            If a dtype or a shape does not fit; the state is then as it was.
        """
        if self._network:
            done: FloatArray | None = self._network.step(x_t, *self._h_c, out)
            if done is not None:
                return done
        x_t = np.asarray(x_t)
        if x_t.shape != self._x.shape[1:] or x_t.dtype != self._x.dtype:
            _check.same_dtype("x_t", x_t, self._x.dtype)
            _check.shape("x_t", x_t, "(batch_size, input_size)", self._x.shape[1:])
        if out is None:
            out = np.empty(self._output.shape[1:], self._output.dtype)
        elif not isinstance(out, np.ndarray):
            raise _check.fail(TypeError, "out", "an array", type(out).__name__)
        elif not out.flags.writeable:
            raise _check.fail(ValueError, "out", "an array to write to", "a read-only one")
        elif out.shape != self._output.shape[1:] or out.dtype != self._output.dtype:
            _check.same_dtype("out", out, self._output.dtype)
            _check.shape("out", out, "(batch_size, size of h)", self._output.shape[1:])
        self._x[0] = x_t
        for arguments in self._steps:
            kernels.forward(*arguments)
        out[...] = self._output[0]
        return out

    @property
    def state(self) -> Any:
        """A copy of h, shape (L, N, P), or of (h, c), c (L, N, H), of an LSTM; assign to set it."""
        copies = tuple(part.copy() for part in self._state)
        return copies if len(copies) > 1 else copies[0]

    @state.setter
    def state(self, value: Any) -> None:
        parts = value if len(self._state) > 1 else (value,)
        if not isinstance(parts, tuple | list) or len(parts) != len(self._state):
            raise _check.fail(TypeError, "state", "a pair (h, c)", type(value).__name__)
        arrays = [np.asarray(part) for part in parts]
        for name, array, own in zip("hc", arrays, self._state, strict=False):
            _check.same_dtype(name, array, own.dtype)
            _check.shape(name, array, f"(num_layers, batch_size, size of {name})", own.shape)
        for array, own in zip(arrays, self._state, strict=True):
            own[...] = array

    def reset(self, rows: Any = None) -> None:
        """Put chosen rows of the batch, or all, back to the initial state.

        Parameters
        ----------
        rows : int, integers in [0, N) or bools (N,), optional
            None is all of them.
        """
        chosen = slice(None) if rows is None else rows
        for part, initial in zip(self._state, self._initial, strict=True):
            part[:, chosen] = initial[:, chosen]

    def clone(self) -> Self:
        """Return another stream of the same weights in the same state."""
        other = object.__new__(type(self))
        other.__setstate__(
            {**self.__getstate__(), "_state": tuple(part.copy() for part in self._state)}
        )
        return other

    __copy__ = clone

    def __getstate__(self) -> dict[str, Any]:
        names = ("_layer", "_parameters", "_weights", "_initial", "_state")
        return {name: self.__dict__[name] for name in names}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._bind()

    def __repr__(self) -> str:
        return f"Stream({self._layer!r}, batch_size={self.batch_size})"
