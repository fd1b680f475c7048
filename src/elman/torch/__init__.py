"""PyTorch models on elman's kernels: several times faster on a CPU, by one line.

    from elman.torch import accelerate

    accelerate(model)

- `accelerate`, `restore`: swap the recurrent modules of a model, in place
- `install`, `uninstall`: the same for all modules of a process, and
  ``python -m elman.torch program.py`` for a program that one can't edit
- `RNN`, `GRU`, `LSTM`, `RNNCell`, `GRUCell`, `LSTMCell`: subclasses of torch's own, to build with

Parameters, initialisation, state dicts, packed sequences, copies and pickles are torch's. Forward
and backward run on elman's kernels for float32 and float64 tensors on a CPU, also under
torch.compile, torch.export, torch.func and gradients of gradients. What the kernels do not hold, as
CUDA, half precision or autocast, goes to torch's own code. docs/torch.md says more.
"""

from elman.torch._accelerate import Report, accelerate, restore
from elman.torch._compiler import allow_recurrent_modules
from elman.torch._install import install, uninstall
from elman.torch._layers import GRU, LSTM, RNN, GRUCell, LSTMCell, RNNCell

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "GRUCell",
    "LSTMCell",
    "RNNCell",
    "Report",
    "accelerate",
    "install",
    "restore",
    "uninstall",
]

allow_recurrent_modules()
