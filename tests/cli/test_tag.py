"""Taggers of sentences and of tables."""

from __future__ import annotations

import csv as csv_module
import io
import json
from pathlib import Path

import numpy as np
import pytest
from cli.conftest import Run

import elman
from elman.estimators import RNNTagger

SENTENCES = [
    [("the", "DET"), ("cat", "NOUN"), ("sat", "VERB")],
    [("she", "PRON"), ("saw", "VERB"), ("the", "DET"), ("dog", "NOUN")],
    [("a", "DET"), ("dog", "NOUN"), ("ran", "VERB")],
] * 4
X = [[word for word, _ in sentence] for sentence in SENTENCES]
Y = [[label for _, label in sentence] for sentence in SENTENCES]
QUICK = ("--hidden-size", 8, "--embedding-size", 6, "--max-iter", 12, "--set", "affix_size=4")


def conllu() -> str:
    """Return the sentences as CoNLL-U, with what is no word among them."""
    lines: list[str] = []
    for i, sentence in enumerate(SENTENCES):
        lines += [f"# sent_id = s-{i}", f"# text = {' '.join(word for word, _ in sentence)}"]
        lines += ["1-2\tthecat" + "\t_" * 8] if i % 2 else []
        for t, (word, label) in enumerate(sentence, start=1):
            lines.append(f"{t}\t{word}\t{word}\t{label}\tX{label}" + "\t_" * 5)
        lines += ["3.1\tghost" + "\t_" * 8, ""]
    return "\n".join(lines)


@pytest.fixture
def treebank(tmp_path: Path) -> Path:
    path = tmp_path / "train.conllu"
    path.write_text(conllu())
    return path


@pytest.fixture
def tagger(run: Run, treebank: Path, tmp_path: Path) -> Path:
    path = tmp_path / "upos.safetensors"
    assert run("fit", "tag", treebank, *QUICK, "-o", path).status == 0
    return path


def in_python() -> RNNTagger:
    return RNNTagger(
        hidden_size=8, embedding_size=6, max_iter=12, affix_size=4, random_state=0
    ).fit(X, Y)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv_module.DictReader(io.StringIO(text)))


def test_the_model_and_its_predictions_are_those_of_python(
    run: Run, tagger: Path, treebank: Path
) -> None:
    expected = in_python()
    for name, array in expected.model_.state_dict().items():
        np.testing.assert_array_equal(elman.load(tagger).state_dict()[name], array)
    found = rows(run("predict", tagger, treebank, "--proba").out)
    assert list(found[0])[:4] == ["sentence", "step", "word", "prediction"]
    assert [row["word"] for row in found] == [word for words in X for word in words]
    assert [row["sentence"] for row in found][:4] == ["s-0", "s-0", "s-0", "s-1"]
    assert [row["step"] for row in found][:4] == ["1", "2", "3", "1"]
    labels = [label for labels in expected.predict(X) for label in labels]
    assert [row["prediction"] for row in found] == labels
    p = np.array([row["p_NOUN"] for row in found], np.float32)
    np.testing.assert_array_equal(p, np.concatenate(list(expected.predict_proba(X)))[:, 1])


def test_words_without_labels_are_tagged(run: Run, tagger: Path) -> None:
    text = "1\tthe\t_\t_" + "\t_" * 6 + "\n2\tdog\t_\t_" + "\t_" * 6  # no last newline
    found = rows(run("predict", tagger, "-", stdin=text.encode()).out)
    assert [row["word"] for row in found] == ["the", "dog"]
    expected = in_python().predict([["the", "dog"]])[0]
    assert [row["prediction"] for row in found] == expected


def test_another_column_of_conllu(run: Run, treebank: Path, tmp_path: Path) -> None:
    path = tmp_path / "xpos.safetensors"
    assert run("fit", "tag", treebank, "--target", "xpos", *QUICK, "-o", path).status == 0
    assert elman.load(path).classes_.tolist() == ["XDET", "XNOUN", "XPRON", "XVERB"]
    scores = rows(run("evaluate", path, treebank).out)
    assert [row["metric"] for row in scores] == ["accuracy"]
    ran = run("fit", "tag", treebank, "--target", "pos", "-o", path, "--force")
    assert ran.status == 2
    assert "--target: expected a column of CoNLL-U, one of id, form, lemma, upos" in ran.err


