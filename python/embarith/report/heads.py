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
    measured,
    null,
    plural,
    share,
)
from embarith.report.facts import describe_table, missing_words
from embarith.result import (
    HeadsGeometry,
    HeadsResult,
    HeadsTrained,
    Measured,
    QuestionsInfo,
    SimatFigure,
    SimatSet,
    TextEncodersResult,
)

_GEOMETRY_COLUMNS = (
    Column("distance", "gap"),
    Column("permuted", "gap"),
    Column("told apart", "gap"),
    Column("adjusted", "photographs"),
    Column("noise", "photographs"),
    Column("predicted", "photographs"),
    Column("adjusted", "captions"),
    Column("predicted", "captions"),
)
_GEOMETRY_NOTES = (
    "Gap: distance between the mean unit vectors of the validation photographs and of their "
    "captions, the same with both permuted, and the share of them that a plane tells; before the "
    "heads they share no space. Under the heads of the first seed.",
    "Photographs, captions: shares of the variance between the set's photographs, and between its "
    "captions, of a subject and object each that both explain without interaction: adjusted for "
    "degrees of freedom, and predicted of those held out one at a time. Noise: share that "
    "photographs make by chance.",
)


def sections(results: Sequence[HeadsResult], *, drawn: bool = False) -> Iterator[Section]:
    """Yield one section a result."""
    for result in results:
        frozen = ", text frozen" if result.freeze_text else ""
        title = f"Heads of {result.images.name} + {result.texts.name}{frozen}, by temperature"
        caption = (
            f"SIMAT score and mean recall against τ, {means(result)}; small grey points are the "
            "seeds."
        )
        pictures = (picture(result, caption),) if drawn else ()
        blocks = (_facts(result), _points(result), *pictures, _seeds(result), _geometry(result))
        yield Section(title, blocks)


def means(result: HeadsResult | TextEncodersResult) -> str:
    """Return what is drawn of several seeds."""
    return "means over seeds with 95 % intervals" if result.draws else "means over seeds"


def picture(result: HeadsResult | TextEncodersResult, caption: str) -> Picture:
    """Draw a study of temperatures for a page."""
    from embarith.report import figures

    figure = figures.draw(result)
    return Picture("temperatures", figures.svg(figure), caption, str(figure.get_label()))


def describe_set(questions: QuestionsInfo, data: SimatSet) -> str:
    """Return how many queries a set has, and photographs to answer them."""
    of = f" of {questions.asked:,}" if questions.dropped else ""
    return (
        f"{questions.name}: {questions.answered:,}{of} ({data.dev:,} dev, {data.test:,} test), "
        f"gallery of {data.photographs:,} photographs"
    )


def _facts(result: HeadsResult) -> Facts:
    rows = (
        ("photographs", describe_table(result.images)),
        ("texts", describe_table(result.texts)),
        ("fitted on", result.pairs),
        ("queries", describe_set(result.questions, result.data)),
        ("missing", missing_words(result.coverage.missing, "queries")),
        ("seed", str(result.seed)),
    )
    return Facts(tuple(row for row in rows if row[1]))


def _points(result: HeadsResult) -> Table:
    rows = tuple(
        line(
            f"{one.temperature:g}",
            f"{one.dev:.2f}",
            score(one.test),
            Cell("") if one.temperature == result.best else score(one.difference, signed=True),
            score(one.recall),
            strong=one.temperature == result.best,
        )
        for one in result.points
    )
    seeds = plural(len(result.points[0].trained), "seed")
    intervals = (
        "Intervals are 95 %: of scores by the crossed bootstrap over photographs and word pairs, "
        "of differences paired, of recall over the validation photographs; the seeds are not "
        "drawn. "
        if result.draws
        else ""
    )
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
            f"Means over {seeds}, each at the λ of its highest score on dev. {intervals}Recall is "
            "the mean of R@1, R@5 and R@10, both ways; it also picks the epoch.",
            told_apart(result),
            *temperature_note([("", result)]),
            *edge_note(
                result.lams,
                [(f"τ = {one.temperature:g}", one.trained) for one in result.points],
            ),
        ),
    )


def edge_note(
    lams: Sequence[float], named: Sequence[tuple[str, Sequence[HeadsTrained]]]
) -> Iterator[str]:
    """Yield which of the heads were picked at the highest λ, beyond which they may score more."""
    edge = [name for name, trained in named if any(one.lam == lams[-1] for one in trained)]
    if edge and len(lams) > 1:
        yield f"At λ = {lams[-1]:g}, the highest tried, and perhaps too low: {', '.join(edge)}."


def temperature_note(named: Sequence[tuple[str, HeadsResult]]) -> Iterator[str]:
    """Yield whose best temperature is the lowest or highest tried, beyond which may be a better."""
    for end, where, low in ((0, "lowest", "high"), (-1, "highest", "low")):
        edge = [
            (name, study.best)
            for name, study in named
            if len(study.points) > 1 and study.best == study.points[end].temperature
        ]
        if edge:
            who = ", ".join(filter(None, (name for name, _ in edge)))
            yield (
                f"τ = {edge[0][1]:g} is the {where} tried, and perhaps too {low}"
                f"{f': {who}' if who else ''}."
            )


def told_apart(result: HeadsResult) -> str:
    """Return whether the best temperature can be told from its neighbours."""
    if len(result.points) == 1:
        return f"τ = {result.best:g} is the only one tried."
    place = [one.temperature for one in result.points].index(result.best)
    near = [result.points[i] for i in (place - 1, place + 1) if 0 <= i < len(result.points)]
    said = [
        f"{'' if is_apart(one.difference) else 'not '}from τ = {one.temperature:g}" for one in near
    ]
    if not said or not result.draws:
        return f"The highest score on dev is that of τ = {result.best:g}."
    return (
        f"τ = {result.best:g}, of the highest score on dev, can be told on the test "
        f"{' and '.join(said)}."
    )


def is_apart(difference: SimatFigure) -> bool:
    """Whether an interval lies on one side of zero."""
    low, high = difference.ci or (0.0, 0.0)
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


def _geometry(result: HeadsResult) -> Table:
    lain = [("before", result.before)]
    lain += [(f"{point.temperature:g}", point.geometry) for point in result.points]
    return Table(
        "Gap and additivity",
        (Column("τ", align="left"), *_GEOMETRY_COLUMNS),
        tuple(line(name, *_lain(one)) for name, one in lain),
        _GEOMETRY_NOTES,
    )


def _lain(one: HeadsGeometry) -> list[Cell]:
    photographs, captions = (
        (None, None) if fit is None else (fit.adjusted, fit.predicted)
        for fit in (one.photographs, one.captions)
    )
    return [
        _measured(one.gap),
        Cell("–") if one.gap is None else null(one.gap),
        _measured(one.separability),
        _measured(photographs[0]),
        Cell(share(one.noise)),
        _measured(photographs[1]),
        *map(_measured, captions),
    ]


def _measured(figure: Measured | None) -> Cell:
    return Cell("–") if figure is None else measured(figure)


def score(figure: SimatFigure, *, signed: bool = False) -> Cell:
    """Return a score, or a difference of two, with its interval."""
    sign = "+" if signed else ""
    value = f"{figure.value:{sign}.2f}".replace("-", "−")
    if figure.ci is None:
        return Cell(value)
    low, high = (f"{bound:.2f}".replace("-", "−") for bound in figure.ci)
    return Cell(value, f"{low} to {high}" if signed else f"{low}–{high}")
