"""A fitted language model: what comes next in a text."""

from __future__ import annotations

import codecs
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

import numpy as np

from elman import _check, nn
from elman._typing import IntArray
from elman.models._choice import Choice
from elman.models._model import Model
from elman.models._text import BOUNDARY, UNITS, UNKNOWN, Vocabulary, check_symbols
from elman.nn._softmax import log_softmax

_STEPS = 1024
"""How many symbols are scored at once."""


class LanguageModel(Model):
    """Tells what comes next in a text, as `elman.estimators.RNNLanguageModel` fitted it.

    Attributes
    ----------
    unit : "char", "word" or "byte"
    symbols : list of str
        The characters or words that it knows.
    unknown : "error", "replace" or "skip"
    """

    checks: ClassVar[Mapping[str, Callable[[str, Any], Any]]] = {
        "unit": partial(_check.choice, choices=UNITS),
        "symbols": check_symbols,
        "unknown": partial(_check.choice, choices=UNKNOWN),
    }

    def __init__(self, network: nn.Network, vocabulary: Vocabulary) -> None:
        self.network = network
        self.unit = vocabulary.unit
        self.symbols = vocabulary.symbols
        self.unknown = vocabulary.unknown
        self.parameters: dict[str, Any] = {}
        self.table = None

    @classmethod
    def check_config(cls, config: Mapping[str, Any]) -> None:
        """Hold that there is an output and a vector for each symbol (ValueError)."""
        if config["unit"] == "char" and any(len(symbol) != 1 for symbol in config["symbols"]):
            raise _check.fail(ValueError, "symbols", "single characters", "longer texts")
        count = len(Vocabulary(config["unit"], config["symbols"], config["unknown"]))
        network = config["network"]["config"]
        embedding, outputs = network["embedding"], network["head"]["config"]["out_features"]
        found = None if embedding is None else embedding["config"]["num_embeddings"]
        right = found == outputs == count and network["reads"] == "every"
        if not right or network["bridge"] or network["rnn"]["config"]["bidirectional"]:
            expected = f"a network that reads and gives {count} symbols at every step"
            raise _check.fail(ValueError, "network", expected, f"{found} and {outputs}")

    @property
    def vocabulary(self) -> Vocabulary:
        """What makes integers of texts."""
        return Vocabulary(self.unit, self.symbols, self.unknown)

    # ---- scores --------------------------------------------------------------------------------

    def nats(self, text: str | Sequence[str]) -> tuple[float, int, int]:
        """Return minus the log-probability of a text or texts, their symbols and characters.

        The state is carried from the first symbol to the last of each.
        """
        kinds = (str, bytes) if self.unit == "byte" else str
        texts = [text] if isinstance(text, kinds) else text
        if not isinstance(texts, list | tuple) or not all(isinstance(t, kinds) for t in texts):
            raise _check.fail(TypeError, "text", "a str, or a list of str", _check.short(text))
        total, symbols, characters = 0.0, 0, 0
        for part in texts:
            numbers = self.vocabulary.encode(part)
            total += nats_of(self.network, numbers)
            symbols += len(numbers)
            characters += len(numbers) if self.unit == "char" else len(part)
        return total, symbols, characters

    def perplexity(self, text: str | Sequence[str]) -> float:
        """Return exp of the mean of -log p over all symbols of a text or texts.

        Raises
        ------
        ValueError
            If there are no symbols, or one is unknown.
        """
        total, symbols, _ = self.nats(text)
        return math.exp(total / _counted(symbols))

    def bits_per_character(self, text: str | Sequence[str]) -> float:
        """Return -log₂ p of a text or texts, divided by its characters, whatever the unit.

        Raises
        ------
        ValueError
            If there are no characters, or a symbol is unknown.
        """
        total, symbols, characters = self.nats(text)
        _counted(symbols)
        return total / math.log(2) / characters

    # ---- generation ----------------------------------------------------------------------------

    def generate(
        self,
        prompt: str = "",
        max_new_tokens: int = 200,
        *,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        stop: str | Sequence[str] | None = None,
        random_state: Any = None,
    ) -> str:
        """Return a text that follows on a prompt.

        Parameters
        ----------
        prompt : str
            How the text begins; it is read, and not returned. A word takes the blank before it, so
            let a prompt for a model of words end without one.
        max_new_tokens : int
            Greatest number of characters, words or bytes.
        temperature : float of at least 0
            Below 1 likely symbols become more likely; 0 takes the likeliest.
        top_k : int, optional
            Draw from so many likeliest symbols.
        top_p : float in (0, 1], optional
            Draw from the likeliest symbols whose probabilities first add up to this (Holtzman et
            al. 2020, "The curious case of neural text degeneration").
        stop : str or sequence of str, optional
            The text ends before the first of these.
        random_state : int, numpy.random.RandomState or None

        Returns
        -------
        str
        """
        pieces = self.stream(
            prompt,
            max_new_tokens,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            stop=stop,
            random_state=random_state,
        )
        return "".join(pieces)

    def stream(
        self,
        prompt: str = "",
        max_new_tokens: int = 200,
        *,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        stop: str | Sequence[str] | None = None,
        random_state: Any = None,
    ) -> Iterator[str]:
        """Yield the text that `generate` returns, piece by piece as it comes."""
        choice = Choice.checked(temperature, top_k, top_p, random_state)
        stops = _checked_stops(stop)
        count = _check.size("max_new_tokens", max_new_tokens)
        if not isinstance(prompt, str):
            raise _check.fail(TypeError, "prompt", "a str", _check.short(prompt))
        numbers = self.vocabulary.encode(prompt)
        return _held_back(self._texts(numbers, count, choice), stops)

    def _texts(self, prompt: IntArray, count: int, choice: Choice) -> Iterator[str]:
        """Yield the text of each symbol that is drawn; bytes once they make characters."""
        network, vocabulary = self.network, self.vocabulary
        embedding: Any = network.embedding
        stream = network.rnn.stream(batch_size=1)
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        for symbol in (BOUNDARY, *prompt.tolist()):
            output = stream.step(embedding.weight[[symbol]])
        for _ in range(count):
            logits = network.head(output)[0]
            if vocabulary.has_other:
                logits[-1] = -np.inf
            symbol = choice.draw(logits)
            if symbol == BOUNDARY:
                break
            text = vocabulary.decode([symbol])
            yield decoder.decode(text) if isinstance(text, bytes) else text
            output = stream.step(embedding.weight[[symbol]])
        yield decoder.decode(b"", final=True)


