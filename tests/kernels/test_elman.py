"""The Elman kernels: both sides against the reference in float64, and it against differences.

The reference's own float32 is on trial as well. The fourth proof, against torch's figures, is in
test_golden.py.

Tolerances follow Higham & Mary (2019, "A new approach to probabilistic rounding error analysis"):
n roundings move a sum by no more than λ √n u times the sum of its terms' absolute values. Here
u = eps / 2 and λ = 8; their bound puts the odds against at 2 n exp(-λ²/2), 1e-11 for n = 400.
The W_hh drawn at most halve an error at each step, so all steps double the error of one.
"""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from strategies import (
    FLOAT32,
    FLOAT64,
    Array,
    ElmanCase,
    backward,
    elman_cases,
    forward,
    generators,
)

from elman.kernels import reference
from elman.kernels.reference import ElmanKept, ElmanWeights


def value_tolerance(case: ElmanCase, truth: Array) -> float:
    """Bound the error of output and h_n; `truth` is the output in float64."""
    weights = case.weights
    terms = (np.abs(case.x[case.valid()]) @ np.abs(weights.weight_ih).T).max(initial=0)
    terms += np.abs(weights.weight_hh).sum(axis=1).max() * max(
        np.abs(truth).max(initial=0), np.abs(case.h_0).max(initial=0)
    )
    if weights.bias_ih is not None:
        terms += np.abs(weights.bias_ih).max() + np.abs(weights.bias_hh).max()
    # A step rounds I + H products and two biases; tanh is right to 4 eps of its largest value, 1.
    one_step = 4 * np.sqrt(case.sizes.I + case.sizes.H + 2) * terms + 4
    return float(2 * one_step * np.finfo(case.x.dtype).eps)


def gradient_tolerances(case: ElmanCase, kept: ElmanKept) -> dict[str, float]:
    """Bound the error of each gradient, by name; `kept` is in float64.

    The reference itself gives the sums of the terms' absolute values: they are its gradients once
    every factor is replaced by its absolute value and phi' by 1.
    """
    T, N, _, H = case.sizes
    eps = np.finfo(case.x.dtype).eps
    case = case.astype(FLOAT64)
    weights = ElmanWeights(*(w if w is None else np.abs(w) for w in case.weights[:4]), "relu")
    positive = np.abs(kept.output) + np.finfo(np.float64).tiny
    sums = backward(
        reference,
        case._replace(weights=weights, d_output=np.abs(case.d_output), d_h_n=np.abs(case.d_h_n)),
        kept._replace(x=np.abs(kept.x), h_0=np.abs(kept.h_0), output=positive),
    )
    tolerances = {}
    for name, terms in sums.items():
        # A step rounds H products, d_output and phi' (three times), and all steps double that
        # error, as four times the roundings would; then comes the sum of this very gradient.
        roundings = 4 * (H + 4) + {"x": H, "h_0": 0}.get(name, T * N)
        tolerances[name] = float(4 * np.sqrt(roundings) * terms.max(initial=0) * eps)
    return tolerances


@given(case=elman_cases())
def test_values_are_the_references(side: ModuleType, case: ElmanCase) -> None:
    truth = forward(reference, case.astype(FLOAT64))
    output, h_n, _ = forward(side, case)
    tolerance = value_tolerance(case, truth.output)
    assert output.dtype == h_n.dtype == case.x.dtype
    np.testing.assert_allclose(output, truth.output, rtol=0, atol=tolerance)
    np.testing.assert_allclose(h_n, truth.h_n, rtol=0, atol=tolerance)


@given(case=elman_cases())
def test_gradients_are_the_references(side: ModuleType, case: ElmanCase) -> None:
    """Both take one forward run backwards: no relu is open in one and shut in the other."""
    kept = forward(side, case).kept
    actual = backward(side, case, kept)

    case_64 = case.astype(FLOAT64)
    output_64 = kept.output.astype(FLOAT64)
    kept_64 = ElmanKept(case_64.x, case_64.h_0, output_64, case.lengths, case.reverse)
    expected = backward(reference, case_64, kept_64)

    tolerances = gradient_tolerances(case, kept_64)
    assert list(actual) == list(expected) == list(tolerances)
    for name, tolerance in tolerances.items():
        assert actual[name].dtype == case.x.dtype
        np.testing.assert_allclose(
            actual[name], expected[name], rtol=0, atol=tolerance, err_msg=f"gradient of {name}"
        )


