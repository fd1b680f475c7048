"""The walk over layers and directions: both sides alike, forms alike, and what is declined.

In float64 the sides differ by rounding alone. The native kernels give the same bits in every form.
"""

from __future__ import annotations

import gc
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from network_cases import (
    NetworkCase,
    architectures,
    call,
    draw_arrays,
    given_gradients,
    given_state,
    network,
    network_cases,
    results,
)
from strategies import FLOAT64, Array, dtypes, generators, parts, whole

from elman.kernels import Architecture, Masks, reference


def assert_same_bits(actual: dict[str, Array], expected: dict[str, Array]) -> None:
    for name in expected.keys() & actual.keys():
        np.testing.assert_array_equal(actual[name], expected[name], name, strict=True)
        np.testing.assert_array_equal(np.signbit(actual[name]), np.signbit(expected[name]), name)


def assert_close(actual: Array, expected: Array, name: str = "") -> None:
    """Equal but for rounding in float64."""
    largest = max(1, np.abs(expected).max(initial=0))
    np.testing.assert_allclose(
        actual, expected, rtol=0, atol=2**11 * np.finfo(np.float64).eps * largest, err_msg=name
    )
    assert actual.shape == expected.shape
    assert actual.dtype == expected.dtype


# ---- both sides ---------------------------------------------------------------------------------


@given(case=network_cases(), data=st.data())
def test_the_gradient_of_x_can_be_left_out(
    native: ModuleType, case: NetworkCase, data: st.DataObject
) -> None:
    """It is None then, and all other gradients are as with it, on the native side to the bit."""
    form = data.draw(st.sampled_from(case.forms()))
    x, state, lengths, masks = call(case, form, case.lengths)
    for side in (native, reference):
        run = network(side, case).run(x, state, lengths, masks, True, form == "batch first")[1]
        d_output, d_state_n = given_gradients(case, form)
        _, d_state, gradients = run.backward(d_output, d_state_n)
        d_x, *rest = run.backward(d_output, d_state_n, None, False)
        assert d_x is None
        for found, expected in zip(
            [*parts(rest[0]), *rest[1]], [*parts(d_state), *gradients], strict=True
        ):
            if side is native:
                np.testing.assert_array_equal(found, expected, strict=True)
            else:
                tolerance = 2**10 * np.finfo(expected.dtype).eps
                np.testing.assert_allclose(found, expected, tolerance, tolerance, strict=True)


@given(case=network_cases(dtypes=st.just(FLOAT64)), data=st.data())
def test_the_sides_agree_in_every_form(
    native: ModuleType, case: NetworkCase, data: st.DataObject
) -> None:
    form = data.draw(st.sampled_from(case.forms()))
    lengths = case.lengths
    if lengths is not None and data.draw(st.booleans()):
        lengths = lengths.tolist()
    found, expected = (results(network(s, case), case, form, lengths) for s in (native, reference))
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert_close(found[name], value, name)
        assert_close(found[name.removeprefix("plain ")], found[name], name)


@given(case=network_cases(dtypes=st.just(FLOAT64)), data=st.data())
def test_gradients_are_added_to_those_given(
    side: ModuleType, case: NetworkCase, data: st.DataObject
) -> None:
    """To those of later parts; of parameters alone, also where initial states are learned."""
    form = data.draw(st.sampled_from(case.forms()))
    x, state, lengths, masks = call(case, form, case.lengths)
    _, run = network(side, case).run(x, state, lengths, masks, True, form == "batch first")
    d = given_gradients(case, form)
    alone = run.backward(*d)
    later = run.backward(None, given_state(a_state(case, 1), form))[2][: len(case.weights)]
    totals = [total.copy() for total in later]
    d_x, d_state, found = run.backward(*d, totals)
    assert found is totals
    for i, (total, before) in enumerate(zip(totals, later, strict=True)):
        assert_close(total, before + alone[2][i])
    for actual, expected in zip(parts(d_state), parts(alone[1]), strict=True):
        np.testing.assert_array_equal(actual, expected)
    for actual, expected in zip(d_x, alone[0], strict=True):
        np.testing.assert_array_equal(actual, expected)


