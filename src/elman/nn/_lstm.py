"""Long short-term memory."""

from __future__ import annotations

from typing import Any

from elman._random import Generator
from elman._typing import FloatArray
from elman.nn._recurrent import Recurrent


class LSTM(Recurrent[tuple[FloatArray, FloatArray]]):
    """Long short-term memory (Hochreiter & Schmidhuber 1997), as torch.nn.LSTM.

    With the forget gate of Gers, Schmidhuber & Cummins 2000, each layer computes, at every step t,

        i_t = σ(W_ii x_t + b_ii + W_hi h_{t-1} + b_hi)
        f_t = σ(W_if x_t + b_if + W_hf h_{t-1} + b_hf)
        g_t = tanh(W_ig x_t + b_ig + W_hg h_{t-1} + b_hg)
        o_t = σ(W_io x_t + b_io + W_ho h_{t-1} + b_ho)
        c_t = f_t ⊙ c_{t-1} + i_t ⊙ g_t
        h_t = o_t ⊙ tanh(c_t), or W_hr (o_t ⊙ tanh(c_t)) with a projection (Sak et al. 2014)

    and the next layer takes h_t as its input, after dropout in training mode. The state is the pair
    (h, c).

    Parameters
    ----------
    input_size : int
        I, the number of values at each step of x.
    hidden_size : int
        H, the number of values of c, and of h without a projection.
    num_layers : int
        L.
    bias : bool
        Whether there are b_i· and b_h·.
    batch_first : bool
        Whether x and output are (N, T, ·) rather than (T, N, ·). States never are.
    dropout : float in [0, 1]
        Probability of zeroing each value between one layer and the next, in training mode.
    bidirectional : bool
        Whether each layer also runs from the last step to the first; D is then 2, else 1.
    proj_size : int
        P, the size of h, less than H; 0 is no projection.
    device : None or "cpu"
    dtype : numpy.float32 (default) or numpy.float64
    recurrent_dropout : float in [0, 1]
        Probability of zeroing each value of h where W_hh takes it, for all steps of a sequence
        alike, in training mode (Gal & Ghahramani 2016).
    learn_initial_state : bool
        Whether initial states are parameters, h_0 (L·D, P) and c_0 (L·D, H), zero at first, from
        which a call without a state begins.
    generator : elman.Generator, optional
        Where weights and dropout masks are drawn from; None for the one `elman.manual_seed` seeds.

    Attributes
    ----------
    weight_ih_l{k} : array, shape (4·H, I), or (4·H, D·P) for k > 0; gates i, f, g, o
    weight_hh_l{k} : array, shape (4·H, P)
    bias_ih_l{k}, bias_hh_l{k} : array, shape (4·H,)
    weight_hr_l{k} : array, shape (P, H), with a projection alone
        Each again with the suffix _reverse if bidirectional. All are read-only: assign to change.

    Raises
    ------
    TypeError, ValueError
        If an argument has the wrong type or value, of the class torch raises.

    Examples
    --------
    >>> import numpy as np
    >>> from elman import nn
    >>> lstm = nn.LSTM(5, 8, batch_first=True)
    >>> output, (h_n, c_n) = lstm(np.zeros((1, 10, 5), np.float32))
    >>> output.shape, h_n.shape, c_n.shape
    ((1, 10, 8), (1, 1, 8), (1, 1, 8))

    References
    ----------
    https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTM.html
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
        *,
        recurrent_dropout: float = 0.0,
        learn_initial_state: bool = False,
        generator: Generator | None = None,
    ) -> None:
        super().__init__(
            "lstm",
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
            proj_size,
        )
