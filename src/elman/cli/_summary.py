"""``elman summary``: what a model is made of, what it reads, and how it was fitted."""

from __future__ import annotations

import argparse
import json
from math import isfinite
from typing import Any

import elman
from elman import _check
from elman.cli._tasks import TASKS
from elman.cli._text_table import Facts, aligned_rows, as_text, width
from elman.models import Model
from elman.models._parameters import from_json
from elman.nn._recurrent import Recurrent
from elman.nn._stream import Stream

_COLUMNS = ("id", "time", "target", "weight", "features", "future")
_FIT = ("data", "rows", "sequences", "documents", "epochs", "loss", "held_out")


def run(options: argparse.Namespace) -> int:
    """Load and tell; return the exit status."""
    model = elman.load(options.model, allow_nan=True)
    if isinstance(model, Stream):
        raise _check.fail(TypeError, "MODEL", "a layer, a network or a fitted model", "a stream")
    layers = _layers(model)
    found = {"model": options.model, **_about(model)}
    if options.json:
        named = [{"layer": name, "parameters": count} for name, count in layers]
        total = sum(count for _, count in layers)
        fitted = isinstance(model, Model)
        more = {"table": model.table, "estimator": _parameters(model)} if fitted else {}
        print(json.dumps({**found, "layers": named, "parameters": total, **more}))
        return 0
    print(as_text(found))
    print()
    print(_table(layers))
    for title, part in _parts(model).items():
        print(f"\n{title}")
        print("\n".join(f"  {line}" for line in as_text(part).splitlines()))
    return 0


def _about(model: Any) -> dict[str, str]:
    if not isinstance(model, Model):
        return {"class": repr(model)}
    names = {entry.model: (name, entry.estimator) for name, entry in TASKS.items()}
    task, estimator = names[type(model).__name__]
    found = {"task": task, "estimator": estimator, "network": repr(model.network.rnn)}
    return found | {"dtype": str(model.dtype)}


def _layers(model: Any) -> list[tuple[str, int]]:
    """Return name and number of parameters of each layer and direction, and of other modules."""
    found: list[tuple[str, int]] = []
    for name, module in _modules(model):
        if isinstance(module, Recurrent):
            rows = elman.summary(module).rows
            found += [(f"{name} {row.name}", row.parameters) for row in rows]
            initial = sum(p.size for p in module.parameters()) - sum(r.parameters for r in rows)
            found += [(f"{name} initial state", initial)] if initial else []
        else:
            found.append((name, sum(p.size for p in module.parameters())))
    return found


def _modules(model: Any) -> list[tuple[str, Any]]:
    """Return the modules that have parameters of their own, by name."""
    if not isinstance(model, Model):
        inner = dict(model.named_children()) if hasattr(model, "named_children") else {}
        return list(inner.items()) or [(type(model).__name__.lower(), model)]
    found: list[tuple[str, Any]] = []
    for name, module in model._modules().items():
        inner = dict(module.named_children())
        found += list(inner.items()) or [(name, module)]
    return found


def _table(layers: list[tuple[str, int]]) -> str:
    rows = [("layer", "parameters"), *((name, f"{count:,}") for name, count in layers)]
    rows.append(("total", f"{sum(count for _, count in layers):,}"))
    lines = aligned_rows(rows, [False, True])
    rule = "-" * max(map(width, lines))
    return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1]])


def _parts(model: Any) -> dict[str, Facts]:
    """Return the columns that a fitted model reads, and how it was fitted."""
    if not isinstance(model, Model):
        return {}
    table = dict(model.table or {})
    fit = table.pop("fit", {})
    columns = {name: table[name] for name in _COLUMNS if table.get(name) not in (None, [])}
    facts = {name.replace("_", "-"): fit[name] for name in _FIT if name in fit}
    parts = {"columns": columns, "fit": facts, "parameters": _told(model)}
    return {title: part for title, part in parts.items() if part}


def _parameters(model: Model) -> dict[str, Any]:
    """Return the estimator's parameters; infinity and NaN, which JSON has not, as texts."""
    found = {name: from_json(value) for name, value in model.parameters.items()}
    infinite = {n: repr(v) for n, v in found.items() if isinstance(v, float) and not isfinite(v)}
    return found | infinite


def _told(model: Model) -> Facts:
    """Return the parameters for eyes."""
    found = {n: list(v) if isinstance(v, tuple) else v for n, v in _parameters(model).items()}
    return {name: "none" if value in (None, []) else value for name, value in found.items()}
