"""The Japanese Vowels data: who of nine speakers said /ae/?

The archive beside this file is made by tools/make_japanese_vowels.py, which describes its members.
"""

from __future__ import annotations

from contextlib import suppress
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

_DTYPES = (np.dtype(np.float32), np.dtype(np.float64))


class JapaneseVowels(NamedTuple):
    """The utterances and their speakers, as `load_japanese_vowels` returns them.

    Attributes
    ----------
    X_train : list of 270 arrays, shape (T_i, 12)
    y_train : int64 array, shape (270,), each 1 to 9
    X_test : list of 370 arrays, shape (T_i, 12)
    y_test : int64 array, shape (370,), each 1 to 9
    """

    X_train: list[NDArray[np.floating[Any]]]
    y_train: NDArray[np.int64]
    X_test: list[NDArray[np.floating[Any]]]
    y_test: NDArray[np.int64]


def load_japanese_vowels(*, dtype: DTypeLike = np.float32) -> JapaneseVowels:
    """Load 640 utterances of the Japanese vowels /ae/ by nine male speakers.

    The task is to tell the speaker from the utterance: a sequence of 7 to 29 frames, each of 12
    cepstrum coefficients of a linear prediction (LPC) analysis. The sound was sampled at 10 kHz; a
    frame is 25.6 ms long and begins 6.4 ms after the one before.

    Parameters
    ----------
    dtype : float32 or float64, default float32
        The type of the utterances. In float64 they are the decimal numbers of the source to the
        last digit, in float32 the nearest float32 of these.

    Returns
    -------
    JapaneseVowels
        A named tuple of four fields, new arrays at every call:

        X_train : list of 270 arrays, shape (T_i, 12), C-contiguous
            30 utterances by each speaker.
        y_train : int64 array, shape (270,)
            The speakers, 1 to 9 as in the source.
        X_test : list of 370 arrays, shape (T_i, 12), C-contiguous
            31, 35, 88, 44, 29, 24, 40, 50 and 29 utterances by speakers 1 to 9, recorded on other
            occasions.
        y_test : int64 array, shape (370,)

    Raises
    ------
    ValueError
        If `dtype` is neither float32 nor float64.

    Notes
    -----
    Both parts are in order of speaker: shuffle before taking batches or a part of them.

    The data are by Mineichi Kudo, Jun Toyama and Masaru Shimbo [1]_, published at the UCI Machine
    Learning Repository [2]_ under the Creative Commons Attribution 4.0 International licence
    (CC BY 4.0, https://creativecommons.org/licenses/by/4.0/). Only their format was changed.

    References
    ----------
    .. [1] M. Kudo, J. Toyama and M. Shimbo (1999), "Multidimensional curve classification using
           passing-through regions", Pattern Recognition Letters 20(11-13), 1103-1111.
    .. [2] M. Kudo, J. Toyama and M. Shimbo, "Japanese Vowels", UCI Machine Learning Repository,
           https://doi.org/10.24432/C5NS47.

    Examples
    --------
    >>> from elman.datasets import load_japanese_vowels
    >>> X_train, y_train, X_test, y_test = load_japanese_vowels()
    >>> len(X_train), len(X_test)
    (270, 370)
    >>> [utterance.shape for utterance in X_train[:3]]
    [(20, 12), (26, 12), (22, 12)]
    >>> y_train[[0, 29, 30, 269]]
    array([1, 1, 2, 9])
    """
    checked = _check_dtype(dtype)
    # Imported here because it takes longer than the rest of `import elman.datasets`.
    from importlib.resources import files

    with files(__package__).joinpath("japanese_vowels.npz").open("rb") as file:
        return _read(file, checked)


def _check_dtype(dtype: DTypeLike) -> np.dtype[Any]:
    given: object = dtype
    with suppress(TypeError, ValueError):
        given = None if dtype is None else np.dtype(dtype)  # np.dtype(None) would be float64
    if isinstance(given, np.dtype) and given in _DTYPES:
        return given
    raise ValueError(
        f"dtype: expected float32 or float64, got {given}; "
        "for another type, convert the arrays after loading"
    )


def _read(file: IO[bytes], dtype: np.dtype[Any]) -> JapaneseVowels:
    with np.load(file) as archive:
        steps = archive["steps_high"] * np.int32(65536) + archive["steps_low"]
        train_lengths, test_lengths = archive["train_lengths"], archive["test_lengths"]
        y_train = archive["train_speakers"].astype(np.int64)
        y_test = archive["test_speakers"].astype(np.int64)

    # Both sides of the division are exact in either type, so it gives the value nearest to the
    # decimal number.
    millionths = np.cumsum(steps, axis=0, dtype=np.int32)
    frames = millionths.astype(dtype) / dtype.type(1_000_000)

    ends = np.cumsum(np.concatenate([train_lengths, test_lengths]))
    utterances = np.split(frames, ends[:-1])
    n_train = len(train_lengths)
    return JapaneseVowels(utterances[:n_train], y_train, utterances[n_train:], y_test)
