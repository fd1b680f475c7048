"""What the kernels' contract promises beside values: lengths, padding, strides, buffers.

Where no shape and no stride changes, results are compared exactly on both sides.
"""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from kernel_cases import (
    Case,
    Sizes,
    backward,
    by_name,
    cases,
    each_kind,
    empty_results,
    forward,
    make_case,
    results,
)
from strategies import FLOAT32, FLOAT64, Array, laid_out, lengths_N

from elman.kernels import reference

WORK = 2**20
ragged_cases = cases(work=WORK).filter(lambda case: case.lengths is not None)


def assert_equal(side: ModuleType, actual: Array, expected: Array, name: str = "") -> None:
    """To the bit; the reference but for rounding.

    How BLAS sums may depend on where an array lies in memory, so even the same call made twice may
    differ in the last bits.
    """
    if side is not reference:
        np.testing.assert_array_equal(actual, expected, err_msg=name)
    else:
        tolerance = 2**10 * np.finfo(expected.dtype).eps * np.abs(expected).max(initial=0)
        np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance, err_msg=name)


def assert_all_equal(
    side: ModuleType, actual: dict[str, Array], expected: dict[str, Array]
) -> None:
    assert list(actual) == list(expected)
    for name, value in expected.items():
        assert_equal(side, actual[name], value, name)


@given(case=ragged_cases, filling=st.sampled_from([np.nan, np.inf, -np.inf]))
def test_padding_is_never_read(side: ModuleType, case: Case, filling: float) -> None:
    """NaN and infinities after a row's length, in x and in d_output, change nothing."""
    padding = ~case.valid()
    x, d_output = case.x.copy(), case.d_output.copy()
    x[padding], d_output[padding] = 0, 0
    expected = results(side, case._replace(x=x, d_output=d_output))
    x[padding], d_output[padding] = filling, filling
    actual = results(side, case._replace(x=x, d_output=d_output))
    assert_all_equal(side, actual, expected)


@given(case=ragged_cases)
def test_results_are_zero_after_a_rows_length(side: ModuleType, case: Case) -> None:
    found = results(side, case)
    assert not found["output"][~case.valid()].any()
    assert not found["d_x"][~case.valid()].any()


@given(case=ragged_cases)
def test_a_row_of_length_0_keeps_its_state(side: ModuleType, case: Case) -> None:
    """Its final state is its initial one, exactly, and so are their gradients."""
    empty = case.lengths == 0
    assume(empty.any())
    assert_rows_keep_their_state(empty, case, results(side, case))


def assert_rows_keep_their_state(rows: Array, case: Case, found: dict[str, Array]) -> None:
    for name, part, d_part_n in zip("hc", case.state, case.d_state_n, strict=False):
        np.testing.assert_array_equal(found[f"{name}_n"][rows], part[rows])
        np.testing.assert_array_equal(found[f"d_{name}_0"][rows], d_part_n[rows])


@each_kind
def test_rows_of_length_0_alone(side: ModuleType, kind: str) -> None:
    generator = np.random.default_rng(0)
    case = make_case(generator, kind, Sizes(5, 3, 4, 6), FLOAT32, lengths=[0, 0, 0], masked=True)
    found = results(side, case)
    assert_rows_keep_their_state(np.arange(3), case, found)
    for name in {"output", "d_x", *(n for n in found if n.startswith(("d_weight", "d_bias")))}:
        assert not found[name].any(), name


@given(data=st.data(), case=cases(work=WORK, dtypes=st.just(FLOAT64)))
def test_a_row_is_as_its_valid_part_alone(
    side: ModuleType, data: st.DataObject, case: Case
) -> None:
    """Forward, the first steps; reverse, those steps from the last to the first."""
    T, N, inputs, H, _ = case.sizes
    case = case._replace(lengths=data.draw(lengths_N(N, T)))
    # Rounding alone may differ: sums of at most I + 2 H terms, of order H at most; of Elman it at
    # most doubles, of others it adds up over the steps.
    steps = 2 if case.weights.gates == 1 else T
    tolerance = 4 * np.finfo(FLOAT64).eps * (inputs + 2 * H) * H * steps
    output, state_n, _ = forward(side, case)
    for row, length in enumerate(case.lengths):
        part = case.rows(slice(row, row + 1))._replace(lengths=None, reverse=False)
        valid = part.x[:length]
        part = part._replace(x=valid[::-1] if case.reverse else valid)
        alone = forward(side, part._replace(d_output=part.d_output[:length]))
        expected = alone.output[::-1] if case.reverse else alone.output
        np.testing.assert_allclose(output[:length, row], expected[:, 0], rtol=0, atol=tolerance)
        for part_n, alone_n in zip(state_n, alone.state_n, strict=True):
            np.testing.assert_allclose(part_n[row], alone_n[0], rtol=0, atol=tolerance)


