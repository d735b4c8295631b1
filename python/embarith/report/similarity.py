"""What is said about word similarity results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from embarith.report.document import Cell, Column, Facts, Section, Table, interval, line, share
from embarith.report.facts import facts
from embarith.result import Correlation, SimilarityResult


def sections(results: Sequence[SimilarityResult]) -> Iterator[Section]:
    """Yield the comparison of tables on every set, where there are several, and all results."""
    for sha256 in dict.fromkeys(result.questions.sha256 for result in results):
        members = [result for result in results if result.questions.sha256 == sha256]
        if len(members) > 1:
            yield Section(f"{members[0].questions.name} compared", (_compared(members),))
        for result in members:
            yield Section(
                f"{result.encoder.name} on {result.questions.name}",
                (_facts(result), _scores(result)),
            )


def _facts(result: SimilarityResult) -> Facts:
    known = facts(result, "rated pairs", "pairs")
    null = result.null
    if null is None:
        return known
    told = (
        f"ρ {share(null.mean)} ({interval(null.ci)}) with the ratings permuted, "
        f"p = {null.p:.3g} ({null.draws:,} permutations)"
    )
    return Facts((*known.rows, ("null", told)))


def _scores(result: SimilarityResult) -> Table:
    rows = [
        line(
            f"covered pairs ({result.questions.answered:,})",
            _cell(result.covered.rho),
            _cell(result.covered.pearson),
            strong=True,
        ),
        line(
            f"all pairs ({result.questions.asked:,}): missing at 0",
            _cell(result.all.rho),
            _cell(result.all.pearson),
        ),
    ]
    return Table(
        "Correlation of cosines with human ratings",
        (Column("", align="left"), Column("ρ"), Column("r")),
        tuple(rows),
        ("ρ is Spearman's, r Pearson's. Intervals are 95 %, from resampling words.",),
    )


def _compared(results: Sequence[SimilarityResult]) -> Table:
    shared = any(result.shared for result in results)
    columns = [
        Column("table", align="left"),
        Column("covered"),
        Column("ρ", "covered pairs"),
        Column("ρ", "all pairs: missing at 0"),
    ]
    if shared:
        columns += [Column("ρ", "shared pairs"), Column("difference", "shared pairs")]
    rows = []
    for result in results:
        cells = [
            Cell(result.encoder.name),
            Cell(f"{result.questions.answered:,}"),
            _cell(result.covered.rho),
            _cell(result.all.rho),
        ]
        if shared:
            own = result.shared
            cells += [_cell(own.rho if own else None), _difference(own.difference if own else None)]
        rows.append(line(*cells))
    return Table("", tuple(columns), tuple(rows), tuple(_notes(results)))


def _notes(results: Sequence[SimilarityResult]) -> Iterator[str]:
    together = {(one.shared.pairs, one.shared.to) for one in results if one.shared}
    for pairs, to in sorted((pairs, to) for pairs, to in together if to):
        yield (
            f"Shared are the {pairs:,} pairs that all tables of the call cover; differences are to "
            f"{to}, paired bootstrap over words."
        )
    if not all(one.shared for one in results):
        yield (
            "Not comparable where the covered pairs differ; measure the tables in one call to "
            "compare them on shared ones."
        )


def _cell(one: Correlation | None) -> Cell:
    return Cell("–") if one is None else Cell(share(one.value), interval(one.ci))


def _difference(one: Correlation | None) -> Cell:
    cell = _cell(one)
    return Cell(f"+{cell.text}", cell.interval) if one and one.value > 0 else cell
