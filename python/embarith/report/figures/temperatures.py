"""SIMAT score against the temperature that heads were trained with, and by text encoder."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from embarith.report.figures.style import COLOURS, GREY, MARKERS, blank
from embarith.report.heads import told_apart
from embarith.report.text_encoders import NAMES, best_temperatures, called
from embarith.result import WAYS, HeadsResult, SimatFigure, TextEncoder, TextEncodersResult

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
    # With an edge, to be seen on the mean.
    seed: dict[str, Any] = {"marker": "o", "color": GREY, "markersize": 2.0}
    seed |= {"markeredgecolor": "white", "markeredgewidth": 0.4, "zorder": 3}
    for point in points:
        for one in point.trained:
            found = (*one.captions, *one.photographs)
            for axes, value in ((score, one.test), (recall, sum(found) / len(found))):
                axes.plot(point.temperature, value, **seed)
    score.set_title("SIMAT score on test")
    recall.set_title("mean recall on validation")
    score.set_ylabel("100 × weighted success")
    recall.set_ylabel("percent of queries")
    for axes in (score, recall):
        _temperature_axis(axes, x)
    intervals = ", with 95 % intervals" if result.draws else ""
    scores = ", ".join(f"{one.test.value:.1f} at {one.temperature:g}" for one in points)
    figure.set_label(
        f"SIMAT score on the test queries of {result.questions.name} and mean recall against the "
        f"temperature{intervals}: {scores}. {told_apart(result)}"
    )
    return figure


def _curve(axes: Axes, x: Sequence[float], figures: Sequence[SimatFigure], number: int) -> None:
    colour = COLOURS[number]
    low, high = zip(*(one.ci or (one.value, one.value) for one in figures), strict=True)
    axes.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0)
    if len(x) == 1:  # a band of no width
        axes.vlines(x, low, high, color=colour, alpha=0.45, linewidth=0.8)
    axes.plot(x, [one.value for one in figures], color=colour, marker=MARKERS[number])


def text_encoders(result: TextEncodersResult) -> Figure:
    """Draw the score against τ, a line a text encoder, a panel a way; ridge beside."""
    figure = blank(3.4)
    panels = figure.subplots(1, 2, sharey=True)
    x = [point.temperature for point in result.encoders[0].both.points]
    beyond = 4 * x[-1]
    # Side by side, for points that are nearly the same; all of one τ nearer to it than to the next.
    nearest = min((after / tau for tau, after in pairwise(x)), default=4.0)
    step = min(1.06, nearest ** (0.5 / len(result.encoders)))
    for axes, way in zip(panels, WAYS[1:], strict=True):
        ends = []
        for number, one in enumerate(result.encoders):
            study = one.frozen if way == "frozen" else one.both
            aside = step ** (number - (len(result.encoders) - 1) / 2)
            style: dict[str, Any] = {
                "color": COLOURS[number % len(COLOURS)],
                "marker": MARKERS[number % len(MARKERS)],
                "markerfacecolor": "white" if one.is_control else None,
                "linestyle": (0, (4, 2)) if one.is_control else "-",
            }
            places = [aside * tau for tau in x]
            _bars(axes, places, [point.test for point in study.points], style)
            if way == "frozen":
                _bars(axes, [aside * beyond], [one.ridge.test], style)
            ends.append((study.points[-1].test.value, one, style["color"]))
        axes.set_title(NAMES[way])
        _temperature_axis(axes, x)
        if way == "frozen":
            axes.set_xlim(right=2 * beyond)
            axes.set_xticks([*x, beyond], [*(f"{tau:g}" for tau in x), "ridge"])
            axes.minorticks_off()
        else:
            _name(axes, ends)
    panels[0].set_ylabel("SIMAT score on test, 100 × weighted success")
    intervals = ", with 95 % intervals" if result.draws else ""
    scores = "; ".join(
        f"{called(one)} {one.frozen.best_point.test.value:.1f} with the text frozen at "
        f"{one.frozen.best:g}, {one.both.best_point.test.value:.1f} with both heads trained at "
        f"{one.both.best:g}, {one.ridge.test.value:.1f} by ridge"
        for one in result.encoders
    )
    figure.set_label(
        f"SIMAT score on the test queries of {result.questions.name} against the temperature, a "
        f"line a text encoder{intervals}: {scores}. {best_temperatures(result)}"
    )
    return figure


def _bars(
    axes: Axes, x: Sequence[float], figures: Sequence[SimatFigure], style: dict[str, Any]
) -> None:
    values = [one.value for one in figures]
    low, high = zip(*(one.ci or (one.value, one.value) for one in figures), strict=True)
    axes.vlines(x, low, high, color=style["color"], alpha=0.45, linewidth=0.8)
    axes.plot(x, values, **style)


def _name(axes: Axes, ends: Sequence[tuple[float, TextEncoder, str]]) -> None:
    """Write the names beside the ends of lines, far enough apart to be read."""
    low, high = axes.get_ylim()
    step = (high - low) * 0.055
    place = -float("inf")
    for value, one, colour in sorted(ends, key=lambda end: end[0]):
        place = max(value, place + step)
        axes.annotate(
            called(one),
            (1.0, place),
            xycoords=("axes fraction", "data"),
            xytext=(4, 0),
            textcoords="offset points",
            color=colour,
            va="center",
            fontsize=7.5,
            annotation_clip=False,
        )


def _temperature_axis(axes: Axes, x: Sequence[float]) -> None:
    axes.set_ylim(bottom=0.0)
    axes.set_xscale("log")
    # One τ alone would have all the axis to be spread over.
    axes.set_xlim(x[0] / 2, 2 * x[-1])
    axes.set_xticks(x, [f"{tau:g}" for tau in x])
    axes.minorticks_off()
    axes.set_xlabel("τ")
    axes.grid(axis="y")