@given(case=cases(work=WORK))
def test_inputs_stay_as_they_are(side: ModuleType, case: Case) -> None:
    """Read-only ones are taken, and none is written to."""
    given_arrays = case.arrays()
    for array in given_arrays:
        array.flags.writeable = False
    before = [array.copy() for array in given_arrays]
    output, _, kept = forward(side, case)
    output_before = output.copy()
    backward(side, case, kept)
    for array, copy in zip([*given_arrays, output], [*before, output_before], strict=True):
        np.testing.assert_array_equal(array, copy)


@given(case=cases(work=WORK), batch_first=st.booleans())
def test_output_fills_its_slice_and_leaves_the_neighbours(
    side: ModuleType, case: Case, batch_first: bool
) -> None:
    """As the two directions do, each into its half of the last axis."""
    T, N, _, _, P = case.sizes
    buffer = np.full((T, N, P + 2 * P + 3), 7, case.x.dtype)
    buffer = laid_out(buffer, "batch first") if batch_first else buffer
    states = [np.full((3, *part.shape), 7, case.x.dtype) for part in case.state]
    side.forward(
        side.prepare(case.weights),
        case.x,
        case.state,
        buffer[..., P : 2 * P],
        tuple(part[1] for part in states),
        case.lengths,
        case.reverse,
        mask=case.mask,
    )
    expected = forward(side, case)
    assert_equal(side, buffer[..., P : 2 * P], expected.output)
    assert (buffer[..., :P] == 7).all()
    assert (buffer[..., 2 * P :] == 7).all()
    for part, expected_n in zip(states, expected.state_n, strict=True):
        assert_equal(side, part[1], expected_n)
        assert (part[[0, 2]] == 7).all()


@given(case=cases(work=WORK))
def test_state_n_may_be_state(side: ModuleType, case: Case) -> None:
    """As in a stream, whose steps go on from where they ended; where nothing is kept."""
    expected = forward(side, case)
    state = tuple(part.copy() for part in case.state)
    output, _ = empty_results(case)
    side.forward(
        side.prepare(case.weights),
        case.x,
        state,
        output,
        state,
        case.lengths,
        case.reverse,
        mask=case.mask,
    )
    assert_equal(side, output, expected.output)
    for part, expected_n in zip(state, expected.state_n, strict=True):
        assert_equal(side, part, expected_n)


@given(case=cases(work=WORK))
def test_keep_changes_nothing_but_what_is_returned(side: ModuleType, case: Case) -> None:
    kept_run, run = forward(side, case, keep=True), forward(side, case, keep=False)
    assert kept_run.kept is not None
    assert run.kept is None
    assert_equal(side, run.output, kept_run.output)
    for part, kept_part in zip(run.state_n, kept_run.state_n, strict=True):
        assert_equal(side, part, kept_part)


@given(case=cases(work=WORK, dtypes=st.just(FLOAT64)))
def test_a_mask_of_ones_is_none(side: ModuleType, case: Case) -> None:
    """Exactly for values; gradients may be summed in another order."""
    case = case._replace(mask=None)
    expected = results(side, case)
    found = results(side, case._replace(mask=np.ones_like(case.state[0])))
    for name, value in expected.items():
        if name.startswith("d_"):
            tolerance = 1e-10 * np.abs(value).max(initial=1)
            np.testing.assert_allclose(found[name], value, rtol=0, atol=tolerance, err_msg=name)
        else:
            assert_equal(side, found[name], value, name)


