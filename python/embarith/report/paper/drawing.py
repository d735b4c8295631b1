"""The figures of a run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from embarith.report import simat
from embarith.report.document import Block, Picture, percent
from embarith.report.paper.view import FEWEST, View
from embarith.result import PlaneResult, SimatResult
from embarith.result.paper import Paper

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing


def draw(paper: Paper) -> dict[str, Drawing]:
    """Draw the figures of a run, by the names of their files.

    Raises
    ------
    OptionError
        matplotlib is absent.
    """
    from embarith.report import figures

    view = View(paper, {})
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
    for one in view.all("simat"):
        if isinstance(one, SimatResult):
            made |= simat.draw(one)
    for one in view.all("simat-temperatures"):
        made["temperatures"] = figures.draw(one)
    return made


def transformed(view: View) -> Iterator[Block]:
    """Yield all that is said of SIMAT, with its figures."""
    drawn = {name: one for name, one in view.figures.items() if name.partition("-")[0] == "simat"}
    for one in view.all("simat"):
        if isinstance(one, SimatResult):
            yield from simat.blocks(one, drawn)


def pictures(view: View, kind: str) -> Iterator[Picture]:
    """Yield the figures of a kind, which the names of their files begin with."""
    from embarith.report import figures

    captions = {
        "offset": "Scores on the chosen questions with 95 % intervals, beside c alone, the "
        "permutation null and chance.",
        "vocabulary": "Accuracy on the extended set (reading: relation) by size of vocabulary, "
        "expected on random words, in closed form from exact ranks.",
        "extraction": "Accuracy by number of photographs a word, drawn with replacement, for three "
        "ways of pooling; bands are 95 % of the draws.",
        "temperatures": "SIMAT score and mean recall against τ, means over seeds with 95 % "
        "intervals; grey points are the seeds.",
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
