"""A forecaster: it learns of many series what comes next, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar, Literal, Self, Unpack

import numpy as np
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from elman import Generator, _check, train
from elman._typing import FloatArray
from elman.estimators import _panel
from elman.estimators._backtest import Backtest, as_frame
from elman.estimators._base import Parameters, RecurrentEstimator
from elman.estimators._calibration import check_enough, corrections
from elman.estimators._clock import Clock
from elman.estimators._effects import fitted_effect
from elman.estimators._panel import Panel, Track
from elman.estimators._static import Statics, encoded
from elman.estimators._undo import unchanged_after_error
from elman.estimators._windows import Steps, Windows, least_steps
from elman.models import ForecasterModel
from elman.models._calendar import cycles_of
from elman.models._forecaster import MEDIAN, bounds
from elman.models._memory import Series
from elman.models._moments import moments
from elman.nn import Linear, Network


class RNNForecaster(RecurrentEstimator):
    """Tell the next steps of series, each as quantiles, with one network for all of them.

    At every step the network reads how far the series is from its seasonal naive forecast and from
    its recent values, in units of the mean absolute seasonal difference so far. It tells quantiles
    of the departures of the next h steps from the seasonal naive forecast; untrained it is that
    forecast. Series of any units and lengths are learned together, and ones that fit did not see
    can be forecast too.

    Parameters
    ----------
    h : int
        How many steps ahead are told.
    freq : str, int or None
        The time from step to step: a frequency of pandas as "MS", "D" or "h", or the difference of
        whole numbers. None finds it out.
    season_length : int or None
        m, how many steps make a season; None takes what `freq` suggests: 12 of months, 4 of
        quarters, 52 of weeks, 7 of days, 24 of hours, else 1.
    transform : "auto", "log", "asinh" or None
        What is done to values first. "log" suits values above 0 that change by factors; "auto"
        takes it where all are above 0, and in nine of ten series none is below a hundredth of the
        mean.
    past : sequence of str
        Columns of covariates that are known up to now; values may be missing.
    future : sequence of str
        Columns of covariates that are known h steps ahead, as holidays.
    level : sequence of numbers in (0, 100)
        Which intervals can be told; 90 lies between the quantiles 0.05 and 0.95.
    intervals : "quantile" or "conformal"
        Whether intervals are the network's quantiles, all data being learned from, or are widened
        or narrowed until they cover a part at the end as often as they say (Romano et al. 2019).
    calibration_size : int or None
        Of intervals="conformal": how many last steps of each series are not
        learned from; None is h.
    window : int
        How many steps of a series a gradient goes back.
    steps_per_epoch : int or None
        How many training steps an epoch has; None is ∛M for M values in all, within 10 and 50.
    **parameters
        Of network and training, as `RecurrentEstimator` has them, with other defaults: cell="gru",
        batch_size=32, learning_rate="one_cycle", learning_rate_init=6e-3, max_iter=20,
        n_iter_no_change=inf. With early_stopping the h steps before what calibrates are held out.
        `shuffle` and `validation_fraction` have no part here.

    Attributes
    ----------
    model_ : elman.models.ForecasterModel
        What forecasts, and what `save` writes; it remembers the series of fit.
    network_ : nn.Network
    scores_ : dict
        Mean absolute scaled error (Hyndman & Koehler 2006) of the last h steps: of the forecaster,
        "SeasonalNaive" and "Naive"; "seen" tells whether they were learned from.
    n_iter_, loss_curve_, loss_, best_loss_, validation_scores_, best_validation_score_
        As of RNNClassifier; losses are of quantiles, in units of the scale.

    Notes
    -----
    A frame has the columns of Nixtla's libraries: `unique_id` (texts or whole numbers), `ds` (dates
    or whole numbers), `y`, and covariates. A row that is not there, or a y that is NaN, is a
    missing value. A 1-D array is a series too, or a list of several.

    References
    ----------
    Salinas, Flunkert, Gasthaus & Januschowski 2020, "DeepAR" (one network for all series); Wen,
    Torkkola, Narayanaswamy & Madeka 2017, "A multi-horizon quantile recurrent forecaster"
    (quantiles of h steps at every step).

    Examples
    --------
    >>> import numpy as np
    >>> from elman.estimators import RNNForecaster
    >>> t = np.arange(120)
    >>> sales = 10 + np.sin(2 * np.pi * t / 12) + 0.02 * t
    >>> model = RNNForecaster(h=3, season_length=12, max_iter=5, random_state=0).fit(sales)
    >>> np.abs(model.predict() - (10 + np.sin(2 * np.pi * t[:3] / 12) + 2.4 + 0.02 * t[:3])) < 0.2
    array([ True,  True,  True])
    """

    NAME: ClassVar[str] = "RNNForecaster"
    """How the columns of forecasts begin."""

    _defaults: ClassVar[Parameters] = {
        "cell": "gru",
        "batch_size": 32,
        "learning_rate": "one_cycle",
        "learning_rate_init": 6e-3,
        "max_iter": 20,
        "n_iter_no_change": math.inf,
    }

    _fixed = (
        *RecurrentEstimator._fixed,
        "h",
        "freq",
        "season_length",
        "transform",
        "past",
        "future",
        "level",
    )

    def __init__(
        self,
        *,
        h: int = 12,
        freq: str | int | None = None,
        season_length: int | None = None,
        transform: Literal["auto", "log", "asinh"] | None = "auto",
        past: Sequence[str] = (),
        future: Sequence[str] = (),
        level: Sequence[float] = (80, 90),
        intervals: Literal["quantile", "conformal"] = "quantile",
        calibration_size: int | None = None,
        window: int = 96,
        steps_per_epoch: int | None = None,
        **parameters: Unpack[Parameters],
    ) -> None:
        super().__init__(**self._with_defaults(parameters))
        self.h = h
        self.freq = freq
        self.season_length = season_length
        self.transform = transform
        self.past = past
        self.future = future
        self.level = level
        self.intervals = intervals
        self.calibration_size = calibration_size
        self.window = window
        self.steps_per_epoch = steps_per_epoch

    # ---- fitting -------------------------------------------------------------------------------

    def fit(self, df: Any, static_df: Any = None, *, checkpoint: Any = None) -> Self:
        """Learn from series.

        Parameters
        ----------
        df : pandas.DataFrame, 1-D array, or list of 1-D arrays
            The series: see Notes.
        static_df : pandas.DataFrame, optional
            A row for each unique_id: columns of numbers, and of categories.
        checkpoint : str or os.PathLike, optional
            As of RNNClassifier.fit.

        Returns
        -------
        self

        Raises
        ------
        KeyError, TypeError, ValueError
            If a parameter or the data is not as described, or training diverges.

        Warns
        -----
        UserWarning
            If rows are out of order or missing, or a naive forecast is better.
        """
        self._check_parameters()
        goes_on = self.warm_start and hasattr(self, "model_")
        panel = self._panel("df", df, self._clock if goes_on else None)
        return self._fit(panel, static_df, checkpoint)

    def _fit(
        self, panel: Panel, static_df: Any, checkpoint: Any = None, *, scored: bool = True
    ) -> Self:
        goes_on = self.warm_start and hasattr(self, "model_")
        with unchanged_after_error(self):
            random = self._random(checkpoint)
            seed = int(random.randint(2**32, dtype=np.uint32))
            model: ForecasterModel = (
                self._copy_to_go_on()
                if goes_on
                else self._new_model(panel, static_df, Generator(seed))
            )
            series = self._series(model, panel, static_df)
            if self.intervals == "conformal" and self._levels:
                check_enough(series, model.h, self._levels, self._calibration_size)
            if model.future and not goes_on:
                unseen = self._calibration_size + (self.h if self.early_stopping else 0)
                model.effect = fitted_effect(model, series, unseen)
            steps = Steps.of(model, series)
            learned, validate = self._objectives(model, steps, random)
            result = train.run(
                model.network,
                learned,
                self._optimizer(self.alpha),
                random=random,
                validate=validate,
                keep_start=goes_on,
                checkpoint=checkpoint,
                **self._training(),
            )
            if self.intervals == "conformal" and self._levels:
                model.corrections = corrections(model, series, self._levels, self._calibration_size)
            model.forget()
            model.remember(
                {
                    track.id: (int(track.times[-1]), model.go_on(model.begin(one.static), one))
                    for track, one in zip(panel.tracks, series, strict=True)
                }
            )
            self._keep(model, result, goes_on=goes_on)
            if scored:
                self.scores_ = self._scored(panel, series)
        self._warn_of_an_early_end(result)
        return self

    def _new_model(self, panel: Panel, static_df: Any, generator: Generator) -> ForecasterModel:
        statics = Statics.of(static_df, panel.ids)
        whole = np.concatenate([np.hstack([t.past, t.future]) for t in panel.tracks])
        mean, scale = np.zeros(whole.shape[1]), np.ones(whole.shape[1])
        for column, values in enumerate(whole.T):
            known = values[~np.isnan(values)]
            if len(known):
                mean[column], scale[column] = moments(known)
        fields: dict[str, Any] = {
            "h": int(self.h),
            "season_length": self._season_of(panel),
            "transform": self._transform_of(panel),
            "quantiles": self._quantiles(),
            "missing": any(bool(np.isnan(track.values).any()) for track in panel.tracks),
            "cycles": _cycles(panel),
            "past": list(self.past),
            "future": list(self.future),
            "static": statics.numbers,
            "categories": statics.categories,
            "freq": panel.clock.freq,
            "zone": panel.clock.zone,
            "form": panel.form,
        }
        arrays = {
            "covariate_mean": mean,
            "covariate_scale": scale,
            "static_mean": statics.mean,
            "static_scale": statics.scale,
        }
        rnn = self._new_rnn(ForecasterModel.input_size_of(fields), generator)
        outputs = fields["h"] * len(fields["quantiles"])
        head = Linear(self.hidden_size, outputs, dtype=np.dtype(self.dtype), generator=generator)
        head.load_state_dict({name: np.zeros_like(p) for name, p in head.state_dict().items()})
        return ForecasterModel(Network(rnn, head, reads="every"), **fields, **arrays)

    def _season_of(self, panel: Panel) -> int:
        if self.season_length is None:
            return panel.clock.season_length
        longest = max(_LONG_SEASON, *(track.steps for track in panel.tracks))
        if self.season_length > longest:
            expected = f"at most {longest:,}, or the steps of the longest series"
            raise _check.fail(ValueError, "season_length", expected, f"{self.season_length:,}")
        return int(self.season_length)

    def _transform_of(self, panel: Panel) -> str:
        if self.transform != "auto":
            return self.transform or "none"
        least = np.array([np.nanmin(track.values) for track in panel.tracks])
        means = np.array([np.nanmean(track.values) for track in panel.tracks])
        by_factors = bool((least > 0).all() and (least > means / 100).mean() >= 0.9)
        return "log" if by_factors else "none"

    def _objectives(self, model: ForecasterModel, steps: Steps, random: Any) -> tuple[Any, Any]:
        """Return what is learned, and the function that scores a network on what is held out."""
        unseen = self._calibration_size
        held, M = self.h if self.early_stopping else 0, len(steps.values)
        options = {
            "batch_size": self.batch_size,
            "window": self.window,
            "steps_per_epoch": self.steps_per_epoch or int(np.clip(M ** (1 / 3), 10, 50)),
            "random": random,
        }
        learned = Windows(model, steps, unseen + held, **options)
        if not len(learned):
            got = f"{int(steps.lengths.max())} at most"
            fix = "take a smaller h or calibration_size" if unseen + held or model.future else ""
            expected = f"a series of at least {least_steps(model, unseen + held)} steps"
            raise _check.fail(ValueError, "df", expected, got, fix)
        if not held:
            return learned, None
        return learned, Windows(model, steps, unseen, last=held, **options).score

    @property
    def _calibration_size(self) -> int:
        if self.intervals != "conformal":
            return 0
        return int(self.calibration_size or self.h)

    # ---- forecasts -----------------------------------------------------------------------------

    def predict(
        self,
        df: Any = None,
        X_df: Any = None,
        h: int | None = None,
        level: Sequence[float] | None = None,
        quantiles: Sequence[float] | None = None,
        *,
        static_df: Any = None,
    ) -> Any:
        """Return what comes next.

        Parameters
        ----------
        df : as of fit, optional
            The series to forecast, which need not be those of fit. None is the series of fit and
            `update`.
        X_df : pandas.DataFrame, optional
            The covariates that are known ahead: unique_id, ds and their columns, for the h steps
            that follow each series.
        h : int, optional
            How many steps, at most those of fit, which is what None takes.
        level : numbers in (0, 100), optional
            Which intervals to tell; each must be one of fit.
        quantiles : numbers in (0, 1), optional
            Which quantiles to tell; each must be 0.5 or a bound of an interval of fit.
        static_df : pandas.DataFrame, optional
            Of the series of df, if fit had one.

        Returns
        -------
        pandas.DataFrame
            unique_id, ds, RNNForecaster (the median), then RNNForecaster-lo-90, -lo-80, -hi-80,
            -hi-90 of level=[80, 90], and RNNForecaster_ql0.9 of quantiles=[0.9].
        array, shape (h,), or (n, h) of a list
            Of series that are arrays; with `level` or `quantiles` a dict of these by column.

        Raises
        ------
        KeyError, TypeError, ValueError
            If an argument does not fit.
        """
        check_is_fitted(self, "model_")
        model: ForecasterModel = self.model_
        h = _steps_ahead(h, model.h)
        columns = self._columns(level, quantiles, model.quantiles)
        if df is None:
            if static_df is not None:
                expected = "None without df, as the series of fit are remembered with it"
                raise _check.fail(ValueError, "static_df", expected, type(static_df).__name__)
            ids = [id_ for id_, *_ in model.series]
            last = [time for _, time, *_ in model.series]
            clock, memories = self._clock, model.recall(range(len(ids)))
            form = model.form
        else:
            panel = self._panel("df", df, self._clock)
            series = self._series(model, panel, static_df)
            ids, clock = panel.ids, panel.clock
            last = [int(track.times[-1]) for track in panel.tracks]
            memories = [model.go_on(model.begin(one.static), one) for one in series]
            form = panel.form
        future = None
        if model.future:
            future = _panel.known_ahead("X_df", X_df, ids, last, clock, h, model.future)
            future = np.pad(future, ((0, 0), (0, model.h - h), (0, 0)), mode="edge")
        elif X_df is not None:
            fix = "name its columns in future=[...] of RNNForecaster before fit"
            raise _check.fail(
                ValueError, "X_df", "None, as no covariates are known ahead", "a frame", fix
            )
        found = model.forecast(memories, future)[:, :h]
        answers = {name: model.quantile(found, q) for name, q in columns.items()}
        if form != "frame":
            answers = {name: a[0] if form == "array" else a for name, a in answers.items()}
            return answers[self.NAME] if level is None and quantiles is None else answers
        return as_frame(ids, [clock.after(time, h) for time in last], clock, answers)

    def update(self, df: Any, static_df: Any = None) -> Self:
        """Read on, without learning: the next forecast begins after these steps.

        Parameters
        ----------
        df : as of fit
            The steps that follow those of fit, of some of its series or of new ones.
        static_df : pandas.DataFrame, optional
            Of new series, if fit had one.

        Returns
        -------
        self

        Raises
        ------
        KeyError, TypeError, ValueError
            If an argument does not fit, or a step is not after the last one of its series. The
            model is then as before.
        """
        check_is_fitted(self, "model_")
        model: ForecasterModel = self.model_
        rows = {id_: row for row, (id_, *_) in enumerate(model.series)}
        last = {id_: time for id_, time, *_ in model.series}
        panel = self._panel("df", df, self._clock, goes_on=True).following(last, model.future)
        new = [id_ for id_ in panel.ids if id_ not in last]
        statics = dict(zip(new, encoded(model, static_df, new) if new else (), strict=True))
        found = {}
        for track in panel.tracks:
            if track.id in rows:
                memory = model.recall([rows[track.id]])[0]
            else:
                memory = model.begin(statics[track.id])
            after = model.go_on(memory, self._one(model, track, memory.static))
            found[track.id] = int(track.times[-1]), after
        model.remember(found)
        return self

    def cross_validation(
        self,
        df: Any,
        n_windows: int = 1,
        step_size: int | None = None,
        h: int | None = None,
        level: Sequence[float] | None = None,
        refit: bool = False,
        static_df: Any = None,
    ) -> Any:
        """Return forecasts from several cutoffs, beside what came and the naive forecasts.

        The last cutoff is h steps before the end of each series. A copy of the forecaster learns
        the steps up to the first cutoff, or with `refit` up to each; this one is left as it is.

        Parameters
        ----------
        df, static_df : as of fit
        n_windows : int
            How many cutoffs.
        step_size : int, optional
            How many steps lie between them; None is h.
        h : int, optional
            How many steps are told after each, at most the parameter h, which is what None takes.
        level : numbers in (0, 100), optional
            As of `predict`.
        refit : bool

        Returns
        -------
        pandas.DataFrame
            unique_id, ds, cutoff, y, the columns of `predict`, SeasonalNaive and Naive; what
            utilsforecast evaluates as it is.

        Raises
        ------
        KeyError, TypeError, ValueError
            If an argument does not fit, or no series is long enough.

        Warns
        -----
        UserWarning
            If series are too short for a cutoff, or a naive forecast is better.
        """
        self._check_parameters()
        panel = self._panel("df", df)
        _check.flag("refit", refit)
        n_windows = _check.size("n_windows", n_windows)
        h = _steps_ahead(h, self.h)
        step_size = h if step_size is None else _check.size("step_size", step_size)
        columns = self._columns(level, None, self._quantiles())
        backs = [h + step_size * window for window in reversed(range(n_windows))]
        backtest = Backtest(panel, self.NAME, h)
        forecaster = None
        for back in backs:
            if refit or forecaster is None:
                learned = panel.without_last(back)
                if not learned.tracks:
                    longest = max(track.steps for track in panel.tracks)
                    expected = f"a series of more than {back} steps"
                    raise _check.fail(ValueError, "df", expected, f"{longest} at most")
                fresh = clone(self).set_params(warm_start=False)
                forecaster = fresh._fit(learned, static_df, scored=False)
                series = self._series(forecaster.model_, panel, static_df)
            backtest.add(forecaster.model_, series, back, columns)
        backtest.warn_of_short()
        backtest.warn_of_naive()
        return backtest.frame()

    def score(self, df: Any, static_df: Any = None) -> float:
        """Return minus the mean absolute scaled error of the last h steps, told from before them.

        0 is a perfect forecast. Nothing is learned.
        """
        check_is_fitted(self, "model_")
        panel = self._panel("df", df, self._clock)
        found = -float(self._scored(panel, self._series(self.model_, panel, static_df))[self.NAME])
        if math.isnan(found):
            expected = f"a series with values in the last {self.model_.h} steps, and before them"
            raise _check.fail(ValueError, "df", expected, "none")
        return found

    # ---- parts ---------------------------------------------------------------------------------

    def _panel(
        self, name: str, df: Any, clock: Clock | None = None, *, goes_on: bool = False
    ) -> Panel:
        """Return the series of an argument, which may go on from those of fit."""
        if clock is not None and (hasattr(df, "columns") != (self.model_.form == "frame")):
            expected = (
                "a data frame" if self.model_.form == "frame" else "a 1-D array or a list of them"
            )
            raise _check.fail(TypeError, name, f"{expected}, as in fit", type(df).__name__)
        source = self if clock is None else self.model_
        past, future = source.past, source.future
        if hasattr(df, "columns"):
            return _panel.from_frame(name, df, past, future, clock or self.freq, goes_on=goes_on)
        if past or future:
            fix = "pass a data frame with columns unique_id, ds, y and these"
            expected = f"a frame with the columns {[*past, *future]}"
            raise _check.fail(TypeError, name, expected, type(df).__name__, fix)
        return _panel.from_arrays(name, df)

    def _series(self, model: ForecasterModel, panel: Panel, static_df: Any) -> list[Series]:
        """Return the series of a panel as a model reads them."""
        statics = encoded(model, static_df, panel.ids)
        return [self._one(model, *pair) for pair in zip(panel.tracks, statics, strict=True)]

    def _one(self, model: ForecasterModel, track: Track, static: FloatArray) -> Series:
        values = model.transformed(track.values, f"y of id {track.id!r}")
        times = track.times.astype("datetime64[ns]") if model.cycles else None
        return Series(values, times, track.past, track.future, static)

    def _scored(self, panel: Panel, series: list[Series]) -> dict[str, Any]:
        """Return the scores of the last h steps; warn if a naive forecast is better."""
        model: ForecasterModel = self.model_
        backtest = Backtest(panel, self.NAME, model.h)
        backtest.add(model, series, model.h, self._columns(None, None, model.quantiles))
        held_out = self._calibration_size >= model.h or self.early_stopping
        backtest.warn_of_naive()
        return {**backtest.scores(), "seen": not held_out}

    def _quantiles(self) -> list[float]:
        """Return the quantiles that fit learns: the median, and the bounds of its intervals."""
        return sorted({MEDIAN, *(q for value in self._levels for q in bounds(value))})

    @property
    def _levels(self) -> list[float]:
        return _checked_levels("level", self.level)

    def _columns(self, level: Any, quantiles: Any, known: Sequence[float]) -> dict[str, float]:
        """Return the quantile of each column of a forecast; `known` are those of fit."""
        levels = sorted(_checked_levels("level", level if level is not None else ()))
        own = [f"{200 * q - 100:g}" for q in known if q > MEDIAN]
        for value in levels:
            if not {*bounds(value)} <= {*known}:
                got = f"{value:g}"
                fix = f"fit with level=({', '.join([*own, got])})"
                raise _check.fail(ValueError, "level", f"one of ({', '.join(own)})", got, fix)
        found = {self.NAME: MEDIAN}
        for value in reversed(levels):
            found[f"{self.NAME}-lo-{value:g}"] = bounds(value)[0]
        for value in levels:
            found[f"{self.NAME}-hi-{value:g}"] = bounds(value)[1]
        for q in () if quantiles is None else np.atleast_1d(quantiles):
            if q not in known:
                expected = f"one of {', '.join(f'{value:g}' for value in known)}"
                fix = "fit with a level that has it as a bound: level=[80] has 0.1 and 0.9"
                raise _check.fail(ValueError, "quantiles", expected, f"{q}", fix)
            found[f"{self.NAME}_ql{q:g}"] = float(q)
        return found

    def _check_parameters(self) -> None:
        super()._check_parameters()
        for name in ("h", "window"):
            _check.size(name, getattr(self, name))
        for name in ("season_length", "calibration_size", "steps_per_epoch"):
            if getattr(self, name) is not None:
                _check.size(name, getattr(self, name))
        if isinstance(self.freq, int | float | np.number):
            _check.size("freq", self.freq)
        if self.transform is not None:
            _check.choice("transform", self.transform, ("auto", "log", "asinh"))
        _check.choice("intervals", self.intervals, ("quantile", "conformal"))
        self._quantiles()
        for name in ("past", "future"):
            names = getattr(self, name)
            if isinstance(names, str) or not all(isinstance(n, str) for n in names):
                fix = f"pass [{names!r}]" if isinstance(names, str) else ""
                raise _check.fail(TypeError, name, "a list of names", _check.short(names), fix)
            taken = [n for n in names if n in (_panel.ID, _panel.TIME, _panel.TARGET)]
            if taken:
                expected = "columns of covariates, beside unique_id, ds and y"
                raise _check.fail(ValueError, name, expected, repr(taken[0]))
        both = set(self.past) & set(self.future)
        if both:
            expected = "columns that are not in past"
            raise _check.fail(ValueError, "future", expected, repr(min(both)))
        if self.bidirectional:
            expected = "False, as what comes next must not be read"
            raise _check.fail(ValueError, "bidirectional", expected, "True")

    @property
    def _clock(self) -> Clock:
        return Clock(self.model_.freq, self.model_.zone)

    @classmethod
    def _model_class(cls) -> type[ForecasterModel]:
        return ForecasterModel

    def _take(self, model: Any) -> None:
        super()._take(model)
        self.network_ = model.network


_LONG_SEASON = 1000
"""A season may be longer than all series, if it is no longer than this."""


def _cycles(panel: Panel) -> list[str]:
    """Return the cycles of the calendar that a panel's series tell something of."""
    longest = max(panel.tracks, key=lambda track: track.steps).times
    if panel.clock.counts or len(longest) < 2:
        return []
    dates = longest.astype("datetime64[ns]")
    return cycles_of(
        np.median(np.diff(dates).astype(np.int64)).astype("timedelta64[ns]"), dates[-1] - dates[0]
    )


def _steps_ahead(h: int | None, most: int) -> int:
    h = most if h is None else _check.size("h", h)
    if h > most:
        raise _check.fail(ValueError, "h", f"at most {most}, as in fit", str(h), f"fit with h={h}")
    return h


def _checked_levels(name: str, level: Any) -> list[float]:
    if isinstance(level, str):
        raise _check.fail(TypeError, name, "numbers in (0, 100), as [80, 90]", repr(level))
    values = np.atleast_1d(level).tolist()
    for i, value in enumerate(values):
        expected = "a number in (0, 100), as 90"
        _check.number(f"{name}[{i}]", value, expected, lambda number: 0 < number < 100)
    return [float(value) for value in values]
