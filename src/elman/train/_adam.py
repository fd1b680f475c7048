"""The optimiser Adam."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from elman import _check
from elman._typing import FloatArray


class AdamState(NamedTuple):
    """What Adam remembers of one parameter: steps taken and the running means of g and g²."""

    step: int
    exp_avg: FloatArray
    exp_avg_sq: FloatArray


class Adam:
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
        for name, value in {"lr": lr, "eps": eps, "weight_decay": weight_decay}.items():
            expected = "a finite number of at least zero"
            _check.number(name, value, expected, lambda number: 0 <= number < math.inf)
        if not isinstance(betas, tuple | list) or len(betas) != 2:
            raise _check.fail(ValueError, "betas", "two numbers in [0, 1)", repr(betas))
        for i, beta in enumerate(betas):
            expected = "a number in [0, 1)"
            _check.number(f"betas[{i}]", beta, expected, lambda number: 0 <= number < 1)
        self.lr = lr
        self.betas = betas
        self.eps = eps
        self.weight_decay = weight_decay
        self.state: dict[str, AdamState] = {}

    def update(
        self, parameters: Mapping[str, FloatArray], gradients: Mapping[str, FloatArray]
    ) -> dict[str, FloatArray]:
        """Take one step.

        Parameters
        ----------
        parameters : arrays by name; left as they are
        gradients : arrays by name, each with the shape and dtype of its parameter
            A parameter without a gradient keeps its value, as a frozen one does.

        Returns
        -------
        The new parameters by name, ready for `load_state_dict`.

        Raises
        ------
        KeyError
            If a gradient belongs to no parameter.
        ValueError
            If a gradient's shape or dtype is not its parameter's.
        """
        new = dict(parameters)
        state = dict(self.state)
        for name, gradient in gradients.items():
            if name not in parameters:
                raise KeyError(f"gradients: expected names of parameters, got {name!r}")
            old = parameters[name]
            if gradient.shape != old.shape or gradient.dtype != old.dtype:
                expected, got = f"{old.dtype} {old.shape}", f"{gradient.dtype} {gradient.shape}"
                raise _check.fail(ValueError, f"gradients[{name!r}]", expected, got)
            before = state.get(name) or AdamState(0, np.zeros_like(old), np.zeros_like(old))
            new[name], state[name] = self._step(old, gradient, before)
        self.state = state
        return new

    def _step(self, p: FloatArray, g: FloatArray, state: AdamState) -> tuple[FloatArray, AdamState]:
        beta_1, beta_2 = self.betas
        t = state.step + 1
        if self.weight_decay:
            g = g + self.weight_decay * p
        m = beta_1 * state.exp_avg
        m += (1 - beta_1) * g
        v = beta_2 * state.exp_avg_sq
        v += (1 - beta_2) * g * g

        step = np.sqrt(v)
        step /= math.sqrt(1 - beta_2**t)
        step += self.eps
        np.divide(m, step, out=step)
        step *= self.lr / (1 - beta_1**t)
        return np.subtract(p, step, out=step), AdamState(t, m, v)
