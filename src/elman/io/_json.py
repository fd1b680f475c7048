"""JSON that an unknown file holds: read with bounds, and written in one form alone."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from elman.io._errors import damage, shown

_DEPTH = 16
"""How deep lists and objects may be nested; elman's own files reach 6."""

_DIGITS = 20
"""How many characters an integer may have."""

# A string, whose end may be missing, or a bracket. Possessive, so that the time is linear.
_TOKENS = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[][{}]', re.DOTALL)


def canonical(value: Any) -> str:
    """Return the one text of `value`: keys sorted, no spaces, ASCII alone."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def compact(value: Any) -> str:
    """Return `value` without spaces, its keys in their own order."""
    return json.dumps(value, separators=(",", ":"))


def parse(text: str) -> Any:
    """Return what `text` holds.

    Raises
    ------
    ModelFileError
        If it is no JSON, nests too deep, names something twice, or has a number that JSON has not
        or that is too long.
    """
    _check_depth(text)
    try:
        return json.loads(
            text,
            object_pairs_hook=_without_duplicates,
            parse_int=_short_integer,
            parse_constant=_no_constant,
        )
    except json.JSONDecodeError as error:
        raise damage("JSON in the header", f"none at character {error.pos}: {error.msg}") from None


def _check_depth(text: str) -> None:
    """Hold the depth before the parser, which recurses, sees the text."""
    depth = 0
    for token in _TOKENS.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token[0], 0)
        if depth > _DEPTH:
            raise damage(f"a header nested at most {_DEPTH} deep", "a deeper one")


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise damage("each name once in the header", f"{shown(name)} twice")
        found[name] = value
    return found


def _short_integer(text: str) -> int:
    if len(text) > _DIGITS or text == "-0":
        raise damage(f"integers of at most {_DIGITS} digits in the header", shown(text))
    return int(text)


def _no_constant(text: str) -> NoReturn:
    raise damage("JSON in the header", text)
