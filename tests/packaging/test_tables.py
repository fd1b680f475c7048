"""The tables of tanh and the logistic function are what their tool makes."""

import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


def numbers(path):
    return [float(n[:-1]) for n in re.findall(r"-?\d[\d.e-]*f\b", path.read_text())]


def test_the_tool_makes_the_tables_again(tmp_path, monkeypatch):
    """But for how another machine's least squares may round the coefficients."""
    spec = importlib.util.spec_from_file_location("make_tables", ROOT / "tools" / "make_tables.py")
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    monkeypatch.setattr(tool, "TABLES", tmp_path / "tables.hpp")
    tool.main()
    stored = numbers(ROOT / "native" / "tables.hpp")
    assert len(stored) > 2 * 27 * 7
    np.testing.assert_allclose(numbers(tool.TABLES), stored, rtol=1e-6)
