"""RNNLanguageModel: texts in, texts out, and every number between held to a hand's count."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import elman
from elman.estimators import RNNLanguageModel
from elman.estimators._corpus import Corpus
from elman.estimators._text_objective import TextObjective
from elman.models._choice import Choice
from elman.models._language import LanguageModel, nats_of
from elman.models._text import Vocabulary, words
from elman.train import Step

TEXT = "the cat sat on the mat. "


def small(**options: Any) -> RNNLanguageModel:
    defaults: dict[str, Any] = {
        "hidden_size": 32,
        "embedding_size": 16,
        "batch_size": 4,
        "sequence_length": 16,
        "max_iter": 20,
        "random_state": 0,
    }
    return RNNLanguageModel(**defaults | options)


@pytest.fixture(scope="module")
def fitted() -> RNNLanguageModel:
    return small(max_iter=60).fit(TEXT * 40)


# ---- symbols ------------------------------------------------------------------------------------


@given(st.text())
def test_words_joined_are_the_text(text: str) -> None:
    assert "".join(words(text)) == text


@given(st.text(), st.sampled_from(["char", "word", "byte"]))
def test_a_text_comes_back_from_its_symbols(text: str, unit: str) -> None:
    symbols = {"char": sorted(set(text)), "word": sorted(set(words(text))), "byte": []}[unit]
    vocabulary = Vocabulary(unit, symbols, "error")
    found = vocabulary.decode(vocabulary.encode(text))
    assert (found.decode() if isinstance(found, bytes) else found) == text


def test_what_becomes_of_unknown_symbols() -> None:
    known = ["a", "b"]
    assert Vocabulary("char", known, "replace").encode("abxa").tolist() == [1, 2, 3, 1]
    assert Vocabulary("char", known, "skip").encode("abxa").tolist() == [1, 2, 1]
    with pytest.raises(ValueError, match=r"chars among the 2 that fit saw, got 'x' at character 2"):
        Vocabulary("char", known, "error").encode("abxay")
    with pytest.raises(ValueError, match=r"got ' b' at character 3 and 1 more; fit with unknown="):
        Vocabulary("word", ["the"], "error").encode("the b c")


def test_an_unknown_character_is_told_before_anything_is_generated(fitted: Any) -> None:
    with pytest.raises(ValueError, match=r"^text: expected chars .* got 'z' at character 4"):
        fitted.generate("the zoo")
    with pytest.raises(ValueError, match="got 'Z' at character 0"):
        fitted.perplexity("Zoo")


# ---- learning -----------------------------------------------------------------------------------


def test_a_text_is_learned_and_goes_on(fitted: Any) -> None:
    assert fitted.bits_per_character(TEXT * 4) < 0.2
    assert fitted.generate("the cat ", 16, temperature=0) == "sat on the mat. "
    assert fitted.score(TEXT * 4) == pytest.approx(-math.log(fitted.perplexity(TEXT * 4)))


@pytest.mark.parametrize("unit", ["char", "word", "byte"])
@pytest.mark.parametrize("cell", ["rnn", "lstm"])
def test_units_and_cells(unit: Any, cell: Any) -> None:
    text = "é is a letter, and so is ß; " * 30
    model = small(unit=unit, cell=cell, max_iter=80, learning_rate_init=0.01).fit(text)
    assert model.bits_per_character(text) < 0.5
    # A word takes the blank before it.
    assert model.generate("é is a", 40, temperature=0, stop=";") == " letter, and so is ß"


def test_a_network_that_knows_nothing_has_as_many_choices_as_symbols() -> None:
    model = small(max_iter=1).fit(TEXT * 4)
    network = model.network_
    network.head.load_state_dict({n: 0 * a for n, a in network.head.state_dict().items()})
    symbols = len(set(TEXT)) + 1  # the boundary is one
    assert model.perplexity(TEXT) == pytest.approx(symbols, rel=1e-6)
    assert model.bits_per_character(TEXT) == pytest.approx(math.log2(symbols), rel=1e-6)


def test_bits_are_per_character_whatever_the_unit() -> None:
    model = small(unit="word", max_iter=1).fit("ab cd " * 20)
    total, count, characters = model.model_.nats("ab cd ab cd")
    assert (count, characters) == (4, 11)
    wanted = total / math.log(2) / 11
    assert model.bits_per_character("ab cd ab cd") == pytest.approx(wanted, rel=1e-12)


def test_scores_do_not_depend_on_how_a_text_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    from elman.models import _language

    model = small(max_iter=2).fit(TEXT * 40)
    text = TEXT * 70  # longer than what is scored at once
    whole = model.model_.nats(text)[0]
    monkeypatch.setattr(_language, "_STEPS", 10**6)
    assert model.model_.nats(text)[0] == pytest.approx(whole, rel=1e-6)


def test_documents_end() -> None:
    texts = ["one two three.", "four five six."]
    documents = [texts[i] for i in np.random.default_rng(0).integers(0, 2, 40)]
    model = small(max_iter=150, learning_rate_init=0.01).fit(documents)
    found = {model.generate("", 60, temperature=0.5, random_state=s) for s in range(8)}
    assert found == {"one two three.", "four five six."}
    one = model.model_.nats(texts[0])[0]
    two = model.model_.nats(texts[1])[0]
    assert model.model_.nats(texts)[0] == pytest.approx(one + two)


def test_the_same_seed_gives_the_same_model() -> None:
    one, two, three = (small(random_state=s, max_iter=2).fit(TEXT * 20) for s in (3, 3, 4))
    state = one.model_.state_dict()
    same = [np.array_equal(state[n], a) for n, a in two.model_.state_dict().items()]
    other = [np.array_equal(state[n], a) for n, a in three.model_.state_dict().items()]
    assert all(same)
    assert not any(other)


def test_early_stopping_holds_the_end_out() -> None:
    model = small(early_stopping=True, max_iter=3, validation_fraction=0.25).fit(TEXT * 40)
    numbers = model.model_.vocabulary.encode(TEXT * 40)
    held = numbers[len(numbers) - math.ceil(0.25 * len(numbers)) :]
    assert model.best_validation_score_ == max(model.validation_scores_)
    wanted = -nats_of(model.network_, held) / len(held)
    assert model.best_validation_score_ == pytest.approx(wanted, rel=1e-6)


# ---- chunks -------------------------------------------------------------------------------------


def test_chunks_pass_over_the_text_once_and_carry_the_state() -> None:
    numbers = np.arange(1, 101)
    objective = TextObjective(numbers, 4, 5, None, np.random.RandomState(0))
    chunks = list(objective.batches())
    assert len(chunks) == objective.steps == 5
    assert [chunk.begins for chunk in chunks] == [True, False, False, False, False]
    y = np.concatenate([chunk.y for chunk in chunks], axis=1)
    assert sorted(y.ravel()) == numbers.tolist()
    for chunk in chunks:
        np.testing.assert_array_equal(chunk.x, np.where(chunk.y == 1, 0, chunk.y - 1))
    assert (np.diff(y, axis=1) % 100 == 1).all()


def test_a_carried_state_is_that_of_one_long_run() -> None:
    model = small(max_iter=1).fit(TEXT * 20)
    network = model.network_
    numbers = model.model_.vocabulary.encode(TEXT * 20)
    long = TextObjective(numbers, 2, 40, 1, np.random.RandomState(0))
    short = TextObjective(numbers, 2, 10, 4, np.random.RandomState(0))
    (chunk,) = long.batches()
    whole = long.step(network, chunk).loss
    steps: list[Step] = [short.step(network, c) for c in short.batches()]
    assert np.mean([step.loss for step in steps]) == pytest.approx(whole, rel=1e-6)


def test_gradients_are_the_differences_of_the_loss() -> None:
    model = small(max_iter=1, dtype="float64", hidden_size=5, embedding_size=3).fit(TEXT * 4)
    network = model.network_
    numbers = model.model_.vocabulary.encode(TEXT)
    objective = TextObjective(numbers, 2, 6, 1, np.random.RandomState(0))
    (chunk,) = objective.batches()
    gradients = objective.step(network, chunk).gradients
    start = network.state_dict()
    assert gradients.keys() == start.keys()
    random = np.random.default_rng(0)
    for name, value in start.items():
        direction = random.standard_normal(value.shape)
        losses = []
        for side in (1e-5, -1e-5):
            network.load_state_dict(start | {name: value + side * direction})
            losses.append(objective.step(network, chunk).loss)
        slope = (losses[0] - losses[1]) / 2e-5
        assert slope == pytest.approx((gradients[name] * direction).sum(), rel=1e-6, abs=1e-9)


# ---- generation ---------------------------------------------------------------------------------


def test_choices_by_hand() -> None:
    logits = np.log([0.5, 0.3, 0.15, 0.05])

    def p(*arguments: Any) -> list[float]:
        return Choice.checked(*arguments, 0).probabilities(logits).round(6).tolist()

    assert p(1.0, None, None) == [0.5, 0.3, 0.15, 0.05]
    assert p(0.0, None, None) == [1, 0, 0, 0]
    assert p(1.0, 2, None) == [0.625, 0.375, 0, 0]
    assert p(1.0, None, 0.5) == [1, 0, 0, 0]
    assert p(1.0, None, 0.51) == [0.625, 0.375, 0, 0]
    assert p(1.0, None, 1.0) == [0.5, 0.3, 0.15, 0.05]
    squares = np.array([0.25, 0.09, 0.0225, 0.0025])
    assert p(0.5, None, None) == (squares / squares.sum()).round(6).tolist()


def test_draws_follow_the_probabilities() -> None:
    choice = Choice.checked(1.0, None, None, 0)
    drawn = [choice.draw(np.log([0.7, 0.2, 0.1])) for _ in range(3000)]
    np.testing.assert_allclose(np.bincount(drawn) / 3000, [0.7, 0.2, 0.1], atol=0.03)


def test_a_prompt_is_read_to_its_end(fitted: Any) -> None:
    """What follows is what the network says after the whole prompt, not after its last symbol."""
    for prompt, wanted in {"the cat ": "s", "on the ": "m", "the mat": "."}.items():
        assert fitted.generate(prompt, 1, temperature=0) == wanted


def test_stops_cut_the_text_wherever_they_fall(fitted: Any) -> None:
    whole = fitted.generate("the ", 60, temperature=0)
    for stop in ("sat", " on t", "mat. the", "."):
        wanted = whole[: whole.index(stop)] if stop in whole else whole
        assert fitted.generate("the ", 60, temperature=0, stop=stop) == wanted
        pieces = list(fitted.stream("the ", 60, temperature=0, stop=[stop, "nowhere"]))
        assert "".join(pieces) == wanted
    assert fitted.generate("the ", 60, temperature=0, stop="nowhere") == whole


def test_a_seed_draws_the_same_text(fitted: Any) -> None:
    texts = [fitted.generate("", 30, temperature=3, random_state=seed) for seed in (1, 1, 2)]
    assert texts[0] == texts[1] != texts[2]


def test_the_symbol_of_all_others_is_never_drawn() -> None:
    model = small(unknown="replace", min_count=5, max_iter=2).fit("aaaaabbbbbcd" * 1)
    assert model.vocabulary_ == ["a", "b"]
    assert set(model.generate("", 200, temperature=50, random_state=0)) <= {"a", "b"}


# ---- files --------------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", ["char", "word", "byte"])
def test_a_file_is_learned_as_its_text(
    tmp_path: Path, unit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from elman.estimators import _corpus

    monkeypatch.setattr(_corpus, "_BLOCK", 7)  # cuts characters and words
    text = "ein Wörterbuch, größer als 7 Byte ☃ — and more… " * 8
    path = tmp_path / "text"
    path.write_bytes(text.encode())
    one = small(unit=unit, max_iter=2).fit(path)
    two = small(unit=unit, max_iter=2).fit(text)
    assert one.vocabulary_ == two.vocabulary_
    for name, array in two.model_.state_dict().items():
        np.testing.assert_array_equal(one.model_.state_dict()[name], array)


def test_a_large_file_takes_no_memory(tmp_path: Path, run_python: Callable[..., str]) -> None:
    path = tmp_path / "text"
    with open(path, "wb") as file:
        for _ in range(64):
            file.write(b"to be or not to be. " * 50_000)  # a megabyte
    program = f"""
