"""Ctrl-C, noticed even where training ends well because of it."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any, Self


class CtrlC:
    """A context that notices Ctrl-C, which raises KeyboardInterrupt as ever.

    Training answers Ctrl-C by returning what it has, so that its caller does not see it.

    Attributes
    ----------
    came : bool
    held : bool
        Set it where Ctrl-C must only be noticed, as while a model is saved.
    """

    def __enter__(self) -> Self:
        self.came = self.held = False
        self._before: Any = None
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._notice)
        return self

    def _notice(self, number: int, frame: FrameType | None) -> None:
        self.came = True
        if not self.held:
            raise KeyboardInterrupt

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
