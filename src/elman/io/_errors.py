"""The one error for a file that cannot be read as a model."""

from __future__ import annotations

from typing import Any


class ModelFileError(ValueError):
    """A file is no model of elman's, is damaged, or needs a newer elman.

    The message names the file, what was expected, what was found and, where there is one, the fix.
    """


def damage(expected: str, got: str, fix: str = "") -> ModelFileError:
    """Make the error ``expected …, got …; fix``; `load` puts the file's name before it."""
    return ModelFileError(f"expected {expected}, got {got}" + (f"; {fix}" if fix else ""))


def shown(value: Any) -> str:
    """Return a value of the file as an error shows it: 80 characters at most."""
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