@given(case=network_cases(), data=st.data())
def test_masks_are_drawn_for_the_sizes_of_the_run(
    side: ModuleType, case: NetworkCase, data: st.DataObject
) -> None:
    form = data.draw(st.sampled_from(case.forms()))
    x, state, lengths, _ = call(case, form, case.lengths)
    asked: list[Any] = []
    network(side, case).run(
        x, state, lengths, lambda *sizes: asked.extend(sizes), False, form == "batch first"
    )
    T, N, found = asked
    expected = case.every_length() if form == "list" else case.lengths
    assert (max([1, *expected]) if form == "list" else len(case.x), case.x.shape[1]) == (T, N)
    if expected is None:
        assert found is None
    else:
        np.testing.assert_array_equal(found, expected, strict=True)


def test_an_error_of_drawing_masks_is_the_callers(side: ModuleType) -> None:
    """So is one of drawing what are no masks."""
    a = Architecture("gru", 3, 5)
    net = side.network(a, draw_arrays(a.parameter_shapes().values(), np.random.default_rng(0), "f"))
    x = np.ones((4, 2, 3), np.float32)
    with pytest.raises(ZeroDivisionError):
        net.run(x, None, None, lambda T, N, lengths: 1 / 0)
    with pytest.raises((TypeError, ValueError)):
        net.run(x, None, None, lambda T, N, lengths: 7)


@pytest.mark.parametrize("batch_first", [False, True])
def test_an_empty_batch_is_taken_whatever_its_strides(side: ModuleType, batch_first: bool) -> None:
    a = Architecture("gru", 3, 5)
    net = side.network(a, draw_arrays(a.parameter_shapes().values(), np.random.default_rng(0), "f"))
    x, T_N = np.ones((4, 4, 6), np.float32), (0, 4) if batch_first else (4, 0)
    for empty in (x[: T_N[0], : T_N[1], :3], x[: T_N[0], : T_N[1], ::2]):
        output, h_n = net.run(empty, np.ones((1, 4, 5), "f")[:, :0], [], None, False, batch_first)
        assert (output.shape, h_n.shape) == ((*T_N, 5), (1, 0, 5))
        output, h_n = net.run(empty, None, None, None, False, batch_first)
        assert (output.shape, h_n.shape) == ((*T_N, 5), (1, 0, 5))


# ---- forms, to the bit --------------------------------------------------------------------------


@given(case=network_cases())
def test_forms_do_not_matter(native: ModuleType, case: NetworkCase) -> None:
    """Batch-first, a list, one sequence without a batch, and lengths that are all T."""
    net = network(native, case)
    expected = results(net, case, "time first", case.lengths)
    for form in case.forms():
        for lengths in (case.lengths, case.every_length(), case.every_length().tolist()):
            if form != "single":
                assert_same_bits(results(net, case, form, lengths), expected)
    if "single" in case.forms():
        assert_same_bits(results(net, case, "single"), expected)
    plain = {name.removeprefix("plain "): value for name, value in expected.items()}
    assert_same_bits(plain, {name: expected[name] for name in ("output", "state_n 0")})


@given(case=network_cases(N=st.just(1), ragged=False))
def test_one_sequence_is_a_batch_of_one(native: ModuleType, case: NetworkCase) -> None:
    net = network(native, case)
    assert_same_bits(results(net, case, "single"), results(net, case, "time first"))


@given(case=network_cases(ragged=False, bidirectional=False), has_out=st.booleans())
def test_steps_are_the_whole_run(side: ModuleType, case: NetworkCase, has_out: bool) -> None:
    """To the bit on the native side."""
    case = case._replace(masks=None, state=tuple(a_state(case, 0.5)))
    net = network(side, case)
    output, state_n = net.run(case.x, whole(case.state))
    state = tuple(part.copy() for part in case.state)
    out = np.full_like(output[0], np.nan) if has_out else None
    for x_t, y_t in zip(case.x, output, strict=True):
        found = net.step(x_t, state, out)
        assert found is out or not has_out
        np.testing.assert_array_equal(found, y_t, strict=True)
    for part, part_n in zip(state, parts(state_n), strict=True):
        np.testing.assert_array_equal(part, part_n, strict=True)


