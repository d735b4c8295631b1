"""The control with random pairs: the second pair is taken from another relation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from embarith.errors import OptionError
from embarith.questions.model import AnalogySet


def random_pairs(questions: AnalogySet, draw: int, seed: int) -> NDArray[np.int64]:
    """Draw for every question another one, of another relation, to take the second pair from.

    Question i then asks ``a[i] : b[i] :: c[j] : ?`` with the right answers of j, where j is drawn
    evenly from the questions of all other relations than i's.

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
        If all questions are of one relation.

    Examples
    --------
    >>> from embarith.questions import AnalogySet
    >>> two = AnalogySet("two", "", ("x", "y"), np.array([0, 1]), ("a", "e"), ("b", "f"),
    ...                  ("c", "g"), (("d",), ("h",)))
    >>> random_pairs(two, draw=0, seed=0).tolist()
    [1, 0]
    """
    n = len(questions)
    counts = np.bincount(questions.relation, minlength=len(questions.relations))
    if counts.max(initial=0) == n:
        raise OptionError(f"{questions.name}: random pairs need questions of two relations or more")
    # In the list sorted by relation, the own relation is one block to be stepped over.
    by_relation = np.argsort(questions.relation, kind="stable")
    size = counts[questions.relation]
    start = (np.cumsum(counts) - counts)[questions.relation]
    generator = np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, draw])))
    place = generator.integers(0, n - size)
    drawn: NDArray[np.int64] = by_relation[place + size * (place >= start)]
    return drawn
