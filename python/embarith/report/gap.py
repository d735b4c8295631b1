"""What is said about the gap between two modalities."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from embarith.report.document import (
    Cell,
    Column,
    Facts,
    Section,
    Table,
    line,
    measured,
    null,
    share,
)
from embarith.report.facts import describe_table
from embarith.result import GapResult, Measured

_COLUMNS = (Column("", align="left"), Column("measured"), Column("permuted"), Column("p"))


def sections(results: Sequence[GapResult]) -> Iterator[Section]:
    """Yield one section a result."""
    for result in results:
        one, other = result.modalities
        title = f"Gap between {one} and {other} in {result.space}"
        if result.random_weights:
            title += ": random weights"
        yield Section(title, (_facts(result), _gap(result)))


def _facts(result: GapResult) -> Facts:
    one, other = result.modalities
    rows = [
        (one, describe_table(result.first)),
        (other, describe_table(result.second)),
        ("space", result.space),
    ]
    if result.random_weights:
        rows.append(("weights", "random weights: this says nothing of the trained encoder"))
    return Facts((*rows, ("seed", str(result.seed))))


def _gap(result: GapResult) -> Table:
    one, other = result.modalities
    rows = [
        line("distance of the mean vectors", *_cells(result.distance), strong=True),
        line("told apart by a plane", *_cells(result.separability)),
        line(f"mean cosine within {one}", *_cells(result.within_first), rule=True),
        line(f"mean cosine within {other}", *_cells(result.within_second)),
        line("mean cosine across", *_cells(result.across)),
    ]
    drawn = (
        "rows of each table"
        if result.units is None
        else f"{result.units:,} units that rows of both tables belong to"
    )
    swapped = "permuted among all rows" if result.units is None else "swapped within units"
    notes = [
        f"All of unit vectors. Intervals are 95 %, from resampling the {drawn}. "
        f"Permuted: the same with the modalities {swapped}.",
        f"Told apart: share of {2 * result.separated:,} rows, half of either modality, told right "
        f"by a plane that was fitted without them, in {result.folds} parts.",
    ]
    if result.matched is not None:
        count = f"mean cosine of {result.matched.labels:,} matched labels"
        rows.append(line(count, *_cells(result.matched.matched)))
        notes.append("Of matched labels the labels of one side are permuted.")
    return Table("", _COLUMNS, tuple(rows), tuple(notes))


def _cells(one: Measured) -> tuple[Cell, Cell, Cell]:
    return measured(one), null(one), Cell(share(one.p))
