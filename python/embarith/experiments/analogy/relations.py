"""The rows of a report: one relation each."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from embarith import statistics
from embarith.draws import generator
from embarith.experiments.analogy import summary
from embarith.experiments.analogy.asked import Asked
from embarith.experiments.analogy.geometry import Geometry, unit_rows
from embarith.result import Parallelism, RelationRow
from embarith.table import EmbeddingTable

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Shuffled pairings a relation, as published, and pairs of a relation that they are made of at most.
_SHUFFLES = 50
_PAIRS = 500


def _mean_auc(found: Geometry, questions: Ints) -> float | None:
    shares = found.auc[questions]
    return None if np.isnan(shares).any() else float(shares.mean())


def rows(
    table: EmbeddingTable,
    asked: Asked,
    *,
    blocks: summary.Blocks,
    permuted: statistics.PermutationNull,
    found: Geometry | None,
    seed: int,
) -> tuple[RelationRow, ...]:
    """Return the figures of every relation, those without an answerable question among them.

    Parameters
    ----------
    table : EmbeddingTable
        The candidates.
    asked : Asked
    blocks : Blocks
        Credits of the method and of c alone, as ``main`` and ``only-c``.
    permuted : PermutationNull
    found : Geometry or None
    seed : int
    """
    questions = asked.questions
    count = len(questions.relations)
    every = np.bincount(questions.relation, minlength=count)
    answered = np.bincount(asked.relation, minlength=count)
    pairs = relation_pairs(asked)
    nulls = [summary.null(permuted, answered, r) if answered[r] else None for r in range(count)]
    found_rows = []
    for r, (null, p) in enumerate(zip(nulls, summary.holm(nulls), strict=True)):
        mine = np.flatnonzero(asked.relation == r)
        known = found if len(mine) else None
        found_rows.append(
            RelationRow(
                name=questions.relations[r],
                category=questions.categories[r] if questions.categories else "",
                asked=int(every[r]),
                answered=len(mine),
                pairs=len(pairs[r][0]) if r in pairs else 0,
                scores=blocks.of_relation("main", r) if len(mine) else None,
                only_c=blocks.of_relation("only-c", r)
                if len(mine) and "only-c" in blocks.values
                else None,
                null=null,
                p_holm=p,
                angle_mean=float(known.angle_unit[mine].mean()) if known else None,
                angle_only_c_mean=float(known.angle_only_c[mine].mean()) if known else None,
                rho_mean=float(known.rho_unit[mine].mean()) if known else None,
                rho_only_c_mean=float(known.rho_only_c[mine].mean()) if known else None,
                auc=_mean_auc(known, mine) if known else None,
                helps=float(known.helps[mine].mean()) if known else None,
                parallelism=parallelism(table, *pairs[r], seed) if r in pairs else None,
            )
        )
    return tuple(found_rows)


def relation_pairs(asked: Asked) -> dict[int, tuple[Ints, Ints]]:
    """Return first and second words' rows of every relation's distinct pairs."""
    pairs = np.stack([asked.relation, asked.c, asked.d], axis=1)
    if not asked.by_pair:
        home = asked.questions.first_relation[asked.numbers]
        first = np.stack([home, asked.a, asked.b], axis=1)
        pairs = np.concatenate([pairs, first[home >= 0]])
    pairs = np.unique(pairs, axis=0)
    return {
        int(relation): (pairs[mine, 1], pairs[mine, 2])
        for relation in np.unique(pairs[:, 0])
        for mine in [pairs[:, 0] == relation]
    }


def parallelism(table: EmbeddingTable, starts: Ints, ends: Ints, seed: int) -> Parallelism | None:
    """Return how parallel these pairs' unit offsets are.

    None for fewer than four, and where most have one end, so that no shuffled pairing differs.
    """
    if len(starts) < 4:
        return None
    random = generator(seed, "shuffled pairings")
    if len(starts) > _PAIRS:
        keep = np.sort(random.choice(len(starts), _PAIRS, replace=False))
        starts, ends = starts[keep], ends[keep]
    found = statistics.parallelism(
        unit_rows(table, starts), unit_rows(table, ends), _SHUFFLES, random
    )
    return None if found is None else Parallelism(*found)
