"""The notebooks in examples/ run, say the same in both languages, and are made of their sources.

The code cells assert the figures that they print. A plain interpreter runs them here; the longer
proof runs them in a kernel and compares what it prints with what is stored.
"""

from __future__ import annotations

import importlib.util
import re
import runpy
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest

import elman

ROOT = Path(__file__).parents[1]
SPEC = importlib.util.spec_from_file_location("make_notebooks", ROOT / "tools/make_notebooks.py")
tool = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(tool)

SOURCES = tool.sources()
HANGUL = re.compile("[가-힣]")
LOCAL_LINK = re.compile(r"\]\(([\w./-]+)\)")
each_source = pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
each_language = pytest.mark.parametrize("language", tool.LANGUAGES)


def stored(source, language):
    return nbformat.read(tool.FOLDER / language / f"{source.stem}.ipynb", as_version=4)


def cells(notebook):
    return [(cell.id, cell.cell_type, cell.source) for cell in notebook.cells]


def text_outputs(notebook):
    """Return what the code printed or showed, without pictures, whose bytes differ by machine."""
    return [
        output.text if output.output_type == "stream" else output.data["text/plain"]
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
    ]


def headings(notebook):
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    return re.findall(r"^#+ (.*)$", text, re.MULTILINE)


def test_there_are_five_notebooks_in_two_languages():
    assert len(SOURCES) == 5
    for language in tool.LANGUAGES:
        made = {path.stem for path in (tool.FOLDER / language).glob("*.ipynb")}
        assert made == {source.stem for source in SOURCES}


@each_source
def test_the_code_runs_and_its_assertions_hold(source, tmp_path, monkeypatch):
    assert re.search(r"^ *(assert|np\.testing)", source.read_text(), re.MULTILINE)
    monkeypatch.chdir(tmp_path)
    matplotlib.use("agg")
    with np.printoptions():  # which the notebooks change
        runpy.run_path(str(source))
    plt.close("all")


@each_language
@each_source
def test_a_stored_notebook_is_made_of_its_source(source, language):
    """Where this fails, run ``make notebooks``."""
    notebook = stored(source, language)
    nbformat.validate(notebook)
    assert cells(notebook) == cells(tool.notebook(source, language))
    counts = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))
    assert str(ROOT) not in nbformat.writes(notebook)


@each_source
def test_both_languages_show_the_same_code_and_outputs(source):
    english, korean = (stored(source, language) for language in tool.LANGUAGES)
    assert len(english.cells) == len(korean.cells)
    for one, other in zip(english.cells, korean.cells, strict=True):
        assert one.cell_type == other.cell_type
        if one.cell_type == "code":
            assert one == other
        else:
            assert not HANGUL.search(one.source)
            assert HANGUL.search(other.source)
            assert re.findall("^#+ ", one.source, re.M) == re.findall("^#+ ", other.source, re.M)
            assert one.source.count("\n|") == other.source.count("\n|")


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ('# %% [markdown] lang="en"\n"""One."""\n# %%\n1\n', "cells 1 and 2"),
        ('# %% [markdown] lang="ko"\n"""하나."""\n# %%\n1\n', "cells 0 and 1"),
        ('# %% [markdown]\n"""One."""\n# %%\n1\n', "cells 1 and 2.*None"),
    ],
    ids=["no Korean", "no English", "no language"],
)
def test_a_text_without_its_partner_is_refused(cell, message, tmp_path):
    source = tmp_path / "one.py"
    source.write_text(cell)
    with pytest.raises(ValueError, match=message):
        tool.notebook(source, "en")


