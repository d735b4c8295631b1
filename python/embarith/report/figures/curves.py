"""Curves: accuracy by number of photographs, and by size of the vocabulary."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from embarith.report.document import plural, share
from embarith.report.figures.style import COLOURS, GREY, INK, MARKERS, blank, names
from embarith.result import AnalogyResult, Drawn, ExtractionResult, ExtractionSeries

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_DASHED, _DOTTED = (0, (4, 2)), (0, (1, 1.5))
_SHARE = "share of questions"
# Title, unit, figure, and the same of c alone where there is one.
_PANELS = (
    ("top-1, fair", _SHARE, "fair_top1", ""),
    ("top-5, fair", _SHARE, "fair_top5", ""),
    ("angle of y and d", "degrees", "angle", "angle_only_c"),
    ("top-1, restricted", _SHARE, "restricted_top1", "only_c_top1"),
    ("top-5, restricted", _SHARE, "restricted_top5", "only_c_top5"),
    ("ρ of y and d", "Spearman's ρ", "rho", "rho_only_c"),
)


def extraction(result: ExtractionResult) -> Figure:
    """Draw every figure against the number of photographs, a block of panels a table."""
    from matplotlib.lines import Line2D

    figure = blank(3.9 * len(result.tables) + 0.45)
    blocks: Any = figure.subfigures(len(result.tables), 1, squeeze=False)[:, 0]
    pools = list(dict.fromkeys(one.pool for one in result.series))
    for name, block in zip(result.tables, blocks, strict=True):
        mine = [one for one in result.series if one.name == name]
        if len(result.tables) > 1:
            block.suptitle(name, fontweight="bold", fontsize=9, x=0.01, ha="left")
        panels = block.subplots(2, 3, sharex=True)
        # So that fair and restricted can be compared by eye.
        for top, bottom in panels.T[:2]:
            bottom.sharey(top)
        for axes, panel in zip(panels.flat, _PANELS, strict=True):
            _panel(axes, result, mine, *panel)
        for axes in panels[0, :2]:
            axes.set_ylim(bottom=0.0)
        block.supxlabel("photographs a word, drawn with replacement", fontsize=8)
    handles = [
        Line2D([], [], color=COLOURS[number], marker=MARKERS[number], label=pool)
        for number, pool in enumerate(pools)
    ]
    handles += [
        Line2D([], [], color=INK, linestyle=_DASHED, linewidth=0.8, label="c alone"),
        Line2D([], [], color=GREY, linestyle=_DOTTED, linewidth=0.8, label="chance"),
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles))
    figure.set_label(_describe_extraction(result))
    return figure


def _describe_extraction(result: ExtractionResult) -> str:
    parts = []
    for one in result.series:
        few, many = one.points[0], one.points[-1]
        parts.append(
            f"{one.name} pooled by {one.pool} from {share(few.restricted_top1.mean)} with "
            f"{plural(few.photographs, 'photograph')} a word to "
            f"{share(many.restricted_top1.mean)} with {many.photographs}"
        )
    return (
        f"Accuracy, angle and rank correlation against the number of photographs a word, with 95 % "
        f"intervals over {plural(result.draws, 'draw')}; restricted top-1 goes for "
        f"{'; for '.join(parts)}."
    )


def _panel(
    axes: Axes,
    result: ExtractionResult,
    series: Sequence[ExtractionSeries],
    title: str,
    unit: str,
    field: str,
    alone: str,
) -> None:
    for number, one in enumerate(series):
        # Side by side, for curves that are nearly the same.
        aside = 2 ** (0.09 * (number - (len(series) - 1) / 2))
        _curve(axes, one, field, alone, COLOURS[number], MARKERS[number], aside)
    axes.set_title(title)
    axes.set_ylabel(unit)
    axes.grid(axis="y")
    if unit == _SHARE:
        odds = result.chance.fair if "fair" in field else result.chance.restricted
        chance = odds.top1 if "top1" in field else odds.top5
        axes.axhline(chance, color=GREY, linewidth=0.8, linestyle=_DOTTED)
    counts = [point.photographs for point in series[0].points]
    axes.set_xscale("log", base=2)
    axes.set_xticks([*counts, _whole(counts)], [*map(str, counts), "all"])
    axes.tick_params(axis="x", labelsize=7)
    axes.minorticks_off()


def _curve(
    axes: Axes,
    series: ExtractionSeries,
    field: str,
    alone: str,
    colour: str,
    marker: str,
    aside: float,
) -> None:
    counts = [point.photographs for point in series.points]
    x = [count * aside for count in counts]
    found: list[Drawn] = [getattr(point, field) for point in series.points]
    low, high = zip(*(one.ci or (one.mean, one.mean) for one in found), strict=True)
    axes.fill_between(x, low, high, color=colour, alpha=0.13, linewidth=0)
    axes.plot(x, [one.mean for one in found], color=colour, marker=marker, markersize=3)
    every = getattr(series.every, field).mean
    axes.plot(_whole(counts) * aside, every, color=colour, marker=marker, markersize=4.5)
    if alone:
        means = [getattr(point, alone).mean for point in series.points]
        axes.plot(x, means, color=colour, linewidth=0.8, linestyle=_DASHED)
        every = getattr(series.every, alone).mean
        axes.plot(_whole(counts) * aside, every, color=colour, marker="_", markersize=7)


def _whole(counts: Sequence[int]) -> float:
    """Return where on the axis every photograph once stands, a step beyond the counts."""
    return max(counts) * 1.8


def vocabulary(results: Sequence[AnalogyResult]) -> Figure:
    """Draw restricted accuracy on random vocabularies of every size, all results together."""
    figure = blank(3.4 + 0.16 * len(results))
    axes = figure.subplots()
    called = names(results)
    sizes = sorted({point.size for one in results for point in one.vocabulary_curve})
    for number, (name, one) in enumerate(zip(called, results, strict=True)):
        x = [point.size for point in one.vocabulary_curve]
        colour, marker = COLOURS[number % len(COLOURS)], MARKERS[number % len(MARKERS)]
        for k, dashes in ((1, "solid"), (5, _DASHED)):
            axes.plot(
                x,
                [getattr(point, f"top{k}") for point in one.vocabulary_curve],
                color=colour,
                marker=marker,
                linestyle=dashes,
                markerfacecolor=colour if k == 1 else "white",
                label=f"{name}, top-{k}",
            )
    if sizes:
        grid = np.geomspace(sizes[0], sizes[-1], 100)
        axes.plot(grid, 1 / grid, color=GREY, linewidth=0.8, linestyle=_DOTTED, label="1 / words")
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.xaxis.set_minor_formatter("")
    axes.set_ylim(0.0, 1.03)
    axes.grid(axis="y")
    axes.set_xlabel("words of the vocabulary, drawn at random, the answer among them")
    axes.set_ylabel("share of questions answered, restricted")
    sets = " and ".join(dict.fromkeys(one.questions.name for one in results))
    axes.set_title(f"{sets}: accuracy by size of the vocabulary")
    figure.legend(loc="outside lower center", ncols=2)
    ends = [
        f"{name} from {share(one.vocabulary_curve[0].top1)} on "
        f"{one.vocabulary_curve[0].size:,} to {share(one.vocabulary_curve[-1].top1)} on "
        f"{one.vocabulary_curve[-1].size:,} words"
        for name, one in zip(called, results, strict=True)
        if one.vocabulary_curve
    ]
    figure.set_label(
        "Restricted accuracy falls as the vocabulary grows, on a logarithmic axis: top-1 of "
        f"{'; of '.join(ends)}."
    )
    return figure
