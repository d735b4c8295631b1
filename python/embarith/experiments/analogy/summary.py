"""From one number a question to the figures of a result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embarith import solvers, statistics
from embarith.experiments.analogy.asked import Asked
from embarith.experiments.analogy.geometry import Geometry
from embarith.experiments.analogy.search import (
    FAIR_TOP1,
    FAIR_TOP5,
    RESTRICTED_TOP1,
    RESTRICTED_TOP5,
)
from embarith.result import (
    Accuracy,
    Baselines,
    Chance,
    Companions,
    Comparison,
    Control,
    Figure,
    Interval,
    Landed,
    Null,
    Odds,
    RawUnit,
    Scores,
    Spread,
    VocabularyPoint,
)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Sizes of the vocabulary curve, as far as the candidates reach; the last is their own number.
SIZES = (10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000)


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
    group = np.unique(relation, return_inverse=True)[1]
    sizes = np.bincount(group)
    means = np.stack([np.bincount(group, column) / sizes for column in values.T], axis=1)
    return scores(means, bounds)


@dataclass(frozen=True)
class Blocks:
    """Values of every question under several names, with one bootstrap for all of them.

    One, because figures that stand beside each other share the weights of every draw.

    Parameters
    ----------
    values : dict of str to ndarray of float64, shape (n, columns)
    boot : Bootstrap
        Of all columns side by side.
    relation : ndarray of int64, shape (n,)
    """

    values: dict[str, Floats]
    boot: statistics.Bootstrap
    relation: Ints

    def place(self, name: str) -> slice:
        """Return the columns of a name in `boot`."""
        before = list(self.values)[: list(self.values).index(name)]
        start = sum(self.values[one].shape[1] for one in before)
        return slice(start, start + self.values[name].shape[1])

    def scores(self, name: str) -> Scores:
        """Scores over all questions."""
        return scores(self.values[name], self.boot.micro[self.place(name)])

    def macro(self, name: str) -> Scores:
        """Scores as the mean over relations."""
        return macro(self.values[name], self.relation, self.boot.macro[self.place(name)])

    def of_relation(self, name: str, number: int) -> Scores:
        """Scores over the questions of one relation."""
        mine = self.values[name][self.relation == number]
        return scores(mine, self.boot.relations[number, self.place(name)])

    def known(self, name: str) -> Scores | None:
        """Scores over all questions, None where there is no such name."""
        return self.scores(name) if name in self.values else None

    def figure(self, name: str) -> Figure | None:
        """Figure of a name with one column, None where there is no such name."""
        if name not in self.values:
            return None
        return figure(self.values[name][:, 0], self.boot.micro[self.place(name)][0])


def baselines(blocks: Blocks) -> Baselines | None:
    """Scores of the simpler questions, where they were asked."""
    if "only-c" not in blocks.values:
        return None
    return Baselines(
        only_c=blocks.scores("only-c"),
        only_b=blocks.known("only-b"),
        ignore_a=blocks.known("ignore-a"),
        add_opposite=blocks.known("add-opposite"),
        reversed=blocks.known("reversed"),
        helps=blocks.figure("helps"),
    )


# What an interval is drawn for besides the scores; those with NaN among them have none.
GEOMETRY = (
    "angle_raw",
    "angle_unit",
    "rho_raw",
    "rho_unit",
    "pearson",
    "angle_only_c",
    "rho_only_c",
    "angle_random_d",
    "rho_random_d",
)


def geometry_values(found: Geometry) -> dict[str, Floats]:
    """Return the columns that intervals are drawn for."""
    columns = {name: getattr(found, name)[:, None] for name in GEOMETRY}
    return {name: column for name, column in columns.items() if not np.isnan(column).any()}


def raw_unit(found: Geometry, blocks: Blocks, name: str) -> RawUnit:
    """Spread of a quantity from raw and from unit vectors."""
    raw, unit = (_spread_of(found, blocks, f"{name}_{kind}") for kind in ("raw", "unit"))
    return RawUnit(raw=raw, unit=unit)


def _spread_of(found: Geometry, blocks: Blocks, name: str) -> Spread:
    """Spread of a column of the geometry, with its interval."""
    drawn = blocks.figure(name)
    return spread(getattr(found, name), drawn.ci if drawn else None)


def companions(found: Geometry, blocks: Blocks) -> Companions:
    """Return what stands beside angles and correlations."""
    auc = blocks.figure("auc")
    return Companions(
        pearson=_spread_of(found, blocks, "pearson"),
        rho_rotated=spread(found.rho_rotated),
        rho_rotated_questions=len(found.rho_rotated),
        rho_random_d=_spread_if_any(found, blocks, "rho_random_d"),
        angle_random_d=_spread_if_any(found, blocks, "angle_random_d"),
        angle_only_c=_spread_of(found, blocks, "angle_only_c"),
        rho_only_c=_spread_of(found, blocks, "rho_only_c"),
        auc=auc.value if auc else None,
        auc_ci=auc.ci if auc else None,
    )


def comparison(to: str, values: dict[str, Floats], boot: statistics.Bootstrap) -> Comparison:
    """Return the differences to another table, from those of every question."""
    differences = Blocks(values, boot, np.empty(0, np.int64))
    place = differences.place("main")

    def column(number: int) -> Figure:
        return figure(values["main"][:, number], boot.micro[place][number])

    return Comparison(
        to=to,
        fair_top1=column(FAIR_TOP1),
        restricted_top1=column(RESTRICTED_TOP1),
        auc=differences.figure("auc"),
    )


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


def chance(asked: Asked, size: int) -> Chance:
    """Give the expected scores of a random ranking of `size` candidates, and k over `size`."""
    right = (asked.gold >= 0).sum(axis=1)
    # The same rows stand in both lists where a right answer is an input, and repeat in neither.
    barred = (asked.gold[:, :, None] == asked.exclude[:, None, :]).any(axis=2) & (asked.gold >= 0)
    return Chance(
        fair=_odds(right, np.full(len(asked), size)),
        restricted=_odds(right - barred.sum(axis=1), size - excluded(asked)),
        k_of_v=Odds(1.0 / size, min(1.0, 5.0 / size)),
    )


def _odds(right: Ints, size: Ints) -> Odds:
    """Mean over questions of 1 - C(size - right, k) / C(size, k)."""
    found = []
    for k in (1, 5):
        wrong = np.ones(len(right))
        for i in range(k):
            wrong *= np.clip(size - right - i, 0, None) / np.maximum(size - i, 1)
        found.append(float((1.0 - wrong)[size > 0].sum() / len(right)))
    return Odds(*found)


def excluded(asked: Asked) -> Ints:
    """Count the distinct rows that restricted answers leave out, for every question."""
    ordered = np.sort(asked.exclude, axis=1)
    count: Ints = ((np.diff(ordered, axis=1, prepend=-1) > 0) & (ordered >= 0)).sum(axis=1)
    return count


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


def control(means: Floats, observed: Floats) -> Control:
    """Mean and interval over the draws of random pairs, and whether the true pairs do better.

    Parameters
    ----------
    means : ndarray of float64, shape (draws, 6)
    observed : ndarray of float64, shape (n, 6)
        Credits of the true questions.
    """
    bounds = statistics.interval(means.T)
    # Shares of whole questions, whose sums differ by rounding alone where they are equal.
    reached = means >= observed.mean(axis=0) - statistics.EQUAL
    p = (1 + reached.sum(axis=0)) / (len(means) + 1)
    four = {
        name: Figure(
            count=float(means[:, i].mean() * len(observed)),
            value=float(means[:, i].mean()),
            ci=pair(bounds[i]),
        )
        for name, i in (
            ("fair_top1", FAIR_TOP1),
            ("fair_top5", FAIR_TOP5),
            ("restricted_top1", RESTRICTED_TOP1),
            ("restricted_top5", RESTRICTED_TOP5),
        )
    }
    return Control(
        draws=len(means),
        **four,
        p_fair=Odds(float(p[FAIR_TOP1]), float(p[FAIR_TOP5])),
        p_restricted=Odds(float(p[RESTRICTED_TOP1]), float(p[RESTRICTED_TOP5])),
    )


def spread(values: Floats, ci: Interval | None = None) -> Spread:
    """Minimum, maximum and mean."""
    return Spread(float(values.min()), float(values.max()), float(values.mean()), ci)


def _spread_if_any(found: Geometry, blocks: Blocks, name: str) -> Spread | None:
    known = getattr(found, name)[~np.isnan(getattr(found, name))]
    if len(known) in (0, len(getattr(found, name))):
        return _spread_of(found, blocks, name) if len(known) else None
    return spread(known)


def vocabulary_curve(asked: Asked, ranks: solvers.Ranks, size: int) -> tuple[VocabularyPoint, ...]:
    """Give the restricted accuracy to expect on random vocabularies.

    The excluded inputs and the best right answer are in every vocabulary; the rest is drawn.
    """
    inputs = excluded(asked)
    sizes = sorted({*(s for s in SIZES if int(inputs.max()) + 1 < s < size), size})
    points = []
    for v in sizes:
        credit = np.zeros((len(asked), 2))
        for out in np.unique(inputs).tolist():
            mine = inputs == out
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
