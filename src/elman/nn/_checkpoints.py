"""Runs in parts, of which backward runs each again before it undoes it.

Only the states between parts are kept (Chen et al. 2016, arXiv:1604.06174). Results and gradients
are those of one run, to the bit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from elman._typing import FloatArray, IntArray
from elman.kernels import PAIRS_PER_BLOCK, Masks, State, forms
from elman.kernels.forms import rows_contiguous
from elman.nn._arguments import Description


class Run:
    """A unidirectional network's run over x, some steps at a time.

    Parameters
    ----------
    network : network of `elman.kernels`
    description : Description of the layer
    x, state, lengths
        As the network takes them.
    masks : function of (T, N, lengths) that draws them, or None
        On h alone, as there is no dropout between layers.
    steps : int
        How many a part has, rounded up to whole blocks of the kernels' sums over time.

    Attributes
    ----------
    results : (output, state_n), as a run of the network gives them
    """

    def __init__(
        self,
        network: Any,
        description: Description,
        x: Any,
        state: Any,
        lengths: IntArray | None,
        masks: Callable[..., Masks | None] | None,
        steps: int,
    ) -> None:
        self._network, self._architecture = network, description.architecture
        a = description.architecture
        form = forms.read(a, description.dtype, x, state, lengths, description.batch_first)
        assert form is not None
        self._form = form
        T, N, _ = form.x.shape
        whole = max(1, PAIRS_PER_BLOCK // max(1, N))
        steps = -(-steps // whole) * whole
        self._parts = [slice(t, min(t + steps, T)) for t in range(0, T, steps)]
        # Rows in the kernels' order, by decreasing length, so that nothing is summed otherwise.
        self._rows: Any = slice(None)
        if form.lengths is not None:
            self._rows = np.argsort(-form.lengths, kind="stable")
        self._masks = masks(T, N, form.lengths) if masks else None
        if self._masks is not None and self._masks.recurrent is not None:
            self._masks = Masks(None, [mask[self._rows] for mask in self._masks.recurrent])
        self.results = self._forward()

    def _forward(self) -> tuple[Any, Any]:
        form, rows = self._form, self._rows
        a = self._architecture
        initial = forms.initial_state(a, form.x.dtype, self._network.initial, form.x.shape[1])
        state_0 = forms.begin(form, initial)
        output = form.empty(a.output_size)
        self._states = [tuple(part[:, rows] for part in state_0)]
        for times in self._parts:
            output[times][:, rows], state_n = self._run(times, self._states[-1], keep=False)
            self._states.append(_parts(state_n))
        output.flags.writeable = False
        state_n = self._in_callers_order(self._states.pop())
        return form.restore(output), form.restore_state(state_n)

    def backward(
        self, d_output: Any = None, d_state_n: Any = None, *, of_x: bool = True
    ) -> tuple[Any, Any, list[FloatArray]] | None:
        """Undo the run, from the last part to the first; as a run of the network does."""
        form, rows, a = self._form, self._rows, self._architecture
        read = form.gradients(a, d_output, d_state_n)
        if read is None:
            return None
        d_steps, d_parts = read
        d_state: State = tuple(
            np.zeros_like(part) if d_part is None else np.ascontiguousarray(d_part[:, rows])
            for part, d_part in zip(self._states[0], d_parts, strict=True)
        )
        d_x = form.empty(a.input_size) if of_x else None
        gradients = [np.zeros(shape, form.x.dtype) for shape in a.parameter_shapes().values()]
        for times, state in zip(self._parts[::-1], self._states[::-1], strict=True):
            _, run = self._run(times, state, keep=True)
            d_part = None if d_steps is None else rows_contiguous(d_steps[times][:, rows])
            d_last = d_state if len(d_state) > 1 else d_state[0]
            d_x_part, d_first, _ = run.backward(d_part, d_last, gradients, of_x)
            d_state = _parts(d_first)
            if d_x is not None:
                d_x[times][:, rows] = d_x_part
            del run  # so that one part at a time is kept
        d_state = self._in_callers_order(d_state)
        learned = forms.learned_gradients(form, self._network.initial, d_state)
        d_input = None if d_x is None else form.restore(d_x)
        return d_input, form.restore_state(d_state), gradients + learned

    def _run(self, times: slice, state: State, keep: bool) -> Any:
        """Run the network over some time steps, rows longest first."""
        rows, lengths = self._rows, self._form.lengths
        if lengths is not None:
            lengths = np.clip(lengths[rows] - times.start, 0, times.stop - times.start)
        x = rows_contiguous(self._form.x[times][:, rows])
        parts = tuple(np.ascontiguousarray(part) for part in state)
        return self._network.run(
            x, parts if len(parts) > 1 else parts[0], lengths, self._masks, keep
        )

    def _in_callers_order(self, state: State) -> State:
        found = tuple(map(np.empty_like, state))
        for part, values in zip(found, state, strict=True):
            part[:, self._rows] = values
        return found


def _parts(state: Any) -> State:
    return state if isinstance(state, tuple) else (state,)
