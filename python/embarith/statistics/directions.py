"""How alike two directions are: angle, and correlations across the dimensions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from embarith import _core

Floats = NDArray[np.float64]

# Cosines closer than this are one: no order of a float64 sum separates them.
EQUAL = 1e-12


def unit(x: Floats) -> Floats:
    """Scale every row to length one; a zero row stays zero.

    Examples
    --------
    >>> unit(np.array([[3.0, 4.0], [0.0, 0.0]])).tolist()
    [[0.6, 0.8], [0.0, 0.0]]
    """
    length = np.sqrt(np.einsum("ij,ij->i", x, x))[:, None]
    scaled: Floats = np.divide(x, length, out=np.zeros_like(x), where=length > 0)
    return scaled


def cosines(x: Floats, y: Floats) -> Floats:
    """Cosine of every row of `x` with the same row of `y`.

    Parameters
    ----------
    x, y : ndarray of float64, shape (n, d)

    Returns
    -------
    ndarray of float64, shape (n,)
        0 where either row is zero.

    Examples
    --------
    >>> cosines(np.array([[1.0, 0.0]]), np.array([[1.0, 1.0]])).round(4).tolist()
    [0.7071]
    """
    cosine: Floats = np.clip(np.einsum("ij,ij->i", unit(x), unit(y)), -1.0, 1.0)
    return cosine


def angles(x: Floats, y: Floats) -> Floats:
    """Angle between every row of `x` and the same row of `y`, in degrees.

    The arc cosine of the cosine, computed as 2 atan2(‖u − v‖, ‖u + v‖) of the unit vectors u and v
    because the arc cosine itself loses half the digits of a small angle (Kahan 2006).

    Parameters
    ----------
    x, y : ndarray of float64, shape (n, d)

    Returns
    -------
    ndarray of float64, shape (n,)

    Examples
    --------
    >>> angles(np.array([[1.0, 0.0]]), np.array([[2.0, 2.0]])).round(6).tolist()
    [45.0]
    """
    u, v = unit(x), unit(y)
    difference, total = u - v, u + v
    halves = np.arctan2(
        np.sqrt(np.einsum("ij,ij->i", difference, difference)),
        np.sqrt(np.einsum("ij,ij->i", total, total)),
    )
    degrees: Floats = np.degrees(2.0 * halves)
    return degrees


def pearson(x: Floats, y: Floats) -> Floats:
    """Pearson correlation across the dimensions of every row of `x` and the same row of `y`.

    Parameters
    ----------
    x, y : ndarray of float64, shape (n, d)

    Returns
    -------
    ndarray of float64, shape (n,)
        0 where either row is constant.

    Examples
    --------
    >>> pearson(np.array([[1.0, 2.0, 3.0]]), np.array([[3.0, 5.0, 7.0]])).round(6).tolist()
    [1.0]
    """
    return cosines(x - x.mean(axis=1, keepdims=True), y - y.mean(axis=1, keepdims=True))


def spearman(x: Floats, y: Floats) -> Floats:
    """Spearman's rho across the dimensions of every row of `x` and the same row of `y`.

    Average ranks, then Pearson: the form that stays right under ties. It depends on the basis of
    the space and has no p value here, because dimensions are no sample.

    Parameters
    ----------
    x, y : ndarray of float64, shape (n, d)

    Returns
    -------
    ndarray of float64, shape (n,)
        0 where either row is constant, as for `pearson`.

    Examples
    --------
    >>> spearman(np.array([[1.0, 2.0, 9.0]]), np.array([[0.0, 5.0, 6.0]])).round(6).tolist()
    [1.0]
    """
    rho: Floats = _core.spearman(np.ascontiguousarray(x), np.ascontiguousarray(y))
    rho[np.isnan(rho)] = 0.0
    return rho


def rotated_spearman(
    cosine: Floats, dimensions: int, rotations: int, random: np.random.Generator
) -> Floats:
    """Spearman's rho that vectors at a given cosine have on average after a random rotation.

    Rotating a space leaves every cosine as it is and changes rho, so this is what rho amounts to
    once the accident of the basis is taken out. A random rotation sends two unit vectors at cosine
    r to u and r u + sqrt(1 - r^2) v with (u, v) a uniformly random orthonormal pair, so drawing
    that pair (the QR factor of a Gaussian d x 2 matrix) is drawing the rotation, at O(d) instead
    of the O(d^3) of the whole matrix. For many dimensions the mean tends to 6/pi asin(r/2), the
    rank correlation of a bivariate normal (Pearson 1907).

    Parameters
    ----------
    cosine : ndarray of float64, shape (n,)
        Cosine of the two vectors, one entry a question.
    dimensions : int
        Dimensions of the space, at least 2.
    rotations : int
        Rotations drawn for each entry.
    random : numpy.random.Generator

    Returns
    -------
    ndarray of float64, shape (n,)
        Mean rho over the rotations.

    Examples
    --------
    >>> rho = rotated_spearman(np.array([1.0, -1.0]), 50, 20, np.random.default_rng(0))
    >>> rho.round(6).tolist()
    [1.0, -1.0]
    """
    if dimensions < 2:
        return np.sign(cosine)
    total = np.zeros(len(cosine))
    r = cosine[:, None]
    s = np.sqrt(np.clip(1.0 - r * r, 0.0, None))
    for _ in range(rotations):
        u = unit(random.standard_normal((len(cosine), dimensions)))
        v = random.standard_normal((len(cosine), dimensions))
        v = unit(v - np.einsum("ij,ij->i", u, v)[:, None] * u)
        total += spearman(u, r * u + s * v)
    return total / rotations
