"""scikit-learn estimators of sequences: fit, predict, transform, score.

They take X as an array (n, T, I), as a list of arrays (T_i, I) or (T_i,), or as an array (n, T) of
sequences of one column. Letters: n sequences, T time steps, I input columns.
"""

try:
    import sklearn  # noqa: F401
except ImportError as error:
    raise ImportError(
        'elman.estimators needs scikit-learn; install it with: pip install "elman[sklearn]"',
        name="sklearn",
    ) from error

from elman.estimators._classifier import RNNClassifier
from elman.estimators._forecaster import RNNForecaster
from elman.estimators._language_model import RNNLanguageModel
from elman.estimators._regressor import RNNRegressor
from elman.estimators._scaler import SequenceScaler
from elman.estimators._tagger import RNNTagger

__all__ = [
    "RNNClassifier",
    "RNNForecaster",
    "RNNLanguageModel",
    "RNNRegressor",
    "RNNTagger",
    "SequenceScaler",
]
