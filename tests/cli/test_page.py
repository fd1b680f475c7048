"""The page of the command line: its commands print what it says, and it names all options."""

from __future__ import annotations

import argparse
import importlib.util
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from elman.cli._parser import make_parser

ROOT = Path(__file__).parents[2]
SPEC = importlib.util.spec_from_file_location("transcripts", ROOT / "tools/make_transcripts.py")
assert SPEC is not None
assert SPEC.loader is not None
tool: Any = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(tool)

PAGE = (ROOT / "docs" / "command-line.md").read_text()
LOCAL_LINK = re.compile(r"\]\(([\w./-]+)\)")
NUMBER = re.compile(r"-?\d+\.\d+(e-?\d+)?")
TIME = re.compile(r"\d+:\d\d,?")


def options(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for child in action.choices.values():
                yield from options(child)
        yield from action.option_strings


def test_all_options_are_named() -> None:
    missing = {o for o in options(make_parser()) if f"`{o}" not in PAGE and f" {o}" not in PAGE}
    assert missing <= {"-h"}


def test_all_options_that_are_named_are_there() -> None:
    known = set(options(make_parser()))
    _, _, reference = PAGE.partition("## All commands")
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", reference)) <= known


def test_all_commands_parse() -> None:
    count = 0
    for block in tool.BLOCK.findall(PAGE):
        for command in tool.commands(block):
            for part in re.findall(r"\belman ((?:[^|<>\n']|'[^']*')+)", _joined(command.shell)):
                make_parser().parse_args(shlex.split(part))
                count += 1
    assert count > 15


def _joined(shell: str) -> str:
    is_python = "<<'END'" in shell or "python -" in shell.partition("|")[0]
    return "" if is_python else shell.replace("\\\n", " ")


def test_links_lead_somewhere() -> None:
    links = LOCAL_LINK.findall(PAGE)
    assert links
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []


def words(text: str) -> list[str]:
    """Return what of a text does not hang on the machine: how many lines progress has does."""
    kept = [line for line in text.splitlines() if not line.startswith("epoch ")]
    return re.split(r"([\s,:]+)", "\n".join(kept))


@pytest.mark.slow
def test_the_commands_print_what_the_page_says() -> None:
    """Times may differ, and figures by what the machine's exp and log round."""
    count = 0
    for command, found in tool.transcript(PAGE):
        count += 1
        expected = words(re.sub(r"in \d+:\d\d", "in 0:00", command.output))
        printed = words(re.sub(r"in \d+:\d\d", "in 0:00", found))
        if "generate" in command.shell:
            continue  # a text that is drawn
        for word, wanted in zip(printed, expected, strict=True):
            if NUMBER.fullmatch(wanted):
                assert float(word) == pytest.approx(float(wanted), rel=0.1, abs=0.02), command
            elif wanted.strip():
                assert word == wanted, command
    assert count > 20
