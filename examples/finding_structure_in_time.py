"""Finding structure in time: Elman's simulations of 1990, run again.

    python examples/finding_structure_in_time.py
    python examples/finding_structure_in_time.py --seeds 5 --output pictures

Elman 1990 ("Finding structure in time", Cognitive Science 14, 179-211) trains a network to predict
what comes next in a stream of bits, letters or words, and looks at where it errs and at what its
hidden units have become. The sizes, the numbers of examples and the passes are those of the paper.

The outputs are logistic units, as there. What differs is the training: gradients go back over more
than one step (truncated backpropagation through time), the loss is the cross-entropy of each output
and the optimiser is Adam.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage

import elman
from elman import nn, train

# ---- a network that predicts what comes next ---------------------------------------------------


class Stream:
    """The objective: what comes next, with the state carried from chunk to chunk.

    x : array (M, I), the stream; cut into `streams` parts, which are read side by side
    chunk : how many steps gradients go back
    """

    def __init__(self, x: Any, streams: int, chunk: int) -> None:
        length = (len(x) - 1) // streams
        self.x, self.y = (
            np.ascontiguousarray(
                part[: streams * length].reshape(streams, length, -1).swapaxes(0, 1)
            )
            for part in (x[:-1], x[1:])
        )
        self.starts = range(0, length, chunk)
        self.steps = len(self.starts)

    def batches(self) -> Iterator[tuple[Any, Any]]:
        """Yield what is read (T, N, I) and what comes next, from the beginning to the end."""
        self.state = None
        for t in self.starts:
            yield self.x[t : t + self.starts.step], self.y[t : t + self.starts.step]

    def step(self, network: nn.Network, batch: tuple[Any, Any]) -> train.Step:
        """Return the loss of a chunk and its gradients."""
        x, y = batch
        (h, self.state), rnn_backward = network.rnn.vjp(x, self.state)
        logits, head_backward = network.head.vjp(h)
        loss, d_logits = cross_entropy(logits, y)
        head = head_backward(d_logits)
        rnn = rnn_backward(head.x, None)
        gradients = {f"rnn.{name}": gradient for name, gradient in rnn.parameters.items()}
        gradients |= {f"head.{name}": gradient for name, gradient in head.parameters.items()}
        return train.Step(loss, y.size, gradients)

    def fingerprint(self) -> str:
        """Return no digest, as no checkpoint is written."""
        return ""


def logistic(logits: Any) -> Any:
    """Return 1 / (1 + exp(-z))."""
    return 1 / (1 + np.exp(-logits))


def cross_entropy(logits: Any, y: Any) -> tuple[float, Any]:
    """Return the mean cross-entropy of logistic outputs with bits y, and its gradient."""
    each = np.logaddexp(0, logits) - y * logits
    return float(each.mean()), (logistic(logits) - y) / y.size


def trained(
    x: Any,
    hidden: int,
    passes: int,
    seed: int,
    *,
    streams: int,
    chunk: int,
    lr: float,
    weight_decay: float = 0.0,
    schedule: Callable[[float], float] | None = None,
) -> tuple[nn.Network, float]:
    """Return a network I-hidden-I that has learned a stream (M, I), and its loss."""
    generator, I = elman.Generator(seed), x.shape[1]
    rnn = nn.RNN(I, hidden, generator=generator)
    network = nn.Network(rnn, nn.Linear(hidden, I, generator=generator), reads="every")
    result = train.run(
        network,
        Stream(x, streams, chunk),
        train.Adam(lr, weight_decay=weight_decay),
        random=np.random.default_rng(seed),
        schedule=schedule,
        max_iter=passes,
        n_iter_no_change=np.inf,
    )
    return network, result.loss_curve[-1]


def fall_at_the_end(progress: float) -> float:
    """Return the factor on the learning rate: 1, and down to 0 in the last sixth."""
    return min(1.0, 6 * (1 - progress))


def predicted(network: nn.Network, x: Any) -> Any:
    """Return the prediction of each element of a stream but the first, (M - 1, I)."""
    return logistic(network(x[:-1, None])[:, 0])


def rms(error: Any, axis: int | None = None) -> Any:
    """Return the root of the mean square."""
    return np.sqrt(np.mean(np.square(error), axis=axis))


# ---- 1. exclusive or, in time ------------------------------------------------------------------

STARTS = 5


class ExclusiveOr(NamedTuple):
    """The root mean squared error at each of 12 bits of the test stream in turn (fig. 3)."""

    error: Any

    @property
    def by_place(self) -> Any:
        """The error at the first, second and third bit; the third is the XOR of the others."""
        return rms(self.error.reshape(4, 3), axis=0)


def exclusive_or(seed: int = 0, starts: int = STARTS) -> ExclusiveOr:
    """Learn bits of which each third is the XOR of the two before.

    Two hidden units often find half of a solution only. So several networks learn, and the one
    with the least loss on what it learned counts.
    """
    random = np.random.default_rng(seed)
    x, test = bits(3_000, random), bits(3_000 + 12, random)
    networks = [
        trained(x, 2, 600, seed * starts + i, streams=30, chunk=33, lr=0.03) for i in range(starts)
    ]
    network, _ = min(networks, key=lambda found: found[1])
    error = (predicted(network, test) - test[1:])[11:]  # from bit 12 on, which is a first one again
    return ExclusiveOr(rms(error.reshape(-1, 12), axis=0))


def bits(n: int, random: np.random.Generator) -> Any:
    """Return n bits (n, 1): two random ones, their XOR, two random ones, and so on."""
    a, b = random.integers(0, 2, (2, n // 3))
    return np.stack([a, b, a ^ b], axis=1).reshape(-1, 1).astype(np.float32)


# ---- 2. letters of six features ----------------------------------------------------------------

FEATURES = ("consonant", "vowel", "interrupted", "high", "back", "voiced")
LETTERS = {
    "b": (1, 0, 1, 0, 0, 1),
    "d": (1, 0, 1, 1, 0, 1),
    "g": (1, 0, 1, 0, 1, 1),
    "a": (0, 1, 0, 0, 1, 1),
    "i": (0, 1, 0, 1, 0, 1),
    "u": (0, 1, 0, 1, 1, 1),
}
SYLLABLES = {"b": "ba", "d": "dii", "g": "guuu"}


class Letters(NamedTuple):
    """A text that was not learned, without its first letter, and its predictions.

    text : str of M letters
    error : array (M, 6), prediction minus what came, by feature (figs. 4 and 5)
    nearest : str, the letter nearest to each prediction
    """

    text: str
    error: Any
    nearest: str

    @property
    def consonants(self) -> Any:
        """Which letters are consonants, (M,)."""
        return np.isin(list(self.text), list(SYLLABLES))

    @property
    def right(self) -> Any:
        """Which letters were predicted right, (M,)."""
        return np.array(list(self.text)) == np.array(list(self.nearest))


def letters(seed: int = 0) -> Letters:
    """Learn 1,000 random consonants, each with its vowels; test with 1,000 others."""
    random = np.random.default_rng(seed)
    text, test = (
        "".join(SYLLABLES[c] for c in random.choice(["b", "d", "g"], 1_000)) for _ in "12"
    )
    network, _ = trained(coded(text, LETTERS), 20, 200, seed, streams=10, chunk=20, lr=0.01)
    y = predicted(network, coded(test, LETTERS))
    codes = coded("".join(LETTERS), LETTERS)
    nearest = np.square(y[:, None] - codes).sum(axis=2).argmin(axis=1)
    names = "".join(list(LETTERS)[i] for i in nearest)
    return Letters(test[1:], y - coded(test[1:], LETTERS), names)


def coded(text: str, codes: dict[str, Any]) -> Any:
    """Return the code of each letter, (M, I)."""
    return np.array([codes[letter] for letter in text], np.float32)


# ---- 3. words without spaces -------------------------------------------------------------------

SENTENCE = "many years ago a boy and girl lived by the sea they played happily"
WORDS = (*SENTENCE.split(), "once")
"""The paper shows 14 of its 15 words, in fig. 6. The last one is ours."""


class Words(NamedTuple):
    """A text as it was learned, without its first letter, and its predictions.

    text : str of M letters
    begins : array (M,), whether a word begins there
    error : array (M,), the root mean squared error over the five bits (fig. 6)
    sentence, sentence_begins, sentence_error : the same for the sentence of fig. 6, its first
        letter too
    """

    text: str
    begins: Any
    error: Any
    sentence: str
    sentence_begins: Any
    sentence_error: Any

    @property
    def peaks(self) -> float:
        """The share of the words' beginnings at which the error is more than a letter earlier."""
        return float(np.mean(np.diff(self.error)[self.begins[1:]] > 0))


