"""What all figures look like: sizes for a printed page, colours and shapes that all can tell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from embarith.result import AnalogyResult, ChoiceResult, SemEvalResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Inches: the width of the text of a page.
WIDTH = 6.5
INK, GREY, LIGHT = "#222222", "#767676", "#cccccc"
# Okabe and Ito (2008), told apart by readers of every colour vision, and shapes beside them.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
STYLE: Any = {
    "font.family": "DejaVu Sans",  # comes with matplotlib, so that all machines draw alike
    "font.size": 8.0,
    "axes.titlesize": 8.5,
    "axes.titlelocation": "left",
    "axes.labelsize": 8.0,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "legend.fontsize": 7.5,
    "legend.frameon": False,
    "axes.linewidth": 0.6,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "lines.linewidth": 1.2,
    "lines.markersize": 4.0,
    "hatch.linewidth": 0.6,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.5,
    "axes.axisbelow": True,
    "figure.dpi": 100.0,
    "text.parse_math": False,  # a word may hold a dollar sign
    "svg.fonttype": "path",
    "svg.hashsalt": "embarith",
    "savefig.facecolor": "white",
}


def blank(height: float) -> Figure:
    """Return an empty figure of `height` inches and the width of a page."""
    from matplotlib.figure import Figure

    return Figure(figsize=(WIDTH, height), layout="constrained")


def names(results: Sequence[AnalogyResult | SemEvalResult | ChoiceResult]) -> list[str]:
    """Return what tells results apart: the table, and what else it takes."""
    parts: list[list[str]] = [
        [
            one.encoder.name,
            one.questions.name,
            f"{one.encoder.rows:,} × {one.encoder.dimensions}",
            one.method if isinstance(one, AnalogyResult) else "",
            f"{one.vocab.size:,} candidates" if isinstance(one, AnalogyResult) else "",
        ]
        for one in results
    ]
    for wanted in range(1, len(parts[0]) + 1):
        # A part that is the same everywhere tells nothing apart.
        found = [
            ", ".join(
                part
                for place, part in enumerate(mine[:wanted])
                if part and (not place or len({other[place] for other in parts}) > 1)
            )
            for mine in parts
        ]
        if len(set(found)) == len(found):
            break
    return found
