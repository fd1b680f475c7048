"""What a command may fail with."""

from __future__ import annotations


class UsageError(Exception):
    """The command was used wrongly: exit status 2."""


class DataError(ValueError):
    """A file is at fault: exit status 1. Each line of the message names file, row and column."""
