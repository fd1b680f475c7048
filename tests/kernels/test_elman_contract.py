"""What the kernels' contract promises beside values: lengths, padding, strides, buffers.

Where no shape and no stride changes, results are compared exactly on both sides.
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
    Sizes,
    backward,
    elman_case,
    elman_cases,
    forward,
    laid_out,
    lengths_N,
)

WORK = 2**20
ragged_cases = elman_cases(work=WORK).filter(lambda case: case.lengths is not None)


def assert_equal(actual: dict[str, Array], expected: dict[str, Array]) -> None:
    assert list(actual) == list(expected)
    for name, value in expected.items():
        np.testing.assert_array_equal(actual[name], value, err_msg=name)


def all_results(side: ModuleType, case: ElmanCase) -> dict[str, Array]:
    """Return output, h_n and every gradient, by name."""
    output, h_n, kept = forward(side, case)
    gradients = {f"d_{name}": d for name, d in backward(side, case, kept).items()}
    return {"output": output, "h_n": h_n, **gradients}


@given(case=ragged_cases, filling=st.sampled_from([np.nan, np.inf, -np.inf]))
def test_padding_is_never_read(side: ModuleType, case: ElmanCase, filling: float) -> None:
    """NaN and infinities after a row's length, in x and in d_output, change nothing."""
    padding = ~case.valid()
    x, d_output = case.x.copy(), case.d_output.copy()
    x[padding], d_output[padding] = 0, 0
    expected = all_results(side, case._replace(x=x, d_output=d_output))
    x[padding], d_output[padding] = filling, filling
    actual = all_results(side, case._replace(x=x, d_output=d_output))
    assert_equal(actual, expected)


@given(case=ragged_cases)
def test_results_are_zero_after_a_rows_length(side: ModuleType, case: ElmanCase) -> None:
    results = all_results(side, case)
    assert not results["output"][~case.valid()].any()
    assert not results["d_x"][~case.valid()].any()


@given(case=ragged_cases)
def test_a_row_of_length_0_keeps_its_state(side: ModuleType, case: ElmanCase) -> None:
    """Its final state is its initial one, exactly, and so are their gradients."""
    empty = case.lengths == 0
    assume(empty.any())
    results = all_results(side, case)
    np.testing.assert_array_equal(results["h_n"][empty], case.h_0[empty])
    np.testing.assert_array_equal(results["d_h_0"][empty], case.d_h_n[empty])


def test_rows_of_length_0_alone(side: ModuleType) -> None:
    generator = np.random.default_rng(0)
    case = elman_case(generator, Sizes(5, 3, 4, 6), FLOAT32, lengths=[0, 0, 0])
    results = all_results(side, case)
    np.testing.assert_array_equal(results["h_n"], case.h_0)
    np.testing.assert_array_equal(results["d_h_0"], case.d_h_n)
    for name in ("output", "d_x", "d_weight_ih", "d_weight_hh", "d_bias_ih", "d_bias_hh"):
        assert not results[name].any(), name


@given(data=st.data(), case=elman_cases(work=WORK, dtypes=st.just(FLOAT64)))
def test_a_row_is_as_its_valid_part_alone(
    side: ModuleType, data: st.DataObject, case: ElmanCase
) -> None:
    """Forward, the first steps; reverse, those steps from the last to the first."""
    T, N, _, H = case.sizes
    case = case._replace(lengths=data.draw(lengths_N(N, T)))
    output, h_n, _ = forward(side, case)
    for row, length in enumerate(case.lengths):
        part = case.rows(slice(row, row + 1))._replace(lengths=None, reverse=False)
        valid = part.x[:length]
        alone = forward(side, part._replace(x=valid[::-1] if case.reverse else valid))
        expected = alone.output[::-1] if case.reverse else alone.output
        # Rounding alone may differ, and at most doubles: sums of I + H terms, of order H at most.
        tolerance = 4 * np.finfo(FLOAT64).eps * (case.sizes.I + H) * H
        np.testing.assert_allclose(output[:length, row], expected[:, 0], rtol=0, atol=tolerance)
        np.testing.assert_allclose(h_n[row], alone.h_n[0], rtol=0, atol=tolerance)


@given(case=elman_cases(work=WORK))
def test_inputs_stay_as_they_are(side: ModuleType, case: ElmanCase) -> None:
    """Read-only ones are taken, and none is written to."""
    given_arrays = [case.x, case.h_0, case.d_output, case.d_h_n]
    given_arrays += [a for a in (case.lengths, *case.weights[:4]) if a is not None]
    for array in given_arrays:
        array.flags.writeable = False
    before = [array.copy() for array in given_arrays]
    output, _, kept = forward(side, case)
    output_before = output.copy()
    backward(side, case, kept)
    for array, copy in zip([*given_arrays, output], [*before, output_before], strict=True):
        np.testing.assert_array_equal(array, copy)


@given(case=elman_cases(work=WORK), batch_first=st.booleans())
def test_output_fills_its_slice_and_leaves_the_neighbours(
    side: ModuleType, case: ElmanCase, batch_first: bool
) -> None:
    """As the two directions do, each into its half of the last axis."""
    T, N, _, H = case.sizes
    shape = (T, N, H + 2 * H + 3)
    buffer = np.full(shape, 7, case.x.dtype)
    buffer = laid_out(buffer, "batch first") if batch_first else buffer
    states = np.full((3, N, H), 7, case.x.dtype)
    side.elman_forward(
        side.elman_weights(*case.weights),
        case.x,
        (case.h_0,),
        buffer[..., H : 2 * H],
        (states[1],),
        case.lengths,
        case.reverse,
    )
    expected = forward(side, case)
    np.testing.assert_array_equal(buffer[..., H : 2 * H], expected.output)
    np.testing.assert_array_equal(states[1], expected.h_n)
    assert (buffer[..., :H] == 7).all()
    assert (buffer[..., 2 * H :] == 7).all()
    assert (states[[0, 2]] == 7).all()


