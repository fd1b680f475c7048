"""scikit-learn's own checks of its conventions, over both estimators; nothing is excused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks

from elman.estimators import RNNClassifier, RNNRegressor, SequenceScaler

# Few epochs, and batches that hold all of a check's samples: an integer weight equals so many
# repetitions of a sample only where both are in one batch.
FAST = {"hidden_size": 8, "max_iter": 25, "learning_rate_init": 0.02, "batch_size": 400}

SEQUENCES = [SequenceScaler(), SequenceScaler(with_mean=False)]
NETWORKS = [
    *(RNNClassifier(**FAST, dtype=dtype) for dtype in ("float64", "float32")),
    *(
        RNNRegressor(**FAST | {"max_iter": 120}, cell="gru", dtype=d)
        for d in ("float64", "float32")
    ),
]


def excused(estimator: Any) -> dict[str, str]:
    """Return the checks that need more digits than float32 has; float64 passes them."""
    if getattr(estimator, "dtype", "") != "float32":
        return {}
    return {
        f"check_sample_weight_equivalence_on_{kind}_data": "it compares two fits to 1e-7"
        for kind in ("dense", "sparse")
    }


# The checks know tables alone, some of them as long and narrow as a table of time steps.
@pytest.mark.filterwarnings("ignore:X. expected .* got what may be a long table")
@pytest.mark.filterwarnings("ignore:max_iter=.* epochs are over")
@parametrize_with_checks([*SEQUENCES, *NETWORKS], expected_failed_checks=excused)
def test_conventions(estimator: Any, check: Any) -> None:
    check(estimator)


def test_tags_say_what_is_taken() -> None:
    for estimator in (SequenceScaler(), RNNClassifier()):
        tags = get_tags(estimator).input_tags
        # Without two_d_array scikit-learn would skip every check above.
        assert tags.two_d_array
        assert tags.three_d_array
        assert not tags.allow_nan
        assert not tags.sparse
    assert get_tags(SequenceScaler()).transformer_tags.preserves_dtype == ["float64", "float32"]
    assert get_tags(RNNClassifier()).target_tags.required


def test_the_check_that_needs_an_environment_of_its_own(run_python: Callable[..., str]) -> None:
    """Enabling array API dispatch changes nothing; the check above is skipped without it."""
    program = f"""
import warnings
from sklearn.utils.estimator_checks import check_array_api_input
from elman.estimators import RNNClassifier, SequenceScaler
for model in (SequenceScaler(), RNNClassifier(**{FAST})):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "max_iter=25 epochs are over")
        check_array_api_input(
            type(model).__name__, model, array_namespace="numpy", expect_only_array_outputs=False
        )
    print(type(model).__name__)
"""
    assert run_python(program, SCIPY_ARRAY_API="1").split() == ["SequenceScaler", "RNNClassifier"]
