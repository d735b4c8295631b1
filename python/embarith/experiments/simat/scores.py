"""From the success of every query to the figures of a result."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from embarith import statistics
from embarith.errors import OptionError
from embarith.questions.simat import Simat
from embarith.questions.triples import FIELDS
from embarith.result import SimatFigure, SimatPair, SimatScores

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Measure:
    """Scores of columns of success over a set's queries, with intervals."""

    task: Simat
    draws: int
    seed: int

    def scores(self, columns: Floats, mask: Bools) -> list[SimatScores]:
        """Return the scores of every column over the queries of a mask."""
        empty = SimatScores(None, None, None, None)
        if not mask.any():
            return [empty] * columns.shape[1]
        task = self.task
        keep = np.flatnonzero(mask)
        columns, weights, field = columns[keep], task.weights[keep], task.field[keep]
        bounds = self._bounds(columns, weights, keep)
        parts = [np.ones(len(keep), bool), *(field == number for number in range(len(FIELDS)))]
        figures = [
            _figures(columns[part], weights[part], mine)
            for part, mine in zip(parts, bounds, strict=True)
        ]
        return [SimatScores(*mine) for mine in zip(*figures, strict=True)]

    def _bounds(self, columns: Floats, weights: Floats, keep: Ints) -> list[Floats]:
        none = np.full((columns.shape[1], 2), np.nan)
        if not self.draws:
            return [none] * (1 + len(FIELDS))
        task = self.task
        changes = [(task.field[i], task.value[i], task.target[i]) for i in keep]
        number = {change: place for place, change in enumerate(dict.fromkeys(changes))}
        pair = np.array([number[change] for change in changes], np.int64)
        photograph = np.unique(task.photograph[keep], return_inverse=True)[1]
        # The core wants groups that are numbered without a gap at the end.
        overall, groups = statistics.crossed_ratios(
            columns,
            weights,
            photograph,
            pair,
            task.field[keep],
            draws=self.draws,
            seed=self.seed,
        )
        return [overall, *groups, *[none] * (len(FIELDS) - len(groups))]


def _figures(columns: Floats, weights: Floats, bounds: Floats) -> list[SimatFigure | None]:
    """Return the score of every column, with its bounds where they are known."""
    if not len(columns):
        return [None] * columns.shape[1]
    values = 100 * np.average(columns, axis=0, weights=weights)
    return [
        SimatFigure(len(columns), value, None if np.isnan(low + high) else (low, high))
        for value, (low, high) in zip(values.tolist(), (100 * bounds).tolist(), strict=True)
    ]


def without_interval(scores: SimatScores) -> SimatScores:
    """Drop intervals of what is computed in closed form and not sampled."""
    fields = ("all", *FIELDS)
    figures = (getattr(scores, name) for name in fields)
    return SimatScores(*(one and replace(one, ci=None) for one in figures))


def test_scores(task: Simat, columns: Floats, draws: int, seed: int) -> list[SimatFigure]:
    """Return the scores of columns of success over the test queries, with intervals.

    Raises
    ------
    OptionError
        There are none.
    """
    if not task.is_test.any():
        raise OptionError(f"{task.name} has no test queries to report on")
    scores = Measure(task, draws, seed).scores(columns, task.is_test)
    return [one.all for one in scores if one.all is not None]


def missing_as_failed(task: Simat, known: Bools, success: Floats, mask: Bools) -> float | None:
    """Return the score over the queries of a mask where those not asked count as failed.

    Parameters
    ----------
    task : Simat
        All queries.
    known, mask : ndarray of bool, shape (n,)
        Those that were asked, and those to score.
    success : ndarray of float64
        Of those that were asked.

    Returns
    -------
    float or None
        None where all were asked.
    """
    if known.all():
        return None
    whole = np.zeros(len(task))
    whole[known] = success
    return 100 * float(np.average(whole[mask], weights=task.weights[mask]))


def by_pair(task: Simat, success: Floats, mask: Bools) -> tuple[SimatPair, ...]:
    """Return the success of every change of words among the queries of a mask."""
    found: dict[tuple[int, str, str], list[int]] = {}
    for i in np.flatnonzero(mask).tolist():
        change = int(task.field[i]), task.value[i], task.target[i]
        found.setdefault(change, []).append(i)
    weights = task.weights / task.weights[mask].sum()
    return tuple(
        SimatPair(
            FIELDS[field],
            value,
            target,
            len(each),
            float(np.average(success[each], weights=weights[each])),
            float(weights[each].sum()),
        )
        for (field, value, target), each in sorted(found.items())
    )
