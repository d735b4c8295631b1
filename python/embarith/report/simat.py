"""What is said about text-driven image transformation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from embarith.report.document import (
    Block,
    Cell,
    Column,
    Exhibit,
    Facts,
    Gallery,
    Listing,
    Picture,
    Section,
    Table,
    Tile,
    line,
    percent,
    plural,
    share,
)
from embarith.report.facts import describe_table, missing_words
from embarith.result import (
    SimatExample,
    SimatFigure,
    SimatJudge,
    SimatPair,
    SimatResult,
    SimatScores,
    TransformResult,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BASELINES = {
    "no_heads": "no heads",
    "unchanged": "no change (λ = 0)",
    "text_alone": "text alone",
    "target_caption": "target caption as query",
    "random": "random retrieval",
    "ceiling": "ceiling",
}
_FIELDS = ("all", "subject", "relation", "object")
# Word pairs that a table shows; JSON has all.
_PAIRS = 12
FEWEST = 10
"""Queries below which the success of a word pair says little."""


def sections(results: Sequence[SimatResult], *, drawn: bool = False) -> Iterator[Section]:
    """Yield the comparison, where there are several results, and one section a result."""
    if len(results) > 1:
        yield Section("SIMAT compared", (_compared(results),))
    for result in results:
        heads = f" with {result.heads.name}" if result.heads else ""
        yield Section(
            f"{result.images.name} + {result.texts.name}{heads} on {result.questions.name}",
            tuple(blocks(result, draw(result) if drawn else {})),
        )


def blocks(result: SimatResult, figures: Mapping[str, Figure]) -> Iterator[Block]:
    """Yield what is said of a result.

    Parameters
    ----------
    result : SimatResult
    figures : mapping of str to matplotlib.figure.Figure
        As `draw` returns them, or none.
    """
    yield _facts(result)
    yield _scores(result)
    yield from _pictures(result, figures)
    if len(result.curve) > 1:
        yield _curve(result)
    if any(pair.n >= FEWEST for pair in result.pairs):
        yield _hardest(result)
    if result.pairs:
        yield _listing(result.pairs)
    if result.examples:
        yield _examples(result)


def draw(result: SimatResult, name: str = "simat") -> dict[str, Figure]:
    """Draw the figures of a result, by the names of their files, which begin with `name`.

    Raises
    ------
    OptionError
        matplotlib is absent.
    """
    from embarith.report import figures

    made = {f"{name}-score": figures.draw(result)} if len(result.curve) > 1 else {}
    for field in dict.fromkeys(one.field for one in result.pairs):
        made[f"{name}-{field}"] = figures.word_pairs(result, field)
    return made


def _pictures(result: SimatResult, drawn: Mapping[str, Figure]) -> Iterator[Picture]:
    from embarith.report import figures

    for name, figure in drawn.items():
        shown = name.rpartition("-")[2]
        bands = (
            "bands are 95 % intervals, for each λ by itself, from the crossed bootstrap; "
            if result.draws
            else ""
        )
        caption = (
            f"SIMAT score on the {result.split} queries against λ; {bands}dashed lines are of all "
            "queries."
            if shown == "score"
            else f"Success by the {shown} replaced (rows) and the new one (columns), words in most "
            f"queries first. The margins are over all pairs of {shown}s, weighted as the score is; "
            "within a pair all queries weigh the same. White: no query asks for it."
        )
        yield Picture(name, figures.svg(figure), caption, str(figure.get_label()))


def _compared(results: Sequence[SimatResult]) -> Table:
    rows = tuple(
        line(
            f"{one.images.name} + {one.texts.name}",
            one.heads.name if one.heads else "–",
            f"{one.questions.name}, {one.split}",
            f"{one.lam:g}",
            _figure(one.scores.all),
            _figure(one.baselines.random.all),
        )
        for one in results
    )
    notes = []
    # The same words are missing where the same queries were asked, not the same number.
    if (
        len({(one.questions.sha256, frozenset(one.coverage.missing), one.split) for one in results})
        > 1
    ):
        notes.append("Not comparable: the queries differ.")
    if len({(one.judge.kind, one.judge.name) for one in results}) > 1:
        notes.append("Not comparable: what is right was judged in different ways.")
    return Table(
        "",
        (
            Column("tables", align="left"),
            Column("heads", align="left"),
            Column("queries", align="left"),
            Column("λ"),
            Column("score"),
            Column("random"),
        ),
        rows,
        tuple(notes),
    )


def _facts(result: SimatResult) -> Facts:
    asked, data = result.questions, result.data
    heads = ""
    if result.heads:
        temperature = result.heads.temperature
        told = f", τ = {temperature:g}" if temperature is not None else ""
        heads = f"{result.heads.name}{told}, sha256 {result.heads.sha256[:12]}"
    stale = f"dataset_id of {data.stale:,} queries is stale and was not read" if data.stale else ""
    rows = (
        ("photographs", describe_table(result.images)),
        ("texts", describe_table(result.texts)),
        ("heads", heads),
        ("made of", "; ".join(result.heads.steps) if result.heads else ""),
        (
            "queries",
            f"{asked.name}: {asked.asked:,} ({data.dev:,} dev, {data.test:,} test), "
            f"{asked.answered:,} covered ({percent(result.coverage.share)}); gallery of "
            f"{data.photographs:,} photographs",
        ),
        ("split", data.split),
        ("missing", missing_words(result.coverage.missing, "queries")),
        ("data", stale),
        ("right is", _judged(result.judge)),
        ("seed", str(result.seed)),
    )
    return Facts(tuple(row for row in rows if row[1]))


def _judged(judge: SimatJudge) -> str:
    if judge.kind == "triples":
        return "a photograph that carries the target triple"
    beside = (
        f"; agrees with the triples on {percent(judge.agreement)} of the answers, and calls "
        f"{percent(judge.own)} of the unchanged photographs right"
    )
    if judge.kind == "matrix":
        above = f"above {judge.threshold:g} in {judge.name}"
        return f"a similarity with the target caption {above}{beside}"
    return f"a photograph to which {judge.name} ranks the target caption first{beside}"


def _scores(result: SimatResult) -> Table:
    rows = [line(f"score at λ = {result.lam:g}", *_cells(result.scores, None), strong=True)]
    if result.missing_as_wrong is not None:
        rows.append(
            line("missing counted as failed", _points(result.missing_as_wrong), "", "", "", "")
        )
    for name, title in BASELINES.items():
        scores = getattr(result.baselines, name)
        if scores is not None:
            at = f", at its λ = {result.baselines.no_heads_lam:g}" if name == "no_heads" else ""
            gain = result.differences.get(name)
            rule = name in ("no_heads", "random")
            rows.append(line(title + at, *_cells(scores, gain), rule=rule))
    best = result.best
    told = "" if result.split == "test" else ", and these queries have a part in it"
    chosen = (
        f"λ is that of the highest score on dev{told}; the best over all queries of both splits is "
        f"{_points(_value(best.scores.all.all))} at λ = {best.lam:g}, chosen on the queries it is "
        "given on."
        if len(result.curve) > 1
        else "λ was given."
    )
    highest = max(point.lam for point in result.curve)
    if len(result.curve) > 1 and result.lam == highest:
        chosen += f" It is the highest tried, and perhaps too low: try beyond {highest:g}."
    missing = [name for name in _FIELDS[1:] if getattr(result.scores, name) is None]
    none = f" No {' and no '.join(missing)} is changed (n = 0)." if missing else ""
    if result.heads and result.baselines.no_heads is None:
        none += (
            f" Not scored without heads: {result.images.name} and {result.texts.name} are not one "
            "encoder, with one space."
        )
    intervals = (
        "Intervals are 95 %, crossed bootstrap over photographs and word pairs. "
        if result.draws
        else ""
    )
    return Table(
        f"SIMAT score, {result.split}",
        (
            Column("", align="left"),
            Column("all"),
            Column("score less this"),
            *(Column(name, "by the change") for name in _FIELDS[1:]),
        ),
        tuple(rows),
        (
            "100 × mean success, each query weighted by the inverse root of the number of queries "
            f"with its value word. {intervals}{chosen}{none}",
        ),
    )


def _cells(scores: SimatScores, gain: SimatFigure | None) -> list[Cell]:
    fields = [_figure(getattr(scores, name)) for name in _FIELDS[1:]]
    return [_figure(scores.all), _figure(gain, signed=True) if gain else Cell(), *fields]


def _figure(one: SimatFigure | None, *, signed: bool = False) -> Cell:
    if one is None:
        return Cell("n = 0")
    bounds = ""
    if one.ci:
        joint = " to " if one.ci[0] < 0 else "–"
        bounds = joint.join(map(_points, one.ci))
    text = _points(one.value)
    return Cell(f"+{text}" if signed and one.value > 0 else text, bounds)


def _alone(one: SimatFigure | None) -> str:
    return "n = 0" if one is None else _points(one.value)


def _points(value: float) -> str:
    """Return a score, 0 to 100, to two places, as the field prints it."""
    return f"{value:.2f}".replace("-", "−")


def _value(figure: SimatFigure | None) -> float:
    return 0.0 if figure is None else figure.value


def _curve(result: SimatResult) -> Table:
    top = max(_value(getattr(point.scores, result.split).all) for point in result.curve)
    rows = []
    for point in result.curve:
        mine = getattr(point.scores, result.split)
        rows.append(
            line(
                f"{point.lam:g}",
                *(
                    _figure(part.all) if name == result.split else _alone(part.all)
                    for name, part in (
                        ("dev", point.scores.dev),
                        ("test", point.scores.test),
                        ("all", point.scores.all),
                    )
                ),
                *(_alone(getattr(mine, name)) for name in _FIELDS[1:]),
                Cell(bar=_value(mine.all) / top if top else 0.0),
                strong=point.lam == result.lam,
            )
        )
    group = f"{result.split}, by the change"
    return Table(
        "Score against λ",
        (
            Column("λ", align="left"),
            Column("dev"),
            Column("test"),
            Column("both"),
            *(Column(name, group) for name in _FIELDS[1:]),
            Column("", align="left"),
        ),
        tuple(rows),
        (f"The bar is the score on {result.split}, of the highest.",),
    )


def _hardest(result: SimatResult) -> Table:
    enough = [pair for pair in result.pairs if pair.n >= FEWEST]
    ordered = sorted(enough, key=lambda pair: (-pair.success, -pair.n, pair.value, pair.target))
    shown = ordered[:_PAIRS] + ordered[max(_PAIRS, len(ordered) - _PAIRS) :]
    counts = Counter(pair.field for pair in result.pairs)
    told = " and ".join(f"{plural(count, 'pair')} of {field}s" for field, count in counts.items())
    return Table(
        "Word pairs that succeed most and least",
        (
            Column("change", align="left"),
            Column("field", align="left"),
            Column("queries"),
            Column("success"),
            Column("", align="left"),
        ),
        tuple(
            line(
                f"{pair.value} → {pair.target}",
                pair.field,
                f"{pair.n:,}",
                share(pair.success),
                Cell(bar=pair.success),
                rule=number == _PAIRS,
            )
            for number, pair in enumerate(shown)
        ),
        (f"Not weighted; those of {FEWEST} queries or more, among {told}.",),
    )


def _listing(pairs: Sequence[SimatPair]) -> Listing:
    return Listing(
        "All word pairs",
        (
            Column("field", align="left"),
            Column("value", align="left"),
            Column("target", align="left"),
            Column("queries"),
            Column("success"),
        ),
        tuple(
            (pair.field, pair.value, pair.target, str(pair.n), share(pair.success))
            for pair in pairs
        ),
    )


def _examples(result: SimatResult) -> Gallery:
    most = Counter((one.field, one.right[0]) for one in result.examples).most_common(1)[0][1]
    return Gallery(
        f"Examples at λ = {result.lam:g}",
        tuple(_exhibit(one, result.thumbnails) for one in result.examples),
        ("field", "word", "outcome"),
        f"{len(result.examples)} of {result.scores.all.n if result.scores.all else 0:,} queries, "
        f"drawn with seed {result.seed}, up to {most} of every field and outcome: the photograph, "
        "then the nearest to what was asked for, best first, with their cosines. A query succeeds "
        "where the first is right.",
    )


def _exhibit(one: SimatExample, thumbnails: Mapping[str, str]) -> Exhibit:
    answers = zip(one.retrieved, one.scores, one.right, strict=True)
    outcome = "right" if one.right[0] else "wrong"
    return Exhibit(
        f"{one.value} → {one.target}",
        f"{one.field}; target caption “{one.caption}”; {outcome}",
        Tile(one.image, "photograph", thumbnails.get(one.image, "")),
        tuple(
            Tile(image, share(score), thumbnails.get(image, ""), right)
            for image, score, right in answers
        ),
        ((one.field,), (one.value, one.target), (outcome,)),
    )


# -- one query ---------------------------------------------------------------------------------


def transformed(results: Sequence[TransformResult]) -> Iterator[Section]:
    """Yield one section a transformed photograph."""
    for result in results:
        answers = _answers(result)
        yield Section(
            f"{result.image}: {result.value} → {result.target}",
            (_gallery(result), answers) if result.thumbnails else (answers,),
        )


def _answers(result: TransformResult) -> Table:
    place = 0
    rows = []
    for one in result.retrieved:
        place += not one.is_input
        rows.append(
            line(
                "" if one.is_input else str(place),
                f"{one.image} (the photograph itself)" if one.is_input else one.image,
                share(one.score),
                Cell(bar=max(one.score, 0.0)),
                strong=place == 1 and not one.is_input,
            )
        )
    heads = f" after {result.heads}" if result.heads else ""
    return Table(
        "",
        (Column("#"), Column("photograph", align="left"), Column("cosine"), Column("")),
        tuple(rows),
        (
            f"Nearest to E({result.image}) + {result.lam:g}·(E({result.target}) − "
            f"E({result.value})) among the photographs of {result.images}, words of "
            f"{result.texts}{heads}; unit vectors.",
        ),
    )


def _gallery(result: TransformResult) -> Gallery:
    small = result.thumbnails
    answers = tuple(
        Tile(one.image, share(one.score), small.get(one.image, ""))
        for one in result.retrieved
        if not one.is_input
    )
    asked = Tile(result.image, f"λ = {result.lam:g}", small.get(result.image, ""))
    told = "The photograph, then the others nearest to it after the change, best first."
    return Gallery("", (Exhibit("", told, asked, answers),))
