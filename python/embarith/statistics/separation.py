"""Whether a plane tells two sets of vectors apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def separability(x: Floats, sides: Floats, fold: Ints) -> Floats:
    """Tell the side of every row by a linear rule that was learnt without the row's fold.

    The rule is ridge regression on the sides: Fisher's discriminant, regularised (Hastie,
    Tibshirani, Friedman 2009, section 4.3). Vectors are scaled by one number to variance one a
    dimension, and the penalty is 1: one row's worth of that variance. A fold F is predicted
    without being refitted, by (I − H_FF)⁻¹ (ŷ − H y)_F of the fit to all rows with hat matrix H,
    so that permuted sides cost a product of matrices.

    Parameters
    ----------
    x : ndarray of float64, shape (n, d)
    sides : ndarray of float64, shape (n, m)
        −1 or 1, one column a labelling.
    fold : ndarray of int64, shape (n,)
        Number of every row's fold.

    Returns
    -------
    ndarray of float64, shape (n, m)
        1 where the side was told right, one half where the rule says neither.
    """
    apart = x - x.mean(axis=0)
    scale = np.sqrt(np.mean(apart**2))
    design = np.column_stack([apart / scale if scale > 0 else apart, np.ones(len(x))])
    penalty = np.eye(design.shape[1])
    penalty[-1, -1] = 0.0  # the plane may lie anywhere
    coefficients = np.linalg.solve(design.T @ design + penalty, design.T)
    told = np.empty_like(sides)
    residual = sides - design @ (coefficients @ sides)
    for number in np.unique(fold):
        held = fold == number
        hat = design[held] @ coefficients[:, held]
        error = np.linalg.solve(np.eye(len(hat)) - hat, residual[held])
        told[held] = sides[held] - error
    score: Floats = (np.sign(told * sides) + 1) / 2
    return score
