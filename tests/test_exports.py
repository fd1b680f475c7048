"""What is public, and what importing it costs."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable

import pytest

PUBLIC = {
    "elman": [
        "Generator", "__version__", "data", "datasets", "distributed", "estimators", "explain",
        "explaining", "gradient_flow", "io", "load", "manual_seed", "nn", "plots", "save",
        "show_config", "summary", "train",
    ],
    "elman.data": ["FrameSequences", "from_channels_first", "from_frame", "split"],
    "elman.distributed": ["predict"],
    "elman.explaining": ["GradientFlow", "Trace", "explain", "gradient_flow"],
    "elman.plots": [
        "plot_forecast", "plot_gates", "plot_gradient_flow", "plot_loss_curve", "plot_states",
    ],
    "elman.io": ["ModelFileError", "load", "save"],
    "elman.nn": [
        "GRU", "LSTM", "RNN", "Embedding", "FeatureEmbedding", "GRUCell", "Gradients", "LSTMCell",
        "Linear", "Network", "RNNCell", "init",
    ],
    "elman.nn.init": [
        "constant", "eye", "forget_gate_bias", "kaiming_normal", "kaiming_uniform", "normal",
        "ones", "orthogonal", "uniform", "xavier_normal", "xavier_uniform", "zeros",
    ],
    "elman.kernels": [
        "GATES", "PAIRS_PER_BLOCK", "Architecture", "Masks", "State", "Weights", "backend",
        "dropout_mask", "linear", "network", "show_config",
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", PUBLIC)
def test_public_names_are_these(name: str) -> None:
    """Each can be imported and is documented."""
    module = importlib.import_module(name)
    assert module.__all__ == PUBLIC[name]
    for public in module.__all__:
        value = getattr(module, public)
        if callable(value) or inspect.ismodule(value):
            assert inspect.getdoc(value), public


@pytest.mark.parametrize("name", ["elman", "elman.nn"])
def test_nothing_else_looks_public(name: str) -> None:
    module = importlib.import_module(name)
    names = {n for n, value in vars(module).items() if not inspect.ismodule(value)}
    assert {n for n in names if not n.startswith("_")} <= set(module.__all__)


PRINT_IMPORTED = """
import sys
import numpy, numpy.random
before = set(sys.modules)
import elman
roots = {name.partition(".")[0] for name in set(sys.modules) - before}
print(*sorted(roots - sys.stdlib_module_names))
print(*sorted({"sklearn", "torch", "tqdm", "matplotlib", "pandas", "scipy"} & set(sys.modules)))
"""


def test_importing_elman_loads_numpy_and_the_standard_library_alone(
    run_python: Callable[..., str],
) -> None:
    others, forbidden = run_python(PRINT_IMPORTED).splitlines()
    assert set(others.split()) - {"numpy"} == {"elman"}
    assert forbidden == ""
