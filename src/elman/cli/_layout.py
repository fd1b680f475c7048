"""Which column of a table is what: asked for at fit, and carried by the model."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any, NamedTuple

from elman.cli._errors import DataError, UsageError


class Layout(NamedTuple):
    """The columns of a table with a row for each time step.

    id, time, weight : names; time and weight may be None
    target, features : lists of names
    exact : whether there may be no other columns, as fit took all of them for features
    time_kind : "number", "date" or None without times
    words : whether the one feature is a word of each step; None before it is known
    """

    id: str
    time: str | None
    target: list[str]
    features: list[str]
    weight: str | None = None
    exact: bool = False
    time_kind: str | None = None
    words: bool | None = None

    @classmethod
    def asked(cls, options: Any, names: list[str], file: str) -> Layout:
        """Return the columns that the options of fit ask for.

        Raises
        ------
        UsageError
            If one column is asked for twice, or there are no features.
        DataError
            If a column is not in the table.
        """
        time, weight = options.time, getattr(options, "weight", None)
        if options.target is None:
            raise UsageError("--target: expected the column of what is predicted, got none")
        used = {"--id": [options.id], "--time": [time], "--target": options.target}
        used |= {"--weight": [weight], "--features": options.features or []}
        taken: dict[str, str] = {}
        for option, columns in used.items():
            for column in columns:
                if column is None:
                    continue
                if column not in names:
                    raise DataError(f"{file}: {option}: {missing_column(column, names)}")
                if column in taken:
                    both = f"{taken[column]} and {option}"
                    raise UsageError(f"{both}: expected different columns, got {column!r} for both")
                taken[column] = option
        for column in (options.id, time):
            if column == "prediction":
                got = "which is a column of results; rename it"
                raise UsageError(f"--id, --time: expected another name than 'prediction', {got}")
        features = options.features or [name for name in names if name not in taken]
        if not features:
            raise DataError(
                f"{file}: expected a column of numbers beside {', '.join(taken)}, got none"
            )
        return cls(options.id, time, options.target, features, weight, exact=not options.features)

    @classmethod
    def of_python(cls, options: Any) -> dict[str, Any]:
        """Return the columns of a model that was fitted in Python, which carries none.

        Raises
        ------
        UsageError
            If the options do not name them.
        """
        if options.id is None or options.features is None:
            raise UsageError(
                f"{options.model}: the model was fitted in Python and carries no columns: pass "
                "--id and --features"
            )
        target = getattr(options, "target", None) or []
        return cls(options.id, options.time, target, options.features)._asdict()

    @classmethod
    def of_model(cls, table: Any, file: str) -> Layout:
        """Return the columns that a model carries.

        Raises
        ------
        DataError
            If what the model's file says of them makes no sense.
        """
        fields: dict[str, Any] = {}
        if isinstance(table, dict):
            fields = {name: table.get(name) for name in cls._fields}
        lists = ("target", "features")
        right = bool(fields) and isinstance(fields["id"], str)
        right = right and all(_are_names(fields[name]) for name in lists)
        right = right and all(fields[n] is None or isinstance(fields[n], str) for n in _OPTIONAL)
        right = right and type(fields["exact"]) is bool
        if not right or fields["words"] not in (None, True, False):
            raise DataError(f"{file}: expected a model that carries its columns, got {table!r:.80}")
        return cls(**fields)

    def check(self, names: list[str], file: str, *, targets: bool) -> None:
        """Hold that a table has these columns, and no others.

        Raises
        ------
        DataError
            If it lacks one, or has one that fit did not see.
        """
        needed = [self.id, *([self.time] if self.time else []), *self.features]
        for column in [*needed, *(self.target if targets else [])]:
            if column not in names:
                raise DataError(f"{file}: {missing_column(column, names)}")
        known = {*needed, *self.target, self.weight}
        for column in names:
            if self.exact and column not in known:
                raise DataError(
                    f"{file}: expected the columns of fit, got another one, {column!r}; take it "
                    "out, or fit with --features, which lets others be there"
                )


_OPTIONAL = ("time", "weight", "time_kind")


def missing_column(column: str, names: Sequence[str]) -> str:
    """Return the message about a column that is not there, with the likeliest that is."""
    shown = ", ".join(map(repr, names[:12])) + (" …" if len(names) > 12 else "")
    near = difflib.get_close_matches(column, names, 1)
    fix = f"; did you mean {near[0]!r}?" if near else ""
    return f"expected a column {column!r}, got {shown}{fix}"


def _are_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)