def moved(case: ElmanCase, name: str, by: Array) -> ElmanCase:
    """Return the case with `by` added to the argument called `name`."""
    if name in ElmanWeights._fields:
        weight = getattr(case.weights, name) + by
        return case._replace(weights=case.weights._replace(**{name: weight}))
    return case._replace(**{name: getattr(case, name) + by})


@given(case=elman_cases(dtypes=st.just(FLOAT64), work=2**18), generator=generators)
def test_the_references_gradients_are_finite_differences(
    case: ElmanCase, generator: np.random.Generator
) -> None:
    """Along a random direction, each gradient is the slope of a projection of the results."""

    def project(name: str, by: Array) -> tuple[float, Array]:
        output, h_n, _ = forward(reference, moved(case, name, by))
        return np.vdot(case.d_output, output) + np.vdot(case.d_h_n, h_n), output > 0

    # Central differences err by step² / 6 times the third derivative, which along a direction no
    # longer than 1 is of the order of the projection's terms, and by rounding, eps / step = step²
    # times these terms. A margin of 4 is for the unknown factors.
    step = np.finfo(np.float64).eps ** (1 / 3)
    run = forward(reference, case)
    terms = np.abs(case.d_output * run.output).sum() + np.abs(case.d_h_n * run.h_n).sum()
    tolerance = 4 * step**2 * (1 + terms)

    for name, gradient in backward(reference, case, run.kept).items():
        direction = generator.uniform(-1, 1, gradient.shape) / np.sqrt(max(1, gradient.size))
        above, open_above = project(name, step * direction)
        below, open_below = project(name, -step * direction)
        if case.weights.nonlinearity == "relu":
            assume((open_above == open_below).all())
        slope = (above - below) / (2 * step)
        expected = pytest.approx(slope, rel=0, abs=tolerance)
        assert np.vdot(gradient, direction) == expected, f"gradient of {name}"


def ulps(actual: Array, exact: Array) -> Array:
    """Return the error of `actual` in units in the last place of its dtype."""
    spacing = np.spacing(np.abs(exact).astype(actual.dtype)).astype(exact.dtype)
    return np.abs(actual.astype(exact.dtype) - exact) / spacing


@pytest.mark.parametrize(
    ("dtype", "finer"),
    [(FLOAT32, np.float64), (FLOAT64, np.longdouble)],
    ids=["float32", "float64"],
)
def test_tanh_is_within_two_and_a_half_units_in_the_last_place(
    side: ModuleType, dtype: np.dtype, finer: type
) -> None:
    """Over all magnitudes, subnormal ones included: h = tanh(x) once W_ih = 1 and W_hh = 0."""
    info = np.finfo(dtype)
    smallest, largest = np.log10(info.smallest_subnormal), np.log10(info.max)
    magnitudes = [np.logspace(smallest, 0, 3000), np.logspace(-3, 1.5, 20000)]
    magnitudes += [np.logspace(1, largest - 1, 200), [0, np.inf]]
    x = np.concatenate([*magnitudes, *(-np.array(m) for m in magnitudes)]).astype(dtype)

    one, zero = np.ones((1, 1), dtype), np.zeros((1, 1), dtype)
    h_0 = np.zeros((len(x), 1), dtype)
    output, h_n = np.empty((1, len(x), 1), dtype), np.empty_like(h_0)
    weights = side.elman_weights(one, zero, None, None, "tanh")
    side.elman_forward(weights, x[None, :, None], (h_0,), output, (h_n,))

    error = ulps(h_n[:, 0], np.tanh(x.astype(finer)))
    assert error.max() <= 2.5, f"at x = {x[error.argmax()]!r}"
