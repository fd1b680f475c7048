"""The command line. Importing it imports nothing heavy; see `_parser` for the grammar."""

from elman.cli._main import main

__all__ = ["main"]
