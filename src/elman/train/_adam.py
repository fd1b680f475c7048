"""The optimisers Adam and AdamW."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from elman import _check
from elman._typing import FloatArray
from elman.train._optimizer import Optimizer, check_not_negative


class AdamState(NamedTuple):
    """What Adam remembers of one parameter: steps taken and the running means of g and g²."""

    step: int
    exp_avg: FloatArray
    exp_avg_sq: FloatArray


class Adam(Optimizer):
    """Adam (Kingma & Ba 2015, "Adam: a method for stochastic optimization"), as torch.optim.Adam.

    For a parameter p with gradient g, at step t,

        g = g + weight_decay · p
        m = β₁ m + (1 - β₁) g
        v = β₂ v + (1 - β₂) g²
        p = p - lr / (1 - β₁ᵗ) · m / (√v / √(1 - β₂ᵗ) + eps)

    Parameters
    ----------
    lr : float of at least zero
    betas : two floats in [0, 1)
        How slowly the means m of g and v of g² forget.
    eps : float of at least zero
    weight_decay : float of at least zero
        Strength of the L2 penalty weight_decay / 2 · ‖p‖².

    Attributes
    ----------
    state : dict of AdamState by the parameters' names; empty before the first update

    Raises
    ------
    TypeError, ValueError
        If an argument is no number, or a number out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from elman.train import Adam
    >>> adam = Adam(lr=0.1)
    >>> adam.update({"bias": np.array([1.0, 1.0])}, {"bias": np.array([0.5, -3.0])})
    {'bias': array([0.9, 1.1])}
    """

    def __init__(
        self,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(lr=lr, weight_decay=weight_decay)
        check_not_negative("eps", eps)
        if not isinstance(betas, tuple | list) or len(betas) != 2:
            raise _check.fail(ValueError, "betas", "two numbers in [0, 1)", repr(betas))
        for i, beta in enumerate(betas):
            expected = "a number in [0, 1)"
            _check.number(f"betas[{i}]", beta, expected, lambda number: 0 <= number < 1)
        self.betas = (float(betas[0]), float(betas[1]))
        self.eps = float(eps)

    def config(self) -> dict[str, Any]:
        """Return the constructor's arguments, as JSON has them; `lr` is the present one."""
        own = {"betas": list(self.betas), "eps": self.eps}
        return {"lr": self.lr, **own, "weight_decay": self.weight_decay}

    def _step(
        self, p: FloatArray, g: FloatArray, before: AdamState | None
    ) -> tuple[FloatArray, AdamState]:
        if self.weight_decay:
            g = g + self.weight_decay * p
        return self._move(p, g, before)

    def _move(
        self, p: FloatArray, g: FloatArray, before: AdamState | None
    ) -> tuple[FloatArray, AdamState]:
        """Return Adam's step from p, without a penalty."""
        beta_1, beta_2 = self.betas
        before = before or AdamState(0, np.zeros_like(p), np.zeros_like(p))
        t = before.step + 1
        m = beta_1 * before.exp_avg
        m += (1 - beta_1) * g
        v = beta_2 * before.exp_avg_sq
        v += (1 - beta_2) * g * g

        step = np.sqrt(v)
        step /= math.sqrt(1 - beta_2**t)
        step += self.eps
        np.divide(m, step, out=step)
        step *= self.lr / (1 - beta_1**t)
        return np.subtract(p, step, out=step), AdamState(t, m, v)

    def _fields(self) -> tuple[str, ...]:
        return AdamState._fields

    def _make_state(self, values: dict[str, Any]) -> AdamState:
        return AdamState(**values)


class AdamW(Adam):
    """Adam with decoupled weight decay, as torch.optim.AdamW.

    Loshchilov & Hutter 2019, "Decoupled weight decay regularization". A parameter first shrinks,

        p = p - lr · weight_decay · p

    and then makes Adam's step, in whose means the decay has no part. All parameters that have a
    gradient shrink, biases too, as in torch.

    Parameters
    ----------
    lr, betas, eps
        As of `Adam`.
    weight_decay : float of at least zero
        The share of a parameter that a step takes away, divided by lr.

    Attributes
    ----------
    state : dict of AdamState by the parameters' names; empty before the first update

    Raises
    ------
    TypeError, ValueError
        If an argument is no number, or a number out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from elman.train import AdamW
    >>> adam = AdamW(lr=0.1, weight_decay=0.5)
    >>> adam.update({"bias": np.array([1.0, 1.0])}, {"bias": np.array([0.5, -3.0])})
    {'bias': array([0.85, 1.05])}
    """

    def __init__(
        self,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
    ) -> None:
        super().__init__(lr, betas, eps, weight_decay)

    def _step(
        self, p: FloatArray, g: FloatArray, before: AdamState | None
    ) -> tuple[FloatArray, AdamState]:
        if self.weight_decay:
            p = (1 - self.lr * self.weight_decay) * p
        return self._move(p, g, before)
