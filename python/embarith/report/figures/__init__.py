"""Figures: results in, pictures for papers and pages out, the same bytes for the same results.

They are drawn from results alone. Each carries what is to be seen on it in a sentence as its label
(`figure.get_label()`), which `save` writes into the file and `html` gives as alternative text.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from embarith.errors import OptionError
from embarith.files import replacing
from embarith.report.figures import curves, forests, planes, temperatures, transformations
from embarith.report.figures.style import STYLE
from embarith.result import (
    AnalogyResult,
    ExtractionResult,
    HeadsResult,
    PlaneResult,
    Result,
    SimatResult,
    TextEncodersResult,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = (".svg", ".png")
_DPI = 300


def draw(*results: Result) -> Figure:
    """Draw what a kind of result is best seen as.

    Parameters
    ----------
    *results : Result
        A question in the plane; accuracy by number of photographs; score and recall by temperature;
        the SIMAT score by λ; score by temperature with several text encoders; or one or several
        analogy results, whose accuracy at every size of vocabulary is drawn together.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    OptionError
        matplotlib is absent, the results are of several kinds, there is no figure of theirs, or a
        SIMAT score has one λ alone.
    """
    analogies = [one for one in results if isinstance(one, AnalogyResult)]
    if analogies and len(analogies) == len(results):
        return _styled(curves.vocabulary, analogies)
    if len(results) == 1 and isinstance(results[0], PlaneResult):
        return _styled(planes.draw, results[0])
    if len(results) == 1 and isinstance(results[0], ExtractionResult):
        return _styled(curves.extraction, results[0])
    if len(results) == 1 and isinstance(results[0], HeadsResult):
        return _styled(temperatures.draw, results[0])
    if len(results) == 1 and isinstance(results[0], SimatResult):
        return _styled(transformations.curve, results[0])
    if len(results) == 1 and isinstance(results[0], TextEncodersResult):
        return _styled(temperatures.text_encoders, results[0])
    kinds = ", ".join(one.schema for one in results) or "nothing"
    raise OptionError(
        f"no figure of {kinds}: give one embarith.plane/1, embarith.extraction/1, "
        "embarith.heads/1, embarith.simat/1 or embarith.text_encoders/1, or any number of "
        "embarith.analogy/1"
    )


def forest(results: Sequence[Result]) -> Figure:
    """Draw the scores of results line by line, with interval, null, c alone and chance.

    Parameters
    ----------
    results : sequence of AnalogyResult, SemEvalResult or ChoiceResult

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    OptionError
        matplotlib is absent, or a result has no such scores.
    """
    return _styled(forests.draw, results)


def word_pairs(result: SimatResult, field: str) -> Figure:
    """Draw the success of word pairs as a heat map: by row what is replaced, by column by what.

    Of a field with many words those in most queries are shown. The margins are over all pairs of
    the field and weighted as the score is; within a pair all queries weigh the same.

    Parameters
    ----------
    result : SimatResult
    field : {"subject", "relation", "object"}

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    OptionError
        matplotlib is absent, or no query changes this field.
    """
    return _styled(lambda one: transformations.pairs(one, field), result)


def save(figure: Figure, path: str | Path) -> None:
    """Write a figure as SVG or PNG by the name's ending; the file appears whole or not at all.

    Text is drawn as outlines, and no time is written, so that the same figure gives the same bytes
    wherever matplotlib is of the same version.

    Raises
    ------
    OptionError
        The name ends in something else.
    """
    ending = Path(path).suffix.lower()
    if ending not in FORMATS:
        raise OptionError(f"{path}: the name of a figure ends in {' or '.join(FORMATS)}")
    with replacing(path) as temporary:
        temporary.write_bytes(_encode(figure, ending.removeprefix(".")))


def html(figure: Figure) -> str:
    """Return a figure as an element of a page that loads nothing, with its alternative text."""
    data = base64.b64encode(_encode(figure, "svg")).decode()
    return (
        f'<img alt="{escape(str(figure.get_label()))}" style="max-width: 100%" '
        f'src="data:image/svg+xml;base64,{data}">'
    )


def svg(figure: Figure) -> str:
    """Return a figure as the text of an SVG file."""
    return _encode(figure, "svg").decode()


def _encode(figure: Figure, form: str) -> bytes:
    from matplotlib import rc_context

    metadata = {"Description": str(figure.get_label())}
    absent = ("Date", "Creator") if form == "svg" else ("Software",)
    data = io.BytesIO()
    with rc_context(STYLE):
        figure.savefig(data, format=form, dpi=_DPI, metadata={**metadata, **dict.fromkeys(absent)})
    return data.getvalue()


def _styled(make: Callable[[Any], Figure], results: Any) -> Figure:
    try:
        from matplotlib import rc_context
    except ImportError:
        raise OptionError("figures need matplotlib: pip install 'embarith[report]'") from None
    with rc_context(STYLE):
        return make(results)
