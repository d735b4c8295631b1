"""What a rank is worth: expected credit under ties, and on a smaller vocabulary."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def credit(above: Ints, tied: Ints, k: int) -> Floats:
    """Probability that the right answer is among the first `k` when ties fall at random.

    Answer lists break ties by row; a score must not, or the order of the file would change it.
    Among `tied` equal candidates the right one is equally likely at each of the places above + 1
    to above + tied, so the probability is (k - above) / tied, held between 0 and 1.

    Parameters
    ----------
    above : ndarray of int64, shape (n,)
        Candidates that score strictly higher than the best right answer; -1 where that answer is
        itself excluded, which is worth nothing.
    tied : ndarray of int64, shape (n,)
        Candidates with the same score, the right answer included.
    k : int
        Length of the list.

    Returns
    -------
    ndarray of float64, shape (n,)

    Examples
    --------
    >>> credit(np.array([0, 0, 3, 5, -1]), np.array([1, 4, 4, 1, 1]), 5).tolist()
    [1.0, 1.0, 0.5, 0.0, 0.0]
    """
    share = np.clip((k - above) / np.maximum(tied, 1), 0.0, 1.0)
    return np.where(above < 0, 0.0, share)


def reciprocal_rank(above: Ints, tied: Ints) -> Floats:
    """Give the expected reciprocal rank of the right answer when ties fall at random.

    The mean of 1/rank over the places above + 1 to above + tied.

    Parameters
    ----------
    above, tied : ndarray of int64, shape (n,)
        As in `credit`.

    Returns
    -------
    ndarray of float64, shape (n,)

    Examples
    --------
    >>> reciprocal_rank(np.array([0, 1, 0, -1]), np.array([1, 1, 2, 1])).tolist()
    [1.0, 0.5, 0.75, 0.0]
    """
    start = np.maximum(above, 0)
    single = 1.0 / (start + 1)
    several = tied > 1
    if several.any():
        last = int((start[several] + tied[several]).max())
        harmonic = np.concatenate([[0.0], np.cumsum(1.0 / np.arange(1, last + 1))])
        low, count = start[several], tied[several]
        single[several] = (harmonic[low + count] - harmonic[low]) / count
    return np.where(above < 0, 0.0, single)


def vocabulary_credit(above: Ints, tied: Ints, others: int, drawn: int, k: int) -> Floats:
    """Give the credit to expect at `k` when only `drawn` of `others` candidates are kept.

    The rank on the whole vocabulary fixes the chance on every smaller one without a new search:
    of rank - 1 better candidates the number kept is hypergeometric, and the answer is found when
    fewer than k are: P(Hypergeom(others, rank - 1, drawn) < k). `others` and `drawn` count the
    candidates that compete with the right answer: neither that answer, which is always kept, nor
    excluded inputs. With drawn = others it is `credit`. Ties fall at random, which a random order
    of the whole keeps doing in every part, so a tied answer has the mean over its places.

    Parameters
    ----------
    above, tied : ndarray of int64, shape (n,)
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

    >>> vocabulary_credit(np.array([2]), np.array([1]), others=4, drawn=2, k=1).round(6).tolist()
    [0.166667]
    """
    if not 0 <= drawn <= others:
        raise ValueError(f"drawn must be between 0 and others = {others}, not {drawn}")
    # A right answer that could not be found has no ties at all.
    start, tied = np.maximum(above, 0), np.maximum(tied, 1)
    if not len(start):
        return np.zeros(0)
    found = _found(int((start + tied).max()), others, drawn, k)
    running = np.concatenate([[0.0], np.cumsum(found)])
    alone = found[start]
    mean = (running[start + tied] - running[start]) / tied
    return np.where(above < 0, 0.0, np.where(tied > 1, mean, alone))


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
