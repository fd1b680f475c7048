"""elman and the libraries it is measured beside, each given the same network."""

from __future__ import annotations

from elman_rival import Elman
from jax_rival import Jax
from onnx_rivals import OnnxRuntime, OpenVino
from rival import Rival
from torch_rival import Torch

RIVALS: tuple[type[Rival], ...] = (Elman, Torch, OnnxRuntime, OpenVino, Jax)
