"""Rated pairs: SemEval-2012 Task 2 and human ratings of similarity."""

from __future__ import annotations

from embarith.report.document import Cell, Column, Table, figure, interval, line, percent, share
from embarith.report.paper.view import FEWEST, View, table_or_none
from embarith.result import Correlation, SemEvalResult, SimilarityResult


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


def similar(view: View) -> Table | None:
    """Rate pairs by how similar their words are."""
    found = [one for one in view.all("similarity") if isinstance(one, SimilarityResult)]
    rows = []
    for name in dict.fromkeys(one.questions.name for one in found):
        members = [one for one in found if one.questions.name == name]
        rows += [
            line(
                f"{name}: {one.encoder.name}",
                f"{one.questions.answered:,} of {one.questions.asked:,}",
                *_covered(one),
                _rho(one.all.rho),
                rule=number == 0,
            )
            for number, one in enumerate(members)
        ]
    return table_or_none(
        "Spearman's ρ of cosines with human ratings",
        (
            Column("set: space", align="left"),
            Column("pairs covered"),
            Column("ρ", "covered pairs"),
            Column("p", "covered pairs"),
            Column("ρ", "all pairs: missing at 0"),
        ),
        rows,
        (
            "Intervals are 95 %, from resampling words; p: ratings permuted. Rows do not compare "
            f"where other pairs are covered; of fewer than {FEWEST} there is no ρ.",
        ),
    )


def _covered(one: SimilarityResult) -> tuple[Cell | str, Cell | str]:
    if one.questions.answered < FEWEST:
        return "–", "–"
    return _rho(one.covered.rho), share(one.null.p if one.null else None)


def _rho(one: Correlation | None) -> Cell:
    return Cell(share(one.value), interval(one.ci)) if one else Cell("–")
