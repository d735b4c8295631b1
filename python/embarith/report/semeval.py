"""What is said about SemEval-2012 Task 2 results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from embarith.report.document import (
    Cell,
    Column,
    Row,
    Section,
    Table,
    figure,
    line,
    share,
)
from embarith.report.facts import facts
from embarith.result import SemEvalFigures, SemEvalResult

_ALL = "all pairs: missing rated 0"
_COVERED = "covered pairs: missing left out"
_FIGURES = (
    Column("MaxDiff", _ALL),
    Column("ρ", _ALL),
    Column("MaxDiff", _COVERED),
    Column("ρ", _COVERED),
)


def sections(results: Sequence[SemEvalResult]) -> Iterator[Section]:
    """Yield the comparison, where there are several results, and one section a result."""
    if len(results) > 1:
        rows = tuple(line(result.encoder.name, *_headline(result)) for result in results)
        yield Section(
            "SemEval-2012 Task 2 compared",
            (Table("", (Column("table", align="left"), *_FIGURES), rows),),
        )
    for result in results:
        yield Section(
            f"{result.encoder.name} on {result.questions.name}",
            (facts(result, "rated pairs", "pairs"), _scores(result), _relations(result)),
        )


def _headline(result: SemEvalResult) -> tuple[Cell, ...]:
    both = (result.all.maxdiff, result.all.rho, result.covered.maxdiff, result.covered.rho)
    return tuple(map(figure, both))


def _scores(result: SemEvalResult) -> Table:
    tests = sum(row.split == "test" for row in result.relations)
    alone = (
        *(result.all.maxdiff_only_c, result.all.rho_only_c),
        *(result.covered.maxdiff_only_c, result.covered.rho_only_c),
    )
    rows = [
        line(f"{tests} test relations", *_headline(result), strong=True),
        line("only c: pairs rated by cos(c, d)", *map(figure, alone)),
        line(
            "chance (random picks)",
            share(result.all.chance),
            "–",
            share(result.covered.chance),
            "–",
        ),
    ]
    training = (result.all.training, result.covered.training)
    rows.append(line(f"{training[0].maxdiff_relations} training relations", *_pairwise(*training)))
    for number, (name, every) in enumerate(result.all.categories.items()):
        covered = result.covered.categories[name]
        rows.append(
            line(
                f"{name} ({every.maxdiff_relations})", *_pairwise(every, covered), rule=number == 0
            )
        )
    for number, (name, known) in enumerate(result.published.items()):
        shares = (share(known.maxdiff), share(known.rho), "", "")
        rows.append(line(f"published: {name}", *shares, rule=number == 0))
    sources = dict.fromkeys(known.source for known in result.published.values())
    return Table(
        "MaxDiff accuracy and Spearman's ρ against the gold ratings, mean over relations",
        (Column("", align="left"), *_FIGURES),
        tuple(rows),
        (
            "All pairs: one with a missing word is rated 0, as the organisers' reference does. "
            "Intervals are 95 %, from resampling relations; the classes are of the test relations.",
            *(f"Published: {source}." for source in sources),
        ),
    )


def _pairwise(every: SemEvalFigures, covered: SemEvalFigures) -> tuple[Cell, ...]:
    return tuple(map(figure, (every.maxdiff, every.rho, covered.maxdiff, covered.rho)))


def _relations(result: SemEvalResult) -> Table:
    rows: list[Row] = []
    for row in result.relations:
        cells = (
            f"{row.id} {row.name}",
            row.split,
            f"{row.covered}" + ("" if row.covered == row.pairs else f"/{row.pairs}"),
            *map(share, (row.maxdiff_all, row.rho_all, row.maxdiff_covered, row.rho_covered)),
        )
        rows.append(line(*cells))
    return Table(
        "Relations",
        (
            Column("relation", align="left"),
            Column("split", align="left"),
            Column("pairs"),
            *_FIGURES,
        ),
        tuple(rows),
        ("–: undefined, because nothing is covered or all ratings are tied.",),
    )
