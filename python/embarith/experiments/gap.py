"""How far apart two modalities lie in one shared space."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from embarith.checks import as_count
from embarith.draws import generator
from embarith.errors import OptionError
from embarith.experiments.common import against, encoder_info, percentiles
from embarith.machine import describe_run
from embarith.result import GapResult, Matched, Measured, rounded
from embarith.statistics import (
    FEWEST,
    bootstrap_weights,
    mean_cosines,
    mean_interval,
    separability,
    unit,
)
from embarith.table import EmbeddingTable

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FOLDS = 10

# Weights of draws held at a time.
_CHUNK = 4_000_000


def modality_gap(
    first: EmbeddingTable,
    second: EmbeddingTable,
    *,
    space: str,
    modalities: tuple[str, str] = ("first", "second"),
    units: tuple[Ints, Ints] | None = None,
    draws: int = 1000,
    null_draws: int = 999,
    seed: int = 0,
) -> GapResult:
    """Measure the gap between two modalities, such as texts and photographs, on unit vectors.

    The distance between the two mean unit vectors (Liang et al. 2022), whether a plane tells the
    modalities apart, and the mean cosines within and across. Equal numbers of dimensions do not
    make two spaces one, so what space the tables share has to be stated.

    Parameters
    ----------
    first, second : EmbeddingTable
        At least ten rows each.
    space : str
        Name of the space that both were encoded into (`CLIP ViT-B/32`).
    modalities : (str, str)
        What the tables hold.
    units : (ndarray of int64, ndarray of int64), optional
        What every row of either table is drawn with, by a number that is one in both tables: the
        captions of a photograph are no independent sample, nor is the photograph itself one. By
        default each row of each table is drawn by itself.
    draws : int
        Bootstrap draws over the rows of each table, or over the units; 0 for no intervals.
    null_draws : int
        Permutations of modalities and of matched labels; 0 for no null. With units, the modalities
        of all rows of a unit are swapped at once.
    seed : int

    Returns
    -------
    GapResult

    Raises
    ------
    OptionError
        If `space` is empty, the tables have different dimensions, or fewer than ten rows, or
        there is not one unit a row, or fewer than ten have rows of both tables.
    """
    started = time.perf_counter()
    draws, null_draws = as_count("draws", draws, 0), as_count("null_draws", null_draws, 0)
    names = [table.provenance.encoder for table in (first, second)]
    if not space.strip():
        raise OptionError("space: name the space that both tables share; without one is no gap")
    if first.dimensions != second.dimensions:
        raise OptionError(
            f"{names[0]} has {first.dimensions} dimensions and {names[1]} {second.dimensions}: "
            "they share no space, and a gap is defined in a shared one only"
        )
    for table, name in zip((first, second), names, strict=True):
        if len(table) < FOLDS:
            raise OptionError(f"{name} has {len(table)} rows; a gap needs {FOLDS} of each modality")
    drawn = None if units is None else _numbered(units, (len(first), len(second)))
    x, y = (unit(table.vectors.astype(np.float64)) for table in (first, second))
    cosines = [_within(x), _within(y), float(x.mean(axis=0) @ y.mean(axis=0))]
    samples = _resample(x, y, drawn, draws, seed)
    within_first, within_second, across, distance = map(percentiles, samples.T)
    random = generator(seed, "separability")
    picked = _picked(x, y, drawn, random)
    result = GapResult(
        first=encoder_info(first),
        second=encoder_info(second),
        space=space,
        modalities=modalities,
        random_weights=any(
            table.provenance.random_weights is not None for table in (first, second)
        ),
        distance=against(
            float(np.linalg.norm(x.mean(axis=0) - y.mean(axis=0))),
            distance,
            _permuted_distances(x, y, drawn, null_draws, generator(seed, "modalities")),
        ),
        separability=_separability(
            x[picked[0]], y[picked[1]], drawn is not None, draws, null_draws, random
        ),
        within_first=Measured(cosines[0], within_first),
        within_second=Measured(cosines[1], within_second),
        across=Measured(cosines[2], across),
        matched=_matched(first, second, draws, null_draws, seed),
        separated=len(picked[0]),
        units=None if drawn is None else int(max(one.max() for one in drawn)) + 1,
        folds=FOLDS,
        draws=draws,
        null_draws=null_draws,
        seed=seed,
        run=describe_run(started, {}),
    )
    return rounded(result)


def _within(x: Floats) -> float:
    return float(mean_cosines(x, np.ones((1, len(x))))[0])


def _numbered(units: tuple[Ints, Ints], rows: tuple[int, int]) -> tuple[Ints, Ints]:
    """Return numbers of the units from 0 on, without gaps, for both tables."""
    if tuple(map(len, units)) != rows:
        told = " and ".join(str(len(one)) for one in units)
        raise OptionError(f"{told} units for {rows[0]} and {rows[1]} rows; give one a row")
    numbers = np.unique(np.concatenate(units), return_inverse=True)[1].astype(np.int64)
    return numbers[: rows[0]], numbers[rows[0] :]


def _resample(
    x: Floats, y: Floats, units: tuple[Ints, Ints] | None, draws: int, seed: int
) -> Floats:
    """Draw the rows of both tables again: cosines within, within, across, and the distance.

    What was drawn twice makes no couples with its copy, neither a row nor the rows of a unit: they
    are nearer to each other than those of two, and a sample holds none twice.

    Returns
    -------
    ndarray of float64, shape (draws, 4)
    """
    drawn = units or (np.arange(len(x)), np.arange(len(y)))
    names = ("units",) if units else ("first", "second")
    streams = [generator(seed, "rows", name) for name in names]
    count = [1 + max(one.max() for one in drawn)] * 2 if units else [len(x), len(y)]
    # Sums of the rows of every unit, and in a last column how many these are.
    sums = [np.zeros((size, x.shape[1] + 1)) for size in count]
    for one, rows, numbers in zip(sums, (x, y), drawn, strict=True):
        np.add.at(one, numbers, np.column_stack([rows, np.ones(len(rows))]))
    found = [np.empty((0, 4))]
    size = max(1, _CHUNK // max(count))
    for start in range(0, draws if min(count) >= FEWEST else 0, size):
        wanted = min(size, draws - start)
        weights = [
            np.concatenate(list(bootstrap_weights(one, wanted, random)))
            for one, random in zip(count, streams, strict=False)
        ]
        # The same for both tables where they share their units.
        first, second = weights[0], weights[-1]
        within = [_mean(_within_units(*one)) for one in zip(sums, (first, second), strict=True)]
        couples = _products(first @ sums[0], second @ sums[1])
        if units:
            couples -= (first * first - first) @ _products(*sums)
        across = _mean(couples)
        # |m|² = (1 + (n − 1) · mean cosine) / n, because the mean of rows of which some were drawn
        # twice is longer than that of as many rows.
        square = [(1 + (len(r) - 1) * one) / len(r) for r, one in zip((x, y), within, strict=True)]
        distance = np.sqrt(np.clip(sum(square) - 2 * across, 0.0, None))
        found.append(np.stack([*within, across, distance], axis=1))
    return np.concatenate(found)


def _products(first: Floats, second: Floats) -> Floats:
    """Return sums of cosines between the rows behind two sums, and how many these are: (n, 2)."""
    cosines = np.einsum("ij,ij->i", first[:, :-1], second[:, :-1])
    return np.stack([cosines, first[:, -1] * second[:, -1]], axis=1)


def _within_units(sums: Floats, weights: Floats) -> Floats:
    total = weights @ sums
    twice = (weights * weights - weights) @ _products(sums, sums)
    # A row's cosine with itself is 1.
    return _products(total, total) - twice - total[:, -1:]


def _mean(couples: Floats) -> Floats:
    none = np.full(len(couples), np.nan)
    mean: Floats = np.divide(couples[:, 0], couples[:, 1], out=none, where=couples[:, 1] > 0)
    return mean


def _permuted_distances(
    x: Floats,
    y: Floats,
    units: tuple[Ints, Ints] | None,
    draws: int,
    random: np.random.Generator,
) -> Floats:
    """Return distances with the modalities of rows permuted, or swapped within whole units."""
    if units is not None:
        # What each unit adds to the difference of the means; swapped, it takes that away. Where the
        # middle is put does not matter to their sum, but to units of one modality alone.
        middle = (x.mean(axis=0) + y.mean(axis=0)) / 2
        parts = np.zeros((1 + max(one.max() for one in units), x.shape[1]))
        np.add.at(parts, units[0], (x - middle) / len(x))
        np.subtract.at(parts, units[1], (y - middle) / len(y))
        signs = random.choice([-1.0, 1.0], (draws, len(parts)))
        swapped: Floats = np.linalg.norm(signs @ parts, axis=1)
        return swapped
    both = np.concatenate([x, y])
    total = both.sum(axis=0)
    found = np.empty(draws)
    for draw in range(draws):
        one = both[random.permutation(len(both))[: len(x)]].sum(axis=0)
        found[draw] = np.linalg.norm(one / len(x) - (total - one) / len(y))
    return found


def _picked(
    x: Floats, y: Floats, units: tuple[Ints, Ints] | None, random: np.random.Generator
) -> tuple[Ints, Ints]:
    """Return as many rows of either modality: of the larger at random, or one a unit of each.

    So no plane is fitted to captions of the photograph whose other captions it is to tell.
    """
    if units is None:
        rows = min(len(x), len(y))
        return random.permutation(len(x))[:rows], random.permutation(len(y))[:rows]
    shared = random.permutation(np.intersect1d(*units))
    if len(shared) < FOLDS:
        raise OptionError(
            f"{len(shared)} units have rows of both modalities; a gap by units needs {FOLDS}"
        )
    found = []
    for one in units:
        order = random.permutation(len(one))
        numbers, first = np.unique(one[order], return_index=True)
        found.append(order[first[np.searchsorted(numbers, shared)]])
    return found[0], found[1]


def _separability(
    x: Floats,
    y: Floats,
    paired: bool,
    draws: int,
    null_draws: int,
    random: np.random.Generator,
) -> Measured:
    """Share told right of as many rows of either modality, paired where they are of one unit."""
    rows = len(x)
    both = np.concatenate([x, y])
    drawn = np.tile(np.arange(rows), 2) if paired else np.arange(len(both))
    fold = np.tile(np.arange(rows) % FOLDS, 2)
    sides = np.repeat([1.0, -1.0], rows)
    # Either way folds hold as many rows of either side.
    if paired:
        signs = random.choice([-1.0, 1.0], (rows, null_draws))
        permuted = np.concatenate([signs, -signs])
    else:
        order = np.argsort(fold, kind="stable")
        starts = np.flatnonzero(np.diff(fold[order])) + 1
        permuted = np.empty((len(both), null_draws))
        for column in permuted.T:
            for part in np.split(order, starts):
                column[part] = sides[random.permutation(part)]
    told = separability(both, np.column_stack([sides, permuted]), fold)
    ci = mean_interval(told[:, 0], drawn, draws=draws, random=random)
    return against(float(told[:, 0].mean()), ci, told[:, 1:].mean(axis=0))


def _matched(
    first: EmbeddingTable, second: EmbeddingTable, draws: int, null_draws: int, seed: int
) -> Matched | None:
    rows = second.rows(first.labels)
    shared = np.flatnonzero(rows >= 0)
    if len(shared) < 2:
        return None
    x, y = (
        unit(table.vectors[places].astype(np.float64))
        for table, places in ((first, shared), (second, rows[shared]))
    )
    cosines = x @ y.T
    own = np.diag(cosines)
    random = generator(seed, "matched")
    ci = mean_interval(own, np.arange(len(own)), draws=draws, random=random)
    null = [
        cosines[np.arange(len(own)), random.permutation(len(own))].mean() for _ in range(null_draws)
    ]
    return Matched(len(own), against(float(own.mean()), ci, np.array(null)))
