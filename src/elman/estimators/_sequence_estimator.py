"""What estimators of sequences of vectors share: reading X, and fitting."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, ClassVar, Literal, Protocol, TypeVar, Unpack

import numpy as np
from sklearn.utils import Tags, metadata_routing
from sklearn.utils.validation import check_is_fitted

from elman import Generator, train
from elman._typing import FloatArray, IntArray
from elman.estimators._base import Parameters, RecurrentEstimator
from elman.estimators._held_out import HeldOut, check_used, named_as_held_out
from elman.estimators._sequences import checked_sequences
from elman.estimators._undo import unchanged_after_error
from elman.models._columns import Columns
from elman.models._moments import moments
from elman.nn import Linear, Network
from elman.train import Sequences


class Targets(Protocol):
    """What an estimator learns, checked.

    y, loss : targets and loss as `train.fit` takes them
    outputs : how many outputs the network has
    weights : shape (n,), or None
    rows : the sequences that take part
    """

    @property
    def y(self) -> Any: ...
    @property
    def loss(self) -> Any: ...
    @property
    def outputs(self) -> int: ...
    @property
    def weights(self) -> FloatArray | None: ...
    @property
    def rows(self) -> IntArray: ...

    def hold_out(self, fraction: float, random: np.random.RandomState) -> tuple[IntArray, IntArray]:
        """Divide the rows that take part into those to train on and a fraction held out."""

    def scorer(self, sequences: Sequences, rows: IntArray) -> Callable[[Network], float]:
        """Return the function that scores a network on some rows."""


T = TypeVar("T", bound=Targets)


class SequenceEstimator(RecurrentEstimator):
    """An estimator of sequences of vectors.

    Parameters
    ----------
    standardize : bool
        Whether to bring each column of X to mean 0 and variance 1 over all frames of fit, and to do
        the same in predict. `SequenceScaler` does so in a pipeline.
    **parameters
        As `RecurrentEstimator` has them.
    """

    # Only weights and groups are routed: a checkpoint and held-out data belong to one fit.
    __metadata_request__fit: ClassVar[dict[str, Any]] = dict.fromkeys(
        ("checkpoint", "X_val", "y_val"), metadata_routing.UNUSED
    )

    _fixed = (*RecurrentEstimator._fixed, "standardize")
    _reads: ClassVar[Literal["last", "every"]] = "last"
    """Which steps the network's head reads."""

    _fitted_on_2d: bool
    n_features_in_: int

    def __init__(self, *, standardize: bool = False, **parameters: Unpack[Parameters]) -> None:
        super().__init__(**parameters)
        self.standardize = standardize

    # ---- what a class adds ---------------------------------------------------------------------

    def _new_model(self, network: Network, columns: Columns, scaling: Any, targets: Any) -> Any:
        """Make the model of a new network."""
        raise NotImplementedError

    def _check_goes_on(self, targets: Any) -> None:
        """Hold that the fitted model can learn these targets too (ValueError)."""

    def _given(self, X: Any, *, reset: bool) -> Any:
        """Return X, checked, as a model's `scaled` takes it: with its length and `lengths`."""
        return checked_sequences(self, X, reset=reset).sequences

    def _augment(self, sequences: Sequences) -> Any:
        """Return what changes a batch of these sequences at each step, or None."""
        return None

    # ---- fitting -------------------------------------------------------------------------------

    def _fit(
        self,
        X: Any,
        read_targets: Callable[[Any], Targets],
        *,
        goes_on: bool,
        held_out: HeldOut | None = None,
        checkpoint: Any = None,
    ) -> None:
        """Train on X and the targets that `read_targets` returns for what `_given` does."""
        self._check_parameters()
        if held_out is not None:
            check_used(self.early_stopping)
        with unchanged_after_error(self):
            if goes_on:
                self._check_fixed()
            given = self._given(X, reset=not goes_on)
            targets = read_targets(given)
            random = self._random(checkpoint)
            seed = int(random.randint(2**32, dtype=np.uint32))
            model = self._fitted_model(targets) if goes_on else self._made(given, targets, seed)
            sequences = model.scaled(given)
            rows, validate = targets.rows, None
            if held_out is not None:
                self._take(model)
                with named_as_held_out():
                    others = self._given(held_out.X, reset=False)
                    of_others = held_out.read(others, targets)
                validate = of_others.scorer(model.scaled(others), of_others.rows)
            elif self.early_stopping:
                rows, rest = targets.hold_out(self.validation_fraction, random)
                validate = targets.scorer(sequences, rest)
            self.__dict__.pop("_partial", None)
            result = train.fit(
                model.network,
                sequences,
                targets.y,
                targets.loss,
                self._optimizer(),
                random=random,
                sample_weight=targets.weights,
                rows=rows,
                batch_size=self.batch_size,
                shuffle=self.shuffle,
                alpha=self._penalty,
                validate=validate,
                keep_start=goes_on,
                augment=self._augment(sequences),
                checkpoint=checkpoint,
                **self._training(),
            )
            self._keep(model, result, goes_on=goes_on)
        self._warn_of_an_early_end(result)

    def _fit_once(self, X: Any, read_targets: Callable[[Any], Targets]) -> None:
        """Train for one epoch, with the optimiser and the random numbers of the calls before."""
        self._check_parameters()
        goes_on = hasattr(self, "model_")
        with unchanged_after_error(self):
            given = self._given(X, reset=not goes_on)
            targets = read_targets(given)
            before = copy.deepcopy(getattr(self, "_partial", None))
            optimizer, random = before or (self._optimizer(), self._random(None))
            if goes_on:
                model = self._fitted_model(targets)
            else:
                seed = int(random.randint(2**32, dtype=np.uint32))
                model = self._made(given, targets, seed)
            result = train.fit(
                model.network,
                model.scaled(given),
                targets.y,
                targets.loss,
                optimizer,
                random=random,
                sample_weight=targets.weights,
                rows=targets.rows,
                batch_size=self.batch_size,
                shuffle=self.shuffle,
                alpha=self._penalty,
                clip_norm=self.clip_norm,
                max_iter=1,
                verbose=self.verbose,
            )
            self._keep(model, result, goes_on=goes_on)
            self._partial = (optimizer, random)

    def _made(self, given: Any, targets: Targets, seed: int) -> Any:
        """Make a model that is not trained."""
        names = getattr(self, "feature_names_in_", None)
        columns = Columns(
            int(self.n_features_in_),
            None if names is None else [str(name) for name in names],
            self._fitted_on_2d,
        )
        generator = Generator(seed)
        network = self._new_network(columns.inputs, targets.outputs, generator)
        scaling = moments(given.frames) if self.standardize else None
        return self._new_model(network, columns, scaling, targets)

    def _new_network(
        self, inputs: int, outputs: int, generator: Generator, embedding: Any = None
    ) -> Network:
        """Make a network with weights drawn from `generator`."""
        rnn = self._new_rnn(inputs, generator)
        features = self.hidden_size * (2 if self.bidirectional else 1)
        head = Linear(features, outputs, dtype=rnn.dtype, generator=generator)
        return Network(rnn, head, embedding, reads=self._reads)

    def _fitted_model(self, targets: Targets) -> Any:
        """Return a copy of the model of the last fit, to go on from.

        Raises
        ------
        ValueError
            If targets or parameters ask for another network.
        """
        self._check_goes_on(targets)
        return self._copy_to_go_on()

    def _take(self, model: Any) -> None:
        super()._take(model)
        self.rnn_, self.head_ = model.network.rnn, model.network.head
        if model.columns is None:
            return
        columns = Columns(*model.columns)
        self.n_features_in_, self._fitted_on_2d = columns.size, columns.flat
        if columns.names is not None:
            self.feature_names_in_ = np.array(columns.names, dtype=object)

    def _read(self, X: Any) -> Sequences:
        """Return X as the fitted network takes it."""
        check_is_fitted(self)
        found: Sequences = self.model_.scaled(self._given(X, reset=False))
        return found

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags
