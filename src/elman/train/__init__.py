"""Training of `elman.nn` layers on NumPy alone: losses, optimisers, clipping, batches, the loop."""

from elman.nn._sequences import Sequences
from elman.train import schedules
from elman.train._adam import Adam, AdamState, AdamW
from elman.train._batches import bucket_batches
from elman.train._clip import clip_by_global_norm
from elman.train._fit import fit
from elman.train._losses import (
    absolute_error,
    cross_entropy,
    log_softmax,
    poisson,
    quantile,
    squared_error,
)
from elman.train._objective import Objective, Step
from elman.train._optimizer import Optimizer
from elman.train._run import FitResult, run
from elman.train._sgd import SGD, SGDState

__all__ = [
    "SGD",
    "Adam",
    "AdamState",
    "AdamW",
    "FitResult",
    "Objective",
    "Optimizer",
    "SGDState",
    "Sequences",
    "Step",
    "absolute_error",
    "bucket_batches",
    "clip_by_global_norm",
    "cross_entropy",
    "fit",
    "log_softmax",
    "poisson",
    "quantile",
    "run",
    "schedules",
    "squared_error",
]