def nats_of(network: nn.Network, numbers: IntArray) -> float:
    """Return minus the log-probability of symbols that begin after a boundary."""
    embedding: Any = network.embedding
    total, state, before = 0.0, None, BOUNDARY
    for start in range(0, len(numbers), _STEPS):
        wanted = np.asarray(numbers[start : start + _STEPS])
        read = np.concatenate([[before], wanted[:-1]])
        output, state = network.rnn(embedding(read), state)
        log_p = log_softmax(network.head(output))
        total -= float(log_p[np.arange(len(wanted)), wanted].sum(dtype=np.float64))
        before = wanted[-1]
    return total


def _counted(count: int) -> int:
    if not count:
        raise _check.fail(ValueError, "text", "at least one symbol that is known", "none")
    return count


def _checked_stops(stop: Any) -> list[str]:
    stops = [stop] if isinstance(stop, str) else stop or []
    if not isinstance(stops, list | tuple) or not all(isinstance(t, str) and t for t in stops):
        raise _check.fail(TypeError, "stop", "texts that are not empty", _check.short(stop))
    return list(stops)


def _held_back(pieces: Iterator[str], stops: list[str]) -> Iterator[str]:
    """Yield pieces up to the first of the stops; what may be its beginning waits."""
    longest = max(map(len, stops), default=1)
    waiting = ""
    for piece in pieces:
        waiting += piece
        ends = [waiting.find(stop) for stop in stops if stop in waiting]
        if ends:
            yield waiting[: min(ends)]
            return
        ready = len(waiting) - (longest - 1)
        if ready > 0:
            yield waiting[:ready]
            waiting = waiting[ready:]
    if waiting:
        yield waiting
