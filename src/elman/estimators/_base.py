"""What all estimators share: the parameters of network and training, and how they are used."""

from __future__ import annotations

import inspect
import math
import os
from typing import Any, ClassVar, Literal, Self, TypedDict

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from elman import Generator, _check, io, train
from elman.data._hints import warn
from elman.estimators._parameters import check_parameters
from elman.models import Model
from elman.models._parameters import as_json, from_json, is_json, plain
from elman.nn import GRU, LSTM, RNN
from elman.train import schedules

CELLS = {"rnn": RNN, "gru": GRU, "lstm": LSTM}
"""The layer for each value of `cell`."""


class Parameters(TypedDict, total=False):
    """The parameters that every estimator has, for type checkers."""

    hidden_size: int
    num_layers: int
    cell: Literal["rnn", "gru", "lstm"]
    nonlinearity: Literal["tanh", "relu"]
    bidirectional: bool
    dropout: float
    recurrent_dropout: float
    solver: Literal["adam", "adamw", "sgd"]
    alpha: float
    batch_size: int
    learning_rate: Literal["constant", "cosine", "one_cycle"]
    learning_rate_init: float
    max_iter: int
    shuffle: bool
    random_state: int | np.random.RandomState | None
    tol: float
    verbose: Any
    warm_start: bool
    momentum: float
    nesterovs_momentum: bool
    early_stopping: bool
    validation_fraction: float
    beta_1: float
    beta_2: float
    epsilon: float
    n_iter_no_change: float
    clip_norm: float | None
    dtype: Literal["float32", "float64"]


