"""A language model: it learns what comes next in a text."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Literal, Self, Unpack

import numpy as np
from sklearn.utils.validation import check_is_fitted

from elman import Generator, _check, train
from elman._typing import IntArray
from elman.estimators._base import Parameters, RecurrentEstimator
from elman.estimators._corpus import Corpus
from elman.estimators._held_out import check_used, named_as_held_out
from elman.estimators._text_objective import TextObjective
from elman.estimators._undo import unchanged_after_error
from elman.models import LanguageModel
from elman.models._language import nats_of
from elman.models._text import UNITS, UNKNOWN, Vocabulary
from elman.nn import Embedding, Linear, Network


class RNNLanguageModel(RecurrentEstimator):
    """Learn what comes next in a text, character by character, word by word or byte by byte.

    A symbol becomes a vector, which recurrent layers read; a linear layer and softmax tell the next
    symbol. Training is truncated backpropagation through time with a carried state: batch_size
    streams of the text run side by side, and sequence_length steps make a gradient.

    Parameters
    ----------
    unit : "char", "word" or "byte"
        A word is a run of letters and digits, or one other sign, with the space before it; joined
        they are the text again.
    sequence_length : int
        T, how many steps gradients go back.
    embedding_size : int
    unknown : "error", "replace" or "skip"
        What becomes of characters or words that fit did not see: an error that names the first,
        one symbol for all of them, or nothing.
    min_count : int
        How often a character or word must occur to have a symbol of its own.
    max_vocabulary : int or None
        Greatest number of such symbols, the most frequent ones.
    steps_per_epoch : int or None
        How many training steps make an epoch; None is one pass over the text. A small number has
        checkpoints and curves of a large file more often.
    **parameters
        Of network and training, as `RecurrentEstimator` has them, with other defaults: cell="gru",
        hidden_size=256, batch_size=64, solver="adamw", learning_rate="cosine",
        learning_rate_init=4e-3, max_iter=10. With early_stopping the end of the text is held out.

    Attributes
    ----------
    model_ : elman.models.LanguageModel
        What scores and generates, and what `save` writes.
    network_ : nn.Network
    vocabulary_ : list of str
        The characters or words that have a symbol.
    n_iter_, loss_curve_, loss_, best_loss_, validation_scores_, best_validation_score_
        As of RNNClassifier; losses are nats a symbol, scores are minus these.

    Examples
    --------
    >>> from elman.estimators import RNNLanguageModel
    >>> model = RNNLanguageModel(hidden_size=32, batch_size=4, sequence_length=16, random_state=0)
    >>> model.fit("the cat sat on the mat. " * 50).generate("the cat ", 15, temperature=0)
    'sat on the mat.'
    >>> model.bits_per_character("the cat sat on the mat. ") < 1
    True
    """

    _defaults: ClassVar[Parameters] = {
        "cell": "gru",
        "hidden_size": 256,
        "batch_size": 64,
        "solver": "adamw",
        "learning_rate": "cosine",
        "learning_rate_init": 4e-3,
        "max_iter": 10,
    }

    _fixed = (
        *RecurrentEstimator._fixed,
        "unit",
        "embedding_size",
        "unknown",
        "min_count",
        "max_vocabulary",
    )

    def __init__(
        self,
        *,
        unit: Literal["char", "word", "byte"] = "char",
        sequence_length: int = 128,
        embedding_size: int = 64,
        unknown: Literal["error", "replace", "skip"] = "error",
        min_count: int = 1,
        max_vocabulary: int | None = None,
        steps_per_epoch: int | None = None,
        **parameters: Unpack[Parameters],
    ) -> None:
        super().__init__(**self._with_defaults(parameters))
        self.unit = unit
        self.sequence_length = sequence_length
        self.embedding_size = embedding_size
        self.unknown = unknown
        self.min_count = min_count
        self.max_vocabulary = max_vocabulary
        self.steps_per_epoch = steps_per_epoch

    def fit(
        self,
        X: str | Sequence[str] | os.PathLike[str],
        y: None = None,
        *,
        X_val: Any = None,
        checkpoint: Any = None,
    ) -> Self:
        """Learn a text.

        Parameters
        ----------
        X : str, list of str, or os.PathLike
            A text; documents, between which a boundary is learned, so that `generate` may end; or
            a file in UTF-8, which may be larger than memory.
        y : None
        X_val : as X, optional
            What early_stopping scores in place of the end of X, which is then learned as a whole.
        checkpoint : str or os.PathLike, optional
            As of RNNClassifier.fit.

        Returns
        -------
        self

        Raises
        ------
        TypeError, ValueError
            If a parameter or the text is not as described, or training diverges.
        OSError
            If the file cannot be read.
        """
        self._check_parameters()
        if X_val is not None:
            check_used(self.early_stopping)
        goes_on = self.warm_start and hasattr(self, "model_")
        with unchanged_after_error(self):
            random = self._random(checkpoint)
            seed = int(random.randint(2**32, dtype=np.uint32))
            corpus = Corpus(X, self.unit)
            model = self._copy_to_go_on() if goes_on else self._new_model(corpus, Generator(seed))
            numbers = corpus.encoded(model.vocabulary)
            with named_as_held_out():
                others = (
                    None if X_val is None else Corpus(X_val, self.unit).encoded(model.vocabulary)
                )
            numbers, validate = self._held_out(numbers, others)
            if len(numbers) < 2:
                got = f"{len(numbers)}"
                raise _check.fail(ValueError, "X", "two symbols or more to learn from", got)
            objective = TextObjective(
                numbers,
                self.batch_size,
                self.sequence_length,
                self.steps_per_epoch,
                random,
                begins=corpus.begins(numbers),
            )
            result = train.run(
                model.network,
                objective,
                self._optimizer(self.alpha),
                random=random,
                validate=validate,
                keep_start=goes_on,
                checkpoint=checkpoint,
                **self._training(),
            )
            self._keep(model, result, goes_on=goes_on)
        self._warn_of_an_early_end(result)
        return self

    def generate(self, prompt: str = "", max_new_tokens: int = 200, **options: Any) -> str:
        """Return a text that follows on a prompt: see `LanguageModel.generate`.

        Parameters
        ----------
        prompt : str
        max_new_tokens : int
        **options
            temperature=1.0, top_k=None, top_p=None, stop=None, random_state=None.
        """
        check_is_fitted(self, "model_")
        text: str = self.model_.generate(prompt, max_new_tokens, **options)
        return text

    def stream(self, prompt: str = "", max_new_tokens: int = 200, **options: Any) -> Iterator[str]:
        """Yield the text that `generate` returns, piece by piece as it comes."""
        check_is_fitted(self, "model_")
        pieces: Iterator[str] = self.model_.stream(prompt, max_new_tokens, **options)
        return pieces

    def perplexity(self, X: str | Sequence[str]) -> float:
        """Return exp of the mean of -log p over all symbols of a text or texts."""
        check_is_fitted(self, "model_")
        return float(self.model_.perplexity(X))

    def bits_per_character(self, X: str | Sequence[str]) -> float:
        """Return -log₂ p of a text or texts, divided by its characters, whatever the unit."""
        check_is_fitted(self, "model_")
        return float(self.model_.bits_per_character(X))

    def score(self, X: str | Sequence[str], y: None = None) -> float:
        """Return the mean of log p over all symbols of a text or texts, the greater the better."""
        return -math.log(self.perplexity(X))

    def _new_model(self, corpus: Corpus, generator: Generator) -> LanguageModel:
        vocabulary = corpus.vocabulary(self.unknown, self.min_count, self.max_vocabulary)
        return LanguageModel(self._new_network(vocabulary, generator), vocabulary)

    def _new_network(self, vocabulary: Vocabulary, generator: Generator) -> Network:
        K, dtype = len(vocabulary), np.dtype(self.dtype)
        embedding = Embedding(K, self.embedding_size, dtype=dtype, generator=generator)
        rnn = self._new_rnn(self.embedding_size, generator)
        head = Linear(self.hidden_size, K, dtype=dtype, generator=generator)
        return Network(rnn, head, embedding, reads="every")

    def _held_out(self, numbers: IntArray, others: IntArray | None) -> tuple[IntArray, Any]:
        """Return the symbols to learn from, and the function that scores a network on the rest.

        The rest are `others`, or with early_stopping the end.
        """
        if not self.early_stopping:
            return numbers, None
        rest = others
        if rest is None:
            held = math.ceil(self.validation_fraction * len(numbers))
            numbers, rest = numbers[: len(numbers) - held], np.asarray(numbers[-held:])

        if not len(rest):
            expected = "at least one symbol that is known"
            raise _check.fail(ValueError, "X_val", expected, "none")

        def score(network: Network) -> float:
            return -nats_of(network, rest) / len(rest)

        return numbers, score

    def _check_parameters(self) -> None:
        super()._check_parameters()
        _check.choice("unit", self.unit, UNITS)
        _check.choice("unknown", self.unknown, UNKNOWN)
        for name in ("sequence_length", "embedding_size", "min_count"):
            _check.size(name, getattr(self, name))
        for name in ("max_vocabulary", "steps_per_epoch"):
            if getattr(self, name) is not None:
                _check.size(name, getattr(self, name))
        if self.bidirectional:
            expected = "False, as what comes next must not be read"
            raise _check.fail(ValueError, "bidirectional", expected, "True")

    @classmethod
    def _model_class(cls) -> type[LanguageModel]:
        return LanguageModel

    def _take(self, model: Any) -> None:
        super()._take(model)
        self.network_ = model.network
        self.vocabulary_ = model.symbols
