"""The ways to call a layer, each beside the plain call of the same arithmetic.

The plain call is time-first, of layers in evaluation mode.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from problems import Array
from timing import Runner, repeated
from workers import arrays_of

import elman

DROPOUTS, PROBABILITY = ("dropout", "recurrent_dropout"), 0.5

LIMIT, BATCH_FIRST_LIMIT, CELL_LIMIT = 1.3, 1.1, 2.0


def unchanged(values: Any) -> Any:
    """Return an output or a gradient that already has shape (T, N, ·)."""
    return values


class Form(NamedTuple):
    """One way to call a layer.

    layer, x, d_output, options : what is called, with what
    time_first : gives an output or a gradient of x the shape (T, N, ·)
    own : what the form costs by itself, or None
    limit : how many times longer than `plain` it may take
    """

    layer: Any
    x: Any
    d_output: Any
    plain: str = "plain"
    options: dict[str, Any] = {}  # noqa: RUF012
    time_first: Callable[[Any], Array] = unchanged
    own: Callable[[], Any] | None = None
    limit: float = LIMIT

    def call(self, mode: str) -> Callable[[], Any]:
        """Return the call in a mode."""
        if mode == "forward":
            return partial(self.layer, self.x, **self.options)
        run, d_output = partial(self.layer.vjp, self.x, **self.options), self.d_output

        def train() -> Any:
            _, backward = run()
            return backward(d_output)

        return train

    def values(self) -> dict[str, Array]:
        """Return what it computes, forward and backward, named, as a plain call gives it."""
        (output, _), backward = self.layer.vjp(self.x, **self.options)
        found = backward(self.d_output)
        return {
            "forward": self.time_first(self.layer(self.x, **self.options)[0]),
            "output": self.time_first(output),
            "d_x": self.time_first(found.x),
            "d_state": np.concatenate(arrays_of(found.state)),
            **found.parameters,
        }


def forms(cell: str, size: tuple[int, int, int, int], mode: str) -> dict[str, Form]:
    """Return all forms by name, the plain ones too."""
    T, N, I, H = size
    generator = np.random.default_rng(0)
    x, d_output = (generator.standard_normal((T, N, n), np.float32) for n in (I, H))

    def layer(**options: Any) -> Any:
        made = getattr(elman.nn, cell)(I, H, generator=elman.Generator(0), **options)
        return made.train() if options.keys() & set(DROPOUTS) else made.eval()

    def padding(mode: str) -> Callable[[], Any]:
        given = [x_list] if mode == "forward" else [x_list, d_output_list]
        return lambda: [padded(arrays) for arrays in given]

    x_list, d_output_list = list(x.transpose(1, 0, 2)), list(d_output.transpose(1, 0, 2))
    rows_first = [np.ascontiguousarray(a.transpose(1, 0, 2)) for a in (x, d_output)]
    transposed = partial(np.transpose, axes=(1, 0, 2))
    plain = Form(layer(), x, d_output)
    dropout = layer(num_layers=2, dropout=PROBABILITY)
    recurrent = layer(recurrent_dropout=PROBABILITY)
    return {
        "plain": plain,
        "plain, 2 layers": Form(layer(num_layers=2), x, d_output, "plain, 2 layers"),
        "batch-first": Form(
            layer(batch_first=True), *rows_first, time_first=transposed, limit=BATCH_FIRST_LIMIT
        ),
        "lengths, a list": plain._replace(options={"lengths": [T] * N}),
        "lengths, an array": plain._replace(options={"lengths": np.full(N, T, np.int64)}),
        "list of arrays": Form(
            layer(),
            x_list,
            d_output_list,
            time_first=partial(np.stack, axis=1),
            own=padding(mode),
        ),
        "dropout, 2 layers": Form(
            dropout, x, d_output, "plain, 2 layers", own=mask_drawing(dropout, T, N)
        ),
        "recurrent dropout": Form(recurrent, x, d_output, own=mask_drawing(recurrent, T, N)),
        "learned initial state": Form(layer(learn_initial_state=True), x, d_output),
    }


def padded(arrays: list[Array]) -> Array:
    """Pad a list as a layer must."""
    lengths = [len(array) for array in arrays]
    batch = np.zeros((len(arrays), max(lengths), arrays[0].shape[1]), arrays[0].dtype)
    for row, array in zip(batch, arrays, strict=True):
        row[: len(array)] = array
    return batch


def mask_drawing(layer: Any, T: int, N: int) -> Callable[[], Any]:
    """Return what draws the masks of one call as the layer itself does."""
    if hasattr(layer, "_draw_masks"):
        return partial(layer._draw_masks, T, N, None)
    shape = (T, N, layer.hidden_size)

    def draw() -> None:
        for _ in range(1, layer.num_layers):
            layer._dropout_mask(shape, None)
        for _ in range(layer.num_layers):
            layer._recurrent_mask(N)

    return draw


def check(forms: dict[str, Form]) -> None:
    """Compare what all forms compute with the plain ones; AssertionError if it differs.

    Meanwhile the probability of dropout is so small that masks are drawn, and keep everything.
    """
    for name, form in forms.items():
        used = [kind for kind in DROPOUTS if getattr(form.layer, kind) > 0]
        for kind in used:
            setattr(form.layer, kind, 1e-9)
        found, expected = form.values(), forms[form.plain].values()
        for key, value in expected.items():
            np.testing.assert_allclose(
                found[key], value, rtol=1e-5, atol=1e-6, err_msg=f"{name}, {key}"
            )
        for kind in used:
            setattr(form.layer, kind, PROBABILITY)


def runners(cell: str, size: tuple[int, int, int, int], mode: str) -> dict[str, Runner]:
    """Return what is timed: each form's call, and what it costs by itself."""
    all_forms = forms(cell, size, mode)
    check(all_forms)
    own = {own_cost(name): form.own for name, form in all_forms.items() if form.own}
    calls = {name: form.call(mode) for name, form in all_forms.items()}
    return {name: repeated(call) for name, call in {**calls, **own}.items()}


def cell_runners(cell: str, size: tuple[int, int, int, int]) -> dict[str, Runner]:
    """Return a stream's step and a cell's call, of the same weights."""
    _, N, I, H = size
    layer = getattr(elman.nn, cell)(I, H, generator=elman.Generator(0))
    alone = getattr(elman.nn, f"{cell}Cell")(I, H)
    alone.load_state_dict({k.removesuffix("_l0"): v for k, v in layer.state_dict().items()})
    stream = layer.stream(N)
    x = np.random.default_rng(0).standard_normal((2, N, I), np.float32)
    state: Any = stream.step(x[0])
    if cell == "LSTM":
        state = tuple(part[0] for part in stream.state)
    new = alone(x[1], state)
    np.testing.assert_array_equal(new[0] if cell == "LSTM" else new, stream.step(x[1]))
    return {
        "plain": repeated(partial(stream.step, x[1])),
        "cell": repeated(partial(alone, x[1], state)),
    }


def own_cost(name: str) -> str:
    """Name the runner of what a form costs by itself."""
    return f"{name}, by itself"
