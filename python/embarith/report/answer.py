"""What is said about one question to one table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from embarith.report.document import Cell, Column, Row, Section, Table, line, share
from embarith.result import Answer, Candidate, Term


def sections(results: Sequence[Answer]) -> Iterator[Section]:
    """Yield one section an answer."""
    for result in results:
        yield Section(
            f"{' '.join(_signed(result.terms))} in {result.encoder} ({result.rows:,} words)",
            (_candidates(result),),
        )


def _signed(terms: Sequence[Term]) -> list[str]:
    texts = []
    for place, term in enumerate(terms):
        sign = "− " if term.weight < 0 else "+ " if place else ""
        size = "" if abs(term.weight) == 1 else f"{abs(term.weight):g}·"
        texts.append(f"{sign}{size}{term.label}")
    return texts


def _candidates(result: Answer) -> Table:
    terms = result.terms
    why = any(rank is not None for one in result.candidates for rank in one.ranks_alone)
    added = [column for column, term in enumerate(terms) if term.weight > 0]
    columns = [
        Column("#"),
        Column("word", align="left"),
        Column("cosine" if result.similarity == "cosine" else "ρ"),
    ]
    split = why and result.similarity == "cosine"
    if split:
        columns += [Column(sign, "cosine =") for sign in _signed(terms)]
    if why:
        columns += [Column(f"{terms[column].label} alone", "rank by") for column in added]
    else:
        columns.append(Column("", align="left"))
    rows: list[Row] = []
    place = 0
    for one in result.candidates:
        place += not one.is_input
        cells: list[str | Cell] = [
            "" if one.is_input else str(place),
            f"{one.label} (input)" if one.is_input else one.label,
            share(one.score),
        ]
        if why:
            cells += [share(part) for part in one.parts] if split else []
            cells += [_rank(one.ranks_alone[column]) for column in added]
        else:
            cells.append(Cell(bar=max(one.score, 0.0)))
        rows.append(line(*cells, strong=place == 1 and not one.is_input))
    return Table("", tuple(columns), tuple(rows), tuple(_notes(result, why, added)))


def _rank(rank: int | None) -> str:
    return "–" if rank is None else f"{rank:,}"


def _notes(result: Answer, why: bool, added: Sequence[int]) -> Iterator[str]:
    nearest = result.nearest
    answers = result.answers
    if nearest.is_input and answers and len(result.terms) > 1:
        yield (
            f"The nearest word of all is {nearest.label!r}, an input: "
            f"{answers[0].label!r} comes first only because inputs may not answer."
        )
    elif not nearest.is_input:
        yield f"The nearest word of all is {nearest.label!r}, no input: it answers by itself."
    if why and answers:
        yield from _shortcuts(result, answers[0], added)
    if result.similarity == "spearman":
        yield (
            "ρ is Spearman's, across dimensions; it depends on the basis and does not split into "
            "what each word adds."
        )
    if result.raw:
        yield "Raw vectors were added up, not unit vectors."


def _shortcuts(result: Answer, best: Candidate, added: Sequence[int]) -> Iterator[str]:
    ranks = [f"{best.ranks_alone[i]:,} by {result.terms[i].label!r}" for i in added]
    yield f"{best.label!r} ranks " + " and ".join(ranks) + " alone, inputs left out."
