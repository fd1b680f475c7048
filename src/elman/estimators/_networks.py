"""The network that an estimator's parameters describe."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from elman import Generator, _check
from elman.nn import GRU, LSTM, RNN, Linear, Network
from elman.train import Sequences

CELLS = {"rnn": RNN, "gru": GRU, "lstm": LSTM}
"""The layer for each value of `cell`."""


def architecture(estimator: Any) -> dict[str, Any]:
    """Return the parameters that a fitted network cannot change any more."""
    names = ("cell", "hidden_size", "num_layers", "bidirectional", "nonlinearity")
    return {name: getattr(estimator, name) for name in names}


def new_network(
    estimator: Any, sequences: Sequences, outputs: int, generator: Generator
) -> Network:
    """Make a network for sequences, in their dtype, with weights drawn from `generator`."""
    columns, dtype = sequences.frames.shape[1], sequences.frames.dtype
    options = {"nonlinearity": estimator.nonlinearity} if estimator.cell == "rnn" else {}
    rnn = CELLS[estimator.cell](
        columns,
        estimator.hidden_size,
        estimator.num_layers,
        batch_first=True,
        dropout=estimator.dropout,
        bidirectional=estimator.bidirectional,
        dtype=dtype,
        generator=generator,
        **options,
    )
    features = estimator.hidden_size * (2 if estimator.bidirectional else 1)
    return Network(rnn, Linear(features, outputs, dtype=dtype, generator=generator))


def fitted_network(estimator: Any, classes: npt.NDArray[Any]) -> Network:
    """Return the network of the last fit, to go on from.

    Raises
    ------
    ValueError
        If classes or parameters ask for another network.
    """
    now = "with warm_start=True, which goes on from the last fit,"
    if not np.array_equal(classes, estimator.classes_):
        expected = f"{now} its classes {estimator.classes_}"
        raise _check.fail(ValueError, "y", expected, str(classes))
    wanted = architecture(estimator)
    for name, fitted in estimator._architecture.items():
        if wanted[name] != fitted:
            raise _check.fail(ValueError, name, f"{now} its {fitted!r}", repr(wanted[name]))
    estimator.rnn_.dropout = float(estimator.dropout)
    return Network(estimator.rnn_, estimator.head_)
