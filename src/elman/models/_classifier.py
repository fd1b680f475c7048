"""A fitted classifier of sequences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from elman import _check, nn
from elman._typing import FloatArray
from elman.models._columns import Columns
from elman.models._sequence_model import SequenceModel, check_outputs
from elman.nn._sequences import Sequences
from elman.nn._softmax import log_softmax


def check_labels(name: str, value: Any) -> None:
    """Hold that what a file says are labels: [dtype, values] (ValueError)."""
    right = isinstance(value, list) and len(value) == 2 and isinstance(value[1], list)
    kinds = {"str": (str,), "object": (str,), "int": (int,), "float": (int, float), "bool": (bool,)}
    if not right or value[0] not in kinds or len(value[1]) < 2:
        raise _check.fail(ValueError, name, "[kind, at least two labels]", _check.short(value))
    if not all(type(label) in kinds[value[0]] for label in value[1]):
        raise _check.fail(ValueError, name, f"labels of kind {value[0]}", _check.short(value[1]))


def labels_as_json(labels: npt.NDArray[Any]) -> list[Any]:
    """Return labels as [kind, values]."""
    kinds = {"U": "str", "O": "object", "i": "int", "u": "int", "f": "float", "b": "bool"}
    return [kinds[labels.dtype.kind], labels.tolist()]


def labels_from_json(value: list[Any]) -> npt.NDArray[Any]:
    """Undo `labels_as_json`."""
    kind, values = value
    dtypes: dict[str, Any] = {"str": str, "object": object, "int": np.int64, "float": np.float64}
    return np.array(values, dtype=dtypes.get(kind, bool))


class ClassifierModel(SequenceModel):
    """Tells the class of each sequence, as `elman.estimators.RNNClassifier` fitted it.

    Attributes
    ----------
    classes_ : array, shape (K,)
    """

    checks: ClassVar[Mapping[str, Callable[[str, Any], Any]]] = {
        **SequenceModel.checks,
        "labels": check_labels,
    }

    def __init__(
        self,
        network: nn.Network,
        columns: Columns,
        scaling: tuple[FloatArray, FloatArray] | None,
        classes: npt.NDArray[Any],
    ) -> None:
        super().__init__(network, columns, scaling)
        self.labels = labels_as_json(classes)

    @classmethod
    def check_config(cls, config: Mapping[str, Any]) -> None:
        """Hold that there is an output for each class (ValueError)."""
        super().check_config(config)
        check_outputs(config, len(config["labels"][1]))

    @property
    def classes_(self) -> npt.NDArray[Any]:
        """The classes, in the order of the probabilities' columns."""
        return labels_from_json(self.labels)

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Return the likeliest class of each sequence, shape (n,)."""
        found: npt.NDArray[Any] = self.classes_[self.logits(X).argmax(axis=1)]
        return found

    def predict_proba(self, X: Any) -> FloatArray:
        """Return the probability of each class, shape (n, K)."""
        return np.exp(self.predict_log_proba(X))

    def predict_log_proba(self, X: Any) -> FloatArray:
        """Return the logarithms of the probabilities, shape (n, K)."""
        return log_softmax(self.logits(X))

    def predict_steps(self, X: Any) -> list[FloatArray]:
        """Return the probabilities after every step: n arrays, shape (T_i, K).

        Row t is what `predict_proba` says of the first t + 1 steps. A bidirectional network reads
        each of these beginnings anew, which takes time that grows with the square of T.
        """
        sequences, network = self.sequences(X), self.network
        ends = np.cumsum(sequences.lengths)[:-1]
        if not network.rnn.bidirectional:
            every = nn.Network(network.rnn, network.head, reads="every")
            found = every.predict(sequences)
            return [np.exp(log_softmax(part)) if len(part) else part for part in found]
        rows = np.exp(log_softmax(self.logits(_beginnings(sequences))))
        return np.split(rows, ends)

    def logits(self, X: Any) -> FloatArray:
        """Return the network's outputs, shape (n, K)."""
        return np.asarray(self.network.predict(self.sequences(X)))


def _beginnings(sequences: Sequences) -> Sequences:
    """Return the first 1, 2, … T_i steps of each sequence, one after another."""
    starts = np.cumsum(sequences.lengths) - sequences.lengths
    lengths = np.concatenate([np.arange(1, T + 1) for T in sequences.lengths])
    starts = np.repeat(starts, sequences.lengths)
    at = np.concatenate([np.arange(s, s + T) for s, T in zip(starts, lengths, strict=True)])
    return Sequences(sequences.frames[at], lengths)
