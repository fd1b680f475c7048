"""How training goes, shown while it does."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self


class Progress:
    """A tqdm bar that counts epochs, or a line for each epoch where tqdm is not installed.

    Parameters
    ----------
    total : int
        How many epochs there may be.
    show : bool
        Whether to show anything.
    done : int
        How many epochs an earlier run finished.
    """

    @classmethod
    def of(cls, verbose: Any, total: int, done: int) -> Any:
        """Return what reports, for `verbose` as `fit` has it: a bar, or one of the caller's own."""
        if callable(verbose):
            return verbose(total, done)
        return cls(total, bool(verbose), done)

    def __init__(self, total: int, show: bool, done: int = 0) -> None:
        self._show = show
        self._bar: Any = None
        if show:
            try:
                from tqdm import tqdm
            except ImportError:
                return
            self._bar = tqdm(total=total, unit="epoch", initial=done)

    def report(self, epoch: int, loss: float, score: float | None) -> None:
        """Show what came of an epoch, counted from 1."""
        if self._bar is not None:
            shown = {"loss": f"{loss:.4g}"} | ({} if score is None else {"score": f"{score:.4g}"})
            self._bar.set_postfix(shown, refresh=False)
            self._bar.update()
        elif self._show:
            end = "" if score is None else f", validation score = {score:.6f}"
            print(f"Iteration {epoch}, loss = {loss:.8f}{end}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.close()
