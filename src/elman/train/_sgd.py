"""The optimiser SGD, with momentum."""

from __future__ import annotations

from typing import Any, NamedTuple

from elman import _check
from elman._typing import FloatArray
from elman.train._optimizer import Optimizer


class SGDState(NamedTuple):
    """What SGD with momentum remembers of one parameter: the direction it moves in."""

    momentum_buffer: FloatArray


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum if asked for, as torch.optim.SGD.

    For a parameter p with gradient g,

        g = g + weight_decay · p
        b = momentum · b + g                                 b = g at the first step
        p = p - lr · b                                       or, if nesterov,
        p = p - lr · (g + momentum · b)

    Momentum is Polyak's; the second form is Nesterov's, as Sutskever, Martens, Dahl & Hinton 2013
    ("On the importance of initialization and momentum in deep learning") write it, with the
    learning rate outside b.

    Parameters
    ----------
    lr : float of at least zero
    momentum : float in [0, 1]
    nesterov : bool
        Needs a momentum above zero.
    weight_decay : float of at least zero
        Strength of the L2 penalty weight_decay / 2 · ‖p‖².

    Attributes
    ----------
    state : dict of SGDState by the parameters' names; stays empty without momentum

    Raises
    ------
    TypeError, ValueError
        If an argument is no number, or a number out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from elman.train import SGD
    >>> sgd = SGD(lr=0.5)
    >>> sgd.update({"bias": np.array([1.0, 1.0])}, {"bias": np.array([0.5, -3.0])})
    {'bias': array([0.75, 2.5 ])}
    """

    def __init__(
        self,
        lr: float = 1e-3,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(lr=lr, weight_decay=weight_decay)
        _check.number("momentum", momentum, "a number in [0, 1]", lambda number: 0 <= number <= 1)
        self.momentum = float(momentum)
        self.nesterov = _check.flag("nesterov", nesterov)
        if nesterov and not momentum:
            fix = "take momentum=0.9, or nesterov=False"
            raise _check.fail(ValueError, "momentum", "above zero with nesterov", "0", fix)

    def config(self) -> dict[str, Any]:
        """Return the constructor's arguments, as JSON has them; `lr` is the present one."""
        own = {"momentum": self.momentum, "nesterov": self.nesterov}
        return {"lr": self.lr, **own, "weight_decay": self.weight_decay}

    def _step(
        self, p: FloatArray, g: FloatArray, before: SGDState | None
    ) -> tuple[FloatArray, SGDState | None]:
        if self.weight_decay:
            g = g + self.weight_decay * p
        if not self.momentum:
            return p - self.lr * g, None
        b = g.copy() if before is None else self.momentum * before.momentum_buffer + g
        direction = g + self.momentum * b if self.nesterov else b
        return p - self.lr * direction, SGDState(b)

    def _fields(self) -> tuple[str, ...]:
        return SGDState._fields if self.momentum else ()

    def _make_state(self, values: dict[str, Any]) -> SGDState:
        return SGDState(**values)
