"""Where y = b − a + c lies: angles and correlations with d, and what they are held against."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from embarith import solvers, statistics
from embarith.draws import generator
from embarith.experiments.analogy.asked import Asked
from embarith.progress import Progress
from embarith.table import EmbeddingTable

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Rotations a question, and numbers ranked for them at most: questions are sampled beyond that.
_ROTATIONS = 20
_ROTATED = 2_000
_RANKED = 20_000_000

# float64 numbers held at a time.
_CHUNK = 2_000_000


@dataclass(frozen=True)
class Geometry:
    """One entry a question, but for `rho_rotated`, which has one a sampled question.

    Angles in degrees; `helps` is 1 where y is nearer to d than c is; `*_random_d` are NaN, as
    `auc` is, where the set has no other right answer.
    """

    angle_raw: Floats
    angle_unit: Floats
    rho_raw: Floats
    rho_unit: Floats
    pearson: Floats
    angle_only_c: Floats
    rho_only_c: Floats
    helps: Floats
    angle_random_d: Floats
    rho_random_d: Floats
    auc: Floats
    rho_rotated: Floats


def measure(
    table: EmbeddingTable,
    asked: Asked,
    seed: int,
    progress: Progress | None = None,
) -> Geometry:
    """Compare y with d for every question, from raw and from unit vectors."""
    pool_rows, own = np.unique(asked.d, return_inverse=True)
    pool = unit_rows(table, pool_rows)
    place = np.full(len(table) + 1, -1, np.int64)  # the last entry keeps -1 at -1
    place[pool_rows] = np.arange(len(pool_rows))
    right = place[asked.gold]
    other = _other_answers(own, right, len(pool_rows), generator(seed, "random d"))
    names = [field.name for field in fields(Geometry) if field.name != "rho_rotated"]
    found = {name: np.empty(len(asked)) for name in names}
    cosine = np.empty(len(asked))
    size = max(1, _CHUNK // max(table.dimensions, 1))
    for start in range(0, len(asked), size):
        part = slice(start, start + size)
        if progress:
            progress("angles", start, len(asked))
        a, b, c = asked.a[part], asked.b[part], asked.c[part]
        d, unit_d = table.vectors[asked.d[part]].astype(np.float64), pool[own[part]]
        y_raw = solvers.offsets(table, a, b, c, raw=True)
        y = statistics.unit(solvers.offsets(table, a, b, c))
        unit_c, random_d = unit_rows(table, c), pool[other[part]]
        cosine[part] = statistics.cosines(y, unit_d)
        found["angle_raw"][part] = statistics.angles(y_raw, d)
        found["angle_unit"][part] = statistics.angles(y, unit_d)
        found["rho_raw"][part] = statistics.spearman(y_raw, d)
        found["rho_unit"][part] = statistics.spearman(y, unit_d)
        found["pearson"][part] = statistics.pearson(y, unit_d)
        found["angle_only_c"][part] = statistics.angles(unit_c, unit_d)
        found["rho_only_c"][part] = statistics.spearman(unit_c, unit_d)
        found["helps"][part] = cosine[part] > statistics.cosines(unit_c, unit_d) + statistics.EQUAL
        found["angle_random_d"][part] = statistics.angles(y, random_d)
        found["rho_random_d"][part] = statistics.spearman(y, random_d)
        found["auc"][part] = statistics.auc(y, own[part], right[part], pool)
    for name in ("angle_random_d", "rho_random_d"):
        found[name][other < 0] = np.nan
    random = generator(seed, "rotations")
    most = max(1, min(_ROTATED, _RANKED // (_ROTATIONS * table.dimensions)))
    sample = cosine
    if len(asked) > most:
        sample = cosine[np.sort(random.choice(len(asked), most, replace=False))]
    if progress:
        progress("angles", len(asked), len(asked))
    rotated = statistics.rotated_spearman(sample, table.dimensions, _ROTATIONS, random)
    return Geometry(**found, rho_rotated=rotated)


def unit_rows(table: EmbeddingTable, rows: Ints) -> Floats:
    """Return the rows' vectors in float64, scaled to length one."""
    return statistics.unit(table.vectors[rows].astype(np.float64))


def _other_answers(own: Ints, right: Ints, pool: int, random: np.random.Generator) -> Ints:
    """Draw for every question an entry of the pool that is not right here, -1 where all are."""
    taken = np.concatenate([own[:, None], right], axis=1)
    drawn = np.full(len(own), -1, np.int64)
    distinct = np.sort(taken, axis=1)
    fresh = (np.diff(distinct, axis=1, prepend=-1) > 0) & (distinct >= 0)
    open_ = np.flatnonzero(fresh.sum(axis=1) < pool)
    while len(open_):
        drawn[open_] = random.integers(0, pool, len(open_))
        open_ = open_[(taken[open_] == drawn[open_][:, None]).any(axis=1)]
    return drawn