import resource, pathlib
from elman.estimators import RNNLanguageModel
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
options = dict(hidden_size=8, embedding_size=4, batch_size=4, sequence_length=8, random_state=0)
RNNLanguageModel(**options, max_iter=1).fit("to be or not to be. ")
before = peak()
RNNLanguageModel(**options, max_iter=2, steps_per_epoch=5).fit(pathlib.Path({str(path)!r}))
print(peak() - before)
"""
    # As uint16 the symbols alone are 128 MB. Pages of a mapped file may stay while memory is free.
    assert float(run_python(program)) < 64


def test_a_model_comes_back_as_it_was(fitted: Any, tmp_path: Path) -> None:
    fitted.save(tmp_path / "model")
    model = elman.load(tmp_path / "model")
    assert type(model) is LanguageModel
    assert model.perplexity(TEXT) == fitted.perplexity(TEXT)
    same = RNNLanguageModel.load(tmp_path / "model")
    assert same.get_params() == fitted.get_params()
    text = fitted.generate("", 40, random_state=0)
    assert text == model.generate("", 40, random_state=0) == same.generate("", 40, random_state=0)


# ---- mistakes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kind", "told"),
    [
        ("", ValueError, "X: expected a text, got an empty one"),
        (["", ""], ValueError, "X: expected a text, got an empty one"),
        ("a", ValueError, "X: expected two symbols or more to learn from, got 1"),
        (b"abc", TypeError, "X: expected a str, a list of str, or a pathlib.Path"),
        (3, TypeError, "X: expected a str, a list of str, or a pathlib.Path"),
        (["a", 3], TypeError, r"X\[1\]: expected a str, got int"),
    ],
)
def test_a_text_that_is_none_is_told(text: Any, kind: type[Exception], told: str) -> None:
    model = small()
    with pytest.raises(kind, match=f"^{told}"):
        model.fit(text)
    assert not hasattr(model, "model_")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"unit": "letter"}, "unit: "),
        ({"unknown": "drop"}, "unknown: "),
        ({"bidirectional": True}, "bidirectional: expected False"),
        ({"min_count": 99}, "X: expected a char that occurs 99 times, got none; lower min_count"),
        ({"max_vocabulary": 3}, 'unknown: expected "replace" or "skip"'),
        ({"sequence_length": 0}, "sequence_length: "),
    ],
)
def test_parameters_that_make_no_sense_are_told(options: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=f"^{told}"):
        small(**options).fit(TEXT)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"temperature": -1}, "temperature: "),
        ({"top_p": 0}, "top_p: "),
        ({"top_k": 0}, "top_k: "),
        ({"max_new_tokens": 0}, "max_new_tokens: "),
        ({"stop": ""}, "stop: expected texts that are not empty, got ''"),
        ({"stop": 5}, "stop: expected texts that are not empty, got 5"),
        ({"random_state": "a"}, "random_state: "),
        ({"prompt": None}, "prompt: expected a str"),
    ],
)
def test_how_to_draw_is_checked(fitted: Any, options: dict[str, Any], told: str) -> None:
    with pytest.raises((TypeError, ValueError), match=f"^{told}"):
        fitted.generate(**options)


@pytest.mark.parametrize("text", [3, None, [TEXT, 3]])
def test_scores_are_of_texts(fitted: Any, text: Any) -> None:
    for score in (fitted.perplexity, fitted.bits_per_character):
        with pytest.raises(TypeError, match=r"^text: expected a str, or a list of str, got"):
            score(text)


@pytest.mark.parametrize(
    ("data", "at"), [(b"ab\xff", 2), (b"\xe2\x98", 0), (b"abc\xc3", 3), (b"a\xc3(b", 1)]
)
@pytest.mark.parametrize("block", [2, 100])
def test_a_file_that_is_not_utf_8_is_told(
    tmp_path: Path, data: bytes, at: int, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from elman.estimators import _corpus

    monkeypatch.setattr(_corpus, "_BLOCK", block)
    path = tmp_path / "text"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=f"text in UTF-8, got byte 0x{data[at]:02x} at {at};"):
        list(Corpus(path, "char").pieces())
    assert b"".join(piece for _, piece in Corpus(path, "byte").pieces()) == data


def test_empty_and_missing_files(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    with pytest.raises(ValueError, match=r"^X: expected a file with a text, got an empty file"):
        small().fit(tmp_path / "empty")
    with pytest.raises(FileNotFoundError):
        small().fit(tmp_path / "none")


@pytest.mark.parametrize("solver", ["adam", "adamw", "sgd"])
def test_alpha_keeps_weights_small(solver: Any) -> None:
    norms = []
    for alpha in (0.0, 1.0):
        model = RNNLanguageModel(
            hidden_size=8, batch_size=4, sequence_length=16, max_iter=3, solver=solver,
            alpha=alpha, learning_rate_init=0.05, random_state=0,
        )  # fmt: skip
        weights = model.fit("the cat sat on the mat. " * 20).network_.state_dict().values()
        norms.append(sum(float((w**2).sum()) for w in weights))
    assert norms[1] < 0.8 * norms[0]


@pytest.mark.parametrize(
    ("X", "fix"),
    [
        (pd.DataFrame({"text": [TEXT]}), "pass its column of texts"),
        ({"a title": TEXT}, r"pass list\(X.values\(\)\)"),
    ],
)
def test_names_are_no_texts(X: Any, fix: str) -> None:
    with pytest.raises(TypeError, match=f"^X: expected a str, .*; {fix}"):
        small().fit(X)


def test_symbols_that_are_skipped_do_not_count() -> None:
    model = small(unknown="skip").fit(TEXT)
    expected = model.bits_per_character(TEXT)
    assert model.bits_per_character(TEXT + "ΩΩΩ") == pytest.approx(expected, rel=1e-12)
    for score in (model.bits_per_character, model.perplexity):
        with pytest.raises(ValueError, match="text: expected at least one symbol that is known"):
            score("ΩΩΩ")
    with pytest.raises(ValueError, match="X_val: expected at least one symbol that is known"):
        small(unknown="skip", early_stopping=True).fit(TEXT, X_val="ΩΩΩ")
