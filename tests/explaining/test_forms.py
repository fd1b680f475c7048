"""A trace as a dict, JSON, HTML in a notebook, and a page."""

from __future__ import annotations

import html.parser
import json
import os
import stat
import sys
import types
import webbrowser
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from explain_cases import Call, calls
from hypothesis import given

import elman
from elman import nn
from elman.explaining import Trace


def explained(name: str = "GRU", **options: Any) -> Trace:
    return elman.explain(getattr(nn, name)(3, 2, **options), np.ones((4, 3), np.float32))


@given(call=calls)
def test_json_gives_every_array_back(call: Call) -> None:
    trace = call.explain()
    text = trace.to_json()
    assert text.isascii()
    found = json.loads(text)
    assert found == trace.to_dict()
    assert (found.pop("format"), found.pop("version")) == ("elman-trace", 1)
    layer = found.pop("layer")
    assert layer["repr"] == repr(trace.module)
    assert getattr(nn, layer["class"]).from_config(layer["config"]).config() == layer["config"]
    names = {field.name for field in fields(Trace)} - {"module", "architecture"}
    assert set(found) == names
    for name in names:
        value, own = found[name], getattr(trace, name)
        if isinstance(own, dict):
            assert list(value) == list(own)
            for key, array in own.items():
                _assert_same(value[key], array)
        elif isinstance(own, np.ndarray):
            _assert_same(value, own)
        else:
            assert value == (list(own) if isinstance(own, tuple) else own)


def _assert_same(value: Any, array: np.ndarray) -> None:
    """Lists hold float32 values exactly."""
    np.testing.assert_array_equal(np.array(value, array.dtype).reshape(array.shape), array)


class Table(html.parser.HTMLParser):
    """What a page has: its tags, and the texts in th and td."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.add(tag)
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data + " "


@given(call=calls)
def test_html_is_a_small_table_and_says_how_to_open_the_page(call: Call) -> None:
    trace = call.explain()
    text = trace._repr_html_()
    table = Table()
    table.feed(text)
    table.close()
    assert table.open == []
    assert table.tags <= {"table", "caption", "tr", "th", "td", "code", "p", "br"}
    assert len(text) < 40_000
    assert "trace.show() opens a page" in table.text
    words = " ".join(table.text.split())
    assert repr(trace.module) in words


def test_html_shows_the_vectors() -> None:
    trace = explained()
    text = trace._repr_html_()
    for values in (trace.sums_x[0, 2, :2], trace.gates["z"][0, 1], trace.h[0, 3]):
        shown = "&emsp;".join(f"{value:.4f}" for value in values)
        assert f"<code>{shown}</code>" in text


def test_html_is_escaped() -> None:
    """A class of one's own may have any repr."""

    class Marked(nn.RNN):
        def _extra_repr(self) -> str:
            return "<script>alert(1)</script>"

    trace = elman.explain(Marked(3, 2), np.ones((4, 3), np.float32))
    text = trace._repr_html_()
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert json.loads(trace.to_json())["layer"]["repr"] == repr(trace.module)


def test_html_of_a_large_network_is_small() -> None:
    layer = nn.LSTM(12, 64, num_layers=6, bidirectional=True)
    text = elman.explain(layer, np.ones((50, 12), np.float32))._repr_html_()
    assert len(text) < 40_000
    assert "8 more layers and directions" in text
    assert "... 48 steps left out" in text
    assert "... 58 more" in text


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> list[Trace]:
    """Put a page of one line in the place of the real one; return the traces it was made of."""
    made: list[Trace] = []

    def page_html(trace: Trace) -> str:
        made.append(trace)
        return "<!doctype html>\N{LATIN SMALL LETTER E WITH ACUTE}"

    module = types.ModuleType("elman.explaining._page")
    module.page_html = page_html  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "elman.explaining._page", module)
    monkeypatch.setattr("elman.explaining._page", module, raising=False)
    return made


def test_to_html_writes_the_page(page: list[Trace], tmp_path: Path) -> None:
    trace = explained()
    for path in (tmp_path / "a.html", str(tmp_path / "b.html")):
        trace.to_html(path)
        assert Path(path).read_bytes() == b"<!doctype html>\xc3\xa9"
    assert page == [trace, trace]
    assert sorted(os.listdir(tmp_path)) == ["a.html", "b.html"]


def test_a_path_that_cannot_be_written_is_an_error_with_nothing_half_written(
    page: list[Trace], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = explained()
    with pytest.raises(FileNotFoundError, match="the folder does not exist; make it with"):
        trace.to_html(tmp_path / "missing" / "page.html")
    with pytest.raises(IsADirectoryError, match="it is a folder"):
        trace.to_html(tmp_path)
    with pytest.raises(TypeError, match=r"path: expected a str or an os\.PathLike, got 3"):
        trace.to_html(3)  # type: ignore[arg-type]
    old = tmp_path / "page.html"
    old.write_text("old")

    def fail(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="No space left"):
        trace.to_html(old)
    assert old.read_text() == "old"
    assert os.listdir(tmp_path) == ["page.html"]


def test_show_opens_the_page_in_the_browser(
    page: list[Trace], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    path = Path(explained().show())
    assert opened == [path.as_uri()]
    assert path.read_bytes().startswith(b"<!doctype html>")
    assert path.is_relative_to(tmp_path)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
