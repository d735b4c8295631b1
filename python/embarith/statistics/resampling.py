"""Intervals and nulls: the crossed bootstrap, the permutation null, Holm, and the AUC."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embarith import _core
from embarith.draws import generator, key
from embarith.statistics.directions import EQUAL

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Scores held at a time, which fit a processor's cache.
_CHUNK = 250_000

# Pairs, or other units drawn together, that an interval needs behind it.
FEWEST = 5


def interval(draws: Floats) -> Floats:
    """95 % percentile interval along the last axis, shape (..., 2).

    Examples
    --------
    >>> interval(np.arange(1001.0)).tolist()
    [25.0, 975.0]
    """
    return np.moveaxis(np.percentile(draws, [2.5, 97.5], axis=-1), 0, -1)


def mean_interval(
    values: Floats, unit: Ints, *, draws: int, random: np.random.Generator
) -> tuple[float, float] | None:
    """95 % percentile interval of a mean, whole units resampled with replacement.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
    unit : ndarray of int64, shape (n,)
        Number from 0 of the unit that each value is drawn with.
    draws : int
        0 for no interval.
    random : numpy.random.Generator

    Returns
    -------
    (float, float) or None
        None without draws, of fewer than five units, and of values that are all alike: drawn
        again they stay so, which would say that nothing is uncertain.

    Examples
    --------
    >>> from embarith.draws import generator
    >>> values = np.array([0.0, 1.0, 1.0, 0.0, 1.0])
    >>> mean_interval(values, np.arange(5), draws=200, random=generator(0))
    (0.2, 1.0)
    """
    count = int(unit.max(initial=-1)) + 1
    if not draws or count < FEWEST or np.ptp(values) == 0:
        return None
    total, size = np.bincount(unit, values, count), np.bincount(unit, minlength=count)
    drawn = random.integers(0, count, (draws, count))
    low, high = interval(total[drawn].sum(axis=1) / size[drawn].sum(axis=1)).tolist()
    return low, high


@dataclass(frozen=True)
class Bootstrap:
    """95 % intervals of means over questions.

    NaN where fewer than five pairs stand behind one, and where all values are alike: drawn again
    they stay so, which would say that nothing is uncertain.

    Parameters
    ----------
    micro : ndarray of float64, shape (m, 2)
        Of the mean over all questions.
    macro : ndarray of float64, shape (m, 2)
        Of the mean over relations of the mean over their questions.
    relations : ndarray of float64, shape (r, m, 2)
        Of the mean over one relation's questions.
    """

    micro: Floats
    macro: Floats
    relations: Floats


def crossed_bootstrap(
    values: Floats,
    first: Ints,
    second: Ints,
    relation: Ints,
    *,
    draws: int,
    seed: int,
    progress: Callable[[int, int], None] | None = None,
) -> Bootstrap:
    """Intervals for means over questions that are made of the same word pairs.

    A question crosses two pairs, (a, b) and (c, d), and Google's 19,544 questions are made of a
    few hundred pairs, each of which stands in first and in second place; they are no independent
    sample, and an interval by questions is several times too narrow. So pairs are resampled, not
    questions: every distinct pair gets one random weight a draw, which serves wherever the pair
    stands, and a question weighs w[first] * w[second] (pigeonhole bootstrap: Owen 2007, Annals of
    Applied Statistics 1; with independent weights of mean and variance one: Owen and Eckles 2012,
    ibid. 6). The weights are exponential, so that no draw is empty, and a pair that all questions
    share (the anchor of the extended SemEval set) cancels from the mean, as it must, since nothing
    about it varied.

    Which relations are asked, and how many questions each has, is the design of the set and no
    sample: each draw takes the weighted mean of every relation and adds the relations up in their
    true proportions. Relations of fewer than five pairs say too little of their own spread and
    form one stratum together (collapsed strata: Cochran 1977, section 5A.12).

    To compare two systems on the same questions pass the difference of their values: both then
    have the same weights in every draw (the paired bootstrap).

    Parameters
    ----------
    values : ndarray of float64, shape (n, m)
        m figures of every question (credit at 1, at 5, reciprocal rank, ...).
    first, second : ndarray of int64, shape (n,)
        Numbers of the two pairs of every question.
    relation : ndarray of int64, shape (n,)
        Number of every question's relation.
    draws : int
        Bootstrap draws.
    seed : int
    progress : callable, optional
        Called now and then with (draws done, draws in all).

    Returns
    -------
    Bootstrap

    Examples
    --------
    >>> values = np.array([[1.0], [0.0], [1.0], [1.0], [0.0]])
    >>> pairs = np.array([0, 1, 2, 3, 4]), np.array([1, 2, 3, 4, 0])
    >>> boot = crossed_bootstrap(values, *pairs, np.zeros(5, np.int64), draws=200, seed=0)
    >>> bool(boot.micro[0, 0] < 0.6 < boot.micro[0, 1])
    True
    """
    units, numbers = np.unique(np.concatenate([first, second]), return_inverse=True)
    low, high = np.sort(numbers.reshape(2, -1), axis=0)
    sizes = np.bincount(relation)
    present = sizes > 0
    either = np.unique(np.concatenate([relation, relation]) * len(units) + numbers)
    pairs = np.bincount(either // len(units), minlength=len(sizes))
    together = present & (pairs < FEWEST)
    apart = present & ~together
    order = np.lexsort((high, low, relation))
    low, high, relation, values = low[order], high[order], relation[order], values[order]
    # Questions of the same two pairs, whichever stands first, weigh alike: they are added up once.
    # The column of ones gives the sum of the weights.
    starts = np.flatnonzero(_changes(relation) | _changes(low) | _changes(high))
    sums = _core.weighted_sums(
        np.add.reduceat(np.column_stack([values, np.ones(len(values))]), starts),
        low[starts],
        high[starts],
        relation[starts],
        draws=draws,
        key=key(seed, "bootstrap"),
        progress=progress,
    )
    sums, totals = sums[..., :-1], sums[..., -1:]
    means = sums[:, apart] / totals[:, apart]
    overall = []
    for share in (sizes / sizes.sum(), present / present.sum()):
        mean = (means * share[apart, None]).sum(axis=1)
        if together.any():
            scale = (share[together] / sizes[together])[:, None]
            total = (totals[:, together] * scale).sum(axis=1)
            pooled = (sums[:, together] * scale).sum(axis=1) / total
            mean += share[together].sum() * pooled
        overall.append(interval(mean.T))
    micro, macro = overall
    micro[_alike(values) | (len(units) < FEWEST)] = np.nan
    macro[np.isnan(micro)] = np.nan
    relations = np.full((len(sizes), values.shape[1], 2), np.nan)
    relations[apart] = interval(np.moveaxis(means, 0, -1))
    for mine in np.split(np.arange(len(values)), np.flatnonzero(_changes(relation))[1:]):
        relations[relation[mine[0]], _alike(values[mine])] = np.nan
    return Bootstrap(micro, macro, relations)


def crossed_ratios(
    values: Floats,
    weight: Floats,
    first: Ints,
    second: Ints,
    group: Ints,
    *,
    draws: int,
    seed: int,
) -> tuple[Floats, Floats]:
    """Intervals for weighted means over questions that cross two kinds of unit.

    As `crossed_bootstrap`, but the units are of two kinds (photographs and word pairs, say), each
    with random weights of its own, and a question has a weight of its own besides: a mean is
    Σ w[first]·w[second]·weight·value over Σ w[first]·w[second]·weight.

    Parameters
    ----------
    values : ndarray of float64, shape (n, m)
    weight : ndarray of float64, shape (n,)
        Positive.
    first, second : ndarray of int64, shape (n,)
        Numbers of the two units of every question, each kind from 0.
    group : ndarray of int64, shape (n,)
        Number of every question's group.
    draws : int
    seed : int

    Returns
    -------
    overall : ndarray of float64, shape (m, 2)
        95 % intervals, NaN where fewer than five units of either kind stand behind one, and where
        all values are alike.
    groups : ndarray of float64, shape (g, m, 2)

    Examples
    --------
    >>> values = np.array([[1.0], [0.0]] * 10)
    >>> units = np.arange(20) // 2, np.arange(20) % 10
    >>> overall, _ = crossed_ratios(
    ...     values, np.ones(20), *units, np.zeros(20, np.int64), draws=200, seed=0
    ... )
    >>> bool(overall[0, 0] < 0.5 < overall[0, 1])
    True
    """
    order = np.argsort(group, kind="stable")
    first, second, group = first[order], second[order], group[order]
    values, weight = values[order], weight[order, None]
    sums = _core.weighted_sums(
        np.concatenate([values * weight, weight], axis=1),
        np.ascontiguousarray(first),
        # The core knows one kind of unit alone.
        np.ascontiguousarray(second + first.max(initial=-1) + 1),
        np.ascontiguousarray(group),
        draws=draws,
        key=key(seed, "bootstrap"),
        progress=None,
    )

    def bounds(total: Floats, mine: NDArray[np.bool_]) -> Floats:
        units = min(len(np.unique(one[mine])) for one in (first, second))
        if units < FEWEST:
            return np.full((values.shape[1], 2), np.nan)
        found = interval((total[:, :-1] / total[:, -1:]).T)
        found[_alike(values[mine])] = np.nan
        return found

    each = [bounds(sums[:, g], group == g) for g in range(sums.shape[1])]
    whole = bounds(sums.sum(axis=1), np.ones(len(group), bool))
    return whole, np.stack(each)


def _alike(values: Floats) -> NDArray[np.bool_]:
    """Whether all values of a column are one and the same."""
    alike: NDArray[np.bool_] = np.ptp(values, axis=0) == 0
    return alike


def _changes(numbers: Ints) -> NDArray[np.bool_]:
    """Whether a number differs from the one before it; numbers are not negative."""
    changed: NDArray[np.bool_] = np.diff(numbers, prepend=-1) != 0
    return changed


def correlation_bootstrap(
    scores: Floats, ratings: Floats, first: Ints, second: Ints, *, draws: int, seed: int
) -> Floats:
    """Correlations of scores and ratings of word pairs, their words resampled.

    Pairs that share a word are no independent sample: every distinct word gets one weight a draw,
    which serves wherever it stands, gamma of mean 1 and variance 2, and a pair weighs the mean of
    its two words'. So pairs have weights of variance one, as where pairs are drawn, and those that
    share a word vary together. The product of weights, as in `crossed_bootstrap`, would have
    variance three where a word stands in few pairs and nothing is crossed. Against standard errors
    that are robust to shared words (Fafchamps and Gubert 2007) of .046 and .042 for GloVe 50-d on
    WordSim-353 and SimLex-999 this gives .045 and .038, drawing pairs .044 and .032, the product
    .075 and .060.

    Ranks are those of the weighted sample: the weight below, and half the weight of the equal.
    Rows of `scores` have the same weights in every draw, so that the differences of their
    correlations are the paired bootstrap.

    Parameters
    ----------
    scores : ndarray of float64, shape (m, n)
        m scores of every pair.
    ratings : ndarray of float64, shape (n,)
    first, second : ndarray of int64, shape (n,)
        Numbers of the two words of every pair, from 0.
    draws : int
    seed : int

    Returns
    -------
    ndarray of float64, shape (draws, m, 2)
        Spearman's rho and Pearson's r; NaN where one of the two is constant.

    Examples
    --------
    >>> ratings = np.array([1.0, 2.0, 3.0, 4.0])
    >>> words = np.arange(4), np.arange(4, 8)
    >>> boot = correlation_bootstrap(ratings[None] ** 3, ratings, *words, draws=10, seed=0)
    >>> bool(np.allclose(boot[:, 0, 0], 1)), bool((boot[:, 0, 1] < 1).all())
    (True, True)
    """
    words = int(max(first.max(), second.max())) + 1
    random = generator(seed, "words")
    results = np.empty((draws, len(scores), 2))
    size = max(1, _CHUNK // max(len(ratings), words))
    for start in range(0, draws, size):
        part = slice(start, min(start + size, draws))
        word_weights = random.gamma(0.5, 2.0, (part.stop - part.start, words))
        weights = word_weights[:, first] + word_weights[:, second]
        weights /= weights.sum(axis=1, keepdims=True)
        rating_ranks = _weighted_ranks(ratings, weights)
        for number, row in enumerate(scores):
            ranks = _weighted_ranks(row, weights)
            results[part, number, 0] = _weighted_pearson(ranks, rating_ranks, weights)
            results[part, number, 1] = _weighted_pearson(row[None], ratings[None], weights)
    return results


def _weighted_ranks(values: Floats, weights: Floats) -> Floats:
    """Weight below and half the weight of the equal, of every value in every draw: (draws, n)."""
    _, place = np.unique(values, return_inverse=True)
    order = np.argsort(place, kind="stable")
    starts = np.flatnonzero(_changes(place[order]))
    equal = np.add.reduceat(weights[:, order], starts, axis=1)
    ranks: Floats = (np.cumsum(equal, axis=1) - equal / 2)[:, place]
    return ranks


def _weighted_pearson(x: Floats, y: Floats, weights: Floats) -> Floats:
    """Pearson correlation of rows under weights that sum to 1; NaN where one is constant."""
    dx = x - np.sum(weights * x, axis=1, keepdims=True)
    dy = y - np.sum(weights * y, axis=1, keepdims=True)
    spread = np.sqrt(np.sum(weights * dx * dx, axis=1) * np.sum(weights * dy * dy, axis=1))
    covariance = np.sum(weights * dx * dy, axis=1)
    constant = np.full(len(weights), np.nan)
    found: Floats = np.divide(covariance, spread, out=constant, where=spread > 0)
    return found


def permuted_spearman(scores: Floats, ratings: Floats, *, draws: int, seed: int) -> Floats:
    """Spearman's rho of scores with the ratings permuted among the pairs.

    Parameters
    ----------
    scores, ratings : ndarray of float64, shape (n,)
        Neither constant.
    draws : int
    seed : int

    Returns
    -------
    ndarray of float64, shape (draws,)

    Examples
    --------
    >>> values = np.arange(20.0)
    >>> null = permuted_spearman(values, values, draws=99, seed=0)
    >>> null.shape, bool(np.abs(null).max() < 1)
    ((99,), True)
    """
    even = np.full((1, len(scores)), 1 / len(scores))
    one, other = (_weighted_ranks(values, even)[0] for values in (scores, ratings))
    one, other = one - one.mean(), other - other.mean()
    scale = np.sqrt((one @ one) * (other @ other))
    random = generator(seed, "permutation")
    sums = np.array([random.permutation(other) @ one for _ in range(draws)])
    null: Floats = sums / scale
    return null


@dataclass(frozen=True)
class PermutationNull:
    """Right answers counted with the gold answers in place and permuted.

    Parameters
    ----------
    observed : ndarray of int64, shape (r,)
        Questions of every relation whose answer is right.
    null : ndarray of int64, shape (r, draws)
        The same with permuted gold answers.
    """

    observed: Ints
    null: Ints

    def p(self, relation: int | None = None) -> float:
        """Return (1 + #{null >= observed}) / (draws + 1), for one relation or over all."""
        one = slice(None) if relation is None else slice(relation, relation + 1)
        observed, null = self.observed[one].sum(), self.null[one].sum(axis=0)
        return float((1 + np.count_nonzero(null >= observed)) / (len(null) + 1))


def permutation_null(
    answers: Ints, gold: Ints, relation: Ints, *, draws: int, seed: int
) -> PermutationNull:
    """Permute the gold answers among the questions of each relation; the answers stay.

    What it asks: does the answer belong to this question, or only to this relation (a space that
    answers some capital to every question about capitals scores well against other words). The
    statistic is the number of top answers that are right.

    Parameters
    ----------
    answers : ndarray of int64, shape (n,)
        Top answer of every question, -1 where there is none.
    gold : ndarray of int64, shape (n, g)
        Right answers of every question, padded with -1.
    relation : ndarray of int64, shape (n,)
    draws : int
    seed : int

    Returns
    -------
    PermutationNull

    Examples
    --------
    >>> answers = np.arange(6)
    >>> null = permutation_null(answers, answers[:, None], answers // 3, draws=99, seed=0)
    >>> null.observed.tolist(), null.null.shape
    ([3, 3], (2, 99))
    """
    right = ((gold == answers[:, None]) & (gold >= 0)).any(axis=1)
    null = _core.permuted_hits(
        *(np.ascontiguousarray(part) for part in (answers, gold, relation)),
        draws=draws,
        key=key(seed, "permutation"),
    )
    return PermutationNull(np.bincount(relation[right], minlength=len(null)), null)


def holm(p: Floats) -> Floats:
    """P values adjusted for their number by Holm's step-down method (Holm 1979).

    The i-th smallest of m is multiplied by m - i + 1, never below its predecessor nor above 1.

    Parameters
    ----------
    p : ndarray of float64, shape (m,)

    Returns
    -------
    ndarray of float64, shape (m,)
        In the order given.

    Examples
    --------
    >>> holm(np.array([0.01, 0.04, 0.03])).tolist()
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p, kind="stable")
    steps = p[order] * np.arange(len(p), 0, -1)
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted


def auc(queries: Floats, own: Ints, right: Ints, pool: Floats) -> Floats:
    """Share of other right answers of the set that a question's own right answer beats.

    P(cos(y, d) > cos(y, d')) with d' drawn from the right answers of the set that are not right
    here, a tie counting one half. A common mean of the space raises every cosine alike and leaves
    this as it is, which is why it may compare encoders where angles may not.

    Parameters
    ----------
    queries : ndarray of float64, shape (n, d)
        Unit vectors y.
    own : ndarray of int64, shape (n,)
        Row of `pool` that holds each question's d.
    right : ndarray of int64, shape (n, g)
        Rows of `pool` that hold right answers of the question, padded with -1: none is a d'.
    pool : ndarray of float64, shape (p, d)
        Unit vectors of the distinct right answers of the set.

    Returns
    -------
    ndarray of float64, shape (n,)
        NaN where the set has no other right answer.

    Examples
    --------
    >>> pool = np.eye(3)
    >>> auc(pool[:1], np.array([0]), np.array([[0]]), pool).tolist()
    [1.0]
    """
    shares = np.full(len(queries), np.nan)
    taken = np.concatenate([own[:, None], np.where(right >= 0, right, own[:, None])], axis=1)
    size = max(1, _CHUNK // max(len(pool), 1))  # gone through three times
    for start in range(0, len(queries), size):
        part = slice(start, start + size)
        scores = queries[part] @ pool.T
        mine = np.take_along_axis(scores, own[part, None], axis=1)
        np.put_along_axis(scores, taken[part], np.nan, axis=1)  # which compares as neither
        beaten = np.count_nonzero(scores < mine - EQUAL, axis=1)
        not_above = np.count_nonzero(scores <= mine + EQUAL, axis=1)
        count = np.count_nonzero(~np.isnan(scores), axis=1)
        np.divide((beaten + not_above) / 2, count, out=shares[part], where=count > 0)
    return shares