def words(seed: int = 0) -> Words:
    """Learn 200 sentences of 4 to 9 words, written without spaces, in codes of five random bits."""
    random = np.random.default_rng(seed)
    drawn = [w for n in random.integers(4, 10, 200) for w in random.choice(WORDS, n)]
    numbers = random.permutation(32)[:26]
    alphabet = "abcdefghijklmnopqrstuvwxyz"
    codes = {c: number >> np.arange(5) & 1 for c, number in zip(alphabet, numbers, strict=True)}
    text = "".join(drawn)
    network, _ = trained(coded(text, codes), 20, 10, seed, streams=1, chunk=10, lr=0.01)

    def error(text: str) -> Any:
        return rms(predicted(network, coded(text, codes)) - coded(text[1:], codes), axis=1)

    before, sentence = "once", SENTENCE.replace(" ", "")  # read before, so that its m is predicted
    return Words(
        text=text[1:],
        begins=beginnings(drawn)[1:],
        error=error(text),
        sentence=sentence,
        sentence_begins=beginnings(SENTENCE.split()),
        sentence_error=error(before + sentence)[len(before) - 1 :],
    )


def beginnings(drawn: list[str]) -> Any:
    """Return which letters of words written without spaces begin one."""
    return np.concatenate([np.arange(len(word)) == 0 for word in drawn])


