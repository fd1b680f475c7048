"""elman: recurrent neural networks for the CPU."""

from elman import nn
from elman._random import Generator, manual_seed
from elman.kernels import show_config
from elman.nn._summary import summary

__all__ = ["Generator", "__version__", "manual_seed", "nn", "show_config", "summary"]

__version__ = "0.1.0"
