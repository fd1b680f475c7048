"""Put the spaces back into Korean text, and print how well beside simple rules.

    python examples/korean_spacing.py

Each character is labelled with whether a space follows on it. The text is the constitution of the
Republic of Korea, which is in the public domain. It is read from the wheel of the package konlpy,
whose code, under the GPL, is neither installed nor run; --data takes a file of your own. Nine
tenths of the paragraphs are learned; every tenth one is held out.

The settings were chosen on paragraphs of those that are learned.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter
from itertools import chain
from pathlib import Path

import numpy as np

import elman
from elman.estimators import RNNTagger

Part = tuple[list[list[str]], list[list[int]]]
"""The characters of paragraphs, and for each whether a space follows."""


def constitution() -> str:
    """Return the text of the constitution."""
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        subprocess.run([*pip, "konlpy==0.6.0", "--dest", folder], check=True)
        with zipfile.ZipFile(next(Path(folder).glob("*.whl"))) as wheel:
            return wheel.read("konlpy/data/corpus/kolaw/constitution.txt").decode()


def without_spaces(paragraph: str) -> tuple[list[str], list[int]]:
    """Return the characters of a paragraph, and whether a space followed on each."""
    words = paragraph.split()
    follows = [[0] * (len(word) - 1) + [1] for word in words]
    follows[-1][-1] = 0
    return list("".join(words)), list(chain(*follows))


def spaced(characters: list[str], follows: list[int]) -> str:
    """Undo `without_spaces`."""
    pairs = zip(characters, follows, strict=True)
    return "".join(character + " " * space for character, space in pairs)


def by_pairs(train: Part, test: Part) -> list[list[int]]:
    """Return what stood most often, in the text to learn from, between the same two characters."""
    seen, spaces = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for characters, follows in zip(*train, strict=True):
        for pair, space in zip(pairs_of(characters), follows, strict=True):
            seen[pair] += 1
            spaces[pair] += space
    return [[int(2 * spaces[p] > seen[p]) for p in pairs_of(characters)] for characters in test[0]]


def pairs_of(characters: list[str]) -> list[tuple[str, str]]:
    """Return each character with the next one."""
    return list(zip(characters, [*characters[1:], ""], strict=True))


def scores(wanted: list[list[int]], found: list[list[int]]) -> tuple[float, float]:
    """Return the accuracy over all characters, and F1 of spaces."""
    y, p = np.array(list(chain(*wanted))), np.array(list(chain(*found)))
    right = int((y & p).sum())
    return float((y == p).mean()), 2 * right / max(1, int(y.sum() + p.sum()))


def main() -> None:
    """Train, test, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="a text in UTF-8; without it the constitution")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    text = options.data.read_text("utf-8") if options.data else constitution()
    paragraphs = [without_spaces(line) for line in text.splitlines() if line.strip()]
    parts = [
        [p for i, p in enumerate(paragraphs) if (i % 10 == 9) == held] for held in (False, True)
    ]
    train, test = (([c for c, _ in part], [f for _, f in part]) for part in parts)
    tagger = RNNTagger(
        affix_lengths=(),
        word_shapes=False,
        batch_size=8,
        max_iter=60,
        n_iter_no_change=np.inf,
        random_state=options.seed,
    )
    start = time.perf_counter()
    tagger.fit(*train)
    seconds = time.perf_counter() - start
    found = tagger.predict(test[0]).tolist()
    kernels = elman.show_config()
    print(
        f"{sum(map(len, train[0]))} characters to learn from, {sum(map(len, test[0]))} held out; "
        f"{kernels['isa']} kernels, threads: {kernels['threads']}; {seconds:.1f} s"
    )
    print(f"{'':36}accuracy  F1 of spaces")
    for name, guess in {
        "no spaces": [[0] * len(characters) for characters in test[0]],
        "most frequent between two characters": by_pairs(train, test),
        "elman, bidirectional GRU": found,
    }.items():
        accuracy, f1 = scores(test[1], guess)
        print(f"{name:36}{accuracy:8.3f}{f1:14.3f}")
    longest = max(range(len(found)), key=lambda i: len(found[i]) if len(found[i]) < 120 else 0)
    print("\nread    " + "".join(test[0][longest]))
    print("written " + spaced(test[0][longest], found[longest]))
    print("was     " + spaced(test[0][longest], test[1][longest]))


if __name__ == "__main__":
    main()