# ---- 4. words in simple sentences --------------------------------------------------------------

CATEGORIES = {
    "human": ("man", "woman", "boy", "girl"),
    "animal": ("cat", "mouse", "dog"),
    "aggressive": ("dragon", "monster", "lion"),
    "inanimate": ("book", "rock", "car"),
    "fragile": ("glass", "plate"),
    "food": ("cookie", "bread", "sandwich"),
    "intransitive": ("think", "sleep", "exist"),
    "transitive": ("see", "chase", "like"),
    "agent-patient": ("move", "break"),
    "perception": ("smell", "see"),
    "destruction": ("break", "smash"),
    "eating": ("eat",),
}
"""The classes of table 3, and the 29 words of fig. 7. The paper gives a few words of each class as
examples; where the others belong is our reading of their names. Each word of a class is equally
likely here, as is each template."""

TEMPLATES = """
human eating food, human perception inanimate, human destruction fragile, human intransitive,
human transitive human, human agent-patient inanimate, human agent-patient, animal eating food,
animal transitive animal, animal agent-patient inanimate, animal agent-patient,
inanimate agent-patient, aggressive destruction fragile, aggressive eating human,
aggressive eating animal, aggressive eating food
"""
"""The 16 of table 4."""

VERBS = ("intransitive", "transitive", "agent-patient", "perception", "destruction", "eating")
ANIMATES = ("human", "animal", "aggressive")
VOCABULARY = tuple(dict.fromkeys(word for words in CATEGORIES.values() for word in words))
GROUPS = {
    word: "verbs" if name in VERBS else "animates" if name in ANIMATES else "inanimates"
    for name, words in CATEGORIES.items()
    for word in words
}
"""The group of each word, in the order of VOCABULARY."""
UNITS = 31
"""Two units have no word; the paper kept them for another simulation."""


