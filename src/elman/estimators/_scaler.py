"""Scaling the columns of sequences."""

from __future__ import annotations

from typing import Any, Self

from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.preprocessing import StandardScaler
from sklearn.utils import Tags
from sklearn.utils._set_output import _wrap_data_with_container
from sklearn.utils.validation import check_is_fitted

from elman._typing import FloatArray
from elman.estimators._sequences import checked_sequences
from elman.estimators._undo import unchanged_after_error


class _KeepsForm:
    """transform and fit_transform, whose output is a data frame for X of shape (n, T) alone.

    scikit-learn makes a data frame of all that a transformer with these methods returns, where
    set_output asks for it. It leaves inherited methods alone.
    """

    def transform(self: Any, X: Any) -> Any:
        """Return the sequences scaled, in the form and of the dtype in which X came.

        As a data frame if X has the shape (n, T), as in fit, and set_output asks for one. Lists,
        of data frames too, and arrays (n, T, I) stay what they are.
        """
        check_is_fitted(self)
        given = checked_sequences(self, X, reset=False, copy=self.copy)
        frames = given.sequences.frames
        scaled = given.restore(self._scaler.transform(frames) if len(frames) else frames)
        is_table = given.kind == "array" and scaled.ndim == 2 and self._fitted_on_2d
        return _wrap_data_with_container("transform", scaled, X, self) if is_table else scaled

    def fit_transform(self: Any, X: Any, y: Any = None) -> Any:
        """Return the sequences scaled by their own mean and variance, as fit and transform do."""
        return self.fit(X, y).transform(X)


class SequenceScaler(OneToOneFeatureMixin, _KeepsForm, TransformerMixin, BaseEstimator):
    """Bring each column of the sequences to mean 0 and variance 1 over all their frames.

    This is scikit-learn's StandardScaler for sequences: a frame of any sequence counts as one
    sample there. A column of variance 0 is centred and not scaled.

    Parameters
    ----------
    copy : bool
        False lets transform write into X where X is an array of float32 or float64.
    with_mean : bool
        Whether to subtract the mean.
    with_std : bool
        Whether to divide by the standard deviation.

    Attributes
    ----------
    mean_ : array, shape (I,), or None if neither with_mean nor with_std
    var_, scale_ : array, shape (I,), or None if not with_std
    n_samples_seen_ : int
        How many frames were seen.
    n_features_in_ : int
        Size of the last axis of X: I, or T for X of shape (n, T).
    feature_names_in_ : array of str, shape (n_features_in_,)
        If X was a data frame, or a list of these, with such names.

    Examples
    --------
    >>> import numpy as np
    >>> from elman.estimators import SequenceScaler
    >>> X = [np.array([[1.0, 5.0], [3.0, 5.0]]), np.array([[5.0, 5.0]])]
    >>> scaler = SequenceScaler().fit(X)
    >>> scaler.mean_, scaler.n_samples_seen_
    (array([3., 5.]), 3)
    >>> scaler.transform(X)[1]
    array([[1.22474487, 0.        ]])
    """

    def __init__(self, *, copy: bool = True, with_mean: bool = True, with_std: bool = True) -> None:
        self.copy = copy
        self.with_mean = with_mean
        self.with_std = with_std

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn mean and variance of each column.

        Parameters
        ----------
        X : array (n, T, I) or (n, T), or list of arrays (T_i, I) or (T_i,)
        y : ignored

        Returns
        -------
        self
        """
        return self._fit(X, reset=True)

    def partial_fit(self, X: Any, y: Any = None) -> Self:
        """Learn from more sequences, as if they had been part of those seen before."""
        return self._fit(X, reset=not hasattr(self, "_scaler"))

    def _fit(self, X: Any, reset: bool) -> Self:
        with unchanged_after_error(self):
            frames = checked_sequences(self, X, reset=reset).sequences.frames
        if reset:
            scaler = StandardScaler(copy=False, with_mean=self.with_mean, with_std=self.with_std)
            self._scaler = scaler.set_output(transform="default")
        if len(frames):
            self._scaler.partial_fit(frames)
        self.mean_: FloatArray | None = self._scaler.mean_
        self.var_: FloatArray | None = self._scaler.var_
        self.scale_: FloatArray | None = self._scaler.scale_
        self.n_samples_seen_ = int(self._scaler.n_samples_seen_)
        return self

    def inverse_transform(self, X: Any) -> Any:
        """Return sequences as they were before transform, in the form in which X came."""
        check_is_fitted(self)
        given = checked_sequences(self, X, reset=False, copy=self.copy)
        frames = given.sequences.frames
        return given.restore(self._scaler.inverse_transform(frames) if len(frames) else frames)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
