"""Taggers in files: the same answers to the bit, on NumPy alone, and nothing half right."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import damaged_files
import numpy as np
import pytest

import elman
from elman.estimators import RNNTagger
from elman.io import ModelFileError
from elman.models import TaggerModel

OPTIONS: dict[str, Any] = {"hidden_size": 4, "embedding_size": 4, "affix_size": 2, "max_iter": 2}

SENTENCES = [["Der", "Hund", "bellt"], ["Über", "7", "Brücken"], ["der", "bellt"]] * 4


def drawn(kind: str) -> list[Any]:
    random = np.random.default_rng(0)
    lengths = random.integers(1, 9, 12)
    if kind == "vectors":
        return [random.standard_normal((T, 3)) for T in lengths]
    if kind == "integers":
        return [random.integers(-5, 5, T) for T in lengths]
    return SENTENCES


def fitted(kind: str, labels: Any = ("a", "b"), **options: Any) -> tuple[RNNTagger, list[Any]]:
    X = drawn(kind)
    y = [[labels[t % 2] for t in range(len(x))] for x in X]
    return RNNTagger(**OPTIONS, random_state=0, **options).fit(X, y), X


def assert_same(found: Any, wanted: Any) -> None:
    assert len(found) == len(wanted)
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("kind", ["words", "integers", "vectors"])
@pytest.mark.parametrize("labels", [("a", "ÿ"), (3, -1), (True, False), (1.0, 2.0)])
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_a_tagger_comes_back_as_it_was(tmp_path: Path, kind: str, labels: Any, cell: Any) -> None:
    tagger, X = fitted(kind, labels, cell=cell, standardize=kind == "vectors")
    path = tmp_path / "model.safetensors"
    tagger.save(path)
    model = elman.load(path)
    assert type(model) is TaggerModel
    assert model.reads == kind
    for found in (model, RNNTagger.load(path), RNNTagger.from_model(model)):
        np.testing.assert_array_equal(found.classes_, tagger.classes_)
        assert found.predict(X).tolist() == tagger.predict(X).tolist()
        assert_same(found.predict_proba(X), tagger.predict_proba(X))
    assert RNNTagger.load(path).get_params() == tagger.get_params()
    again = tmp_path / "again.safetensors"
    elman.save(model, again)
    assert again.read_bytes() == path.read_bytes()


def test_loading_and_predicting_need_numpy_alone(
    tmp_path: Path, run_python: Callable[..., str]
) -> None:
    for kind in ("words", "vectors"):
        tagger, X = fitted(kind)
        path = tmp_path / kind
        tagger.save(path)
        given = X[:2] if kind == "words" else [x.tolist() for x in X[:2]]
        program = f"""
