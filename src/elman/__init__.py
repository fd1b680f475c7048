"""elman: recurrent neural networks for the CPU."""

from elman import nn
from elman._random import Generator, manual_seed
from elman.kernels import show_config

__all__ = ["Generator", "__version__", "manual_seed", "nn", "show_config"]

__version__ = "0.1.0"
