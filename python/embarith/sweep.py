"""The λ sweep of text-driven transformation: which candidate is nearest to p + λ·(t − v)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embarith import _core
from embarith.errors import OptionError
from embarith.statistics import EQUAL

Rows = NDArray[np.int64]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Sweep:
    """Answers to transformed points at every λ.

    Parameters
    ----------
    rows : ndarray of int64, shape (n, l, k)
        Candidates, best first, equals by the lower row; −1 where there are fewer than k.
    scores : ndarray of float64, shape (n, l, k)
        Dot products with the point, which has no unit length; NaN where there are fewer.
    tied : list of (int, int, ndarray of int64)
        Query, λ and candidates where several come first together: a score gives each its share.
    """

    rows: Rows
    scores: NDArray[np.float64]
    tied: list[tuple[int, int, Rows]]


# Bytes of products that are held at a time.
_HELD = 1 << 25

GREATEST = 1e6
"""The greatest |λ|: scores that differ by 2·10⁻⁶ are equal there, and by more beyond."""


def rising(lams: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    """Return λ as an array.

    Raises
    ------
    OptionError
        There are none, one is no finite number or beyond `GREATEST`, or they do not rise.
    """
    found = np.array([float(one) for one in lams])
    outside = found[~(np.abs(found) <= GREATEST)]  # NaN too
    if not len(found) or len(outside) or (np.diff(found) <= 0).any():
        shown = outside[:1] if len(outside) else found
        told = f"λ {', '.join(map(str, shown.tolist()))}" if len(found) else "no λ"
        raise OptionError(
            f"{told}: give one or more finite numbers, rising, from {-GREATEST:,.0f} to "
            f"{GREATEST:,.0f}"
        )
    return found


def sweep(
    candidates: NDArray[np.float64],
    points: NDArray[np.float64],
    words: NDArray[np.float64],
    *,
    point: Rows,
    value: Rows,
    target: Rows,
    own: Rows,
    lams: NDArray[np.float64],
    k: int = 1,
    progress: Progress | None = None,
) -> Sweep:
    """Find the candidates nearest to p + λ·(t − v), for every query and many λ, exactly.

    Their products with every p, t and v are taken once, in float64; a candidate's score is then a
    line in λ, and few lines can come first within a stretch of λ. Scores within 1e-12·(1 + 2|λ|),
    which no order of a float64 sum separates, are equal: rounding grows with p + λ·t − λ·v.

    Parameters
    ----------
    candidates : ndarray of float64, shape (c, d)
        Of unit length.
    points, words : ndarray of float64, shape (p, d) and (w, d)
        Of unit length.
    point, value, target : ndarray of int64, shape (n,)
        Row of `points`, and of `words`, of every query.
    own : ndarray of int64, shape (n,)
        The candidate that may not answer, −1 for none.
    lams : ndarray of float64, shape (l,)
        Rising.
    k : int
        Answers to keep at every λ.
    progress : callable, optional
        Called as ``progress(done, total)`` in queries.

    Raises
    ------
    OptionError
        As `rising`.

    Examples
    --------
    >>> east, north, west = np.array([[1.0, 0]]), np.array([[0, 1.0]]), np.array([[-1.0, 0]])
    >>> found = sweep(
    ...     np.concatenate([east, north, west]),
    ...     east,
    ...     np.concatenate([east, west]),
    ...     point=np.array([0]),
    ...     value=np.array([0]),
    ...     target=np.array([1]),
    ...     own=np.array([0]),
    ...     lams=np.array([0.25, 1.0]),
    ... )
    >>> found.rows[:, :, 0].tolist()
    [[1, 2]]
    """
    lams = rising(lams)
    steps = np.ascontiguousarray(words @ candidates.T)
    rows = np.empty((len(point), len(lams), k), np.int64)
    scores = np.empty(rows.shape)
    tied: list[tuple[int, int, Rows]] = []
    # Queries of one point follow each other, so that its products are taken once.
    order = np.argsort(point, kind="stable")
    used, start, counts = np.unique(point[order], return_index=True, return_counts=True)
    size = max(1, _HELD // (8 * len(candidates)))
    for first in range(0, len(used), size):
        last = min(first + size, len(used)) - 1
        part = order[start[first] : start[last] + counts[last]]
        bases = np.ascontiguousarray(points[used[first : last + 1]] @ candidates.T)
        base = np.searchsorted(used, point[part]) - first
        begin, end, mine = value[part], target[part], own[part]
        found = _core.sweep(bases, steps, base, begin, end, mine, lams, k)
        rows[part], scores[part], equals = found
        for query, at in np.argwhere(equals > 1):
            whole = bases[base[query]] + lams[at] * (steps[end[query]] - steps[begin[query]])
            if mine[query] >= 0:
                whole[mine[query]] = -np.inf
            equal = EQUAL * (1 + 2 * abs(lams[at]))
            best = np.flatnonzero(whole >= whole.max() - equal)
            tied.append((int(part[query]), int(at), best))
        if progress:
            progress(start[last] + counts[last], len(point))
    return Sweep(rows, scores, tied)