def test_two_columns_and_spans(run: Run, tmp_path: Path) -> None:
    from seqeval.metrics import f1_score

    names = [
        [("Ada", "B-PER"), ("Lovelace", "I-PER"), ("met", "O"), ("Babbage", "B-PER")],
        [("in", "O"), ("London", "B-LOC")],
    ] * 6
    path, data = tmp_path / "names.safetensors", tmp_path / "names.txt"
    data.write_text("\n\n".join("\n".join(f"{w} x {t}" for w, t in s) for s in names))
    assert run("fit", "tag", data, *QUICK, "-o", path).status == 0
    X, y = [[w for w, _ in s] for s in names], [[t for _, t in s] for s in names]
    expected = RNNTagger(
        hidden_size=8, embedding_size=6, max_iter=12, affix_size=4, random_state=0
    ).fit(X, y)
    predicted = expected.predict(X)
    found = {r["metric"]: float(r["value"]) for r in rows(run("evaluate", path, data).out)}
    assert found == {
        "accuracy": pytest.approx(expected.score(X, y)),
        "span_f1": pytest.approx(f1_score(y, list(predicted), zero_division=0)),
    }
    by_id = rows(run("evaluate", path, data, "--by-id").out)
    assert [row["sentence"] for row in by_id][:2] == ["1", "2"]
    right = [np.mean(np.array(a) == np.array(b)) for a, b in zip(y, predicted, strict=True)]
    np.testing.assert_allclose([float(row["accuracy"]) for row in by_id], right)
    lone = rows(run("predict", path, "-", stdin=b"Ada\nin\n").out)
    assert [row["word"] for row in lone] == ["Ada", "in"]


@pytest.mark.parametrize("words", [True, False])
def test_a_table_with_a_label_in_each_row(run: Run, tmp_path: Path, words: bool) -> None:
    random = np.random.default_rng(0)
    lines, X, y = ["night,minute,value,stage"], [], []
    for night in range(12):
        values = random.choice([-1.0, 1.0], int(random.integers(3, 6)))
        stages = ["deep" if v < 0 else "light" for v in values]
        cells = [("low" if v < 0 else "high") if words else v for v in values.tolist()]
        X.append(cells if words else values[:, None])
        y.append(stages)
        rows_ = zip(range(len(values)), cells, stages, strict=True)
        lines += [f"{night},{10 * t},{cell},{stage}" for t, cell, stage in rows_]
    data, path = tmp_path / "x.csv", tmp_path / "m.safetensors"
    data.write_text("\n".join(lines))
    columns = ("--id", "night", "--time", "minute", "--target", "stage")
    ran = run("fit", "tag", data, *columns, *QUICK, "--set", "word_dropout=0", "-o", path)
    assert ran.status == 0
    expected = RNNTagger(
        hidden_size=8, embedding_size=6, max_iter=12, affix_size=4, word_dropout=0, random_state=0
    ).fit(X, y)
    found = rows(run("predict", path, data).out)
    assert list(found[0]) == ["night", "minute", "prediction"]
    assert [row["minute"] for row in found][:3] == ["0", "10", "20"]
    assert [row["prediction"] for row in found] == [s for part in expected.predict(X) for s in part]
    scores = rows(run("evaluate", path, data).out)
    assert float(scores[0]["value"]) == pytest.approx(expected.score(X, y))


def test_check_and_folds(run: Run, treebank: Path) -> None:
    found = json.loads(run("check", "tag", treebank, "--json").out)
    assert found == {
        "steps": 40, "sequences": 12, "shortest": 3, "median_length": 3.0, "longest": 4,
        "different_words": 8, "labels": {"DET": 12, "NOUN": 12, "VERB": 12, "PRON": 4}, "faults": 0,
    }  # fmt: skip
    scores = json.loads(run("fit", "tag", treebank, *QUICK, "--cv", 3, "--quiet").out)
    assert len(scores["accuracy"]["folds"]) == 3