def a_state(case: NetworkCase, value: float) -> list[Array]:
    """Return parts (L·D, N, ·) that hold a value."""
    a, (_, N, _) = case.architecture, case.x.shape
    return [np.full((a.recurrences, N, size), value, case.x.dtype) for size in a.state_sizes]


@given(
    case=network_cases(T=st.just(1), ragged=False, bidirectional=False, num_layers=1),
    data=st.data(),
)
def test_a_cell_is_a_run_of_one_step(
    side: ModuleType, case: NetworkCase, data: st.DataObject
) -> None:
    """Of a batch or, without one, of its only row."""
    net = network(side, case._replace(initial=[]))
    single = case.x.shape[1] == 1 and data.draw(st.booleans())
    x, state, d_state_n = case.x, case.state, case.d_state_n
    (_, state_n), run = net.run(x, state and whole(state), keep=True)
    d_x, d_state, gradients = run.backward(None, d_state_n and whole(d_state_n))

    def of_cell(state: Any) -> Any:
        at = (0, 0) if single else (0,)
        return None if state is None else whole([p if p is None else p[at] for p in state])

    x_cell = x[0, 0] if single else x[0]
    found, cell_run = net.cell(x_cell, of_cell(state), True)
    d_x_cell, d_state_cell, gradients_cell = cell_run.backward(of_cell(d_state_n))
    pairs = [
        *zip(parts(found), parts(of_cell(parts(state_n))), strict=True),
        *zip(parts(net.cell(x_cell, of_cell(state))), parts(found), strict=True),
        *zip(parts(d_state_cell), parts(of_cell(parts(d_state))), strict=True),
        (d_x_cell, d_x[0, 0] if single else d_x[0]),
        *zip(gradients_cell, gradients, strict=True),
    ]
    for actual, expected in pairs:
        np.testing.assert_array_equal(actual, expected, strict=True)


@given(case=network_cases())
def test_a_network_is_its_layers_one_after_another(native: ModuleType, case: NetworkCase) -> None:
    """Of one layer each, with the masks between them applied by hand."""
    a = case.architecture
    between, recurrent = case.masks or (None, None)
    x, runs, states_n = case.x, [], []
    for layer in range(a.num_layers):
        of_layer = slice(layer * a.directions, (layer + 1) * a.directions)
        if layer and between is not None:
            x = x * between[layer - 1]
        net = layer_of(native, case, layer)
        masks = None if recurrent is None else Masks(None, recurrent[of_layer])
        (x, state_n), run = net.run(x, cut(case.state, of_layer), case.lengths, masks, True)
        runs.append((run, cut(case.d_state_n, of_layer)))
        states_n.append(parts(state_n))

    d_x, d_states, gradients = case.d_output, [], []
    for layer, (run, d_state_n) in reversed(list(enumerate(runs))):
        d_x, d_state, of_layer_found = run.backward(d_x, d_state_n)
        if layer and between is not None:
            d_x = d_x * between[layer - 1]
        d_states.insert(0, parts(d_state))
        gradients.insert(0, of_layer_found)

    found = results(network(native, case), case, "time first", case.lengths)
    expected = {"output": x, "d_x": d_x}
    for name, by_layer in (("state_n", states_n), ("d_state", d_states)):
        joined = [np.concatenate(part) for part in zip(*by_layer, strict=True)]
        expected |= {f"{name} {i}": part for i, part in enumerate(joined)}
    count = len(case.weights) // a.num_layers
    flat = [gradient for of_layer_found in gradients for gradient in of_layer_found[:count]]
    expected |= dict(zip(a.parameter_shapes(), flat, strict=True))
    if case.initial:
        learned = [np.concatenate(p) for p in zip(*(g[count:] for g in gradients), strict=True)]
        expected |= dict(zip(a.initial_shapes(), learned, strict=True))
    plain = {name for name in found if name.startswith("plain")}
    assert expected.keys() == found.keys() - plain
    assert_same_bits(found, expected)


def layer_of(side: ModuleType, case: NetworkCase, layer: int) -> Any:
    """Make the network of one layer of a case."""
    a, count = case.architecture, len(case.weights) // case.architecture.num_layers
    rows = slice(layer * a.directions, (layer + 1) * a.directions)
    one = a._replace(num_layers=1, input_size=a.inputs(layer * a.directions))
    weights = case.weights[layer * count : (layer + 1) * count]
    return side.network(one, weights, [part[rows] for part in case.initial])