FIGURES = {
    "1_by_hand": ["Wx (8, 4)  Wh (8, 8)  b (8,)", "all states (10, 8)"],
    "2_shapes": [
        "output (1, 10, 8)\nh_n    (1, 1, 8)",
        "h_n (1, 1, 8)\n",
        "output (1, 10, 8)\nh_n    (2, 1, 8)",
        "output (1, 10, 16)\nh_n    (4, 1, 8)",
    ],
    "3_parameters_and_states": [
        "output (1, 3, 1)  h_n (1, 1, 1)",
        "weight_ih_l0  (1, 10)\nweight_hh_l0  (1, 1)\nbias_ih_l0    (1,)\nbias_hh_l0    (1,)",
        "[[(1, 10), (1, 1), (1,), (1,)]]",
        "total  (1, 4, 5)          85",
        "85 trainable, 0 not",
        "{'bias_ih_l0': 3, 'bias_hh_l0': 3}",
    ],
    "4_forward_pass": [
        "RNN(5, 2, batch_first=True)",
        "weight_ih_l0 (2, 5)",
        "weight_hh_l0 (2, 2)",
        "[-0.470193  0.58639 ]",
        "[-0.35198   0.525252]",
        "[-0.888832  1.23644 ]",
        "[-0.684243  0.760743]",
        "[-1.30747   1.886489]",
        "[-0.864942  0.904664]",
    ],
    "5_training": ["loss 5.7777 -> 3.6268", "with respect to state 0: 2e-32", "Vanishing"],
}


@each_source
def test_the_figures_are_shown(source):
    shown = "\n".join(text_outputs(stored(source, "en")))
    for figure in FIGURES[source.stem]:
        assert figure in shown


@pytest.mark.parametrize("name", ["README.md", "README.ko.md"])
def test_the_step_in_the_readme_is_what_is_printed(name):
    elman.manual_seed(1)
    x = np.repeat(np.float32([1, 2, 3]), 5).reshape(1, 3, 5)
    printed = str(elman.explain(elman.nn.RNN(5, 2, batch_first=True), x)[1])
    # The last figure is of the order of rounding errors.
    assert re.sub(r"difference \S+$", "difference ", printed) in (ROOT / name).read_text()


def test_both_readmes_run_the_same_code():
    """But for comments, and they have the same pictures, links into the project and headings."""
    english, korean = ((ROOT / name).read_text() for name in ("README.md", "README.ko.md"))
    for pattern in (r"^(?:>>>|\.\.\.) ([^#\n]*\S)", r"\]\((docs/[^)]+)\)", "^(#+) "):
        found, others = (re.findall(pattern, text, re.MULTILINE) for text in (english, korean))
        assert len(found) > 3
        assert sorted(others) == sorted(found)


@pytest.mark.parametrize("name", ["README.md", "README.ko.md", "docs/misconceptions.md"])
def test_links_into_the_project_lead_somewhere(name):
    page = ROOT / name
    links = LOCAL_LINK.findall(page.read_text())
    assert len(links) > 3
    assert [link for link in links if not (page.parent / link).exists()] == []


@each_language
@each_source
def test_links_of_a_notebook_lead_somewhere(source, language):
    folder = tool.FOLDER / language
    text = "\n".join(c.source for c in stored(source, language).cells if c.cell_type == "markdown")
    for link in LOCAL_LINK.findall(text):
        assert (folder / link).exists(), link


def test_each_misconception_is_met_where_the_table_says():
    page = ROOT / "docs" / "misconceptions.md"
    rows = re.findall(r"^\| (\d+) \|.*\|(.*)\|$", page.read_text(), re.MULTILINE)
    assert [int(number) for number, _ in rows] == list(range(1, 16))
    for number, places in rows:
        found = re.findall(r'\[\d, "([^"]+)"\]\(([^)]+)\)', places)
        assert found, f"row {number} names no place"
        for heading, target in found:
            notebook = nbformat.read(page.parent / target, as_version=4)
            assert any(heading in other for other in headings(notebook)), (number, heading)


@pytest.mark.slow
@each_source
def test_a_kernel_prints_what_is_stored(source):
    made = tool.notebook(source, "en")
    tool.execute(made)
    assert text_outputs(made) == text_outputs(stored(source, "en"))
