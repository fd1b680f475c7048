"""``elman demo``: what it prints and draws, and what it says where something is missing."""

import sys

import matplotlib.image
import numpy as np
import pytest

import elman
from elman.cli import _pictures, main
from elman.cli._demo import make_recogniser
from elman.datasets import load_japanese_vowels


@pytest.fixture(scope="module")
def recogniser():
    X_train, y_train, _, _ = load_japanese_vowels()
    return make_recogniser(random_state=0).fit(X_train, y_train)


def test_the_demo_recognises_speakers_and_says_so(tmp_path, capsys):
    folder = tmp_path / "new" / "pictures"
    assert main(["demo", "--output", str(folder)]) == 0
    printed = capsys.readouterr().out
    words = printed.split()
    accuracy = float(words[words.index("elman") + 1])
    assert accuracy >= 0.962
    assert "hidden Markov model     0.962" in printed
    assert "the paper of the data   0.941" in printed
    assert "270 utterances to train on, 370 to test on" in printed
    for name in ("confusion.png", "growth.png"):
        assert str(folder / name) in printed
        picture = matplotlib.image.imread(folder / name)
        assert picture.shape[0] > 600
        assert picture.shape[1] > 600
        assert len(np.unique(picture.reshape(-1, picture.shape[2]), axis=0)) > 20


def test_the_utterance_drawn_was_doubtful_and_is_recognised(recogniser):
    _, _, X_test, y_test = load_japanese_vowels()
    chosen, probabilities = _pictures._most_telling(recogniser, X_test, y_test)
    of_speaker = probabilities[:, list(recogniser.classes_).index(y_test[chosen])]
    assert len(of_speaker) == len(X_test[chosen])
    assert of_speaker[-1] > 0.9
    assert of_speaker[: len(of_speaker) // 2].max() < 0.5
    np.testing.assert_array_equal(probabilities[-1], recogniser.predict_proba(X_test)[chosen])


def test_where_something_is_missing_it_says_what_to_install(monkeypatch, capsys, tmp_path):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    monkeypatch.delitem(sys.modules, "elman.cli._pictures", raising=False)
    monkeypatch.delattr("elman.cli._pictures", raising=False)
    assert main(["demo", "--output", str(tmp_path / "pictures")]) == 1
    assert "pip install 'elman[demo]'" in capsys.readouterr().err
    assert not (tmp_path / "pictures").exists()


def test_version(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out == f"elman {elman.__version__}\n"


def test_a_command_is_needed():
    with pytest.raises(SystemExit, match="2"):
        main([])
