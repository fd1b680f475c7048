"""What the kernels' contract promises beside values: lengths, padding, strides, buffers, steps.

Where no shape and no stride changes, results are compared exactly on both sides.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from kernel_cases import (
    Case,
    Sizes,
    architecture_of,
    backward,
    cases,
    each_kind,
    forward,
    gradients_of,
    make_case,
    network_of,
    results,
    take_back,
    weights_of,
)
from strategies import FLOAT32, FLOAT64, Array, generators, lengths_N, parts, whole

from elman.kernels import Masks, reference

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
        assert_near(actual, expected, name)


def assert_near(actual: Array, expected: Array, name: str = "") -> None:
    """But for rounding, of sums in another order."""
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
    """Forward, the first steps; reverse, those steps from the last to the first.

    A row of length 0 has no such part.
    """
    T, N, inputs, H, _ = case.sizes
    case = case._replace(lengths=data.draw(lengths_N(N, T)))
    # Rounding alone may differ: sums of at most I + 2 H terms, of order H at most; of Elman it at
    # most doubles, of others it adds up over the steps.
    steps = 2 if case.weights.gates == 1 else T
    tolerance = 4 * np.finfo(FLOAT64).eps * (inputs + 2 * H) * H * steps
    output, state_n, _ = forward(side, case)
    for row in np.flatnonzero(case.lengths):
        length = case.lengths[row]
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
    output, state_n, run = forward(side, case)
    results_before = [array.copy() for array in (output, *state_n)]
    backward(side, case, run)
    arrays, copies = [*given_arrays, output, *state_n], [*before, *results_before]
    for array, copy in zip(arrays, copies, strict=True):
        np.testing.assert_array_equal(array, copy)


def turned(case: Case, values: Array) -> Array:
    """Return values (T, N, ·) with the valid steps of each row in the opposite order."""
    T, N, *_ = case.sizes
    lengths = np.full(N, T) if case.lengths is None else case.lengths
    t = np.arange(T)[:, None]
    steps = np.where(t < lengths, lengths - 1 - t, t)
    return np.take_along_axis(values, steps[..., None], axis=0)


@given(case=cases(work=WORK), batch_first=st.booleans())
def test_two_directions_fill_one_output(side: ModuleType, case: Case, batch_first: bool) -> None:
    """Each half is that direction's own result; so are states, and gradients but for d_x, the sum.

    What is reverse is run forward here on rows turned round, alone.
    """
    case = case._replace(reverse=False)
    opposite = case.map(np.negative, np.negative, np.asarray)
    turned_back = opposite._replace(x=turned(case, case.x), d_output=turned(case, case.d_output))
    own = [results(side, case), results(side, turned_back)]
    for name in ("output", "d_x"):
        own[1][name] = turned(case, own[1][name])

    architecture = architecture_of(case)._replace(bidirectional=True)
    both = [case, opposite]
    weights = [w for each in both for w in each.weights[1:] if w is not None]
    masks = None if case.mask is None else Masks(None, [each.mask for each in both])
    state = whole([np.stack(pair) for pair in zip(*(each.state for each in both), strict=True)])
    d_state_n = zip(*(each.d_state_n for each in both), strict=True)

    def in_form(array: Array) -> Array:
        return array.transpose(1, 0, 2) if batch_first else array

    (output, state_n), run = side.network(architecture, weights).run(
        in_form(case.x), state, case.lengths, masks, True, batch_first
    )
    d_output = in_form(np.concatenate([case.d_output] * 2, axis=2))
    d_x, d_state, gradients = run.backward(d_output, whole([np.stack(pair) for pair in d_state_n]))

    expected = np.concatenate([each["output"] for each in own], axis=2)
    assert_equal(side, in_form(output), expected, "output")
    for letter, part, d_part in zip("hc", parts(state_n), parts(d_state), strict=False):
        for k in range(2):
            assert_equal(side, part[k], own[k][f"{letter}_n"], letter)
            assert_equal(side, d_part[k], own[k][f"d_{letter}_0"], letter)
    names = architecture.parameter_shapes()
    for name, gradient in zip(names, gradients, strict=True):
        of_one, _, _ = name.partition("_l0")
        assert_near(gradient, own[name.endswith("_reverse")][f"d_{of_one}"], name)
    assert_near(in_form(d_x), own[0]["d_x"] + own[1]["d_x"], "d_x")


@given(
    case=cases(work=WORK),
    layers=st.integers(1, 2),
    has_out=st.booleans(),
    generator=generators,
)
def test_a_step_replaces_its_state_in_place(
    side: ModuleType, case: Case, layers: int, has_out: bool, generator: np.random.Generator
) -> None:
    """It is a run of T = 1, of any layers, whose final state is where the initial one was."""
    case = case._replace(lengths=None, reverse=False, mask=None)
    T, N, _, _, P = case.sizes
    weights, dtype, architecture = case.weights, case.x.dtype, architecture_of(case)
    kind = weights.cell + ("" if weights.weight_hr is None else "_projected")
    bias = weights.bias_ih is not None
    second = weights_of(generator, kind, case.sizes._replace(I=P), dtype, bias)
    arrays = [w for each in (weights, second)[:layers] for w in each[1:] if w is not None]
    network = side.network(architecture._replace(num_layers=layers), arrays)

    # Views, so that neighbours are there to be left alone.
    buffers = [np.full((3, layers, *part.shape), 7, dtype) for part in case.state]
    for buffer, part in zip(buffers, case.state, strict=True):
        buffer[1] = part
    state = tuple(buffer[1] for buffer in buffers)
    for t in range(min(T, 5)):
        before = whole([part.copy() for part in state])
        output, state_n = network.run(case.x[t : t + 1], before)
        out = np.full((N, P), 7, dtype) if has_out else None
        found = network.step(case.x[t], state, out)
        assert found is out or not has_out
        assert_equal(side, found, output[0])
        for part, expected in zip(state, parts(state_n), strict=True):
            assert_equal(side, part, expected)
    for buffer in buffers:
        assert (buffer[[0, 2]] == 7).all()


@given(case=cases(work=WORK))
def test_keep_changes_nothing_but_what_is_returned(side: ModuleType, case: Case) -> None:
    """And who may write to output: what backward reads is read-only."""
    kept, alone = forward(side, case, keep=True), forward(side, case, keep=False)
    assert not kept.output.flags.writeable
    assert alone.output.flags.writeable
    assert_equal(side, alone.output, kept.output)
    for part, kept_part in zip(alone.state_n, kept.state_n, strict=True):
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


@given(case=cases(work=WORK), which=st.sampled_from(["d_output", "d_state_n", "both", "d_h_n"]))
def test_none_stands_for_a_gradient_of_zeros(side: ModuleType, case: Case, which: str) -> None:
    d_output, d_state_n = case.d_output, case.d_state_n
    nothing: tuple[Array | None, ...] | None = d_state_n
    if which in ("d_state_n", "both"):
        d_state_n, nothing = tuple(map(np.zeros_like, d_state_n)), None
    elif which == "d_h_n":
        d_state_n = (np.zeros_like(d_state_n[0]), *d_state_n[1:])
        nothing = (None, *d_state_n[1:])
    no_output = which in ("d_output", "both")
    run = forward(side, case).run
    expected = take_back(case, run, np.zeros_like(d_output) if no_output else d_output, d_state_n)
    actual = take_back(case, run, None if no_output else d_output, nothing)
    assert_all_equal(side, actual, expected)
    if which == "both":
        assert not any(gradient.any() for gradient in expected.values())


def raw_gradients(case: Case, run: Any, gradients: list[Array] | None = None) -> Any:
    """Return what a run's backward does, of all directions, for the case's gradients."""
    return run.backward(*gradients_of(case, case.d_output, case.d_state_n), gradients)


@given(case=cases(work=WORK))
def test_gradients_are_of_what_there_is(side: ModuleType, case: Case) -> None:
    """Of the parameters' shapes, in order, and in arrays of their own: two biases' may be equal."""
    d_x, d_state, gradients = raw_gradients(case, forward(side, case).run)
    assert d_x.shape == case.x.shape
    D = 1 + case.reverse
    assert [part.shape for part in parts(d_state)] == [(D, *part.shape) for part in case.state]
    weights = network_of(side, case).weights
    assert [gradient.shape for gradient in gradients] == [weight.shape for weight in weights]
    arrays = [d_x, *parts(d_state), *gradients]
    for i, array in enumerate(arrays):
        assert array.dtype == case.x.dtype
        assert not any(np.shares_memory(array, other) for other in arrays[:i])


@given(case=cases(work=WORK))
def test_backward_accumulates_nothing(side: ModuleType, case: Case) -> None:
    """Called twice of the same run, it returns the same in new arrays."""
    run = forward(side, case).run
    first = backward(side, case, run)
    copies = {name: array.copy() for name, array in first.items()}
    again = backward(side, case, run)
    take_back(case, run, -case.d_output, tuple(-part for part in case.d_state_n))
    for name, copy in copies.items():
        np.testing.assert_array_equal(first[name], copy, err_msg=name)
    assert_all_equal(side, again, copies)
    for name, array in first.items():
        assert not np.shares_memory(array, again[name])


@given(case=cases(work=WORK), generator=generators)
def test_gradients_that_are_given_are_added_to(
    side: ModuleType, case: Case, generator: np.random.Generator
) -> None:
    """In place; the same list is returned, and gradients of x and state are what they were."""
    run = forward(side, case).run
    d_x, d_state, own = raw_gradients(case, run)
    before = [generator.uniform(-1, 1, gradient.shape).astype(gradient.dtype) for gradient in own]
    arrays = [array.copy() for array in before]
    given_list = list(arrays)
    found_x, found_state, found = raw_gradients(case, run, given_list)
    assert found is given_list
    assert all(a is b for a, b in zip(found, arrays, strict=True))
    for array, start, gradient in zip(arrays, before, own, strict=True):
        assert_near(array, start + gradient)
    assert_equal(side, found_x, d_x)
    for part, expected in zip(parts(found_state), parts(d_state), strict=True):
        assert_equal(side, part, expected)


@each_kind
def test_gradients_that_do_not_fit_are_declined(side: ModuleType, kind: str) -> None:
    """With None, and with nothing added to those that do fit."""
    case = make_case(np.random.default_rng(0), kind, Sizes(4, 3, 5, 6), FLOAT32)
    run = forward(side, case).run
    zeros = [np.zeros_like(gradient) for gradient in raw_gradients(case, run)[2]]
    read_only = np.zeros_like(zeros[-1])
    read_only.flags.writeable = False
    for last in ([], [zeros[-1][:-1]], [zeros[-1].astype(FLOAT64)], [read_only], [None]):
        assert raw_gradients(case, run, [*zeros[:-1], *last]) is None
    assert raw_gradients(case, run, tuple(zeros)) is None
    assert not any(array.any() for array in zeros)


@given(data=st.data(), case=cases(work=WORK))
def test_gradients_of_parts_of_a_sequence_are_those_of_the_whole(
    side: ModuleType, data: st.DataObject, case: Case
) -> None:
    """Of all parameters, if those of the later part are given to backward of the earlier one."""
    case = case._replace(lengths=None, reverse=False)
    assume(case.sizes.T > 1)
    cut = data.draw(st.integers(1, case.sizes.T - 1))
    first = case._replace(x=case.x[:cut], d_output=case.d_output[:cut])
    _, state_n, earlier = forward(side, first)
    second = case._replace(x=case.x[cut:], d_output=case.d_output[cut:], state=state_n)
    later = forward(side, second).run
    _, d_state, gradients = raw_gradients(second, later)
    first = first._replace(d_state_n=tuple(part[0] for part in parts(d_state)))
    d_x, d_state, gradients = raw_gradients(first, earlier, gradients)
    expected_x, expected_state, expected = raw_gradients(case, forward(side, case).run)
    assert_near(d_x, expected_x[:cut])
    for actual, of_whole in zip(parts(d_state), parts(expected_state), strict=True):
        assert_near(actual, of_whole)
    for actual, of_whole in zip(gradients, expected, strict=True):
        assert_near(actual, of_whole)


@given(case=cases(work=WORK))
def test_the_biases_gradients_are_equal(side: ModuleType, case: Case) -> None:
    """But for those of GRU's n, where r multiplies what comes from h."""
    assume(case.weights.bias_ih is not None)
    gradients = backward(side, case, forward(side, case).run)
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
def test_a_gradient_passes_through_relus_nan(side: ModuleType, dtype: np.dtype) -> None:
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
    found = forward(side, case)
    np.testing.assert_array_equal(found.output[..., 0], [[np.nan, 0], [np.nan, 2]])
    gradients = backward(side, case, found.run)
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
