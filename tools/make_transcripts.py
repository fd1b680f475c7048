"""Run the commands of a page and put in what they print: ``make transcripts``.

A command stands in a block of ``console`` after ``$``, and goes on after ``>``. Standard output is
a terminal's; what comes on standard error follows it. All commands of a page run in one new folder.
"""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "docs" / "command-line.md"]
BLOCK = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)
WIDTH = 100


class Command(NamedTuple):
    """A command as the page has it, and what it prints."""

    prompt: str
    shell: str
    output: str


def commands(block: str) -> Iterator[Command]:
    """Yield the commands of a block."""
    for part in re.split(r"^(?=\$ )", block, flags=re.MULTILINE)[1:]:
        lines = part.splitlines()
        count = 1
        while count < len(lines) and re.match(r">( |$)", lines[count]):
            count += 1
        shell = "\n".join(line[2:] for line in lines[:count])
        yield Command("\n".join(lines[:count]), shell, "\n".join(lines[count:]))


def run(shell: str, folder: Path) -> str:
    """Return what a command prints."""
    master, slave = pty.openpty()
    with tempfile.TemporaryFile("w+") as told:
        process = subprocess.Popen(
            ["bash", "-c", shell],
            cwd=folder,
            env=_environment(folder),
            stdout=slave,
            stderr=told,
        )
        os.close(slave)
        parts = []
        try:
            while part := os.read(master, 4096):
                parts.append(part)
        except OSError:  # the process closed its end
            pass
        os.close(master)
        process.wait()
        told.seek(0)
        shown = b"".join(parts).decode().replace("\r\n", "\n") + told.read()
    return "\n".join(line.rstrip() for line in shown.splitlines())


def _environment(folder: Path) -> dict[str, str]:
    """Return an environment in which ``elman`` and ``python`` are those of this process."""
    programs = folder / ".bin"
    if not programs.exists():
        programs.mkdir()
        for name, arguments in (("elman", "-m elman"), ("python", "")):
            path = programs / name
            own = os.pathsep.join(filter(None, sys.path))
            line = f'PYTHONPATH="{own}:$PYTHONPATH" exec {sys.executable} {arguments} "$@"'
            path.write_text(f"#!/bin/sh\n{line}\n")
            path.chmod(0o755)
        (folder / "examples").symlink_to(ROOT / "examples")
    search = f"{programs}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": search, "COLUMNS": str(WIDTH)}


def transcript(text: str) -> Iterator[tuple[Command, str]]:
    """Run the commands of a page; yield each with what it prints now."""
    with tempfile.TemporaryDirectory() as name:
        for block in BLOCK.findall(text):
            for command in commands(block):
                yield command, run(command.shell, Path(name))


def main() -> None:
    """Write the pages again."""
    for page in PAGES:
        text = page.read_text()
        shown = iter([(command.prompt, output) for command, output in transcript(text)])

        def again(block: re.Match[str], shown: Iterator[tuple[str, str]] = shown) -> str:
            pairs = [next(shown) for _ in commands(block[0])]
            return "".join(f"{prompt}\n{output}\n" if output else f"{prompt}\n"
                           for prompt, output in pairs)  # fmt: skip

        page.write_text(BLOCK.sub(again, text))


if __name__ == "__main__":
    main()
