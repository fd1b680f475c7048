"""What needs a conversion or does not fit is declined with None and nothing done, by both sides."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest
from network_cases import draw_arrays
from strategies import Array, parts, whole

from elman.kernels import Architecture

T, N, I, H, P, L = 4, 2, 3, 5, 2, 2
A = {
    "gru": Architecture("gru", I, H, L),
    "lstm": Architecture("lstm", I, H, L, proj_size=P),
}
ONE = {name: a._replace(num_layers=1, proj_size=0) for name, a in A.items()}


class Subclass(np.ndarray):
    """An array of another class."""


def ones(*shape: int) -> Array:
    return np.ones(shape, np.float32)


def network(side: ModuleType, a: Architecture) -> Any:
    shapes = a.parameter_shapes().values()
    return side.network(a, draw_arrays(shapes, np.random.default_rng(0), np.float32))


def state(a: Architecture, *axes: int) -> Any:
    """Return h, or (h, c), of the axes (…, size of the part)."""
    return whole([ones(*axes, size) for size in a.state_sizes])


def unaligned(array: Array) -> Array:
    memory = np.zeros(array.nbytes + 1, np.uint8)[1:].view(array.dtype).reshape(array.shape)
    memory[...] = array
    return memory


def unusual(array: Array) -> dict[str, Any]:
    """Return values that are no array like this one in shape, dtype, class or layout."""
    wide = np.ones((*array.shape[:-1], 2 * array.shape[-1]), array.dtype)
    return {
        "text": "x",
        "a number": 0.5,
        "a dict": {"x": array},
        "nested lists": array.tolist(),
        "a list of it": [array],
        "a tuple of it": (array,),
        "a subclass": array.view(Subclass),
        "a masked array": np.ma.masked_array(array),
        "the other byte order": array.astype(array.dtype.newbyteorder()),
        "float64": array.astype(np.float64),
        "float16": array.astype(np.float16),
        "integers": array.astype(np.int32),
        "bools": array.astype(bool),
        "complex": array.astype(np.complex64),
        "objects": array.astype(object),
        "a strided last axis": wide[..., ::2],
        "a reversed last axis": array[..., ::-1],
        "unaligned": unaligned(array),
        "an axis more": array[None, None],
        "too narrow": array[..., :-1],
        "too wide": wide,
        "no axes": np.float32(1),
        "0-D": np.array(1, array.dtype),
    }


def unusual_states(a: Architecture, *axes: int) -> dict[str, Any]:
    """Return values that are no state of these axes."""
    good = parts(state(a, *axes))
    found: dict[str, Any] = {
        f"{letter} is {name}": whole([*good[:i], value, *good[i + 1 :]])
        for i, letter in enumerate(a.state_names)
        for name, value in unusual(good[i]).items()
    }
    if len(axes) == 2:
        found["a row less"] = whole([part[:, :1] for part in good])
        found["a layer less"] = whole([part[:1] for part in good])
        found["no batch"] = whole([part[:, 0] for part in good])
    if len(good) == 2:
        found |= {"a list": list(good), "three": (*good, good[1]), "one": good[:1], "h": good[0]}
    else:
        found |= {"a pair": (good[0], good[0]), "an empty tuple": ()}
    return found


def unusual_lengths() -> dict[str, Any]:
    return {
        "a tuple": (4, 2),
        "bools": [True, True],
        "floats": [4.0, 2.0],
        "integers of NumPy": [np.int64(4), np.int64(2)],
        "text": "42",
        "a number": 4,
        "None among them": [4, None],
        "too many": [4, 2, 1],
        "too few": [4],
        "none": [],
        "too long": [4, 5],
        "negative": [4, -1],
        "huge": [4, 2**70],
        "int32": np.array([4, 2], np.int32),
        "uint64": np.array([4, 2], np.uint64),
        "an array of floats": np.array([4.0, 2.0]),
        "an array of bools": np.array([True, True]),
        "an array too long": np.array([4, 5]),
        "an array with a negative one": np.array([4, -1]),
        "2-D": np.array([[4, 2]]),
        "0-D": np.array(4),
        "strided": np.array([4, 0, 2, 0])[::2],
        "of the other byte order": np.array([4, 2], np.int64).astype(">i8"),
        "a subclass": np.array([4, 2]).view(Subclass),
    }


def unusual_calls(a: Architecture) -> dict[str, tuple[Any, ...]]:
    """Return arguments x, state, lengths, batch_first of runs that are declined, by name."""
    x = ones(T, N, I)
    calls: dict[str, tuple[Any, ...]] = {"x is None": (None,)}
    calls |= {f"x is {name}": (value,) for name, value in unusual(x).items()}
    calls |= {f"x has {name} in a list": ([x[:, 0], v],) for name, v in unusual(x[:, 0]).items()}
    calls |= {f"state: {n}": (x, value) for n, value in unusual_states(a, L, N).items()}
    calls |= {f"lengths: {n}": (x, None, value) for n, value in unusual_lengths().items()}
    return calls | {
        "T is 0": (x[:0],),
        "T is 0 without a batch": (x[:0, 0],),
        "T is 0, batch first": (x[:, :0], None, None, True),
        "None in a list": ([x[:, 0], None],),
        "a list and lengths": ([x[:, 0], x[:, 1]], None, [4, 4]),
        "a list and a state of another N": ([x[:, 0]], state(a, L, N)),
        "one sequence and lengths": (x[:, 0], None, [4]),
        "one sequence and a batch's state": (x[:, 0], state(a, L, 1)),
        "a state of the axis T": (x, state(a, L, N), None, True),
        "lengths of the axis T": (x, None, [4, 2, 1, 1]),
    }


@pytest.mark.parametrize("name", A)
def test_a_run_is_declined(side: ModuleType, name: str) -> None:
    """And no mask is drawn."""
    net = network(side, A[name])
    assert net.run(ones(T, N, I), state(A[name], L, N), [4, 2]) is not None
    for what, (x, *others) in unusual_calls(A[name]).items():
        state_0, lengths, batch_first = [*others, *(None, None, False)[len(others) :]]
        for keep in (False, True):
            assert net.run(x, state_0, lengths, pytest.fail, keep, batch_first) is None, what


@pytest.mark.parametrize("name", A)
def test_a_step_is_declined_and_the_state_is_as_it_was(side: ModuleType, name: str) -> None:
    a = A[name]
    net, x_t, out = network(side, a), ones(N, I), ones(N, a.output_size)
    good = parts(state(a, L, N))
    read_only, wide = out.copy(), ones(2 * N, I)
    read_only.flags.writeable = False
    frozen = tuple(part.copy() for part in good)
    for part in frozen:
        part.flags.writeable = False
    top = good[0][-1]  # the state's own memory
    states = unusual_states(a, L, N)
    calls: dict[str, tuple[Any, ...]] = {"x_t is None": (None, good)}
    calls |= {f"x_t is {n}": (value, good) for n, value in unusual(x_t).items()}
    calls |= {f"state: {n}": (x_t, v if len(good) > 1 else (v,)) for n, v in states.items()}
    calls |= {f"out is {n}": (x_t, good, value) for n, value in unusual(out).items()}
    calls |= {
        "x_t has a row less": (x_t[:1], good),
        "x_t has no row": (x_t[0], good),
        "x_t has steps": (x_t[None], good),
        "state is a list": (x_t, list(good)),
        "state is None": (x_t, None),
        "a part is None": (x_t, (None, *good[1:])),
        "state is read-only": (x_t, frozen),
        "out has a row less": (x_t, good, out[:1]),
        "out is read-only": (x_t, good, read_only),
        "out is part of the state": (x_t, good, top),
        "out lies among x_t": (wide[:N], good, wide[1 : 1 + N, : a.output_size]),
    }
    for what, arguments in calls.items():
        before = out.copy(), *(part.copy() for part in good)
        assert net.step(*arguments) is None, what
        for array, copy in zip((out, *good), before, strict=True):
            np.testing.assert_array_equal(array, copy, what)
    assert net.step(x_t, good, out) is out


def test_a_bidirectional_network_makes_no_step(side: ModuleType) -> None:
    a = A["gru"]._replace(bidirectional=True)
    assert network(side, a).step(ones(N, I), (ones(2 * L, N, H),)) is None


@pytest.mark.parametrize("name", ONE)
@pytest.mark.parametrize("axes", [(N,), ()])
def test_a_cells_step_is_declined(side: ModuleType, name: str, axes: tuple[int, ...]) -> None:
    a = ONE[name]
    net, x, good = network(side, a), ones(*axes, I), state(a, *axes)
    assert net.cell(x, good) is not None
    calls: dict[str, tuple[Any, ...]] = {"x is None": (None,)}
    calls |= {f"x is {n}": (value,) for n, value in unusual(x).items()}
    calls |= {f"state: {n}": (x, value) for n, value in unusual_states(a, *axes).items()}
    calls["a state of other axes"] = (x, state(a, *((N,) if not axes else ())))
    for what, arguments in calls.items():
        for keep in (False, True):
            assert net.cell(*arguments, keep=keep) is None, what

    _, run = net.cell(x, good, True)
    for what, value in unusual_states(a, *axes).items():
        assert run.backward(value) is None, what
    assert network(side, A[name]).cell(x) is None


@pytest.mark.parametrize("name", A)
@pytest.mark.parametrize("form", ["time first", "batch first", "single", "list"])
def test_backward_is_declined_and_adds_nothing(side: ModuleType, name: str, form: str) -> None:
    a = A[name]
    x = ones(T, N, I)
    x = {"single": x[:, 0], "list": [x[:, 0], x[:2, 1]]}.get(form, x)
    axes = (L,) if form == "single" else (L, T if form == "batch first" else N)
    net = network(side, a)
    (output, _), run = net.run(x, keep=True, batch_first=form == "batch first")
    good = [part.copy() for part in output] if form == "list" else output.copy()
    one = good[0] if form == "list" else good
    calls: dict[str, tuple[Any, ...]] = {}
    for what, value in unusual(one).items():
        calls[f"d_output has {what}"] = ([value, good[1]] if form == "list" else value, None)
    calls["d_output is of a step less"] = (
        [one[:-1], good[1]] if form == "list" else one[:-1],
        None,
    )
    calls["d_output is of another form"] = (one if form == "list" else list(one), None)
    calls |= {f"d_state: {n}": (good, value) for n, value in unusual_states(a, *axes).items()}

    shapes = list(a.parameter_shapes().values())
    totals = [ones(*shape) for shape in shapes]
    read_only = ones(*shapes[0])
    read_only.flags.writeable = False
    for what, value in {**unusual(totals[0]), "read-only": read_only, "None": None}.items():
        calls[f"gradients hold {what}"] = (good, None, [value, *totals[1:]])
    calls["gradients are a tuple"] = (good, None, tuple(totals))
    calls["gradients are too few"] = (good, None, totals[:-1])
    calls["gradients are too many"] = (good, None, [*totals, totals[-1]])
    calls["gradients are in another order"] = (
        good,
        None,
        [ones(*shapes[0]).copy("F"), *totals[1:]],
    )
    for what, arguments in calls.items():
        given = arguments if len(arguments) == 3 else (*arguments, totals)
        assert run.backward(*given) is None, what
        assert all((total == 1).all() for total in totals), what
    assert run.backward(good, state(a, *axes), totals)[2] is totals
