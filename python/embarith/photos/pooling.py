"""One vector a word, out of the vectors of its photographs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from embarith.errors import OptionError, TableError
from embarith.table import EmbeddingTable

Pool = Literal["mean", "mean-unit", "medoid"]
POOLS: tuple[Pool, ...] = get_args(Pool)


def pool(
    photographs: EmbeddingTable,
    words: Mapping[str, Sequence[str]],
    method: Pool = "mean",
    *,
    least: int = 1,
) -> EmbeddingTable:
    """Pool the vectors of every word's photographs.

    Parameters
    ----------
    photographs : EmbeddingTable
        Labels are the names of images.
    words : mapping of str to sequence of str
        The images of every word. Images that the table lacks, because they could not be decoded,
        are passed over.
    method : {"mean", "mean-unit", "medoid"}
        Mean of the vectors as they are; mean of the vectors at unit length; the photograph whose
        cosines to the others have the largest sum, the first of equals.
    least : int
        Words with fewer photographs in the table are left out.

    Returns
    -------
    EmbeddingTable
        One row a word, in the order of `words`; computed in float64.

    Raises
    ------
    OptionError
        An unknown method, or no word with as many photographs.
    TableError
        A word whose vectors cancel out.

    Examples
    --------
    >>> vectors = np.array([[1, 0], [0, 2]], dtype=np.float32)
    >>> photographs = EmbeddingTable.from_arrays(["a.jpg", "b.jpg"], vectors)
    >>> pool(photographs, {"dog": ["a.jpg", "b.jpg"]})["dog"]
    array([0.5, 1. ], dtype=float32)
    """
    if method not in POOLS:
        raise OptionError(f"pool {method!r}; there are {', '.join(POOLS)}")
    labels, vectors, counts = [], [], []
    for word, images in words.items():
        rows = photographs.rows(list(images))
        rows = rows[rows >= 0]
        if len(rows) < max(least, 1):
            continue
        pooled = _pooled(photographs.vectors[rows].astype(np.float64), method)
        if not pooled.any():
            raise TableError(f"the photographs of {word!r} cancel out: no direction is left")
        labels.append(word)
        vectors.append(pooled.astype(np.float32))
        counts.append(len(rows))
    if not labels:
        raise OptionError(
            f"no word has {least} photographs in the table of {len(photographs)} rows"
        )
    span = f"{min(counts)}" if min(counts) == max(counts) else f"{min(counts)} to {max(counts)}"
    noun = "photograph" if max(counts) == 1 else "photographs"
    step = f"pooled {len(labels)} of {len(words)} words"
    return EmbeddingTable.from_arrays(
        labels,
        np.stack(vectors),
        provenance=photographs.provenance.then(
            step, pooling=f"{method} of {span} {noun} a word", normalized=False
        ),
    )


def _pooled(vectors: NDArray[np.float64], method: Pool) -> NDArray[np.float64]:
    if method == "mean":
        return _mean(vectors)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    if method == "mean-unit":
        return _mean(unit)
    cosines = unit @ unit.T
    # With itself it is 1 for all alike, but for rounding, which must not decide between two.
    np.fill_diagonal(cosines, 0.0)
    middle: NDArray[np.float64] = vectors[int(np.argmax(cosines.sum(axis=1)))]
    return middle


def _mean(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    mean: NDArray[np.float64] = vectors.mean(axis=0)
    return mean
