"""torch.nn's recurrent layers on NumPy arrays."""

from elman.nn import init
from elman.nn._cell import GRUCell, LSTMCell, RNNCell
from elman.nn._embedding import Embedding
from elman.nn._feature_embedding import FeatureEmbedding
from elman.nn._gru import GRU
from elman.nn._linear import Linear
from elman.nn._lstm import LSTM
from elman.nn._network import Network
from elman.nn._recurrent import Gradients
from elman.nn._rnn import RNN

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "Embedding",
    "FeatureEmbedding",
    "GRUCell",
    "Gradients",
    "LSTMCell",
    "Linear",
    "Network",
    "RNNCell",
    "init",
]
