"""Rated pairs: SemEval-2012 Task 2 and human ratings of similarity."""

from __future__ import annotations

from collections.abc import Iterator

from embarith.report import similarity
from embarith.report.document import Block, Cell, Column, Table, figure, line, percent
from embarith.report.paper.view import FEWEST, View, compared, table_or_none
from embarith.result import SemEvalResult, SimilarityResult


def semeval(view: View) -> Table | None:
    """Rate pairs as examples of a relation."""
    rows = []
    for space in view.spaces:
        one = view.alone("semeval", space)
        if isinstance(one, SemEvalResult):
            covered = one.covered
            measures = (covered.maxdiff, covered.rho, covered.maxdiff_only_c, covered.rho_only_c)
            tests = [row for row in one.relations if row.split == "test"]
            few = sum(row.rho_covered is not None for row in tests) < FEWEST
            rows.append(
                line(
                    space.name,
                    percent(one.coverage.share),
                    figure(one.all.maxdiff),
                    figure(one.all.rho),
                    *(Cell("–") if few else figure(value) for value in measures),
                )
            )
    return table_or_none(
        "SemEval-2012 Task 2, 69 test relations",
        (
            Column("space", align="left"),
            Column("pairs covered"),
            Column("MaxDiff", "all: missing rated 0"),
            Column("ρ", "all: missing rated 0"),
            Column("MaxDiff", "covered"),
            Column("ρ", "covered"),
            Column("MaxDiff", "c alone, covered"),
            Column("ρ", "c alone, covered"),
        ),
        rows,
        (
            "Mean over relations; intervals are 95 %, from resampling relations. Covered figures "
            f"of fewer than {FEWEST} relations are not shown.",
        ),
    )


def similar(view: View) -> Iterator[Block]:
    """Yield pairs rated by how similar their words are."""
    found = [one for one in view.all("similarity") if isinstance(one, SimilarityResult)]
    for name in dict.fromkeys(one.questions.name for one in found):
        yield from compared(
            similarity.sections, [one for one in found if one.questions.name == name]
        )
