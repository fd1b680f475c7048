"""Aliases that the whole package shares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

FloatArray: TypeAlias = np.ndarray[Any, np.dtype[np.floating[Any]]]
"""An array of float32 or float64."""

IntArray: TypeAlias = np.ndarray[Any, np.dtype[np.integer[Any]]]

Lengths: TypeAlias = Sequence[int] | IntArray
"""How many steps of each row are valid, shape (N,)."""
