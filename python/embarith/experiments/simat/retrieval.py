"""Searching: transformed photographs at every λ, and what needs no transformation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embarith import statistics
from embarith.experiments.simat.space import Space
from embarith.progress import Progress
from embarith.questions.simat import Simat, chance
from embarith.sweep import Sweep, sweep

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

KEPT = 5
"""Answers that are kept of every query, at every λ."""


@dataclass(frozen=True)
class Found:
    """Answers of every query at every λ, and what each is worth.

    Parameters
    ----------
    rows : ndarray of int64, shape (n, l, `KEPT`)
    scores : ndarray of float64, shape (n, l, `KEPT`)
        Dot products with x.
    success : ndarray of float64, shape (n, l)
        1 where the first answer is right; of answers that come first together the share.
    """

    rows: Ints
    scores: Floats
    success: Floats


def search(
    space: Space,
    task: Simat,
    lams: Floats,
    right: Bools,
    *,
    progress: Progress | None = None,
) -> Found:
    """Answer every query at every λ and say which answers are right.

    Parameters
    ----------
    space : Space
    task : Simat
    lams : ndarray of float64, shape (l,)
        Rising.
    right : ndarray of bool, shape (p, k)
        Which photograph is right for which caption.
    """
    value, target = (
        np.array([space.number[word] for word in side], np.int64)
        for side in (task.value, task.target)
    )
    done = sweep(
        space.photographs,
        space.photographs,
        space.words,
        point=task.photograph,
        value=value,
        target=target,
        own=task.photograph,
        lams=lams,
        k=min(KEPT, len(task.images) - 1),
        progress=progress and (lambda at, total: progress("queries", at, total)),
    )
    return Found(done.rows, done.scores, _success(done, task, right))


def without_transformation(space: Space, task: Simat, right: Bools) -> dict[str, Floats]:
    """Return the success of what the transformation is to be compared with."""
    target = np.array([space.number[word] for word in task.target], np.int64)
    points = {
        "unchanged": (space.photographs, task.photograph),
        "text_alone": (space.words, target),
    }
    if space.captions is not None:
        points["target_caption"] = (space.captions, task.caption)
    still = np.zeros(len(task), np.int64)
    found = {"random": chance(task, right)}
    for name, (vectors, point) in points.items():
        done = sweep(
            space.photographs,
            vectors,
            space.words[:1],
            point=point,
            value=still,
            target=still,
            own=task.photograph,
            lams=np.zeros(1),
        )
        found[name] = _success(done, task, right)[:, 0]
    found["ceiling"] = (found["random"] > 0).astype(np.float64)
    return found


def _success(done: Sweep, task: Simat, right: Bools) -> Floats:
    success = right[done.rows[:, :, 0], task.caption[:, None]].astype(np.float64)
    for query, at, rows in done.tied:
        success[query, at] = right[rows, task.caption[query]].mean()
    return success


def pick(success: Floats, task: Simat, dev: Bools) -> int:
    """Return the place of the λ with the highest score on dev, the lowest of equals.

    Several λ need dev queries.
    """
    if success.shape[1] == 1:
        return 0
    scores = np.average(success[dev], axis=0, weights=task.weights[dev])
    return int(np.flatnonzero(scores >= scores.max() - statistics.EQUAL)[0])
