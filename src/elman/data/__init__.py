"""Data in other forms, made into the sequences that elman takes."""

from elman.data._frame import FrameSequences, from_frame
from elman.data._shapes import from_channels_first, split

__all__ = ["FrameSequences", "from_channels_first", "from_frame", "split"]
