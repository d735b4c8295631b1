"""Whether the vectors of a two-way table are a row's part plus a column's part."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# One less the leverage of a cell that nothing else can predict, but for rounding.
_ALONE = 1e-9


@dataclass(frozen=True)
class Model:
    """A least-squares fit of cells, ready for any vectors.

    Parameters
    ----------
    hat : ndarray of float64, shape (c, c)
        Projects vectors of cells on what the model can be.
    rank : int
        Free parameters.
    """

    hat: Floats
    rank: int

    @property
    def held_out(self) -> NDArray[np.bool_]:
        """Which cells the model predicts from the others, shape (c,)."""
        free: NDArray[np.bool_] = 1.0 - np.diag(self.hat) > _ALONE
        return free


@dataclass(frozen=True)
class Errors:
    """Squared errors of every cell, shape (c, m), of the model and of the plain mean.

    `fitted` and `spread` of the fit to all cells; `predicted` and `guessed` of the fit to all
    others, NaN where the model predicts no such cell.
    """

    fitted: Floats
    spread: Floats
    predicted: Floats
    guessed: Floats


def components(first: Ints, second: Ints) -> tuple[int, Ints]:
    """Count the parts of a two-way table that share no row and no column.

    Parameters
    ----------
    first, second : ndarray of int64, shape (c,)
        Row and column of every cell, numbered from 0.

    Returns
    -------
    int
    ndarray of int64, shape (columns,)
        The part of every column.

    Examples
    --------
    >>> components(np.array([0, 0, 1]), np.array([0, 1, 2]))[0]
    2
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    rows, columns = int(first.max()) + 1, int(second.max()) + 1
    ends = (first, second + rows)
    links = coo_array((np.ones(len(first)), ends), shape=(rows + columns,) * 2)
    count, part = connected_components(links, directed=False)
    return int(count), part[rows:].astype(np.int64)


def additive_model(first: Ints, second: Ints) -> Model:
    """Fit cell = mean + row's part + column's part, whatever cells there are.

    A row and a column each have a free vector, less one for every part of the table that shares
    no row and no column with the rest. A cell is predicted from the others where its row and its
    column stay linked without it.

    Parameters
    ----------
    first, second : ndarray of int64, shape (c,)
        Row and column of every cell, numbered from 0.
    """
    _, part = components(first, second)
    # The first column of each part is what the others are measured from.
    kept = np.setdiff1d(np.arange(len(part)), np.unique(part, return_index=True)[1])
    return _model(np.hstack([_dummies(first), _dummies(second)[:, kept]]))


def one_way_model(level: Ints) -> Model:
    """Fit cell = its row's part, or its column's.

    Parameters
    ----------
    level : ndarray of int64, shape (c,)
    """
    return _model(_dummies(level))


def errors(cells: Floats, model: Model) -> Errors:
    """Return squared errors of fits; a held-out cell's error is e / (1 − h), with no refitting.

    Parameters
    ----------
    cells : ndarray of float64, shape (c, m, d)
        The vectors of the cells of m tables of one design.
    model : Model
    """
    fit = (model.hat @ cells.reshape(len(cells), -1)).reshape(cells.shape)
    fitted, spread = _squares(cells - fit), _squares(cells - cells.mean(axis=0))
    free = model.held_out
    predicted, guessed = np.full_like(fitted, np.nan), np.full_like(fitted, np.nan)
    predicted[free] = fitted[free] / (1.0 - np.diag(model.hat)[free, None]) ** 2
    guessed[free] = spread[free] / (1.0 - 1.0 / len(cells)) ** 2
    return Errors(fitted, spread, predicted, guessed)


def _model(design: Floats) -> Model:
    basis = np.linalg.qr(design)[0]
    return Model(basis @ basis.T, design.shape[1])


def _dummies(level: Ints) -> Floats:
    return np.eye(int(level.max()) + 1)[level]


def _squares(x: Floats) -> Floats:
    squares: Floats = np.einsum("ijk,ijk->ij", x, x)
    return squares