class Sentences(NamedTuple):
    """What a network makes of the sentences that it learned. M tokens, 29 words, 150 hidden units.

    errors : array (M - 1,), the length of each error vector: prediction minus the one-hot successor
    likelihood_errors : array (M - 1,), the same with the likelihoods in place of the predictions;
        their mean square is the least that a prediction from the sentence so far can have
    cosines : array (M - 1,), of each prediction with the likelihoods of what may come
    states : array (29, 150), the mean hidden state over all tokens of each word of VOCABULARY
    """

    errors: Any
    likelihood_errors: Any
    cosines: Any
    states: Any

    @property
    def tree(self) -> Any:
        """The words' hidden states, joined two by two: scipy's linkage by Ward's criterion."""
        return linkage(self.states, "ward")

    @property
    def misplaced_verbs(self) -> int:
        """How many words are on the wrong side when the tree is cut in two, nouns and verbs."""
        return misplaced(self.states, members(VERBS))

    @property
    def misplaced_animates(self) -> int:
        """How many nouns are on the wrong side when their tree is cut in two."""
        is_noun = ~members(VERBS)
        return misplaced(self.states[is_noun], members(ANIMATES)[is_noun])


def sentences(seed: int = 0) -> Sentences:
    """Learn 10,000 sentences of two or three words, one after another without a mark between.

    The weight decay keeps out of the state what predicting does not need, so that words of a class
    come near to each other. Without it every third tree or so has nouns among the verbs.
    """
    random = np.random.default_rng(seed)
    drawn = [tuple(map(random.choice, template)) for template in templates(10_000, random)]
    tokens, likelihoods = successors(drawn)
    x = np.eye(UNITS, dtype=np.float32)[tokens]
    way = {"weight_decay": 1.2e-4, "schedule": fall_at_the_end}
    network, _ = trained(x, 150, 6, seed, streams=1, chunk=10, lr=0.001, **way)
    h, _ = network.rnn(x[:, None])
    y, after = predicted(network, x), x[1:]
    norms = np.linalg.norm(y, axis=1) * np.linalg.norm(likelihoods, axis=1)
    return Sentences(
        errors=np.linalg.norm(y - after, axis=1),
        likelihood_errors=np.linalg.norm(likelihoods - after, axis=1),
        cosines=(y * likelihoods).sum(axis=1) / norms,
        states=np.array([h[tokens == i, 0].mean(axis=0) for i in range(len(VOCABULARY))]),
    )


def templates(n: int, random: np.random.Generator) -> Iterator[list[tuple[str, ...]]]:
    """Yield the words to choose from at each place of n random sentences."""
    known = [[CATEGORIES[name] for name in text.split()] for text in TEMPLATES.split(",")]
    for i in random.integers(len(known), size=n):
        yield known[i]


def successors(drawn: list[tuple[str, ...]]) -> tuple[Any, Any]:
    """Return the tokens (M,), and how likely each unit is after each token but the last.

    The likelihoods (M - 1, 31) are counted: how often a word came after this part of a sentence,
    from its first word on.
    """
    parts = [words[: i + 1] for words in drawn for i in range(len(words))]
    tokens = np.array([VOCABULARY.index(part[-1]) for part in parts])
    known = {part: i for i, part in enumerate(dict.fromkeys(parts[:-1]))}
    which = np.array([known[part] for part in parts[:-1]])
    counts = np.zeros((len(known), UNITS))
    np.add.at(counts, (which, tokens[1:]), 1)
    return tokens, (counts / counts.sum(axis=1, keepdims=True))[which]


def members(categories: tuple[str, ...]) -> Any:
    """Return which words of VOCABULARY are in some categories, (29,)."""
    return np.isin(VOCABULARY, [word for name in categories for word in CATEGORIES[name]])


def misplaced(states: Any, group: Any) -> int:
    """Cut the tree of states (n, H) in two; return how many are not with their group (n,)."""
    half = fcluster(linkage(states, "ward"), 2, "maxclust") == 1
    return int(min(np.sum(half != group), np.sum(half == group)))


# ---- what came out -----------------------------------------------------------------------------


