"""A regressor of sequences."""

from __future__ import annotations

from typing import Any, Literal, Self, Unpack

import numpy.typing as npt
from sklearn.base import RegressorMixin
from sklearn.utils import Tags

from elman import _check, train
from elman._typing import FloatArray
from elman.estimators._base import Parameters
from elman.estimators._held_out import HeldOut
from elman.estimators._sequence_estimator import SequenceEstimator
from elman.estimators._values import Values, checked_values
from elman.models import RegressorModel
from elman.models._columns import Columns
from elman.nn import Network
from elman.train import Sequences

_LOSSES = ("squared_error", "absolute_error", "poisson", "quantile")


class RNNRegressor(RegressorMixin, SequenceEstimator):
    """Predict one number or several of each sequence from the last states of a recurrent network.

    The last state of each direction of the last layer goes through a linear layer. Targets are
    brought to mean 0 and variance 1 inside, for loss="poisson" to mean 1, so that their unit does
    not matter.

    Parameters
    ----------
    loss : "squared_error", "absolute_error", "poisson" or "quantile"
        What training makes small, as HistGradientBoostingRegressor has them. They lead to the mean,
        the median, the mean of counts (through a log link, so that it is never negative), or to the
        quantile that `quantile` names.
    quantile : float between 0 and 1, or None
        With loss="quantile", and only then.
    standardize : bool
        Whether to bring each column of X to mean 0 and variance 1 over all frames of fit, and to do
        the same in predict.
    **parameters
        Of network and training, as `RecurrentEstimator` has them: hidden_size=64, num_layers=1,
        cell="rnn", bidirectional=False, dropout=0.0, batch_size=16, learning_rate_init=3e-3,
        max_iter=200, early_stopping=False, random_state=None and others.

    Attributes
    ----------
    model_ : elman.models.RegressorModel
        What predicts, and what `save` writes.
    rnn_ : nn.RNN, nn.GRU or nn.LSTM
    head_ : nn.Linear
        The network, whose outputs are scaled targets.
    n_features_in_, feature_names_in_, n_iter_, loss_curve_, loss_, best_loss_
        As of RNNClassifier. Losses are those of scaled targets.
    validation_scores_ : list of float, or None unless early_stopping
        Minus the loss of the held-out part after each epoch.
    best_validation_score_ : float, or None unless early_stopping

    Notes
    -----
    X as of RNNClassifier.

    Examples
    --------
    >>> import numpy as np
    >>> from elman.estimators import RNNRegressor
    >>> X = np.random.default_rng(0).standard_normal((200, 10, 2))
    >>> y = X[:, :, 0].sum(axis=1)
    >>> regressor = RNNRegressor(cell="gru", learning_rate_init=0.01, max_iter=60, random_state=0)
    >>> bool(regressor.fit(X, y).score(X, y) > 0.9)
    True
    """

    _fixed = (*SequenceEstimator._fixed, "loss")

    def __init__(
        self,
        *,
        loss: Literal["squared_error", "absolute_error", "poisson", "quantile"] = "squared_error",
        quantile: float | None = None,
        standardize: bool = False,
        **parameters: Unpack[Parameters],
    ) -> None:
        super().__init__(standardize=standardize, **parameters)
        self.loss = loss
        self.quantile = quantile

    def fit(
        self,
        X: Any,
        y: npt.ArrayLike,
        sample_weight: npt.ArrayLike | None = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        checkpoint: Any = None,
    ) -> Self:
        """Train the network.

        Parameters
        ----------
        X : array (n, T, I) or (n, T), or list of n arrays (T_i, I) or (T_i,)
        y : numbers, shape (n,) or (n, K)
        sample_weight : numbers of at least zero, shape (n,), optional
        X_val, y_val : as X and y, optional
            As of RNNClassifier.fit.
        checkpoint : str or os.PathLike, optional
            As of RNNClassifier.fit.

        Returns
        -------
        self

        Raises
        ------
        TypeError, ValueError
            If a parameter or an input is not as described, or training diverges.
        """

        def read_held_out(sequences: Sequences, targets: Values) -> Values:
            return checked_values(
                self, y_val, None, len(sequences), loss=targets.loss, like=targets, dtype=self.dtype
            )

        goes_on = self.warm_start and hasattr(self, "model_")
        read = self._reader(y, sample_weight, goes_on)
        held_out = HeldOut.of(X_val, y_val, read_held_out)
        self._fit(X, read, goes_on=goes_on, held_out=held_out, checkpoint=checkpoint)
        return self

    def partial_fit(
        self, X: Any, y: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None
    ) -> Self:
        """Train for one epoch on these sequences, going on from the calls before.

        The scale of the targets is that of the first call.

        Raises
        ------
        ValueError
            With early_stopping, for which there is nothing to hold out.
        """
        if self.early_stopping:
            fix = "call fit, or score held-out sequences yourself"
            raise _check.fail(ValueError, "early_stopping", "False in partial_fit", "True", fix)
        self._fit_once(X, self._reader(y, sample_weight, hasattr(self, "model_")))
        return self

    def predict(self, X: Any) -> FloatArray:
        """Return the numbers of each sequence, shape (n,) or (n, K), in float64.

        Parameters
        ----------
        X : array (n, T, I) or (n, T), or list of n arrays (T_i, I) or (T_i,)
        """
        sequences = self._read(X)
        found: FloatArray = self.model_.predict(sequences)
        return found

    def _check_parameters(self) -> None:
        super()._check_parameters()
        _check.choice("loss", self.loss, _LOSSES)
        if self.loss == "quantile":
            expected = 'a number between 0 and 1 with loss="quantile"'
            if self.quantile is None:
                raise _check.fail(ValueError, "quantile", expected, "None", "pass quantile=0.9")
            _check.number("quantile", self.quantile, expected, lambda value: 0 < value < 1)
        elif self.quantile is not None:
            expected = f"None with loss={self.loss!r}"
            fix = 'pass loss="quantile"'
            raise _check.fail(ValueError, "quantile", expected, repr(self.quantile), fix)

    def _reader(self, y: Any, sample_weight: Any, goes_on: bool) -> Any:
        losses: dict[str, Any] = {
            "squared_error": train.squared_error,
            "absolute_error": train.absolute_error,
            "poisson": train.poisson,
        }

        def read(sequences: Sequences) -> Values:
            n, q = len(sequences), self.quantile
            loss = losses[self.loss] if q is None else train.quantile(q)
            scaling = (self.model_.target_mean, self.model_.target_scale) if goes_on else None
            return checked_values(
                self, y, sample_weight, n, loss=loss, scaling=scaling, dtype=self.dtype
            )

        return read

    def _new_model(
        self, network: Network, columns: Columns, scaling: Any, targets: Values
    ) -> RegressorModel:
        link = "log" if self.loss == "poisson" else "identity"
        return RegressorModel(network, columns, scaling, targets.scaling, link, targets.flat)

    def _check_goes_on(self, targets: Values) -> None:
        before = self.model_.network.head.out_features
        if targets.outputs != before or targets.flat != self.model_.flat_target:
            expected = f"{before} numbers for each sequence, as in the last fit"
            raise _check.fail(ValueError, "y", expected, f"{targets.outputs}, or another shape")

    @classmethod
    def _model_class(cls) -> type[RegressorModel]:
        return RegressorModel

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.target_tags.positive_only = self.loss == "poisson"
        return tags
