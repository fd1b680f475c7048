"""A classifier of sequences."""

from __future__ import annotations

from typing import Any, Literal, Self, Unpack

import numpy as np
import numpy.typing as npt
from sklearn.base import ClassifierMixin

from elman import _check, train
from elman._typing import FloatArray
from elman.estimators._base import Parameters
from elman.estimators._held_out import HeldOut
from elman.estimators._labels import Labels, checked_labels
from elman.estimators._sequence_estimator import SequenceEstimator
from elman.models import ClassifierModel
from elman.models._columns import Columns
from elman.nn import Network
from elman.train import Sequences


class RNNClassifier(ClassifierMixin, SequenceEstimator):
    """Classify sequences by the last states of a recurrent network.

    The last state of each direction of the last layer goes through a linear layer and softmax. The
    network is trained on cross-entropy, in batches of sequences of similar length, with clipping of
    gradients.

    Parameters
    ----------
    class_weight : dict, "balanced" or None
        How much each class counts: a number for each label; or, with "balanced", n / (K times how
        many sequences the class has). It multiplies sample weights.
    standardize : bool
        Whether to bring each column of X to mean 0 and variance 1 over all frames of fit, and to do
        the same in predict. `SequenceScaler` does so in a pipeline.
    **parameters
        Of network and training, as `RecurrentEstimator` has them: hidden_size=64, num_layers=1,
        cell="rnn", bidirectional=False, dropout=0.0, batch_size=16, learning_rate_init=3e-3,
        max_iter=200, early_stopping=False, random_state=None and others. A batch's loss is the
        mean over its N sequences plus alpha / 2 · ‖W‖² / (N · m), m being the mean of the sample
        weights.

    Attributes
    ----------
    classes_ : array, shape (K,)
    model_ : elman.models.ClassifierModel
        What predicts, and what `save` writes.
    rnn_ : nn.RNN, nn.GRU or nn.LSTM
    head_ : nn.Linear
        The network.
    n_features_in_ : int
        Size of the last axis of X: I, or T for X of shape (n, T).
    feature_names_in_ : array of str, shape (n_features_in_,)
        If X was a data frame, or a list of these, with such names.
    n_iter_ : int
        How many epochs the last call of fit ran.
    loss_curve_ : list of float
        The mean loss of each epoch, of all calls of fit if warm_start.
    loss_ : float
        Its last value; NaN if Ctrl-C came before the end of the first epoch.
    best_loss_ : float, or None if early_stopping
    validation_scores_ : list of float, or None unless early_stopping
        The accuracy on the held-out part after each epoch.
    best_validation_score_ : float, or None unless early_stopping
        The held-out score of the network that the last call of fit kept.

    Notes
    -----
    X is an array (n, T, I); or a list of n arrays (T_i, I), of any lengths, or (T_i,) if I is 1; or
    an array (n, T), which is n sequences of I = 1 column. A list may hold data frames, which must
    have the same columns in the same order in fit and predict. A long table, with a row for each
    time step, becomes a list by `elman.data.from_frame`; fit warns if X of shape (n, T) looks like
    one: if a column has the name of an id or a time, if one counts upwards and another does not, or
    if there are at least 100 rows of at most 3 columns. Masked arrays are refused. The
    network's dtype is `dtype`, whatever X has. Scale the columns with `standardize`, or beforehand
    as SequenceScaler does.

    Ctrl-C ends fit with a warning. The network then has the parameters of the last finished epoch,
    or with early_stopping of the best one.

    Examples
    --------
    >>> import numpy as np
    >>> from elman.estimators import RNNClassifier
    >>> rises = [np.arange(T, dtype=float) for T in (3, 4, 5, 6)]
    >>> falls = [sequence[::-1] for sequence in rises]
    >>> classifier = RNNClassifier(hidden_size=8, learning_rate_init=0.01, random_state=0)
    >>> classifier.fit(rises + falls, ["rise"] * 4 + ["fall"] * 4).predict([[1, 2, 4], [4, 2, 1]])
    array(['rise', 'fall'], dtype='<U4')

    References
    ----------
    Elman (1990), "Finding structure in time", Cognitive Science 14(2), 179-211.
    """

    def __init__(
        self,
        *,
        class_weight: dict[Any, float] | Literal["balanced"] | None = None,
        standardize: bool = False,
        **parameters: Unpack[Parameters],
    ) -> None:
        super().__init__(standardize=standardize, **parameters)
        self.class_weight = class_weight

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
        y : labels, shape (n,)
        sample_weight : numbers of at least zero, shape (n,), optional
            How much each sequence counts, whatever batch it is in; those of zero take no part. The
            weights are divided by their mean first, so that only the penalty sees their scale.
        X_val, y_val : as X and y, optional
            What early_stopping scores in place of a part of X, which then trains as a whole.
        checkpoint : str or os.PathLike, optional
            A file that is replaced after epochs. A fit that was broken off, even killed, goes on
            from it when it is called again with the same data and parameters, and ends with the
            same bits; random_state must be an int. The file stays: delete it to begin again.

        Returns
        -------
        self

        Raises
        ------
        TypeError, ValueError
            If a parameter or an input is not as described, or training diverges.
        """

        def read(sequences: Sequences) -> Labels:
            return checked_labels(self, y, sample_weight, len(sequences))

        def read_held_out(sequences: Sequences, targets: Labels) -> Labels:
            return checked_labels(self, y_val, None, len(sequences), classes=targets.classes)

        held_out = HeldOut.of(X_val, y_val, read_held_out)
        goes_on = self.warm_start and hasattr(self, "model_")
        self._fit(X, read, goes_on=goes_on, held_out=held_out, checkpoint=checkpoint)
        return self

    def partial_fit(
        self,
        X: Any,
        y: npt.ArrayLike,
        classes: npt.ArrayLike | None = None,
        sample_weight: npt.ArrayLike | None = None,
    ) -> Self:
        """Train for one epoch on these sequences, going on from the calls before.

        Parameters
        ----------
        X, y, sample_weight
            As of fit; y need not have every class.
        classes : labels, shape (K,)
            All classes that calls may have; needed in the first call.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If `classes` is missing in the first call, or differs later; or with early_stopping,
            for which there is nothing to hold out.
        """
        if self.early_stopping:
            fix = "call fit, or score held-out sequences yourself"
            raise _check.fail(ValueError, "early_stopping", "False in partial_fit", "True", fix)
        known = getattr(self, "classes_", None)
        if known is None and classes is None:
            fix = "pass classes=numpy.unique(y) of all y"
            raise _check.fail(ValueError, "classes", "all labels in the first call", "None", fix)
        wanted: Any = known if classes is None else np.unique(np.asarray(classes))
        if known is not None and not np.array_equal(wanted, known):
            raise _check.fail(ValueError, "classes", f"those of before, {known}", str(wanted))

        def read(sequences: Sequences) -> Labels:
            return checked_labels(self, y, sample_weight, len(sequences), classes=wanted)

        self._fit_once(X, read)
        return self

    def _new_model(
        self, network: Network, columns: Columns, scaling: Any, targets: Labels
    ) -> ClassifierModel:
        return ClassifierModel(network, columns, scaling, targets.classes)

    def _check_goes_on(self, targets: Labels) -> None:
        if not np.array_equal(targets.classes, self.classes_):
            expected = "with warm_start=True, which goes on from the last fit, its classes "
            raise _check.fail(ValueError, "y", f"{expected}{self.classes_}", str(targets.classes))

    @classmethod
    def _model_class(cls) -> type[ClassifierModel]:
        return ClassifierModel

    def _take(self, model: Any) -> None:
        super()._take(model)
        self.classes_ = model.classes_

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Return the likeliest class of each sequence, shape (n,)."""
        codes = self._logits(X).argmax(axis=1)
        labels: npt.NDArray[Any] = self.classes_[codes]
        return labels

    def predict_proba(self, X: Any) -> FloatArray:
        """Return the probability of each class, shape (n, K), in the order of `classes_`."""
        return np.exp(self.predict_log_proba(X))

    def predict_log_proba(self, X: Any) -> FloatArray:
        """Return the logarithms of the probabilities, shape (n, K), finite however small these are.

        Parameters
        ----------
        X : array (n, T, I) or (n, T), or list of n arrays (T_i, I) or (T_i,)
        """
        return train.log_softmax(self._logits(X))

    def predict_steps(self, X: Any) -> list[FloatArray]:
        """Return the probabilities after every step, n arrays (T_i, K).

        Row t of an array is what `predict_proba` says of the first t + 1 steps of the sequence. A
        bidirectional network reads each of these beginnings anew: that takes time that grows with
        the square of T.
        """
        sequences = self._read(X)
        found: list[FloatArray] = self.model_.predict_steps(sequences)
        return found

    def _logits(self, X: Any) -> FloatArray:
        sequences = self._read(X)
        logits: FloatArray = self.model_.logits(sequences)
        return logits
