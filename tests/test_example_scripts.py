"""The scripts in examples/ that print figures run on small data, and count as a hand does."""

from __future__ import annotations

import importlib.util
import random
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"


def script(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_danish_tags_reads_both_forms() -> None:
    tags = script("danish_tags")
    two = ["Det\tPRON", "regner\tVERB", "", "Ja\tINTJ"]
    assert tags.read(two) == ([["Det", "regner"], ["Ja"]], [["PRON", "VERB"], ["INTJ"]])
    rest = "\t_" * 6
    ten = [
        "# text = …",
        f"1-2\tIm\tim\t_{rest}",
        f"1\tI\ti\tADP{rest}",
        "",
        "",
        f"1\ta\ta\tX{rest}",
    ]
    assert tags.read(ten) == ([["I"], ["a"]], [["ADP"], ["X"]])


def test_danish_tags_prints_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tags = script("danish_tags")
    drawn = random.Random(0)
    words = {"hus": "NOUN", "bil": "NOUN", "løber": "VERB", "spiser": "VERB", "et": "DET"}
    for name, n in zip(tags.FILES, (60, 9), strict=True):
        lines = []
        for _ in range(n):
            sentence = drawn.choices(list(words), k=5)
            lines += [f"{word}\t{words[word]}" for word in sentence] + [""]
        (tmp_path / name).write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["danish_tags.py", "--data", str(tmp_path), "--seeds", "2"])
    tags.main()
    printed = capsys.readouterr().out
    assert "60 sentences of 300 words to learn from, 9 to test on" in printed
    assert "Accuracy on 45 words" in printed
    assert "mean of 2 seeds" in printed
    assert "1.0000 1.0000" in printed


def test_danish_tags_says_what_to_do_without_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    tags = script("danish_tags")

    def refused(*_: Any, **__: Any) -> Any:
        raise OSError("no route")

    monkeypatch.setattr(tags.urllib.request, "urlopen", refused)
    monkeypatch.setattr(sys, "argv", ["danish_tags.py"])
    with pytest.raises(SystemExit, match=r"cannot fetch .*da-ud-train.conllu: no route; .* --data"):
        tags.main()


def test_korean_spacing_counts_spaces() -> None:
    spacing = script("korean_spacing")
    paragraph = "모든 국민은 법 앞에 평등하다."
    characters, follows = spacing.without_spaces(f"  {paragraph} ")
    assert characters == list("모든국민은법앞에평등하다.")
    assert follows == [0, 1, 0, 0, 1, 1, 0, 1, 0, 0, 0, 0, 0]
    assert spacing.spaced(characters, follows) == paragraph
    accuracy, f1 = spacing.scores([[0, 1, 1, 0], [0]], [[1, 1, 0, 0], [0]])
    assert accuracy == pytest.approx(3 / 5)
    assert f1 == pytest.approx(1 / 2)
    train = ([["가", "나", "다"]] * 3, [[1, 0, 0], [1, 1, 0], [0, 0, 0]])
    assert spacing.by_pairs(train, ([["가", "나", "가"]], None)) == [[1, 0, 0]]


def test_korean_spacing_prints_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    spacing = script("korean_spacing")
    path = tmp_path / "text"
    path.write_text("나는 집에 간다.\n너는 산에 간다.\n" * 20, encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["korean_spacing.py", "--data", str(path)])
    spacing.main()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("252 characters to learn from, 28 held out; ")
    # Two of the seven characters of a paragraph have a space after them.
    assert lines[2].split()[-2:] == ["0.714", "0.000"]
    assert lines[3].split()[-2:] == lines[4].split()[-2:] == ["1.000", "1.000"]
    assert lines[-2] == "written 너는 산에 간다."
    assert lines[-1] == "was     너는 산에 간다."


def test_adding_problem_prints_what_it_learned(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    adding = script("adding_problem")
    X, y = adding.draw(50, 30, np.random.default_rng(0))
    np.testing.assert_array_equal(X[:, :15, 1].sum(axis=1), 1)
    np.testing.assert_array_equal(X[:, 15:, 1].sum(axis=1), 1)
    np.testing.assert_allclose((X[:, :, 0] * X[:, :, 1]).sum(axis=1), y, rtol=1e-6)
    monkeypatch.setattr(sys, "argv", ["adding_problem.py", "--lengths", "40"])
    adding.main()
    T, error, constant, _ = map(float, capsys.readouterr().out.splitlines()[1].split())
    assert T == 40
    assert error < 0.003
    assert constant == pytest.approx(1 / 6, abs=0.02)
