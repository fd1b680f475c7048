"""Texts: fit, evaluate and generate."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from cli.conftest import Run

import elman
from elman.estimators import RNNLanguageModel

TEXT = "the cat sat on the mat. the dog ran off.\n" * 12
QUICK = ("--hidden-size", 8, "--embedding-size", 6, "--batch-size", 4, "--max-iter", 3,
         "--set", "sequence_length=16")  # fmt: skip


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "cat.txt"
    path.write_text(TEXT)
    return path


@pytest.fixture
def cat(run: Run, text: Path, tmp_path: Path) -> Path:
    path = tmp_path / "cat.safetensors"
    assert run("fit", "language", text, *QUICK, "-o", path).status == 0
    return path


def in_python(unit: str = "char") -> RNNLanguageModel:
    return RNNLanguageModel(
        hidden_size=8, embedding_size=6, batch_size=4, max_iter=3, sequence_length=16, unit=unit,
        random_state=0,
    ).fit(TEXT)  # fmt: skip


def test_the_model_is_that_of_python(run: Run, cat: Path, text: Path) -> None:
    expected = in_python()
    found = elman.load(cat)
    for name, array in expected.model_.state_dict().items():
        assert (found.state_dict()[name] == array).all()
    ran = run("evaluate", cat, text)
    perplexity, bits = expected.perplexity(TEXT), expected.bits_per_character(TEXT)
    assert ran.out == f"metric,value\nperplexity,{perplexity!r}\nbits_per_character,{bits!r}\n"


@pytest.mark.parametrize("content", [gzip.compress(TEXT.encode()), b"\xef\xbb\xbf" + TEXT.encode()])
def test_a_pipe_gzip_and_a_mark_of_byte_order_give_the_same_model(
    run: Run, cat: Path, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "again.safetensors"
    assert run("fit", "language", "-", *QUICK, "-o", path, stdin=content).status == 0
    before, after = elman.load(cat), elman.load(path)
    for name, array in before.state_dict().items():
        assert (after.state_dict()[name] == array).all()
    assert after.symbols == before.symbols


def test_documents_of_a_table(run: Run, tmp_path: Path) -> None:
    documents = ["the cat sat.", "the dog, ran", 'a "cat" ran'] * 6
    path, table = tmp_path / "m.safetensors", tmp_path / "x.jsonl"
    table.write_text("\n".join(json.dumps({"n": i, "says": d}) for i, d in enumerate(documents)))
    ran = run("fit", "language", table, "--target", "says", *QUICK, "-o", path)
    assert ran.status == 0
    expected = RNNLanguageModel(
        hidden_size=8,
        embedding_size=6,
        batch_size=4,
        max_iter=3,
        sequence_length=16,
        random_state=0,
    ).fit(documents)
    for name, array in expected.model_.state_dict().items():
        assert (elman.load(path).state_dict()[name] == array).all()
    lines = run("evaluate", path, table, "--by-id", "--json").out.splitlines()
    assert json.loads(lines[1]) == {
        "document": 2,
        "characters": 12,
        "perplexity": expected.perplexity(documents[1]),
        "bits_per_character": expected.bits_per_character(documents[1]),
    }
    ran = run("fit", "language", table, *QUICK, "-o", path, "--force")
    assert ran.status == 2
    assert "--target: expected the column of texts, one of n, says, got none" in ran.err
    table.write_text('{"says": "a"}\n{"says": null}\n{"says": 3}\n')
    ran = run("check", "language", table, "--target", "says")
    assert ran.status == 1
    assert ran.err == (
        f"{table}:2:says: expected a text, got an empty cell; take the row out\n"
        f"{table}:3:says: expected a text, got 3; take the row out\n"
    )


def test_generate_prints_the_text_alone(run: Run, cat: Path) -> None:
    model = elman.load(cat)
    expected = model.generate("the ", 30, temperature=0.5, random_state=3)
    ran = run("generate", cat, "the ", "-n", 30, "--temp", 0.5, "--seed", 3)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out == expected.removesuffix("\n") + "\n"
    assert run("generate", cat, "-", "-n", 30, "--temp", 0.5, "--seed", 3, stdin=b"the \n") == ran
    echoed = run("generate", cat, "the ", "-n", 30, "--temp", 0.5, "--seed", 3, "--echo")
    assert echoed.out == "the " + ran.out


def test_several_texts_as_json(run: Run, cat: Path) -> None:
    ran = run("generate", cat, "the ", "-n", 9, "--count", 3, "--json")
    found = [json.loads(line) for line in ran.out.splitlines()]
    first = elman.load(cat).generate("the ", 9, random_state=0)
    assert found[0] == {"prompt": "the ", "text": first}
    assert len({text["text"] for text in found}) == 3
    stopped = run("generate", cat, "the ", "-n", 9, "--stop", first[4], "--json").out
    assert json.loads(stopped)["text"] == first[: first.index(first[4])]


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--temp", "-1"], 2, "temperature: expected a finite number of at least zero"),
        (["--top-p", "2"], 2, "top_p: expected a number in (0, 1]"),
        (["--stop", ""], 2, "--stop: expected a text, got an empty one"),
        (["-n", "0"], 2, "expected a whole number above 0, got '0'"),
        (["zoo"], 1, "PROMPT: expected chars among the "),
    ],
)
def test_what_cannot_be_generated(
    run: Run, cat: Path, arguments: list[str], status: int, message: str
) -> None:
    ran = run("generate", cat, *arguments)
    assert ran.status == status
    assert ran.out == ""
    assert message in ran.err


def test_symbols_that_the_model_does_not_know_are_placed(
    run: Run, cat: Path, text: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.txt"
    other.write_text("the cat\nsat on a zebra\n")
    ran = run("evaluate", cat, other)
    assert ran.status == 1
    assert ran.err == (
        f"{other}:2:10: expected chars that fit saw, got 'z'; fit with --set unknown=replace, or "
        "take it out\n"
    )
    words = tmp_path / "words.safetensors"
    assert run("fit", "language", text, *QUICK, "--unit", "word", "-o", words).status == 0
    other.write_text("the cat\nthe zebra\n")
    expected = f"{other}:2:4: expected words that fit saw, got ' zebra'"
    assert expected in run("evaluate", words, other).err
    ran = run("predict", cat, text)
    assert ran.status == 2
    assert "elman generate writes on" in ran.err


def test_bytes_need_no_encoding(run: Run, tmp_path: Path) -> None:
    data, path = tmp_path / "x.txt", tmp_path / "m.safetensors"
    data.write_bytes("naïve\nnaïve\n".encode("latin1") * 20)
    ran = run("fit", "language", data, *QUICK, "-o", path)
    assert ran.status == 1
    assert ran.err.startswith(f"{data}:1:3: expected text in UTF-8, got byte 0xef; convert it")
    assert run("fit", "language", data, *QUICK, "--unit", "byte", "-o", path).status == 0
    assert run("evaluate", path, data).status == 0
    assert run("check", "language", data).status == 1
    assert run("check", "language", data, "--unit", "byte").status == 0


def test_check_counts_symbols(run: Run, text: Path) -> None:
    found = json.loads(run("check", "language", text, "--json").out)
    assert found == {
        "lines": 12,
        "characters": len(TEXT),
        "different_characters": len(set(TEXT)),
        "words_and_signs": 13 * 12,
        "different_words_and_signs": 11,
        "faults": 0,
    }
    assert (
        run("check", "language", "-", stdin=b"").err
        == "<stdin>: expected a text, got an empty file\n"
    )


def test_folds_of_a_text_are_its_parts(run: Run, text: Path) -> None:
    found = json.loads(run("fit", "language", text, *QUICK, "--cv", 3, "--quiet").out)
    size = len(TEXT) // 3
    expected = RNNLanguageModel(
        hidden_size=8,
        embedding_size=6,
        batch_size=4,
        max_iter=3,
        sequence_length=16,
        random_state=0,
    ).fit([TEXT[:size], TEXT[2 * size :]])
    middle = expected.bits_per_character(TEXT[size : 2 * size])
    assert found["bits_per_character"]["folds"][1] == middle
