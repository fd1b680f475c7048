"""A fitted tagger: a label for every step of a sequence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from elman import _check, nn
from elman._typing import FloatArray
from elman.models._classifier import check_labels, labels_as_json, labels_from_json
from elman.models._columns import Columns, check_columns
from elman.models._features import Features, check_features
from elman.models._model import check_count, optional
from elman.models._sequence_model import SequenceModel, check_outputs
from elman.models._tokens import Tokens, read_tokens
from elman.nn._sequences import Sequences
from elman.nn._softmax import log_softmax


class TaggerModel(SequenceModel):
    """Tells the label of every step, as `elman.estimators.RNNTagger` fitted it.

    Attributes
    ----------
    classes_ : array, shape (K,)
    vocabulary : uint8 array
        The symbols of the features of words or integers, as a text; empty for vectors.
    """

    checks: ClassVar[Mapping[str, Callable[[str, Any], Any]]] = {
        **SequenceModel.checks,
        "columns": optional(check_columns),
        "labels": check_labels,
        "features": check_features,
        "vocabulary_bytes": check_count,
    }

    def __init__(
        self,
        network: nn.Network,
        columns: Columns | None,
        scaling: tuple[FloatArray, FloatArray] | None,
        classes: npt.NDArray[Any],
        features: Features | None = None,
    ) -> None:
        super().__init__(network, columns, scaling)
        self._features = features or Features([])
        self.labels = labels_as_json(classes)
        self.features = self._features.described()
        self.vocabulary = self._features.text()
        self.vocabulary_bytes = len(self.vocabulary)

    @classmethod
    def own_arrays(cls, config: Mapping[str, Any]) -> Iterator[tuple[str, str, tuple[int, ...]]]:
        """Yield what is said of the arrays."""
        yield from super().own_arrays(config)
        yield "vocabulary", "uint8", (config["vocabulary_bytes"],)

    @classmethod
    def check_config(cls, config: Mapping[str, Any]) -> None:
        """Hold that the network reads what is given, and has an output for each class."""
        check_outputs(config, len(config["labels"][1]))
        network = config["network"]["config"]
        if network["reads"] != "every":
            raise _check.fail(ValueError, "network", 'reads="every"', repr(network["reads"]))
        if not config["features"]:
            if config["columns"] is None or config["vocabulary_bytes"]:
                raise _check.fail(ValueError, "columns", "some, without features", "none")
            super().check_config(config)
            return
        sizes = [1 + count for _, _, count in config["features"]]
        embedding = network["embedding"] or {"class": None, "config": {}}
        found = embedding["config"].get("num_embeddings")
        if embedding["class"] != "FeatureEmbedding" or found != sizes or network["bridge"]:
            raise _check.fail(ValueError, "network", f"an embedding of {sizes}", f"{found}")
        if config["columns"] is not None or config["standardize"]:
            raise _check.fail(ValueError, "columns", "none, with features", "some")

    def load_state_dict(self, arrays: Mapping[str, FloatArray]) -> None:
        """Take the arrays that `state_dict` returned."""
        vocabulary: Any = arrays["vocabulary"]
        self._features = Features.from_text(self.features, vocabulary)
        super().load_state_dict(arrays)

    @property
    def classes_(self) -> npt.NDArray[Any]:
        """The labels, in the order of the probabilities' columns."""
        return labels_from_json(self.labels)

    @property
    def reads(self) -> str:
        """What X holds: "words", "integers" or "vectors"."""
        if not self.features:
            return "vectors"
        return "integers" if self.features[0][0] == "integer" else "words"

    def sequences(self, X: Any) -> Sequences:
        """Return X as the network takes it; Sequences are taken for it already.

        Raises
        ------
        TypeError, ValueError
            If X does not fit what was fitted.
        """
        if self.reads == "vectors":
            return super().sequences(X)
        return X if isinstance(X, Sequences) else self._features.encode(self.tokens(X))

    def tokens(self, X: Any) -> Tokens:
        """Return the words or integers of X, of the kind that was fitted (TypeError)."""
        tokens = read_tokens(X)
        if tokens is not None and not tokens.lengths.any():
            tokens = Tokens([], tokens.lengths)
        elif tokens is None or tokens.kind != self.reads:
            got = "vectors" if tokens is None else tokens.kind
            raise _check.fail(TypeError, "X", f"sequences of {self.reads}, as in fit", got)
        return tokens

    def scaled(self, sequences: Any) -> Sequences:
        """Return tokens as their features, and vectors with their columns scaled."""
        if isinstance(sequences, Tokens):
            return self._features.encode(sequences)
        return super().scaled(sequences)

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Return the likeliest label of each step: an array (n,) of lists of T_i labels."""
        logits = self.logits(X)
        codes = np.concatenate(logits).argmax(axis=1)
        labels = self.classes_[codes].tolist()
        found, start = [], 0
        for part in logits:
            found.append(labels[start : start + len(part)])
            start += len(part)
        return as_objects(found)

    def predict_proba(self, X: Any) -> npt.NDArray[Any]:
        """Return the probability of each label at each step: an array (n,) of arrays (T_i, K)."""
        return as_objects([np.exp(log_softmax(part)) for part in self.logits(X)])

    def logits(self, X: Any) -> list[FloatArray]:
        """Return the network's outputs, n arrays (T_i, K)."""
        return list(self.network.predict(self.sequences(X)))


def as_objects(values: list[Any]) -> npt.NDArray[Any]:
    """Return values as an array (n,) of objects, even where they are equally long."""
    array = np.empty(len(values), dtype=object)
    for i, value in enumerate(values):
        array[i] = value
    return array
