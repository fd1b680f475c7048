"""A fitted forecaster of series."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from elman import _check, nn
from elman._typing import FloatArray, IntArray
from elman.models import _seasonal
from elman.models._calendar import phases
from elman.models._forecast_config import (
    CHECKS,
    base_size,
    series_from_text,
    series_text,
    state_size,
    static_size,
)
from elman.models._memory import Memory, Series, ahead
from elman.models._model import Model
from elman.models._seasonal import Reading, Tail
from elman.nn import _bridge

_TRANSFORMS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "none": (np.asarray, np.asarray),
    "log": (np.log, np.exp),
    "asinh": (np.arcsinh, np.sinh),
}
"""What a transform does, and what undoes it."""

MEDIAN = 0.5


class Scaled(NamedTuple):
    """What a network says, in units of the scale, as departures from a base.

    quantiles : array, shape (n, h, Q), in order
    base : array, shape (n, h), transformed: the seasonal naive forecast, moved by covariates
    scale : array, shape (n,)
    values : array, shape (T,), of the series, transformed, missing ones filled
    """

    quantiles: FloatArray
    base: FloatArray
    scale: FloatArray
    values: FloatArray


_LARGEST = 1e300
"""Sums of greater values may be no numbers."""


class ForecasterModel(Model):
    """Tells the next steps of series, as `elman.estimators.RNNForecaster` fitted it.

    It remembers of each series that fit saw what the next forecast needs.
    Letters: n series, T steps, h steps ahead, Q quantiles.

    Attributes
    ----------
    series : list of [id, time, frames, values]
        The series that it remembers; the time of each one's last step, of dates in nanoseconds
        from 1970 on; how many of its last steps are kept as the network reads them, and how many
        of its last values.
    h : int
        How many steps ahead it tells.
    quantiles : list of Q floats
        In order; the median is one of them.
    season_length : int
        m, how many steps make a season.
    transform : "none", "log" or "asinh"
        What is done to values before all else.
    """

    checks: ClassVar[Mapping[str, Callable[[str, Any], Any]]] = CHECKS

    h: int
    season_length: int
    transform: str
    quantiles: list[float]
    missing: bool
    cycles: list[str]
    past: list[str]
    future: list[str]
    static: list[str]
    categories: list[Any]
    freq: str | int
    zone: str | None
    form: str
    series: list[list[Any]]
    series_text: npt.NDArray[np.uint8]
    series_count: int
    series_bytes: int

    covariate_mean: FloatArray
    covariate_scale: FloatArray
    static_mean: FloatArray
    static_scale: FloatArray
    effect: FloatArray
    corrections: FloatArray
    last_values: FloatArray
    last_effects: FloatArray
    last_sums: FloatArray
    last_frames: FloatArray
    last_future: FloatArray
    last_states: FloatArray
    last_static: FloatArray

    def __init__(self, network: nn.Network, **fields: Any) -> None:
        self.network = network
        self.parameters: dict[str, Any] = {}
        self.table = None
        for name, value in fields.items():
            setattr(self, name, value)
        self._set_series([])
        for name, dtype, shape in self.own_arrays(self.config()):
            if not hasattr(self, name):
                setattr(self, name, np.zeros(shape, dtype))

    # ---- files ---------------------------------------------------------------------------------

    @classmethod
    def own_arrays(cls, config: Mapping[str, Any]) -> Iterator[tuple[str, str, tuple[int, ...]]]:
        """Yield what is said of scales, corrections and memory."""
        P, F, h = len(config["past"]), len(config["future"]), config["h"]
        yield "covariate_mean", "float64", (P + F,)
        yield "covariate_scale", "float64", (P + F,)
        yield "effect", "float64", (F,)
        yield "static_mean", "float64", (len(config["static"]),)
        yield "static_scale", "float64", (len(config["static"]),)
        yield "corrections", "float64", (h, len(config["quantiles"]))
        yield "series_text", "uint8", (config["series_bytes"],)
        n, R, rnn = config["series_count"], h if F else 1, config["network"]["config"]["rnn"]
        C = _seasonal.context(config["season_length"])
        yield "last_values", "float64", (n, C)
        yield "last_effects", "float64", (n, C)
        yield "last_sums", "float64", (n, 4)
        yield "last_frames", "float64", (n, R, base_size(config))
        yield "last_future", "float64", (n, R, F)
        yield "last_states", rnn["config"]["dtype"], (n, state_size(rnn))
        yield "last_static", "float64", (n, static_size(config))

    @classmethod
    def check_config(cls, config: Mapping[str, Any]) -> None:
        """Hold that the network reads and gives what the other fields say (ValueError)."""
        network = config["network"]["config"]
        rnn, head = network["rnn"]["config"], network["head"]["config"]
        found = rnn["input_size"], head["out_features"], network["reads"], rnn["bidirectional"]
        wanted = cls.input_size_of(config), config["h"] * len(config["quantiles"]), "every", False
        if network["embedding"] or network["bridge"] or found != wanted:
            expected = f"layers alone, with input, outputs, reads, bidirectional = {wanted}"
            raise _check.fail(ValueError, "network", expected, str(found))
        quantiles = config["quantiles"]
        if quantiles != sorted(set(quantiles)) or MEDIAN not in quantiles:
            expected = "different numbers in order, 0.5 among them"
            raise _check.fail(ValueError, "quantiles", expected, _check.short(quantiles))

    def load_state_dict(self, arrays: Mapping[str, FloatArray]) -> None:
        """Take the arrays that `state_dict` returned."""
        series = series_from_text(arrays["series_text"], self._fields())
        super().load_state_dict(arrays)
        self.series = series

    # ---- from values to what the network reads -------------------------------------------------

    @classmethod
    def input_size_of(cls, config: Mapping[str, Any]) -> int:
        """Return how many values a network of such fields reads at each step."""
        return base_size(config) + (int(config["h"]) + 1) * len(config["future"])

    @property
    def kept(self) -> int:
        """R, how many steps a memory keeps as the network reads them."""
        return self.h if self.future else 1

    def transformed(self, values: npt.ArrayLike, name: str = "y") -> FloatArray:
        """Return values transformed, NaN where they are missing.

        Raises
        ------
        ValueError
            If a value is infinite, or the transform is the logarithm and one is not above 0.
        """
        found = np.asarray(values, np.float64)
        wrong = np.abs(found) > _LARGEST
        expected, fix = f"finite numbers up to {_LARGEST:g}", "NaN is read as a missing value"
        if self.transform == "log" and not wrong.any():
            wrong = found <= 0
            expected = "values above 0, as transform is the logarithm"
            fix = "fit with transform=None or 'asinh'"
        if wrong.any():
            at = int(np.flatnonzero(wrong)[0])
            raise _check.fail(ValueError, name, expected, f"{found[at]} at step {at}", fix)
        return np.asarray(_TRANSFORMS[self.transform][0](found))

    def untransformed(self, values: FloatArray) -> FloatArray:
        """Undo `transformed`."""
        return np.asarray(_TRANSFORMS[self.transform][1](values))

    def read(self, series: Series, tail: Tail | None = None) -> tuple[FloatArray, Reading]:
        """Return what steps read beside future covariates, (T, I), and what their values say."""
        T, P = len(series.values), len(self.past)
        effects = self.scaled_future(series.future) @ self.effect
        reading = _seasonal.read(series.values, self.season_length, tail, effects[:T])
        parts = [reading.features]
        if self.missing:
            parts.append(np.isnan(series.values).astype(np.float64)[:, None])
        if self.cycles:
            assert series.times is not None
            parts.append(phases(series.times, self.cycles))
        past = (series.past - self.covariate_mean[:P]) / self.covariate_scale[:P]
        parts += [np.nan_to_num(past), np.isnan(past).astype(np.float64)]
        parts.append(np.broadcast_to(series.static, (T, len(series.static))))
        return np.concatenate(parts, axis=1), reading

    def scaled_future(self, future: FloatArray) -> FloatArray:
        """Return future covariates as the network reads them."""
        P = len(self.past)
        return (future - self.covariate_mean[P:]) / self.covariate_scale[P:]

    def frames(self, base: FloatArray, future: FloatArray) -> FloatArray:
        """Return all that the first steps read, of scaled future covariates, (1, T, I)."""
        whole = np.concatenate([base, ahead(future, len(base), self.h)], axis=1)
        try:
            with np.errstate(over="raise"):
                return whole.astype(self.dtype)[None]
        except FloatingPointError:
            expected, got = "values not far from those of fit", "one too large for the network"
            raise _check.fail(ValueError, "covariates", expected, got) from None

    # ---- memory --------------------------------------------------------------------------------

    def begin(self, static: FloatArray) -> Memory:
        """Return what is known of a series before its first step."""
        frames = np.zeros((0, base_size(self._fields())))
        future = np.zeros((0, len(self.future)))
        state = np.zeros(self.last_states.shape[1], self.dtype)
        return Memory(Tail.start(), frames, future, state, static)

    def go_on(self, memory: Memory, series: Series) -> Memory:
        """Return what is known of a series after more steps of it."""
        base, reading = self.read(series, memory.tail)
        base = np.concatenate([memory.frames, base])
        future = np.concatenate([memory.future, self.scaled_future(series.future)])
        over, state = max(0, len(base) - self.kept), memory.state
        if over:
            _, after = self._run(self.frames(base[:over], future), state[None])
            state = after[0]
        return Memory(reading.tail, base[over:], future[over:], state, memory.static)

    def forget(self) -> None:
        """Remember no series."""
        for name, dtype, shape in self.own_arrays({**self.config(), "series_count": 0}):
            if name.startswith("last_"):
                setattr(self, name, np.zeros(shape, dtype))
        self._set_series([])

    def remember(self, found: Mapping[Any, tuple[int, Memory]]) -> None:
        """Keep the time of the last step and the memory of some series, by their ids."""
        if not found:
            return
        row_of = {id_: row for row, (id_, *_) in enumerate(self.series)}
        rows = [row_of.setdefault(id_, len(row_of)) for id_ in found]
        new: list[list[Any]] = [[] for _ in range(len(row_of) - len(self.series))]
        series = [*self.series, *new]
        for row, (id_, (time, memory)) in zip(rows, found.items(), strict=True):
            series[row] = [id_, time, len(memory.frames), len(memory.tail.values)]
        arrays = {}
        for name, dtype, shape in self.own_arrays({**self.config(), "series_count": len(series)}):
            if name.startswith("last_"):
                arrays[name] = np.zeros(shape, dtype)
                arrays[name][: len(self.series)] = getattr(self, name)
        for row, (_, memory) in zip(rows, found.values(), strict=True):
            arrays["last_values"][row, : len(memory.tail.values)] = memory.tail.values
            arrays["last_effects"][row, : len(memory.tail.values)] = memory.tail.effects
            arrays["last_sums"][row] = memory.tail.sums
            arrays["last_frames"][row, : len(memory.frames)] = memory.frames
            arrays["last_future"][row, : len(memory.frames)] = memory.future
            arrays["last_states"][row] = memory.state
            arrays["last_static"][row] = memory.static
        self._set_series(series)
        vars(self).update(arrays)

    def _set_series(self, series: list[list[Any]]) -> None:
        self.series = series
        self.series_text = series_text(series)
        self.series_count, self.series_bytes = len(series), len(self.series_text)

    def recall(self, rows: Sequence[int]) -> list[Memory]:
        """Return the memories of some of the series."""
        found = []
        for row in rows:
            _, _, count, values = self.series[row]
            found.append(
                Memory(
                    Tail(
                        self.last_values[row, :values],
                        self.last_effects[row, :values],
                        self.last_sums[row],
                    ),
                    self.last_frames[row, :count],
                    self.last_future[row, :count],
                    self.last_states[row],
                    self.last_static[row],
                )
            )
        return found

    # ---- forecasts -----------------------------------------------------------------------------

    def forecast(self, memories: Sequence[Memory], future: FloatArray | None = None) -> FloatArray:
        """Return the quantiles of the next steps, shape (n, h, Q), which never cross.

        Parameters
        ----------
        memories : of n series
        future : array, shape (n, h, F)
            The covariates that are known ahead.
        """
        n, R = len(memories), self.kept
        lengths = np.array([len(memory.frames) for memory in memories])
        x = np.zeros((n, R, self.input_size_of(self._fields())), self.dtype)
        scale = _seasonal.scale(np.stack([memory.tail.sums for memory in memories]))
        base = np.empty((n, self.h))
        for row, memory in enumerate(memories):
            known, effects, values = memory.future, memory.tail.effects, memory.tail.values
            if future is not None:
                to_come = self.scaled_future(future[row])
                known = np.concatenate([known, to_come])
                effects = np.concatenate([effects, to_come @ self.effect])
            x[row, : lengths[row]] = self.frames(memory.frames, known)[0]
            last = np.array([len(values) - 1])
            base[row] = self._base(values, effects, last, scale[row : row + 1])
        state = np.stack([memory.state for memory in memories])
        _, after = self._run(x, state, lengths)
        size = self.network.head.in_features
        a = self.network.rnn.architecture
        end = a.recurrences * a.output_size
        outputs = self.network.head(np.ascontiguousarray(after[:, end - size : end]))
        return self.quantiles_of(outputs, base, scale)

    def _base(
        self, values: FloatArray, effects: FloatArray, steps: IntArray, scale: FloatArray
    ) -> FloatArray:
        return _seasonal.base(values, effects, steps, scale, self.h, self.season_length)

    def quantiles_of(self, outputs: FloatArray, base: FloatArray, scale: FloatArray) -> FloatArray:
        """Return the quantiles (n, h, Q) that outputs (n, h·Q) say, in the series' own units.

        Parameters
        ----------
        outputs : array, shape (n, h·Q)
        base : array, shape (n, h), transformed
        scale : array, shape (n,)
        """
        found = outputs.reshape(len(outputs), self.h, -1).astype(np.float64)
        found = np.sort(np.sort(found, axis=2) + self.corrections, axis=2)
        values = base[:, :, None] + scale[:, None, None] * found
        return self.untransformed(values)

    def at(self, series: Series, steps: IntArray) -> FloatArray:
        """Return the quantiles (len(steps), h, Q) that are told after some steps of a series."""
        return self.unscaled(self.scaled_at(series, steps))

    def unscaled(self, found: Scaled) -> FloatArray:
        """Return quantiles (n, h, Q) in the series' own units, calibrated."""
        outputs = found.quantiles.reshape(len(found.scale), -1)
        return self.quantiles_of(outputs, found.base, found.scale)

    def scaled_at(self, series: Series, steps: IntArray) -> Scaled:
        """Return what the network says after some steps of a series, before calibration."""
        frames, reading = self.read(series)
        future = self.scaled_future(series.future)
        x = self.frames(frames, future)
        output, _ = self.network.rnn(x)
        outputs = self.network.head(np.ascontiguousarray(output[0, steps])).astype(np.float64)
        quantiles = np.sort(outputs.reshape(len(steps), self.h, -1), axis=2)
        scale = reading.scale[steps]
        base = self._base(reading.values, future @ self.effect, steps, scale)
        return Scaled(quantiles, base, scale, reading.values)

    def _run(
        self, x: FloatArray, state: FloatArray, lengths: Any = None
    ) -> tuple[FloatArray, FloatArray]:
        """Run the layers from states (N, ·); return outputs and the states after."""
        a = self.network.rnn.architecture
        begin = _bridge.state(state, a.recurrences, a.state_sizes)
        output, end = self.network.rnn(x, _contiguous(begin), lengths=lengths)
        return output, _bridge.start(end)

    def _fields(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.checks}

    # ---- on arrays alone -----------------------------------------------------------------------

    def predict(
        self, y: Any = None, *, level: Sequence[float] | None = None, times: Any = None
    ) -> Any:
        """Return the next h steps of a series of numbers, or of all series that are remembered.

        Covariates are for `RNNForecaster.from_model(model).predict`.

        Parameters
        ----------
        y : array, shape (T,), optional
            The series, NaN where values are missing. None is those in `series`.
        level : numbers in (0, 100), optional
            The intervals to give, as 90; each must have been fitted.
        times : array of dates, shape (T,)
            Of the steps of y, if the model was fitted on dates.

        Returns
        -------
        array, shape (h,), or (n, h) for the series that are remembered
            With `level` a dict of such arrays: "median", then "lo-90", "hi-90" and so on.

        Raises
        ------
        TypeError, ValueError
            If an argument does not fit.
        """
        if self.future or (y is not None and (self.past or self.static or self.categories)):
            fix = "call RNNForecaster.from_model(model).predict with data frames"
            raise _check.fail(ValueError, "y", "a model without covariates", "one with", fix)
        memories = self.recall(range(len(self.series))) if y is None else [self._of(y, times)]
        if not memories:
            raise _check.fail(ValueError, "y", "a series, as none is remembered", "None")
        found = self.forecast(memories)
        if y is not None:
            found = found[0]
        if level is None:
            return self.quantile(found, MEDIAN)
        bands = {"median": self.quantile(found, MEDIAN)}
        for value in level:
            lo, hi = bounds(value)
            bands[f"lo-{value:g}"] = self.quantile(found, lo)
            bands[f"hi-{value:g}"] = self.quantile(found, hi)
        return bands

    def quantile(self, found: FloatArray, q: float, name: str = "level") -> FloatArray:
        """Return one of the quantiles (..., Q); ValueError if it was not fitted."""
        if q not in self.quantiles:
            known = ", ".join(f"{value:g}" for value in self.quantiles)
            fix = "fit with this level in level=(...)"
            raise _check.fail(ValueError, name, f"of the quantiles {known}", f"{q:g}", fix)
        return found[..., self.quantiles.index(q)]

    def _of(self, y: Any, times: Any) -> Memory:
        """Return the memory of a series of numbers."""
        values = self.transformed(_check.real_array("y", y, 1, "(T,)"))
        known = np.flatnonzero(~np.isnan(values))
        if not len(known):
            raise _check.fail(ValueError, "y", "at least one value", f"{len(values)} missing ones")
        if self.cycles:
            if times is None:
                expected = "the dates of y, as the model reads the calendar"
                raise _check.fail(ValueError, "times", expected, "None")
            times = np.asarray(times, "datetime64[ns]")
            _check.shape("times", times, "one for each step, (T,)", values.shape)
            times = times[known[0] :]
        values = values[known[0] :]
        none = np.zeros((len(values), 0))
        return self.go_on(self.begin(none[0]), Series(values, times, none, none, none[0]))


def bounds(level: float) -> tuple[float, float]:
    """Return the two quantiles that an interval lies between."""
    alpha = (100 - level) / 200
    return round(alpha, 10), round(1 - alpha, 10)


def _contiguous(state: Any) -> Any:
    if isinstance(state, tuple):
        return tuple(map(np.ascontiguousarray, state))
    return np.ascontiguousarray(state)