@given(case=cases(work=WORK))
def test_a_mask_of_zeros_cuts_w_hh_off(side: ModuleType, case: Case) -> None:
    """No gradient reaches it, and none that is not carried beside it reaches h_0."""
    case = case._replace(mask=np.zeros_like(case.state[0]))
    found = results(side, case)
    weight_hh = np.zeros_like(case.weights.weight_hh)
    without = results(side, case._replace(weights=case.weights._replace(weight_hh=weight_hh)))
    assert not found["d_weight_hh"].any()
    assert_all_equal(side, found, without)


@given(case=cases(work=WORK), which=st.sampled_from(["d_output", "d_state_n", "both"]))
def test_none_stands_for_a_gradient_of_zeros(side: ModuleType, case: Case, which: str) -> None:
    zeros = {
        "d_output": np.zeros_like(case.d_output),
        "d_state_n": tuple(map(np.zeros_like, case.d_state_n)),
    }
    zeroed = case._replace(**(zeros if which == "both" else {which: zeros[which]}))
    kept = forward(side, case).kept
    expected = backward(side, zeroed, kept)

    d_output = None if which in ("d_output", "both") else case.d_output
    d_state_n = None if which in ("d_state_n", "both") else case.d_state_n
    actual = by_name(*side.backward(side.prepare(case.weights), kept, d_output, d_state_n))
    assert_all_equal(side, actual, expected)
    if which == "both":
        assert not any(gradient.any() for gradient in expected.values())


@given(case=cases(work=WORK))
def test_gradients_are_of_what_there_is(side: ModuleType, case: Case) -> None:
    """In Weights of the same form, and in arrays of their own: two biases' may be equal."""
    d_x, d_state, d_weights = side.backward(
        side.prepare(case.weights), forward(side, case).kept, case.d_output, case.d_state_n
    )
    assert d_weights.cell == case.weights.cell
    for weight, gradient in zip(case.weights[1:], d_weights[1:], strict=True):
        assert (weight is None) == (gradient is None)
        assert weight is None or weight.shape == gradient.shape
    arrays = [d_x, *d_state, *(d for d in d_weights[1:] if d is not None)]
    for i, array in enumerate(arrays):
        assert not any(np.shares_memory(array, other) for other in arrays[:i])


@given(case=cases(work=WORK))
def test_backward_accumulates_nothing(side: ModuleType, case: Case) -> None:
    """Called twice with the same weights and kept values, it returns the same in new arrays."""
    kept = forward(side, case).kept
    weights = side.prepare(case.weights)
    first = by_name(*side.backward(weights, kept, case.d_output, case.d_state_n))
    copies = {name: array.copy() for name, array in first.items()}
    again = backward(side, case, kept)
    side.backward(weights, kept, -case.d_output, tuple(-part for part in case.d_state_n))
    for name, copy in copies.items():
        np.testing.assert_array_equal(first[name], copy, err_msg=name)
    assert_all_equal(side, again, copies)
    for name, array in first.items():
        assert not np.shares_memory(array, again[name])


@given(case=cases(work=WORK))
def test_the_biases_gradients_are_equal(side: ModuleType, case: Case) -> None:
    """But for those of GRU's n, where r multiplies what comes from h."""
    assume(case.weights.bias_ih is not None)
    gradients = backward(side, case, forward(side, case).kept)
    H = case.sizes.H
    same = 2 * H if case.weights.cell == "gru" else case.weights.gates * H
    np.testing.assert_array_equal(gradients["bias_ih"][:same], gradients["bias_hh"][:same])


@each_kind
@pytest.mark.parametrize("reverse", [False, True])
def test_nan_in_a_valid_step_reaches_that_rows_later_states_alone(
    side: ModuleType, kind: str, reverse: bool
) -> None:
    """Nothing hides it: relu of NaN is NaN."""
    generator = np.random.default_rng(0)
    case = make_case(generator, kind, Sizes(6, 9, 5, 21), FLOAT32, reverse=reverse)
    clean = forward(side, case)
    case.x[3, 4, 2] = np.nan
    output, state_n, _ = forward(side, case)

    hit = np.zeros((6, 9), bool)
    hit[slice(0, 4) if reverse else slice(3, 6), 4] = True
    assert np.isnan(output[hit]).all()
    assert_equal(side, output[~hit], clean.output[~hit])
    for part, clean_part in zip(state_n, clean.state_n, strict=True):
        assert np.isnan(part[4]).all()
        assert_equal(side, np.delete(part, 4, 0), np.delete(clean_part, 4, 0))


