"""What is said about analogy results: scores beside their baselines, nulls and coverage."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Literal

from embarith.report.comparison import compared
from embarith.report.document import (
    Cell,
    Column,
    Facts,
    Row,
    Section,
    Table,
    degrees,
    figure,
    interval,
    line,
    percent,
    plural,
    share,
)
from embarith.report.facts import describe_table, hardly_covered, missing_words
from embarith.report.relations import relations
from embarith.result import (
    AnalogyResult,
    Chance,
    Odds,
    Rated,
    Scores,
    Spread,
)

METHODS = {
    "3cosadd": "3CosAdd",
    "3cosmul": "3CosMul",
    "3cosavg": "3CosAvg",
    "lrcos": "LRCos",
    "pairdistance": "PairDistance",
}
FAIR = "fair: inputs may answer"
RESTRICTED = "restricted: inputs forbidden"
_SCORES = (
    Column("top-1", FAIR),
    Column("top-5", FAIR),
    Column("MRR", FAIR),
    Column("top-1", RESTRICTED),
    Column("top-5", RESTRICTED),
    Column("MRR", RESTRICTED),
)


def sections(results: Sequence[AnalogyResult]) -> Iterator[Section]:
    """Yield the comparison, where there are several results, and one section a result."""
    together: dict[str, list[AnalogyResult]] = {}
    for result in results:
        together.setdefault(result.questions.name, []).append(result)
    for name, group in together.items():
        if len(group) > 1:
            yield Section(f"Tables compared on {name}", (compared(group),))
    for result in results:
        title = f"{result.encoder.name} on {result.questions.name}"
        yield Section(title, tuple(_blocks(result)))


def _blocks(result: AnalogyResult) -> Iterator[Table | Facts]:
    yield _facts(result)
    yield _accuracy(result)
    yield _landed(result)
    if result.by_rating:
        yield Table(
            "By rating of the second pair",
            (Column("rating", align="left"), *_SCORES),
            tuple(_by_rating(result.by_rating)),
        )
    if result.angle is not None:
        yield _geometry(result)
    if result.vocabulary_curve:
        yield _curve(result)
    if len(result.relations) > 1:
        yield relations(result)


def _by_rating(by_rating: dict[str, Rated]) -> Iterator[Row]:
    for number, (name, rated) in enumerate(by_rating.items()):
        yield line(f"{name} ({rated.answered:,})", *_six(rated.scores), rule=number > 0)
        if rated.only_c is not None:
            yield line("only c", *_six(rated.only_c))


def describe_method(result: AnalogyResult) -> str:
    """Return the method and what it ran on, as one phrase."""
    method = METHODS.get(result.method, result.method)
    vectors = "raw" if result.raw else "unit"
    similarity = "cosine" if result.similarity == "cosine" else "Spearman's ρ across dimensions"
    constant = "" if result.epsilon is None else f" (ε = {result.epsilon:g})"
    return f"{method}{constant} on {vectors} vectors by {similarity}"


def _facts(result: AnalogyResult) -> Facts:
    encoder, questions = result.encoder, result.questions
    rows = [
        ("table", describe_table(encoder)),
        (
            "questions",
            f"{questions.name}: {questions.asked:,} asked, {questions.answered:,} answered "
            f"({percent(result.coverage.share)}), {questions.dropped:,} dropped; "
            f"{plural(questions.pairs, 'word pair')}",
        ),
        ("missing", missing_words(result.coverage.missing)),
        ("warning", hardly_covered(result)),
        (
            "method",
            describe_method(result)
            + ("; every pair asked once" if result.asked_by == "pair" else ""),
        ),
        (
            "candidates",
            f"{result.vocab.name}: {plural(result.vocab.size, 'word')}; case {result.case}",
        ),
        ("seed", str(result.seed)),
    ]
    return Facts(tuple(row for row in rows if row[1]))


def _six(scores: Scores) -> tuple[Cell, ...]:
    fair, restricted = scores.fair, scores.restricted
    parts = (fair.top1, fair.top5, fair.mrr, restricted.top1, restricted.top5, restricted.mrr)
    return tuple(map(figure, parts))


def _accuracy(result: AnalogyResult) -> Table:
    rows = [
        line(_asked(result), *_six(result.scores), strong=True),
        line("mean over relations", *_six(result.macro)),
    ]
    if result.questions.dropped:
        rows.append(line("dropped counted wrong", *_six(result.missing_as_wrong)))
    rows += [
        line(name, *_six(scores), rule=number == 0)
        for number, (name, scores) in enumerate(_baselines(result))
    ]
    nulls = []
    control = result.control
    if control is not None:
        nulls.append(
            line(
                "random second pair",
                *map(figure, (control.fair_top1, control.fair_top5)),
                "–",
                *map(figure, (control.restricted_top1, control.restricted_top5)),
                "–",
            )
        )
    permuted = Cell(share(result.null.mean), interval(result.null.ci))
    nulls.append(line("answers permuted", "–", "–", "–", permuted, "–", "–"))
    nulls.append(line("chance", *_chance(result.chance)))
    nulls.append(line("k / |V|", *_k_of_v(result.chance)))
    rows += [Row(nulls[0].cells, rule=True), *nulls[1:]]
    paper = result.paper
    if paper is not None:
        rows += [
            line("among question words", *_six(paper.scores), rule=True),
            *([line("only c there", *_six(paper.only_c))] if paper.only_c else []),
            line("chance there", *_chance(paper.chance)),
            line("k / |V| there", *_k_of_v(paper.chance)),
        ]
    return Table(
        "Accuracy",
        (Column("", align="left"), *_SCORES),
        tuple(rows),
        tuple(_accuracy_notes(result)),
    )


def _asked(result: AnalogyResult) -> str:
    """Return what the answers are nearest to, or the method whose answers have no such point."""
    return "b − a + c" if result.method == "3cosadd" else METHODS.get(result.method, result.method)


def _baselines(result: AnalogyResult) -> list[tuple[str, Scores]]:
    baselines = result.baselines
    if baselines is None:
        return []
    named = (
        ("only c", baselines.only_c),
        ("only b", baselines.only_b),
        ("b + c (a ignored)", baselines.ignore_a),
        ("c − (b − a) (opposite)", baselines.add_opposite),
        ("b : a :: d : ? (reversed)", baselines.reversed),
    )
    return [(name, scores) for name, scores in named if scores is not None]


def _chance(chance: Chance) -> tuple[str, ...]:
    return (*_odds(chance.fair), *_odds(chance.restricted))


def _k_of_v(chance: Chance) -> tuple[str, ...]:
    return (*_odds(chance.k_of_v), *["–"] * 3)


def _odds(odds: Odds) -> tuple[str, ...]:
    return _small(odds.top1), _small(odds.top5), "–"


def _small(value: float) -> str:
    return share(value) if value == 0 or value >= 0.0005 else f"{value:.1e}".replace("e-0", "e−")


def _accuracy_notes(result: AnalogyResult) -> Iterator[str]:
    inputs = "a, b and c as answers" if result.asked_by == "question" else "c, the only input"
    yield (
        f"Published scores are mostly restricted: they forbid {inputs}. "
        "Intervals are 95 %, from resampling word pairs"
        f"{' (over draws for the control)' if result.control is not None else ''}."
    )
    helps = result.baselines.helps if result.baselines is not None else None
    if helps is not None:
        bounds = interval(helps.ci, "percent")
        yield (
            f"The offset brings y nearer to d than c already is in {percent(helps.value)} "
            f"of the questions{f' ({bounds})' if bounds else ''}."
        )
    better = [
        name
        for name, scores in _baselines(result)
        # The reversed question is another question, no simpler answer to this one.
        if scores is not (result.baselines and result.baselines.reversed)
        and scores.restricted.top1.value >= result.scores.restricted.top1.value
    ]
    if better:
        yield (
            f"In restricted top-1 a simpler question does as well or better: {', '.join(better)}."
        )
    null = result.null
    draws = f"permutation null, restricted top-1: p = {share(null.p)} ({null.draws:,} draws)"
    if result.control is not None:
        draws += (
            f"; second pair from another relation: {result.control.draws} draws, searched again, "
            f"p = {share(result.control.p_restricted.top1)} (restricted top-1) and "
            f"{share(result.control.p_fair.top5)} (fair top-5) that it does as well"
        )
    yield draws[0].upper() + draws[1:] + "."
    yield from result.notes
    if result.paper is not None:
        yield (
            f"Among question words: candidates are the set's own {result.paper.vocab.size:,} words "
            "(the protocol whose fair scores the original work prints)."
        )


def _landed(result: AnalogyResult) -> Table:
    landed = result.landed
    places = {
        "d, a right answer": landed.d,
        "c": landed.c,
        **({"b": landed.b, "a": landed.a} if result.asked_by == "question" else {}),
        "another word": landed.other,
    }
    return Table(
        "Where the nearest word of all landed (fair top answer)",
        (Column("", align="left"), Column("share"), Column("", align="left")),
        tuple(
            line(name, percent(value), Cell(bar=value), strong=name.startswith("d,"))
            for name, value in places.items()
        ),
    )


def _geometry(result: AnalogyResult) -> Table:
    rows: list[Row] = []
    angle, rho, companions = result.angle, result.rho, result.companions
    if angle is not None:
        rows += [
            _spread("angle of y and d, raw vectors (°)", angle.raw, degrees),
            _spread("angle of y and d, unit vectors (°)", angle.unit, degrees),
        ]
    if companions is not None:
        rows += [
            _spread("angle of c alone and d (°)", companions.angle_only_c, degrees),
            _spread("angle of y and another d (°)", companions.angle_random_d, degrees),
        ]
    if rho is not None:
        rows += [
            _spread("ρ of y and d, raw vectors", rho.raw, share, rule=True),
            _spread("ρ of y and d, unit vectors", rho.unit, share),
        ]
    if companions is not None:
        rows += [
            _spread("ρ of c alone and d", companions.rho_only_c, share),
            _spread("ρ after random rotations", companions.rho_rotated, share),
            _spread("ρ of y and another d", companions.rho_random_d, share),
            _spread("Pearson's r of y and d", companions.pearson, share),
        ]
    notes = [
        "ρ, across dimensions, depends on the basis, and raw angles on the common mean: "
        "neither ranks tables."
    ]
    if result.method != "3cosadd":
        notes.insert(0, "y is b − a + c, whatever the method answers with.")
    if companions is not None and companions.auc is not None:
        notes.append(
            f"AUC, which does: P(cos(y, d) > cos(y, another d)) = {share(companions.auc)} "
            f"({interval(companions.auc_ci)})."
        )
    return Table(
        "Angles and rank correlations",
        (Column("", align="left"), Column("min"), Column("mean"), Column("max")),
        tuple(rows),
        tuple(notes),
    )


def _spread(
    name: str, spread: Spread | None, show: Callable[[float | None], str], rule: bool = False
) -> Row:
    if spread is None:
        return line(name, "–", "–", "–", rule=rule)
    kind: Literal["share", "degrees"] = "degrees" if show is degrees else "share"
    mean = Cell(show(spread.mean), interval(spread.ci, kind))
    return line(name, show(spread.min), mean, show(spread.max), rule=rule)


def _curve(result: AnalogyResult) -> Table:
    return Table(
        "Restricted accuracy at smaller vocabularies",
        (Column("words"), Column("top-1"), Column("top-5"), Column("", align="left")),
        tuple(
            line(f"{point.size:,}", share(point.top1), share(point.top5), Cell(bar=point.top1))
            for point in result.vocabulary_curve
        ),
        (
            "Expected on a random vocabulary of that size that holds the answer, from the exact "
            "ranks; compare tables at equal size.",
        ),
    )
