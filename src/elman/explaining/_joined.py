"""The page's JavaScript modules, joined into one script.

Each module is one idea and says what it imports. Joining puts every module behind those it imports
and takes the lines of import and the words of export away, so modules share one scope: no two may
have a name in common, and an import renames nothing. Tests hold both.
"""

from __future__ import annotations

import functools
import importlib.resources
import re

IMPORT = re.compile(r'^import \{[^}]*\} from "\./(\w+\.mjs)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const|let)\b)", re.MULTILINE)


def part(name: str) -> str:
    """Return the text of a file of the page."""
    folder = importlib.resources.files("elman.explaining") / "page"
    return (folder / name).read_text(encoding="utf-8")


@functools.cache
def script() -> str:
    """Return all modules that main.mjs needs, each behind those it imports."""
    order: dict[str, str] = {}
    _add("main.mjs", order, ())
    return "\n".join(order.values())


def _add(name: str, order: dict[str, str], importing: tuple[str, ...]) -> None:
    """Add a module to `order` behind what it imports."""
    if name in importing:
        raise ImportError(f"{name} imports itself through {', '.join(importing)}")
    if name in order:
        return
    text = part(name)
    for imported in IMPORT.findall(text):
        _add(imported, order, (*importing, name))
    order[name] = EXPORT.sub("", IMPORT.sub("", text))
