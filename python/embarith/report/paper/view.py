"""What the tables of a run share: its results by space, and how a score is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from embarith.report.document import Block, Cell, Column, Row, Section, Table, interval, share
from embarith.result import AnalogyResult, Figure, Result
from embarith.result.paper import Paper, SpaceInfo

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

# With fewer questions a share would claim more than it knows.
FEWEST = 20

Sections = Callable[[list[Any]], Iterator[Section]]


@dataclass(frozen=True)
class View:
    """A run by space.

    Parameters
    ----------
    paper : Paper
    figures : mapping of str to matplotlib.figure.Figure
        Of `draw`.
    """

    paper: Paper
    figures: Mapping[str, Drawing]

    @property
    def spaces(self) -> tuple[SpaceInfo, ...]:
        """The columns of the tables, in the order of the config."""
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
        """Return all results of an experiment, in the order of its parts."""
        results = self.paper.results
        return [one for name in results if name.partition("/")[0] == part for one in results[name]]

    def alone(self, part: str, space: SpaceInfo) -> Result | None:
        """Return the one result of a part of one space."""
        found = self.paper.results.get(f"{part}/{space.name}", ())
        return found[0] if found else None


def called(space: SpaceInfo, result: AnalogyResult) -> str:
    """Return the name of a space with what a reader must know of its row."""
    notes: list[str] = [space.side]
    if space.random_weights:
        notes.append("random weights")
    if result.questions.answered < result.questions.asked:
        notes.append(f"{result.questions.answered:,} of {result.questions.asked:,}")
    return f"{space.name} ({', '.join(notes)})"


def score(one: Figure | None, questions: int) -> Cell:
    """Return count and share with interval; of few questions the count alone."""
    if one is None:
        return Cell("–")
    count = f"{one.count:.4g}"
    if questions < FEWEST:
        return Cell(f"{count}/{questions}")
    return Cell(f"{share(one.value)} ({count})", interval(one.ci))


def published_score(count: int, questions: int) -> Cell:
    """Return a published count as ours are shown."""
    return Cell(f"{share(count / questions)} ({count})")


def table_or_none(
    title: str, columns: Sequence[Column], rows: Sequence[Row], notes: tuple[str, ...]
) -> Table | None:
    """Return a table, None where there is no row to show."""
    return Table(title, tuple(columns), tuple(rows), notes) if rows else None


def compared(sections: Sections, results: list[Any]) -> Iterator[Block]:
    """Yield what a report says first of several results: how they compare."""
    for first in islice(sections(results), 1):
        for block in first.blocks:
            if isinstance(block, Table) and not block.title:
                yield replace(block, title=first.title)
            else:
                yield block


def all_blocks(view: View, part: str, sections: Sections) -> Iterator[Block]:
    """Yield all that a part's own report says."""
    for one in sections(view.all(part)):
        yield from one.blocks
