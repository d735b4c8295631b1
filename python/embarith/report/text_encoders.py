"""What is said about heads with several text encoders."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations

from embarith.report.document import Column, Facts, Section, Table, line, plural, share
from embarith.report.facts import describe_table, missing_words
from embarith.report.heads import (
    describe_set,
    edge_note,
    is_apart,
    means,
    picture,
    score,
    temperature_note,
)
from embarith.result import (
    WAYS,
    Fit,
    HeadsGeometry,
    HeadsResult,
    SimatFigure,
    TextEncoder,
    TextEncodersResult,
    Way,
)

NAMES: dict[Way, str] = {"ridge": "ridge", "frozen": "text frozen", "both": "both trained"}


def sections(results: Sequence[TextEncodersResult], *, drawn: bool = False) -> Iterator[Section]:
    """Yield one section a result."""
    for result in results:
        caption = f"SIMAT score on test against τ, {means(result)}, ridge beside; controls dashed."
        pictures = (picture(result, caption),) if drawn else ()
        yield Section(
            f"Text encoders under heads of {result.images.name}",
            (
                _facts(result),
                _scores(result),
                _by_temperature(result),
                *pictures,
                _between(result),
                _ways(result),
                *_geometry(result),
            ),
        )


def called(encoder: TextEncoder) -> str:
    """Return the name of a text encoder, and whether it is a control."""
    return f"{encoder.name} (control)" if encoder.is_control else encoder.name


def _facts(result: TextEncodersResult) -> Facts:
    rows = (
        ("photographs", describe_table(result.images)),
        *((f"texts {called(one)}", describe_table(one.texts)) for one in result.encoders),
        ("fitted on", result.pairs),
        ("queries", describe_set(result.questions, result.data)),
        ("missing", missing_words(result.coverage.missing, "queries")),
        ("seed", str(result.seed)),
    )
    return Facts(tuple(row for row in rows if row[1]))


def _scores(result: TextEncodersResult) -> Table:
    rows = tuple(
        line(
            called(one),
            score(one.ridge.test),
            f"{one.frozen.best:g}",
            score(one.frozen.best_point.test),
            f"{one.both.best:g}",
            score(one.both.best_point.test),
        )
        for one in result.encoders
    )
    points = result.encoders[0].both.points
    seeds = plural(len(points[0].trained), "seed")
    intervals = (
        " Intervals are 95 %, by the crossed bootstrap over photographs and word pairs; the seeds "
        "are not drawn."
        if result.draws
        else ""
    )
    tried = "of the highest score on dev" if len(points) > 1 else "that was tried"
    return Table(
        "SIMAT score on test",
        (
            Column("texts", align="left"),
            Column("score", "ridge"),
            *(Column(title, NAMES[way]) for way in WAYS[1:] for title in ("τ", "score")),
        ),
        rows,
        (
            f"Contrastive heads: means over {seeds}, at the τ {tried}; all at the λ of their "
            f"highest score on dev.{intervals}",
            *edge_note(
                result.lams,
                [
                    (f"{one.name} ({way})", scores.trained)
                    for one in result.encoders
                    for way, scores in zip(
                        NAMES.values(),
                        (one.ridge, one.frozen.best_point, one.both.best_point),
                        strict=True,
                    )
                ],
            ),
        ),
    )


def _by_temperature(result: TextEncodersResult) -> Table:
    taus = [f"{point.temperature:g}" for point in result.encoders[0].both.points]
    rows = tuple(
        line(
            called(one) if study is one.frozen else "",
            NAMES["frozen" if study is one.frozen else "both"],
            *(f"{point.test.value:.2f}" for point in study.points),
            f"{study.best:g}",
            ", ".join(f"{tau:g}" for tau in _near(study) if tau != study.best) or "–",
            rule=study is one.frozen,
        )
        for one in result.encoders
        for study in (one.frozen, one.both)
    )
    return Table(
        "SIMAT score on test against τ",
        (
            Column("texts", align="left"),
            Column("heads", align="left"),
            *(Column(tau, "τ") for tau in taus),
            Column("best"),
            Column("not told from it"),
        ),
        rows,
        (
            "Best: of the highest score on dev. Not told from it: the interval of the paired "
            "difference on the test holds 0.",
            best_temperatures(result),
            *temperature_note(
                [
                    (f"{one.name} ({NAMES[way]})", one.frozen if way == "frozen" else one.both)
                    for one in result.encoders
                    for way in WAYS[1:]
                ]
            ),
        ),
    )


def _near(study: HeadsResult) -> list[float]:
    """Return the best temperature, and those that cannot be told from it."""
    return [
        point.temperature
        for point in study.points
        if point.temperature == study.best or (study.draws and not is_apart(point.difference))
    ]


def best_temperatures(result: TextEncodersResult) -> str:
    """Return whether one temperature does for all text encoders."""
    tried = result.encoders[0].both.points
    if len(tried) == 1:
        return f"τ = {tried[0].temperature:g} is the only one tried."
    said = []
    for way in WAYS[1:]:
        studies = [one.frozen if way == "frozen" else one.both for one in result.encoders]
        best = sorted({study.best for study in studies})
        found = " or ".join(f"{tau:g}" for tau in best)
        text = f"{NAMES[way]}: the best τ is {found}"
        if len(best) > 1 and result.draws:
            near = sorted(set(_near(studies[0])).intersection(*map(_near, studies[1:])))
            shared = " or ".join(f"{tau:g}" for tau in near)
            text += (
                f", and {shared} is the best or cannot be told from it with every text encoder"
                if near
                else ", and every τ can be told to be worse than it with some text encoder"
            )
        said.append(text)
    whole = "; ".join(said)
    return f"{whole[0].upper()}{whole[1:]}."


def _between(result: TextEncodersResult) -> Table:
    found = _differences(result)
    rows = tuple(
        line(
            f"{called(one)} − {called(other)}",
            *(score(found[(one.name, way), (other.name, way)], signed=True) for way in WAYS),
        )
        for one, other in combinations(result.encoders, 2)
    )
    return Table(
        "Differences between text encoders",
        (Column("first − second", align="left"), *(Column(NAMES[way]) for way in WAYS)),
        rows,
        ("Paired, on the same queries, each at its best τ. " + pretrained(result),),
    )


def pretrained(result: TextEncodersResult) -> str:
    """Return how often trained text encoders are better than controls."""
    known = {one.name: one for one in result.encoders}
    signs = []
    for one in result.differences:
        first, second = known[one.first[0]], known[one.second[0]]
        # Fewer dimensions alone would lose.
        alike = first.texts.dimensions == second.texts.dimensions
        if alike and first.is_control != second.is_control:
            signs.append((one.difference, 1 if second.is_control else -1))
    told = [figure.value * sign for figure, sign in signs if is_apart(figure)]
    if not signs or not result.draws:
        return ""
    better = sum(value > 0 for value in told)
    return (
        f"Of {plural(len(signs), 'difference')} between a trained text encoder and a control of as "
        f"many dimensions {better} can be told to be the trained one's gain, "
        f"{len(told) - better} its loss, and {len(signs) - len(told)} cannot be told; of as many "
        "without a difference one in twenty would be told by chance."
    )


def _ways(result: TextEncodersResult) -> Table:
    found = _differences(result)
    pairs = list(combinations(WAYS, 2))
    rows = tuple(
        line(
            called(one),
            *(
                score(found[(one.name, first), (one.name, second)], signed=True)
                for first, second in pairs
            ),
        )
        for one in result.encoders
    )
    return Table(
        "Differences between ways",
        (
            Column("texts", align="left"),
            *(Column(f"{NAMES[first]} − {NAMES[second]}") for first, second in pairs),
        ),
        rows,
    )


def _differences(
    result: TextEncodersResult,
) -> dict[tuple[tuple[str, Way], tuple[str, Way]], SimatFigure]:
    return {(one.first, one.second): one.difference for one in result.differences}


def _geometry(result: TextEncodersResult) -> Iterator[Table]:
    """Yield a table a measure: before the heads, under ridge, and by temperature."""
    taus = [f"{point.temperature:g}" for point in result.encoders[0].both.points]
    columns = (
        *(Column("texts", align="left"), Column("heads", align="left")),
        *(Column("before"), Column("ridge")),
        *(Column(tau, "τ") for tau in taus),
    )
    for title, measure, note in _MEASURES:
        rows = []
        for one in result.encoders:
            for study in (one.frozen, one.both):
                first = study is one.frozen
                lain = [point.geometry for point in study.points]
                before = (one.frozen.before, one.ridge.geometry) if first else ()
                rows.append(
                    line(
                        called(one) if first else "",
                        NAMES["frozen" if first else "both"],
                        *([share(measure(found)) for found in before] or ("", "")),
                        *(share(measure(found)) for found in lain),
                        rule=first,
                    )
                )
        yield Table(title, columns, tuple(rows), (note,))


def _predicted(fit: Fit | None) -> float | None:
    return None if fit is None or fit.predicted is None else fit.predicted.value


_MEASURES: tuple[tuple[str, Callable[[HeadsGeometry], float | None], str], ...] = (
    (
        "Gap between photographs and captions",
        lambda found: None if found.gap is None else found.gap.value,
        "Distance between the mean unit vectors of the validation photographs and of their "
        "captions, under the heads of the first seed; before the heads they share no space.",
    ),
    (
        "The same with both permuted",
        lambda found: None if found.gap is None else found.gap.null,
        "Mean over the permutations: what a gap is by chance.",
    ),
    (
        "Photographs: subject + object",
        lambda found: _predicted(found.photographs),
        "Share of the variance between the set's photographs of a subject and object each, "
        "predicted of those held out one at a time by the sum of both parts.",
    ),
    (
        "Captions: subject + object",
        lambda found: _predicted(found.captions),
        "The same of the set's captions; bags of words are sums by construction.",
    ),
)
