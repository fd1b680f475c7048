"""Every cell on both sides: against the reference in float64, and it against differences.

The reference's own float32 is on trial as well. The fourth proof, against torch's figures, is in
test_golden.py.

Tolerances follow Higham & Mary (2019, "A new approach to probabilistic rounding error analysis"):
n roundings move a sum by no more than λ √n u times the sum of its terms' absolute values. Here
u = eps / 2 and λ = 8; their bound puts the odds against at 2 n exp(-λ²/2), 1e-11 for n = 400.

How the errors of steps add up, `weights_of` in kernel_cases.py decides: those W_hh let none grow.
Of Elman, all steps double the error of one. GRU and LSTM carry their state on beside W_hh, z h and
f c, so that an error may last: T steps err by T times what one does.
"""

from __future__ import annotations

from types import ModuleType
from typing import NamedTuple
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from kernel_cases import (
    Case,
    backward,
    cases,
    forward,
    results,
)
from strategies import FLOAT32, FLOAT64, Array, generators, parts

from elman.kernels import Architecture, State, Weights, reference
from elman.kernels.cells import CELLS, Cell

# There are five kinds of layer to draw from.
more_examples = settings(max_examples=2 * settings.default.max_examples)


class Truth(NamedTuple):
    """What the reference finds in float64, and what passed it by at any step."""

    results: dict[str, Array]
    largest_state: float
    largest_gradient: float  # that reaches a state


def largest(*arrays: Array) -> float:
    """Return the largest absolute value in some arrays."""
    return max(float(np.abs(a).max(initial=0)) for a in arrays)


def truth_of(case: Case) -> Truth:
    """Run the reference in float64, and watch its steps."""
    case = case.astype(FLOAT64)
    states = [largest(*case.state)]
    # Where two gradients meet in a state, their sum may be less than they.
    gradients = [largest(case.d_output) + largest(*case.d_state_n)]
    step = CELLS[case.weights.cell]

    def step_forward(w: Weights, x: Array, state: State, mask: Array | None) -> tuple:
        found = step.forward(w, x, state, mask)
        states.append(largest(*found[0]))
        return found

    def step_backward(w: Weights, kept: object, d_state: State) -> tuple:
        found = step.backward(w, kept, d_state)
        gradients.append(largest(*d_state, *found[1]))
        return found

    watched = Cell(step_forward, step_backward, step.values)
    with patch.dict(CELLS, {case.weights.cell: watched}):
        return Truth(results(reference, case), max(states), max(gradients))


def scales(case: Case, truth: Truth) -> dict[str, float]:
    """Bound, by name, how far results move if every sum of every step moves by its terms' sum."""
    weights, (T, *_) = case.weights, case.sizes
    steps = 2 if weights.gates == 1 else max(2, T)
    x = np.abs(case.x[case.valid()])
    pairs = len(x)

    terms = (x @ np.abs(weights.weight_ih).T).max(initial=0)
    terms += np.abs(weights.weight_hh).sum(axis=1).max() * truth.largest_state
    if weights.bias_ih is not None:
        terms += largest(weights.bias_ih) + largest(weights.bias_hh)
    state = steps * max(1, truth.largest_state, terms)

    # The gradient of a gate's sum, d_a, is no larger than what reaches the state, times h or c
    # where these are factors. Errors made backward and those of the forward run, which d_a is made
    # of, are of any signs: over T steps each adds up as √T, and the two, multiplied, as T.
    d_a = truth.largest_gradient * max(1, truth.largest_state)
    d_state = steps * d_a * max(1, terms)
    bounds = {
        "output": state,
        "h_n": state,
        "c_n": state,
        "d_x": d_state * np.abs(weights.weight_ih).sum(axis=0).max(),
        "d_h_0": d_state,
        "d_c_0": d_state,
        "d_weight_ih": d_state * x.sum(axis=0).max(initial=0),
        "d_weight_hh": d_state * pairs * truth.largest_state,
        "d_bias_ih": d_state * pairs,
        "d_bias_hh": d_state * pairs,
        "d_weight_hr": d_state * pairs,  # times o tanh(c), at most 1
    }
    return {name: float(bounds[name]) for name in truth.results}


