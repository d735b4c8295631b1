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

# Cosines closer than this are one: no order of a float64 sum separates them.
_EQUAL = 1e-12


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
    chosen: NDArray[np.float64] = vectors[int(medoid(unit @ unit.T))]
    return chosen


def medoid(cosines: NDArray[np.float64]) -> NDArray[np.int64]:
    """Find the photograph whose cosines to the others have the largest sum, the first of equals.

    Parameters
    ----------
    cosines : ndarray of float64, shape (..., n, n)
        Of every photograph with every other; several sets at once, of n photographs each.

    Returns
    -------
    ndarray of int64, shape (...)

    Examples
    --------
    >>> medoid(np.array([[[1.0, 0.5, 0.0], [0.5, 1.0, 0.9], [0.0, 0.9, 1.0]]])).tolist()
    [1]
    """
    # With itself it is 1 for all alike, but for rounding, which must not decide between two.
    sums = (cosines * (1.0 - np.eye(cosines.shape[-1]))).sum(axis=-1)
    # Nor must the order of a sum.
    first: NDArray[np.int64] = np.argmax(
        sums >= sums.max(axis=-1, keepdims=True) - _EQUAL * cosines.shape[-1], axis=-1
    )
    return first


def _mean(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    mean: NDArray[np.float64] = vectors.mean(axis=0)
    return mean
