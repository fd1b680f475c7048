"""``elman demo``: a speaker recogniser, trained on real speech."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import elman
from elman.datasets import load_japanese_vowels

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

HIDDEN_SIZE = 64

PUBLISHED = {"hidden Markov model": 0.962, "the paper of the data": 0.941}
"""Test accuracies that Kudo, Toyama & Shimbo (1999) report."""


def make_recogniser(random_state: int, verbose: bool = False) -> Pipeline:
    """Make the demo's classifier, not yet trained."""
    from sklearn.pipeline import make_pipeline

    from elman.estimators import RNNClassifier, SequenceScaler

    return make_pipeline(
        SequenceScaler(),
        RNNClassifier(
            hidden_size=HIDDEN_SIZE, bidirectional=True, random_state=random_state, verbose=verbose
        ),
    )


def run(options: argparse.Namespace) -> int:
    """Train, test, print and draw; return the exit status."""
    try:
        from elman.cli import _pictures
    except ImportError as error:
        print(
            f"elman demo needs {error.name}: pip install 'elman[demo]' brings all it needs",
            file=sys.stderr,
        )
        return 1
    folder = Path(options.output)
    folder.mkdir(parents=True, exist_ok=True)

    X_train, y_train, X_test, y_test = load_japanese_vowels()
    print(
        f"Nine speakers say /ae/: {len(X_train)} utterances to train on, {len(X_test)} to test on."
    )
    kernels = elman.show_config()
    print(
        f"Training a bidirectional Elman network, {HIDDEN_SIZE} hidden units each way, on "
        f"{kernels['backend']} kernels ({kernels['isa']}, threads: {kernels['threads']})."
    )
    recogniser = make_recogniser(options.random_state, verbose=True)
    start = time.perf_counter()
    recogniser.fit(X_train, y_train)
    seconds = time.perf_counter() - start
    print(f"Trained in {seconds:.1f} s, {recogniser[-1].n_iter_} epochs.\n")

    print("Accuracy on the utterances to test on")
    for name, accuracy in {"elman": recogniser.score(X_test, y_test), **PUBLISHED}.items():
        print(f"  {name:24}{accuracy:.3f}")

    print("\nPictures")
    predicted = recogniser.predict(X_test)
    _pictures.draw_confusion(y_test, predicted, folder / "confusion.png")
    print(f"  {folder / 'confusion.png'}: who was taken for whom")
    _pictures.draw_growth(recogniser, X_test, y_test, folder / "growth.png")
    print(f"  {folder / 'growth.png'}: one utterance, recognised frame by frame")
    return 0