import sys, elman
model = elman.load({str(path)!r})
print(model.predict({given!r}).tolist())
print(sorted({{"sklearn", "pandas", "scipy", "matplotlib"}} & set(sys.modules)))
"""
        wanted = tagger.predict(given).tolist()
        assert run_python(program).splitlines() == [str(wanted), "[]"]


def test_a_vocabulary_that_no_header_could_hold(tmp_path: Path) -> None:
    """200,000 words of Cyrillic letters are more than the header of a file may have."""
    letters = [chr(0x430 + i) for i in range(32)]
    words = [a + b + c + d for a in letters for b in letters for c in letters for d in letters[:7]]
    X = [words[start : start + 64] for start in range(0, len(words), 64)]
    y = [["a", "b"] * 32] * len(X)
    tagger = RNNTagger(
        hidden_size=1, embedding_size=1, affix_lengths=(), word_shapes=False, max_iter=1,
        batch_size=4096, random_state=0,
    ).fit(X, y)  # fmt: skip
    tagger.save(tmp_path / "model")
    model = elman.load(tmp_path / "model")
    assert model.vocabulary.tobytes().decode().split("\0") == sorted(words)
    assert_same(model.predict_proba(X[:3]), tagger.predict_proba(X[:3]))


def test_empty_sequences_have_no_labels(tmp_path: Path) -> None:
    for kind in ("words", "integers"):
        tagger, X = fitted(kind)
        assert tagger.predict([[], X[0], []]).tolist() == [[], tagger.predict(X)[0], []]
        assert tagger.predict([[]]).tolist() == [[]]
        assert tagger.predict_proba([[]])[0].shape == (0, 2)
    tagger, X = fitted("vectors")
    found = tagger.predict([X[0], np.zeros((0, 3))])
    assert found.tolist() == [tagger.predict(X)[0], []]


def test_what_a_model_does_not_fit_is_told(tmp_path: Path) -> None:
    cases: list[tuple[str, Any, Any, str]] = [
        ("words", [[1, 2]], TypeError, "X: expected sequences of words, as in fit, got integers"),
        ("words", np.zeros((2, 3, 1)), TypeError, "X: expected sequences of words, .* got vectors"),
        ("integers", [["a"]], TypeError, "X: expected sequences of integers, .* got words"),
        ("integers", [[0.5]], TypeError, "X: expected sequences of integers, .* got vectors"),
        ("vectors", [np.zeros((4, 2))], ValueError, "X: expected 3 values at each step, .* got 2"),
        ("vectors", [np.full((4, 3), np.nan)], ValueError, "X: expected finite values, got NaN"),
    ]
    for kind, X, error, told in cases:
        tagger, _ = fitted(kind)
        tagger.save(tmp_path / kind)
        with pytest.raises(error, match=f"^{told}"):
            elman.load(tmp_path / kind).predict(X)


def words_file(tmp_path: Path) -> damaged_files.Parts:
    fitted("words")[0].save(tmp_path / "model")
    return damaged_files.Parts.of((tmp_path / "model").read_bytes())


LIES: list[tuple[Any, str]] = [
    (lambda c: c["features"].pop(), "an embedding of "),
    (lambda c: c["features"][0].__setitem__(2, 5), "an embedding of "),
    (lambda c: c["features"][0].__setitem__(0, "stem"), r"\[kind, length, number of symbols\]"),
    (lambda c: c["features"][0].__setitem__(0, "integer"), r"\[kind, length, number of symbols\]"),
    (lambda c: c["features"][1].__setitem__(1, 0), r"\[kind, length, number of symbols\]"),
    (lambda c: c["features"][0].__setitem__(1, 2), r"\[kind, length, number of symbols\]"),
    (lambda c: c.update(features=[]), "columns: expected some, without features"),
    (lambda c: c.update(features=3), r"\[kind, length, number of symbols\]"),
    (lambda c: c.update(columns=[3, None, False]), "columns: expected none, with features"),
    (lambda c: c.update(standardize=True), "columns: expected none, with features"),
    (lambda c: c.update(vocabulary_bytes=7), "vocabulary of U8"),
    (lambda c: c.update(vocabulary_bytes=-7), "an int, 0 or more"),
    (lambda c: c.update(labels=["str", ["a", "b", "c"]]), "out_features = 3"),
    (lambda c: c["network"]["config"].update(reads="last"), 'reads="every"'),
    (lambda c: c["network"]["config"].update(embedding=None), "an embedding of "),
]


@pytest.mark.parametrize(("change", "told"), LIES, ids=range(len(LIES)))
def test_a_file_that_lies_is_refused(tmp_path: Path, change: Any, told: str) -> None:
    parts = words_file(tmp_path)
    change(parts.record["config"])
    (tmp_path / "model").write_bytes(parts.signed().content())
    with pytest.raises(ModelFileError, match=told):
        elman.load(tmp_path / "model")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (b"hund", b"hun\xff", "a text in UTF-8"),
        (b"hund\0", b"hundx", "symbols, got"),
        (b"bellt\0der", b"bellt\0\0\0\0", "symbols, got"),
        (b"\0be\0de\0", b"\0be\0be\0", "different symbols, got the same"),
    ],
)
def test_a_vocabulary_that_lies_is_refused(
    tmp_path: Path, old: bytes, new: bytes, told: str
) -> None:
    parts = words_file(tmp_path)
    assert len(old) == len(new)
    assert parts.data.count(old)
    data = parts.data.replace(old, new)
    (tmp_path / "model").write_bytes(parts._replace(data=data).signed().content())
    with pytest.raises(ModelFileError, match=rf"arrays that TaggerModel takes, got .*{told}"):
        elman.load(tmp_path / "model")


def test_every_flipped_bit_is_seen(tmp_path: Path) -> None:
    parts = words_file(tmp_path)
    content = (tmp_path / "model").read_bytes()
    random = np.random.default_rng(0)
    places = random.integers(damaged_files.header_end(content), len(content), 40).tolist()
    for place in [*places, len(content) - 1]:
        changed = bytearray(content)
        changed[place] ^= 1 << int(random.integers(8))
        (tmp_path / "model").write_bytes(changed)
        with pytest.raises(ModelFileError, match="SHA-256"):
            elman.load(tmp_path / "model")
    assert parts.record["class"] == "TaggerModel"
