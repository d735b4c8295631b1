"""The report of `embarith paper`: the tables of work 000, ours beside the published figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from statistics import fmean
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa

from embarith.report import additivity, extraction, geometry, published, similarity
from embarith.report.document import (
    Block,
    Cell,
    Column,
    Document,
    Facts,
    Listing,
    Picture,
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
from embarith.result import (
    AnalogyResult,
    Figure,
    IslandResult,
    PlaneResult,
    Result,
    SemEvalResult,
    SimilarityResult,
    Spread,
)
from embarith.result.paper import Paper, SpaceInfo

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

TITLE = "The arithmetic of embeddings"

# With fewer questions a share would claim more than it knows.
FEWEST = 20

_READINGS = ("anchor", "chain", "relation")


def document(paper: Paper, figures: Mapping[str, Drawing] | None = None) -> Document:
    """Say what the run found, in the order of work 000's tables.

    Parameters
    ----------
    paper : Paper
    figures : mapping of str to matplotlib.figure.Figure, optional
        Of `draw`.
    """
    view = _View(paper, figures or {})
    sections = [
        Section("What was measured", (*_spaces(view), _selection(view))),
        *_sections(
            "Table 1. Vector offset",
            _offset(view),
            *_pictures(view, "offset"),
            _standard(view),
            listing(paper, "offset", "Single questions, candidates the words of the questions"),
            listing(paper, "standard", "Single questions, candidates all words of a space"),
        ),
        *_sections("Table 2. Randomly chosen pairs", _random_pairs(view)),
        *_sections("Table 3. Extended set", _extended(view), _by_rating(view)),
        *_sections("Table 4. Three questions by name", _named(view)),
        *_sections("Table 5. Angles", _angles(view)),
        *_sections("Table 6. Spearman's ρ across dimensions", _rho(view)),
        *_sections("Figure 6. Photographs and words in the plane", *_pictures(view, "plane")),
        *_sections("Islands", *_islands(view), *_pictures(view, "vocabulary")),
        *_sections("Parallel offsets", _parallelism(view), _relations(view)),
        *_sections("How words lie", *_compared(geometry.sections, view.all("geometry"))),
        *_sections("Additivity", *_all_blocks(view, "additivity", additivity.sections)),
        *_sections(
            "Photographs a word",
            *_pictures(view, "extraction"),
            *_all_blocks(view, "extraction", extraction.sections),
        ),
        *_sections("Rated pairs", _semeval(view), *_similarity(view)),
        *_sections("Left out", _skipped(view)),
        Section("Methods", (_methods(view),)),
    ]
    return Document(tuple(sections))


def _sections(title: str, *blocks: Block | None) -> Iterator[Section]:
    """Yield a section of the blocks that there is something to say in."""
    known = tuple(one for one in blocks if one is not None)
    if known:
        yield Section(title, known)


@dataclass(frozen=True)
class _View:
    """A run by space."""

    paper: Paper
    figures: Mapping[str, Drawing]

    @property
    def spaces(self) -> tuple[SpaceInfo, ...]:
        return self.paper.manifest.spaces

    def analogy(self, part: str, space: SpaceInfo) -> AnalogyResult | None:
        """Return a space's result of a part, which may hold several spaces or this one alone."""
        for name in (part, f"{part}/{space.name}"):
            for one in self.paper.results.get(name, ()):
                if isinstance(one, AnalogyResult) and one.encoder.name == space.name:
                    return one
        return None

    def each(self, part: str) -> Iterator[tuple[SpaceInfo, AnalogyResult]]:
        """Yield the spaces that have a result of a part."""
        for space in self.spaces:
            result = self.analogy(part, space)
            if result is not None:
                yield space, result

    def all(self, part: str) -> list[Result]:
        """Return all results of a part, in the order of the spaces."""
        names = (part, *(f"{part}/{space.name}" for space in self.spaces))
        return [one for name in names for one in self.paper.results.get(name, ())]

    def alone(self, part: str, space: SpaceInfo) -> Result | None:
        """Return the one result of a part of one space."""
        found = self.paper.results.get(f"{part}/{space.name}", ())
        return found[0] if found else None


