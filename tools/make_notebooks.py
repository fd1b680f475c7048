"""Make the notebooks in examples/notebooks of their sources, in English and Korean.

Run it as ``make notebooks``. A source is a Python file in the percent format of jupytext. Its code
cells are shared by both languages; a text cell is marked ``lang="en"``, and the next one, marked
``lang="ko"``, says the same in Korean. The code is executed once and its outputs go into both.
"""

from __future__ import annotations

import copy
import itertools
import re
import tempfile
from pathlib import Path
from typing import Any

import jupytext
import nbclient
import nbformat
from traitlets.config import Config

FOLDER = Path(__file__).parents[1] / "examples" / "notebooks"
LANGUAGES = ("en", "ko")
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def sources() -> list[Path]:
    """Return the sources, in order."""
    return sorted((FOLDER / "source").glob("*.py"))


def notebook(source: Path, language: str) -> Any:
    """Read a source and return its notebook in one language, without outputs.

    Parameters
    ----------
    source : Path
    language : "en" or "ko"

    Returns
    -------
    nbformat.NotebookNode
        Ids of cells are their numbers, so that the same source makes the same bytes.

    Raises
    ------
    ValueError
        If a text cell is in no language, or has no partner in the other one.
    """
    cells = jupytext.read(source, fmt="py:percent").cells
    _check_pairs(source, cells)
    chosen = [cell for cell in cells if cell.metadata.get("lang", language) == language]
    made = nbformat.v4.new_notebook(metadata=copy.deepcopy(METADATA))
    new: dict[str, Any] = {
        "code": nbformat.v4.new_code_cell,
        "markdown": nbformat.v4.new_markdown_cell,
    }
    for number, cell in enumerate(chosen):
        made.cells.append(new[cell.cell_type](cell.source, id=f"cell-{number}"))
    return made


def execute(made: Any) -> None:
    """Run a notebook's code in a kernel, in an empty folder, and keep what it puts out.

    Nothing stays in it that differs from run to run: times, addresses in memory.
    """
    with tempfile.TemporaryDirectory() as folder:
        nbclient.NotebookClient(
            made,
            # Through files, as others on the machine could listen to TCP.
            config=Config(ConnectionFileMixin={"transport": "ipc", "ip": f"{folder}/kernel"}),
            timeout=120,
            record_timing=False,
            coalesce_streams=True,
            resources={"metadata": {"path": folder}},
        ).execute()
    made.metadata = nbformat.from_dict(copy.deepcopy(METADATA))
    for cell in _code(made):
        for data in (output.data for output in cell.outputs if "data" in output):
            data["text/plain"] = re.sub(" at 0x[0-9a-f]+", "", data["text/plain"])


def main() -> None:
    """Make all notebooks."""
    for source in sources():
        made = {language: notebook(source, language) for language in LANGUAGES}
        executed, *others = made.values()
        execute(executed)
        for other in others:
            for cell, done in zip(_code(other), _code(executed), strict=True):
                cell.execution_count, cell.outputs = done.execution_count, done.outputs
        for language, one in made.items():
            path = FOLDER / language / f"{source.stem}.ipynb"
            path.parent.mkdir(exist_ok=True)
            nbformat.validate(one)
            nbformat.write(one, path)
            print(path.relative_to(FOLDER))


def _check_pairs(source: Path, cells: list[Any]) -> None:
    kinds = ["code" if c.cell_type == "code" else c.metadata.get("lang") for c in cells]
    for number, (kind, following) in enumerate(itertools.pairwise(["code", *kinds, "code"])):
        if kind not in ("code", *LANGUAGES) or (kind == "en") != (following == "ko"):
            raise ValueError(
                f"{source.name}, cells {number} and {number + 1}: expected text with lang='en' and "
                f"then the same with lang='ko', got {kind} and {following}"
            )


def _code(made: Any) -> list[Any]:
    return [cell for cell in made.cells if cell.cell_type == "code"]


if __name__ == "__main__":
    main()
