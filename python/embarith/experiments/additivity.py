"""Whether a group of photographs is its first factor plus its second: b − a + c = d among means."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from embarith.checks import as_count
from embarith.draws import generator
from embarith.errors import OptionError
from embarith.experiments.common import against, coverage, encoder_info, percentiles
from embarith.machine import describe_run
from embarith.questions.cells import Cell
from embarith.result import (
    AdditivityResult,
    Fit,
    Interval,
    Measured,
    VocabularyInfo,
    rounded,
)
from embarith.statistics import (
    FEWEST,
    Errors,
    Model,
    additive_model,
    components,
    errors,
    one_way_model,
    unit,
)
from embarith.table import EmbeddingTable

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Coordinates of permuted cells held at a time.
_CHUNK = 4_000_000


def additivity(
    table: EmbeddingTable,
    cells: Mapping[str, Collection[Cell]],
    *,
    name: str = "cells",
    factors: tuple[str, str] = ("row", "column"),
    draws: int = 1000,
    null_draws: int = 999,
    seed: int = 0,
) -> AdditivityResult:
    """Measure how much of the variance between groups two factors explain without interaction.

    The photographs of a cell, such as dog with grass, have a mean unit vector; the cells' vectors
    are fitted by mean + row + column, least squares over whatever cells there are. Cell d is then
    predicted by b − a + c of cells that share its row and its column, so the share of variance
    predicted of held-out cells is the arithmetic itself, over all quadruples at once. Rows alone
    and columns alone stand beside it, as c alone stands beside an analogy.

    Parameters
    ----------
    table : EmbeddingTable
        Vectors of photographs.
    cells : mapping of str to collection of (str, str)
        Rows and columns of every photograph, by its label. One of several cells is left out and
        counted: a mean that it is part of would be predicted with the help of itself.
    name : str
        What the result calls the set.
    factors : (str, str)
        What rows and columns are.
    draws : int
        Bootstrap draws for the intervals, over rows and columns; 0 for none.
    null_draws : int
        Permutations of the vectors among the cells; 0 for no null.
    seed : int

    Returns
    -------
    AdditivityResult

    Raises
    ------
    OptionError
        If the table has photographs of fewer than two rows or columns, or all cells are alike.
    """
    started = time.perf_counter()
    draws, null_draws = as_count("draws", draws, 0), as_count("null_draws", null_draws, 0)
    single = {label: next(iter(mine)) for label, mine in cells.items() if len(mine) == 1}
    rows = table.rows(list(single))
    have = np.flatnonzero(rows >= 0)
    labels = [label for label, row in zip(single, rows.tolist(), strict=True) if row >= 0]
    pairs = [single[label] for label in labels]
    filled = sorted(set(pairs))
    first, second = (_numbers([pair[side] for pair in filled]) for side in (0, 1))
    levels = tuple(len(set(numbers.tolist())) for numbers in (first, second))
    if min(levels) < 2:
        raise OptionError(
            f"{table.provenance.encoder} has {len(labels):,} of the {len(cells):,} photographs, of "
            f"one cell, of {levels[0]} {factors[0]} and {levels[1]} {factors[1]}: two of each are "
            "needed"
        )
    place = {pair: number for number, pair in enumerate(filled)}
    cell = np.array([place[pair] for pair in pairs])
    x = unit(table.vectors[rows[have]].astype(np.float64))
    means, noise = _means(x, cell)
    # Coordinates among the cells' own directions: as many as cells, with the same inner products.
    left, scale, _ = np.linalg.svd(means - means.mean(axis=0), full_matrices=False)
    means = left * scale
    if not scale[0] > 0:
        raise OptionError(f"all cells of {name} have the same mean vector; nothing to explain")
    models = (additive_model(first, second), one_way_model(first), one_way_model(second))
    free = models[0].held_out
    weights = _crossed_weights(first, second, draws, generator(seed, "cells"))
    random = generator(seed, "permuted cells")
    orders = random.permuted(np.tile(np.arange(len(filled)), (null_draws, 1)), axis=1)
    fits = [_fit(means, model, free, weights, orders) for model in models]
    spread = float(np.sum(scale**2))
    result = AdditivityResult(
        encoder=encoder_info(table),
        photographs=VocabularyInfo(name, len(labels), _digest(labels, pairs)),
        coverage=coverage(
            len(cells),
            [[label] for label, row in zip(single, rows.tolist(), strict=True) if row < 0],
            left_out=len(cells) - len(single),
        ),
        factors=factors,
        levels=(levels[0], levels[1]),
        cells=len(filled),
        components=components(first, second)[0],
        predicted_cells=int(free.sum()),
        noise=None if noise is None else noise / spread,
        both=fits[0],
        first_alone=fits[1],
        second_alone=fits[2],
        draws=draws,
        null_draws=null_draws,
        seed=seed,
        run=describe_run(started, {}),
    )
    return rounded(result)


def _numbers(names: Sequence[str]) -> Ints:
    numbers: Ints = np.unique(np.array(names), return_inverse=True)[1].astype(np.int64)
    return numbers


def _digest(labels: Sequence[str], pairs: Sequence[Cell]) -> str:
    lines = (
        f"{label}\t{one}\t{other}\n" for label, (one, other) in zip(labels, pairs, strict=True)
    )
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _means(x: Floats, cell: Ints) -> tuple[Floats, float | None]:
    """Return the mean of every cell, and the variance between them that photographs alone make.

    The pooled variance within cells, divided by a cell's photographs, is what its mean is expected
    to lie off by; None where every cell has one.
    """
    sizes = np.bincount(cell)
    means = np.zeros((len(sizes), x.shape[1]))
    np.add.at(means, cell, x)
    means /= sizes[:, None]
    if len(x) == len(sizes):
        return means, None
    within = float(np.sum((x - means[cell]) ** 2)) / (len(x) - len(sizes))
    return means, within * float(np.sum(1 / sizes)) * (1 - 1 / len(sizes))


def _crossed_weights(first: Ints, second: Ints, draws: int, random: np.random.Generator) -> Floats:
    """Draw weights of rows times weights of columns, as of word pairs in `crossed_bootstrap`."""
    rows, columns = int(first.max()) + 1, int(second.max()) + 1
    if min(rows, columns) < FEWEST:
        return np.empty((0, len(first)))
    return (
        random.standard_exponential((draws, rows))[:, first]
        * random.standard_exponential((draws, columns))[:, second]
    )


def _fit(
    means: Floats, model: Model, free: NDArray[np.bool_], weights: Floats, orders: Ints
) -> Fit:
    count, rank = len(means), model.rank
    found = errors(means[:, None], model)
    size = max(1, _CHUNK // means.size)
    parts = [orders[start : start + size] for start in range(0, len(orders), size)]
    null = [_shares(errors(means[part.T], model), free) for part in parts]
    explained_null, predicted_null = np.concatenate([np.empty((2, 0)), *null], axis=1)
    explained, predicted = _shares(found, free)
    drawn_explained, drawn_predicted = _shares(found, free, weights)
    in_sample = against(float(explained[0]), percentiles(drawn_explained), explained_null)
    return Fit(
        explained=in_sample,
        adjusted=_adjusted(in_sample, count, rank) if count > rank else None,
        predicted=against(float(predicted[0]), percentiles(drawn_predicted), predicted_null)
        if free.any()
        else None,
    )


def _shares(found: Errors, free: NDArray[np.bool_], weights: Floats | None = None) -> Floats:
    """Return shares of variance explained, and predicted of the free cells.

    Returns
    -------
    ndarray of float64, shape (2, m)
        One entry a table of cells, or of the only table one a row of weights.
    """
    w = np.ones((1, len(free))) if weights is None else weights
    predicted = w[:, free] @ found.predicted[free]
    # Nothing is predicted where no cell is free.
    guessed = w[:, free] @ found.guessed[free] if free.any() else np.ones_like(predicted)
    explained = 1 - (w @ found.fitted) / (w @ found.spread)
    return np.stack([explained.ravel(), (1 - predicted / guessed).ravel()])


def _adjusted(explained: Measured, count: int, rank: int) -> Measured:
    """1 − (1 − R²)(c − 1)/(c − r), of the figure, its interval and its null alike."""
    scale = (count - 1) / (count - rank)

    def one(share: float) -> float:
        return 1 - (1 - share) * scale

    def both(ends: Interval | None) -> Interval | None:
        return None if ends is None else (one(ends[0]), one(ends[1]))

    null = None if explained.null is None else one(explained.null)
    return Measured(
        one(explained.value), both(explained.ci), null, both(explained.null_ci), explained.p
    )
