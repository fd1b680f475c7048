"""The Elman network."""

from __future__ import annotations

from typing import Any, Literal

from elman import _check
from elman._random import Generator
from elman._typing import FloatArray
from elman.nn._recurrent import Recurrent


class RNN(Recurrent[FloatArray]):
    """The Elman network (Elman 1990, "Finding structure in time"), as torch.nn.RNN.

    Each layer computes, at every step t,

        h_t = tanh(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh)

    and the next layer takes h_t as its input, after dropout in training mode.

    Parameters
    ----------
    input_size : int
        I, the number of values at each step of x.
    hidden_size : int
        H, the number of values of the state.
    num_layers : int
        L.
    nonlinearity : "tanh" or "relu"
    bias : bool
        Whether there are b_ih and b_hh.
    batch_first : bool
        Whether x and output are (N, T, ·) rather than (T, N, ·). States never are.
    dropout : float in [0, 1]
        Probability of zeroing each value between one layer and the next, in training mode.
    bidirectional : bool
        Whether each layer also runs from the last step to the first; D is then 2, else 1.
    device : None or "cpu"
    dtype : numpy.float32 (default) or numpy.float64
    recurrent_dropout : float in [0, 1]
        Probability of zeroing each value of h where W_hh takes it, for all steps of a sequence
        alike, in training mode (Gal & Ghahramani 2016).
    learn_initial_state : bool
        Whether initial states are parameters, h_0 (L·D, H), zero at first, from which a call
        without a state begins.
    generator : elman.Generator, optional
        Where weights and dropout masks are drawn from; None for the one `elman.manual_seed` seeds.

    proj_size : 0
        Only an LSTM may have a projection.

    Attributes
    ----------
    weight_ih_l{k} : array, shape (H, I), or (H, D·H) for k > 0
    weight_hh_l{k} : array, shape (H, H)
    bias_ih_l{k}, bias_hh_l{k} : array, shape (H,)
        Each again with the suffix _reverse if bidirectional. All are read-only: assign to change.

    Raises
    ------
    TypeError, ValueError
        If an argument has the wrong type or value, of the class torch raises.

    Examples
    --------
    >>> import numpy as np
    >>> from elman import nn
    >>> rnn = nn.RNN(5, 8, num_layers=2, batch_first=True, bidirectional=True)
    >>> output, h_n = rnn(np.zeros((1, 10, 5), np.float32))
    >>> output.shape, h_n.shape
    ((1, 10, 16), (4, 1, 8))

    References
    ----------
    https://docs.pytorch.org/docs/stable/generated/torch.nn.RNN.html
    """

    _not_in_config = Recurrent._not_in_config | {"proj_size"}

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: Literal["tanh", "relu"] = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        recurrent_dropout: float = 0.0,
        learn_initial_state: bool = False,
        generator: Generator | None = None,
        proj_size: int = 0,
    ) -> None:
        _check.no_projection(proj_size)
        self.nonlinearity = _check.choice("nonlinearity", nonlinearity, ("tanh", "relu"))
        super().__init__(
            f"rnn_{nonlinearity}",
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            device,
            dtype,
            generator,
            recurrent_dropout,
            learn_initial_state,
        )
