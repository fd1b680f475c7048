"""Tell the part of speech of every word of Danish, and print how well beside a CRF.

    python examples/danish_tags.py
    python examples/danish_tags.py --data FOLDER
    python examples/danish_tags.py --turkish

The first fetches the Danish treebank of Universal Dependencies as the repository
https://github.com/bplank/bilstm-aux holds it (CC BY-SA 4.0): 4,868 sentences to learn from, and 322
to test on. The second takes its files da-ud-train.conllu and da-ud-test.conllu from a folder. The
third takes the Turkish Web Treebank instead, from its package turkish-treebanks (Apache 2.0): 4,851
sentences, a tenth of them drawn to test on.

The settings were chosen on a tenth of the Turkish sentences to learn from. The CRF is that of
sklearn-crfsuite, where it is installed, with the features of its tutorial.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
import urllib.request
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

import elman
from elman.estimators import RNNTagger

URL = "https://raw.githubusercontent.com/bplank/bilstm-aux/master/data/"
FILES = ("da-ud-train.conllu", "da-ud-test.conllu")

Part = tuple[list[list[str]], list[list[str]]]
"""Sentences, and the tags of their words."""


def read(lines: Iterable[str]) -> Part:
    """Return the sentences of CoNLL-U, or of lines of a word and its tag."""
    X: list[list[str]] = [[]]
    y: list[list[str]] = [[]]
    for line in lines:
        columns = line.rstrip("\r\n").split("\t")
        if columns == [""] and X[-1]:
            X.append([])
            y.append([])
        elif len(columns) == 2:
            X[-1].append(columns[0])
            y[-1].append(columns[1])
        elif len(columns) == 10 and columns[0].isdigit():
            X[-1].append(columns[1])
            y[-1].append(columns[3])
    return [words for words in X if words], [tags for tags in y if tags]


def danish(folder: Path | None) -> list[Part]:
    """Return the sentences to learn from and those to test on."""
    if folder is not None:
        return [read((folder / name).read_text("utf-8").splitlines()) for name in FILES]
    parts = []
    for name in FILES:
        try:
            with urllib.request.urlopen(URL + name, timeout=60) as answer:
                parts.append(read(answer.read().decode().splitlines()))
        except OSError as error:
            fix = "fetch the two files by hand and pass --data FOLDER, or try --turkish"
            raise SystemExit(f"cannot fetch {URL}{name}: {error}; {fix}") from None
    return parts


def turkish() -> list[Part]:
    """Return sentences to learn from, and a tenth of all to test on."""
    X, y = [], []
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        subprocess.run([*pip, "turkish-treebanks==1.0.0", "--dest", folder], check=True)
        with zipfile.ZipFile(next(Path(folder).glob("*.whl"))) as wheel:
            for name in ("data/web.conllu", "data/wiki.conllu"):
                sentences, tags = read(wheel.read(name).decode().splitlines())
                X += sentences
                y += tags
    order = np.random.RandomState(0).permutation(len(X))
    X, y = [X[i] for i in order], [y[i] for i in order]
    cut = len(X) * 9 // 10
    return [(X[:cut], y[:cut]), (X[cut:], y[cut:])]


def make_tagger(seed: int) -> RNNTagger:
    """Make the tagger that was chosen."""
    return RNNTagger(
        num_layers=2,
        dropout=0.3,
        recurrent_dropout=0.3,
        affix_lengths=(1, 2, 3, 4),
        random_state=seed,
    )


# ---- the CRF ------------------------------------------------------------------------------------


def features(words: list[str]) -> list[dict[str, Any]]:
    """Return what sklearn-crfsuite's tutorial looks at in each word and its neighbours."""
    found = []
    for t, word in enumerate(words):
        of_word: dict[str, Any] = {
            "bias": 1.0,
            "word.lower()": word.lower(),
            "word[-3:]": word[-3:],
            "word[-2:]": word[-2:],
            "word.isdigit()": word.isdigit(),
            "BOS": t == 0,
            "EOS": t == len(words) - 1,
        }
        for place in (-1, 0, 1):
            if 0 <= t + place < len(words):
                neighbour = words[t + place]
                of_word[f"{place}:word.lower()"] = neighbour.lower()
                of_word[f"{place}:word.istitle()"] = neighbour.istitle()
                of_word[f"{place}:word.isupper()"] = neighbour.isupper()
        found.append(of_word)
    return found


def crf_score(train: Part, test: Part) -> float | None:
    """Return the accuracy of a conditional random field; None without sklearn-crfsuite."""
    try:
        import sklearn_crfsuite
    except ImportError:
        return None
    crf = sklearn_crfsuite.CRF(
        algorithm="lbfgs", c1=0.1, c2=0.1, max_iterations=100, all_possible_transitions=True
    )
    crf.fit([features(words) for words in train[0]], train[1])
    predicted = crf.predict([features(words) for words in test[0]])
    pairs = [
        pair
        for tags, found in zip(test[1], predicted, strict=True)
        for pair in zip(tags, found, strict=True)
    ]
    return float(np.mean([wanted == got for wanted, got in pairs]))


# ---- the figures --------------------------------------------------------------------------------


def main() -> None:
    """Train with some seeds, test, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help=f"a folder with {' and '.join(FILES)}")
    parser.add_argument("--turkish", action="store_true", help="the Turkish Web Treebank instead")
    parser.add_argument("--seeds", type=int, default=5, help="how many seeds to train with")
    options = parser.parse_args()
    train, test = turkish() if options.turkish else danish(options.data)
    words = sum(map(len, train[0]))
    kernels = elman.show_config()
    print(f"{len(train[0])} sentences of {words} words to learn from, {len(test[0])} to test on")
    scores, seconds = [], []
    for seed in range(options.seeds):
        start = time.perf_counter()
        tagger = make_tagger(seed).fit(*train)
        seconds.append(time.perf_counter() - start)
        scores.append(tagger.score(*test))
    print(
        f"{kernels['isa']} kernels, threads: {kernels['threads']}; {np.mean(seconds):.1f} s a fit\n"
        f"Accuracy on {sum(map(len, test[0]))} words"
    )
    print(f"  {f'elman, mean of {len(scores)} seeds':50}{np.mean(scores):.4f}")
    print(f"  {'elman, each seed':50}{' '.join(f'{score:.4f}' for score in scores)}")
    crf = crf_score(train, test)
    if crf is None:
        print("  for the CRF: pip install sklearn-crfsuite; it has .948 of the Danish words")
    else:
        print(f"  {'conditional random field, sklearn-crfsuite':50}{crf:.4f}")
    chosen = random.Random(0).choice(test[0])
    tags = tagger.predict([chosen])[0]
    print("\n" + " ".join(f"{word}/{tag}" for word, tag in zip(chosen, tags, strict=True)))


if __name__ == "__main__":
    main()
