"""Aliases that the whole package shares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

FloatArray: TypeAlias = npt.NDArray[np.floating[Any]]
"""An array of float32 or float64."""

IntArray: TypeAlias = npt.NDArray[np.integer[Any]]

Lengths: TypeAlias = Sequence[int] | IntArray
"""How many steps of each row are valid, shape (N,)."""
