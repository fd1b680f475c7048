"""The tables of tanh and the logistic function are what their tool makes."""

import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


def values(path, name):
    """Return y from 0 to the end of a table, as float32, and what its pieces say of them."""
    (table,) = re.findall(rf"struct {name} {{(.*?)}};\n}};", path.read_text(), re.DOTALL)
    shift, before, end = (
        float(re.search(rf"{word} = ([\d.]+)", table)[1]) for word in ("shift", "before", "end")
    )
    rows = re.findall(r"{([^{}]+)}", table.partition("rows")[2])
    found = np.array([[float(n.rstrip("f\n ")) for n in row.split(",")] for row in rows])
    assert found.shape == (32, 8)
    y = np.linspace(0, end, 100_001, dtype=np.float32)[:-1]
    piece = np.maximum((y.view(np.int32) >> int(shift)) - int(before), 0)
    t = y - found[piece, 0]
    told = (found[piece, 1:7] * t[:, None] ** np.arange(6)).sum(axis=1)
    return y, told + np.where((piece == 0) & (name == "TanhTable"), y, 0)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return the path of what the tool makes."""
    spec = importlib.util.spec_from_file_location("make_tables", ROOT / "tools" / "make_tables.py")
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    tool.TABLES = tmp_path_factory.mktemp("tables") / "tables.hpp"
    tool.main()
    return tool.TABLES


@pytest.mark.parametrize(
    ("name", "function"),
    [("TanhTable", np.tanh), ("LogisticTable", lambda y: 1 / (1 + np.exp(y)))],
)
def test_the_tool_makes_the_tables_again(made, name, function):
    """Another machine's least squares may round coefficients elsewhere, which no value shows."""
    y, stored = values(ROOT / "native" / "tables.hpp", name)
    _, again = values(made, name)
    np.testing.assert_allclose(again, stored, rtol=2**-28)  # float32 rounds to 2**-24
    np.testing.assert_allclose(stored, function(y.astype(np.float64)), rtol=0, atol=2**-24)
