"""A table read piece by piece, each with whole sequences, so that little of it is in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from elman.cli._faults import Faults, shown
from elman.cli._table import Block, Table


class Piece:
    """Some rows of a table: a table itself."""

    def __init__(self, table: Table, blocks: list[Block]) -> None:
        self.name, self.names = table.name, table.names
        self._blocks = blocks

    def blocks(self, faults: Faults) -> Iterator[Block]:
        """Yield the rows."""
        yield from self._blocks


def pieces(table: Table, id_column: str, faults: Faults) -> Iterator[Piece]:
    """Yield pieces of a table whose sequences stand together, one after another.

    Parameters
    ----------
    table : Table
    id_column : str
    faults : Faults
        Checked before each piece.

    Raises
    ------
    DataError
        If rows are no rows of the table, or those of a sequence do not stand together.
    """
    waiting: list[Block] = []
    seen: set[Any] = set()
    last: Any = None
    for block in table.blocks(faults):
        ids = [last, *block.cells[id_column]]
        begins = [i for i, (a, b) in enumerate(pairwise(ids)) if a != b or not (seen or i)]
        for i in begins:
            if ids[i + 1] in seen:
                expected = f"all rows of {id_column} {shown(ids[i + 1])} together"
                faults.add(block.lines[i], id_column, expected, "more of them", "omit --sorted")
            seen.add(ids[i + 1])
        faults.check()
        last = ids[-1]
        if begins:
            whole = [*waiting, *_rows(block, 0, begins[-1])]
            if whole:
                yield Piece(table, whole)
            waiting = _rows(block, begins[-1], len(block.lines))
        else:
            waiting.append(block)
    faults.check()
    if waiting:
        yield Piece(table, waiting)


def _rows(block: Block, start: int, stop: int) -> list[Block]:
    if start == stop:
        return []
    lines: Sequence[int] = block.lines[start:stop]
    return [Block(lines, {name: cells[start:stop] for name, cells in block.cells.items()})]
