"""Networks of all layers and directions, in every form in which a caller may run them.

A case is time-first. `results` runs it in a form and gives what comes out the case's form again, so
that forms, and the two sides of the kernels, may be compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st
from strategies import Array, dtypes, generators, lengths_N, parts, whole

from elman.kernels import GATES, Architecture, Masks

FORMS = ("time first", "batch first", "single", "list")


class NetworkCase(NamedTuple):
    """A network, all that it is given, and gradients to take backwards, time-first.

    state : its parts (L·D, N, ·); None, also as a part, is the initial one
    """

    architecture: Architecture
    weights: list[Array]
    initial: list[Array]
    x: Array
    state: tuple[Array | None, ...] | None
    lengths: Array | None
    masks: Masks | None
    d_output: Array
    d_state_n: tuple[Array | None, ...] | None

    def forms(self) -> list[str]:
        """Return the forms in which the case may be run."""
        alone = self.x.shape[1] == 1 and self.lengths is None
        return [form for form in FORMS if form != "single" or alone]

    def every_length(self) -> Array:
        """Return the lengths, also where all are T."""
        T, N, _ = self.x.shape
        return np.full(N, T, np.int64) if self.lengths is None else self.lengths


@st.composite
def architectures(draw: st.DrawFn) -> Architecture:
    """Draw a network of any cell, sizes and options."""
    cell, H = draw(st.sampled_from(list(GATES))), draw(st.integers(1, 40))
    return Architecture(
        cell,
        draw(st.integers(1, 20)),
        H,
        num_layers=draw(st.integers(1, 3)),
        bidirectional=draw(st.booleans()),
        bias=draw(st.booleans()),
        proj_size=draw(st.integers(0, H - 1)) if cell == "lstm" else 0,
    )


def draw_arrays(shapes: Any, generator: np.random.Generator, dtype: Any) -> list[Array]:
    return [generator.uniform(-0.3, 0.3, shape).astype(dtype) for shape in shapes]


@st.composite
def network_cases(
    draw: st.DrawFn,
    dtypes: Any = dtypes,
    T: st.SearchStrategy[int] = st.integers(1, 7),  # noqa: B008
    N: st.SearchStrategy[int] = st.integers(0, 5),  # noqa: B008
    ragged: bool = True,
    **fixed: Any,
) -> NetworkCase:
    """Draw a case; `fixed` are fields of its architecture."""
    a = draw(architectures())._replace(**fixed)
    generator, dtype, T, N = draw(generators), draw(dtypes), draw(T), draw(N)
    lengths = draw(st.none() | lengths_N(N, T)) if ragged else None

    def normal(*shape: int) -> Array:
        return generator.standard_normal(shape).astype(dtype)

    def state() -> tuple[Array | None, ...] | None:
        given = draw(st.sampled_from(["none", "whole", "no h", "no c"]))
        if given == "none":
            return None
        made = [normal(a.recurrences, N, size) for size in a.state_sizes]
        without = {"no h": "h", "no c": "c"}.get(given)
        return tuple(
            None if letter == without else part
            for letter, part in zip(a.state_names, made, strict=True)
        )

    between, recurrent = draw(st.booleans()), draw(st.booleans())
    masks = Masks(
        [normal(T, N, a.output_size) for _ in range(a.num_layers - 1)] if between else None,
        [normal(N, a.state_sizes[0]) for _ in range(a.recurrences)] if recurrent else None,
    )
    learned = draw(st.booleans())
    return NetworkCase(
        a,
        draw_arrays(a.parameter_shapes().values(), generator, dtype),
        [normal(*shape) for shape in a.initial_shapes().values()] if learned else [],
        normal(T, N, a.input_size),
        state(),
        lengths,
        masks if between or recurrent else None,
        normal(T, N, a.output_size),
        state(),
    )


def network(side: Any, case: NetworkCase) -> Any:
    return side.network(case.architecture, case.weights, case.initial)


def call(case: NetworkCase, form: str, lengths: Any = None) -> tuple[Any, ...]:
    """Return a run's arguments x, state, lengths, masks in a form; a list has its own lengths."""
    x, masks = case.x, case.masks
    if form == "list":
        T = max([1, *case.every_length()])
        if masks is not None and masks.between is not None:
            masks = Masks([mask[:T] for mask in masks.between], masks.recurrent)
        lengths = None
    return given_steps(case, x, form), given_state(case.state, form), lengths, masks


def given_steps(case: NetworkCase, steps: Array, form: str) -> Any:
    """Return an array (T, N, ·) in a form."""
    if form == "single":
        return steps[:, 0]
    if form == "list":
        return [steps[:length, i].copy() for i, length in enumerate(case.every_length())]
    return steps.transpose(1, 0, 2).copy() if form == "batch first" else steps


def given_state(state: Sequence[Array | None] | None, form: str) -> Any:
    """Return parts (L·D, N, ·) as a caller passes them in a form."""
    if state is None:
        return None
    return whole([p if p is None or form != "single" else p[:, 0] for p in state])


def time_first(values: Any, form: str, T: int) -> Array:
    """Undo `given_steps`; zeros after a sequence's end."""
    if form == "single":
        return values[:, None]
    if form == "list":
        rows = [np.concatenate([v, np.zeros((T - len(v), v.shape[1]), v.dtype)]) for v in values]
        return np.stack(rows, axis=1)
    return values.transpose(1, 0, 2) if form == "batch first" else values


def results(net: Any, case: NetworkCase, form: str, lengths: Any = None) -> dict[str, Array]:
    """Run a case forward and backward in a form; return output, state and gradients by name.

    A run that keeps nothing for backward must give the same.
    """
    x, state, lengths, masks = call(case, form, lengths)
    batch_first = form == "batch first"
    (output, state_n), run = net.run(x, state, lengths, masks, True, batch_first)
    plain = net.run(x, state, lengths, masks, False, batch_first)
    d_x, d_state, gradients = run.backward(*given_gradients(case, form))
    T, N, _ = case.x.shape
    if form == "list" and N == 0:  # an empty list does not tell how wide its arrays are
        output, d_x, plain = [], [], ([], plain[1])
        steps = {}
    else:
        steps = {
            "output": time_first(output, form, T),
            "plain output": time_first(plain[0], form, T),
            "d_x": time_first(d_x, form, T),
        }
    whole_parts = {"state_n": state_n, "plain state_n": plain[1], "d_state": d_state}
    states = {
        f"{name} {i}": part[:, None] if form == "single" else part
        for name, value in whole_parts.items()
        for i, part in enumerate(parts(value))
    }
    names = [*case.architecture.parameter_shapes(), *case.architecture.initial_shapes()]
    return steps | states | dict(zip(names, gradients, strict=False))


def given_gradients(case: NetworkCase, form: str) -> tuple[Any, Any]:
    """Return gradients of output and state_n in a form."""
    return given_steps(case, case.d_output, form), given_state(case.d_state_n, form)
