"""Texts as bags of words: the mean of the vectors of their words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from embarith.draws import generator
from embarith.errors import OptionError
from embarith.provenance import Provenance
from embarith.table import EmbeddingTable

WORD = re.compile(r"[^\W_]+(?:['_][^\W_]+)*")
"""A run of letters and digits, with apostrophes and underscores inside."""


def bag(
    words: EmbeddingTable,
    texts: Sequence[str],
    *,
    random: int | None = None,
    seed: int = 0,
) -> EmbeddingTable:
    """Make the vector of every text as the mean of its words' vectors, in float64.

    A word is looked up as it stands, then lower-cased. A word without a vector counts for nothing;
    the provenance tells how many there were.

    Parameters
    ----------
    words : EmbeddingTable
    texts : sequence of str
        Repeats are taken once.
    random : int, optional
        The control: as many random dimensions instead of the words' vectors, Gaussian, drawn by
        seed and word alone. Which words have one is still up to `words`.
    seed : int
        Of these.

    Returns
    -------
    EmbeddingTable
        Labels are the texts.

    Raises
    ------
    OptionError
        A text none of whose words has a vector, or fewer than one random dimension.
    TableError
        A text whose words cancel out.

    Examples
    --------
    >>> vectors = np.array([[1, 0], [0, 2]], dtype=np.float32)
    >>> table = bag(EmbeddingTable.from_arrays(["dog", "runs"], vectors), ["A dog runs."])
    >>> table["A dog runs."], table.provenance.steps[-1]
    (array([0.5, 1. ], dtype=float32), '1 of 3 words (1 different) without a vector, left out')
    """
    if random is not None and random < 1:
        raise OptionError(f"{random} random dimensions; at least 1")
    lost: Counter[str] = Counter()
    bags: dict[str, list[int]] = {}
    total = 0
    for text in dict.fromkeys(texts):
        found = WORD.findall(text)
        rows = words.rows(found)
        lowered = words.rows([word.lower() for word in found])
        rows = np.where(rows >= 0, rows, lowered)
        lost.update(word.lower() for word, row in zip(found, rows.tolist(), strict=True) if row < 0)
        total += len(found)
        bags[text] = rows[rows >= 0].tolist()
        if not bags[text]:
            raise OptionError(
                f"{words.provenance.encoder} has a vector of no word of {text!r}; leave it out, or "
                "take a table that has one"
            )
    rows = np.array(sorted({row for some in bags.values() for row in some}))
    words.check_rows(rows)
    place = {row: number for number, row in enumerate(rows.tolist())}
    if random is None:
        vectors = words.vectors[rows].astype(np.float64)
    else:
        vectors = np.stack(
            [
                generator(seed, "word", words.labels[row].as_py()).standard_normal(random)
                for row in rows.tolist()
            ]
        )
    means = [vectors[[place[row] for row in some]].mean(axis=0) for some in bags.values()]
    step = (
        f"{lost.total():,} of {total:,} words ({len(lost):,} different) without a vector, left out"
    )
    made = words.provenance.then(step, pooling="mean of word vectors", normalized=False)
    if random is not None:
        name = f"random word vectors of {random} dimensions (random weights {seed})"
        source = f"drawn for the words of {made.encoder}"
        made = Provenance(
            name, source, pooling=made.pooling, random_weights=seed, steps=made.steps[-1:]
        )
    return EmbeddingTable.from_arrays(list(bags), np.array(means, np.float32), provenance=made)
