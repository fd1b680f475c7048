"""A model that reads sequences of vectors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

import numpy as np

from elman import _check, nn
from elman._typing import FloatArray
from elman.models._columns import Columns, check_columns, read_sequences
from elman.models._model import Model
from elman.nn._sequences import Sequences


class SequenceModel(Model):
    """A model of sequences of vectors, each column of which may be scaled first.

    Attributes
    ----------
    mean, scale : float64 arrays, shape (I,)
        With `standardize`, what is subtracted from each column and what divides it.
    """

    checks: ClassVar[Mapping[str, Callable[[str, Any], Any]]] = {
        "columns": check_columns,
        "standardize": _check.flag,
    }

    def __init__(
        self,
        network: nn.Network,
        columns: Columns | None,
        scaling: tuple[FloatArray, FloatArray] | None,
    ) -> None:
        self.network = network
        self.columns: Any = None if columns is None else list(columns)
        self.standardize = scaling is not None
        self.mean: FloatArray
        self.scale: FloatArray
        self.mean, self.scale = scaling or (np.zeros(0), np.ones(0))
        self.parameters: dict[str, Any] = {}
        self.table = None

    @classmethod
    def own_arrays(cls, config: Mapping[str, Any]) -> Iterator[tuple[str, str, tuple[int, ...]]]:
        """Yield what is said of `mean` and `scale`."""
        I = Columns(*config["columns"]).inputs if config["standardize"] else 0
        yield "mean", "float64", (I,)
        yield "scale", "float64", (I,)

    @classmethod
    def check_config(cls, config: Mapping[str, Any]) -> None:
        """Hold that the network reads the columns (ValueError)."""
        network = config["network"]["config"]
        inputs, wanted = network["rnn"]["config"]["input_size"], Columns(*config["columns"]).inputs
        if network["embedding"] is not None or network["bridge"] is not None or inputs != wanted:
            expected = f"layers alone with input_size = {wanted}, the columns"
            raise _check.fail(ValueError, "network", expected, str(inputs))

    @property
    def n_features_in_(self) -> int:
        """How many values a step has; of X of shape (n, T), T."""
        return Columns(*self.columns).size

    def sequences(self, X: Any) -> Sequences:
        """Return X as the network takes it; Sequences are taken for scaled already.

        Raises
        ------
        TypeError, ValueError
            If X does not fit what was fitted.
        """
        if isinstance(X, Sequences):
            return X.astype(self.dtype)
        columns = Columns(*self.columns)
        return self.scaled(read_sequences(X, columns, np.dtype(np.float64)))

    def scaled(self, sequences: Sequences) -> Sequences:
        """Return sequences with their columns scaled, in the network's dtype."""
        if self.standardize:
            frames = (sequences.frames - self.mean) / self.scale
            sequences = Sequences(frames, sequences.lengths)
        return sequences.astype(self.dtype)


def check_outputs(config: Mapping[str, Any], count: int) -> None:
    """Hold that a config's network has so many outputs (ValueError)."""
    found = config["network"]["config"]["head"]["config"]["out_features"]
    if found != count:
        raise _check.fail(ValueError, "head", f"out_features = {count}", str(found))
