"""Queries that a result shows with what was retrieved for them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from embarith.draws import generator
from embarith.experiments.simat.retrieval import Found
from embarith.experiments.simat.space import Space
from embarith.questions.simat import Simat
from embarith.questions.triples import FIELDS
from embarith.result import SimatExample

Bools = NDArray[np.bool_]

EACH = 8
"""Examples of every field and outcome."""


def draw_examples(
    space: Space,
    task: Simat,
    found: Found,
    picked: int,
    lam: float,
    right: Bools,
    mask: Bools,
    seed: int,
) -> tuple[SimatExample, ...]:
    """Return up to `EACH` queries of every field and outcome, drawn among those of a mask.

    Parameters
    ----------
    space : Space
    task : Simat
    found : Found
    picked : int
        Place of λ, `lam`, among those of `found`.
    lam : float
    right : ndarray of bool, shape (p, k)
        Which photograph is right for which caption.
    mask : ndarray of bool, shape (n,)
    seed : int
    """
    random = generator(seed, "examples")
    chosen: list[int] = []
    first = right[found.rows[:, picked, 0], task.caption]
    for field in range(len(FIELDS)):
        for outcome in (True, False):
            of = np.flatnonzero(mask & (task.field == field) & (first == outcome))
            chosen += sorted(random.permutation(of)[:EACH].tolist())
    made = []
    for i in chosen:
        rows = found.rows[i, picked]
        rows = rows[rows >= 0]
        step = space.words[space.number[task.target[i]]]
        step = step - space.words[space.number[task.value[i]]]
        length = np.linalg.norm(space.photographs[task.photograph[i]] + lam * step)
        made.append(
            SimatExample(
                image=task.images[task.photograph[i]],
                field=FIELDS[task.field[i]],
                value=task.value[i],
                target=task.target[i],
                caption=task.captions[task.caption[i]],
                retrieved=tuple(task.images[row] for row in rows),
                scores=tuple((found.scores[i, picked, : len(rows)] / length).tolist()),
                right=tuple(right[rows, task.caption[i]].tolist()),
            )
        )
    return tuple(made)
