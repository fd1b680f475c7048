"""Tables of JSON lines: an object of plain values on each line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain, islice
from typing import Any

from elman.cli._csv import BLOCK, check_names
from elman.cli._errors import DataError
from elman.cli._faults import Faults, shown
from elman.cli._source import Source
from elman.cli._table import Block


class JsonTable:
    """The objects of a file, whose keys are columns. A key that an object lacks is an empty cell.

    Parameters
    ----------
    source : Source

    Attributes
    ----------
    names : list of str
        The keys of the first object.

    Raises
    ------
    DataError
        If the first line is no object.
    """

    def __init__(self, source: Source) -> None:
        self.name = source.name
        self._objects = self._parsed(source.lines())
        first = next(self._objects, None)
        if first is None:
            raise DataError(f"{self.name}: expected an object of JSON a line, got empty lines")
        self._objects = chain([first], self._objects)
        self.names = list(first[1])
        check_names(self.name, first[0], self.names)

    def blocks(self, faults: Faults) -> Iterator[Block]:
        """Yield the rows; a key that the first object does not have is noted as a fault."""
        known = set(self.names)
        while numbered := list(islice(self._objects, BLOCK)):
            for line, row in numbered:
                for key in row.keys() - known:
                    faults.add(line, key, "the keys of the first line", "another key")
            lines = [line for line, _ in numbered]
            yield Block(lines, {n: [row.get(n) for _, row in numbered] for n in self.names})

    def _parsed(self, lines: Iterator[str]) -> Iterator[tuple[int, dict[str, Any]]]:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                found = json.loads(line)
            except json.JSONDecodeError as error:
                raise DataError(
                    f"{self.name}:{number}:{error.colno}: expected an object of JSON, got "
                    f"{shown(line.strip())} ({error.msg})"
                ) from None
            except RecursionError:
                found = None
            if not isinstance(found, dict) or not found:
                expected = 'an object of JSON with values, as {"id": 1, "x": 0.5}'
                got = shown(line.strip())
                raise DataError(f"{self.name}:{number}: expected {expected}, got {got}")
            yield number, found
