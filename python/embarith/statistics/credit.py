"""What a rank is worth: expected credit under ties, and on a smaller vocabulary."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def credit(above: Ints, tied: Ints, right: Ints, k: int) -> Floats:
    """Probability that a right answer is among the first `k` when ties fall at random.

    Answer lists break ties by row; a score must not, or the order of the file would change it.

    Parameters
    ----------
    above : ndarray of int64, shape (n,)
        Candidates that score strictly higher than the best right answer; -1 where that answer is
        itself excluded, which is worth nothing.
    tied : ndarray of int64, shape (n,)
        Candidates with the same score, the right answer included.
    right : ndarray of int64, shape (n,)
        How many of those are right answers.
    k : int
        Length of the list.

    Returns
    -------
    ndarray of float64, shape (n,)

    Examples
    --------
    >>> above, tied = np.array([0, 0, 3, 5, -1]), np.array([1, 4, 4, 1, 0])
    >>> credit(above, tied, np.array([1, 1, 1, 1, 0]), 5).tolist()
    [1.0, 1.0, 0.5, 0.0, 0.0]

    With two right answers among three equals one of them comes first in two orders of three.

    >>> credit(np.array([0]), np.array([3]), np.array([2]), 1).round(6).tolist()
    [0.666667]
    """
    return _expected(above, tied, right, np.arange(_places(above, tied)) < k)


def reciprocal_rank(above: Ints, tied: Ints, right: Ints) -> Floats:
    """Give the expected reciprocal rank of the first right answer when ties fall at random.

    Parameters
    ----------
    above, tied, right : ndarray of int64, shape (n,)
        As in `credit`.

    Returns
    -------
    ndarray of float64, shape (n,)

    Examples
    --------
    >>> above, tied = np.array([0, 1, 0, -1]), np.array([1, 1, 2, 0])
    >>> reciprocal_rank(above, tied, np.array([1, 1, 1, 0])).tolist()
    [1.0, 0.5, 0.75, 0.0]
    """
    return _expected(above, tied, right, 1.0 / np.arange(1, _places(above, tied) + 1))


def vocabulary_credit(
    above: Ints, tied: Ints, right: Ints, others: int, drawn: int, k: int
) -> Floats:
    """Give the credit to expect at `k` when only `drawn` of `others` candidates are kept.

    The rank on the whole vocabulary fixes the chance on every smaller one without a new search:
    of rank - 1 better candidates the number kept is hypergeometric, and the answer is found when
    fewer than k are: P(Hypergeom(others, rank - 1, drawn) < k). `others` and `drawn` count the
    candidates that compete with the right answer: neither that answer, which is always kept, nor
    excluded inputs. With drawn = others it is `credit`. Ties fall at random, which a random order
    of the whole keeps doing in every part, so a tied answer has the mean over its places.

    Parameters
    ----------
    above, tied, right : ndarray of int64, shape (n,)
        As in `credit`.
    others : int
        Candidates beside the right answer.
    drawn : int
        How many of them are kept, 0 to `others`.
    k : int
        Length of the list.

    Returns
    -------
    ndarray of float64, shape (n,)

    Examples
    --------
    A right answer of rank 3 among 5 words, 3 words kept (2 of the 4 others): it comes first if
    both better words are out, which 1 of 6 choices gives.

    >>> one = np.array([1])
    >>> vocabulary_credit(np.array([2]), one, one, others=4, drawn=2, k=1).round(6).tolist()
    [0.166667]
    """
    if not 0 <= drawn <= others:
        raise ValueError(f"drawn must be between 0 and others = {others}, not {drawn}")
    return _expected(above, tied, right, _found(_places(above, tied), others, drawn, k))


def _places(above: Ints, tied: Ints) -> int:
    """Return how many places right answers may take, counted from the first."""
    return int((np.maximum(above, 0) + np.maximum(tied, 1)).max(initial=1))


def _expected(above: Ints, tied: Ints, right: Ints, worth: NDArray[Any]) -> Floats:
    """Return the mean worth of the first right answer's place, over all orders of its ties.

    `worth[i]` is what an answer is worth that i candidates precede. One right answer among t
    equals takes each of their places equally often; the first of m is at the j-th (from 0) with
    probability C(t - 1 - j, m - 1) / C(t, m).
    """
    start = np.maximum(above, 0)
    mean = worth[start].astype(np.float64)
    several = np.flatnonzero(tied > 1)
    if len(several):
        running = np.concatenate([[0.0], np.cumsum(worth)])
        low, count = start[several], tied[several]
        mean[several] = (running[low + count] - running[low]) / count
    for i in np.flatnonzero(right > 1):
        j = np.arange(tied[i] - right[i] + 1)
        logs = _log_binomial(tied[i] - 1 - j, right[i] - 1) - _log_binomial(tied[i], right[i])
        mean[i] = np.exp(logs) @ worth[start[i] + j]
    return np.where(above < 0, 0.0, mean)


def _log_binomial(n: Any, k: Any) -> Any:
    """Return log C(n, k)."""
    return gammaln(n + 1.0) - gammaln(k + 1.0) - gammaln(n - k + 1.0)


def _found(ranks: int, others: int, drawn: int, k: int) -> Floats:
    """P(Hypergeom(others, r, drawn) < k) for r = 0 .. ranks - 1.

    P(i kept) = C(r, i) * [drawn]_i / [others - r + i]_i * Q(r - i), where [x]_i is the falling
    factorial and Q(m) = [others - drawn]_m / [others]_m the chance that m given words are all out.
    This form has no zero denominators, and Q is one running sum of logarithms for all r.
    """
    r = np.arange(ranks, dtype=np.float64)
    out = others - drawn
    log_q = np.full(ranks + 1, -np.inf)
    steps = np.arange(min(ranks, out), dtype=np.float64)
    log_q[0] = 0.0
    log_q[1 : len(steps) + 1] = np.cumsum(np.log1p(-drawn / (others - steps)))
    total = np.zeros(ranks)
    for i in range(min(k, drawn + 1)):
        kept = np.zeros(ranks)
        kept[i:] = np.exp(log_q[: max(ranks - i, 0)])
        for j in range(i):
            # Where r < i the term is zero already; the clip only keeps the quotient defined.
            kept *= (r - j) / (j + 1) * (drawn - j) / np.maximum(others - r + i - j, 1.0)
        total += kept
    return np.clip(total, 0.0, 1.0)
