"""SIMAT scores: against λ beside the baselines, and by the pair of words that is changed."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from embarith.errors import OptionError
from embarith.report.figures.style import COLOURS, GREY, INK, MARKERS, WIDTH, blank
from embarith.report.simat import BASELINES, FEWEST
from embarith.result import SimatPair, SimatResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]

FIELDS = ("subject", "relation", "object")
MOST = 16
"""Words that a heat map shows."""

# Points: between the names of two lines.
_LEADING = 9.5


def curve(result: SimatResult) -> Figure:
    """Draw the score against λ, of all queries and by field, with intervals and baselines."""
    if len(result.curve) < 2:
        raise OptionError("one λ makes no curve: score several, such as --lambda 0:5:0.2")
    height = 3.5
    figure = blank(height)
    axes = figure.subplots()
    x = [point.lam for point in result.curve]
    top = 1.0
    for number, name in enumerate(("all", *FIELDS)):
        found = [getattr(getattr(one.scores, result.split), name) for one in result.curve]
        if any(one is None for one in found):
            continue
        low, high = zip(*(one.ci or (one.value, one.value) for one in found), strict=True)
        top = max(top, *high)
        axes.fill_between(x, low, high, color=COLOURS[number], alpha=0.12, linewidth=0)
        axes.plot(
            x,
            [one.value for one in found],
            color=COLOURS[number],
            marker=MARKERS[number],
            markersize=3,
            linewidth=1.8 if name == "all" else 1.0,
            zorder=3 if name == "all" else 2,
            label=f"{name} (n = {found[0].n:,})",
        )
    lines = {
        name: scores.all.value
        for name in BASELINES
        if (scores := getattr(result.baselines, name)) is not None and scores.all is not None
    }
    # What nothing comes near would leave the rest no room.
    top = 1.08 * max(top, *(value for name, value in lines.items() if name != "ceiling"))
    axes.set_ylim(0.0, min(top, 103.0))
    _baselines(axes, lines, 72 * (height - 0.9))
    axes.axvline(result.lam, color=GREY, linewidth=0.8, linestyle=(0, (1, 1.5)), zorder=1)
    axes.set_xlim(x[0], x[-1])
    axes.set_xlabel(f"λ; dotted: λ = {result.lam:g}, of the highest score on dev")
    axes.set_ylabel("100 × weighted success")
    axes.set_title(f"SIMAT score against λ, {result.split} queries of {result.questions.name}")
    axes.grid(axis="y")
    figure.legend(loc="outside lower center", ncols=4)
    figure.set_label(_describe(result, lines))
    return figure


def _baselines(axes: Axes, lines: dict[str, float], height: float) -> None:
    """Draw them as lines with their names beside, none over another; `height` is in points."""
    top = axes.get_ylim()[1]
    least = _LEADING * top / height
    place = -least
    for name, value in sorted(lines.items(), key=lambda one: one[1]):
        text = f"{BASELINES[name]} {value:.1f}"
        inside = value <= top
        if inside:
            axes.axhline(value, color=INK, linewidth=0.8, linestyle=(0, (4, 2)), zorder=1)
        place = max(place + least, min(value, top))
        axes.annotate(
            text if inside else f"{text} ↑",
            (1.0, min(value, top)),
            xytext=(1.03, place),
            xycoords=axes.get_yaxis_transform(),
            va="center",
            fontsize=7.5,
            arrowprops={"arrowstyle": "-", "linewidth": 0.5, "color": GREY} if inside else None,
        )


def _describe(result: SimatResult, lines: dict[str, float]) -> str:
    scores = [getattr(one.scores, result.split).all.value for one in result.curve]
    best = int(np.argmax(scores))
    intervals = ", with 95 % intervals" if result.draws else ""
    beside = ", ".join(f"{BASELINES[name]} {value:.1f}" for name, value in lines.items())
    return (
        f"SIMAT score of {result.images.name} + {result.texts.name} on the {result.split} queries "
        f"of {result.questions.name} against λ{intervals}: {scores[0]:.1f} at "
        f"λ = {result.curve[0].lam:g}, {scores[best]:.1f} at {result.curve[best].lam:g}, "
        f"{scores[-1]:.1f} at {result.curve[-1].lam:g}; beside it {beside}."
    )


def words(result: SimatResult, field: str) -> list[str]:
    """Return the words of a field's heat map: the `MOST` of the most queries, these first."""
    counts: Counter[str] = Counter()
    for pair in result.pairs:
        if pair.field == field:
            counts.update({pair.value: pair.n, pair.target: pair.n})
    return sorted(counts, key=lambda word: (-counts[word], word))[:MOST]


