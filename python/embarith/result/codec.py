"""Results as JSON, and back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_args

import msgspec

from embarith.files import replacing

if TYPE_CHECKING:
    from embarith.result import Result

R = TypeVar("R")

# Digits kept of every figure: far more than any interval, fewer than the order of a sum can change.
_DIGITS = 9


class Record:
    """What all results can do."""

    __slots__ = ()

    def save(self: Result, path: str | Path) -> None:  # type: ignore[misc]
        """Write the result as one line of JSON; the file appears whole or not at all."""
        with replacing(path) as temporary:
            temporary.write_text(to_json(self) + "\n", encoding="utf-8")

    def _repr_html_(self: Result) -> str:  # type: ignore[misc]
        """Show the report in a notebook."""
        from embarith.report import document, html

        return html.fragment(document([self]))


def to_json(result: Result) -> str:
    """Return the result as one line of JSON, fields in declared order, UTF-8, no NaN."""
    return msgspec.json.encode(result).decode()


def from_json(line: str | bytes) -> Result:
    """Read a result back; `msgspec.ValidationError` names the field that does not fit."""
    kind = msgspec.json.decode(line, type=dict[str, Any]).get("schema")
    for name, record in kinds().items():
        if name == kind:
            decoded: Result = msgspec.json.decode(line, type=record)
            return decoded
    raise ValueError(f"schema {kind!r} is none of ours: {', '.join(kinds())}")


def json_schema(kind: str) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of one kind of result.

    Parameters
    ----------
    kind : str
        Value of the field `schema`, such as ``embarith.analogy/1``.

    Examples
    --------
    >>> json_schema("embarith.analogy/1")["$schema"]
    'https://json-schema.org/draft/2020-12/schema'
    """
    schema = msgspec.json.schema(kinds()[kind])
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": kind, **schema}


def rounded(result: R) -> R:
    """Return the result with every figure rounded to nine digits.

    Sums in float64 end in the same nine digits in whatever order a library adds, so that the same
    inputs and seed give the same bytes on every machine.
    """
    return msgspec.convert(_round(msgspec.to_builtins(result)), type(result))


def _round(value: Any) -> Any:
    if isinstance(value, float):
        return round(float(f"{value:.{_DIGITS}g}"), _DIGITS + 3) + 0.0
    if isinstance(value, dict):
        return {key: _round(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_round(inner) for inner in value]
    return value


def kinds() -> dict[str, type]:
    """Return the kinds of results by their `schema`."""
    from embarith.result import Result

    return {record.__dataclass_fields__["schema"].default: record for record in get_args(Result)}
