"""Options that several commands have, and the types of their values."""

from __future__ import annotations

import argparse
import csv
from typing import Any

FORMATS = ("csv", "tsv", "parquet", "jsonl", "conllu", "text")
"""The formats of data."""


def command(commands: Any, name: str, about: str, description: str, examples: Any) -> Any:
    """Add a command whose work is done by the `run` of the module of its name.

    Parameters
    ----------
    commands : what argparse's add_subparsers returned
    name, about, description : str
        `about` stands in the list of commands, the description above the command's own help.
    examples : sequence of str
    """
    parser = commands.add_parser(
        name,
        help=about,
        description=description,
        epilog="\n".join(["examples:", *(f"  {line}" for line in examples)]),
        formatter_class=_Formatter,
    )
    parser.set_defaults(module=name, command=name, parser=parser)
    return parser


class _Formatter(argparse.HelpFormatter):
    """Keeps the lines of the examples, and fills those of descriptions."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if "\n" in text:
            return "".join(indent + line for line in text.splitlines(keepends=True))
        return super()._fill_text(text, width, indent)


def add_common(parser: Any, *, json: bool = True) -> None:
    """Add what every command has."""
    group = parser.add_argument_group("output")
    if json:
        group.add_argument("--json", action="store_true", help="results as JSON, one object a line")
    group.add_argument("--quiet", action="store_true", help="no progress, notes or warnings")
    group.add_argument(
        "--threads", type=whole, metavar="N", help="work in at most N threads (default: all cores)"
    )


def add_data(parser: Any, *, optional: str = "") -> None:
    """Add DATA, and how it is written; `optional` says what is done without it."""
    parser.add_argument(
        "data",
        nargs="?" if optional else None,
        metavar="DATA",
        help="a file, also of gzip, or - for standard input" + (optional and f"; {optional}"),
    )
    add_form(parser)


def add_form(parser: Any) -> None:
    """Add how DATA is written."""
    parser.add_argument(
        "--format",
        choices=FORMATS,
        metavar="FORMAT",
        help=f"how DATA is written: {', '.join(FORMATS)} (default: as its name ends; of a pipe "
        "csv, for a language model text, for a tagger of sentences as in fit)",
    )
    parser.add_argument(
        "--separator", type=_separator, metavar="CHAR", help="what stands between csv's columns"
    )


def add_output(parser: Any) -> None:
    """Add -o for results."""
    parser.add_argument(
        "-o",
        "--output",
        metavar="OUT",
        help="a file for the results: .csv, .tsv, .jsonl or .parquet (default: csv to standard "
        "output)",
    )


def add_columns(
    parser: Any, *, required: bool, target: bool = False, several: bool = False
) -> None:
    """Add the names of columns of sequences.

    Parameters
    ----------
    parser : argparse's
    required : bool
        Whether id and target must be named; else they are those of the model.
    target : bool
        Whether targets are read.
    several : bool
        Whether there may be several targets.
    """
    group = parser.add_argument_group(
        "columns", None if required else "where DATA or a model fitted in Python need them"
    )
    of_target = "what is to be predicted, the same in all rows of a sequence"
    add_names(group, required, of_target if target or required else "", several)


def add_names(group: Any, required: bool, target: str, several: bool = False) -> None:
    """Add --id, --time, --target with its help, if there is one, and --features."""
    group.add_argument(
        "--id", required=required, metavar="COL", help="rows with the same value are a sequence"
    )
    group.add_argument(
        "--time",
        metavar="COL",
        help="numbers or dates, which order its rows (default: as they are)",
    )
    if target:
        metavar, kind = ("COL[,COL]", names) if several else ("COL", one_name)
        group.add_argument("--target", type=kind, required=required, metavar=metavar, help=target)
    group.add_argument(
        "--features",
        type=names,
        metavar="COL,...",
        help="what is read at each step (default: all other columns)",
    )


def add_static(group: Any) -> None:
    """Add --static."""
    group.add_argument(
        "--static",
        metavar="FILE",
        help="a table with a row for each series: numbers, and texts as categories",
    )


# ---- types of values -----------------------------------------------------------------------------


def whole(text: str) -> int:
    """Return a whole number above zero."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number above 0, got {text!r}")
    return int(text)


def names(text: str) -> list[str]:
    """Return names of columns that commas separate; one with a comma stands in double quotes."""
    found = [name.strip() for name in next(csv.reader([text], skipinitialspace=True), [])]
    if not found or not all(found):
        raise argparse.ArgumentTypeError(f"expected names of columns, as in a,b; got {text!r}")
    if len(set(found)) < len(found):
        raise argparse.ArgumentTypeError(f"expected each column once, got {text!r}")
    return found


def one_name(text: str) -> list[str]:
    """Return one name in a list."""
    return [text]


def levels(text: str) -> list[float]:
    """Return levels of intervals in percent that commas separate."""
    try:
        found = [float(part) for part in text.split(",")]
    except ValueError:
        found = [0.0]
    if not all(0 < level < 100 for level in found):
        raise argparse.ArgumentTypeError(f"expected percents, as in 80,90; got {text!r}")
    return [int(level) if level.is_integer() else level for level in found]


def _separator(text: str) -> str:
    found = {"tab": "\t", "\\t": "\t", "space": " "}.get(text, text)
    if len(found) != 1 or found in '"\n\r':
        raise argparse.ArgumentTypeError(f"expected one character, or tab, got {text!r}")
    return found
