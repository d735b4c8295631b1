"""The report of `embarith paper`: the tables of work 000, ours beside the published figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from embarith.report import additivity, extraction, gap, geometry, heads
from embarith.report.document import Block, Document, Section
from embarith.report.paper import angles, islands, measured, offset, pairs
from embarith.report.paper.drawing import draw, pictures, transformed
from embarith.report.paper.singles import listing
from embarith.report.paper.view import View, all_blocks, compared
from embarith.result.paper import Paper

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

__all__ = ["TITLE", "document", "draw", "warnings"]

TITLE = "The arithmetic of embeddings"


def document(paper: Paper, figures: Mapping[str, Drawing] | None = None) -> Document:
    """Say what the run found, in the order of work 000's tables.

    Parameters
    ----------
    paper : Paper
    figures : mapping of str to matplotlib.figure.Figure, optional
        Of `draw`.
    """
    view = View(paper, figures or {})
    sections = [
        Section("What was measured", (*measured.spaces(view), *measured.selection(view))),
        *_sections(
            "Table 1. Vector offset",
            offset.chosen(view),
            *pictures(view, "offset"),
            *offset.beside(view, "offset", "fair"),
            offset.standard(view),
            *offset.beside(view, "standard", "restricted"),
            listing(paper, "offset", "Single questions, candidates the words of the questions"),
            listing(paper, "standard", "Single questions, candidates all words of a space"),
        ),
        *_sections("Table 2. Randomly chosen pairs", offset.random_pairs(view)),
        *_sections("Table 3. Extended set", offset.extended(view), offset.by_rating(view)),
        *_sections("Table 4. Three questions by name", angles.named(view)),
        *_sections("Table 5. Angles", angles.angles(view)),
        *_sections("Table 6. Spearman's ρ across dimensions", angles.rho(view)),
        *_sections("Figure 6. Photographs and words in the plane", *pictures(view, "plane")),
        *_sections("Islands", *islands.islands(view), *pictures(view, "vocabulary")),
        *_sections("Parallel offsets", islands.parallelism(view), islands.relations(view)),
        *_sections("How words lie", *compared(geometry.sections, view.all("geometry"))),
        *_sections("Gap between photographs and words", *all_blocks(view, "gap", gap.sections)),
        *_sections("Additivity", *all_blocks(view, "additivity", additivity.sections)),
        *_sections(
            "Photographs a word",
            *pictures(view, "extraction"),
            *all_blocks(view, "extraction", extraction.sections),
        ),
        *_sections("Rated pairs", pairs.semeval(view), pairs.similar(view)),
        *_sections("Text-driven transformation (SIMAT)", *transformed(view)),
        *_sections(
            "Temperature of the heads",
            *pictures(view, "temperatures"),
            *all_blocks(view, "simat-temperatures", heads.sections),
        ),
        *_sections("Hardly covered", measured.warned(view)),
        *_sections("Left out", measured.left_out(view)),
        Section("Methods", (measured.methods(view),)),
    ]
    return Document(tuple(sections))


def warnings(paper: Paper) -> list[str]:
    """Return what must be said of a run besides its report."""
    found = measured.hardly_covered(View(paper, {}))
    return [f"{', '.join(parts)}: {warning}" for warning, parts in found.items()]


def _sections(title: str, *blocks: Block | None) -> Iterator[Section]:
    """Yield a section of the blocks that there is something to say in."""
    known = tuple(one for one in blocks if one is not None)
    if known:
        yield Section(title, known)
