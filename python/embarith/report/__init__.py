"""Reports: results in, a terminal table, Markdown, LaTeX, CSV, HTML or JSON lines out.

A report is made from results alone, so that it can be drawn again, elsewhere and merged with
others, without searching again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from embarith.errors import OptionError, nearest
from embarith.report import (
    additivity,
    analogy,
    answer,
    choice,
    extraction,
    gap,
    geometry,
    heads,
    island,
    plane,
    semeval,
    simat,
    similarity,
    text_encoders,
)
from embarith.report.document import Document, Section
from embarith.result import (
    AdditivityResult,
    AnalogyResult,
    Answer,
    ChoiceResult,
    ExtractionResult,
    GapResult,
    GeometryResult,
    HeadsResult,
    IslandResult,
    PlaneResult,
    Result,
    SemEvalResult,
    SimatResult,
    SimilarityResult,
    TextEncodersResult,
    TransformResult,
)

FORMATS = ("terminal", "md", "latex", "csv", "html")


# In the order of a report.
_KINDS: tuple[tuple[type, Callable[..., Iterator[Section]]], ...] = (
    (AnalogyResult, analogy.sections),
    (SemEvalResult, semeval.sections),
    (SimilarityResult, similarity.sections),
    (ChoiceResult, choice.sections),
    (IslandResult, island.sections),
    (GeometryResult, geometry.sections),
    (GapResult, gap.sections),
    (AdditivityResult, additivity.sections),
    (ExtractionResult, extraction.sections),
    (PlaneResult, plane.sections),
    (SimatResult, simat.sections),
    (HeadsResult, heads.sections),
    (TextEncodersResult, text_encoders.sections),
    (TransformResult, simat.transformed),
    (Answer, answer.sections),
)


_DRAWN = (SimatResult, HeadsResult, TextEncodersResult)


def document(results: Sequence[Result], *, drawn: bool = False) -> Document:
    """Say what is to be said about results, several of a kind compared before the rest.

    Parameters
    ----------
    results : sequence of Result
    drawn : bool
        With the figures of SIMAT and of its heads.

    Raises
    ------
    OptionError
        matplotlib is absent, and there are figures to draw.
    """
    sections: list[Section] = []
    for kind, report in _KINDS:
        options = {"drawn": drawn} if kind in _DRAWN else {}
        sections += report([one for one in results if isinstance(one, kind)], **options)
    return Document(tuple(sections))


def render(results: Sequence[Result], format: str) -> str:  # noqa: A002
    """Render results as text.

    Parameters
    ----------
    results : sequence of Result
        Of one or several runs.
    format : {"terminal", "md", "latex", "csv", "html"}
        `terminal` is plain text of 100 columns; `csv` has a line a row of scores, unrounded.

    Raises
    ------
    OptionError
        An unknown format, or a page with figures where matplotlib is absent.
    """
    if format == "csv":
        from embarith.report import csv

        return csv.render(results)
    if format == "md":
        from embarith.report import markdown

        return markdown.render(document(results))
    if format == "latex":
        from embarith.report import latex

        return latex.render(document(results))
    if format == "html":
        from embarith.report import html

        return html.render(document(results, drawn=True))
    if format == "terminal":
        from embarith.report import terminal

        return terminal.render(document(results))
    known = ", ".join(FORMATS)
    raise OptionError(f"format {format!r} is none of {known}{nearest(format, FORMATS)}")
