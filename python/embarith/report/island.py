"""What is said about the island hypothesis."""

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
    percent,
    share,
)
from embarith.report.facts import facts
from embarith.result import IslandResult, Spread


def sections(results: Sequence[IslandResult]) -> Iterator[Section]:
    """Yield one section a result."""
    for result in results:
        yield Section(
            f"Islands: {result.encoder.name} on {result.questions.name}",
            (facts(result, "questions", "questions"), _measures(result), _curve(result)),
        )


def _measures(result: IslandResult) -> Table:
    return Table(
        "Are offsets small, and do answers stay where they started?",
        (Column("", align="left"), Column("min"), Column("mean"), Column("max")),
        (
            _spread("length of b − a", result.offset),
            _spread("distance of c from its nearest other word", result.nearest),
            line("distance of two words at random", "", share(result.between), ""),
            line(
                "offset shorter than the distance to the nearest word",
                "",
                figure(result.shorter),
                "",
                rule=True,
            ),
            line("pairs that are each other's nearest words", "", figure(result.mutual), ""),
            line("nearest word to y is b or c", "", figure(result.inputs), "", strong=True),
            line("d among the five nearest to y", "", figure(result.top5), "", rule=True),
            line("d among the five nearest to c alone", "", figure(result.top5_only_c), ""),
            line("difference", "", figure(result.gain), ""),
        ),
        (
            f"Inputs may answer; {result.vocab.size:,} candidates ({result.vocab.name}). Lengths "
            "and distances are between unit vectors. Intervals are 95 %, from resampling word "
            "pairs.",
        ),
    )


def _spread(name: str, spread: Spread) -> Row:
    return line(name, *map(share, (spread.min, spread.mean, spread.max)))


def _curve(result: IslandResult) -> Table:
    return Table(
        "The same at smaller vocabularies",
        (
            Column("words"),
            Column("c", "nearest word to y"),
            Column("b", "nearest word to y"),
            Column("d", "nearest word to y"),
            Column("another", "nearest word to y"),
            Column("of y", "d in the first five"),
            Column("of c", "d in the first five"),
            Column("b or c", align="left"),
        ),
        tuple(
            line(
                f"{point.size:,}",
                *map(percent, (point.landed.c, point.landed.b, point.landed.d)),
                percent(point.landed.other),
                percent(point.top5),
                percent(point.top5_only_c),
                Cell(bar=point.landed.b + point.landed.c),
            )
            for point in result.curve
        ),
        (
            "Expected on random vocabularies of that size that hold a, b, c and d, in closed form "
            "from exact ranks. Work 000 expects the share of b and c to fall as words are added.",
        ),
    )
