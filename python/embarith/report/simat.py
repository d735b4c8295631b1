"""What is said about text-driven image transformation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby

from embarith.report.document import (
    Block,
    Cell,
    Column,
    Facts,
    Listing,
    Picture,
    Section,
    Table,
    line,
    percent,
    plural,
    share,
)
from embarith.report.facts import describe_table, missing_words
from embarith.result import (
    SimatFigure,
    SimatJudge,
    SimatPair,
    SimatResult,
    SimatScores,
    TransformResult,
)

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


def sections(results: Sequence[SimatResult]) -> Iterator[Section]:
    """Yield the comparison, where there are several results, and one section a result."""
    if len(results) > 1:
        yield Section("SIMAT compared", (_compared(results),))
    for result in results:
        heads = f" with {result.heads.name}" if result.heads else ""
        yield Section(
            f"{result.images.name} + {result.texts.name}{heads} on {result.questions.name}",
            tuple(_blocks(result)),
        )


def _blocks(result: SimatResult) -> Iterator[Block]:
    yield _facts(result)
    yield _scores(result)
    if len(result.curve) > 1:
        yield _curve(result)
    if result.pairs:
        yield _hardest(result)
        yield _listing(result.pairs)
    if result.examples:
        yield _examples(result)


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
    if len({(one.questions.sha256, one.questions.answered, one.split) for one in results}) > 1:
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
    chosen = (
        f"λ is that of the highest score on dev; the best over all queries of both splits is "
        f"{_points(_value(best.scores.all.all))} at λ = {best.lam:g}, chosen on the queries it is "
        "given on."
        if len(result.curve) > 1
        else "λ was given."
    )
    missing = [name for name in _FIELDS[1:] if getattr(result.scores, name) is None]
    none = f" No {' and no '.join(missing)} is changed (n = 0)." if missing else ""
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
            "with its value word. Intervals are 95 %, crossed bootstrap over photographs and word "
            f"pairs. {chosen}{none}",
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
    told = ", ".join(f"{plural(count, 'pair')} of {field}s" for field, count in counts.items())
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
        (f"Not weighted; pairs of {FEWEST} queries or more, of {told}.",),
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


def _examples(result: SimatResult) -> Listing:
    rows = []
    for _, group in groupby(result.examples, key=lambda one: one.field):
        for one in group:
            answers = "; ".join(
                f"{image} ({'right' if right else 'wrong'}, {share(score)})"
                for image, score, right in zip(one.retrieved, one.scores, one.right, strict=True)
            )
            outcome = "right" if one.right[0] else "wrong"
            change = f"{one.value} → {one.target}"
            rows.append((outcome, one.field, change, one.image, one.caption, answers))
    titles = ("outcome", "field", "change", "photograph", "target caption", "retrieved")
    return Listing(
        f"Examples at λ = {result.lam:g}",
        tuple(Column(title, align="left") for title in titles),
        tuple(rows),
        "Drawn at random, some of every field and outcome, with the cosines of the answers.",
    )


# -- one query ---------------------------------------------------------------------------------


def transformed(results: Sequence[TransformResult]) -> Iterator[Section]:
    """Yield one section a transformed photograph."""
    for result in results:
        blocks: list[Block] = []
        if result.thumbnail or any(one.thumbnail for one in result.retrieved):
            blocks.append(_gallery(result))
        blocks.append(_answers(result))
        yield Section(f"{result.image}: {result.value} → {result.target}", tuple(blocks))


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


_TILE, _CAPTION = 140, 34


def _gallery(result: TransformResult) -> Picture:
    tiles = [(result.thumbnail, result.image, f"λ = {result.lam:g}")]
    tiles += [
        (one.thumbnail, "the photograph itself" if one.is_input else one.image, share(one.score))
        for one in result.retrieved
    ]
    parts = []
    for number, (thumbnail, name, told) in enumerate(tiles):
        x, y = number % 6 * _TILE, number // 6 * (_TILE + _CAPTION)
        if thumbnail:
            parts.append(
                f'<image x="{x + 4}" y="{y + 4}" width="{_TILE - 8}" height="{_TILE - 8}" '
                f'href="data:image/jpeg;base64,{thumbnail}"/>'
            )
        short = name if len(name) <= 22 else f"…{name[-21:]}"
        parts.append(f'<text x="{x + 4}" y="{y + _TILE + 8}">{escape(short)}</text>')
        parts.append(f'<text x="{x + 4}" y="{y + _TILE + 22}">{escape(told)}</text>')
    width, height = min(len(tiles), 6) * _TILE, -(-len(tiles) // 6) * (_TILE + _CAPTION)
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" font-family="sans-serif" font-size="11">{"".join(parts)}</svg>'
    )
    change = f"{result.value} → {result.target}"
    names = ", ".join(one.image for one in result.retrieved[:3])
    return Picture(
        "transformed",
        svg,
        f"{result.image}, {change}: the photograph, then those nearest to it after the change.",
        f"The photograph {result.image} and the nearest after {change}: {names}",
    )
