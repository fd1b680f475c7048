"""``elman fit``: from data to a model's file, or to the scores of a cross-validation."""

from __future__ import annotations

import argparse
import json
import statistics
import time
from typing import Any

from elman.cli._errors import UsageError
from elman.cli._estimator import make_estimator
from elman.cli._interrupt import CtrlC
from elman.cli._progress import Progress, clock, note
from elman.cli._save import check_place, save
from elman.cli._source import known_format
from elman.cli._tasks import Task, estimator_class, read_checked, task


def run(options: argparse.Namespace) -> int:
    """Fit, save and tell; return the exit status, 130 if Ctrl-C ended the fit."""
    _check(options)
    found = task(options.task)
    estimator = make_estimator(estimator_class(options.task), options, **found.parameters(options))
    data = read_checked(found, options, options.data)
    if options.cv is not None:
        return _cross_validate(options, found, estimator, data)
    held_out = None
    if isinstance(getattr(options, "validation", None), str):
        held_out = read_checked(found, _for_file(options), options.validation)
    return _fit(options, found, estimator, data, held_out)


def _check(options: argparse.Namespace) -> None:
    """Hold that options fit each other, and that the model can be written."""
    if options.cv is not None:
        for name in ("output", "checkpoint"):
            if getattr(options, name) is not None:
                raise UsageError(f"--cv: expected no --{name} beside it, as it writes scores alone")
    elif options.output is None:
        raise UsageError("-o: expected a file for the model, or --cv K for scores, got none")
    else:
        check_place(options.output, force=options.force)


def _for_file(options: argparse.Namespace) -> argparse.Namespace:
    """Return options for another file than DATA, whose name says how it is written."""
    by_name = known_format(options.validation)
    return argparse.Namespace(**{**vars(options), "format": by_name or options.format})


def _fit(options: argparse.Namespace, found: Task, estimator: Any, data: Any, held_out: Any) -> int:
    estimator.verbose = progress = Progress(quiet=options.quiet)
    start = time.monotonic()
    with CtrlC() as interrupt:
        try:
            found.fit(estimator, data, held_out, options.checkpoint)
        except KeyboardInterrupt:
            raise KeyboardInterrupt("interrupted; no model was written") from None
        if interrupt.came and not progress.epochs:
            raise KeyboardInterrupt(
                "interrupted before the first epoch ended; no model was written"
            )
        interrupt.held = True
        score = estimator.best_validation_score_
        facts = {
            **found.facts(data),
            "epochs": progress.epochs,
            "loss": estimator.loss_,
            **({} if score is None else {"held_out": score}),
        }
        estimator.model_.table = {"task": options.task, **found.table(data), "fit": facts}
        save(estimator, options.output)
    told = {"model": options.output, "task": options.task, **facts, "interrupted": interrupt.came}
    if options.json:
        print(json.dumps(told))
    held = "" if score is None else f", held-out {score:.4g}"
    note(
        options,
        f"{options.output}: {type(estimator).__name__}, {progress.epochs} epochs in "
        f"{clock(time.monotonic() - start)}, loss {estimator.loss_:.4g}{held}",
    )
    if not interrupt.came:
        return 0
    again = "; the same command with --force goes on" if options.checkpoint else ""
    raise KeyboardInterrupt(f"interrupted; {options.output} has what was learned{again}")


def _cross_validate(options: argparse.Namespace, found: Task, estimator: Any, data: Any) -> int:
    """Print the scores of K folds as JSON."""
    from sklearn.base import clone

    scores: dict[str, list[float]] = {}
    for fold, (train, test) in enumerate(
        found.folds(estimator, data, options.cv, options.seed), start=1
    ):
        made = clone(estimator)
        made.verbose = Progress(f"fold {fold}/{options.cv}", quiet=options.quiet)
        with CtrlC() as interrupt:
            found.fit(made, train, None, None)
        if interrupt.came:
            raise KeyboardInterrupt(f"interrupted in fold {fold} of {options.cv}; no scores")
        for name, value in found.scores(made.model_, test).items():
            scores.setdefault(name, []).append(value)
    summary = {
        name: {"mean": statistics.fmean(values), "sd": statistics.stdev(values), "folds": values}
        for name, values in scores.items()
    }
    print(json.dumps({"task": options.task, "cv": options.cv, **summary}))
    return 0
