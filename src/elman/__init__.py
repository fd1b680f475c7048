"""elman: recurrent neural networks for the CPU.

- `elman.nn`: layers, cells and networks, as torch.nn has them, on NumPy arrays
- `elman.explain`, `elman.gradient_flow`, `elman.plots`: every number, and how gradients flow
- `elman.train`: losses, Adam, `fit`
- `elman.estimators`: scikit-learn's interface
- `elman.data`, `elman.datasets`: sequences of tables, and a data set
- `elman.save`, `elman.load`: files
- `elman.distributed`: predictions on many machines, through Dask
- `elman.summary`, `elman.show_config`: sizes of a layer, and the kernels in use
"""

import importlib
import typing

if typing.TYPE_CHECKING:
    from elman import data, datasets, distributed, estimators, explaining, io, nn, plots, train
    from elman._random import Generator, manual_seed
    from elman.explaining import explain, gradient_flow
    from elman.io import load, save
    from elman.kernels import show_config
    from elman.nn._summary import summary

__all__ = [
    "Generator",
    "__version__",
    "data",
    "datasets",
    "distributed",
    "estimators",
    "explain",
    "explaining",
    "gradient_flow",
    "io",
    "load",
    "manual_seed",
    "nn",
    "plots",
    "save",
    "show_config",
    "summary",
    "train",
]

__version__ = "0.1.0"

_LAZY = {
    "Generator": "_random",
    "data": "",
    "datasets": "",
    "distributed": "",
    "estimators": "",
    "explain": "explaining",
    "explaining": "",
    "gradient_flow": "explaining",
    "io": "",
    "kernels": "",
    "load": "io",
    "manual_seed": "_random",
    "nn": "",
    "plots": "",
    "save": "io",
    "show_config": "kernels",
    "summary": "nn._summary",
    "train": "",
}
"""What is imported when first used, and for a function or class the module that has it.

So the command line answers ``elman --help`` without NumPy.
"""


if not typing.TYPE_CHECKING:  # a type checker would take any name for one that is there

    def __getattr__(name: str) -> typing.Any:
        if name not in _LAZY:
            raise AttributeError(f"module 'elman' has no attribute {name!r}")
        value = importlib.import_module(f"elman.{_LAZY[name] or name}")
        if _LAZY[name]:
            value = getattr(value, name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
