"""Streams: a recurrent layer that is given one time step at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from elman import _check, kernels
from elman._typing import FloatArray
from elman.kernels import forms
from elman.kernels.forms import rows_contiguous

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

    def __init__(self, layer: Recurrent[Any], batch_size: int) -> None:
        if layer.bidirectional:
            raise ValueError(
                "stream: expected a unidirectional layer, got a bidirectional one; its reverse "
                "direction begins at the last step, which a stream has not seen"
            )
        N = _check.size("batch_size", batch_size)
        self._layer = layer  # whose weights may have changed since
        self._network, self._architecture = layer._network, layer.architecture
        self._dtype = layer.dtype
        initial = self._network.initial
        self._initial = forms.initial_state(self._architecture, self._dtype, initial, N)
        self._state = tuple(part.copy() for part in self._initial)

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
        TypeError, ValueError, RuntimeError
            If x_t or out is no array, or a dtype or a shape does not fit; the state is then as it
            was.
        """
        done: FloatArray | None = self._network.step(x_t, self._state, out)
        if done is not None:
            return done
        x_t = self._checked_x(x_t)
        if out is not None:
            self._check_out(out)
        y: FloatArray = self._network.step(x_t, self._state)
        if out is None:
            return y
        out[...] = y
        return out

    def _checked_x(self, x_t: Any) -> FloatArray:
        expected = (self.batch_size, self._architecture.input_size)
        array = _check.array("x_t", x_t, "an array (batch_size, input_size)")
        _check.same_dtype("x_t", x_t, self._dtype)
        _check.shape("x_t", array, "(batch_size, input_size)", expected)
        return rows_contiguous(array)

    def _check_out(self, out: Any) -> None:
        if not isinstance(out, np.ndarray):
            raise _check.fail(TypeError, "out", "an array", type(out).__name__)
        if not out.flags.writeable:
            raise _check.fail(ValueError, "out", "an array to write to", "a read-only one")
        expected = (self.batch_size, self._architecture.output_size)
        _check.same_dtype("out", out, self._dtype)
        _check.shape("out", out, "(batch_size, size of h)", expected)

    @property
    def _parameters(self) -> dict[str, FloatArray]:
        """The parameters that the stream runs on, by the layer's names."""
        a, network = self._architecture, self._network
        names = [*a.parameter_shapes(), *a.initial_shapes()]
        return dict(zip(names, network.weights + network.initial, strict=False))

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
        arrays = []
        for name, part, own in zip("hc", parts, self._state, strict=False):
            axes = f"(num_layers, batch_size, size of {name})"
            arrays.append(_check.array(name, part, f"an array {axes}"))
            _check.same_dtype(name, part, own.dtype)
            _check.shape(name, arrays[-1], axes, own.shape)
        for array, own in zip(arrays, self._state, strict=True):
            own[...] = array

    def reset(self, rows: Any = None) -> None:
        """Put chosen rows of the batch, or all, back to the initial state.

        Parameters
        ----------
        rows : int, integers in [0, N) or bools (N,), optional
            None is all of them.

        Raises
        ------
        TypeError, IndexError
            If `rows` chooses no rows of the batch; the state is then as it was.
        """
        chosen = slice(None) if rows is None else self._checked_rows(rows)
        for part, initial in zip(self._state, self._initial, strict=True):
            part[:, chosen] = initial[:, chosen]

    def _checked_rows(self, rows: Any) -> Any:
        N, array = self.batch_size, np.asarray(rows)
        expected = f"an int, integers in [0, {N}) or bools (N,) = ({N},)"
        if array.dtype == bool:
            if array.shape != (N,):
                got, fix = f"bools of shape {array.shape}", "give one bool for each row"
                raise _check.fail(IndexError, "rows", expected, got, fix)
            return array
        if array.size and array.dtype.kind not in "iu":
            raise _check.fail(TypeError, "rows", expected, _check.short(rows))
        outside = array[(array < -N) | (array >= N)] if array.size else array
        if outside.size:
            got, fix = str(outside.flat[0]), f"the stream has {N} rows: stream(batch_size={N})"
            raise _check.fail(IndexError, "rows", expected, got, fix)
        return array.astype(np.intp)

    def clone(self) -> Self:
        """Return another stream of the same weights in the same state."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        other._state = tuple(part.copy() for part in self._state)
        return other

    __copy__ = clone

    def __deepcopy__(self, memo: Any) -> Self:
        return self.clone()

    def __getstate__(self) -> dict[str, Any]:
        state = dict(self.__dict__)
        network = state.pop("_network")
        return state | {"_weights": network.weights, "_learned": network.initial}

    def __setstate__(self, state: dict[str, Any]) -> None:
        weights, learned = state.pop("_weights"), state.pop("_learned")
        self.__dict__.update(state)
        # joblib may have mapped arrays from a file: those are of another class, and read-only.
        weights = [rows_contiguous(np.asarray(a)) for a in weights]
        self._state = tuple(np.array(part) for part in self._state)
        self._network = kernels.network(
            self._architecture, weights, [rows_contiguous(np.asarray(a)) for a in learned]
        )

    def __repr__(self) -> str:
        return f"Stream({self._layer!r}, batch_size={self.batch_size})"
