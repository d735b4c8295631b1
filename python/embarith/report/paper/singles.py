"""Single questions, to sort and filter."""

from __future__ import annotations

from typing import Any

from embarith.report.document import Column, Listing, degrees, share
from embarith.result import AnalogyResult
from embarith.result.paper import Paper


def listing(paper: Paper, part: str, title: str) -> Listing | None:
    """Return the single questions of a part, with where their answers landed."""
    rows = []
    for name, frames in paper.details.items():
        if name.partition("/")[0] != part:
            continue
        measured = [one for one in paper.results[name] if isinstance(one, AnalogyResult)]
        for result, frame in zip(measured, frames, strict=True):
            rows += [_question(result.encoder.name, row) for row in frame.to_pylist()]
    columns = (
        *(Column(name, align="left") for name in ("space", "relation", "question", "nearest five")),
        Column("landed", align="left"),
        Column("rank, fair"),
        Column("rank, restricted"),
        Column("angle °"),
        Column("ρ"),
    )
    return Listing(title, columns, tuple(rows)) if rows else None


def _question(space: str, row: dict[str, Any]) -> tuple[str, ...]:
    def rank(value: float | None) -> str:
        return "–" if value is None else f"{value:,.10g}"

    return (
        space,
        row["relation"],
        f"{row['a']}:{row['b']}::{row['c']}:{row['gold'][0]}",
        ", ".join(row["answers"][:5]),
        row["landed"],
        rank(row["rank_fair"]),
        rank(row["rank_restricted"]),
        degrees(row["angle_unit"]),
        share(row["rho_unit"]),
    )
