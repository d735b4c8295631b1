"""Islands, and offsets that are parallel without being near anything."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean

from embarith.report.document import Cell, Column, Listing, Table, figure, line, percent, share
from embarith.report.paper.view import FEWEST, View, table_or_none
from embarith.result import IslandResult


def islands(view: View) -> Iterator[Table | None]:
    """Yield the island hypothesis as measurements."""
    for part, what in (("island", "chosen questions"), ("island-extended", "extended set")):
        rows, curves = [], []
        for space in view.spaces:
            one = view.alone(part, space)
            if not isinstance(one, IslandResult):
                continue
            few = one.questions.answered < FEWEST
            shares = (one.shorter, one.mutual, one.inputs, one.top5, one.top5_only_c, one.gain)
            rows.append(
                line(
                    f"{space.name} ({one.questions.answered:,})",
                    f"{one.vocab.size:,}",
                    *map(share, (one.offset.mean, one.nearest.mean, one.between)),
                    *(Cell("–") if few else figure(value) for value in shares),
                )
            )
            if not few:
                curves += [
                    line(
                        space.name if number == 0 else "",
                        f"{point.size:,}",
                        percent(point.landed.b + point.landed.c),
                        percent(point.landed.d),
                        percent(point.top5),
                        percent(point.top5_only_c),
                        Cell(bar=point.landed.b + point.landed.c),
                        rule=number == 0,
                    )
                    for number, point in enumerate(one.curve)
                ]
        yield table_or_none(
            f"Are offsets small, and do answers stay where they started? ({what})",
            (
                Column("space (questions)", align="left"),
                Column("candidates"),
                Column("b − a", "mean length or distance"),
                Column("c to nearest", "mean length or distance"),
                Column("random words", "mean length or distance"),
                Column("offset shorter", "share"),
                Column("mutual nearest", "share"),
                Column("answer b or c", "share"),
                Column("of y", "d in the first five"),
                Column("of c alone", "d in the first five"),
                Column("difference", "d in the first five"),
            ),
            rows,
            (
                "The island hypothesis (section 7.1.2) says that the words of a pair are nearest "
                "to each other, that b − a is small, and that answers therefore stay with their "
                "inputs. 'Offset shorter': than the distance of c from its nearest other word.",
            ),
        )
        yield table_or_none(
            f"Accuracy and islands by size of vocabulary ({what})",
            (
                Column("space", align="left"),
                Column("words"),
                Column("nearest is b or c"),
                Column("nearest is d"),
                Column("d in first five"),
                Column("of c alone"),
                Column("b or c", align="left"),
            ),
            curves,
            (
                "In closed form from exact ranks: random vocabularies of that size that hold a, b, "
                "c and d. The work expects the effect to fade as vocabularies grow.",
            ),
        )


def parallelism(view: View) -> Table | None:
    """Say whether the offsets of relations are parallel."""
    rows = []
    for space, result in view.each("extended-relation"):
        found = [row.parallelism for row in result.relations if row.parallelism is not None]
        if len(found) < FEWEST:
            continue
        rows.append(
            line(
                space.name,
                f"{len(found)}",
                *(
                    share(fmean(getattr(one, name) for one in found))
                    for name in (
                        "concordance",
                        "concordance_null",
                        "consistency",
                        "consistency_null",
                    )
                ),
                percent(fmean(one.consistency > one.consistency_null for one in found)),
            )
        )
    return table_or_none(
        "Are the offsets of a relation parallel? (mean over relations)",
        (
            Column("space", align="left"),
            Column("relations"),
            Column("true pairs", "offset concordance"),
            Column("shuffled pairs", "offset concordance"),
            Column("true pairs", "pairing consistency"),
            Column("shuffled pairs", "pairing consistency"),
            Column("relations above null"),
        ),
        rows,
        (
            "After Fournier, Dupoux and Dunbar (2020): parallel offsets without any neighbourhood. "
            "Concordance is the mean cosine between offsets; consistency, the AUC of true offsets "
            "against shuffled pairings, is one half where the pairing does not matter. Couples of "
            "offsets that a word or a pair connects are left out of both: they would put similar "
            "words above the null.",
        ),
    )


def relations(view: View) -> Listing | None:
    """Every relation of every space."""
    rows = [
        (
            space.name,
            row.name,
            f"{row.answered}",
            share(row.scores.restricted.top1.value),
            share(row.only_c.restricted.top1.value) if row.only_c else "–",
            share(row.p_holm),
            share(row.helps),
            share(row.auc),
            share(row.parallelism.concordance if row.parallelism else None),
            share(row.parallelism.consistency if row.parallelism else None),
        )
        for space, result in view.each("extended-relation")
        for row in result.relations
        if row.scores is not None
    ]
    columns = (
        *(Column(name, align="left") for name in ("space", "relation")),
        *map(Column, ("n", "top-1", "c alone", "p (Holm)", "helps", "AUC")),
        *map(Column, ("concordance", "consistency")),
    )
    title = "Every relation (extended set, reading: relation; restricted, all words)"
    return Listing(title, columns, tuple(rows)) if rows else None