@pytest.mark.parametrize("dtype", [FLOAT32, FLOAT64])
def test_a_gradient_passes_through_relus_nan(native: ModuleType, dtype: np.dtype) -> None:
    """As in torch: relu stops a gradient only where its output is known to be 0.

    One unit, W_ih = 1 and W_hh = 1/2, two steps of two rows. The first row's h is NaN at both. The
    second row's is 0, then 2; what reaches it where it is 0 is stopped, even if it is infinite.
    """
    case = make_case(
        np.random.default_rng(0), "rnn_relu", Sizes(2, 2, 1, 1), dtype, bias=False
    ).map(np.zeros_like, np.zeros_like, np.zeros_like)
    case.weights.weight_ih[...] = 1
    case.weights.weight_hh[...] = 0.5
    case.x[..., 0] = [[np.nan, -1], [1, 2]]
    case.d_output[..., 0] = [[1, np.inf], [1, 1]]
    run = forward(native, case)
    np.testing.assert_array_equal(run.output[..., 0], [[np.nan, 0], [np.nan, 2]])
    gradients = backward(native, case, run.kept)
    np.testing.assert_array_equal(gradients["x"][..., 0], [[1.5, 0], [1, 1]])
    np.testing.assert_array_equal(gradients["h_0"], [[0.75], [0]])
    np.testing.assert_array_equal(gradients["weight_ih"], [[np.nan]])


def test_infinite_values_saturate_tanh(side: ModuleType) -> None:
    """tanh ±inf is ±1 exactly, at either end of any magnitude."""
    generator = np.random.default_rng(0)
    case = make_case(generator, "rnn_tanh", Sizes(1, 3, 1, 20), FLOAT64)
    case.x[0, :, 0] = [np.inf, 1e300, -np.inf]
    signs = np.sign(case.weights.weight_ih[:, 0])
    output = forward(side, case).output[0]
    np.testing.assert_array_equal(output, [signs, signs, -signs])


def test_infinite_values_saturate_gates(side: ModuleType) -> None:
    """An LSTM with all gates open adds 1 to c, with all shut it forgets; a GRU's n or h is kept."""
    generator = np.random.default_rng(0)
    for kind in ("lstm", "gru"):
        case = make_case(generator, kind, Sizes(1, 3, 1, 20), FLOAT64)
        case.x[0, :, 0] = [np.inf, 1e300, -np.inf]
        case = case._replace(
            weights=case.weights._replace(weight_ih=np.ones((20 * case.weights.gates, 1)))
        )
        output, state_n, _ = forward(side, case)
        if kind == "lstm":
            c = case.state[1] + 1
            c[2] = 0
            np.testing.assert_allclose(state_n[1], c, rtol=0, atol=1e-300)
            np.testing.assert_allclose(output[0, :2], np.tanh(c[:2]), rtol=1e-15)
            np.testing.assert_allclose(output[0, 2], 0, atol=1e-300)
        else:
            np.testing.assert_array_equal(output[0, :2], case.state[0][:2])
            np.testing.assert_array_equal(output[0, 2], -np.ones(20))


@each_kind
def test_an_empty_batch_has_empty_states_and_zero_gradients(side: ModuleType, kind: str) -> None:
    generator = np.random.default_rng(0)
    for lengths in (None, []):
        for masked in (False, True):
            sizes = Sizes(4, 0, 3, 5, 2)
            case = make_case(generator, kind, sizes, FLOAT32, lengths=lengths, masked=masked)
            found = results(side, case)
            assert found["output"].shape == (4, 0, case.sizes.P)
            assert found["d_x"].shape == (4, 0, 3)
            for name in found:
                if name.startswith(("d_weight", "d_bias")):
                    assert found[name].size
                    assert not found[name].any()


def test_config_says_what_runs(side: ModuleType) -> None:
    config = side.config()
    assert sorted(config) == ["isa", "summation_order", "threads"]
    assert isinstance(config["isa"], str)
    assert config["threads"] >= 1
