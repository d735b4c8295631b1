"""A question in the plane: photographs, words, the parallelogram, and the true distances."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import numpy as np

from embarith.report.document import degrees, percent, share
from embarith.report.figures.style import COLOURS, GREY, INK, LIGHT, MARKERS, WIDTH, blank
from embarith.result import PlanePhotograph, PlaneResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Point = tuple[float, float]
Box = tuple[float, float, float, float]

# Points: sides of thumbnails, and the share of the plane's area that they may cover.
_LEAST, _MOST, _COVER = 15.0, 30.0, 0.45
# Points: sizes of marks and of names.
_MARK, _TEXT = 10.0, 8.5


def draw(result: PlaneResult) -> Figure:
    """Draw the plane, and beside it how much of every distance it shows."""
    left, right, low, high = _limits(result)
    # Room for the plane beside its distances, in inches.
    across = 0.68 * WIDTH
    height = min(max(across * (high - low) / (right - left), 2.6), 6.0)
    figure = blank(height + 0.75)
    title = f"{result.question}, {result.encoder.name}"
    if len(result.distances) > 1:
        plane, beside = figure.subplots(1, 2, width_ratios=(3.2, 1))
        _distances(beside, result)
    else:
        plane, (only,) = figure.subplots(), result.distances
        title += (
            f"\ndistance {share(only.distance)} in all dimensions, {share(only.in_plane)} "
            "in the plane"
        )
    plane.set_aspect("equal")
    plane.set_xlim(left, right)
    plane.set_ylim(low, high)
    _photographs(plane, result, 72 * across, 72 * height)
    _arrows(plane, result)
    _words(plane, result, 72 * across / (right - left))
    first, second = result.variance
    plane.set_xlabel(f"first principal component ({percent(first)} of variance)")
    plane.set_ylabel(f"second principal component ({percent(second)})")
    plane.set_title(title)
    figure.set_label(describe(result))
    return figure


def describe(result: PlaneResult) -> str:
    """Say in a sentence or two what is to be seen."""
    words = ", ".join(word.word for word in result.words)
    shown = (
        f"{len(result.photographs)} photographs of {words} and the mean of each word"
        if result.photographs
        else f"The words {words}"
    )
    text = (
        f"{shown} in the plane of the first two principal components, "
        f"{percent(sum(result.variance))} of the variance."
    )
    y = result.offset
    if y is not None and y.angle is not None:
        text += (
            f" Arrows lead from a to b and, parallel, from c to y = b − a + c, which in all "
            f"dimensions is at {degrees(y.angle)}° to d; c alone is at {degrees(y.angle_only_c)}°."
        )
    elif y is not None:
        text += " Arrows lead from a to b and, parallel, from c to y = b − a + c."
    return text


def _limits(result: PlaneResult) -> tuple[float, float, float, float]:
    marks = [*_spots(result).values(), *((one.x, one.y) for one in result.photographs)]
    x, y = np.array(marks).T
    margin = (0.06 if result.photographs else 0.14) * max(np.ptp(x), np.ptp(y))
    return x.min() - margin, x.max() + margin, y.min() - margin, y.max() + margin


def _spots(result: PlaneResult) -> dict[str, Point]:
    spots = {str(word.place): (word.x, word.y) for word in result.words}
    if result.offset is not None:
        spots["y"] = (result.offset.x, result.offset.y)
    return spots


def _photographs(axes: Axes, result: PlaneResult, width: float, height: float) -> None:
    """Draw thumbnails, or points where there are none, of all words in turn."""
    if not result.photographs:
        return
    side = (_COVER * width * height / len(result.photographs)) ** 0.5
    side = min(max(side, _LEAST), _MOST)
    by_word = [
        [(place, one) for one in result.photographs if one.word == word.word]
        for place, word in enumerate(result.words)
    ]
    # In turn, so that no word covers another.
    for turn in zip_longest(*by_word):
        for entry in turn:
            if entry is not None:
                _photograph(axes, entry[1], COLOURS[entry[0]], MARKERS[entry[0]], side)


def _photograph(axes: Axes, one: PlanePhotograph, colour: str, marker: str, side: float) -> None:
    from matplotlib.offsetbox import AnnotationBbox, OffsetImage
    from matplotlib.transforms import ScaledTranslation
    from PIL import Image

    corner: Any = axes.transData
    if one.thumbnail:
        image = Image.open(io.BytesIO(base64.b64decode(one.thumbnail))).convert("RGB")
        zoom = side / max(image.size)
        box = AnnotationBbox(
            OffsetImage(np.asarray(image), zoom=zoom),
            (one.x, one.y),
            pad=0.0,
            bboxprops={"edgecolor": colour, "linewidth": 2.0, "boxstyle": "square,pad=0"},
        )
        box.set_zorder(2)
        axes.add_artist(box)
        dots = axes.figure.dpi_scale_trans
        across, up = (zoom * length / 144 for length in image.size)
        corner = corner + ScaledTranslation(-across, up, dots)
    axes.plot(
        one.x,
        one.y,
        marker=marker,
        markersize=5.0 if one.thumbnail else 4.5,
        markerfacecolor=colour,
        markeredgecolor="white",
        markeredgewidth=0.5,
        alpha=None if one.thumbnail else 0.75,
        transform=corner,
        zorder=2,
        linestyle="none",
    )


def _arrows(axes: Axes, result: PlaneResult) -> None:
    spots = _spots(result)
    _arrow(axes, spots["a"], spots["b"], "solid")
    if "y" in spots:
        _arrow(axes, spots["c"], spots["y"], "solid")
    if "d" in spots:
        _arrow(axes, spots["c"], spots["d"], (0, (3, 2)))


def _arrow(axes: Axes, start: Point, end: Point, dashes: Any) -> None:
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.patheffects import Normal, Stroke

    axes.add_patch(
        FancyArrowPatch(
            start,
            end,
            arrowstyle="-|>",
            mutation_scale=9,
            shrinkA=5,
            shrinkB=5,
            linewidth=1.4,
            linestyle=dashes,
            color=INK,
            zorder=3,
            path_effects=[Stroke(linewidth=3.6, foreground="white"), Normal()],
        )
    )


def _words(axes: Axes, result: PlaneResult, scale: float) -> None:
    """Draw the words and y with their names; `scale` is points a unit of the axes."""
    spots = _spots(result)
    names = {str(word.place): word.word for word in result.words} | {"y": "b − a + c"}
    taken = [_around(scale * x, scale * y, _MARK, _MARK) for x, y in spots.values()]
    for number, (place, spot) in enumerate(spots.items()):
        is_y = place == "y"
        axes.plot(
            *spot,
            marker="*" if is_y else MARKERS[number],
            markersize=_MARK + 3 if is_y else _MARK - 1,
            markerfacecolor=INK if is_y else COLOURS[number],
            markeredgecolor="white",
            markeredgewidth=1.2,
            zorder=4,
            linestyle="none",
        )
        text = f"{place}: {names[place]}"
        shift, box = _room(text, (scale * spot[0], scale * spot[1]), taken)
        taken.append(box)
        axes.annotate(
            text,
            spot,
            xytext=shift,
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=_TEXT,
            fontweight="bold",
            zorder=5,
            bbox={"facecolor": "white", "alpha": 0.85, "edgecolor": "none", "pad": 0.8},
        )


def _room(text: str, spot: Point, taken: Sequence[Box]) -> tuple[Point, Box]:
    """Return where beside a mark a name covers least of what is there, and what it takes up."""
    width, height = 0.68 * _TEXT * len(text), 1.4 * _TEXT
    up, across = (_MARK + height) / 2, (_MARK + width) / 2 + 1
    shifts = ((0.0, up), (0.0, -up), (across, 0.0), (-across, 0.0))
    boxes = [_around(spot[0] + x, spot[1] + y, width, height) for x, y in shifts]
    covered = [sum(_overlap(box, other) for other in taken) for box in boxes]
    best = covered.index(min(covered))
    return shifts[best], boxes[best]


def _around(x: float, y: float, width: float, height: float) -> Box:
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def _overlap(one: Box, other: Box) -> float:
    across = min(one[2], other[2]) - max(one[0], other[0])
    up = min(one[3], other[3]) - max(one[1], other[1])
    return max(across, 0.0) * max(up, 0.0)


def _distances(axes: Axes, result: PlaneResult) -> None:
    rows = sorted(result.distances, key=lambda one: -one.distance)
    for row, one in enumerate(rows):
        axes.plot([one.in_plane, one.distance], [row, row], color=LIGHT, linewidth=2.5, zorder=1)
    places = range(len(rows))
    axes.plot(
        [one.in_plane for one in rows],
        places,
        "o",
        markerfacecolor="white",
        markeredgecolor=GREY,
        label="in the plane",
    )
    axes.plot([one.distance for one in rows], places, "o", color=INK, label="in all dimensions")
    names = [f"{one.first}, {one.second}" for one in rows]
    axes.set_yticks(list(places), names)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_xlim(0.0, max(one.distance for one in rows) * 1.08)
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.grid(axis="x")
    axes.set_xlabel("distance (unit vectors)")
    axes.legend(loc="lower left", bbox_to_anchor=(-0.05, 1.0), handletextpad=0.2, borderaxespad=0.0)
