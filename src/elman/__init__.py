"""elman: recurrent neural networks for the CPU."""

import importlib
import typing

from elman import nn
from elman._random import Generator, manual_seed
from elman.kernels import show_config
from elman.nn._summary import summary

if typing.TYPE_CHECKING:
    from elman import io as io
    from elman.io import load, save

__all__ = [
    "Generator",
    "__version__",
    "load",
    "manual_seed",
    "nn",
    "save",
    "show_config",
    "summary",
]

__version__ = "0.1.0"

if not typing.TYPE_CHECKING:  # a type checker would take any name for one that is there

    def __getattr__(name):
        """Import what `import elman` leaves out, to be quick, when it is first asked for."""
        if name in ("io", "load", "save"):
            io = importlib.import_module("elman.io")
            return io if name == "io" else getattr(io, name)
        raise AttributeError(f"module 'elman' has no attribute {name!r}")
