"""Are the offsets of a relation parallel? Answered without looking for any neighbour."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from embarith.statistics.directions import EQUAL, unit

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Permutations drawn for a pairing as they are, and as many to be mended, before it is given up.
_TRIES = 30


def _similarities(words: Floats, start: Ints, end: Ints, tied: NDArray[np.bool_]) -> Floats:
    """Cosines between the offsets of the couples of pairs whose four words no tie connects."""
    offsets = unit(words[end] - words[start])
    first, second = np.triu_indices(len(start), 1)
    apart = ~(
        tied[start[first], start[second]]
        | tied[end[first], end[second]]
        | tied[start[first], end[second]]
        | tied[end[first], start[second]]
    )
    return (offsets @ offsets.T)[first[apart], second[apart]]


def _separation(above: Floats, below: Floats) -> float:
    """P(x > y) + P(x = y) / 2 for x from `above` and y from `below`: the area under the ROC."""
    ordered = np.sort(below)
    beaten = np.searchsorted(ordered, above - EQUAL, side="left")
    not_above = np.searchsorted(ordered, above + EQUAL, side="right")
    return float((beaten + not_above).sum() / (2.0 * len(above) * len(below)))


def _shuffles(true: NDArray[np.bool_], count: int, random: np.random.Generator) -> Ints | None:
    """Random pairings without a true pair.

    Random permutations, drawn again while they hold one, as the published scorer does; where words
    repeat so much that this goes on, starts that got an end of their own change it with a random
    start that can take it.

    Parameters
    ----------
    true : ndarray of bool, shape (p, p)
        Which starts (rows) and ends make a true pair.
    count : int
    random : numpy.random.Generator

    Returns
    -------
    ndarray of int64, shape (count, p), or None
        The end of every start; None where none was found, as when most pairs have one end.
    """
    found = np.empty((count, len(true)), np.int64)
    starts = np.arange(len(true))
    for row in found:
        for tried in range(2 * _TRIES):
            row[:] = random.permutation(len(true))
            if not true[starts, row].any() or (tried >= _TRIES and _mend(row, true, random)):
                break
        else:
            return None
    return found


def _mend(order: Ints, true: NDArray[np.bool_], random: np.random.Generator) -> bool:
    """Change ends between starts until no pair is true; return whether that went."""
    starts = np.arange(len(order))
    while len(wrong := np.flatnonzero(true[starts, order])):
        one = wrong[0]
        able = np.flatnonzero(~true[one, order] & ~true[:, order[one]])
        if not len(able):
            return False
        other = random.choice(able)
        order[[one, other]] = order[[other, one]]
    return True


def parallelism(
    starts: Floats, ends: Floats, shuffles: int, random: np.random.Generator
) -> tuple[float, float, float, float] | None:
    """Offset concordance, its null, pairing consistency, its null.

    After Fournier, Dupoux and Dunbar (CoNLL 2020). The concordance is the mean cosine between the
    offsets of a relation: 1 when they are parallel, but also high when the two sides merely lie in
    different regions. The consistency sees through that: the area under the ROC of the cosines
    between true offsets against those between offsets of a shuffled pairing, mean over shuffles,
    1/2 where the pairing does not matter. The nulls are what a shuffled pairing scores in the
    place of the true one: its own mean cosine, and its separation from the next shuffled pairing.

    Only couples of offsets count in which no word of the one is a word of the other or stands in a
    pair with it; the published scorer counts all. Offsets of a word with itself or its partner
    have a cosine far from 0 whatever the relation is. Shuffling p pairs makes about p of its
    p (p - 1) / 2 couples such ones, b_j - a_i and b_k - a_j, whose cosine is low where the words
    of a pair are merely similar: counted, they put the consistency of such pairs up to 1 / (p - 1)
    above 1/2 without any parallel offsets.

    Parameters
    ----------
    starts, ends : ndarray of float64, shape (p, d)
        First and second word of every pair, at least two pairs.
    shuffles : int
        Random pairings, none of which holds a pair of the relation, also where words repeat.
    random : numpy.random.Generator

    Returns
    -------
    tuple of four float, or None
        None where no such pairing is found (most pairs have the same end, say), or none of the
        couples of one counts, as with three pairs.

    Examples
    --------
    >>> starts = np.array([[0.0, 0.0], [1.0, 3.0], [5.0, 4.0], [2.0, -9.0]])
    >>> found = parallelism(starts, starts + [1.0, 2.0], 50, np.random.default_rng(0))
    >>> round(found[0], 6), found[0] > found[1], found[2] > found[3]
    (1.0, True, True)
    """
    # A word that several pairs have stands here as several rows of the same numbers.
    words, place = np.unique(np.concatenate([starts, ends]), axis=0, return_inverse=True)
    start, end = place.reshape(2, -1)
    held = np.zeros((len(words), len(words)), np.bool_)
    held[start, end] = True
    orders = _shuffles(held[start][:, end], shuffles, random)
    if orders is None:
        return None
    tied = held | held.T | np.eye(len(words), dtype=np.bool_)
    true = _similarities(words, start, end, tied)
    shuffled = [_similarities(words, start, end[order], tied) for order in orders]
    if not all(map(len, (true, *shuffled))):
        return None
    following = shuffled[1:] + shuffled[:1]
    return (
        float(true.mean()),
        float(np.mean([s.mean() for s in shuffled])),
        float(np.mean([_separation(true, s) for s in shuffled])),
        float(np.mean([_separation(s, t) for s, t in zip(shuffled, following, strict=True)])),
    )
