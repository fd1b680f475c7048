"""The page as a document: what it holds, what its policy allows, how it is joined."""

import base64
import hashlib
import json
import re

import numpy as np
import page_cases
import pytest

import elman
from elman import nn
from elman.explaining import _joined
from elman.explaining._page import page_data, page_html


def array(tensor):
    """Undo how the page's data holds an array."""
    kind = "f32" if "f32" in tensor else "f64"
    bits = base64.b64decode(tensor[kind])
    return np.frombuffer(bits, {"f32": "<f4", "f64": "<f8"}[kind]).reshape(tensor["shape"])


def element(html, opening):
    """Return what stands in the one element that begins so."""
    assert html.count(opening) == 1
    return html.partition(opening)[2].partition("</")[0]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_data_holds_the_bits_of_the_layer(dtype):
    trace = page_cases.case("LSTM projected, 2 layers, both ways, short row", dtype).trace
    data = page_data(trace)
    assert (data["format"], data["version"]) == ("elman-trace", 1)
    layer = {name: data["layer"][name] for name in ("kind", "num_layers", "bidirectional")}
    assert layer == {"kind": "LSTM", "num_layers": 2, "bidirectional": True}
    assert data["layer"]["repr"] == repr(trace.module)
    assert (data["lengths"], data["row"], data["batch"], data["window"]) == ([3], 1, 2, None)
    assert list(data["parameters"]) == list(trace.parameters)
    for name, parameter in trace.parameters.items():
        np.testing.assert_array_equal(array(data["parameters"][name]), parameter, strict=True)
    for name in ("x", "h_0", "c_0"):
        np.testing.assert_array_equal(array(data[name]), getattr(trace, name), strict=True)
    for name in ("output", "h_n", "c_n"):
        given = getattr(trace, f"layer_{name}")
        np.testing.assert_array_equal(array(data[name]), given, strict=True)


def test_data_of_what_has_no_batch_says_so():
    x = np.ones((3, 2), np.float32)
    for layer, batch in [(nn.RNN(2, 2), None), (nn.RNNCell(2, 2), 3)]:
        data = page_data(elman.explain(layer, x, row=None if batch is None else 1))
        assert (data["batch"], data["layer"]["cell"]) == (batch, batch is not None)


def test_a_large_network_brings_states_and_sums_in_place_of_weights():
    elman.manual_seed(0)
    layer = nn.GRU(10, 200, num_layers=2)
    trace = elman.explain(layer, np.ones((60, 10), np.float32))
    data = page_data(trace)
    assert data["parameters"] == {}
    window = data["window"]
    assert window["start"] == 0
    assert 1 <= window["stop"] < trace.T
    np.testing.assert_array_equal(array(window["h"]), trace.h)
    sums = trace.sums_h[:, : window["stop"]]
    np.testing.assert_array_equal(array(window["sums_h"]), sums)
    flow = elman.gradient_flow(layer, np.ones((60, 10), np.float32))
    norms = array(data["backward"]["norms"])
    for k in range(2):
        np.testing.assert_allclose(norms[k], flow.layer(k).norm, rtol=1e-6)


def test_the_policy_names_the_one_script_and_the_one_style():
    html = page_html(page_cases.case("RNN").trace)
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)[1]

    def hash_of(text):
        return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

    script = element(html, '<script type="module">')
    style = element(html, "<style>")
    assert policy == (
        f"default-src 'none'; script-src 'sha256-{hash_of(script)}'; "
        f"style-src 'sha256-{hash_of(style)}'; img-src data:"
    )
    assert len(script) > 10_000
    assert len(style) > 1_000
    # The script ends where the module does, not at a text in it.
    assert html.count("<script") == html.count("</script>") == 2
    assert "<!--" not in html
    assert " style=" not in html


def test_the_document_asks_nobody_for_anything():
    html = page_html(page_cases.case("RNN").trace)
    addresses = re.findall(r"https?://[^\s\"'`]+", html)
    assert set(addresses) == {"http://www.w3.org/2000/svg"}  # the name of a namespace
    assert re.findall(r"(?:href|src)=\"([^\"]*)", html) == ["data:,"]


def test_no_text_of_the_data_ends_its_element():
    trace = page_cases.case("RNN").trace
    html = page_html(trace)
    data = element(html, '<script type="application/json" id="trace">')
    assert json.loads(data) == page_data(trace)
    evil = page_html(_renamed(trace, "</script><b>$style"))
    data = element(evil, '<script type="application/json" id="trace">')
    assert json.loads(data)["layer"]["repr"] == "</script><b>$style"
    assert "<b>" not in evil


def _renamed(trace, text):
    from dataclasses import replace

    module = type("Renamed", (), {"__repr__": lambda self: text, "batch_first": True})()
    return replace(trace, module=module)


def test_a_page_of_50_steps_and_64_units_is_small():
    trace = elman.explain(nn.RNN(12, 64, batch_first=True), np.ones((1, 50, 12), np.float32))
    assert len(page_html(trace).encode()) < 400_000


# ---- joining ------------------------------------------------------------------------------------


NAMES = re.compile(r"^(?:export )?(?:async )?(?:function|class|const|let) (\w+)", re.MULTILINE)


def test_every_module_is_joined_once_behind_what_it_imports(page_folder):
    modules = sorted(page_folder.glob("*.mjs"))
    script = _joined.script()
    defined = {}
    for module in modules:
        text = module.read_text(encoding="utf-8")
        for name in NAMES.findall(text):
            assert name not in defined, f"{name} is in {module.name} and in {defined[name]}"
            defined[name] = module.name
        assert script.count(text.splitlines()[0]) == 1, module.name
    assert len(modules) > 20
    assert re.findall(r"^\s*(?:import|export)\b.*", script, re.MULTILINE) == []
    for module in modules:
        for line in _imports(module):
            for name in line[0]:
                assert defined[name] == line[1], f"{module.name} imports {name}"
                first_line = module.read_text(encoding="utf-8").splitlines()[0]
                imported = (page_folder / line[1]).read_text(encoding="utf-8").splitlines()[0]
                assert script.index(imported) < script.index(first_line)


def _imports(module):
    """Return ([names], module) of each import; an import of another form fails the test."""
    text = module.read_text(encoding="utf-8")
    found = re.findall(r'^import \{([^}]*)\} from "\./(\w+\.mjs)";\n', text, re.MULTILINE)
    assert len(found) == len(re.findall(r"^import\b", text, re.MULTILINE))
    return [([n.strip() for n in names.split(",") if n.strip()], file) for names, file in found]


def test_modules_that_import_each_other_are_refused(monkeypatch):
    texts = {"main.mjs": "a", "a.mjs": "b", "b.mjs": "a"}
    monkeypatch.setattr(
        _joined, "part", lambda name: f'import {{ x }} from "./{texts[name]}.mjs";\n'
    )
    with pytest.raises(ImportError, match=r"a\.mjs imports itself through main\.mjs, a\.mjs, b"):
        _joined._add("main.mjs", {}, ())


def test_texts_are_set_as_text_alone(page_folder):
    for module in page_folder.glob("*.mjs"):
        text = module.read_text(encoding="utf-8")
        for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
            assert word not in text, f"{word} in {module.name}"
