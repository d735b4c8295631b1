"""What is said about the relations of one result, line by line."""

from __future__ import annotations

from collections.abc import Iterator

from embarith.report.document import Column, Row, Table, interval, line, share
from embarith.result import AnalogyResult, RelationRow

# Where a p value is commonly called significant.
_LEVEL = 0.05


def relations(result: AnalogyResult) -> Table:
    """Return one line a relation, under its category."""
    # A pair learnt from the others has no y whose angle, AUC or nearness could be given.
    has_y = result.asked_by == "question"
    columns = (
        Column("relation", align="left"),
        Column("n"),
        Column("top-1", "fair"),
        Column("top-1", "restr."),
        Column("95 %", "restr."),
        Column("only c", "restr."),
        Column("p"),
        *((Column("helps"), Column("AUC")) if has_y else ()),
        Column("OCS"),
        Column("PCS"),
    )
    rows: list[Row] = []
    category = ""
    for relation in result.relations:
        if relation.category != category:
            category = relation.category
            rows.append(line(category, *[""] * (len(columns) - 1), strong=True, rule=bool(rows)))
        cells = _relation(relation, has_y)
        rows.append(line(relation.name, *cells, *["–"] * (len(columns) - 1 - len(cells))))
    of_y = "; helps: share of questions whose y is nearer to d than c is"
    return Table(
        "Relations",
        columns,
        tuple(rows),
        (
            "n: questions answered (of those asked, where fewer); only c: restricted top-1 of c "
            f"alone; p: permutation null, Holm over relations{of_y if has_y else ''}.",
            "OCS, PCS: offset concordance and pairing consistency (after Fournier et al. 2020), "
            "less their value under shuffled pairings.",
            *_least_p(result),
        ),
    )


def _least_p(result: AnalogyResult) -> Iterator[str]:
    tested = sum(row.null is not None for row in result.relations)
    least = tested / (result.null.draws + 1)
    if least > _LEVEL:
        yield (
            f"p cannot be below {share(least)} here, {tested} relations over "
            f"{result.null.draws + 1:,}: that no relation is below {share(_LEVEL)} says nothing."
        )


def _relation(row: RelationRow, has_y: bool) -> tuple[str, ...]:
    if row.scores is None:
        return (f"0/{row.asked:,}",)
    parallel = row.parallelism
    restricted = row.scores.restricted.top1
    return (
        f"{row.answered:,}" + ("" if row.answered == row.asked else f"/{row.asked:,}"),
        share(row.scores.fair.top1.value),
        share(restricted.value),
        interval(restricted.ci) or "–",
        share(row.only_c.restricted.top1.value if row.only_c else None),
        share(row.p_holm),
        *((share(row.helps), share(row.auc)) if has_y else ()),
        share(parallel.concordance - parallel.concordance_null if parallel else None),
        share(parallel.consistency - parallel.consistency_null if parallel else None),
    )