@given(case=elman_cases(work=WORK))
def test_keep_changes_nothing_but_what_is_returned(side: ModuleType, case: ElmanCase) -> None:
    kept_run = forward(side, case)
    output, h_n = np.empty_like(kept_run.output), np.empty_like(kept_run.h_n)
    weights = side.elman_weights(*case.weights)
    nothing = side.elman_forward(
        weights, case.x, (case.h_0,), output, (h_n,), case.lengths, case.reverse, keep=False
    )
    assert nothing is None
    np.testing.assert_array_equal(output, kept_run.output)
    np.testing.assert_array_equal(h_n, kept_run.h_n)


@given(case=elman_cases(work=WORK), which=st.sampled_from(["d_output", "d_h_n", "both"]))
def test_none_stands_for_a_gradient_of_zeros(side: ModuleType, case: ElmanCase, which: str) -> None:
    zeros = {"d_output": np.zeros_like(case.d_output), "d_h_n": np.zeros_like(case.d_h_n)}
    zeroed = case._replace(**(zeros if which == "both" else {which: zeros[which]}))
    kept = forward(side, case).kept
    expected = backward(side, zeroed, kept)

    d_output = None if which in ("d_output", "both") else case.d_output
    d_state_n = None if which in ("d_h_n", "both") else (case.d_h_n,)
    weights = side.elman_weights(*case.weights)
    d_x, (d_h_0,), d_weights = side.elman_backward(weights, kept, d_output, d_state_n)
    actual = {"x": d_x, "h_0": d_h_0, **d_weights._asdict()}
    assert_equal({name: actual[name] for name in expected}, expected)
    if which == "both":
        assert not any(gradient.any() for gradient in expected.values())


@given(case=elman_cases(work=WORK))
def test_backward_accumulates_nothing(side: ModuleType, case: ElmanCase) -> None:
    """Called twice with the same weights and kept values, it returns the same in new arrays."""
    kept = forward(side, case).kept
    weights = side.elman_weights(*case.weights)
    d_x, (d_h_0,), d_weights = side.elman_backward(weights, kept, case.d_output, (case.d_h_n,))
    first = [d_x, d_h_0, *(d for d in d_weights[:4] if d is not None)]
    copies = [array.copy() for array in first]
    again = list(backward(side, case, kept).values())
    side.elman_backward(weights, kept, -case.d_output, (-case.d_h_n,))
    for array, copy, second in zip(first, copies, again, strict=True):
        np.testing.assert_array_equal(array, copy)
        np.testing.assert_array_equal(array, second)
        assert not np.shares_memory(array, second)


@given(case=elman_cases(work=WORK))
def test_the_biases_gradients_are_two_arrays(side: ModuleType, case: ElmanCase) -> None:
    """Equal, but changing one in place must not change the other."""
    assume(case.weights.bias_ih is not None)
    gradients = backward(side, case, forward(side, case).kept)
    np.testing.assert_array_equal(gradients["bias_ih"], gradients["bias_hh"])
    assert not np.shares_memory(gradients["bias_ih"], gradients["bias_hh"])


@pytest.mark.parametrize("nonlinearity", ["tanh", "relu"])
@pytest.mark.parametrize("reverse", [False, True])
def test_nan_in_a_valid_step_reaches_that_rows_later_states_alone(
    side: ModuleType, nonlinearity: str, reverse: bool
) -> None:
    """Nothing hides it: relu of NaN is NaN."""
    generator = np.random.default_rng(0)
    case = elman_case(generator, Sizes(6, 9, 5, 21), FLOAT32, nonlinearity, reverse=reverse)
    clean = forward(side, case)
    case.x[3, 4, 2] = np.nan
    output, h_n, _ = forward(side, case)

    hit = np.zeros((6, 9), bool)
    hit[slice(0, 4) if reverse else slice(3, 6), 4] = True
    assert np.isnan(output[hit]).all()
    assert np.isnan(h_n[4]).all()
    np.testing.assert_array_equal(output[~hit], clean.output[~hit])
    np.testing.assert_array_equal(np.delete(h_n, 4, 0), np.delete(clean.h_n, 4, 0))


def test_infinite_values_saturate_tanh(side: ModuleType) -> None:
    """tanh ±inf is ±1 exactly, at either end of any magnitude."""
    generator = np.random.default_rng(0)
    case = elman_case(generator, Sizes(1, 3, 1, 20), FLOAT64)
    case.x[0, :, 0] = [np.inf, 1e300, -np.inf]
    signs = np.sign(case.weights.weight_ih[:, 0])
    output = forward(side, case).output[0]
    np.testing.assert_array_equal(output, [signs, signs, -signs])


def test_an_empty_batch_has_empty_states_and_zero_gradients(side: ModuleType) -> None:
    generator = np.random.default_rng(0)
    for lengths in (None, []):
        case = elman_case(generator, Sizes(4, 0, 3, 5), FLOAT32, lengths=lengths)
        results = all_results(side, case)
        assert results["output"].shape == (4, 0, 5)
        assert results["d_x"].shape == (4, 0, 3)
        for name in ("d_weight_ih", "d_weight_hh", "d_bias_ih", "d_bias_hh"):
            assert results[name].size
            assert not results[name].any()


def test_config_says_what_runs(side: ModuleType) -> None:
    config = side.config()
    assert sorted(config) == ["isa", "summation_order", "threads"]
    assert isinstance(config["isa"], str)
    assert config["threads"] >= 1
