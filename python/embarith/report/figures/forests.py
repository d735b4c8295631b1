"""Scores line by line, each with its interval, its null, c alone and chance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from embarith.errors import OptionError
from embarith.report.document import share
from embarith.report.figures.style import COLOURS, GREY, INK, blank, names
from embarith.result import (
    AnalogyResult,
    ChoiceResult,
    Figure,
    Interval,
    Result,
    SemEvalResult,
)

if TYPE_CHECKING:
    from matplotlib import figure as mpl
    from matplotlib.axes import Axes


@dataclass(frozen=True, slots=True)
class _Line:
    """A score and what it is held against."""

    name: str
    score: Figure
    only_c: Figure | None
    null: Interval | None
    chance: float | None


def draw(results: Sequence[Result]) -> mpl.Figure:
    """Draw a line a score, under the name of its result."""
    if not results:
        raise OptionError("no results to draw")
    groups = list(zip(_titles(results), (list(_lines(one)) for one in results), strict=True))
    count = sum(len(lines) + 1 for _, lines in groups)
    figure = blank(0.22 * count + 0.95)
    axes = figure.subplots()
    labels: list[tuple[int, str, bool]] = []
    for title, lines in groups:
        labels.append((len(labels), title, True))
        for line in lines:
            _draw(axes, len(labels), line)
            labels.append((len(labels), line.name, False))
    axes.set_yticks([row for row, _, _ in labels], [name for _, name, _ in labels])
    for text, (_, _, heading) in zip(axes.get_yticklabels(), labels, strict=True):
        text.set_fontweight("bold" if heading else "normal")
    for row, _, heading in labels:
        if heading and row:
            axes.axhline(row - 0.5, color="#dddddd", linewidth=0.6)
    axes.set_ylim(count - 0.4, -0.6)
    axes.set_xlim(left=0.0)
    axes.tick_params(axis="y", length=0, pad=7)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    axes.set_xlabel("share of questions right")
    figure.legend(handles=_legend(groups), loc="outside upper center", ncols=4)
    figure.set_label(_describe(groups))
    return figure


def _titles(results: Sequence[Result]) -> list[str]:
    scored = []
    for one in results:
        if not isinstance(one, AnalogyResult | SemEvalResult | ChoiceResult):
            raise OptionError(
                f"{one.schema} has no scores to draw; give analogy, semeval or choice results"
            )
        scored.append(one)
    titles = [f"{one.encoder.name} on {one.questions.name}" for one in scored]
    return titles if len(set(titles)) == len(titles) else names(scored)


def _lines(result: Result) -> Iterator[_Line]:
    if isinstance(result, AnalogyResult):
        alone = result.baselines.only_c if result.baselines else None
        for inputs, null in (("restricted", result.null.ci), ("fair", None)):
            scores, chance = getattr(result.scores, inputs), getattr(result.chance, inputs)
            only_c = getattr(alone, inputs).top1 if alone else None
            yield _Line(f"top-1, {inputs}", scores.top1, only_c, null, chance.top1)
            yield _Line(
                f"top-5, {inputs}",
                scores.top5,
                getattr(alone, inputs).top5 if alone else None,
                None,
                chance.top5,
            )
    elif isinstance(result, SemEvalResult):
        for name, scores in (("all pairs", result.all), ("covered pairs", result.covered)):
            if scores.maxdiff is not None:
                only_c = scores.maxdiff_only_c
                yield _Line(f"MaxDiff, {name}", scores.maxdiff, only_c, None, scores.chance)
    elif isinstance(result, ChoiceResult):
        for name, score in (
            ("PairDistance", result.pair_distance),
            ("cos(b − a + c, d)", result.offset),
        ):
            yield _Line(name, score, result.only_c, None, result.chance)


def _draw(axes: Axes, row: int, line: _Line) -> None:
    if line.null is not None:
        axes.plot(line.null, [row, row], **_NULL)
    if line.chance is not None:
        axes.plot([line.chance], [row], **_CHANCE)
    if line.only_c is not None:
        axes.plot([line.only_c.value], [row], **_ONLY_C)
    if line.score.ci is not None:
        axes.plot(line.score.ci, [row, row], color=COLOURS[0], linewidth=1.4, zorder=3)
    axes.plot([line.score.value], [row], **_SCORE)


_SCORE: dict[str, Any] = {
    "marker": "o",
    "color": COLOURS[0],
    "linestyle": "none",
    "clip_on": False,
    "zorder": 4,
}
_ONLY_C: dict[str, Any] = {
    "marker": "D",
    "markerfacecolor": "white",
    "markeredgecolor": COLOURS[1],
    "linestyle": "none",
    "clip_on": False,
    "zorder": 3,
}
_CHANCE: dict[str, Any] = {
    "marker": "|",
    "color": INK,
    "markersize": 8,
    "linestyle": "none",
    "zorder": 2,
}
_NULL: dict[str, Any] = {
    "color": GREY,
    "linewidth": 5,
    "alpha": 0.5,
    "solid_capstyle": "butt",
    "zorder": 1,
}


def _legend(groups: Sequence[tuple[str, Sequence[_Line]]]) -> list[Any]:
    from matplotlib.lines import Line2D

    lines = [line for _, some in groups for line in some]
    handles = [Line2D([], [], label="score, 95 % interval", **{**_SCORE, "linestyle": "solid"})]
    if any(line.only_c for line in lines):
        handles.append(Line2D([], [], label="c alone", **_ONLY_C))
    if any(line.null for line in lines):
        handles.append(Line2D([], [], label="permutation null, 95 %", **_NULL))
    return [*handles, Line2D([], [], label="chance", **_CHANCE)]


def _describe(groups: Sequence[tuple[str, Sequence[_Line]]]) -> str:
    said = [
        f"{title}: "
        + ", ".join(
            f"{line.name} {share(line.score.value)}"
            + (f" against {share(line.only_c.value)} of c alone" if line.only_c else "")
            for line in lines
        )
        for title, lines in groups
    ]
    return f"Scores with 95 % intervals beside c alone, null and chance. {'; '.join(said)}."
