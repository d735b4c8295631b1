"""How a set of vectors lies in its space: common direction, principal components, hubs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Weights held at a time.
_CHUNK = 4_000_000


def bootstrap_weights(count: int, draws: int, random: np.random.Generator) -> Iterator[Floats]:
    """Yield how often each of `count` items was drawn, `count` with replacement, by blocks.

    Yields
    ------
    ndarray of float64, shape (m, count)
        The next m of the `draws` draws.
    """
    size = max(1, _CHUNK // count)
    for start in range(0, draws, size):
        drawn = random.integers(0, count, (min(size, draws - start), count))
        yield np.stack([np.bincount(one, minlength=count) for one in drawn]).astype(np.float64)


def mean_cosines(x: Floats, weights: Floats) -> Floats:
    """Mean cosine between distinct rows, each couple weighing the product of its rows' weights.

    From the length of the sum, (‖Σ w u‖² − Σ w²) / ((Σ w)² − Σ w²), so that n² cosines need no
    computing. A row that a bootstrap drew twice makes no couple with itself.

    Parameters
    ----------
    x : ndarray of float64, shape (n, d)
        Unit vectors, at least two.
    weights : ndarray of float64, shape (m, n)
        Ones for the mean itself.

    Returns
    -------
    ndarray of float64, shape (m,)
        NaN where a single row has weight.

    Examples
    --------
    >>> mean_cosines(np.eye(3)[[0, 0, 1]], np.ones((1, 3))).round(6).tolist()
    [0.333333]
    """
    total = weights @ x
    own = np.einsum("ij,ij->i", weights, weights)
    couples = weights.sum(axis=1) ** 2 - own
    mean: Floats = np.divide(
        np.einsum("ij,ij->i", total, total) - own,
        couples,
        out=np.full(len(weights), np.nan),
        where=couples > 0,
    )
    return mean


def component_shares(x: Floats, most: int) -> Floats:
    """Shares of the variance that lie along the first principal components.

    Parameters
    ----------
    x : ndarray of float64, shape (n, d)
    most : int
        Components wanted.

    Returns
    -------
    ndarray of float64, shape (min(most, n, d),)
        Largest first; zero if all rows are alike.

    Examples
    --------
    >>> component_shares(np.array([[3.0, 0.0], [-3.0, 0.0], [0.0, 1.0], [0.0, -1.0]]), 2).tolist()
    [0.9, 0.1]
    """
    apart = x - x.mean(axis=0)
    square = apart.T @ apart if x.shape[1] <= len(x) else apart @ apart.T
    count = min(most, len(square))
    total = np.trace(square)
    if total <= 0:
        return np.zeros(count)
    largest = np.linalg.eigvalsh(square)[::-1][:count]
    shares: Floats = np.clip(largest, 0.0, None) / total
    return shares


def occurrences(neighbours: Ints, count: int) -> Ints:
    """N_k: in how many of the lists of neighbours every row stands (Radovanović et al. 2010).

    Parameters
    ----------
    neighbours : ndarray of int64, shape (n, k)
        Row numbers of the k nearest of every row, −1 where there are fewer.
    count : int
        Rows.

    Returns
    -------
    ndarray of int64, shape (count,)

    Examples
    --------
    >>> occurrences(np.array([[1], [2], [1]]), 3).tolist()
    [0, 2, 1]
    """
    return np.bincount(neighbours[neighbours >= 0], minlength=count)


def skewness(values: Floats, weights: Floats) -> Floats:
    """Third standardised moment, m₃ / m₂^(3/2), of weighted values.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
    weights : ndarray of float64, shape (m, n)
        Ones for the plain one.

    Returns
    -------
    ndarray of float64, shape (m,)
        0 where all values are alike.

    Examples
    --------
    >>> skewness(np.array([0.0, 0.0, 0.0, 4.0]), np.ones((1, 4))).round(6).tolist()
    [1.154701]
    """
    # About the mean first, so that the powers lose no digits.
    apart = values - values.mean()
    powers = np.stack([apart, apart**2, apart**3], axis=1)
    first, second, third = (weights @ powers / weights.sum(axis=1, keepdims=True)).T
    variance = second - first**2
    moment = third - 3 * first * second + 2 * first**3
    skew: Floats = np.divide(
        moment,
        np.clip(variance, 0.0, None) ** 1.5,
        out=np.zeros_like(moment),
        where=variance > 1e-12 * np.mean(apart**2),
    )
    return skew
