"""From one number a question to the figures of a result."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from embarith import solvers, statistics
from embarith.experiments.analogy.asked import Asked
from embarith.result import (
    Accuracy,
    Control,
    Figure,
    Interval,
    Landed,
    Null,
    Scores,
    Spread,
    VocabularyPoint,
)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Sizes of the vocabulary curve, as far as the candidates reach; the last is their own number.
_SIZES = (10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000)


def pair(bounds: Floats) -> Interval | None:
    """Return the two ends as plain numbers, None where there is no interval."""
    return None if np.isnan(bounds).any() else (float(bounds[0]), float(bounds[1]))


def figure(values: Floats, bounds: Floats) -> Figure:
    """Sum and mean of one value a question, with its interval."""
    return Figure(
        count=float(values.sum()),
        value=float(values.mean()),
        ci=pair(bounds),
    )


def scores(values: Floats, bounds: Floats) -> Scores:
    """Scores out of six columns: top-1, top-5 and MRR, fair then restricted.

    Parameters
    ----------
    values : ndarray of float64, shape (n, 6)
    bounds : ndarray of float64, shape (6, 2)
    """
    six = [figure(values[:, i], bounds[i]) for i in range(6)]
    return Scores(fair=Accuracy(*six[:3]), restricted=Accuracy(*six[3:]))


def macro(values: Floats, relation: Ints, bounds: Floats) -> Scores:
    """Means over relations of the means over their questions; `count` is the sum of those means."""
    present, group = np.unique(relation, return_inverse=True)
    means = np.stack(
        [np.bincount(group, column) / np.bincount(group) for column in values.T], axis=1
    )
    assert len(means) == len(present)
    return scores(means, bounds)


def landed(asked: Asked, top: Ints) -> NDArray[np.str_]:
    """Name the part that every top answer plays: the first of d, c, b, a, or `other`."""
    right = (asked.gold == top[:, None]).any(axis=1) & (top >= 0)
    spelling = asked.spelling[top]
    parts = [right, spelling == asked.spelling[asked.c]]
    names = ["d", "c"]
    if not asked.by_pair:
        parts += [spelling == asked.spelling[asked.b], spelling == asked.spelling[asked.a]]
        names += ["b", "a"]
    return np.select(parts, names, default="other")


def landed_shares(parts: NDArray[np.str_]) -> Landed:
    """Share of every part."""
    return Landed(**{name: float((parts == name).mean()) for name in ("a", "b", "c", "d", "other")})


def chance(asked: Asked, size: int) -> dict[str, float]:
    """Give the expected score at 1 and 5 of a random ranking of `size` candidates, and k / |V|."""
    right = (asked.gold >= 0).sum(axis=1)
    found = {}
    for k in (1, 5):
        wrong = np.ones(len(right))
        for i in range(min(k, size)):
            wrong *= np.clip(size - right - i, 0, None) / (size - i)
        found[f"top{k}"] = float((1.0 - wrong).mean())
    return {**found, "1/|V|": 1.0 / size, "5/|V|": min(1.0, 5.0 / size)}


def null(permuted: statistics.PermutationNull, counts: Ints, relation: int | None = None) -> Null:
    """Share right under permuted gold answers, for one relation or over all."""
    one = slice(None) if relation is None else slice(relation, relation + 1)
    shares = permuted.null[one].sum(axis=0) / counts[one].sum()
    low, high = statistics.interval(shares)
    return Null(
        mean=float(shares.mean()),
        ci=(float(low), float(high)),
        p=permuted.p(relation),
        draws=len(shares),
    )


def control(means: Floats, questions: int) -> Control:
    """Mean and interval over the draws of random pairs."""
    bounds = statistics.interval(means.T)
    four = {
        name: Figure(
            count=float(means[:, i].mean() * questions),
            value=float(means[:, i].mean()),
            ci=pair(bounds[i]),
        )
        for name, i in (
            ("fair_top1", 0),
            ("fair_top5", 1),
            ("restricted_top1", 3),
            ("restricted_top5", 4),
        )
    }
    return Control(draws=len(means), **four)


def spread(values: Floats) -> Spread:
    """Minimum, maximum and mean."""
    return Spread(min=float(values.min()), max=float(values.max()), mean=float(values.mean()))


def vocabulary_curve(asked: Asked, ranks: solvers.Ranks, size: int) -> tuple[VocabularyPoint, ...]:
    """Give the restricted accuracy to expect on random vocabularies.

    The excluded inputs and the best right answer are in every vocabulary; the rest is drawn.
    """
    ordered = np.sort(asked.exclude, axis=1)
    excluded = ((np.diff(ordered, axis=1, prepend=-1) > 0) & (ordered >= 0)).sum(axis=1)
    sizes = sorted({*(s for s in _SIZES if int(excluded.max()) + 1 < s < size), size})
    points = []
    for v in sizes:
        credit = np.zeros((len(asked), 2))
        for out in np.unique(excluded).tolist():
            mine = excluded == out
            for column, k in enumerate((1, 5)):
                credit[mine, column] = statistics.vocabulary_credit(
                    ranks.above[mine],
                    ranks.tied[mine],
                    ranks.right[mine],
                    others=max(size - 1 - out, 0),
                    drawn=max(v - 1 - out, 0),
                    k=k,
                )
        top1, top5 = credit.mean(axis=0).tolist()
        points.append(VocabularyPoint(size=v, top1=top1, top5=top5))
    return tuple(points)


def holm(rows: Sequence[Null | None]) -> list[float | None]:
    """Adjust the relations' p values for their number."""
    adjusted = iter(statistics.holm(np.array([row.p for row in rows if row])).tolist())
    return [next(adjusted) if row else None for row in rows]
