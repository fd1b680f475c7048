"""The kernels: one contract with two sides, NumPy (the specification) and native (C++).

``ELMAN_BACKEND=reference`` or ``=native`` in the environment chooses the side, for tests; else it
is native where it was built. ``ELMAN_ISA`` names the instruction set whose native kernels to take.
The contract, for one layer in one direction:

- ``prepare(Weights(cell, ...))`` makes weights ready once, for many calls;
- ``forward(weights, x, state, output, state_n, lengths, reverse, keep, mask)`` fills the caller's
  ``output`` and ``state_n`` and returns what backward needs, or None;
- ``backward(weights, kept, d_output, d_state_n, d_weights)`` returns the gradients, those of the
  weights added to ``d_weights``.

``network(weights, ...)`` gathers all layers' weights for a side that runs them in one call, as
native does with what needs no conversion; the results are the same, and sooner for small networks.
"""

from __future__ import annotations

import os
import warnings
from types import ModuleType

from elman import _check
from elman.kernels import reference
from elman.kernels.cells import GATES, KEPT_VALUES, State, Weights

__all__ = [
    "GATES",
    "KEPT_VALUES",
    "State",
    "Weights",
    "backend",
    "backward",
    "forward",
    "network",
    "prepare",
    "show_config",
]


def _choose() -> ModuleType:
    wanted = os.environ.get("ELMAN_BACKEND")
    if wanted is not None:
        _check.choice("ELMAN_BACKEND", wanted, ("native", "reference"))
    if wanted == "reference":
        return reference
    try:
        from elman.kernels import native
    except ImportError as error:
        if wanted == "native" or "ELMAN_ISA" in os.environ:
            raise
        warnings.warn(
            "elman runs on its NumPy reference kernels, often many times slower than the native, "
            f"because these could not be loaded ({error}); to have them, reinstall elman with a "
            "C++ compiler on the machine: pip install --force-reinstall --no-cache-dir elman",
            RuntimeWarning,
            stacklevel=2,
        )
        return reference
    return native


_side = _choose()

backend: str = _side.__name__.rpartition(".")[2]
"""Which side is in use: "native" or "reference"."""

prepare = _side.prepare
forward = _side.forward
backward = _side.backward
network = _side.network


def show_config() -> dict[str, str | int]:
    """Tell which kernels are in use.

    Returns
    -------
    dict with the keys
        backend : "native" or "reference"
        isa : the instruction set the kernels in use were compiled for, such as "x86-64-v4"
        threads : how many threads a call may use
        summation_order : version of the order of summation; equal versions give equal bits

    Examples
    --------
    >>> import elman
    >>> sorted(elman.show_config())
    ['backend', 'isa', 'summation_order', 'threads']
    """
    return {"backend": backend, **_side.config()}