def tolerances(case: Case, truth: Truth) -> dict[str, float]:
    """Bound the error of each result, by name.

    By what λ √n u allows, n being the terms of the longest sum, a few functions among them; and of
    float32, where that leaves much room, by 8 times the reference's own error, and 4 eps as this
    may happen to be small.
    """
    _, _, inputs, H, P = case.sizes
    eps, scale = np.finfo(case.x.dtype).eps, scales(case, truth)
    n = max(inputs + P, case.weights.gates * H, case.valid().sum()) + 8
    bounds = {name: 4 * np.sqrt(n) * eps * value for name, value in scale.items()}
    if case.x.dtype == FLOAT32:
        for name, found in results(reference, case).items():
            own = largest(found - truth.results[name])
            bounds[name] = min(bounds[name], 8 * own + 4 * eps * scale[name])
    return bounds


def same_relus_open(case: Case, output: Array, truth: Array) -> bool:
    """Tell whether no rounding took a relu across its kink, where the gradient jumps."""
    return case.weights.cell != "rnn_relu" or bool(((output > 0) == (truth > 0)).all())


@more_examples
@given(case=cases())
def test_values_and_gradients_are_the_references(side: ModuleType, case: Case) -> None:
    truth = truth_of(case)
    actual = results(side, case)
    same_relus = same_relus_open(case, actual["output"], truth.results["output"])
    assert list(actual) == list(truth.results)
    for name, tolerance in tolerances(case, truth).items():
        assert actual[name].dtype == case.x.dtype
        assert actual[name].shape == truth.results[name].shape
        if name in ("output", "h_n", "c_n") or same_relus:
            np.testing.assert_allclose(
                actual[name], truth.results[name], rtol=0, atol=tolerance, err_msg=name
            )


def moved(case: Case, name: str, by: Array) -> Case:
    """Return the case with `by` added to the argument called `name`."""
    if name in ("h_0", "c_0"):
        state = list(case.state)
        state[name == "c_0"] = state[name == "c_0"] + by
        return case._replace(state=tuple(state))
    if name in Weights._fields:
        weight = getattr(case.weights, name) + by
        return case._replace(weights=case.weights._replace(**{name: weight}))
    return case._replace(**{name: getattr(case, name) + by})


@more_examples
@given(case=cases(dtypes=st.just(FLOAT64), work=2**18), generator=generators)
def test_the_references_gradients_are_finite_differences(
    case: Case, generator: np.random.Generator
) -> None:
    """Along a random direction, each gradient is the slope of a projection of the results."""

    def project(name: str, by: Array) -> tuple[float, Array]:
        output, state_n, _ = forward(reference, moved(case, name, by), keep=False)
        projected = np.vdot(case.d_output, output)
        projected += sum(map(np.vdot, case.d_state_n, state_n))
        return projected, output > 0

    # Central differences err by step² / 6 times the third derivative, which along a direction no
    # longer than 1 is of the order of the projection's terms, and by rounding, eps / step = step²
    # times these terms. A margin of 4 is for the unknown factors.
    step = np.finfo(np.float64).eps ** (1 / 3)
    run = forward(reference, case)
    terms = np.abs(case.d_output * run.output).sum()
    terms += sum(
        np.abs(d * part).sum() for d, part in zip(case.d_state_n, run.state_n, strict=True)
    )
    tolerance = 4 * step**2 * (1 + terms)

    for name, gradient in backward(reference, case, run.run).items():
        direction = generator.uniform(-1, 1, gradient.shape) / np.sqrt(max(1, gradient.size))
        above, open_above = project(name, step * direction)
        below, open_below = project(name, -step * direction)
        if case.weights.cell == "rnn_relu":
            assume((open_above == open_below).all())
        slope = (above - below) / (2 * step)
        expected = pytest.approx(slope, rel=0, abs=tolerance)
        assert np.vdot(gradient, direction) == expected, f"gradient of {name}"


