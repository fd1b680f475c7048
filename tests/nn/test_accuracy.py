"""How far the layers are from the truth, held to the published table and to torch."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from elman.kernels import backend

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(
    backend == "reference", reason="the table is of the native kernels, and this is the reference"
)


def load_script():
    spec = importlib.util.spec_from_file_location("accuracy", ROOT / "tools" / "accuracy.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script


def published():
    """Return the table: errors of elman and of torch by network."""
    lines = (ROOT / "docs" / "accuracy.md").read_text().splitlines()
    table = {}
    for line in lines[lines.index("|---|---|---|---|---|---|---|---|---|") + 1 :]:
        module, *sizes, dtype, elman, torch, _ = [cell.strip() for cell in line.split("|")[1:-1]]
        table[module, *map(int, sizes), dtype] = float(elman), float(torch)
    return table


SCRIPT, TABLE = load_script(), published()


def test_the_table_covers_the_grid():
    networks = [(*network[:5], np.dtype(network[5]).name) for network in SCRIPT.grid()]
    assert list(TABLE) == networks


def test_in_every_row_elman_is_no_further_from_the_truth_than_torch():
    assert all(elman <= torch for elman, torch in TABLE.values())


@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("module", SCRIPT.MODULES)
def test_errors_are_those_of_the_table(module, dtype):
    """Of the weights and inputs that made it, elman's are the same on every machine."""
    for H, T, layers, directions in [(16, 10, 2, 2), (64, 10, 1, 1), (64, 100, 1, 1)]:
        row = SCRIPT.errors(module, H, T, layers, directions, dtype)
        elman, _ = TABLE[module, H, T, layers, directions, row.dtype]
        assert row.elman == pytest.approx(elman, abs=0.006)