def _called(space: SpaceInfo, result: AnalogyResult) -> str:
    notes: list[str] = [space.side]
    if space.random_weights:
        notes.append("random weights")
    if result.questions.answered < result.questions.asked:
        notes.append(f"{result.questions.answered:,} of {result.questions.asked:,}")
    return f"{space.name} ({', '.join(notes)})"


def _score(one: Figure | None, questions: int) -> Cell:
    """Return count and share with interval; of few questions the count alone."""
    if one is None:
        return Cell("–")
    count = f"{one.count:.4g}"
    if questions < FEWEST:
        return Cell(f"{count}/{questions}")
    return Cell(f"{share(one.value)} ({count})", interval(one.ci))


# -- what was measured ----------------------------------------------------------------------------


def _spaces(view: _View) -> Iterator[Table]:
    rows = []
    for space in view.spaces:
        notes = []
        if space.random_weights:
            notes.append("random weights: proves that the tool runs, nothing about the model")
        if space.photographs:
            notes.append(
                f"mean of {space.photographs} photographs a word; words that share one with a "
                "word asked about are no candidates"
            )
        if space.left_out:
            notes.append(f"{plural(space.left_out, 'word')} left out")
        if space.untrained:
            notes.append(f"{space.untrained} untrained copies beside it")
        rows.append(
            line(
                space.name,
                space.side,
                space.encoder,
                f"{space.rows:,} × {space.dimensions:,}",
                space.licence or "unstated",
                "; ".join(notes),
            )
        )
    yield Table(
        "Embedding spaces",
        (
            *(Column(name, align="left") for name in ("space", "side", "origin")),
            Column("words × dimensions"),
            *(Column(name, align="left") for name in ("licence", "notes")),
        ),
        tuple(rows),
    )


def _selection(view: _View) -> Table:
    one = view.paper.manifest.selection
    return Table(
        f"The chosen questions ({one.name})",
        (Column("", align="left"), Column("")),
        (
            line("rated pairs of SemEval-2012 Task 2", f"{one.rated:,}"),
            line(f"of words with {one.photographs} photographs each", f"{one.pictured:,}"),
            line("of these rated 0 or less", f"{one.not_above_zero:,}"),
            line("of these with a photograph in common", f"{one.sharing:,}"),
            line("couples of a relation, rated above 0, four distinct words", f"{one.couples:,}"),
            line("no two of the words sharing a photograph", f"{one.apart:,}"),
            line("chosen questions", f"{one.questions:,}", strong=True),
            line("distinct pairs in them", f"{one.pairs:,}"),
        ),
        (
            f"The pictured pairs are of {one.relations} relations, the couples apart of "
            f"{one.apart_of}. {one.questions} questions of {one.pairs} pairs are no "
            f"{one.questions} independent observations: intervals resample pairs.",
        ),
    )


# -- tables 1 to 3 --------------------------------------------------------------------------------

_Sections = Callable[[list[Any]], Iterator[Section]]

_PAPER = "fair, among the questions' words"


def _offset(view: _View) -> Table | None:
    rows: list[Row] = []
    chances = set()
    for space, unit in view.each("offset"):
        raw = view.analogy("offset-raw", space)
        fair, count = unit.scores.fair, unit.questions.answered
        plain = raw.scores.fair if raw else None
        only_c = unit.baselines.only_c.fair if unit.baselines else None
        helps = unit.baselines.helps if unit.baselines else None
        rows.append(
            line(
                _called(space, unit),
                _score(plain.top1 if plain else None, count),
                _score(plain.top5 if plain else None, count),
                _score(fair.top1, count),
                _score(fair.top5, count),
                _score(only_c.top1 if only_c else None, count),
                _score(only_c.top5 if only_c else None, count),
                figure(helps) if count >= FEWEST else Cell("–"),
                share(unit.null.p) if count >= FEWEST else "–",
            )
        )
        chances.add((unit.vocab.size, unit.chance.fair.top1, unit.chance.fair.top5))
    if not rows:
        return None
    for number, (name, known) in enumerate(published.OFFSET.items()):
        scores = [_published(count, published.QUESTIONS) for count in (known.top1, known.top5)]
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
                f"Chance among {size} candidates: top-1 {share(top1)}, top-5 {share(top5)}."
                for size, top1, top5 in sorted(chances)
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


