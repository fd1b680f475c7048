"""Times as results and messages have them."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt


def time_text(value: Any) -> str:
    """Return one time as a text.

    >>> time_text(np.datetime64("2024-01-31T00:00:00")), time_text(3)
    ('2024-01-31', '3')
    """
    if isinstance(value, np.datetime64):
        return date_texts(np.array([value]))[0]
    return str(value)


def date_texts(dates: npt.NDArray[Any]) -> list[str]:
    """Return dates in the form of ISO 8601, all as exact as the most exact of them.

    >>> date_texts(np.array(["2024-01-31T00:00", "2024-02-01T06:30"], "datetime64[us]"))
    ['2024-01-31T00:00:00', '2024-02-01T06:30:00']
    """
    units: tuple[Literal["D", "s", "ms", "us"], ...] = ("D", "s", "ms", "us")
    exact = (unit for unit in units if (dates.astype(f"datetime64[{unit}]") == dates).all())
    found: list[str] = np.datetime_as_string(dates, unit=next(exact, "us")).tolist()
    return found