# ---- tanh and σ ----------------------------------------------------------------------------------


def all_magnitudes(dtype: np.dtype) -> Array:
    """Return finite numbers of both signs, subnormal ones included."""
    info = np.finfo(dtype)
    smallest, huge = np.log10(info.smallest_subnormal), np.log10(info.max)
    magnitudes = [np.logspace(smallest, 0, 3000), np.logspace(-3, 2.9, 20000)]
    magnitudes += [np.logspace(1, huge - 1, 200), [0]]
    return np.concatenate([*magnitudes, *(-np.array(m) for m in magnitudes)]).astype(dtype)


def final_state_of_one_unit(side: ModuleType, weights: Weights, x: Array) -> Array:
    """Return the last part of the state, one unit's, after one step from zeros of each x alone."""
    architecture = Architecture(weights.cell, 1, 1, bias=weights.bias_ih is not None)
    network = side.network(architecture, [w for w in weights[1:] if w is not None])
    _, state_n = network.run(x[None, :, None])
    return parts(state_n)[-1][0, :, 0]


def ulps(actual: Array, exact: Array) -> Array:
    """Return the error of `actual` in units in the last place of its dtype."""
    spacing = np.spacing(np.abs(exact).astype(actual.dtype)).astype(exact.dtype)
    return np.abs(actual.astype(exact.dtype) - exact) / spacing


each_dtype = pytest.mark.parametrize(
    ("dtype", "finer"),
    [(FLOAT32, np.float64), (FLOAT64, np.longdouble)],
    ids=["float32", "float64"],
)


@each_dtype
def test_tanh_errs_by_few_units_in_the_last_place(
    side: ModuleType, dtype: np.dtype, finer: type
) -> None:
    """Over all magnitudes, infinite ones included: h = tanh(x) once W_ih = 1 and W_hh = 0."""
    x = np.append(all_magnitudes(dtype), [np.inf, -np.inf]).astype(dtype)
    one = np.ones((1, 1), dtype)
    found = final_state_of_one_unit(side, Weights("rnn_tanh", one, 0 * one), x)
    error = ulps(found, np.tanh(x.astype(finer)))
    most = 0.95 if side is not reference and dtype == FLOAT32 else 2.5
    assert error.max() <= most, f"at x = {x[error.argmax()]!r}"


@each_dtype
def test_sigmoid_errs_by_few_units_in_the_last_place(
    side: ModuleType, dtype: np.dtype, finer: type
) -> None:
    """Over all magnitudes: c = σ(x) once i alone takes x, g = tanh(100) = 1 and c_0 = 0."""
    x = all_magnitudes(dtype)
    weight_ih = np.array([[1], [0], [0], [0]], dtype)
    bias = np.array([0, 0, 100, 0], dtype)
    zeros = np.zeros((4, 1), dtype)
    found = final_state_of_one_unit(side, Weights("lstm", weight_ih, zeros, bias, 0 * bias), x)

    e = np.exp(-np.abs(x.astype(finer)))
    exact = np.where(x < 0, e, 1) / (1 + e)
    normal = exact >= 2 * np.finfo(dtype).tiny
    error = ulps(found, exact)[normal]
    # NumPy's exp, of the reference, may itself err by 2.5 units.
    most = 4 if side is reference else 1.1 if dtype == FLOAT32 else 2.5
    assert error.max() <= most, f"at x = {x[normal][error.argmax()]!r}"
    # Of what no normal number holds, nothing more is asked than that it be as little.
    assert (found[~normal] >= 0).all()
    assert (found[~normal] <= 2 * np.finfo(dtype).tiny).all()
