"""The gated recurrent unit."""

from __future__ import annotations

from typing import Any

from elman import _check
from elman._random import Generator
from elman._typing import FloatArray
from elman.nn._recurrent import Recurrent


class GRU(Recurrent[FloatArray]):
    """The gated recurrent unit (Cho et al. 2014), as torch.nn.GRU.

    Each layer computes, at every step t,

        r_t = σ(W_ir x_t + b_ir + W_hr h_{t-1} + b_hr)
        z_t = σ(W_iz x_t + b_iz + W_hz h_{t-1} + b_hz)
        n_t = tanh(W_in x_t + b_in + r_t ⊙ (W_hn h_{t-1} + b_hn))
        h_t = (1 - z_t) ⊙ n_t + z_t ⊙ h_{t-1}

    and the next layer takes h_t as its input, after dropout in training mode. The reset gate r is
    applied after the product, as in cuDNN; Cho et al. apply it before.

    Parameters
    ----------
    input_size : int
        I, the number of values at each step of x.
    hidden_size : int
        H, the number of values of the state.
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
    weight_ih_l{k} : array, shape (3·H, I), or (3·H, D·H) for k > 0; gates r, z, n
    weight_hh_l{k} : array, shape (3·H, H)
    bias_ih_l{k}, bias_hh_l{k} : array, shape (3·H,)
        Each again with the suffix _reverse if bidirectional. All are read-only: assign to change.

    Raises
    ------
    TypeError, ValueError
        If an argument has the wrong type or value, of the class torch raises.

    Examples
    --------
    >>> import numpy as np
    >>> from elman import nn
    >>> gru = nn.GRU(5, 8, batch_first=True)
    >>> output, h_n = gru(np.zeros((1, 10, 5), np.float32))
    >>> output.shape, h_n.shape
    ((1, 10, 8), (1, 1, 8))

    References
    ----------
    https://docs.pytorch.org/docs/stable/generated/torch.nn.GRU.html
    """

    _not_in_config = Recurrent._not_in_config | {"proj_size"}

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
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
        super().__init__(
            "gru",
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
