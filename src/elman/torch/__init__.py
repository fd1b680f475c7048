"""torch.nn's recurrent modules on elman's kernels."""

from elman.torch._layers import GRU, LSTM, RNN, GRUCell, LSTMCell, RNNCell

__all__ = ["GRU", "LSTM", "RNN", "GRUCell", "LSTMCell", "RNNCell"]
