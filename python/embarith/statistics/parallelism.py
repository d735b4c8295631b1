"""Are the offsets of a relation parallel? Answered without looking for any neighbour."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from embarith.statistics.directions import unit

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def _similarities(starts: Floats, ends: Floats) -> Floats:
    """Cosines between the offsets of all couples of pairs, shape (p (p - 1) / 2,)."""
    offsets = unit(ends - starts)
    rows, columns = np.triu_indices(len(offsets), 1)
    return (offsets @ offsets.T)[rows, columns]


def _separation(above: Floats, below: Floats) -> float:
    """P(x > y) + P(x = y) / 2 for x from `above` and y from `below`: the area under the ROC."""
    ordered = np.sort(below)
    left = np.searchsorted(ordered, above, side="left")
    right = np.searchsorted(ordered, above, side="right")
    return float((left + right).sum() / (2.0 * len(above) * len(below)))


def _shuffles(pairs: int, count: int, random: np.random.Generator) -> Ints:
    """Random pairings that leave no pair together: each end moves one place in a random order."""
    order = random.permuted(np.tile(np.arange(pairs), (count, 1)), axis=1)
    shuffled = np.empty_like(order)
    np.put_along_axis(shuffled, order, np.roll(order, 1, axis=1), axis=1)
    return shuffled


def parallelism(
    starts: Floats, ends: Floats, shuffles: int, random: np.random.Generator
) -> tuple[float, float, float, float]:
    """Offset concordance, its null, pairing consistency, its null.

    Fournier, Dupoux and Dunbar (CoNLL 2020). The concordance is the mean cosine between the
    offsets of a relation: 1 when they are parallel, but also high when the two sides merely lie in
    different regions. The consistency sees through that: the area under the ROC of the cosines
    between true offsets against those between offsets of a shuffled pairing, mean over shuffles,
    1/2 where the pairing does not matter. The nulls are what a shuffled pairing scores in the
    place of the true one: its own mean cosine, and its separation from the next shuffled pairing.

    Parameters
    ----------
    starts, ends : ndarray of float64, shape (p, d)
        First and second word of every pair, at least two pairs.
    shuffles : int
        Random pairings, none of which keeps a pair together.
    random : numpy.random.Generator

    Returns
    -------
    tuple of four float

    Examples
    --------
    >>> starts = np.array([[0.0, 0.0], [1.0, 3.0], [5.0, 4.0], [2.0, -9.0]])
    >>> found = parallelism(starts, starts + [1.0, 2.0], 50, np.random.default_rng(0))
    >>> round(found[0], 6), found[0] > found[1], found[2] > found[3]
    (1.0, True, True)
    """
    true = _similarities(starts, ends)
    shuffled = [
        _similarities(starts, ends[order]) for order in _shuffles(len(starts), shuffles, random)
    ]
    following = shuffled[1:] + shuffled[:1]
    return (
        float(true.mean()),
        float(np.mean([s.mean() for s in shuffled])),
        float(np.mean([_separation(true, s) for s in shuffled])),
        float(np.mean([_separation(s, t) for s, t in zip(shuffled, following, strict=True)])),
    )
