"""What was measured: spaces, chosen questions, what was left out, methods."""

from __future__ import annotations

from collections.abc import Iterator

from embarith.report import facts
from embarith.report.document import Column, Facts, Table, line, plural
from embarith.report.paper.view import FEWEST, View


def spaces(view: View) -> Iterator[Table]:
    """Say what each space is."""
    rows = []
    for space in view.spaces:
        notes = []
        if space.random_weights:
            notes.append("random weights")
        if space.photographs:
            notes.append(f"mean of {space.photographs} photographs a word")
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
        tuple(_explained(view)),
    )


def _explained(view: View) -> Iterator[str]:
    if any(space.random_weights for space in view.spaces):
        yield "Random weights prove that the tool runs, and nothing about the model."
    if any(space.photographs for space in view.spaces):
        yield "Words that share a photograph with a word asked about are no candidates."


def selection(view: View) -> Iterator[Table]:
    """Say how the chosen questions came about."""
    one = view.paper.manifest.selection
    if one is None:
        return
    yield Table(
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


def hardly_covered(view: View) -> dict[str, list[str]]:
    """Return the parts whose figures are of less than half of a set, by what is to be said."""
    parts: dict[str, list[str]] = {}
    for part, results in view.paper.results.items():
        for warning in filter(None, map(facts.hardly_covered, results)):
            parts.setdefault(warning, []).append(part)
    return parts


def warned(view: View) -> Facts | None:
    """Say which figures are of less than half of a set."""
    rows = tuple((", ".join(parts), warning) for warning, parts in hardly_covered(view).items())
    return Facts(rows) if rows else None


def left_out(view: View) -> Facts | None:
    """Say which parts could not be computed or are of too few questions, and why."""
    parts: dict[str, list[str]] = {}
    for part in view.paper.manifest.parts:
        if part.skipped:
            parts.setdefault(part.skipped, []).append(part.name)
    for space, result in view.each("offset"):
        few = f"{result.questions.answered} questions; fewer than {FEWEST} make no claim"
        for reason in result.notes if result.control is None else ():
            parts.setdefault(reason, []).append(f"random-pairs/{space.name}")
        if result.control is not None and result.questions.answered < FEWEST:
            parts.setdefault(few, []).append(f"random-pairs/{space.name}")
    rows = tuple((", ".join(names), reason) for reason, names in parts.items())
    return Facts(rows) if rows else None


def methods(view: View) -> Facts:
    """Say what all figures have in common."""
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
                "columns, of photographs a word over their draws, of SIMAT over photographs and "
                "word pairs",
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
