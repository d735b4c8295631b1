"""The control with random pairs: the second pair is taken from another relation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from embarith.draws import generator
from embarith.errors import OptionError
from embarith.questions.model import AnalogySet


def random_pairs(questions: AnalogySet, draw: int, seed: int) -> NDArray[np.int64]:
    """Draw for every question another one, of another relation, to take the second pair from.

    Question i then asks ``a[i] : b[i] :: c[j] : ?`` with the right answers of j, where j is drawn
    evenly from all questions whose relation has no pair in common with the relation of i, nor with
    any that a:b is a pair of. Sharing a pair counts because published relations overlap: all
    of Google's capital-common-countries are in capital-world, too.

    Parameters
    ----------
    questions : AnalogySet
        Of two relations at least.
    draw : int
        Number of the draw from 0; draws do not depend on one another's order.
    seed : int
        Seed of all draws.

    Returns
    -------
    ndarray of int64, shape (n,)
        Question numbers j.

    Raises
    ------
    OptionError
        If all questions share one first pair, whose relation to any second pair is what they ask,
        or a relation has pairs in common with all others.

    Examples
    --------
    >>> from embarith.questions import AnalogySet
    >>> two = AnalogySet("two", "", ("x", "y"), np.array([0, 1]), ("a", "e"), ("b", "f"),
    ...                  ("c", "g"), (("d",), ("h",)))
    >>> random_pairs(two, draw=0, seed=0).tolist()
    [1, 0]
    """
    if (questions.first_pair == questions.first_pair[0]).all():
        raise OptionError(
            "all questions share one first pair, and another second pair makes another of them"
        )
    barred, kind = _barred(questions)
    others = [np.flatnonzero(~of_kind[questions.relation]) for of_kind in barred]
    counts = np.array([len(numbers) for numbers in others])
    if not counts.all():
        name = questions.relations[questions.relation[np.argmin(counts[kind])]]
        raise OptionError(f"no relation is without a pair in common with {name!r}")
    place = generator(seed, "random pairs", draw).integers(0, counts[kind])
    drawn = np.empty(len(questions), np.int64)
    for number, numbers in enumerate(others):
        mine = kind == number
        drawn[mine] = numbers[place[mine]]
    return drawn


def _barred(questions: AnalogySet) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Return sets of relations not to draw from, shape (m, relations), and each question's set."""
    count = 1 + int(max(questions.first_pair.max(), questions.second_pair.max()))
    known = questions.first_relation >= 0
    holds = np.zeros((len(questions.relations), count), np.float32)
    holds[questions.relation, questions.second_pair] = 1.0
    holds[questions.first_relation[known], questions.first_pair[known]] = 1.0
    overlap = holds @ holds.T + np.eye(len(holds), dtype=np.float32)
    keys, key = np.unique(questions.relation * count + questions.first_pair, return_inverse=True)
    relation, first = np.divmod(keys, count)
    barred, kind = np.unique(
        overlap[relation] + (overlap @ holds).T[first] > 0, axis=0, return_inverse=True
    )
    return barred, kind.reshape(-1)[key.reshape(-1)]
