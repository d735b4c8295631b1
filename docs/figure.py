"""Draw the README's figure from a result: embarith analogy --json | python docs/figure.py."""

import sys
from pathlib import Path

import matplotlib as mpl
from matplotlib import pyplot as plt

from embarith.result import AnalogyResult, from_json

mpl.use("svg")
# Text as text, and the same bytes for the same result.
plt.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "embarith", "font.size": 11})

result = from_json(sys.stdin.readline())
assert isinstance(result, AnalogyResult)
assert result.baselines is not None
base = result.baselines
rows = [
    ("b − a + c", result.scores),
    ("b + c, without a", base.ignore_a),
    ("b alone", base.only_b),
    ("c alone", base.only_c),
    ("c − (b − a), the opposite", base.add_opposite),
]

figure, axes = plt.subplots(figsize=(8, 3.4), layout="constrained")
for offset, protocol, label, colour in (
    (-0.2, "restricted", "a, b, c forbidden as answers", "#b8c4d6"),
    (0.2, "fair", "any word may be the answer", "#1f4e8c"),
):
    figures = [getattr(scores, protocol).top1 for _, scores in rows]
    places = [row + offset for row in range(len(rows))]
    axes.barh(places, [one.value for one in figures], height=0.36, color=colour, label=label)
    for place, one in zip(places, figures, strict=True):
        if one.ci is not None:
            axes.plot(one.ci, [place, place], color="#333333", linewidth=1.2)
        right = max(one.value, one.ci[1] if one.ci else 0)
        axes.text(right + 0.008, place, f"{one.value:.3f}".lstrip("0"), va="center", fontsize=9)
axes.set_yticks(range(len(rows)), [name for name, _ in rows])
axes.invert_yaxis()
axes.set_xlabel("share of questions answered first (top-1), 95 % interval over pairs")
axes.spines[["top", "right"]].set_visible(False)
axes.legend(frameon=False, loc="lower right")
axes.set_title(
    f"{result.questions.answered:,} questions, {result.vocab.size:,} candidates", loc="left"
)
figure.savefig(Path(__file__).parent / "google.svg", metadata={"Date": None, "Creator": None})
