"""What is said about pooling fewer photographs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from embarith.report.document import (
    Cell,
    Column,
    Facts,
    Row,
    Section,
    Table,
    degrees,
    line,
    percent,
    plural,
    share,
)
from embarith.report.facts import describe_table, missing_words
from embarith.result import Drawn, ExtractionPoint, ExtractionResult, ExtractionSeries


def sections(results: Sequence[ExtractionResult]) -> Iterator[Section]:
    """Yield one section a result."""
    for result in results:
        tables = (_series(result, one) for one in result.series)
        yield Section(f"Photographs a word on {result.questions.name}", (_facts(result), *tables))


def _facts(result: ExtractionResult) -> Facts:
    questions = result.questions
    between = (
        f"{result.least:,}"
        if result.least == result.most
        else f"{result.least:,} to {result.most:,}"
    )
    rows = [
        *((f"table {name}", describe_table(one)) for name, one in result.tables.items()),
        (
            "questions",
            f"{questions.name}: {questions.asked:,} asked, {questions.answered:,} answered "
            f"({percent(result.coverage.share)}), {questions.dropped:,} dropped; "
            f"{plural(questions.pairs, 'word pair')}",
        ),
        ("missing", missing_words(result.coverage.missing)),
        (
            "photographs",
            f"{result.photographs:,} of {plural(result.words, 'word')}, {between} each; "
            f"{plural(result.draws, 'draw')} with replacement",
        ),
        (
            "candidates",
            f"{result.vocab.name}: {plural(result.vocab.size, 'word')}; case {result.case}; "
            f"chance of top-1 {share(result.chance.restricted.top1)} restricted",
        ),
        ("seed", str(result.seed)),
    ]
    return Facts(tuple(row for row in rows if row[1]))


def _series(result: ExtractionResult, series: ExtractionSeries) -> Table:
    rows = [_row(f"{point.photographs:,}", point) for point in series.points]
    return Table(
        f"{series.name}, {series.pool} of n photographs",
        (
            Column("n"),
            Column("top-1", "fair"),
            Column("top-5", "fair"),
            Column("top-1", "restricted"),
            Column("top-5", "restricted"),
            Column("angle (°)", "y and d"),
            Column("ρ", "y and d"),
            Column("top-1", "only c"),
            Column("°", "only c"),
            Column("ρ", "only c"),
        ),
        (*rows, _row("all", series.every, rule=True)),
        (
            f"Means over {plural(result.draws, 'draw')} of photographs and their 95 % intervals; "
            "the questions stay as they are. all: every photograph once. only c: restricted, "
            "without arithmetic; its angle and ρ are those of c and d. ρ ranks no tables.",
        ),
    )


def _row(name: str, point: ExtractionPoint, rule: bool = False) -> Row:
    shares = (point.fair_top1, point.fair_top5, point.restricted_top1, point.restricted_top5)
    return line(
        name,
        *(_cell(one, share) for one in shares),
        _cell(point.angle, degrees),
        _cell(point.rho, share),
        share(point.only_c_top1.mean),
        degrees(point.angle_only_c.mean),
        share(point.rho_only_c.mean),
        rule=rule,
    )


def _cell(one: Drawn, show: Callable[[float | None], str]) -> Cell:
    if one.ci is None:
        return Cell(show(one.mean))
    low, high = map(show, one.ci)
    return Cell(show(one.mean), f"{low} to {high}" if low.startswith("−") else f"{low}–{high}")