class RecurrentEstimator(BaseEstimator):
    """A recurrent network that is trained; each estimator says of what and for what.

    Parameters that scikit-learn's MLPClassifier has as well mean the same here.

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
    recurrent_dropout : float in [0, 1]
        Probability of zeroing each value of the state while training, the same for all steps.
    solver : "adam", "adamw" or "sgd"
        Adam, Adam with decoupled weight decay, or stochastic gradient descent.
    alpha : float
        Strength of the L2 penalty on weights; with "adamw", of the decay of all parameters.
    batch_size : int
        How many sequences make a training step; all of them if there are fewer.
    learning_rate : "constant", "cosine" or "one_cycle"
        How the rate changes in the course of max_iter epochs: not at all; up in the first 5 % and
        then down to zero along half a cosine; or up and down as Smith & Topin 2019 do.
    learning_rate_init : float
        The greatest learning rate.
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
        Whether to show a tqdm bar, or lines if tqdm is not installed. A function makes what reports
        instead, as in `elman.train.fit`.
    warm_start : bool
        Whether fit goes on from the fitted network. With early_stopping that network competes with
        the epochs to come, and stays if none is better on the held-out part.
    momentum : float in [0, 1)
    nesterovs_momentum : bool
        Of solver="sgd".
    early_stopping : bool
        Whether to hold out a part, and keep the network of the epoch that scored best on it.
    validation_fraction : float
        Size of that part.
    beta_1, beta_2, epsilon : float
        Of Adam and AdamW.
    clip_norm : float or None
        Greatest norm of the gradients together in a step; None does not clip.
    dtype : "float32" or "float64"
        Of the network. float64 takes about twice the time.
    """

    _defaults: ClassVar[Parameters] = {}
    """Parameters whose default is another one in a class."""

    _fixed: ClassVar[tuple[str, ...]] = (
        "cell",
        "hidden_size",
        "num_layers",
        "bidirectional",
        "nonlinearity",
        "dtype",
    )
    """Parameters that a fitted network cannot change any more."""

    model_: Any
    loss_curve_: list[float]

    def __init__(
        self,
        *,
        hidden_size: int = 64,
        num_layers: int = 1,
        cell: Literal["rnn", "gru", "lstm"] = "rnn",
        nonlinearity: Literal["tanh", "relu"] = "tanh",
        bidirectional: bool = False,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        solver: Literal["adam", "adamw", "sgd"] = "adam",
        alpha: float = 1e-4,
        batch_size: int = 16,
        learning_rate: Literal["constant", "cosine", "one_cycle"] = "constant",
        learning_rate_init: float = 3e-3,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: int | np.random.RandomState | None = None,
        tol: float = 1e-4,
        verbose: Any = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        clip_norm: float | None = 1.0,
        dtype: Literal["float32", "float64"] = "float32",
    ) -> None:
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.cell = cell
        self.nonlinearity = nonlinearity
        self.bidirectional = bidirectional
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.clip_norm = clip_norm
        self.dtype = dtype

    def __init_subclass__(cls, **options: Any) -> None:
        """Give a constructor that has parameters of its own the whole list of them.

        scikit-learn reads parameters and their defaults from the constructor's signature.
        """
        super().__init_subclass__(**options)
        if "__init__" in cls.__dict__:
            base = next(base for base in cls.__mro__[1:] if "__init__" in base.__dict__)
            inherited = inspect.signature(base.__dict__["__init__"]).parameters
            own = inspect.signature(cls.__dict__["__init__"]).parameters
            named = {
                name: p.replace(default=cls._defaults.get(name, p.default))
                for name, p in inherited.items()
            }
            named |= {n: p for n, p in own.items() if p.kind is not inspect.Parameter.VAR_KEYWORD}
            signature = inspect.Signature(list(named.values()))
            cls.__dict__["__init__"].__signature__ = signature

    @classmethod
    def _with_defaults(cls, parameters: Parameters) -> Parameters:
        """Return parameters, and the class's own defaults of others."""
        found: Parameters = {**cls._defaults, **parameters}
        return found

    # ---- files ---------------------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted model to a file, as `elman.save` does.

        `elman.load` reads it as a model, which predicts on NumPy alone; the class's own `load` as
        an estimator again.

        Raises
        ------
        TypeError
            If the estimator has not been fitted.
        OSError
            If the file cannot be written.
        """
        io.save(self, path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Return the fitted estimator that `save` wrote.

        Raises
        ------
        elman.io.ModelFileError
            As `elman.load`.
        TypeError
            If the file holds another kind of model.
        """
        return cls.from_model(io.load(path))

    @classmethod
    def from_model(cls, model: Model) -> Self:
        """Return the estimator that fitted a model, as `elman.load` returns it.

        Raises
        ------
        TypeError
            If the model is of another kind of estimator.
        """
        if not isinstance(model, cls._model_class()):
            expected = f"a {cls._model_class().__name__}"
            got = type(model).__name__
            raise _check.fail(TypeError, "model", expected, got, f"it is no {cls.__name__}'s")
        try:
            estimator = cls(**{n: from_json(v) for n, v in model.parameters.items()})
        except (TypeError, ValueError) as error:
            expected = f"parameters that {cls.__name__} takes"
            raise _check.fail(TypeError, "model", expected, str(error)) from None
        estimator._take(model)
        return estimator

    @classmethod
    def _model_class(cls) -> type[Model]:
        """Return the class of the fitted models."""
        raise NotImplementedError

    def _take(self, model: Any) -> None:
        """Set the fitted attributes that come from the model alone."""
        self.model_ = model
        self._architecture = {name: getattr(self, name) for name in self._fixed}

    def _saved_parameters(self) -> dict[str, Any]:
        """Return the parameters that JSON holds."""
        found = self.get_params(deep=False)
        return {n: as_json(plain(v)) for n, v in found.items() if is_json(plain(v))}

    # ---- training ------------------------------------------------------------------------------

    def _random(self, checkpoint: Any) -> np.random.RandomState:
        """Return what draws the fit's random numbers.

        Raises
        ------
        ValueError
            If a checkpoint could not be gone on from, as the numbers would be others.
        """
        if checkpoint is not None and self.random_state is None:
            expected = "an int with a checkpoint, so that a fit that runs again draws the same"
            raise _check.fail(ValueError, "random_state", expected, "None", "pass random_state=0")
        random: np.random.RandomState = check_random_state(self.random_state)
        return random

    def _new_rnn(self, input_size: int, generator: Generator) -> RNN | GRU | LSTM:
        """Make the recurrent layers, with weights drawn from `generator`."""
        options = {"nonlinearity": self.nonlinearity} if self.cell == "rnn" else {}
        cell: Any = CELLS[self.cell]
        rnn: RNN | GRU | LSTM = cell(
            input_size,
            self.hidden_size,
            self.num_layers,
            batch_first=True,
            dropout=self.dropout,
            bidirectional=self.bidirectional,
            recurrent_dropout=self.recurrent_dropout,
            dtype=np.dtype(self.dtype),
            generator=generator,
            **options,
        )
        return rnn

    def _optimizer(self, penalty: float = 0.0) -> train.Optimizer:
        """Make the optimiser that the parameters describe.

        Parameters
        ----------
        penalty : float
            The strength of an L2 penalty that the loss does not have; AdamW decays weights itself.
        """
        lr = self.learning_rate_init
        if self.solver == "sgd":
            nesterov = bool(self.nesterovs_momentum and self.momentum > 0)
            return train.SGD(lr, self.momentum, nesterov, penalty)
        betas = (self.beta_1, self.beta_2)
        if self.solver == "adamw":
            return train.AdamW(lr, betas, self.epsilon, self.alpha)
        return train.Adam(lr, betas, self.epsilon, penalty)

    @property
    def _penalty(self) -> float:
        """The strength of the penalty that the loss has; AdamW decays weights itself."""
        return 0.0 if self.solver == "adamw" else self.alpha

    def _training(self) -> dict[str, Any]:
        """Return the arguments of `train.run` that parameters give."""
        schedule = {
            "constant": None,
            "cosine": schedules.cosine(warmup=0.05),
            "one_cycle": schedules.one_cycle(),
        }[self.learning_rate]
        names = ("clip_norm", "max_iter", "tol", "n_iter_no_change", "verbose")
        return {"schedule": schedule, **{name: getattr(self, name) for name in names}}

    def _copy_to_go_on(self) -> Any:
        """Return a copy of the model of the last fit, to go on from.

        Raises
        ------
        ValueError
            If parameters ask for another network.
        """
        self._check_fixed()
        model = type(self.model_).from_config(self.model_.config())
        model.load_state_dict(self.model_.state_dict())
        rnn = model.network.rnn
        rnn._own_generator = self.model_.network.rnn._own_generator
        rnn.dropout = float(self.dropout)
        return model

    def _check_fixed(self) -> None:
        """Hold that what a fitted network cannot change any more is as in the last fit."""
        now = "with warm_start=True, which goes on from the last fit,"
        for name, value in self._architecture.items():
            wanted = getattr(self, name)
            if _listed(wanted) != _listed(value):
                raise _check.fail(ValueError, name, f"{now} its {value!r}", repr(wanted))

    def _keep(self, model: Model, result: train.FitResult, *, goes_on: bool) -> None:
        """Set the fitted attributes."""
        model.parameters = self._saved_parameters()
        losses = list(self.loss_curve_) if goes_on else []
        scores = list(getattr(self, "validation_scores_", None) or []) if goes_on else []
        self._take(model)
        self.n_iter_ = result.n_iter
        self.loss_curve_ = losses + result.loss_curve
        self.loss_ = self.loss_curve_[-1] if self.loss_curve_ else math.nan
        stopped_early = result.validation_scores is not None
        self.best_loss_ = None if stopped_early else min(self.loss_curve_, default=math.nan)
        self.validation_scores_: list[float] | None = (
            None if result.validation_scores is None else scores + result.validation_scores
        )
        self.best_validation_score_ = result.best_score

    def _warn_of_an_early_end(self, result: train.FitResult) -> None:
        """Warn if training might have gone further (ConvergenceWarning)."""
        ends_by_itself = self.n_iter_no_change == math.inf or self.learning_rate != "constant"
        if not (result.converged or result.interrupted or ends_by_itself):
            warn(
                f"max_iter={self.max_iter} epochs are over and training has not converged; "
                "raise max_iter, or tol",
                ConvergenceWarning,
            )

    def _check_parameters(self) -> None:
        """Hold that the parameters make sense (TypeError, ValueError)."""
        check_parameters(self)


def _listed(value: Any) -> Any:
    value = plain(value)
    return list(value) if isinstance(value, tuple) else value