def pairs(result: SimatResult, field: str) -> Figure:
    """Draw the success of a field's word pairs, the word replaced by row, the new one by column."""
    from matplotlib.patches import Rectangle

    shown = words(result, field)
    mine = [one for one in result.pairs if one.field == field]
    if not mine:
        raise OptionError(f"no {result.split} query of {result.questions.name} changes a {field}")
    count = len(shown)
    place = {word: number for number, word in enumerate(shown)}
    # Behind a gap, the score of all queries with a word, of pairs that are not shown too.
    edges = np.array([*range(count + 1), count + 0.25, count + 1.25])
    cells: dict[tuple[int, int], list[SimatPair]] = {}
    for pair in mine:
        row, column = place.get(pair.value), place.get(pair.target)
        for at in ((row, column), (row, count + 1), (count + 1, column), (count + 1, count + 1)):
            if at[0] is not None and at[1] is not None:
                cells.setdefault((at[0], at[1]), []).append(pair)
    success = np.full((count + 2, count + 2), np.nan)
    for at, members in cells.items():
        success[at] = 100 * np.average(
            [one.success for one in members], weights=[one.weight for one in members]
        )
    side = min(0.75 * WIDTH / edges[-1], 0.5)
    figure = blank(side * edges[-1] + 1.35)
    axes = figure.subplots()
    mesh = axes.pcolormesh(
        edges,
        edges,
        np.ma.masked_invalid(success),
        cmap="cividis",
        vmin=0.0,
        vmax=100.0,
        edgecolors="white",
        linewidth=0.6,
    )
    for (row, column), members in cells.items():
        n = sum(one.n for one in members)
        colour = INK if success[row, column] > 50 else "white"
        x, y = (edges[at] + 0.5 for at in (column, row))
        written: dict[str, Any] = {"color": colour, "ha": "center"}
        if n < FEWEST:
            corner = (edges[column], edges[row])
            hatched: dict[str, Any] = {"hatch": "////", "edgecolor": colour, "alpha": 0.35}
            axes.add_patch(Rectangle(corner, 1, 1, fill=False, linewidth=0.0, **hatched))
        size = min(21 * side, 7.5)
        axes.text(x, y + 0.05, f"{success[row, column]:.0f}", fontsize=size, va="bottom", **written)
        axes.text(x, y + 0.1, f"{n:,}", fontsize=0.7 * size, va="top", **written)
    ticks, names = [*(edges[:count] + 0.5), edges[-2] + 0.5], [*shown, "all"]
    axes.set_xticks(ticks, names, rotation=45, ha="left", rotation_mode="anchor")
    axes.set_yticks(ticks, names)
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_aspect("equal")
    axes.invert_yaxis()
    axes.set_xlabel(f"new {field}")
    axes.set_ylabel(f"{field} replaced")
    total = len({word for one in mine for word in (one.value, one.target)})
    few = f"the {count} most asked of {total} words" if count < total else f"{count} words"
    axes.set_title(
        f"Success by {field}, λ = {result.lam:g}, {result.split} queries of "
        f"{result.questions.name}: {few}\nIn a cell percent, and below it queries; hatched: fewer "
        f"than {FEWEST} queries"
    )
    figure.colorbar(mesh, ax=axes, label="percent of queries that succeed", shrink=0.6)
    figure.set_label(_describe_pairs(result, field, shown, success))
    return figure


def _describe_pairs(result: SimatResult, field: str, shown: list[str], success: Floats) -> str:
    *by_word, _, whole = success[-1]
    found = [(one, word) for one, word in zip(by_word, shown, strict=True) if not np.isnan(one)]
    least, most = min(found), max(found)
    return (
        f"Success of the {result.split} queries of {result.questions.name} that change the "
        f"{field}, at λ = {result.lam:g}, by the word replaced and the new one: {whole:.0f} "
        f"percent in all, from {least[0]:.0f} with {least[1]} to {most[0]:.0f} with {most[1]} as "
        "the new word."
    )
