"""Training of `elman.nn` layers on NumPy alone: losses, Adam, clipping, batches, the loop."""

from elman.nn._sequences import Sequences
from elman.train._adam import Adam, AdamState
from elman.train._batches import bucket_batches
from elman.train._clip import clip_by_global_norm
from elman.train._fit import FitResult, fit
from elman.train._losses import cross_entropy, log_softmax, squared_error

__all__ = [
    "Adam",
    "AdamState",
    "FitResult",
    "Sequences",
    "bucket_batches",
    "clip_by_global_norm",
    "cross_entropy",
    "fit",
    "log_softmax",
    "squared_error",
]