def test_labels_that_fit_did_not_see(
    run: Run, tagger: Path, treebank: Path, tmp_path: Path
) -> None:
    other = tmp_path / "dev.conllu"
    other.write_text(conllu().replace("\tPRON\t", "\tDEIXIS\t"))
    ran = run("evaluate", tagger, other)
    assert ran.status == 0
    expected = in_python().score(X, [[("?" if t == "PRON" else t) for t in labels] for labels in Y])
    assert float(rows(ran.out)[0]["value"]) == pytest.approx(expected)
    assert ran.err == (
        f"elman evaluate: {other}:11:upos: expected a label of fit, DET, NOUN, PRON, VERB, got "
        "'DEIXIS' and 3 more; they count as missed\n"
    )
    ran = run("fit", "tag", treebank, *QUICK, "--validation", other, "-o", tmp_path / "m")
    assert ran.status == 1
    assert f"{other}:11:upos: expected a label of fit" in ran.err


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "x.conllu",
            "1\tthe\tthe\t_" + "\t_" * 6 + "\n2 dog NOUN\n",
            "x.conllu:1:upos: expected a label in upos, got '_'; fill it in, or name another "
            "column with --target\n"
            "x.conllu:2: expected 10 columns, as CoNLL-U has, separated by tabs, got 1; pass "
            "--format text for a word and a label a line\n",
        ),
        (
            "x.conllu",
            "one\tthe\tthe\tDET" + "\t_" * 6 + "\n",
            "x.conllu:1:id: expected the number of a word, as 1 or 3-4, got 'one'\n"
        ),
        ("x.conllu", "# nothing\n", "x.conllu: expected sentences, got none\n"),
        (
            "x.txt",
            "the DET\ndog\n",
            "x.txt:2: expected a word and its label, got 'dog'; write both a line, and an empty "
            "line after each sentence\n",
        ),
    ],
)  # fmt: skip
def test_faults_of_sentences(
    run: Run, tmp_path: Path, name: str, content: str, message: str
) -> None:
    path = tmp_path / name
    path.write_text(content)
    for command in (("check", "tag", path), ("fit", "tag", path, "-o", tmp_path / "m")):
        ran = run(*command)
        assert ran.status == 1
        found = ran.err.replace(f"{tmp_path}/", "")
        assert found.splitlines()[: message.count("\n")] == message.splitlines()


def test_a_table_needs_its_columns(run: Run, csv: Path, tmp_path: Path) -> None:
    ran = run("fit", "tag", csv, "-o", tmp_path / "m")
    assert ran.status == 2
    assert "--id: expected the column of ids, for a table, got none" in ran.err
    ran = run("fit", "tag", csv, "--id", "name", "-o", tmp_path / "m")
    assert ran.status == 2
    assert "--target: expected the column of what is predicted, got none" in ran.err


def test_sentences_are_written_with_their_labels(
    run: Run, tagger: Path, treebank: Path, tmp_path: Path
) -> None:
    """All else of CoNLL-U stays as it is."""
    bare = conllu()
    for label in ("DET", "NOUN", "VERB", "PRON"):
        bare = bare.replace(f"\t{label}\t", "\t_\t")
    out = tmp_path / "out.conllu"
    assert run("predict", tagger, "-", "--annotate", "-o", out, stdin=bare.encode()) == (0, "", "")
    predicted = [label for labels in in_python().predict(X) for label in labels]
    found = out.read_text()
    lines = [line.split("\t") for line in found.splitlines() if "\tghost" not in line]
    tokens = [cells for cells in lines if len(cells) == 10 and cells[0].isdecimal()]
    assert [cells[3] for cells in tokens] == predicted
    for label in ("DET", "NOUN", "VERB", "PRON"):
        found = found.replace(f"\t{label}\t", "\t_\t")
    assert found == bare + "\n"
    words = tmp_path / "words.txt"
    words.write_text("the DET\ndog NOUN\n\na DET\ncat NOUN\n" * 6)
    path = tmp_path / "words.safetensors"
    assert run("fit", "tag", words, *QUICK, "-o", path).status == 0
    labels = elman.load(path).predict([["a", "dog"], ["the"]])
    ran = run("predict", path, "-", "--annotate", stdin=b"a\ndog\n\nthe\n")
    assert ran.out == f"a\t{labels[0][0]}\ndog\t{labels[0][1]}\n\nthe\t{labels[1][0]}\n\n"


def test_annotate_is_for_sentences(run: Run, csv: Path, model: Path) -> None:
    ran = run("predict", model, csv, "--annotate")
    assert ran.status == 2
    assert "--annotate: expected a tagger, got a classifier" in ran.err
