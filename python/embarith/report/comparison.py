"""What is said about several tables that were asked the same set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from embarith.report.document import Cell, Column, Row, Table, figure, share
from embarith.result import AnalogyResult, Figure


def compared(results: Sequence[AnalogyResult]) -> Table:
    """Return one line a table, with its differences to the first and what forbids comparing."""
    paired = any(result.comparison for result in results)
    columns = [
        Column("table", align="left"),
        Column("answered"),
        Column("candidates"),
        Column("top-1", "fair"),
        Column("top-1", "restricted"),
        Column("AUC"),
    ]
    if paired:
        columns += [Column(name, "difference") for name in ("fair", "restricted", "AUC")]
    rows = []
    for result in results:
        cells = [
            Cell(result.encoder.name),
            Cell(f"{result.questions.answered:,}"),
            Cell(f"{result.vocab.size:,}"),
            figure(result.scores.fair.top1),
            figure(result.scores.restricted.top1),
            Cell(share(result.companions.auc if result.companions else None)),
        ]
        if paired:
            difference = result.comparison
            cells += [
                _difference(difference.fair_top1 if difference else None),
                _difference(difference.restricted_top1 if difference else None),
                _difference(difference.auc if difference else None),
            ]
        rows.append(Row(tuple(cells)))
    return Table("", tuple(columns), tuple(rows), tuple(_comparability(results)))


def _difference(one: Figure | None) -> Cell:
    cell = figure(one)
    return Cell(f"+{cell.text}", cell.interval) if one and one.value > 0 else cell


def _comparability(results: Sequence[AnalogyResult]) -> Iterator[str]:
    names = sorted({result.comparison.to for result in results if result.comparison})
    for name in names:
        yield f"Differences are to {name}, paired bootstrap over word pairs."
    # Where the same words are missing the same questions were answered; as many may be others.
    asked = {
        (one.questions.sha256, frozenset(one.coverage.missing), one.asked_by) for one in results
    }
    if len(asked) > 1:
        yield "Not comparable: the tables answered different questions of the set."
    if len({one.vocab.sha256 for one in results}) > 1:
        yield (
            "Not comparable: the candidates differ. Measure the tables in one call to share them, "
            "or compare at equal size of vocabulary."
        )
    ways = {(one.method, one.raw, one.similarity, one.epsilon, one.case) for one in results}
    if len(ways) > 1:
        yield "Measured in different ways; each section says how."
