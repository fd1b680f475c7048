"""Fitted models: networks with what they need to read data and to give answers, on NumPy alone.

`elman.load` returns one of a file that an estimator was saved to; it predicts without scikit-learn.
"""

from elman.models._classifier import ClassifierModel
from elman.models._forecaster import ForecasterModel
from elman.models._language import LanguageModel
from elman.models._model import Model
from elman.models._regressor import RegressorModel
from elman.models._tagger import TaggerModel

__all__ = [
    "ClassifierModel",
    "ForecasterModel",
    "LanguageModel",
    "Model",
    "RegressorModel",
    "TaggerModel",
]
