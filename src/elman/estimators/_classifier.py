"""A classifier of sequences."""

from __future__ import annotations

import math
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import Tags, check_random_state
from sklearn.utils.validation import check_is_fitted

from elman import Generator, train
from elman._typing import FloatArray
from elman.estimators._hints import warn
from elman.estimators._labels import checked_labels
from elman.estimators._networks import architecture, fitted_network, new_network
from elman.estimators._parameters import check_parameters
from elman.estimators._sequences import checked_sequences
from elman.estimators._undo import unchanged_after_error
from elman.nn import Network


class RNNClassifier(ClassifierMixin, BaseEstimator):
    """Classify sequences by the last states of a recurrent network.

    The last state of each direction of the last layer goes through a linear layer and softmax. The
    network is trained on cross-entropy by Adam, in batches of sequences of similar length, with
    clipping of gradients. Parameters that MLPClassifier has as well mean the same here.

    Parameters
    ----------
    hidden_size : int
        H, the number of values of a state.
    num_layers : int
    cell : "rnn", "gru" or "lstm"
        The Elman network, the gated recurrent unit or the long short-term memory.
    nonlinearity : "tanh" or "relu"
        Of the Elman network; the others have their own.
    bidirectional : bool
        Whether to read the sequences backwards too.
    dropout : float in [0, 1]
        Probability of zeroing each value between one layer and the next while training.
    alpha : float
        Strength of the L2 penalty on weights. A batch's loss is the mean over its N sequences plus
        alpha / 2 · ‖W‖² / (N · m), m being the mean of the sample weights.
    batch_size : int
        How many sequences make a training step; all of them if there are fewer.
    learning_rate_init : float
        Adam's learning rate.
    max_iter : int
        Greatest number of epochs.
    shuffle : bool
        Whether to draw the batches anew for each epoch.
    random_state : int, RandomState or None
        Draws weights, dropout, batches and the held-out part. An int gives the same network at
        every call. elman's own generator is not touched.
    tol, n_iter_no_change : float, int or numpy.inf
        Training ends when for n_iter_no_change epochs in a row the loss, or with early_stopping the
        held-out score, is not better than the best before by at least tol.
    verbose : bool or int
        Whether to show a tqdm bar, or lines if tqdm is not installed.
    warm_start : bool
        Whether fit goes on from the fitted network. With early_stopping that network competes with
        the epochs to come, and stays if none is better on the held-out part.
    early_stopping : bool
        Whether to hold out a part, and keep the network of the epoch that scored best on it.
    validation_fraction : float
        Size of that part.
    beta_1, beta_2, epsilon : float
        Adam's.
    clip_norm : float or None
        Greatest norm of the gradients together in a step; None does not clip.

    Attributes
    ----------
    classes_ : array, shape (K,)
    rnn_ : nn.RNN, nn.GRU or nn.LSTM
    head_ : nn.Linear
        The network, in the dtype of X.
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
    if there are at least 100 rows of at most 3 columns. Masked arrays are refused. float32 and
    float64 stay what they are and decide the network's dtype; all else becomes float64. Scale the
    columns beforehand, as SequenceScaler does.

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
        hidden_size: int = 64,
        num_layers: int = 1,
        cell: Literal["rnn", "gru", "lstm"] = "rnn",
        nonlinearity: Literal["tanh", "relu"] = "tanh",
        bidirectional: bool = False,
        dropout: float = 0.0,
        alpha: float = 1e-4,
        batch_size: int = 16,
        learning_rate_init: float = 3e-3,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: int | np.random.RandomState | None = None,
        tol: float = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        clip_norm: float | None = 1.0,
    ) -> None:
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.cell = cell
        self.nonlinearity = nonlinearity
        self.bidirectional = bidirectional
        self.dropout = dropout
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate_init = learning_rate_init
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.clip_norm = clip_norm

    def fit(self, X: Any, y: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None) -> Self:
        """Train the network.

        Parameters
        ----------
        X : array (n, T, I) or (n, T), or list of n arrays (T_i, I) or (T_i,)
        y : labels, shape (n,)
        sample_weight : numbers of at least zero, shape (n,), optional
            How much each sequence counts, whatever batch it is in; those of zero take no part. The
            weights are divided by their mean first, so that only the penalty sees their scale.

        Returns
        -------
        self

        Raises
        ------
        TypeError, ValueError
            If a parameter or an input is not as described, or training diverges.
        """
        check_parameters(self)
        goes_on = self.warm_start and hasattr(self, "rnn_")
        with unchanged_after_error(self):
            sequences = checked_sequences(self, X, reset=not goes_on).sequences
            labels = checked_labels(self, y, sample_weight, len(sequences))
            random = check_random_state(self.random_state)
            seed = int(random.randint(2**32, dtype=np.uint32))
            if goes_on:
                network = fitted_network(self, labels.classes)
            else:
                network = new_network(self, sequences, len(labels.classes), Generator(seed))
            sequences = sequences.astype(network.rnn.dtype)
            rows, validate = labels.rows, None
            if self.early_stopping:
                rows, held_out = labels.hold_out(self.validation_fraction, random)
                validate = labels.scorer(sequences, held_out)
            result = train.fit(
                network,
                sequences,
                labels.codes,
                train.cross_entropy,
                train.Adam(
                    lr=self.learning_rate_init,
                    betas=(self.beta_1, self.beta_2),
                    eps=self.epsilon,
                ),
                random=random,
                sample_weight=labels.weights,
                rows=rows,
                validate=validate,
                keep_start=goes_on,
                verbose=bool(self.verbose),
                **{name: getattr(self, name) for name in _FIT_PARAMETERS},
            )
        self._keep(network, labels.classes, result=result, goes_on=goes_on)
        return self

    def _keep(
        self,
        network: Network,
        classes: npt.NDArray[Any],
        *,
        result: train.FitResult,
        goes_on: bool,
    ) -> None:
        """Set the fitted attributes; warn if training might have gone further."""
        self.rnn_, self.head_, self.classes_ = network.rnn, network.head, classes
        self._architecture = architecture(self)
        self.n_iter_ = result.n_iter
        losses_before = self.loss_curve_ if goes_on else []
        self.loss_curve_: list[float] = losses_before + result.loss_curve
        self.loss_ = self.loss_curve_[-1] if self.loss_curve_ else math.nan
        self.best_loss_ = None if self.early_stopping else min(self.loss_curve_, default=math.nan)
        scores_before = (goes_on and self.validation_scores_) or []
        scores = result.validation_scores
        self.validation_scores_: list[float] | None = (
            None if scores is None else scores_before + scores
        )
        self.best_validation_score_ = result.best_score
        if not (result.converged or result.interrupted or self.n_iter_no_change == math.inf):
            warn(
                f"max_iter={self.max_iter} epochs are over and training has not converged; "
                "raise max_iter, or tol",
                ConvergenceWarning,
            )

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

    def _logits(self, X: Any) -> FloatArray:
        check_is_fitted(self)
        sequences = checked_sequences(self, X, reset=False).sequences.astype(self.rnn_.dtype)
        return np.asarray(Network(self.rnn_, self.head_).predict(sequences))

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags


_FIT_PARAMETERS = (
    "batch_size",
    "shuffle",
    "alpha",
    "clip_norm",
    "max_iter",
    "tol",
    "n_iter_no_change",
)