def line(name: str, ours: str, paper: str) -> None:
    """Print a line of the table."""
    print(f"   {name:46}{ours:>15}   {paper}".rstrip(), flush=True)


def heading(text: str) -> None:
    """Print the name of a simulation."""
    print(f"\n{text:49}{'here':>15}   in the paper", flush=True)


def show_exclusive_or(found: ExclusiveOr) -> None:
    """Print the errors of the first simulation."""
    heading("1. Exclusive or, in time: 1-2-1, 3,000 bits")
    first, second, third = found.by_place
    line("error, first bit and second bit", f"{first:.2f}, {second:.2f}", "high (fig. 3)")
    line("error, third bit, the XOR of the two", f"{third:.2f}", "low (fig. 3)")


def show_letters(found: Letters) -> None:
    """Print the errors of the second simulation."""
    heading("2. Letters of six features: 6-20-6, ba dii guuu")
    is_consonant, error = found.consonants, found.error
    right = found.right[~is_consonant].mean(), found.right[is_consonant].mean()
    line("vowels predicted right", f"{right[0]:.1%}", "low error (fig. 4)")
    line("consonants predicted right", f"{right[1]:.1%}", "high error (fig. 4)")
    at = rms(error[is_consonant], axis=0)
    line("error of CONSONANT where one comes", f"{at[0]:.3f}", "low (fig. 5 a)")
    line("error of HIGH there", f"{at[3]:.3f}", "high (fig. 5 b)")


def show_words(found: Words) -> None:
    """Print the errors of the third simulation."""
    heading("3. Words without spaces: 5-20-5")
    line("letters", f"{len(found.text) + 1:,}", "4,963")
    line("error, first letter of a word", f"{rms(found.error[found.begins]):.2f}", "high (fig. 6)")
    line("error, other letters", f"{rms(found.error[~found.begins]):.2f}", "low (fig. 6)")
    line("words at whose beginning the error rises", f"{found.peaks:.1%}", "it rises (fig. 6)")


def show_sentences(found: Sentences) -> None:
    """Print the figures of the fourth simulation."""
    heading("4. Words in simple sentences: 31-150-31")
    line("words in 10,000 sentences", f"{len(found.errors) + 1:,}", "27,534")
    line(
        "error, mean length of the error vectors",
        f"{found.errors.mean():.3f}",
        ".88, this or the next",
    )
    line("error, root of their mean square", f"{rms(found.errors):.3f}", "")
    least = f"{found.likelihood_errors.mean():.3f}, {rms(found.likelihood_errors):.3f}"
    line("both for the likelihoods themselves", least, "")
    cosine = f"{found.cosines.mean():.3f} ± {found.cosines.std():.3f}"
    line("cosine with the likelihoods", cosine, ".916 ± .123")
    line("words not among their nouns or verbs", f"{found.misplaced_verbs}", "none (fig. 7)")
    line(
        "nouns not among their animates or inanimates",
        f"{found.misplaced_animates}",
        "none (fig. 7)",
    )


def main() -> None:
    """Run the simulations, print, and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=1, help="run the fourth one with so many")
    parser.add_argument(
        "--output", type=Path, default="finding-structure", help="a folder for the figures"
    )
    options = parser.parse_args()
    if options.seeds < 1:
        parser.error(f"--seeds: expected 1 or more, got {options.seeds}")
    from finding_structure_figures import draw  # at once, so that a lack of matplotlib is told

    start = time.perf_counter()
    bits_found = exclusive_or(options.seed)
    show_exclusive_or(bits_found)
    letters_found = letters(options.seed)
    show_letters(letters_found)
    words_found = words(options.seed)
    show_words(words_found)
    found = []
    for seed in range(options.seed, options.seed + options.seeds):
        found.append(sentences(seed))
        show_sentences(found[-1])
    draw(options.output, bits_found, letters_found, words_found, found[0], GROUPS)
    print(f"\n{time.perf_counter() - start:.0f} s; the figures are in {options.output}{os.sep}")


if __name__ == "__main__":
    main()
