"""Makers of what tests are about: one question, and parts of results with plain figures."""

from __future__ import annotations

import numpy as np

from embarith import result
from embarith.questions import AnalogySet
from embarith.result import Figure


def one(a: str, b: str, c: str, *gold: str) -> AnalogySet:
    """Return a set of one question."""
    return AnalogySet("one", "", ("r",), np.array([0]), (a,), (b,), (c,), (gold,))


def figure(value: float) -> Figure:
    return Figure(round(value * 1000, 3), value, (value - 0.01, value + 0.02))


def accuracy(value: float) -> result.Accuracy:
    return result.Accuracy(figure(value), figure(value + 0.1), figure(value + 0.05))


def scores(fair: float, restricted: float) -> result.Scores:
    return result.Scores(accuracy(fair), accuracy(restricted))


def spread(low: float, mean: float, high: float) -> result.Spread:
    return result.Spread(low, high, mean)


def chance(size: int) -> result.Chance:
    odds = result.Odds(1 / size, 5 / size)
    return result.Chance(odds, result.Odds(1 / (size - 3), 5 / (size - 3)), odds)


def relation(name: str, value: float) -> result.RelationRow:
    return result.RelationRow(
        name=name,
        category="syntactic",
        asked=60,
        answered=50,
        pairs=8,
        scores=scores(value / 4, value),
        only_c=scores(0.0, value / 3),
        null=result.Null(0.02, (0.0, 0.04), 0.004, 999),
        p_holm=0.008,
        angle_mean=41.25,
        angle_only_c_mean=45.5,
        rho_mean=0.55,
        rho_only_c_mean=0.45,
        auc=0.93,
        helps=0.31,
        parallelism=result.Parallelism(0.30, 0.02, 0.91, 0.5),
    )


def measured(value: float, null: float | None = None) -> result.Measured:
    ci = (round(value - 0.011, 3), round(value + 0.012, 3))
    if null is None:
        return result.Measured(value, ci)
    return result.Measured(value, ci, null, (null - 0.001, null + 0.002), 0.048)
