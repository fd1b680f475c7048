"""Modules and streams on disk, in one .safetensors file each.

The metadata of the file have one key, ``elman``: JSON with sorted keys and without spaces.

    format         1
    class          the name of one of elman's own classes
    config         its arguments, as `config()` of a module returns them; of a stream layer,
                   batch_size and summation_order
    tensors        [name, dtype, shape] of each tensor, in the order of the data
    sha256         of this JSON without the key sha256, followed by the data
    elman_version  which elman wrote the file

It is one key alone, as safetensors writes several in random order.
"""

from elman.io._errors import ModelFileError
from elman.io._models import load, save

__all__ = ["ModelFileError", "load", "save"]
