"""What is said about heads trained at several temperatures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from embarith.report.document import (
    Cell,
    Column,
    Facts,
    Picture,
    Section,
    Table,
    line,
    plural,
)
from embarith.report.facts import describe_table
from embarith.result import HeadsPoint, HeadsResult, SimatFigure


def sections(results: Sequence[HeadsResult], *, drawn: bool = False) -> Iterator[Section]:
    """Yield one section a result."""
    for result in results:
        frozen = ", text frozen" if result.freeze_text else ""
        title = f"Heads of {result.images.name} + {result.texts.name}{frozen}, by temperature"
        pictures = (_picture(result),) if drawn else ()
        yield Section(title, (_facts(result), _points(result), *pictures, _seeds(result)))


def _picture(result: HeadsResult) -> Picture:
    from embarith.report import figures

    figure = figures.draw(result)
    return Picture(
        "temperatures",
        figures.svg(figure),
        "SIMAT score and mean recall against τ, means over seeds with 95 % intervals; grey points "
        "are the seeds.",
        str(figure.get_label()),
    )


def _facts(result: HeadsResult) -> Facts:
    data = result.data
    return Facts(
        (
            ("photographs", describe_table(result.images)),
            ("texts", describe_table(result.texts)),
            ("fitted on", result.pairs),
            (
                "queries",
                f"{result.questions.name}: {result.questions.asked:,} ({data.dev:,} dev, "
                f"{data.test:,} test), gallery of {data.photographs:,} photographs",
            ),
            ("seed", str(result.seed)),
        )
    )


def _points(result: HeadsResult) -> Table:
    rows = tuple(
        line(
            f"{one.temperature:g}",
            f"{one.dev:.2f}",
            _cell(one.test),
            Cell("") if one.temperature == result.best else _cell(one.difference, signed=True),
            _cell(one.recall),
            strong=one.temperature == result.best,
        )
        for one in result.points
    )
    seeds = plural(len(result.points[0].trained), "seed")
    return Table(
        "SIMAT score and recall against τ",
        (
            Column("τ", align="left"),
            Column("dev"),
            Column("test"),
            Column(f"less that of τ = {result.best:g}"),
            Column("recall"),
        ),
        rows,
        (
            f"Means over {seeds}, each at the λ of its highest score on dev. Intervals are 95 %: "
            "of scores by the crossed bootstrap over photographs and word pairs, of differences "
            "paired, of recall over the validation photographs; the seeds are not drawn. Recall is "
            "the mean of R@1, R@5 and R@10, both ways; it also picks the epoch.",
            told_apart(result),
        ),
    )


def told_apart(result: HeadsResult) -> str:
    """Return whether the best temperature can be told from its neighbours."""
    place = [one.temperature for one in result.points].index(result.best)
    near = [result.points[i] for i in (place - 1, place + 1) if 0 <= i < len(result.points)]
    said = [f"{'' if _is_apart(one) else 'not '}from τ = {one.temperature:g}" for one in near]
    if not said or any(one.difference.ci is None for one in near):
        return f"The highest score on dev is that of τ = {result.best:g}."
    return (
        f"τ = {result.best:g}, of the highest score on dev, can be told on the test "
        f"{' and '.join(said)}."
    )


def _is_apart(point: HeadsPoint) -> bool:
    low, high = point.difference.ci or (0.0, 0.0)
    return low > 0 or high < 0


def _seeds(result: HeadsResult) -> Table:
    rows = tuple(
        line(
            f"{point.temperature:g}",
            str(one.seed),
            f"{one.lam:g}",
            f"{one.dev:.2f}",
            f"{one.test:.2f}",
            f"{one.best:.2f}",
            f"{one.best_lam:g}",
            "/".join(f"{value:.1f}" for value in one.captions),
            "/".join(f"{value:.1f}" for value in one.photographs),
            rule=number == 0,
        )
        for point in result.points
        for number, one in enumerate(point.trained)
    )
    return Table(
        "By seed",
        (
            Column("τ", align="left"),
            Column("seed"),
            Column("λ"),
            Column("dev"),
            Column("test"),
            Column("best of all"),
            Column("at λ"),
            Column("captions R@1/5/10"),
            Column("photographs"),
        ),
        rows,
        (
            "Best of all: the highest score over the queries of dev and test together, chosen on "
            "the queries it is given on.",
        ),
    )


def _cell(figure: SimatFigure, *, signed: bool = False) -> Cell:
    sign = "+" if signed else ""
    value = f"{figure.value:{sign}.2f}".replace("-", "−")
    if figure.ci is None:
        return Cell(value)
    low, high = (f"{bound:.2f}".replace("-", "−") for bound in figure.ci)
    return Cell(value, f"{low} to {high}" if signed else f"{low}–{high}")
