"""What is said about groups of photographs as the sum of two factors."""

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
    percent,
    plural,
    share,
)
from embarith.report.facts import describe_table
from embarith.result import AdditivityResult, Fit

_COLUMNS = (
    Column("", align="left"),
    Column("measured", "explained"),
    Column("permuted", "explained"),
    Column("adjusted", "explained"),
    Column("measured", "predicted"),
    Column("permuted", "predicted"),
    Column("p", "predicted"),
)


def sections(results: Sequence[AdditivityResult]) -> Iterator[Section]:
    """Yield one section a result."""
    for result in results:
        title = f"Do {' and '.join(result.factors)} add up in {result.encoder.name}"
        yield Section(title, (_facts(result), _fits(result)))


def _facts(result: AdditivityResult) -> Facts:
    photographs, (first, second) = result.photographs, result.factors
    linked = "" if result.components == 1 else f", in {result.components} parts that share neither"
    left_out = result.coverage.left_out
    several = f", {left_out:,} left out, of several cells" if left_out else ""
    return Facts(
        (
            ("table", describe_table(result.encoder)),
            (
                "photographs",
                f"{photographs.name}: {photographs.size:,} ({percent(result.coverage.share)})"
                f"{several}",
            ),
            (
                "cells",
                f"{result.cells:,} of {result.levels[0]} × {result.levels[1]} ({first} × {second})"
                f"{linked}; {result.predicted_cells:,} can be predicted from the others",
            ),
            ("seed", str(result.seed)),
        )
    )


def _fits(result: AdditivityResult) -> Table:
    first, second = result.factors
    rows = [
        line(f"mean + {first} + {second}", *_cells(result.both), strong=True),
        line(f"{first} alone", *_cells(result.first_alone)),
        line(f"{second} alone", *_cells(result.second_alone)),
    ]
    notes = [
        "Shares of the variance between the mean unit vectors of cells. Adjusted: for degrees of "
        "freedom. Predicted: of cells held out one at a time, against the mean of the others; "
        "below 0 the mean is nearer.",
        "Intervals are 95 %, from weighting rows and columns at random; permuted: the vectors "
        f"permuted among the cells, {plural(result.null_draws, 'draw')}.",
    ]
    if result.noise is not None:
        notes.append(
            f"{percent(result.noise)} of the variance between cells is to be expected from which "
            "photographs they hold alone: no model of cells can explain that."
        )
    return Table("Shares of variance", _COLUMNS, tuple(rows), tuple(notes))


def _cells(fit: Fit) -> list[Cell]:
    explained, predicted = fit.explained, fit.predicted
    return [
        measured(explained),
        null(explained),
        Cell("–") if fit.adjusted is None else measured(fit.adjusted),
        *(
            [Cell("–")] * 3
            if predicted is None
            else (measured(predicted), null(predicted), Cell(share(predicted.p)))
        ),
    ]
