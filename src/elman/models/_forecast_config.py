"""What the config of a forecaster's model may hold, and the sizes that follow from it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from elman import _check
from elman.models import _seasonal
from elman.models._calendar import CYCLES
from elman.models._model import check_count, check_texts, optional

TRANSFORMS = ("none", "log", "asinh")


def static_size(config: Mapping[str, Any]) -> int:
    return len(config["static"]) + sum(len(values) for _, values in config["categories"])


def base_size(config: Mapping[str, Any]) -> int:
    """How many values a step has beside covariates that are known ahead."""
    size = _seasonal.features(config["season_length"]) + bool(config["missing"])
    return size + 2 * len(config["cycles"]) + 2 * len(config["past"]) + static_size(config)


def state_size(rnn: Mapping[str, Any]) -> int:
    layer = rnn["config"]
    parts = 2 if rnn["class"] == "LSTM" else 1
    return int(layer["num_layers"] * layer["hidden_size"] * parts)


def _check_quantiles(name: str, value: Any) -> None:
    right = isinstance(value, list) and value
    if not right or not all(type(q) is float and 0 < q < 1 for q in value):
        raise _check.fail(ValueError, name, "numbers in (0, 1)", _check.short(value))


def _check_cycles(name: str, value: Any) -> None:
    if not isinstance(value, list) or any(cycle not in CYCLES for cycle in value):
        raise _check.fail(ValueError, name, f"some of {CYCLES}", _check.short(value))


def _check_categories(name: str, value: Any) -> None:
    """Hold that it is a list of [name, [values]], values being texts or ints."""
    right = isinstance(value, list) and all(
        isinstance(part, list)
        and len(part) == 2
        and isinstance(part[0], str)
        and isinstance(part[1], list)
        and all(isinstance(category, str | int) for category in part[1])
        for part in value
    )
    if not right:
        raise _check.fail(ValueError, name, "[name, [categories]] of each", _check.short(value))


def series_text(series: list[list[Any]]) -> npt.NDArray[np.uint8]:
    """Return the list of the series that are remembered as the bytes of a text in JSON."""
    text = json.dumps(series, ensure_ascii=False, separators=(",", ":"))
    return np.frombuffer(text.encode("utf-8", "surrogatepass"), np.uint8)


def series_from_text(text: Any, config: Mapping[str, Any]) -> list[list[Any]]:
    """Undo `series_text`.

    Raises
    ------
    ValueError
        If the text is no list of as many different ids as a config says, each with its time, and
        the numbers of frames and values that are kept.
    """
    expected = f"[id, time, frames, values] of {config['series_count']} series"
    try:
        found = json.loads(np.asarray(text).tobytes().decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError) as error:
        raise _check.fail(ValueError, "series_text", expected, _check.short(str(error))) from None
    kept = config["h"] if config["future"] else 1
    most = (kept, _seasonal.context(config["season_length"]))
    right = isinstance(found, list) and len(found) == config["series_count"]
    if not right or not all(_is_entry(entry, most) for entry in found):
        got = "another list" if isinstance(found, list) else type(found).__name__
        raise _check.fail(ValueError, "series_text", expected, got)
    if len({entry[0] for entry in found}) != len(found):
        raise _check.fail(ValueError, "series_text", "different ids", "one twice")
    return list(found)


def _is_entry(entry: Any, most: tuple[int, int]) -> bool:
    if not isinstance(entry, list) or len(entry) != 4 or type(entry[0]) not in (str, int):
        return False
    if any(type(number) is not int for number in entry[1:]):
        return False
    _, time, *kept = entry
    inside = all(0 < count <= limit for count, limit in zip(kept, most, strict=True))
    return inside and -(2**63) <= time < 2**63


def _check_freq(name: str, value: Any) -> None:
    if not isinstance(value, str) and not (type(value) is int and value > 0):
        raise _check.fail(ValueError, name, "a frequency or an int", _check.short(value))


def _check_text(name: str, value: Any) -> None:
    if not isinstance(value, str):
        raise _check.fail(ValueError, name, "a text", _check.short(value))


CHECKS: Mapping[str, Callable[[str, Any], Any]] = {
    "h": _check.size,
    "season_length": _check.size,
    "transform": partial(_check.choice, choices=TRANSFORMS),
    "quantiles": _check_quantiles,
    "missing": _check.flag,
    "cycles": _check_cycles,
    "past": check_texts,
    "future": check_texts,
    "static": check_texts,
    "categories": _check_categories,
    "freq": _check_freq,
    "zone": optional(_check_text),
    "form": partial(_check.choice, choices=("frame", "array", "arrays")),
    "series_count": check_count,
    "series_bytes": check_count,
}
