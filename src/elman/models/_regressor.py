"""A fitted regressor of sequences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, ClassVar

import numpy as np

from elman import _check, nn
from elman._typing import FloatArray
from elman.models._columns import Columns
from elman.models._sequence_model import SequenceModel


class RegressorModel(SequenceModel):
    """Tells one number or several of each sequence, as `elman.estimators.RNNRegressor` fitted it.

    Attributes
    ----------
    target_mean, target_scale : float64 arrays, shape (K,)
        The network's outputs are multiplied by the scale, and the mean is added. With the link
        "log" the exponential of an output is multiplied by the scale.
    flat_target : bool
        Whether predictions have the shape (n,), for targets of that shape.
    """

    checks: ClassVar[Mapping[str, Callable[[str, Any], Any]]] = {
        **SequenceModel.checks,
        "link": partial(_check.choice, choices=("identity", "log")),
        "flat_target": _check.flag,
    }

    def __init__(
        self,
        network: nn.Network,
        columns: Columns,
        scaling: tuple[FloatArray, FloatArray] | None,
        target_scaling: tuple[FloatArray, FloatArray],
        link: str = "identity",
        flat_target: bool = True,
    ) -> None:
        super().__init__(network, columns, scaling)
        self.target_mean, self.target_scale = target_scaling
        self.link = link
        self.flat_target = flat_target

    @classmethod
    def own_arrays(cls, config: Mapping[str, Any]) -> Iterator[tuple[str, str, tuple[int, ...]]]:
        """Yield what is said of the arrays."""
        yield from super().own_arrays(config)
        K = config["network"]["config"]["head"]["config"]["out_features"]
        yield "target_mean", "float64", (K,)
        yield "target_scale", "float64", (K,)

    def predict(self, X: Any) -> FloatArray:
        """Return the numbers of each sequence, shape (n,) or (n, K), in float64."""
        return self.from_outputs(np.asarray(self.network.predict(self.sequences(X))))

    def from_outputs(self, outputs: FloatArray) -> FloatArray:
        """Return what the network's outputs (n, K) say, in the targets' units and form."""
        values = outputs.astype(np.float64)
        if self.link == "log":
            values = np.exp(values)
        values = values * self.target_scale + self.target_mean
        return values[:, 0] if self.flat_target else values
