"""What is said about multiple-choice results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from embarith.report.document import Column, Section, Table, figure, line, plural, share
from embarith.report.facts import facts
from embarith.result import ChoiceResult

# A share of fewer questions says nothing; SAT has hardly two of one group.
_LEAST = 10


def sections(results: Sequence[ChoiceResult]) -> Iterator[Section]:
    """Yield one section a result."""
    for result in results:
        yield Section(
            f"{result.encoder.name} on {result.questions.name}",
            (facts(result, "questions", "questions"), _choices(result)),
        )


def _choices(result: ChoiceResult) -> Table:
    rows = [
        line(
            "covered questions",
            *map(figure, (result.pair_distance, result.offset, result.only_c)),
            strong=True,
        )
    ]
    if result.questions.dropped:
        wrong = (
            result.pair_distance_missing_as_wrong,
            result.offset_missing_as_wrong,
            result.only_c_missing_as_wrong,
        )
        rows.append(line("missing counted wrong", *map(share, wrong)))
    rows.append(line("chance", *[share(result.chance)] * 3))
    groups = sorted(result.groups.items(), key=lambda item: -item[1].answered)
    shown = [(name, group) for name, group in groups if group.answered >= _LEAST]
    for number, (name, group) in enumerate(shown):
        cells = map(share, (group.pair_distance, group.offset, group.only_c))
        rows.append(line(f"{name} ({group.answered:,})", *cells, rule=number == 0))
    notes = [
        "Intervals are 95 %, from resampling questions, those that share a pair together; chance "
        "is the mean of 1/choices over the covered questions; cos(c, d) leaves the stem out."
    ]
    if len(shown) < len(groups):
        left = plural(len(groups) - len(shown), "group")
        notes.append(f"{left} of fewer than {_LEAST} answered questions not shown; JSON has all.")
    return Table(
        "Share of questions whose right pair scores highest",
        (
            Column("", align="left"),
            Column("PairDistance"),
            Column("cos(b − a + c, d)"),
            Column("cos(c, d)"),
        ),
        tuple(rows),
        tuple(notes),
    )
