"""Modules and streams on disk."""

from elman.io._errors import ModelFileError

__all__ = ["ModelFileError"]
