"""A network: recurrent layers with a head, and what may stand before them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np

from elman import _check
from elman._random import Generator
from elman._typing import FloatArray, IntArray, Lengths
from elman.nn import _bridge, _generate
from elman.nn._embedding import Embedding
from elman.nn._feature_embedding import FeatureEmbedding
from elman.nn._gru import GRU
from elman.nn._linear import Linear
from elman.nn._lstm import LSTM
from elman.nn._module import Module
from elman.nn._rnn import RNN
from elman.nn._sequences import Sequences
from elman.nn._steps import Steps
from elman.nn._symbols import as_x, checked_symbols

_PREDICT_VALUES = 2**21
"""How many values a layer's output may have in `Network.predict` (16 MB in float64)."""


class NetworkGradients(NamedTuple):
    """Gradients of a network, each shaped like what it belongs to.

    x : array like x, or a list of arrays if x was one; None with an embedding or ``of_x=False``
    z : array like z; None without a bridge
    parameters : dict of arrays by the names of `state_dict`
    """

    x: Any
    z: FloatArray | None
    parameters: dict[str, FloatArray]


class Network(Module):
    """Recurrent layers whose output feeds a linear head, once for a sequence or at every step.

        output = W [h_n forward, h_n reverse] + b    with reads="last", one for a sequence
        output_t = W output_t of rnn + b             with reads="every", one for a step

    With reads="last" the head takes the state of the last layer in each direction after the last
    step that this direction makes: h_n, forward and reverse (Schuster & Paliwal 1997),
    concatenated. An embedding makes vectors of integers first. A bridge makes the initial state of
    a vector z, linearly, so that a sequence can begin from one vector (one to many).

    Letters: T time steps, N sequences, I input, H hidden, P size of h (H, or proj_size), L layers,
    D directions, K outputs, Z values of z, M rows.

    Parameters
    ----------
    rnn : nn.RNN, nn.GRU or nn.LSTM
    head : nn.Linear
        With D·P in_features, K out_features and the dtype of `rnn`.
    embedding : nn.Embedding or nn.FeatureEmbedding, optional
        With I embedding_dim; x is then of integers, one a step, or F features a step.
    bridge : nn.Linear, optional
        With Z in_features and L·D·P out_features, or L·D·(P + H) for an LSTM, whose h_0 comes
        before c_0; each in order of layers, and of directions within a layer. A call takes z.
    reads : "last" or "every"

    Raises
    ------
    TypeError, ValueError
        If a part is of another class, or the parts do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from elman import nn
    >>> rnn = nn.RNN(5, 8, batch_first=True, bidirectional=True)
    >>> network = nn.Network(rnn, nn.Linear(16, 3))
    >>> network(np.zeros((2, 10, 5), np.float32)).shape
    (2, 3)
    >>> rnn = nn.GRU(16, 32, batch_first=True)
    >>> letters = nn.Network(rnn, nn.Linear(32, 27), nn.Embedding(27, 16), reads="every")
    >>> letters(np.array([[3, 1, 20], [4, 15, 7]])).shape
    (2, 3, 27)
    """

    _fixed = Module._fixed | {"rnn", "head", "embedding", "bridge", "reads"}
    _children_classes: ClassVar[dict[str, Mapping[str, type[Module]]]] = {
        "rnn": {"RNN": RNN, "GRU": GRU, "LSTM": LSTM},
        "head": {"Linear": Linear},
        "embedding": {"Embedding": Embedding, "FeatureEmbedding": FeatureEmbedding},
        "bridge": {"Linear": Linear},
    }

    def __init__(
        self,
        rnn: RNN | GRU | LSTM,
        head: Linear,
        embedding: Embedding | FeatureEmbedding | None = None,
        bridge: Linear | None = None,
        reads: Literal["last", "every"] = "last",
    ) -> None:
        self._check_class("rnn", rnn)
        self._check_class("head", head)
        if embedding is not None:
            self._check_class("embedding", embedding)
        if bridge is not None:
            self._check_class("bridge", bridge)
        super().__init__(rnn.dtype, None, None)
        self.rnn = rnn
        self.head = head
        self.embedding = embedding
        self.bridge = bridge
        self.reads = _check.choice("reads", reads, ("last", "every"))
        self._check_sizes()

    def _check_class(self, name: str, part: Any) -> None:
        classes = self._children_classes[name]
        if not isinstance(part, tuple(classes.values())):
            expected = " or ".join(f"nn.{cls}" for cls in classes)
            got = part.__name__ if isinstance(part, type) else type(part).__name__
            fix = "pass a layer, not its class" if isinstance(part, type) else ""
            raise _check.fail(TypeError, name, expected, got, fix)

    def _check_sizes(self) -> None:
        rnn, a = self.rnn, self.rnn.architecture
        size = "proj_size" if rnn.proj_size else "hidden_size"
        self._check_size("head", "in_features", f"num_directions * {size}", a.output_size)
        if self.embedding is not None:
            self._check_size("embedding", "embedding_dim", "rnn.input_size", rnn.input_size)
        if self.bridge is not None:
            sizes = " + ".join([size, "hidden_size"][: len(a.state_sizes)])
            axes = f"num_layers * num_directions * ({sizes})"
            values = a.recurrences * sum(a.state_sizes)
            self._check_size("bridge", "out_features", axes, values)
            if rnn.learn_initial_state:
                expected = "learn_initial_state=False, as the bridge gives the initial state"
                raise _check.fail(ValueError, "rnn", expected, "learn_initial_state=True")

    def _check_size(self, name: str, attribute: str, axes: str, expected: int) -> None:
        part = getattr(self, name)
        if getattr(part, attribute) != expected:
            wanted = f"{attribute} = {axes} = {expected}"
            raise _check.fail(ValueError, name, wanted, str(getattr(part, attribute)))
        if part.dtype != self.dtype:
            raise _check.fail(ValueError, name, f"rnn's dtype {self.dtype}", str(part.dtype))

    # ---- calls ------------------------------------------------------------------------------

    def __call__(self, x: Any, z: Any = None, *, lengths: Lengths | None = None) -> Any:
        """Run the network over x.

        Parameters
        ----------
        x : array or list of N arrays
            As `rnn` takes it: (T, N, I), (N, T, I) if it is batch_first, (T, I) for a sequence
            without a batch, or a list of arrays (T_i, I). With an embedding integers without the
            last axis: (T, N), (N, T), (T,), or a list of arrays (T_i,); with that of features
            their last axis is F.
        z : array, shape (N, Z), or (Z,) without a batch
            With a bridge, and only then.
        lengths : N integers, each in [0, T], optional
            How many steps of each row are valid. What comes after is not read.

        Returns
        -------
        array of the network's dtype
            With reads="last" (N, K), or (K,) without a batch. With reads="every" (T, N, K),
            (N, T, K) or (T, K), as x, zero after a row's length; a list of arrays (T_i, K) for a
            list.

        Raises
        ------
        TypeError, ValueError, RuntimeError, IndexError
            If x, z or `lengths` do not fit.
        """
        network = self._snapshot()
        rows, form = network._features(x, z, lengths)
        return form.restore(network.head(rows))

    def rows(self, x: Any, z: Any = None, *, lengths: Lengths | None = None) -> FloatArray:
        """Return the outputs as rows (M, K), the form in which losses take them.

        With reads="last" there is a row for each sequence; with reads="every" one for each valid
        step: those of a sequence follow each other, and the sequences are in their order.
        Arguments as in a call.
        """
        network = self._snapshot()
        return network.head(network._features(x, z, lengths)[0])

    def vjp(
        self, x: Any, z: Any = None, *, lengths: Lengths | None = None
    ) -> tuple[Any, Callable[[Any], NetworkGradients]]:
        """Return the output of a call and the function that takes its gradient backwards.

        Nothing is accumulated anywhere. `backward` may be called more than once. It reads x and z
        again, so leave these as they are until then.

        Parameters
        ----------
        x, z, lengths
            As in a call.

        Returns
        -------
        output
            As of a call.
        backward : function of d_output, shaped like output
            Returns `NetworkGradients`.
        """
        rows, backward_rows, form = self._snapshot()._vjp(x, z, lengths)

        def backward(d_output: Any) -> NetworkGradients:
            K = self.head.out_features
            return backward_rows(form.checked_rows("d_output", d_output, K, self.dtype))

        return form.restore(rows), backward

    def rows_vjp(
        self, x: Any, z: Any = None, *, lengths: Lengths | None = None, of_x: bool = True
    ) -> tuple[FloatArray, Callable[[FloatArray], NetworkGradients]]:
        """Do what `vjp` does, with output and its gradient as rows (M, K); see `rows`.

        With ``of_x=False`` the gradient of x is None and costs nothing, as in training.
        """
        rows, backward_rows, _ = self._snapshot()._vjp(x, z, lengths, of_x)
        return rows, backward_rows

    def predict(
        self, x: Any, rows: IntArray | None = None, *, z: Any = None
    ) -> FloatArray | list[FloatArray]:
        """Return the outputs of many sequences, in batches that bound the memory it takes.

        Parameters
        ----------
        x : array, shape (n, T, I), list of n arrays (T_i, I), or Sequences
            With an embedding integers: (n, T), or a list of n arrays (T_i,); of features
            (n, T, F), or a list of n arrays (T_i, F).
        rows : integers in [0, n), optional
            Which sequences; None is all of them.
        z : array, shape (n, Z)
            With a bridge, and only then.

        Returns
        -------
        array, shape (n, K), or (len(rows), K)
            With reads="every" a list of as many arrays (T_i, K).
        """
        sequences = self.sequences(x)
        rows = np.arange(len(sequences)) if rows is None else np.asarray(rows)
        z = None if z is None else np.asarray(z)
        if self.bridge is not None and z is not None:
            wanted = (len(sequences), self.bridge.in_features)
            _check.shape("z", z, "one row for each sequence, (n, Z)", wanted)
        lengths = sequences.lengths[rows]
        output = np.empty((len(rows), self.head.out_features), self.dtype)
        steps: list[FloatArray] = [output[:0]] * len(rows)
        for batch in self._batches(lengths):
            padded, valid = sequences.pad(rows[batch], self.rnn.batch_first)
            found = self.rows(padded, None if z is None else z[rows[batch]], lengths=valid)
            if self.reads == "last":
                output[batch] = found
                continue
            ends = np.cumsum(lengths[batch])
            for i, part in zip(batch, np.split(found, ends[:-1]), strict=True):
                steps[i] = part
        return output if self.reads == "last" else steps

    def sequences(self, x: Any) -> Sequences:
        """Return many sequences, as `predict` takes them, in the form from which batches are made.

        Raises
        ------
        ValueError
            If a shape or a dtype does not fit.
        """
        one_a_step = self.embedding is not None and not self.embedding._step_axes
        return Sequences.checked(x, integers=one_a_step)

    def _batches(self, lengths: IntArray) -> Iterator[IntArray]:
        """Yield which sequences to run together, longest first."""
        width = max(self.head.in_features, self.rnn.input_size)
        if self.reads == "every":
            width = max(width, self.head.out_features)
        longest_first = np.argsort(-lengths, kind="stable")
        start = 0
        while start < len(lengths):
            T = max(1, int(lengths[longest_first[start]]))
            size = max(1, _PREDICT_VALUES // (T * width))
            yield longest_first[start : start + size]
            start += size

    def generate(
        self,
        steps: int,
        x: Any = None,
        z: Any = None,
        *,
        temperature: float | None = None,
        top_k: int | None = None,
        generator: Generator | None = None,
    ) -> Any:
        """Run on after x, each output being the next input; dropout does nothing.

        With an embedding, the head's K outputs are logits, from which the next integer is drawn
        with the probabilities softmax(logits / temperature). Without one, the output itself is the
        next input, so that K is I.

        Parameters
        ----------
        steps : int
            How many outputs to make.
        x : array
            How the sequences begin, in the form a call takes, of at least one step; no list. None
            is one step of zeros, for a network without an embedding.
        z : array, shape (N, Z), or (Z,) without a batch
            With a bridge, and only then.
        temperature : float of at least 0, optional
            With an embedding only. Below 1 likely integers become more likely; 0 takes the
            likeliest, the first of equal ones; None is 1.
        top_k : int, optional
            With an embedding only: draw from so many likeliest integers; None is all of them.
        generator : elman.Generator, optional
            Where numbers are drawn from; None for the one that `elman.manual_seed` seeds.

        Returns
        -------
        array, in the form of x
            What follows on x: integers (N, steps), or outputs (N, steps, K); (steps, N, …) if
            `rnn` is not batch_first, (steps, …) without a batch.

        Raises
        ------
        TypeError, ValueError, RuntimeError, IndexError
            If an argument does not fit, the layers are bidirectional, or outputs are not finite.

        Examples
        --------
        >>> import numpy as np
        >>> from elman import nn
        >>> rnn = nn.GRU(16, 32)
        >>> letters = nn.Network(rnn, nn.Linear(32, 27), nn.Embedding(27, 16), reads="every")
        >>> letters.generate(5, np.array([3, 1, 20]), temperature=0.8, top_k=5).shape
        (5,)
        """
        choice = _generate.Choice.checked(self, temperature, top_k, generator)
        return _generate.generate(self._snapshot(), _check.size("steps", steps), x, z, choice)

    # ---- from x to the head's rows, and back ------------------------------------------------

    def _features(self, x: Any, z: Any, lengths: Lengths | None) -> tuple[FloatArray, Steps]:
        """Return what the head reads, (M, D·P), and the form of the output."""
        batch_first = self.rnn.batch_first
        if self.embedding is not None:
            symbols, parts = checked_symbols(self.embedding, x, lengths, batch_first)
            x = as_x(self.embedding(symbols), parts)
        z = _bridge.checked_z(self.bridge, z, x, batch_first)
        state = None if self.bridge is None else self._state(self.bridge(z))
        output, state_n = self.rnn(x, state, lengths=lengths)
        return self._read(output, state_n, lengths)

    def _vjp(
        self, x: Any, z: Any, lengths: Lengths | None, of_x: bool = True
    ) -> tuple[FloatArray, Callable[[FloatArray], NetworkGradients], Steps]:
        """Return the output's rows, the function that takes their gradient backwards, the form."""
        state, parts, batch_first = None, None, self.rnn.batch_first
        if self.embedding is not None:
            symbols, parts = checked_symbols(self.embedding, x, lengths, batch_first)
            vectors, embedding_backward = self.embedding.vjp(symbols)
            x = as_x(vectors, parts)
        z = _bridge.checked_z(self.bridge, z, x, batch_first)
        if self.bridge is not None:
            start, bridge_backward = self.bridge.vjp(z)
            state = self._state(start)
        (output, state_n), rnn_backward = self.rnn.vjp(x, state, lengths=lengths)
        features, form = self._read(output, state_n, lengths)
        rows, head_backward = self.head.vjp(features)

        def backward(d_rows: FloatArray) -> NetworkGradients:
            head = head_backward(d_rows)
            wanted = of_x or self.embedding is not None
            rnn = rnn_backward(*self._d_read(form.restore(head.x), state_n), of_x=wanted)
            found = {"rnn": rnn.parameters, "head": head.parameters}
            d_x, d_z = rnn.x, None
            if self.embedding is not None:
                d_vectors = d_x if parts is None else np.concatenate(d_x)
                found["embedding"], d_x = embedding_backward(d_vectors).parameters, None
            if self.bridge is not None:
                bridge = bridge_backward(_bridge.start(rnn.state))
                found["bridge"], d_z = bridge.parameters, bridge.x
            return NetworkGradients(d_x, d_z, _by_dotted_name(found))

        return rows, backward, form

    def _state(self, start: FloatArray) -> Any:
        """Return the initial state that the bridge's output is."""
        a = self.rnn.architecture
        return _bridge.state(start, a.recurrences, a.state_sizes)

    def _read(self, output: Any, state_n: Any, lengths: Lengths | None) -> tuple[FloatArray, Steps]:
        """Return what the head reads of the layers' results, as rows, and its form."""
        if self.reads == "last":
            h_n = state_n[0] if isinstance(state_n, tuple) else state_n
            last = np.concatenate(list(h_n[-self.rnn.architecture.directions :]), axis=-1)
            form = Steps(last.shape[:-1], self.rnn.batch_first)
            return form.rows(last), form
        if isinstance(output, list) and not output:
            raise _check.fail(ValueError, "x", "at least one sequence", "an empty list")
        axes = 0 if isinstance(output, list) else output.ndim - 1
        form = Steps.of(output, axes, lengths, self.rnn.batch_first)
        return form.rows(output), form

    def _d_read(self, d_features: Any, state_n: Any) -> tuple[Any, Any]:
        """Undo `_read`: return the gradients of output and of the final state."""
        if self.reads == "every":
            return d_features, None
        h_n = state_n[0] if isinstance(state_n, tuple) else state_n
        d_h_n, D = np.zeros_like(h_n), self.rnn.architecture.directions
        d_h_n[-D:] = np.split(d_features, D, axis=-1)
        return None, (d_h_n, None) if isinstance(state_n, tuple) else d_h_n

    def _extra_repr(self) -> str:
        return f"reads={self.reads!r}"


def _by_dotted_name(found: dict[str, dict[str, FloatArray]]) -> dict[str, FloatArray]:
    return {f"{part}.{name}": value for part, own in found.items() for name, value in own.items()}
