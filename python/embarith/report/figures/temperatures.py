"""SIMAT score and recall against the temperature that heads were trained with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from embarith.report.figures.style import COLOURS, MARKERS, blank
from embarith.report.heads import told_apart
from embarith.result import HeadsResult, SimatFigure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def draw(result: HeadsResult) -> Figure:
    """Draw both against τ, with intervals, and every seed as a point."""
    figure = blank(2.7)
    score, recall = figure.subplots(1, 2)
    points = result.points
    x = [one.temperature for one in points]
    _curve(score, x, [one.test for one in points], 0)
    _curve(recall, x, [one.recall for one in points], 1)
    for point in points:
        for one in point.trained:
            found = (*one.captions, *one.photographs)
            for axes, value in ((score, one.test), (recall, sum(found) / len(found))):
                axes.plot(point.temperature, value, ".", color="#767676", markersize=2.5)
    score.set_title("SIMAT score on test")
    recall.set_title("mean recall on validation")
    score.set_ylabel("100 × weighted success")
    recall.set_ylabel("percent of queries")
    for axes in (score, recall):
        axes.set_ylim(bottom=0.0)
        axes.set_xscale("log")
        axes.set_xticks(x, [f"{tau:g}" for tau in x])
        axes.minorticks_off()
        axes.set_xlabel("τ")
        axes.grid(axis="y")
    scores = ", ".join(f"{one.test.value:.1f} at {one.temperature:g}" for one in points)
    figure.set_label(
        f"SIMAT score on the test queries of {result.questions.name} and mean recall against the "
        f"temperature, with 95 % intervals: {scores}. {told_apart(result)}"
    )
    return figure


def _curve(axes: Axes, x: Sequence[float], figures: Sequence[SimatFigure], number: int) -> None:
    colour = COLOURS[number]
    low, high = zip(*(one.ci or (one.value, one.value) for one in figures), strict=True)
    axes.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0)
    axes.plot(x, [one.value for one in figures], color=colour, marker=MARKERS[number])