def cut(state: Any, rows: slice) -> Any:
    """Return a layer's part of parts (L·D, N, ·)."""
    return None if state is None else whole([p if p is None else p[rows] for p in state])


# ---- what is refused ----------------------------------------------------------------------------


@given(a=architectures(), dtype=dtypes, generator=generators, data=st.data())
def test_weights_of_other_shapes_are_refused(
    native: ModuleType,
    a: Architecture,
    dtype: Any,
    generator: np.random.Generator,
    data: st.DataObject,
) -> None:
    """By the native side itself, which would read memory that is not theirs."""
    weights = draw_arrays(a.parameter_shapes().values(), generator, dtype)
    initial = draw_arrays(a.initial_shapes().values(), generator, dtype)
    native.network(a, weights, initial)
    which = data.draw(st.integers(0, len(weights) + len(initial) - 1))
    arrays = [*weights, *initial]
    wrong = arrays[which]
    other = np.dtype(np.float32 if dtype == FLOAT64 else np.float64)
    changes = [wrong[:-1], wrong[..., :-1], wrong[None], wrong.astype(other), wrong.tolist(), None]
    if min(wrong.shape) > 1 and wrong.ndim == 2:
        changes += [wrong.copy("F"), np.repeat(wrong, 2, axis=1)[:, ::2]]
    for change in changes if which else changes[:3]:  # the first one tells the network's dtype
        arrays[which] = change
        kind = "weights" if which < len(weights) else "initial"
        with pytest.raises(ValueError, match=f"^{kind}: expected arrays of the architecture's"):
            native.network(a, arrays[: len(weights)], arrays[len(weights) :])
    with pytest.raises(ValueError, match="weights: expected arrays"):
        native.network(a, weights[:-1], initial)
    with pytest.raises(ValueError, match="initial: expected arrays"):
        native.network(a, weights, [*initial, initial[-1]])


def test_a_run_outlives_its_arguments(side: ModuleType) -> None:
    """It holds what backward reads, its network too."""
    a = Architecture("lstm", 3, 5, num_layers=2, bidirectional=True)

    def run_of(copies: bool) -> Any:
        generator = np.random.default_rng(0)
        weights = draw_arrays(a.parameter_shapes().values(), generator, np.float32)
        x = generator.standard_normal((4, 2, 3)).astype(np.float32)
        state = tuple(draw_arrays([(4, 2, 5), (4, 2, 5)], generator, np.float32))
        masks = Masks(
            draw_arrays([(4, 2, 10)], generator, np.float32),
            draw_arrays([(2, 5)] * 4, generator, np.float32),
        )
        _, run = side.network(a, weights).run(x, state, [4, 2], masks, True)
        return run if copies else run.backward(np.ones((4, 2, 10), np.float32))

    d_x, d_state, gradients = run_of(copies=False)
    run = run_of(copies=True)
    gc.collect()
    _ = [np.full(shape, np.nan, np.float32) for shape in a.parameter_shapes().values()] * 10
    _ = [np.full((4, 2, 10), np.nan, np.float32) for _ in range(100)]
    found = run.backward(np.ones((4, 2, 10), np.float32))
    np.testing.assert_array_equal(found[0], d_x)
    for actual, expected in zip([*found[1], *found[2]], [*d_state, *gradients], strict=True):
        np.testing.assert_array_equal(actual, expected)


def test_impossible_sizes_and_masks_are_refused_by_the_native_side_itself(
    native: ModuleType,
) -> None:
    for wrong in ({"num_layers": 0}, {"hidden_size": 0}, {"input_size": -1}, {"proj_size": 2}):
        with pytest.raises(ValueError, match="architecture"):
            native.network(Architecture("gru", 3, 4)._replace(**wrong), [np.zeros((12, 3))])
    network = native.network(
        Architecture("gru", 3, 4, bias=False),
        [np.zeros((12, 3), np.float32), np.zeros((12, 4), np.float32)],
    )
    for masks in ((None,), ([1, 2], None), (None, np.zeros((2, 4)))):
        with pytest.raises(ValueError, match="masks"):
            network.run(np.zeros((5, 2, 3), np.float32), None, None, masks)
