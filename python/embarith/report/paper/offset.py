"""Tables 1 to 3: vector offset, randomly chosen pairs, extended set."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from embarith.report import published
from embarith.report.document import Cell, Column, Row, Table, figure, line, percent, share
from embarith.report.paper.view import FEWEST, View, called, published_score, score, table_or_none

_READINGS = ("anchor", "chain", "relation")
_PAPER = "fair, among the questions' words"
_ASKED = {
    "offset": "paper's protocol, unit vectors",
    "standard": "standard protocol: inputs forbidden, all words",
}
_AMONG = {"offset": "among the words of the questions", "standard": "among all words"}
_SIMPLER = ("b alone", "b + c", "c − (b − a)", "reversed")


def chosen(view: View) -> Table | None:
    """Table 1: the chosen questions, as work 000 asks them."""
    rows: list[Row] = []
    chances: dict[tuple[int, float, float], list[str]] = {}
    for space, unit in view.each("offset"):
        raw = view.analogy("offset-raw", space)
        fair, count = unit.scores.fair, unit.questions.answered
        plain = raw.scores.fair if raw else None
        only_c = unit.baselines.only_c.fair if unit.baselines else None
        helps = unit.baselines.helps if unit.baselines else None
        rows.append(
            line(
                called(space, unit),
                score(plain.top1 if plain else None, count),
                score(plain.top5 if plain else None, count),
                score(fair.top1, count),
                score(fair.top5, count),
                score(only_c.top1 if only_c else None, count),
                score(only_c.top5 if only_c else None, count),
                figure(helps) if count >= FEWEST else Cell("–"),
                share(unit.null.p) if count >= FEWEST else "–",
            )
        )
        chance = (unit.vocab.size, unit.chance.fair.top1, unit.chance.fair.top5)
        chances.setdefault(chance, []).append(space.name)
    if not rows:
        return None
    for number, (name, known) in enumerate(published.OFFSET.items()):
        scores = [published_score(count, published.QUESTIONS) for count in (known.top1, known.top5)]
        cells: list[Cell | str] = [*scores, *scores, *["–"] * 4]
        rows.append(line(f"published: {name}", *cells, rule=number == 0))
    return Table(
        "Paper's protocol: inputs may answer, candidates are the words of the questions",
        (
            Column("space", align="left"),
            Column("top-1", "raw vectors"),
            Column("top-5", "raw vectors"),
            Column("top-1", "unit vectors"),
            Column("top-5", "unit vectors"),
            Column("top-1", "c alone"),
            Column("top-5", "c alone"),
            Column("offset helps"),
            Column("p"),
        ),
        tuple(rows),
        (
            *(
                f"Chance among {size} candidates: top-1 {share(top1)}, top-5 {share(top5)} "
                f"({', '.join(names)})."
                for (size, top1, top5), names in sorted(chances.items())
            ),
            "Share (count) and 95 % interval from resampling word pairs. 'Offset helps': share of "
            "questions whose y is nearer to d than c alone is. p: permutation null of restricted "
            "top-1. Counts alone where fewer than "
            f"{FEWEST} questions can be asked.",
            "The published figures are of other questions (50 chosen by hand, not printed), other "
            "photographs and, but for the architecture, other models: they are no target. The work "
            "says that normalising changed nothing.",
        ),
    )


def standard(view: View) -> Table | None:
    """Table 1 as questions are usually asked."""
    rows = []
    for space, result in view.each("standard"):
        scores, count = result.scores.restricted, result.questions.answered
        only_c = result.baselines.only_c.restricted if result.baselines else None
        control = result.control
        rows.append(
            line(
                called(space, result),
                f"{result.vocab.size:,}",
                score(scores.top1, count),
                score(scores.top5, count),
                score(only_c.top1 if only_c else None, count),
                score(only_c.top5 if only_c else None, count),
                figure(control.restricted_top1) if control and count >= FEWEST else "–",
                figure(control.restricted_top5) if control and count >= FEWEST else "–",
                share(result.chance.restricted.top5),
            )
        )
    return table_or_none(
        "Standard protocol: inputs forbidden, all words of the space are candidates",
        (
            Column("space", align="left"),
            Column("candidates"),
            Column("top-1"),
            Column("top-5"),
            Column("top-1", "c alone"),
            Column("top-5", "c alone"),
            Column("top-1", "random pairs"),
            Column("top-5", "random pairs"),
            Column("chance top-5"),
        ),
        rows,
        (
            "Spaces have vocabularies of their own here, so the rows do not compare; in the "
            "paper's protocol the candidates are the same for all that know them.",
        ),
    )


def beside(view: View, part: str, protocol: Literal["fair", "restricted"]) -> Iterator[Table]:
    """Yield what else is known of the chosen questions: simpler questions, landings, other means.

    Parameters
    ----------
    view : View
    part : {"offset", "standard"}
    protocol : {"fair", "restricted"}
        Of all scores but the landings, which are always fair.
    """
    simpler, landed, means = [], [], []
    for space, result in view.each(part):
        count, known = result.questions.answered, result.baselines
        every = (known.only_b, known.ignore_a, known.add_opposite, known.reversed) if known else ()
        found = [getattr(one, protocol) if one else None for one in every]
        cells = [getattr(one, top, None) for one in found for top in ("top1", "top5")]
        if cells:
            simpler.append(line(called(space, result), *(score(one, count) for one in cells)))
        if count < FEWEST:
            continue
        where, name = result.landed, called(space, result)
        macro, wrong = (getattr(one, protocol) for one in (result.macro, result.missing_as_wrong))
        parts = (where.a, where.b, where.c, where.d, where.other)
        landed.append(line(name, *map(percent, parts)))
        means.append(line(name, *map(figure, (macro.top1, macro.top5, wrong.top1, wrong.top5))))
    asked = _ASKED[part]
    tables = (
        table_or_none(
            f"Simpler questions ({asked})",
            (
                Column("space", align="left"),
                *(Column(top, name) for name in _SIMPLER for top in ("top-1", "top-5")),
            ),
            simpler,
            (
                "What the offset would be without one of its parts (Linzen 2016): b alone, b + c "
                "without a, c − (b − a) with the offset turned round; reversed asks b : a :: d : ? "
                "for c.",
            ),
        ),
        table_or_none(
            f"Which word y is nearest to, inputs allowed ({_AMONG[part]})",
            (
                Column("space", align="left"),
                *(Column(name) for name in ("a", "b", "c", "d, the answer", "another word")),
            ),
            landed,
            ("Share of the questions whose y = b − a + c has that word for its nearest.",),
        ),
        table_or_none(
            f"Other means of the scores ({asked})",
            (
                Column("space", align="left"),
                *(Column(top, "mean over relations") for top in ("top-1", "top-5")),
                *(Column(top, "missing as wrong") for top in ("top-1", "top-5")),
            ),
            means,
            (
                "'Mean over relations': every relation counts alike. 'Missing as wrong': of all "
                "questions, those that lack a word counted wrong.",
            ),
        ),
    )
    yield from (table for table in tables if table is not None)


def random_pairs(view: View) -> Table | None:
    """Table 2: second pairs of other relations."""
    rows = []
    draws = set()
    for space, result in view.each("offset"):
        control, count = result.control, result.questions.answered
        if control is None or count < FEWEST:
            continue
        draws.add(control.draws)
        fair = result.scores.fair
        rows.append(
            line(
                called(space, result),
                score(fair.top1, count),
                figure(control.fair_top1),
                share(control.p_fair.top1),
                score(fair.top5, count),
                figure(control.fair_top5),
                share(control.p_fair.top5),
            )
        )
    if not rows:
        return None
    for number, (name, known) in enumerate(published.RANDOM_PAIRS.items()):
        true = published.OFFSET[name]
        cells = []
        for mine, other in ((true.top1, known.top1), (true.top5, known.top5)):
            cells += [
                published_score(mine, published.QUESTIONS),
                published_score(other, published.QUESTIONS),
                Cell(share(_fisher(mine, other, published.QUESTIONS))),
            ]
        rows.append(line(f"published: {name}", *cells, rule=number == 0))
    return Table(
        "The second pair from another relation, searched again",
        (
            Column("space", align="left"),
            Column("true pairs", "top-1"),
            Column("random pairs", "top-1"),
            Column("p", "top-1"),
            Column("true pairs", "top-5"),
            Column("random pairs", "top-5"),
            Column("p", "top-5"),
        ),
        tuple(rows),
        (
            f"Paper's protocol, unit vectors. Random pairs: mean of {max(draws):,} draws and the "
            "range of 95 % of them; p: (1 + draws that score as high as the true pairs) / (draws + "
            "1). The published work drew once: its p is Fisher's exact test of the two counts.",
        ),
    )


def _fisher(first: int, second: int, questions: int) -> float:
    from scipy.stats import fisher_exact

    table = [[first, questions - first], [second, questions - second]]
    return float(fisher_exact(table).pvalue)


def extended(view: View) -> Table | None:
    """Table 3: thousands of questions of text, those that photographs can be asked of images."""
    rows = []
    for reading in _READINGS:
        for number, (space, result) in enumerate(view.each(f"extended-{reading}")):
            paper, count = result.paper, result.questions.answered
            if paper is None:
                continue
            only_c = paper.only_c.fair if paper.only_c else None
            helps = result.baselines.helps if result.baselines else None
            rows.append(
                line(
                    f"{reading}: {called(space, result)}",
                    f"{paper.vocab.size:,}",
                    score(paper.scores.fair.top1, count),
                    score(paper.scores.fair.top5, count),
                    score(only_c.top1 if only_c else None, count),
                    score(only_c.top5 if only_c else None, count),
                    share(paper.chance.fair.top5),
                    figure(helps) if count >= FEWEST else "–",
                    score(result.scores.restricted.top1, count),
                    share(result.null.p) if count >= FEWEST else "–",
                    rule=number == 0,
                )
            )
    if not rows:
        return None
    for number, (name, known) in enumerate(published.EXTENDED_SET.items()):
        scores = [published_score(count, published.EXTENDED) for count in (known.top1, known.top5)]
        cells: list[Cell | str] = ["–", *scores, *["–"] * 6]
        rows.append(line(f"published: {name}", *cells, rule=number == 0))
    return Table(
        "All rated pairs of SemEval-2012 Task 2 as questions, by every reading",
        (
            Column("reading: space", align="left"),
            Column("candidates", _PAPER),
            Column("top-1", _PAPER),
            Column("top-5", _PAPER),
            Column("c alone, top-1", _PAPER),
            Column("c alone, top-5", _PAPER),
            Column("chance, top-5", _PAPER),
            Column("offset helps"),
            Column("top-1", "restricted, all words"),
            Column("p", "restricted, all words"),
        ),
        tuple(rows),
        (
            "anchor: the first pair of the list against every other, the reading with the printed "
            "count and example; chain: neighbours in the list; relation: the first pair of each "
            "relation against its others, the only one whose questions keep to a relation. "
            "On the image side photographs that two words share leave both means, and a word keeps "
            "10 photographs or is left out.",
        ),
    )


def by_rating(view: View) -> Table | None:
    """Table 3 by whether people found the second pair a good example."""
    rows = []
    for space, result in view.each("extended-relation"):
        for number, (sign, rated) in enumerate((result.by_rating or {}).items()):
            only_c = rated.only_c.restricted if rated.only_c else None
            restricted = rated.scores.restricted
            rows.append(
                line(
                    f"{space.name}, rating {sign}",
                    f"{rated.answered:,}",
                    score(restricted.top1, rated.answered),
                    score(restricted.top5, rated.answered),
                    score(only_c.top1 if only_c else None, rated.answered),
                    score(only_c.top5 if only_c else None, rated.answered),
                    rule=number == 0,
                )
            )
    return table_or_none(
        "By the sign of the second pair's gold rating (reading: relation; restricted, all words)",
        (
            Column("", align="left"),
            Column("questions"),
            Column("top-1"),
            Column("top-5"),
            Column("top-1", "c alone"),
            Column("top-5", "c alone"),
        ),
        rows,
        (
            "A rating of 0 or less says that people found the pair no example of its relation: "
            "1,546 of the 3,218.",
        ),
    )
