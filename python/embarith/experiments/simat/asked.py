"""Which queries of a set are asked, at which λ, and what a result says of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from embarith.errors import OptionError
from embarith.questions.simat import Simat
from embarith.result import QuestionsInfo, SimatSet, Split
from embarith.sweep import rising
from embarith.table import EmbeddingTable

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

SPLITS: tuple[Split, ...] = get_args(Split)
LAMS = tuple(round(0.2 * step, 1) for step in range(26))
"""λ of the sweep: 0 to 5 in steps of 0.2."""


def masks_of(task: Simat) -> dict[Split, Bools]:
    """Return which queries belong to each split, shape (n,)."""
    return {"dev": ~task.is_test, "test": task.is_test, "all": np.ones(len(task), bool)}


def missing_words(task: Simat, *texts: EmbeddingTable) -> list[set[str]]:
    """Return the words of every query that one of the tables lacks, length n."""
    absent = {
        word
        for table in texts
        for word, row in zip(task.words, table.rows(task.words).tolist(), strict=True)
        if row < 0
    }
    return [{*pair} & absent for pair in zip(task.value, task.target, strict=True)]


def asked_queries(
    texts: EmbeddingTable, task: Simat, lams: Sequence[float]
) -> tuple[Simat, Floats]:
    """Return the queries whose words have vectors, and the λ.

    Raises
    ------
    OptionError
        No dev query is left to pick λ on, or λ that do not rise.
    """
    lam = rising(lams)
    known = np.array([not words for words in missing_words(task, texts)])
    if not (known & ~task.is_test).any():
        raise OptionError(
            f"{texts.provenance.encoder} can be asked none of the dev queries of {task.name}: of "
            f"its {len(task.words):,} words it has "
            f"{np.count_nonzero(texts.rows(task.words) >= 0):,}"
        )
    return task.select(np.flatnonzero(known)), lam


def set_info(task: Simat) -> SimatSet:
    """Return what a result says of its set."""
    return SimatSet(
        photographs=len(task.images),
        captions=len(task.captions),
        words=len(task.words),
        dev=int((~task.is_test).sum()),
        test=int(task.is_test.sum()),
        split=task.split,
        stale=task.stale,
    )


def questions_info(task: Simat, asked: Simat) -> QuestionsInfo:
    """Return what a result says of the queries of a set, and of those of them that were asked."""
    return QuestionsInfo(
        name=task.name,
        source=task.source,
        sha256=task.sha256,
        asked=len(task),
        answered=len(asked),
        dropped=len(task) - len(asked),
        pairs=len(set(zip(task.value, task.target, task.field.tolist(), strict=True))),
    )
