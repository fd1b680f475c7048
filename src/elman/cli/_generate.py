"""``elman generate``: what follows on a prompt, as a language model draws it."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

import elman
from elman.cli._errors import DataError, UsageError
from elman.models import LanguageModel
from elman.models._choice import Choice


def run(options: argparse.Namespace) -> int:
    """Draw and print as it comes; return the exit status."""
    try:
        Choice.checked(options.temp, options.top_k, options.top_p, options.seed)
    except (TypeError, ValueError) as error:
        raise UsageError(str(error)) from None
    if options.stop and not all(options.stop):
        raise UsageError("--stop: expected a text, got an empty one")
    model = elman.load(options.model)
    if not isinstance(model, LanguageModel):
        got = type(model).__name__
        raise UsageError(f"{options.model}: expected a language model, got {got}")
    prompt = _prompt(options.prompt)
    random = np.random.RandomState(options.seed)
    for _ in range(options.count):
        pieces = _drawn(model, prompt, options, random)
        if options.json:
            text = "".join(pieces)
            print(json.dumps({"prompt": prompt, "text": text}, ensure_ascii=False), flush=True)
        else:
            _print(prompt if options.echo else "", pieces)
    return 0


def _prompt(text: str) -> str:
    """Return the prompt; of standard input without the end of its last line."""
    if text != "-":
        return text
    try:
        return sys.stdin.buffer.read().decode().removesuffix("\n")
    except UnicodeDecodeError as error:
        raise DataError(
            f"<stdin>: expected text in UTF-8, got another byte at {error.start}"
        ) from None


def _drawn(model: Any, prompt: str, options: argparse.Namespace, random: Any) -> Iterator[str]:
    try:
        pieces: Iterator[str] = model.stream(
            prompt,
            options.n,
            temperature=options.temp,
            top_k=options.top_k,
            top_p=options.top_p,
            stop=options.stop,
            random_state=random,
        )
    except ValueError as error:
        message = str(error).removeprefix("text: ")
        raise DataError(f"elman generate: PROMPT: {message}") from None
    return pieces


def _print(prompt: str, pieces: Iterator[str]) -> None:
    """Print a text piece by piece, and end its last line."""
    last = prompt
    sys.stdout.write(prompt)
    for piece in pieces:
        sys.stdout.write(piece)
        sys.stdout.flush()
        last = piece or last
    if not last.endswith("\n"):
        sys.stdout.write("\n")
