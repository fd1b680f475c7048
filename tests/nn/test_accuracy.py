"""How far the layers are from the truth: no further than torch, and the same on every machine."""

import importlib.util
from pathlib import Path

import pytest

from elman.kernels import backend

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(
    backend == "reference", reason="the errors are those of the native kernels"
)


def load_script():
    spec = importlib.util.spec_from_file_location("accuracy", ROOT / "tools" / "accuracy.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script


SCRIPT = load_script()
SIZES = [(16, 10, 2, 2), (64, 10, 1, 1), (64, 100, 1, 1)]
"""H, T, layers, directions."""

ERRORS = {
    ("RNN", "float32"): (1.66, 1.20, 1.47),
    ("RNN", "float64"): (1.63, 1.24, 1.49),
    ("RNN relu", "float32"): (2.14, 1.44, 2.01),
    ("RNN relu", "float64"): (2.26, 1.38, 1.72),
    ("GRU", "float32"): (0.97, 0.81, 1.07),
    ("GRU", "float64"): (0.94, 0.83, 1.05),
    ("LSTM", "float32"): (0.99, 0.69, 0.69),
    ("LSTM", "float64"): (1.01, 0.77, 0.67),
    ("LSTM proj", "float32"): (0.86, 0.64, 0.67),
    ("LSTM proj", "float64"): (0.93, 0.67, 0.71),
}
"""elman's mean error at each of the sizes, in eps. Its bits are the same on every machine."""


@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
@pytest.mark.parametrize(("module", "dtype"), ERRORS)
def test_errors_are_what_they_were_and_no_larger_than_torchs(module, dtype):
    for sizes, error in zip(SIZES, ERRORS[module, dtype], strict=True):
        row = SCRIPT.errors(module, *sizes, dtype)
        assert row.elman == pytest.approx(error, abs=0.006)
        assert row.elman <= row.torch
