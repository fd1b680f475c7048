"""How a fit goes, on standard error: lines, a second apart or more, or a bar on a terminal."""

from __future__ import annotations

import contextlib
import shutil
import sys
import time
from types import TracebackType
from typing import Any, Self

_BAR = 20


class Progress:
    """What an estimator's `verbose` may be: it makes what reports, and counts epochs.

    Parameters
    ----------
    title : str
        Stands before each line, as in "fold 2/5".
    quiet : bool
        Whether to show nothing.

    Attributes
    ----------
    epochs : int
        How many are finished, those of earlier runs included.
    """

    def __init__(self, title: str = "", quiet: bool = False) -> None:
        self.title = title
        self.quiet = quiet
        self.epochs = 0

    def __call__(self, total: int, done: int) -> Self:
        """Begin to report of `total` epochs at most, of which an earlier run did some."""
        self._total, self._began_at = total, done
        self.epochs = done
        self._start = time.monotonic()
        self._shown = -1.0
        self._last = ""
        return self

    def __enter__(self) -> Self:
        return self

    def report(self, epoch: int, loss: float, score: float | None) -> None:
        """Show what came of an epoch, counted from 1, if the last line is a second old."""
        self.epochs = epoch
        now = time.monotonic()
        rate = (now - self._start) / max(1, epoch - self._began_at)
        self._last = line(self.title, epoch, self._total, loss, score, rate * (self._total - epoch))
        if not self._shown >= 0 or now - self._shown >= (0.1 if _on_terminal() else 1.0):
            self._show(self._last)
            self._shown, self._last = now, ""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._last:
            self._show(self._last)
        if not self.quiet and _on_terminal() and self._shown >= 0:
            _write("\n")

    def _show(self, text: str) -> None:
        if self.quiet:
            return
        if not _on_terminal():
            _write(f"{text}\n")
            return
        done = round(_BAR * self.epochs / self._total)
        bar = "█" * done + "░" * (_BAR - done)
        width = shutil.get_terminal_size().columns - 1
        _write(f"\r\x1b[K{f'{bar}  {text}'[:width]}")


def line(
    title: str, epoch: int, total: int, loss: float, score: float | None, seconds: float
) -> str:
    """Return the line of an epoch.

    >>> line("", 12, 200, 0.41234, 0.951, 21.4)
    'epoch 12/200  loss 0.4123  held-out 0.951  eta 0:21'
    """
    parts = [title] if title else []
    parts += [f"epoch {epoch}/{total}", f"loss {loss:.4g}"]
    parts += [] if score is None else [f"held-out {score:.4g}"]
    return "  ".join([*parts, f"eta {clock(seconds)}"])


def clock(seconds: float) -> str:
    """Return a time as h:mm:ss or m:ss.

    >>> clock(21.4), clock(3725)
    ('0:21', '1:02:05')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _on_terminal() -> bool:
    return sys.stderr.isatty()


def _write(text: str) -> None:
    # A fit does not end because nobody reads of it any more.
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(text)
        sys.stderr.flush()


def note(options: Any, text: str) -> None:
    """Write a line to standard error, unless --quiet."""
    if not options.quiet:
        _write(f"{text}\n")
