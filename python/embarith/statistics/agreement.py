"""How far two people agree: raw agreement, Cohen's kappa and Gwet's AC1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embarith.statistics.resampling import interval

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Units that an interval needs behind it, and the share of draws that have to define a coefficient.
_FEWEST = 5
_DEFINED = 0.95


def raw_agreement(counts: Ints) -> Floats:
    """Share of the things judged on which two raters agree.

    Parameters
    ----------
    counts : ndarray of int64, shape (..., q, q)
        Things that the first rater put into the category of the row and the second into that of
        the column.

    Returns
    -------
    ndarray of float64, shape (...)
        NaN where nothing was judged.

    Examples
    --------
    >>> round(float(raw_agreement(np.array([[118, 5], [2, 0]]))), 3)
    0.944
    """
    return _ratio(np.trace(counts, axis1=-2, axis2=-1), counts.sum(axis=(-2, -1)))


def cohen_kappa(counts: Ints) -> Floats:
    """Cohen's kappa: (p_o - p_e) / (1 - p_e) with p_e = sum_k r_k c_k (Cohen 1960).

    r_k and c_k are the shares of category k that the two raters give, and p_e is how often they
    would agree if each kept to these shares and judged at random. Where nearly all belongs to one
    category p_e is nearly 1: it takes most agreement for luck, and kappa collapses while the raters
    hardly ever differ (Feinstein and Cicchetti 1990, Journal of Clinical Epidemiology 43). So it is
    in a collection of which nearly every photograph is kept: read it beside `gwet_ac1` and the
    counts.

    Parameters
    ----------
    counts : ndarray of int64, shape (..., q, q)
        As in `raw_agreement`.

    Returns
    -------
    ndarray of float64, shape (...)
        NaN where both raters put everything into one and the same category.

    Examples
    --------
    Agreement on 94 % of 125 things is worse than luck:

    >>> round(float(cohen_kappa(np.array([[118, 5], [2, 0]]))), 3)
    -0.023
    """
    total = counts.sum(axis=(-2, -1))
    chance = (counts.sum(axis=-1) * counts.sum(axis=-2)).sum(axis=-1)
    return _ratio(total * np.trace(counts, axis1=-2, axis2=-1) - chance, total * total - chance)


def gwet_ac1(counts: Ints) -> Floats:
    """Gwet's AC1: (p_o - p_e) / (1 - p_e) with p_e = sum_k pi_k (1 - pi_k) / (q - 1).

    pi_k is the mean of the two raters' shares of category k. Luck is what happens on things that
    are hard to judge, of which there are few where nearly all is alike, so AC1 stays near the raw
    agreement where kappa collapses (Gwet 2008, British Journal of Mathematical and Statistical
    Psychology 61).

    Parameters
    ----------
    counts : ndarray of int64, shape (..., q, q)
        As in `raw_agreement`, of two categories or more.

    Returns
    -------
    ndarray of float64, shape (...)
        NaN where nothing was judged.

    Examples
    --------
    >>> round(float(gwet_ac1(np.array([[118, 5], [2, 0]]))), 3)
    0.941
    """
    total = counts.sum(axis=(-2, -1))
    twice = counts.sum(axis=-1) + counts.sum(axis=-2)
    # Everything times 4 n^2 (q - 1), so that all but the quotient is exact.
    others = counts.shape[-1] - 1
    chance = (twice * (2 * total[..., None] - twice)).sum(axis=-1)
    whole = 4 * others * total
    agreed = whole * np.trace(counts, axis1=-2, axis2=-1)
    return _ratio(agreed - chance, whole * total - chance)


def _ratio(above: Ints, below: Ints) -> Floats:
    quotient: Floats = np.divide(
        above, below, out=np.full(np.shape(below), np.nan), where=np.asarray(below) != 0
    )
    return quotient


@dataclass(frozen=True)
class Coefficient:
    """A coefficient of agreement and its 95 % interval.

    Parameters
    ----------
    value : float or None
        None where it is undefined.
    ci : (float, float) or None
        None of fewer than five units, where more than 5 % of the draws leave it undefined, and
        where all draws are alike, which would say that nothing is uncertain.
    """

    value: float | None
    ci: tuple[float, float] | None


@dataclass(frozen=True)
class Agreement:
    """How far two raters agree.

    Parameters
    ----------
    counts : tuple of tuple of int
        Rows are the categories of the first rater, columns those of the second.
    raw, kappa, ac1 : Coefficient
    """

    counts: tuple[tuple[int, ...], ...]
    raw: Coefficient
    kappa: Coefficient
    ac1: Coefficient


def agreement(
    first: Ints,
    second: Ints,
    unit: Ints,
    *,
    categories: int,
    draws: int,
    random: np.random.Generator,
) -> Agreement:
    """Measure the agreement of two raters, with percentile intervals by the bootstrap.

    Things that belong together, such as the photographs of a word, are hard or easy together, so
    whole units are drawn with replacement.

    Parameters
    ----------
    first, second : ndarray of int64, shape (n,)
        Category, from 0, that each rater chose for every thing.
    unit : ndarray of int64, shape (n,)
        Number from 0 of the unit that every thing is drawn with.
    categories : int
        How many categories the raters could choose from.
    draws : int
    random : numpy.random.Generator

    Returns
    -------
    Agreement

    Examples
    --------
    >>> first, second = np.array([0, 0, 1, 0, 1, 0]), np.array([0, 0, 1, 0, 0, 0])
    >>> random = np.random.default_rng(0)
    >>> found = agreement(first, second, np.arange(6), categories=2, draws=200, random=random)
    >>> found.counts, round(found.raw.value, 3), round(found.kappa.value, 3)
    (((4, 0), (1, 1)), 0.833, 0.571)
    """
    units = int(unit.max(initial=-1)) + 1
    cells = (unit * categories + first) * categories + second
    by_unit = np.bincount(cells, minlength=units * categories**2)
    by_unit = by_unit.reshape(units, categories, categories)
    counts = by_unit.sum(axis=0)
    # Of fewer units than an interval needs there are no draws.
    drawn = random.integers(0, units, (draws, units)) if units >= _FEWEST else np.empty((0, 0), int)
    tables = by_unit[drawn].sum(axis=1)

    def measured(coefficient: Floats, in_draws: Floats) -> Coefficient:
        value = float(coefficient)
        defined = in_draws[~np.isnan(in_draws)]
        ci = None
        if len(defined) and len(defined) >= _DEFINED * draws and np.ptp(defined) > 0:
            low, high = interval(defined).tolist()
            ci = low, high
        return Coefficient(None if np.isnan(value) else value, ci)

    return Agreement(
        tuple(tuple(row) for row in counts.tolist()),
        measured(raw_agreement(counts), raw_agreement(tables)),
        measured(cohen_kappa(counts), cohen_kappa(tables)),
        measured(gwet_ac1(counts), gwet_ac1(tables)),
    )