def _published(count: int, questions: int) -> Cell:
    return Cell(f"{share(count / questions)} ({count})")


def _standard(view: _View) -> Table | None:
    rows = []
    for space, result in view.each("standard"):
        scores, count = result.scores.restricted, result.questions.answered
        only_c = result.baselines.only_c.restricted if result.baselines else None
        control = result.control
        rows.append(
            line(
                _called(space, result),
                f"{result.vocab.size:,}",
                _score(scores.top1, count),
                _score(scores.top5, count),
                _score(only_c.top1 if only_c else None, count),
                _score(only_c.top5 if only_c else None, count),
                figure(control.restricted_top1) if control and count >= FEWEST else "–",
                figure(control.restricted_top5) if control and count >= FEWEST else "–",
                share(result.chance.restricted.top5),
            )
        )
    return _table_or_none(
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
            "Spaces have vocabularies of their own here, so the rows do not compare; the table "
            "above has the same candidates for all that know them.",
        ),
    )


def _random_pairs(view: _View) -> Table | None:
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
                _called(space, result),
                _score(fair.top1, count),
                figure(control.fair_top1),
                share(control.p_fair.top1),
                _score(fair.top5, count),
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
                _published(mine, published.QUESTIONS),
                _published(other, published.QUESTIONS),
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


def _extended(view: _View) -> Table | None:
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
                    f"{reading}: {_called(space, result)}",
                    f"{paper.vocab.size:,}",
                    _score(paper.scores.fair.top1, count),
                    _score(paper.scores.fair.top5, count),
                    _score(only_c.top1 if only_c else None, count),
                    _score(only_c.top5 if only_c else None, count),
                    share(paper.chance.fair.top5),
                    figure(helps) if count >= FEWEST else "–",
                    _score(result.scores.restricted.top1, count),
                    share(result.null.p) if count >= FEWEST else "–",
                    rule=number == 0,
                )
            )
    if not rows:
        return None
    for number, (name, known) in enumerate(published.EXTENDED_SET.items()):
        scores = [_published(count, published.EXTENDED) for count in (known.top1, known.top5)]
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


