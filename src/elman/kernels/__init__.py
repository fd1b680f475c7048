"""The kernels: one contract with two sides, NumPy (the specification) and native (C++).

``ELMAN_BACKEND=reference`` or ``=native`` in the environment chooses the side, for tests; else it
is native where it was built. ``ELMAN_ISA`` names the instruction set whose native kernels to take.

The unit is a network: all layers and directions in one call. ``network(architecture, weights,
initial)`` makes one of an `Architecture`, its parameters in torch's order, and learned initial
states h_0 (L·D, P) and c_0 (L·D, H), if there are any. Its weights never change, so that whoever
runs it, in whatever thread, sees one set of them. A network has

- ``run(x, state, lengths, masks, keep, batch_first, packed)`` → (output, state_n), and with
  ``keep`` ((output, state_n), run). x is an array (T, N, I) with any strides on its first two axes,
  or (N, T, I) if ``batch_first``, or (T, I), or a list of arrays (T_i, I); output has x's form. If
  ``packed`` it is as in torch's PackedSequence: (pairs, I), the valid rows of each step, and
  lengths decrease; masks between layers are then (pairs, D·P).
  state is h_0 or (h_0, c_0), parts (L·D, N, ·), or (L·D, ·) without a batch; None, also as a part,
  is the initial one. lengths are a list of N ints or an int64 array. masks are a `Masks`, or None,
  or a function of (T, N, lengths) that returns one of these, called when all else is found good.
- ``run.backward(d_output, d_state_n, gradients, of_x)`` → (d_x, d_state, gradients of the
  parameters in order, then of learned initial states). It may be called often, from several
  threads. Given ``gradients`` of later parts of the same sequences are added to, and returned. With
  ``of_x=False`` d_x is None and costs nothing.
- ``resume(x, state, lengths, masks, batch_first, packed, output, workspace)`` → the run that gave
  this output, made again from what it read and from ``run.workspace``, one array (n,) that holds
  what it kept. So a caller may hold runs as arrays alone.
- ``holds(weights)`` → whether the parameters are these arrays in C order, byte by byte. A network
  whose parameters are copies can so be held to arrays that others change.
- ``step(x_t, state, out)`` → the last layer's h (N, P), in ``out`` or new: a run of T = 1 that
  replaces the state's parts (L, N, ·) in place.
- ``cell(x, state, keep)`` → state_n, and with ``keep`` (state_n, run): a run of T = 1 and L = 1,
  x (N, I) or (I,), state (N, ·) or (·,); ``run.backward(d_state_n)`` as above.
- ``weights`` and ``initial``, what it was made of;
- ``kept_values``, how many values of each unit, step and row a run keeps for backward.

``linear(weight, bias)`` makes a linear layer of such weights: ``run(x)`` → y of rows x (M, K), and
``backward(x, d_y)`` → (d_x, d_weight, d_bias). The bits of y and d_x do not depend on other rows.

``dropout_mask(bits, shape, p, dtype)`` draws a mask from a bit generator of NumPy, in row-major
order: 0 with probability p, else 1 / (1 - p). Where p is 0 or 1 nothing is drawn, as in torch.

Networks and linear layers take what needs no conversion, and return None for anything else, with
nothing done: Python then converts it, or explains what is wrong with it.
"""

from __future__ import annotations

import importlib.util
import os
import warnings
from types import ModuleType

from elman import _check
from elman.kernels import reference
from elman.kernels.architecture import Architecture
from elman.kernels.cells import GATES, State, Weights
from elman.kernels.masks import Masks

__all__ = [
    "GATES",
    "PAIRS_PER_BLOCK",
    "Architecture",
    "Masks",
    "State",
    "Weights",
    "backend",
    "dropout_mask",
    "linear",
    "network",
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
        built = importlib.util.find_spec("elman.kernels._native") is not None
        reason = f"could not be loaded ({error})" if built else "were not built"
        warnings.warn(
            "elman runs on its NumPy reference kernels, often many times slower than the native, "
            f"because these {reason}; to have them, install elman again where there is a C++ "
            "compiler: pip install --force-reinstall --no-cache-dir elman, or the folder in its "
            "place",
            RuntimeWarning,
            stacklevel=2,
        )
        return reference
    return native


_side = _choose()

backend: str = _side.__name__.rpartition(".")[2]
"""Which side is in use: "native" or "reference"."""

network = _side.network
linear = _side.linear
dropout_mask = _side.dropout_mask

PAIRS_PER_BLOCK: int = _side.PAIRS_PER_BLOCK
"""Over how many pairs of a step and a row a weight's gradient is summed at a time."""


def show_config() -> dict[str, str | int]:
    """Tell which kernels are in use.

    Returns
    -------
    dict with the keys
        backend : "native" or "reference"
        processor : its name, with family and model where Linux tells them
        isa : the instruction set the kernels in use were compiled for, such as "x86-64-v4"
        threads : how many threads a call may use
        summation_order : version of the order of summation; equal versions give equal bits

    Examples
    --------
    >>> import elman
    >>> sorted(elman.show_config())
    ['backend', 'isa', 'processor', 'summation_order', 'threads']
    """
    return {"backend": backend, "processor": _processor(), **_side.config()}


def _processor() -> str:
    """Tell the processor's name; clouds often say "AMD EPYC" alone, so family and model as well."""
    import platform  # here, as few need it and it adds to the time that `import elman` takes

    try:
        with open("/proc/cpuinfo") as file:
            lines = file.read().partition("\n\n")[0].splitlines()
    except OSError:
        lines = []
    fields = {name.strip(): value.strip() for name, _, value in (s.partition(":") for s in lines)}
    name = fields.get("model name") or platform.processor() or platform.machine()
    if "cpu family" in fields and "model" in fields:
        name += f" (family {fields['cpu family']} model {fields['model']})"
    return name
