"""A tagger: a label for every step of a sequence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar, Literal, Self, Unpack

import numpy as np
import numpy.typing as npt
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from elman import Generator, _check
from elman.estimators._base import Parameters
from elman.estimators._held_out import HeldOut
from elman.estimators._sequence_estimator import SequenceEstimator
from elman.estimators._step_labels import (
    StepLabels,
    accuracy,
    checked_step_labels,
    checked_weights,
    codes_of,
    flat_labels,
    held_out_labels,
)
from elman.estimators._word_dropout import WordDropout
from elman.models import TaggerModel
from elman.models._columns import Columns
from elman.models._features import Features
from elman.models._spans import span_f1
from elman.models._tokens import Tokens, read_tokens
from elman.nn import FeatureEmbedding, Network
from elman.train import Sequences


class RNNTagger(SequenceEstimator):
    """Tell the label of every step of a sequence, such as the part of speech of every word.

    At each step the states of both directions go through a linear layer and softmax. The network is
    trained on the cross-entropy of all steps, in batches of sequences of similar length.

    Words become vectors, as do their first and last letters and their shape, so that much is known
    even of a word that fit did not see. In training, words give way to the unknown one now and
    then, rare words more often, so that it has a meaning of its own.

    Parameters
    ----------
    embedding_size : int
        How many values the vector of a word, or of an integer, has.
    affix_lengths : sequence of int
        Lengths of the prefixes and suffixes of words that have vectors of their own; () for none.
    word_shapes : bool
        Whether the shape of a word, such as "Xx-d" for "Covid-19", has a vector. The word itself is
        then read in small letters.
    affix_size : int
        How many values these vectors have.
    min_count : int
        How often a word, a prefix, a suffix, a shape or an integer must occur to have a vector.
    word_dropout : float of at least 0
        a, where one that occurs c times gives way with probability a / (a + c) in a step of
        training; 0 for never.
    class_weight : dict, "balanced" or None
        How much the steps of each class count: a number for each label; or, with "balanced", so
        that all classes count alike. It multiplies sample weights.
    standardize : bool
        Of vectors: whether to bring each column of X to mean 0 and variance 1 over all frames of
        fit, and to do the same in predict.
    **parameters
        Of network and training, as `RecurrentEstimator` has them, with other defaults: cell="gru",
        bidirectional=True, alpha=0.0, batch_size=32, learning_rate="cosine",
        learning_rate_init=5e-3, max_iter=10. The learning rate falls over max_iter epochs: take
        more of them for few sequences.

    Attributes
    ----------
    classes_ : array, shape (K,)
        The labels, sorted.
    model_ : elman.models.TaggerModel
        What predicts, and what `save` writes.
    rnn_ : nn.RNN, nn.GRU or nn.LSTM
    head_ : nn.Linear
    embedding_ : nn.FeatureEmbedding, or None for vectors
        The network.
    n_features_in_, feature_names_in_
        Of vectors, as of RNNClassifier.
    n_iter_, loss_curve_, loss_, best_loss_
        As of RNNClassifier; a loss is the mean over steps.
    validation_scores_ : list of float, or None unless early_stopping
        The accuracy over all steps of the held-out sequences after each epoch.
    best_validation_score_ : float, or None unless early_stopping

    Notes
    -----
    X is a list of n sequences: lists of words, which may be any texts, single characters too; lists
    or arrays of integers, which are symbols and not quantities; or arrays (T_i, I) of vectors, and
    what else RNNClassifier takes. An array (n, T) holds words or integers, or, of floats, sequences
    of one column. y has a list or an array of T_i labels, texts or integers, for each sequence.

    scikit-learn's scorers refuse labels of steps: leave `scoring` out, and `score` is taken.

    Examples
    --------
    >>> from elman.estimators import RNNTagger
    >>> X = [["the", "cat", "sat"], ["she", "saw", "the", "dog"], ["a", "dog", "ran"]]
    >>> y = [["DET", "NOUN", "VERB"], ["PRON", "VERB", "DET", "NOUN"], ["DET", "NOUN", "VERB"]]
    >>> tagger = RNNTagger(hidden_size=16, max_iter=60, random_state=0).fit(X, y)
    >>> tagger.predict([["a", "cat", "ran"]])[0]
    ['DET', 'NOUN', 'VERB']
    >>> tagger.score(X, y)
    1.0
    """

    _defaults: ClassVar[Parameters] = {
        "cell": "gru",
        "bidirectional": True,
        "batch_size": 32,
        "alpha": 0.0,
        "learning_rate": "cosine",
        "learning_rate_init": 5e-3,
        "max_iter": 10,
    }
    _reads = "every"
    _fixed = (
        *SequenceEstimator._fixed,
        *("embedding_size", "affix_lengths", "word_shapes", "affix_size", "min_count"),
    )

    def __init__(
        self,
        *,
        embedding_size: int = 64,
        affix_lengths: Sequence[int] = (2, 3),
        word_shapes: bool = True,
        affix_size: int = 32,
        min_count: int = 1,
        word_dropout: float = 1.0,
        class_weight: dict[Any, float] | Literal["balanced"] | None = None,
        standardize: bool = False,
        **parameters: Unpack[Parameters],
    ) -> None:
        super().__init__(standardize=standardize, **self._with_defaults(parameters))
        self.embedding_size = embedding_size
        self.affix_lengths = affix_lengths
        self.word_shapes = word_shapes
        self.affix_size = affix_size
        self.min_count = min_count
        self.word_dropout = word_dropout
        self.class_weight = class_weight

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: npt.ArrayLike | None = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        checkpoint: Any = None,
    ) -> Self:
        """Train the network.

        Parameters
        ----------
        X : list of n sequences of words, integers or vectors, or an array
            None of them empty.
        y : list of n lists or arrays of T_i labels, or an array (n, T)
        sample_weight : numbers of at least zero, shape (n,), optional
            How much each step of a sequence counts, as of RNNClassifier.fit.
        X_val, y_val : as X and y, optional
            As of RNNClassifier.fit; labels that y has not are counted as missed.
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
        goes_on = self.warm_start and hasattr(self, "model_")

        def read(given: Any) -> StepLabels:
            _check_steps(given.lengths)
            classes = self.classes_ if goes_on else None
            return checked_step_labels(self, y, sample_weight, given.lengths, classes)

        def read_held_out(given: Any, targets: StepLabels) -> StepLabels:
            _check_steps(given.lengths)
            return held_out_labels(self, y_val, given.lengths, targets.classes)

        held_out = HeldOut.of(X_val, y_val, read_held_out)
        self._fit(X, read, goes_on=goes_on, held_out=held_out, checkpoint=checkpoint)
        return self

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Return the likeliest label of each step.

        Parameters
        ----------
        X : list of n sequences of what was fitted, or an array

        Returns
        -------
        array of objects, shape (n,)
            Each a list of T_i labels.
        """
        sequences = self._read(X)
        found: npt.NDArray[Any] = self.model_.predict(sequences)
        return found

    def predict_proba(self, X: Any) -> npt.NDArray[Any]:
        """Return the probability of each label at each step.

        Parameters
        ----------
        X : list of n sequences of what was fitted, or an array

        Returns
        -------
        array of objects, shape (n,)
            Each an array (T_i, K), in the order of `classes_`.
        """
        sequences = self._read(X)
        found: npt.NDArray[Any] = self.model_.predict_proba(sequences)
        return found

    def score(self, X: Any, y: Any, sample_weight: npt.ArrayLike | None = None) -> float:
        """Return the accuracy over all steps.

        A label that fit did not see is counted as missed.

        Parameters
        ----------
        X, y
            As of fit.
        sample_weight : numbers of at least zero, shape (n,), optional
            How much each step of a sequence counts.

        Raises
        ------
        TypeError, ValueError
            If X or y is not as described, or fit saw none of the labels.
        """
        sequences = self._read(X)
        labels = flat_labels(self, y, sequences.lengths)
        wanted = codes_of(labels, self.classes_)
        if not (wanted >= 0).any():
            got = ", ".join(map(str, np.unique(labels)[:3].tolist())) or "none"
            expected = f"labels among the classes {self.classes_}"
            raise _check.fail(ValueError, "y", expected, got)
        weights = checked_weights(sample_weight, len(sequences))
        codes = np.concatenate(self.model_.logits(sequences)).argmax(axis=1)
        return accuracy(codes == wanted, sequences.lengths, weights)

    def span_f1(self, X: Any, y: Any) -> float:
        """Return F1 of the spans that labels such as B-PER, I-PER and O mark.

        It is the harmonic mean of two shares: how many of the spans found are right, and how many
        of those in y were found. A span is right if its kind, its start and its end are. IOB1, BIO
        and IOBES are read alike, as seqeval and the script conlleval of CoNLL-2000 read them.

        Parameters
        ----------
        X, y
            As of fit; labels are "O" or a letter among B, I, E, S, a hyphen and a kind.

        Raises
        ------
        TypeError, ValueError
            If X or y is not as described, or labels are others.
        """
        sequences = self._read(X)
        labels = flat_labels(self, y, sequences.lengths).tolist()
        ends = np.cumsum(sequences.lengths).tolist()
        parts = [labels[start:stop] for start, stop in zip([0, *ends], ends, strict=False)]
        return span_f1(parts, self.model_.predict(sequences))

    # ---- what is read --------------------------------------------------------------------------

    def _given(self, X: Any, *, reset: bool) -> Any:
        if not reset:
            check_is_fitted(self)
            if self.model_.reads == "vectors":
                return super()._given(X, reset=False)
            return self.model_.tokens(X)
        tokens = read_tokens(X)
        if tokens is None:
            return super()._given(X, reset=True)
        for name in ("n_features_in_", "feature_names_in_", "_fitted_on_2d"):
            self.__dict__.pop(name, None)
        return tokens

    def _made(self, given: Any, targets: Any, seed: int) -> Any:
        if not isinstance(given, Tokens):
            return super()._made(given, targets, seed)
        features = Features.learned(
            given, [int(length) for length in self.affix_lengths], self.word_shapes, self.min_count
        )
        dims = [self.embedding_size] + [self.affix_size] * (len(features.parts) - 1)
        generator = Generator(seed)
        embedding = FeatureEmbedding(
            features.sizes, dims, dtype=np.dtype(self.dtype), generator=generator
        )
        # Of a length of about 1: vectors of N(0, 1) would drown what is learned of rare words.
        drawn = zip(embedding.named_parameters(), dims, strict=True)
        embedding.load_state_dict({name: w / math.sqrt(size) for (name, w), size in drawn})
        network = self._new_network(sum(dims), targets.outputs, generator, embedding)
        return TaggerModel(network, None, None, targets.classes, features)

    def _new_model(
        self, network: Network, columns: Columns, scaling: Any, targets: StepLabels
    ) -> TaggerModel:
        return TaggerModel(network, columns, scaling, targets.classes)

    def _augment(self, sequences: Sequences) -> Any:
        if sequences.frames.dtype.kind == "f" or not self.word_dropout:
            return None
        symbols: Any = sequences.frames
        return WordDropout(self.word_dropout, symbols, (1 + symbols.max(axis=0)).tolist())

    def _check_parameters(self) -> None:
        super()._check_parameters()
        for name in ("embedding_size", "affix_size", "min_count"):
            _check.size(name, getattr(self, name))
        _check.flag("word_shapes", self.word_shapes)
        _check.flag("standardize", self.standardize)
        expected = "a finite number of at least zero"
        _check.number("word_dropout", self.word_dropout, expected, lambda a: 0 <= a < math.inf)
        lengths = self.affix_lengths
        if isinstance(lengths, str) or not hasattr(lengths, "__len__"):
            expected = "a sequence of ints, such as (2, 3), or () for none"
            raise _check.fail(TypeError, "affix_lengths", expected, _check.short(lengths))
        for i, length in enumerate(lengths):
            _check.size(f"affix_lengths[{i}]", length)

    @classmethod
    def _model_class(cls) -> type[TaggerModel]:
        return TaggerModel

    def _take(self, model: Any) -> None:
        super()._take(model)
        self.classes_ = model.classes_
        self.embedding_ = model.network.embedding

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.input_tags.string = True
        return tags


def _check_steps(lengths: Any) -> None:
    """Hold that no sequence is empty, as nothing is to be learned of it (ValueError)."""
    empty = np.flatnonzero(lengths == 0)
    if len(empty):
        fix = "leave it out of X and y"
        more = f", as are {len(empty) - 1} more" if len(empty) > 1 else ""
        got = f"an empty sequence{more}"
        raise _check.fail(ValueError, f"X[{empty[0]}]", "at least one step", got, fix)