def _by_rating(view: _View) -> Table | None:
    rows = []
    for space, result in view.each("extended-relation"):
        for number, (sign, rated) in enumerate((result.by_rating or {}).items()):
            only_c = rated.only_c.restricted if rated.only_c else None
            restricted = rated.scores.restricted
            rows.append(
                line(
                    f"{space.name}, rating {sign}",
                    f"{rated.answered:,}",
                    _score(restricted.top1, rated.answered),
                    _score(restricted.top5, rated.answered),
                    _score(only_c.top1 if only_c else None, rated.answered),
                    _score(only_c.top5 if only_c else None, rated.answered),
                    rule=number == 0,
                )
            )
    return _table_or_none(
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


# -- tables 4 to 6 --------------------------------------------------------------------------------


def _named(view: _View) -> Table | None:
    rows: list[Row] = []
    for space in view.spaces:
        result = view.analogy("named", space)
        frame = _first(view.paper.details.get(f"named/{space.name}", ()))
        if result is None or frame is None:
            continue
        known = {row["relation"]: row for row in frame.to_pylist()}
        cells = []
        for question in published.NAMED:
            row = known.get(question)
            cells += (
                ["–", "–"]
                if row is None
                else [degrees(row["angle_raw"]), degrees(row["angle_unit"])]
            )
        rows.append(line(space.name, *cells))
    if not rows:
        return None
    for number, name in enumerate(("CLIP", "ResNet", "Word2Vec")):
        values = [f"{angles[name]:.1f}" for angles in published.NAMED.values()]
        cells = [cell for value in values for cell in (value, "–")]
        rows.append(line(f"published: {name}", *cells, rule=number == 0))
    return Table(
        "Angle of y = b − a + c and d (degrees)",
        (
            Column("space", align="left"),
            *(Column(kind, question) for question in published.NAMED for kind in ("raw", "unit")),
        ),
        tuple(rows),
        (*_unpictured(view), "The published ones do not say whether vectors were raw or unit."),
    )


def _unpictured(view: _View) -> Iterator[str]:
    missing = view.paper.manifest.selection.unpictured
    if missing and any(space.side == "image" for space in view.spaces):
        yield (
            f"On the image side these words have fewer than "
            f"{view.paper.manifest.selection.photographs} photographs: {', '.join(missing)}."
        )


def _angles(view: _View) -> Table | None:
    return _spreads(
        view,
        "Angle of y and d over the chosen questions (degrees)",
        (
            ("raw vectors", "offset", "angle.raw"),
            ("unit vectors", "offset", "angle.unit"),
            ("unit, centred", "offset-centred", "angle.unit"),
            ("c alone", "offset", "companions.angle_only_c"),
            ("y and another d", "offset", "companions.angle_random_d"),
        ),
        "angle.unit",
        degrees,
        published.ANGLES,
        (
            "A rotation leaves angles as they are. A common mean makes all of them small: centring "
            "(on the words of the questions) takes it away, and 'y and another d' is the angle to "
            "another question's answer. AUC, P(cos(y, d) > cos(y, another d)) on unit vectors, is "
            "free of it and may compare spaces. Of untrained copies the range of means over seeds "
            "stands below their mean.",
        ),
    )


def _rho(view: _View) -> Table | None:
    return _spreads(
        view,
        "Spearman's ρ of y and d across dimensions, over the chosen questions",
        (
            ("raw vectors", "offset", "rho.raw"),
            ("unit vectors", "offset", "rho.unit"),
            ("unit, centred", "offset-centred", "rho.unit"),
            ("Pearson's r", "offset", "companions.pearson"),
            ("ρ, randomly rotated", "offset", "companions.rho_rotated"),
            ("c alone", "offset", "companions.rho_only_c"),
            ("y and another d", "offset", "companions.rho_random_d"),
        ),
        "rho.unit",
        share,
        published.RHO,
        (
            "ρ across dimensions depends on the basis: the same space turned at random (mean of 20 "
            "rotations) has another, with every angle as it was. So it ranks no spaces, and no p "
            "value over dimensions is given.",
        ),
    )


def _spread(result: Result | None, where: str) -> Spread | None:
    """Return a spread of an analogy result by its place, such as ``angle.raw``."""
    outer, inner = where.split(".")
    found = getattr(getattr(result, outer, None), inner, None)
    return found if isinstance(found, Spread) else None


def _spreads(
    view: _View,
    title: str,
    kinds: Sequence[tuple[str, str, str]],
    untrained: str,
    show: Callable[[float | None], str],
    known: dict[str, published.Span],
    notes: tuple[str, ...],
) -> Table | None:
    rows: list[Row] = []
    for space in view.spaces:
        first = True
        for name, part, where in kinds:
            result = view.analogy(part, space)
            spread = _spread(result, where)
            if result is None or spread is None or result.questions.answered < FEWEST:
                continue
            auc = Cell("")
            if part == "offset" and where.endswith(".unit") and result.companions is not None:
                auc = Cell(share(result.companions.auc), interval(result.companions.auc_ci))
            label = f"{_called(space, result)}: {name}" if first else name
            kind: Literal["share", "degrees"] = "degrees" if show is degrees else "share"
            mean = Cell(show(spread.mean), interval(spread.ci, kind))
            ends = map(show, (spread.min, spread.max))
            rows.append(line(label, *ends, mean, auc, strong=first, rule=first))
            first = False
        copies = view.paper.results.get(f"untrained/{space.name}", ())
        if copies:
            rows.append(_untrained(copies, untrained, show))
    if not rows:
        return None
    for number, (name, span) in enumerate(known.items()):
        values = map(show, (span.min, span.max, span.mean))
        rows.append(line(f"published: {name}", *values, "–", rule=number == 0))
    return Table(
        title,
        (
            Column("space", align="left"),
            Column("min"),
            Column("max"),
            Column("mean"),
            Column("AUC"),
        ),
        tuple(rows),
        notes,
    )


def _untrained(copies: Sequence[Result], where: str, show: Callable[[float | None], str]) -> Row:
    """Return the spread over copies with random weights, and the range of their means."""
    spreads = [spread for one in copies if (spread := _spread(one, where)) is not None]
    means = sorted(spread.mean for spread in spreads)
    aucs = [
        one.companions.auc
        for one in copies
        if isinstance(one, AnalogyResult) and one.companions and one.companions.auc is not None
    ]
    return line(
        f"same architecture, untrained ({plural(len(spreads), 'seed')}), unit vectors",
        show(min(spread.min for spread in spreads)),
        show(max(spread.max for spread in spreads)),
        Cell(show(sum(means) / len(means)), f"{show(means[0])}–{show(means[-1])}"),
        Cell(share(sum(aucs) / len(aucs)), f"{share(min(aucs))}–{share(max(aucs))}")
        if aucs
        else "–",
    )


# -- figures --------------------------------------------------------------------------------------


def draw(paper: Paper) -> dict[str, Drawing]:
    """Draw the figures of a run, by the names of their files.

    Raises
    ------
    OptionError
        matplotlib is absent.
    """
    from embarith.report import figures

    view = _View(paper, {})
    made = {}
    offset = [one for _, one in view.each("offset") if one.questions.answered >= FEWEST]
    if offset:
        made["offset"] = figures.forest(offset)
    curves = [one for _, one in view.each("extended-relation") if one.questions.answered >= FEWEST]
    if curves:
        made["vocabulary"] = figures.draw(*curves)
    for one in view.all("extraction"):
        made["extraction"] = figures.draw(one)
    for number, one in enumerate(view.all("plane"), 1):
        made[f"plane-{number}"] = figures.draw(one)
    return made


def _pictures(view: _View, kind: str) -> Iterator[Picture]:
    from embarith.report import figures

    captions = {
        "offset": "Scores on the chosen questions with 95 % intervals, beside c alone, the "
        "permutation null and chance.",
        "vocabulary": "Accuracy on the extended set (reading: relation) by size of vocabulary, "
        "expected on random words, in closed form from exact ranks.",
        "extraction": "Accuracy by number of photographs a word, drawn with replacement, for three "
        "ways of pooling; bands are 95 % of the draws.",
    }
    planes = {f"plane-{number}": one for number, one in enumerate(view.all("plane"), 1)}
    for name, drawing in view.figures.items():
        if name.partition("-")[0] != kind:
            continue
        caption = captions.get(kind, "")
        plane = planes.get(name)
        if isinstance(plane, PlaneResult):
            caption = (
                f"{plane.encoder.name}: {plane.question}. First two principal components of the "
                f"unit vectors of the {plane.fitted_on}, {percent(sum(plane.variance))} of their "
                "variance."
            )
        yield Picture(name, figures.svg(drawing), caption, str(drawing.get_label()))


# -- islands, rated pairs, the rest ---------------------------------------------------------------


def _islands(view: _View) -> Iterator[Table | None]:
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
        yield _table_or_none(
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
        yield _table_or_none(
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


def _parallelism(view: _View) -> Table | None:
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
    return _table_or_none(
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
            "Fournier, Dupoux and Dunbar (2020): parallel offsets without any neighbourhood. "
            "Concordance is the mean cosine between offsets; consistency, the AUC of true offsets "
            "against shuffled pairings, is one half where the pairing does not matter.",
        ),
    )


def _relations(view: _View) -> Listing | None:
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


def _semeval(view: _View) -> Table | None:
    rows = []
    for space in view.spaces:
        one = view.alone("semeval", space)
        if isinstance(one, SemEvalResult):
            covered = one.covered
            measures = (covered.maxdiff, covered.rho, covered.maxdiff_only_c, covered.rho_only_c)
            tests = [row for row in one.relations if row.split == "test"]
            few = sum(row.rho_covered is not None for row in tests) < FEWEST
            rows.append(
                line(
                    space.name,
                    percent(one.coverage.share),
                    figure(one.all.maxdiff),
                    figure(one.all.rho),
                    *(Cell("–") if few else figure(value) for value in measures),
                )
            )
    return _table_or_none(
        "SemEval-2012 Task 2, 69 test relations",
        (
            Column("space", align="left"),
            Column("pairs covered"),
            Column("MaxDiff", "all: missing rated 0"),
            Column("ρ", "all: missing rated 0"),
            Column("MaxDiff", "covered"),
            Column("ρ", "covered"),
            Column("MaxDiff", "c alone, covered"),
            Column("ρ", "c alone, covered"),
        ),
        rows,
        (
            "Mean over relations; intervals are 95 %, from resampling relations. Covered figures "
            f"of fewer than {FEWEST} relations are not shown.",
        ),
    )


def _compared(sections: _Sections, results: list[Any]) -> Iterator[Block]:
    """Yield what a report says first of several results: how they compare."""
    for first in islice(sections(results), 1):
        for block in first.blocks:
            if isinstance(block, Table) and not block.title:
                yield replace(block, title=first.title)
            else:
                yield block


def _similarity(view: _View) -> Iterator[Block]:
    found = [one for one in view.all("similarity") if isinstance(one, SimilarityResult)]
    for name in dict.fromkeys(one.questions.name for one in found):
        yield from _compared(
            similarity.sections, [one for one in found if one.questions.name == name]
        )


def _all_blocks(view: _View, part: str, sections: _Sections) -> Iterator[Block]:
    """Yield all that a part's own report says."""
    for one in sections(view.all(part)):
        yield from one.blocks


def _skipped(view: _View) -> Table | None:
    rows = [line(part.name, part.skipped) for part in view.paper.manifest.parts if part.skipped]
    return _table_or_none(
        "Parts that could not be computed",
        (Column("part", align="left"), Column("reason", align="left")),
        rows,
        (),
    )


def _methods(view: _View) -> Facts:
    runs = [
        one.run for found in view.paper.results.values() for one in found if hasattr(one, "run")
    ]
    versions: dict[str, dict[str, None]] = {}
    for run in runs:
        for name, value in run.versions.items():
            versions.setdefault(name, {})[value] = None
    seconds = sum(run.seconds for run in runs)
    return Facts(
        (
            (
                "offset",
                "y = b − a + c in float64 from the stored float32; answer: the candidate of "
                "greatest cosine; equal scores go by row in lists and by expected credit in scores",
            ),
            (
                "intervals",
                "95 % percentile: crossed bootstrap over word pairs (Owen 2007); of SemEval over "
                "relations, of similarity and geometry over words, of additivity over rows and "
                "columns, of photographs a word over their draws",
            ),
            ("nulls", "gold answers permuted within relations; second pair from another relation"),
            ("seed", str(view.paper.manifest.seed)),
            (
                "search and statistics",
                f"{seconds:.0f} s in all, on the instruction sets "
                f"{', '.join(sorted({run.isa for run in runs}))}",
            ),
            (
                "versions",
                ", ".join(f"{name} {' and '.join(found)}" for name, found in versions.items()),
            ),
        )
    )


def _table_or_none(
    title: str, columns: Sequence[Column], rows: Sequence[Row], notes: tuple[str, ...]
) -> Table | None:
    return Table(title, tuple(columns), tuple(rows), notes) if rows else None


def _first(found: Sequence[pa.Table]) -> pa.Table | None:
    return found[0] if found else None


def listing(paper: Paper, part: str, title: str) -> Listing | None:
    """Return the single questions of a part, with where their answers landed."""
    rows = []
    for name, frames in paper.details.items():
        if name.partition("/")[0] != part:
            continue
        measured = [one for one in paper.results[name] if isinstance(one, AnalogyResult)]
        for result, frame in zip(measured, frames, strict=True):
            rows += [_question(result.encoder.name, row) for row in frame.to_pylist()]
    columns = (
        *(Column(name, align="left") for name in ("space", "relation", "question", "nearest five")),
        Column("landed", align="left"),
        Column("rank, fair"),
        Column("rank, restricted"),
        Column("angle °"),
        Column("ρ"),
    )
    return Listing(title, columns, tuple(rows)) if rows else None


def _question(space: str, row: dict[str, Any]) -> tuple[str, ...]:
    def rank(value: float | None) -> str:
        return "–" if value is None else f"{value:,.10g}"

    return (
        space,
        row["relation"],
        f"{row['a']}:{row['b']}::{row['c']}:{row['gold'][0]}",
        ", ".join(row["answers"][:5]),
        row["landed"],
        rank(row["rank_fair"]),
        rank(row["rank_restricted"]),
        degrees(row["angle_unit"]),
        share(row["rho_unit"]),
    )
